// The body of every isa/<isa>_maps.cpp: kernels/map.inl, compiled into that ISA's namespace, and the table of them.
// Apart from isa/table.inl, so that each takes half of the time. Before: EINBLAS_ISA_MAPS (kAvx2Maps), EINBLAS_VBYTES
// (from the build).
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
// clang-format off
#include "simd/vec.hpp"
#include "simd/math.hpp"
#include "kernels/map.inl"
// clang-format on

template <class T>
constexpr TypedMaps<T> typed_maps() {
  TypedMaps<T> t{};
  fill_maps<T>(t.map);
  t.line_most = line_extreme<T, false>;
  t.line_least = line_extreme<T, true>;
  if constexpr (!kWhole<T>) {
    t.line_exp_sum = line_exp_sum<T>;
    t.line_squares = line_squares<T>;
  }
  return t;
}
}  // namespace

extern const MapTable EINBLAS_ISA_MAPS;
const MapTable EINBLAS_ISA_MAPS = {typed_maps<float>(), typed_maps<double>(), typed_maps<uint32_t>(),
                                   typed_maps<uint64_t>()};
}  // namespace einblas
