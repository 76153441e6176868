// Front door: the extern "C" surface of the block-sparse products.
#include "sparse/block.hpp"

#include <limits>
#include <memory>
#include <new>

#include "einblas.h"
#include "runtime/memory.hpp"
#include "runtime/threads.hpp"

using namespace einblas;

namespace {

bool fits(int64_t v) { return v >= 0 && v <= std::numeric_limits<int32_t>::max(); }

bool within(const int64_t* index, int64_t count, int64_t blocks) {
  for (int64_t i = 0; i < count; ++i)
    if (index[i] < 0 || index[i] >= blocks) return false;
  return true;
}

const Pattern* pattern_of(int64_t handle) { return reinterpret_cast<const Pattern*>(handle); }

Strided strided(int64_t address, const int64_t* strides, int rank) {
  Strided s{reinterpret_cast<char*>(address), {0, 0, 0, 0}};
  for (int i = 0; i < rank; ++i) s.stride[i] = strides[i];
  return s;
}

bool valid(int64_t pattern, int32_t dtype, int64_t size0, int64_t size1, const int64_t* strides) {
  return pattern != 0 && (dtype == EINBLAS_F32 || dtype == EINBLAS_F64) && size0 >= 0 && size1 >= 0 &&
         strides != nullptr;
}

}  // namespace

extern "C" {

int32_t einblas_pattern_create(int64_t batch, int64_t x_window, int64_t y_window, int64_t x_blocks, int64_t y_blocks,
                               const int64_t* x, const int64_t* y, int32_t invariant, int64_t* pattern) {
  if (!fits(batch) || !fits(x_window) || !fits(y_window) || !fits(x_blocks) || !fits(y_blocks) || pattern == nullptr ||
      !fits(batch * x_window) || !fits(batch * y_window))
    return EINBLAS_INVALID_ARGUMENT;
  *pattern = 0;
  if (!within(x, batch * x_window, x_blocks) || !within(y, batch * y_window, y_blocks)) return EINBLAS_INVALID_ARGUMENT;
  const int32_t ready = einblas_init();
  if (ready != EINBLAS_OK) return ready;
  try {
    auto made =
        std::make_unique<Pattern>(PatternShape{batch, x_window, y_window, x_blocks, y_blocks}, x, y, invariant != 0);
    *pattern = reinterpret_cast<int64_t>(made.release());
    return EINBLAS_OK;
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (...) {
    return EINBLAS_INTERNAL;
  }
}

void einblas_pattern_destroy(int64_t pattern) { delete pattern_of(pattern); }

int32_t einblas_block_gemv(int64_t pattern, int32_t dtype, int32_t transposed, int64_t source_size, int64_t target_size,
                           int64_t h, int64_t w, int64_t o, int64_t bias, const int64_t* strides, double alpha,
                           double beta, int32_t threads) {
  if (!valid(pattern, dtype, source_size, target_size, strides)) return EINBLAS_INVALID_ARGUMENT;
  BlockGemv call{static_cast<DType>(dtype),
                 transposed != 0,
                 source_size,
                 target_size,
                 {},
                 {},
                 {},
                 {},
                 alpha,
                 beta,
                 threads > 0 ? threads : process_threads()};
  call.h = strided(h, strides, 3);
  call.w = strided(w, strides + 3, 4);
  call.o = strided(o, strides + 7, 3);
  call.bias = strided(bias, strides + 10, 2);
  return block_gemv(*pattern_of(pattern), call);
}

int32_t einblas_block_outer(int64_t pattern, int32_t dtype, int64_t x_size, int64_t y_size, int64_t x, int64_t y,
                            int64_t o, const int64_t* strides, double alpha, int32_t threads) {
  if (!valid(pattern, dtype, x_size, y_size, strides)) return EINBLAS_INVALID_ARGUMENT;
  BlockOuter call{
      static_cast<DType>(dtype), x_size, y_size, {}, {}, {}, alpha, threads > 0 ? threads : process_threads()};
  call.x = strided(x, strides, 3);
  call.y = strided(y, strides + 3, 3);
  call.o = strided(o, strides + 6, 4);
  return block_outer(*pattern_of(pattern), call);
}

}  // extern "C"
