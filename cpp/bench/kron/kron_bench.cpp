// Bench: chains of Kronecker factors beside the machine's limits.
//
// A case is ROWSxORDER^COUNT: X has so many rows and ORDER^COUNT columns and is multiplied from the right (X K), or,
// with a trailing t, is (ORDER^COUNT x ROWS) and multiplied from the left. Shares: of the FMA peak P, and of the bound,
// the longer of the time at P and of the time that reading X and writing the result once take where they lie.
#include <getopt.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <regex>
#include <string>
#include <vector>

#include "../measuring.hpp"

namespace {

using einblas_bench::Block;

const char* const kUsage =
    "usage: einblas_kron_bench [--threads N] [--samples N] [--dtype F32|F64] [--plan] [NAME-REGEX]...\n";

struct Case {
  int64_t rows, order, count;
  bool columns;  // K X
  std::string name() const {
    return std::to_string(rows) + "x" + std::to_string(order) + "^" + std::to_string(count) + (columns ? "t" : "");
  }
  int64_t elements() const {
    int64_t n = rows;
    for (int64_t i = 0; i < count; ++i) n *= order;
    return n;
  }
  double flops() const { return 2.0 * static_cast<double>(elements() * order * count); }
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (int64_t rows : {16, 256, 1024})
    for (int64_t count : {2, 3, 4, 6, 10})
      for (int64_t order : {2, 4, 8, 16, 32, 64, 128})
        for (bool columns : {false, true}) {
          const Case c{rows, order, count, columns};
          const double size =
              static_cast<double>(rows) * std::pow(static_cast<double>(order), static_cast<double>(count));
          const bool listed = order >= 8 ? count <= 6 : order == 4 ? count == 6 : count == 10;
          if (listed && size <= (1 << 26)) all.push_back(c);
        }
  return all;
}

template <class T>
void fill(const Block& block, int64_t n, uint32_t seed) {
  std::minstd_rand random(seed);
  T* at = reinterpret_cast<T*>(block.address());
  for (int64_t i = 0; i < n; ++i) at[i] = static_cast<T>(static_cast<double>(random() % 2001) / 1000 - 1);
}

// Seconds of the fastest sample, each of some 2 ms: neighbours on a shared machine only ever add.
template <class F>
double fastest(int samples, const F& once) {
  once();
  double t = einblas_bench::now_ns(), best = 1e99;
  once();
  const int64_t repeat = std::max<int64_t>(1, static_cast<int64_t>(2e6 / std::max(einblas_bench::now_ns() - t, 20.0)));
  for (int i = 0; i < samples; ++i) {
    t = einblas_bench::now_ns();
    for (int64_t r = 0; r < repeat; ++r) once();
    best = std::min(best, (einblas_bench::now_ns() - t) / static_cast<double>(repeat));
  }
  return best * 1e-9;
}

template <class T>
void run(const Case& c, int threads, int samples, bool plan, einblas_bench::Limits* limits) {
  const int32_t dtype = sizeof(T) == 4 ? EINBLAS_F32 : EINBLAS_F64;
  const int64_t n = c.elements(), bytes = n * static_cast<int64_t>(sizeof(T));
  const Block x(bytes), y(bytes), f(c.order * c.order * c.count * static_cast<int64_t>(sizeof(T)));
  fill<T>(x, n, 1);
  fill<T>(y, n, 2);
  fill<T>(f, c.order * c.order * c.count, 3);
  const std::vector<int64_t> outer = {c.rows, c.columns ? 1 : n / c.rows, c.columns ? 1 : n / c.rows};
  std::vector<int64_t> axes, factors;
  int64_t stride = c.columns ? n : n / c.rows;  // ends as the line's length, or 1
  for (int64_t i = 0; i < c.count; ++i) {
    stride /= c.order;
    for (int64_t v : {c.order, c.order, stride, stride, c.order, int64_t{1}}) axes.push_back(v);
    factors.push_back(f.address() + i * c.order * c.order * static_cast<int64_t>(sizeof(T)));
  }
  int64_t handle = 0;
  if (einblas_kron_create(dtype, 1, outer.data(), static_cast<int32_t>(c.count), axes.data(), &handle) != EINBLAS_OK)
    std::abort();
  const auto once = [&] {
    if (einblas_kron_run(handle, x.address(), factors.data(), y.address(), 1, 0, threads) != EINBLAS_OK) std::abort();
  };
  const double seconds = fastest(samples, once), peak = limits->peak(dtype, threads);
  const double bound = std::max(c.flops() / peak, limits->seconds(bytes, bytes, threads));
  std::printf("%-12s %s %d  %10.1f us  %7.1f GFLOP/s  %5.1f %% of P  %5.1f %% of the bound (%s)\n", c.name().c_str(),
              dtype == EINBLAS_F32 ? "F32" : "F64", threads, seconds * 1e6, c.flops() / seconds * 1e-9,
              100 * c.flops() / seconds / peak, 100 * bound / seconds, bound > c.flops() / peak ? "bytes" : "FMA");
  if (plan) std::printf("    %s\n", einblas_kron_description(handle));
  std::fflush(stdout);
  einblas_kron_destroy(handle);
}

}  // namespace

int main(int argc, char** argv) {
  const option options[] = {{"threads", required_argument, nullptr, 't'},
                            {"samples", required_argument, nullptr, 's'},
                            {"dtype", required_argument, nullptr, 'd'},
                            {"plan", no_argument, nullptr, 'p'},
                            {nullptr, 0, nullptr, 0}};
  int threads = 1, samples = 30;
  bool plan = false;
  std::string dtype;
  for (int o; (o = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
    if (o == 't') {
      threads = std::atoi(optarg);
    } else if (o == 's') {
      samples = std::atoi(optarg);
    } else if (o == 'd') {
      dtype = optarg;
    } else if (o == 'p') {
      plan = true;
    } else {
      std::fputs(kUsage, stderr);
      return 2;
    }
  }
  if (einblas_init() != EINBLAS_OK) return 1;
  einblas_bench::Limits limits;
  std::printf("P on %d threads: F32 %.1f, F64 %.1f GFLOP/s; copy in DRAM %.1f GB/s\n", threads,
              limits.peak(EINBLAS_F32, threads) * 1e-9, limits.peak(EINBLAS_F64, threads) * 1e-9,
              einblas_measure_bandwidth(3, int64_t{400} << 20, threads) * 1e-9);
  for (const Case& c : cases()) {
    bool chosen = optind == argc;
    for (int i = optind; i < argc; ++i) chosen = chosen || std::regex_search(c.name(), std::regex(argv[i]));
    if (!chosen) continue;
    if (dtype != "F64") run<float>(c, threads, samples, plan, &limits);
    if (dtype != "F32") run<double>(c, threads, samples, plan, &limits);
  }
  return 0;
}
