// Layout: the element types, each once. Every place that depends on one is a `switch` without default here, or a
// template that visit calls: a new type is a list of compiler errors.
#pragma once
#include <cstdint>
#include <limits>

#include "einblas.h"
#include "layout/numbers.hpp"

namespace einblas {

// The codes of the C surface, which Java compares with its own when it loads the library (einblas_dtype_name).
enum class DType : int32_t {
  F32 = EINBLAS_F32,
  F64 = EINBLAS_F64,
  I32 = EINBLAS_I32,
  I64 = EINBLAS_I64,
  BF16 = EINBLAS_BF16,
  F16 = EINBLAS_F16,
  I8 = EINBLAS_I8,
  U8 = EINBLAS_U8,
  I16 = EINBLAS_I16,
  BOOL = EINBLAS_BOOL,
  C64 = EINBLAS_C64,
  C128 = EINBLAS_C128
};

// Stands for a type in the argument of a generic lambda: `[](auto of) { using T = typename decltype(of)::Type; .. }`.
template <class T, DType D>
struct Of {
  using Type = T;
  static constexpr DType dtype = D;
};

// f(Of<T, dtype>) for the type of the elements.
template <class F>
auto visit(DType dtype, const F& f) {
  switch (dtype) {
    case DType::F32:
      return f(Of<float, DType::F32>{});
    case DType::F64:
      return f(Of<double, DType::F64>{});
    case DType::I32:
      return f(Of<int32_t, DType::I32>{});
    case DType::I64:
      return f(Of<int64_t, DType::I64>{});
    case DType::BF16:
      return f(Of<Bf16, DType::BF16>{});
    case DType::F16:
      return f(Of<F16, DType::F16>{});
    case DType::I8:
      return f(Of<int8_t, DType::I8>{});
    case DType::U8:
      return f(Of<uint8_t, DType::U8>{});
    case DType::I16:
      return f(Of<int16_t, DType::I16>{});
    case DType::BOOL:
      return f(Of<Bool, DType::BOOL>{});
    case DType::C64:
      return f(Of<Complex<float>, DType::C64>{});
    case DType::C128:
      return f(Of<Complex<double>, DType::C128>{});
  }
  __builtin_unreachable();  // codes from outside pass is_dtype first
}

constexpr const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::F32:
      return "F32";
    case DType::F64:
      return "F64";
    case DType::I32:
      return "I32";
    case DType::I64:
      return "I64";
    case DType::BF16:
      return "BF16";
    case DType::F16:
      return "F16";
    case DType::I8:
      return "I8";
    case DType::U8:
      return "U8";
    case DType::I16:
      return "I16";
    case DType::BOOL:
      return "BOOL";
    case DType::C64:
      return "C64";
    case DType::C128:
      return "C128";
  }
  return nullptr;
}

// Whether a code from outside is one of ours.
constexpr bool is_dtype(int32_t code) { return name_of(static_cast<DType>(code)) != nullptr; }

inline int64_t size_of(DType dtype) {
  return visit(dtype, [](auto of) { return static_cast<int64_t>(sizeof(typename decltype(of)::Type)); });
}

// What the numbers of a type are; each kind goes into the next.
enum class Kind { Bool, Integer, Real, Complex };
constexpr Kind kind_of(DType dtype) {
  switch (dtype) {
    case DType::BOOL:
      return Kind::Bool;
    case DType::I8:
    case DType::U8:
    case DType::I16:
    case DType::I32:
    case DType::I64:
      return Kind::Integer;
    case DType::BF16:
    case DType::F16:
    case DType::F32:
    case DType::F64:
      return Kind::Real;
    case DType::C64:
    case DType::C128:
      return Kind::Complex;
  }
  return Kind::Real;
}
constexpr bool is_real(DType dtype) { return kind_of(dtype) == Kind::Real; }
constexpr bool is_integer(DType dtype) { return kind_of(dtype) == Kind::Integer; }
constexpr bool is_complex(DType dtype) { return kind_of(dtype) == Kind::Complex; }
// Real numbers that an element consists of.
constexpr int parts(DType dtype) { return is_complex(dtype) ? 2 : 1; }

