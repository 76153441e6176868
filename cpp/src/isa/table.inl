// The body of every isa/<isa>.cpp: all kernels, compiled into that ISA's namespace, and the table of them.
// Before: EINBLAS_ISA_NAME ("avx2"), EINBLAS_ISA_TABLE (kAvx2Table), EINBLAS_ISA_MAPS (kAvx2Maps), EINBLAS_VBYTES (from
// the build).
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#include "kernels/kernel_table.hpp"

namespace einblas {
namespace {
#include "simd/vec.hpp"
// clang-format off
#include "kernels/permute.inl"  // first: gemm_pack.inl and lanes.inl use its transposition in registers
#include "kernels/bsr.inl"
#include "kernels/convert.inl"
#include "kernels/gemm.inl"
#include "kernels/gemm_pack.inl"
#include "kernels/gemm_small.inl"
#include "kernels/gemm_tiny.inl"  // after gemm.inl and gemm_small.inl
#include "kernels/kron.inl"  // after gemm.inl and gemm_tiny.inl, whose tiles and shuffles it uses
#include "kernels/lanes.inl"
#include "kernels/machine.inl"
#include "kernels/product.inl"
#include "kernels/reduce_short.inl"
#include "kernels/reduce.inl"  // after reduce_short.inl
#include "kernels/reduce_columns.inl"  // after reduce_short.inl
#include "kernels/csr.inl"    // after reduce.inl: uses its sums of lanes
#include "kernels/csr_dots.inl"  // after csr.inl
#include "kernels/block.inl"  // after reduce.inl: uses its sums of lanes
// clang-format on

template <class T>
constexpr TypedKernels<T> typed_kernels() {
  TypedKernels<T> t{};
  t.fma_rounds = fma_rounds<T>;
  t.product_lines = product_lines<T>;
  t.reduce_dot = reduce_dot<T>;
  t.reduce_rows = reduce_rows<T>;
  t.reduce_dots = reduce_dots<T>;
  t.reduce_columns = reduce_columns<T>;
  t.reduce_picks = EINBLAS_PICKS;
  t.reduce_down = reduce_down<T>;
  t.reduce_items = reduce_items<T>;
  t.lanes_rows = EINBLAS_LANES_MR;
  t.lanes_columns = EINBLAS_LANES_NR;
  t.lanes_tile = lanes_any<T>;
  t.lanes_pack = lanes_pack<T>;
  t.lanes_pack_depth = lanes_pack_depth<T>;
  t.lanes_pack_rows = lanes_pack_rows<T>;
  t.lanes_pack_runs = lanes_pack_runs<T>;
  t.transpose_tile = transpose_tile<T>;
  t.transpose_rows = transpose_rows<T>;
  t.gather_line = gather_line<T>;
  t.repeat_rows = repeat_rows<T>;
  t.gemm_vectors = EINBLAS_GEMM_VECTORS;
  for (int v = 1; v <= EINBLAS_GEMM_VECTORS; ++v) t.gemm_rows[v] = gemm_most_rows(v);
  t.gemm_rows[4] = EINBLAS_GEMM_VECTORS > 2 ? gemm_most_rows(4) : 0;
  t.gemm_tile = gemm_tile_any<T>;
  t.gemm_tile_ahead = gemm_tile_ahead_any<T>;
  t.gemm_small = gemm_small<T>;
  t.small_batch = small_batch<T>();
  t.small_shares = EINBLAS_SHARES;
  t.gemm_batch = gemm_batch<T>;
#if EINBLAS_SHARES > 1
  t.gemm_look_up[1] = gemm_look_up<T, 1>;
  t.gemm_look_up[2] = gemm_look_up<T, 2>;
#endif
  t.gemm_tiny[0] = nullptr;
  t.gemm_tiny[1] = gemm_tiny_of<T, 2>();
  t.gemm_tiny[2] = gemm_tiny_of<T, 4>();
  t.gemm_tiny[3] = gemm_tiny_of<T, 8>();
  t.pack_runs = pack_runs<T>;
  t.pack_transposed = pack_transposed<T>;
  if constexpr (!kWhole<T>) {
    t.complex_lines = complex_lines<T>;
    t.complex_rows[FULL] = complex_rows<T, FULL>;
    t.complex_rows[TWICE] = complex_rows<T, TWICE>;
    t.complex_rows[SWAPPED] = complex_rows<T, SWAPPED>;
    t.kron_block = EINBLAS_KRON_MR;
    t.kron_lines = kron_lines<T>;
    t.kron_rows = kron_rows<T>;
    t.kron_tiny[0] = nullptr;
    t.kron_tiny[1] = kron_tiny_of<T, 2>();
    t.kron_tiny[2] = kron_tiny_of<T, 4>();
    t.kron_tiny[3] = kron_tiny_of<T, 8>();
    t.kron_short[0] = nullptr;
    t.kron_short[1] = kron_short_of<T, 2>();
    t.kron_short[2] = kron_short_of<T, 4>();
    t.kron_short[3] = kron_short_of<T, 8>();
    t.block_rows = block_rows<T, false>;
    t.block_rows_alike = block_rows<T, true>;
    t.block_dots = block_dots<T>;
    t.block_terms = block_terms<T>;
    t.block_terms_dots = block_terms_dots<T>;
    t.block_target = block_target<T>;
    t.csr_rows = csr_rows<T>;
    t.csr_dots = csr_dots<T>;
    t.csr_sampled = csr_sampled<T>;
    for (int v = 1; v <= 4; ++v) t.bsr_rows[v] = bsr_most_rows(v);
    t.bsr_tile = bsr_tile_any<T>;
    t.bsr_dots = bsr_dots<T>;
  }
  return t;
}
}  // namespace

extern const MapTable EINBLAS_ISA_MAPS;  // isa/maps.inl
extern const KernelTable EINBLAS_ISA_TABLE;
const KernelTable EINBLAS_ISA_TABLE = {
    EINBLAS_ISA_NAME,
    EINBLAS_VBYTES,
    typed_kernels<float>(),
    typed_kernels<double>(),
    typed_kernels<uint32_t>(),
    typed_kernels<uint64_t>(),
    probe_read,
    probe_fill,
    probe_stream,
    probe_copy,
    probe_copy_stream,
    bf16_to_f32,
    f32_to_bf16,
    f16_to_f32,
    f32_to_f16,
    convert_integers<int8_t, int32_t>,
    convert_integers<uint8_t, int32_t>,
    convert_integers<int16_t, int32_t>,
    convert_integers<int32_t, int8_t>,
    convert_integers<int32_t, int16_t>,
    half_lines<bf16_bits>,
    half_lines<f16_bits>,
    &EINBLAS_ISA_MAPS,
    nullptr,
    nullptr,
};
}  // namespace einblas
