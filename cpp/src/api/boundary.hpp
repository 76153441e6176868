// Front door: what all extern "C" functions share: how calls end, and what numbers from outside mean.
#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <new>

#include "einblas.h"
#include "layout/dtype.hpp"
#include "layout/strided.hpp"
#include "runtime/memory.hpp"
#include "runtime/openblas.hpp"
#include "runtime/threads.hpp"

namespace einblas {

// The status that f gives, or the one that stands for what it throws.
template <class F>
int32_t guard(const F& f) noexcept {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const NoOpenBlas&) {
    return EINBLAS_NO_OPENBLAS;
  } catch (...) {
    return EINBLAS_INTERNAL;
  }
}

// The same, once the library is initialised: for functions that need no handle of an earlier call.
template <class F>
int32_t guard_initialised(const F& f) noexcept {
  const int32_t ready = einblas_init();
  return ready != EINBLAS_OK ? ready : guard(f);
}

// An address from outside.
template <class T>
T* at(int64_t address) {
  return reinterpret_cast<T*>(address);
}

// Gives an object away as a handle; the destroy function takes it back.
template <class T>
int64_t handle_of(std::unique_ptr<T> made) {
  return reinterpret_cast<int64_t>(made.release());
}

inline Strided strided(int64_t address, const int64_t* strides, int rank) {
  Strided s{at<char>(address), {0, 0, 0, 0}};
  for (int i = 0; i < rank; ++i) s.stride[i] = strides[i];
  return s;
}

// Bits 0 and 1: the first and the second operand are conjugated.
inline Conjugated conjugates(int32_t bits) { return {(bits & 1) != 0, (bits & 2) != 0}; }

// A code of a type that every product computes in.
inline bool is_float_code(int32_t code) { return is_dtype(code) && is_float(static_cast<DType>(code)); }

// A code of a type that sparse products take.
inline bool is_multiplied_code(int32_t code) { return is_dtype(code) && is_multiplied(static_cast<DType>(code)); }

// A code of a type that kernels of steps compute in.
inline bool is_computed_code(int32_t code) { return is_dtype(code) && is_computed(static_cast<DType>(code)); }

// A dimension of what has 32-bit indices.
inline bool fits_index(int64_t v) { return v >= 0 && v <= std::numeric_limits<int32_t>::max(); }

// 0 and less: as many as the process may have.
inline int threads_of(int32_t threads) { return threads > 0 ? threads : process_threads(); }

}  // namespace einblas