// The type in which products of such elements are added up.
constexpr DType compute_of(DType dtype) {
  switch (dtype) {
    case DType::BF16:
    case DType::F16:
    case DType::BOOL:
      return DType::F32;
    case DType::I8:
    case DType::U8:
    case DType::I16:
      return DType::I32;
    case DType::F32:
    case DType::F64:
    case DType::I32:
    case DType::I64:
    case DType::C64:
    case DType::C128:
      return dtype;
  }
  return dtype;
}

// Whether every number of a type is one of another: what a product of several types may be added up in. 16-bit floats
// and integers of at most 16 bits are numbers of F32; I32 and I64 are taken as numbers of F64.
constexpr bool goes_into(DType from, DType to) {
  if (from == to || from == DType::BOOL) return true;
  const bool wide = to == DType::F64 || to == DType::C128;
  switch (from) {
    case DType::I8:
    case DType::U8:
    case DType::I16:
    case DType::BOOL:
      return compute_of(to) == to;
    case DType::I32:
      return wide || to == DType::I64;
    case DType::I64:
    case DType::F64:
    case DType::C64:
      return from == DType::C64 ? to == DType::C128 : wide;
    case DType::BF16:
    case DType::F16:
    case DType::F32:
      return wide || to == DType::C64 || to == DType::F32;
    case DType::C128:
      return false;
  }
  return false;
}

// Whether sums of one type may be rounded, or wrapped, into another: one of their kind that goes into it. Truth values
// are summed in F32.
constexpr bool rounds_into(DType sums, DType to) {
  if (to == DType::BOOL) return sums == DType::F32;
  return kind_of(sums) == kind_of(to) && goes_into(to, sums);
}

// The type of a complex number's parts; else the type itself.
constexpr DType real_of(DType dtype) {
  return dtype == DType::C64 ? DType::F32 : dtype == DType::C128 ? DType::F64 : dtype;
}

// Whether every operation computes in it, sparse and Kronecker products too.
constexpr bool is_float(DType dtype) { return dtype == DType::F32 || dtype == DType::F64; }

// The same for such a type. Assumes is_float.
template <class F>
auto visit_float(DType dtype, const F& f) {
  return dtype == DType::F32 ? f(Of<float, DType::F32>{}) : f(Of<double, DType::F64>{});
}

// Whether its numbers are real or complex: what sparse products take.
constexpr bool is_multiplied(DType dtype) { return is_real(dtype) || is_complex(dtype); }

// f(Of<T, dtype>) for such a type. Assumes is_multiplied.
template <class F>
auto visit_multiplied(DType dtype, const F& f) {
  switch (dtype) {
    case DType::F64:
      return f(Of<double, DType::F64>{});
    case DType::BF16:
      return f(Of<Bf16, DType::BF16>{});
    case DType::F16:
      return f(Of<F16, DType::F16>{});
    case DType::C64:
      return f(Of<Complex<float>, DType::C64>{});
    case DType::C128:
      return f(Of<Complex<double>, DType::C128>{});
    default:
      return f(Of<float, DType::F32>{});
  }
}

// Whether kernels of steps compute in it.
constexpr bool is_computed(DType dtype) { return is_float(dtype) || dtype == DType::I32 || dtype == DType::I64; }

// f(Of<T, dtype>) for such a type; integers are unsigned there, as sums that wrap are. Assumes is_computed.
template <class F>
auto visit_computed(DType dtype, const F& f) {
  if (is_float(dtype)) return visit_float(dtype, f);
  return dtype == DType::I32 ? f(Of<uint32_t, DType::I32>{}) : f(Of<uint64_t, DType::I64>{});
}

// Binary digits of a number: how long sums may grow before they are added up in parts.
inline int digits_of(DType dtype) {
  return visit(dtype, [](auto of) {
    using Limits = std::numeric_limits<typename decltype(of)::Type>;
    if constexpr (!Limits::is_specialized) return 0;  // no sum is added up in it
    return Limits::digits;
  });
}
constexpr int kSingleDigits = std::numeric_limits<float>::digits;

}  // namespace einblas
