// ISA object: what AVX512-BF16 adds to the table of avx512 (flags in CMakeLists.txt). Exports one symbol.
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "kernels/kernel_table.hpp"

namespace einblas {
namespace {
#include "simd/vec.hpp"

// sum += x.odd * b.odd, then sum += x.even * b.even, each one fused multiply-add of F32 to the nearest. Subnormal
// numbers and sums count as 0 and become 0, whatever the control register says.
EINBLAS_INLINE vf32 pair_step(vf32 sum, vf32 x, vf32 b) {
  return (vf32)_mm512_dpbf16_ps((__m512)sum, (__m512bh)x, (__m512bh)b);
}
#define EINBLAS_GEMM_STEP pair_step
// clang-format off
#include "kernels/gemm.inl"
#include "kernels/dots.inl"
// clang-format on
}  // namespace

extern const Bf16Dots kAvx512Bf16Dots;
const Bf16Dots kAvx512Bf16Dots = {gemm_tile_any<float>, dots_pairs<float>};
}  // namespace einblas
