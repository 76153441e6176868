// The machine's limits, measured: what benchmarks and the demo hold results against.
#pragma once
#include <cstdint>

#include "layout/dtype.hpp"

namespace einblas {

// FLOP/s of independent fused multiply-adds on `threads` threads, best of several runs.
double measure_peak(DType dtype, int threads) noexcept;

enum class Traffic : int32_t { Read = 0, Fill = 1, FillStream = 2, Copy = 3 };
// Bytes/s over a working set of `bytes` in all, best of several runs; 0 when memory is short.
double measure_bandwidth(Traffic what, int64_t bytes, int threads) noexcept;

}  // namespace einblas
