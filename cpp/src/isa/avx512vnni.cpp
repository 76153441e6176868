// ISA object: what AVX512-VNNI adds to the table of avx512 (flags in CMakeLists.txt). Exports one symbol.
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "kernels/kernel_table.hpp"

namespace einblas {
namespace {
#include "simd/vec.hpp"

// Sums of 32 bits wrap; the products of a group are exact.
namespace words {
EINBLAS_INLINE vu32 step(vu32 sum, vu32 x, vu32 b) {
  return (vu32)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)x, (__m512i)b);
}
#define EINBLAS_GEMM_STEP step
#include "kernels/gemm.inl"
#undef EINBLAS_GEMM_STEP
}  // namespace words

namespace bytes {
EINBLAS_INLINE vu32 step(vu32 sum, vu32 x, vu32 b) {
  return (vu32)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)x, (__m512i)b);
}
#define EINBLAS_GEMM_STEP step
#include "kernels/dots.inl"
#include "kernels/gemm.inl"
}  // namespace bytes
}  // namespace

extern const IntegerDots kAvx512VnniDots;
const IntegerDots kAvx512VnniDots = {{words::gemm_tile_any<uint32_t>, bytes::dots_pairs<uint32_t>},
                                     {bytes::gemm_tile_any<uint32_t>, bytes::dots_fours}};
}  // namespace einblas
