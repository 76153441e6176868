// The machine's limits: times the probe kernels of the chosen ISA.
#include "runtime/machine.hpp"

#include <chrono>
#include <type_traits>

#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/threads.hpp"

namespace einblas {
namespace {

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

constexpr double kBudget = 0.25;  // seconds of measuring: long enough for the clock to settle

// Calls f() until the budget is spent, at least 3 times; the shortest time.
template <class F>
double best_time(const F& f) {
  double best = 1e300;
  const double start = seconds();
  for (int i = 0; i < 3 || seconds() - start < kBudget; ++i) {
    const double t = seconds();
    f();
    const double took = seconds() - t;
    if (took < best) best = took;
  }
  return best;
}

template <class T>
double peak(int threads) {
  const auto& kernels = kernel_table().typed<T>();
  constexpr int64_t kRounds = 20000;  // about 1 ms
  struct alignas(64) Sink {
    T v[64 / sizeof(T)];
  };
  Sink probe{};
  const int64_t flops = kernels.fma_rounds(1, probe.v);
  const double t = best_time([&] {
    parallel_tasks(threads, threads, [&](int64_t, int) {
      Sink sink{};
      sink.v[0] = std::is_integral_v<T> ? T{3} : T{1} / 2;
      sink.v[1] = T{1};
      kernels.fma_rounds(kRounds, sink.v);
    });
  });
  return static_cast<double>(flops) * static_cast<double>(kRounds) * threads / t;
}

}  // namespace

double measure_peak(DType dtype, int threads) noexcept {
  return visit_computed(dtype, [&](auto of) { return peak<typename decltype(of)::Type>(threads); });
}

double measure_bandwidth(Traffic what, int64_t bytes, int threads) noexcept {
  const KernelTable& k = kernel_table();
  const int64_t parts = threads;
  const int64_t buffers = what == Traffic::Copy ? 2 : 1;
  const int64_t n = bytes / 8 / buffers / parts / 64 * 64;  // doubles per thread and buffer
  if (n <= 0) return 0;
  const int64_t block_bytes = n * parts * buffers * 8;
  double* block = static_cast<double*>(allocate(block_bytes));
  if (block == nullptr) return 0;
  const int64_t repeat = block_bytes < (8 << 20) ? (8 << 20) / block_bytes + 1 : 1;
  auto pass = [&](const auto& f) {
    parallel_tasks(parts, threads, [&](int64_t part, int) {
      double* at = block + part * n * buffers;
      for (int64_t r = 0; r < repeat; ++r) f(at);
    });
  };
  pass([&](double* at) { k.probe_fill(at, n * buffers, 1.0); });
  double best = 1e300;
  auto time = [&](const auto& f) {
    const double t = best_time([&] { pass(f); });
    if (t < best) best = t;
  };
  switch (what) {
    case Traffic::Read: {
      time([&](double* at) { *const_cast<volatile double*>(at) = k.probe_read(at, n); });
      break;
    }
    case Traffic::Fill:
      time([&](double* at) { k.probe_fill(at, n, 1.0); });
      break;
    case Traffic::FillStream:
      time([&](double* at) { k.probe_stream(at, n, 1.0); });
      break;
    case Traffic::Copy:
      time([&](double* at) { k.probe_copy(at, at + n, n); });
      time([&](double* at) { k.probe_copy_stream(at, at + n, n); });
      break;
  }
  release(block, block_bytes);
  return static_cast<double>(block_bytes) * static_cast<double>(repeat) / best;
}

}  // namespace einblas
