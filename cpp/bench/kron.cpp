// Bench: chains of Kronecker factors beside the machine's limits.
//
// A case is ROWSxORDER^COUNT: X has so many rows and ORDER^COUNT columns and is multiplied from the right (X K), or,
// with a trailing t, is (ORDER^COUNT x ROWS) and multiplied from the left. Shares: of the FMA peak P, and of the bound,
// the longer of the time at P and of the time that reading X and writing the result once take where they lie.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "commands.hpp"
#include "einblas.h"
#include "measuring.hpp"
#include "options.hpp"

namespace einblas_bench {
namespace {

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

template <class T>
void run(const Case& c, int threads, const Common& common, Limits& limits, Figures& figures) {
  const int32_t dtype = code_of<T>();
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
    throw std::runtime_error("no plan for " + c.name());
  const auto once = [&] {
    if (einblas_kron_run(handle, x.address(), factors.data(), y.address(), 1, 0, threads) != EINBLAS_OK)
      throw std::runtime_error("memory is short");
  };
  const double ns = fastest({once}, common.samples > 0 ? common.samples : 30, common.seconds)[0];
  const double at_peak = c.flops() / limits.peak(dtype, threads) * 1e9;
  const double bound = std::max(at_peak, limits.seconds(bytes, bytes, threads) * 1e9);
  std::printf("%-12s %s %d  %10.1f us  %7.1f GFLOP/s  %5.1f %% of P  %5.1f %% of the bound (%s)  %s\n",
              c.name().c_str(), name_of(dtype), threads, ns / 1e3, c.flops() / ns, 100 * at_peak / ns, 100 * bound / ns,
              bound > at_peak ? "bytes" : "FMA", figures.add(c.name(), dtype, threads, "kron", {ns, 0}).c_str());
  if (common.verbose) std::printf("    %s\n", einblas_kron_description(handle));
  std::fflush(stdout);
  einblas_kron_destroy(handle);
}

}  // namespace

int bench_kron(int argc, char** argv) {
  Common o;
  o.parse(
      "usage: einblas_bench kron [options] [NAME-REGEX...]\n"
      "cases: ROWSxORDER^COUNT, from the right; with a t from the left\n",
      {}, argc, argv);
  if (!o.list) o.start();
  Limits limits;
  Figures figures(o);
  for (const Case& c : cases()) {
    if (o.list) std::printf("%s\n", c.name().c_str());
    if (o.list || !o.wanted(c.name())) continue;
    for (int type : o.dtypes)
      for (int threads : o.threads) visit(type, [&](auto of) { run<decltype(of)>(c, threads, o, limits, figures); });
  }
  figures.save();
  return 0;
}

}  // namespace einblas_bench
