// Front door: the extern "C" surface of the block-sparse products.
#include "sparse/block.hpp"

#include "api/boundary.hpp"

using namespace einblas;

namespace {

bool valid(int64_t pattern, int32_t dtype, int64_t size0, int64_t size1, const int64_t* strides) {
  return pattern != 0 && is_multiplied_code(dtype) && size0 >= 0 && size1 >= 0 && strides != nullptr;
}

}  // namespace

extern "C" {

int32_t einblas_pattern_create(int64_t batch, int64_t x_window, int64_t y_window, int64_t x_blocks, int64_t y_blocks,
                               const int64_t* x, const int64_t* y, int32_t invariant, int64_t* pattern) {
  if (!fits_index(batch) || !fits_index(x_window) || !fits_index(y_window) || !fits_index(x_blocks) ||
      !fits_index(y_blocks) || pattern == nullptr || !fits_index(batch * x_window) || !fits_index(batch * y_window))
    return EINBLAS_INVALID_ARGUMENT;
  *pattern = 0;
  return guard_initialised([&] {
    auto made = Pattern::of({batch, x_window, y_window, x_blocks, y_blocks}, x, y, invariant != 0);
    if (made == nullptr) return EINBLAS_INVALID_ARGUMENT;
    *pattern = handle_of(std::move(made));
    return EINBLAS_OK;
  });
}

void einblas_pattern_destroy(int64_t pattern) { delete at<const Pattern>(pattern); }

int32_t einblas_block_gemv(int64_t pattern, int32_t dtype, int32_t conjugated, int32_t transposed, int64_t source_size,
                           int64_t target_size, int64_t h, int64_t w, int64_t o, int64_t bias, const int64_t* strides,
                           double alpha, double beta, int32_t threads) {
  if (!valid(pattern, dtype, source_size, target_size, strides)) return EINBLAS_INVALID_ARGUMENT;
  const BlockGemv call{static_cast<DType>(dtype),
                       transposed != 0,
                       source_size,
                       target_size,
                       strided(h, strides, 3),
                       strided(w, strides + 3, 4),
                       strided(o, strides + 7, 3),
                       strided(bias, strides + 10, 2),
                       alpha,
                       beta,
                       threads_of(threads),
                       conjugates(conjugated),
                       (conjugated & 4) != 0};
  return block_gemv(*at<const Pattern>(pattern), call);
}

int32_t einblas_block_outer(int64_t pattern, int32_t dtype, int32_t conjugated, int64_t x_size, int64_t y_size,
                            int64_t x, int64_t y, int64_t o, const int64_t* strides, double alpha, int32_t threads) {
  if (!valid(pattern, dtype, x_size, y_size, strides)) return EINBLAS_INVALID_ARGUMENT;
  const BlockOuter call{static_cast<DType>(dtype),
                        x_size,
                        y_size,
                        strided(x, strides, 3),
                        strided(y, strides + 3, 3),
                        strided(o, strides + 6, 4),
                        alpha,
                        threads_of(threads),
                        conjugates(conjugated)};
  return block_outer(*at<const Pattern>(pattern), call);
}

}  // extern "C"
