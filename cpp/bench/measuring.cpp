// Measuring: the machine's limits on first use; the clock of all benchmarks.
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

std::vector<double> fastest(const std::vector<std::function<void()>>& calls, int turns, double seconds) {
  constexpr double kTurn = 2e6;  // ns: short against the scheduler
  std::vector<double> best(calls.size(), 1e30);
  std::vector<int64_t> repeat;
  for (const auto& call : calls) {
    call();
    const double t = now_ns();
    call();
    repeat.push_back(std::max<int64_t>(1, static_cast<int64_t>(kTurn / std::max(now_ns() - t, 20.0))));
  }
  const double start = now_ns();
  for (int turn = 0; turn < turns || now_ns() - start < seconds * 1e9; ++turn)
    for (size_t i = 0; i < calls.size(); ++i) {
      const double t = now_ns();
      for (int64_t r = 0; r < repeat[i]; ++r) calls[i]();
      best[i] = std::min(best[i], (now_ns() - t) / static_cast<double>(repeat[i]));
    }
  return best;
}

}  // namespace einblas_bench
