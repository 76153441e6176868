// Measuring: the machine's limits on first use.
#include "measuring.hpp"

#include <chrono>

namespace einblas_bench {

double now_ns() {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double Limits::peak(int dtype, int threads) {
  double& p = peaks_[{dtype, threads}];
  if (p == 0) p = einblas_measure_peak(dtype, threads);
  return p;
}

double Limits::seconds(int64_t read, int64_t written, int threads) {
  const double total = static_cast<double>(read + written);
  if (static_cast<double>(written) > 0.9 * total)
    return total / std::max(rate(1, read + written, threads), rate(2, read + written, threads));
  if (static_cast<double>(written) < 0.1 * total) return total / rate(0, read + written, threads);
  return total / rate(3, read + written, threads);
}

double Limits::rate(int what, int64_t bytes, int threads) {
  // Levels: L1, L2, L3, DRAM, as seen by each thread; a size in the middle of each.
  const int64_t per_thread = bytes / threads;
  int64_t size = int64_t{400} << 20;
  if (per_thread <= 40 << 10) {
    size = int64_t{24} * 1024 * threads;
  } else if (per_thread <= 900 << 10) {
    size = int64_t{400} * 1024 * threads;
  } else if (bytes <= 24 << 20) {
    size = int64_t{12} << 20;
  }
  double& r = rates_[{what * 1000 + threads, size}];
  if (r == 0) r = einblas_measure_bandwidth(what, size, threads);
  return r;
}

}  // namespace einblas_bench
