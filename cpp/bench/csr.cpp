// Bench: CSR products beside the machine's limits, the dense product and, where given, MKL's in the same process and on
// the same data.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "commands.hpp"
#include "einblas.h"
#include "measuring.hpp"
#include "mkl.hpp"
#include "options.hpp"

namespace einblas_bench {
namespace {

// Zeroed memory of the library's own allocator, as Java's tensors have.
template <class T>
struct Array {
  Block block;
  T* at;
  explicit Array(int64_t n) : block(n * static_cast<int64_t>(sizeof(T))), at(reinterpret_cast<T*>(block.address())) {
    if (at == nullptr) throw std::runtime_error("memory is short");
    std::memset(at, 0, static_cast<size_t>(n) * sizeof(T));
  }
  int64_t address() const { return block.address(); }
};

template <class T>
struct Csr {
  int64_t rows, columns, entries, longest;
  Array<int64_t> indptr;
  Array<int32_t> column;
  Array<T> value;
  Csr(int64_t r, int64_t c, int64_t n)
      : rows(r),
        columns(c),
        entries(n),
        longest(0),
        indptr(r + 1),
        column(n + EINBLAS_CSR_PADDING),
        value(n + EINBLAS_CSR_PADDING) {}
  std::vector<int64_t> arrays() const { return {indptr.address(), column.address(), value.address()}; }
};

struct Case {
  std::string name;
  int64_t rows, columns, n;
  std::vector<int64_t> row_entries;
  bool transposed, weights;  // weights: D is a transposed row-major matrix, as W in x W^T
  bool dense = false;        // the same product of the dense matrix is measured too
};

const double kDensities[] = {0.1, 0.3, 1.0, 3.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0};

std::string percent(double density) {
  char text[16];
  std::snprintf(text, sizeof text, "%g", density);
  return text;
}

std::vector<int64_t> binomial_rows(int64_t rows, int64_t columns, double density, std::mt19937_64& random) {
  std::binomial_distribution<int64_t> pick(columns, density / 100);
  std::vector<int64_t> n;
  for (int64_t r = 0; r < rows; ++r) n.push_back(density >= 100 ? columns : pick(random));
  return n;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  std::mt19937_64 random(20261121);
  all.push_back({"seed", 49980, 784, 30, binomial_rows(49980, 784, 20, random), false, true, true});
  for (double d : kDensities)
    all.push_back({"density_" + percent(d), 49980, 784, 30, binomial_rows(49980, 784, d, random), false, true, true});
  for (int64_t n : {1, 8, 32, 128})
    for (double d : kDensities)
      all.push_back({"square_" + percent(d) + "_" + std::to_string(n), 4096, 4096, n,
                     binomial_rows(4096, 4096, d, random), false, false, true});
  Case wide{"wide", 2000, 20000, 32, std::vector<int64_t>(2000, 1000), false, false, false};  // 5 %, D beyond L2
  all.push_back(wide);
  for (bool power : {false, true})
    for (bool transposed : {false, true})
      for (int64_t n : {1, 8, 64, 256}) {
        Case c{std::string(power ? "power_" : "uniform_") + std::to_string(n) + (transposed ? "_transposed" : ""),
               100000,
               100000,
               n,
               {},
               transposed,
               false,
               false};
        double sum = 0;
        std::vector<double> weight;
        std::uniform_real_distribution<double> uniform(0, 1);
        for (int64_t r = 0; r < c.rows; ++r) {
          // Pareto of exponent 1.2: the longest rows have tens of thousands of entries, most have a few.
          weight.push_back(power ? std::min(std::pow(1 - uniform(random), -1 / 1.2), 20000.0) : 1);
          sum += weight.back();
        }
        for (double w : weight)
          c.row_entries.push_back(static_cast<int64_t>(w * 20.0 * 100000 / sum + uniform(random)));
        all.push_back(c);
      }
  return all;
}

template <class T>
std::function<void()> mkl_run(const Mkl& mkl, const Csr<T>& a, std::vector<int32_t>& indptr, bool transposed, int64_t n,
                              const T* d, T* c, void** handle) {
  const bool single = code_of<T>() == EINBLAS_F32;
  const std::string p = single ? "mkl_sparse_s_" : "mkl_sparse_d_";
  indptr.assign(a.indptr.at, a.indptr.at + a.rows + 1);
  auto create = mkl.get<int (*)(void**, int, int, int, int*, int*, int*, T*)>(p + "create_csr");
  create(handle, 0, static_cast<int>(a.rows), static_cast<int>(a.columns), indptr.data(), indptr.data() + 1,
         a.column.at, a.value.at);
  const MklDescription general{20, 40, 50};
  const int op = transposed ? 11 : 10, columns = static_cast<int>(n);
  void* const h = *handle;
  if (n == 1) {
    mkl.get<int (*)(void*, int, MklDescription, int)>("mkl_sparse_set_mv_hint")(h, op, general, 100);
  } else {
    mkl.get<int (*)(void*, int, MklDescription, int, int, int)>("mkl_sparse_set_mm_hint")(h, op, general, 101, columns,
                                                                                          100);
  }
  mkl.get<int (*)(void*)>("mkl_sparse_optimize")(h);
  if (n == 1) {
    auto mv = mkl.get<int (*)(int, T, void*, MklDescription, const T*, T, T*)>(p + "mv");
    return [=] { mv(op, T{1}, h, general, d, T{0}, c); };
  }
  auto mm = mkl.get<int (*)(int, T, void*, MklDescription, int, const T*, int, int, T, T*, int)>(p + "mm");
  return [=] { mm(op, T{1}, h, general, 101, d, columns, columns, T{0}, c, columns); };
}

struct Options {
  Common common;
  std::string mkl;
  int turns() const { return common.samples > 0 ? common.samples : 5; }
  double seconds() const { return common.seconds > 0 ? common.seconds : 1; }
};

// The matrix of a case.
template <class T>
struct Filled {
  Csr<T> a;
  explicit Filled(const Case& c)
      : a(c.rows, c.columns, std::accumulate(c.row_entries.begin(), c.row_entries.end(), int64_t{0})) {
    std::mt19937_64 random(7);
    std::vector<int32_t> all(static_cast<size_t>(c.columns));
    std::iota(all.begin(), all.end(), 0);
    for (int64_t r = 0, at = 0; r < c.rows; ++r) {
      a.indptr.at[r] = at;
      const int64_t n = c.row_entries[static_cast<size_t>(r)];
      a.longest = std::max(a.longest, n);
      for (int64_t i = 0; i < n; ++i) {  // n different columns
        std::swap(all[static_cast<size_t>(i)],
                  all[static_cast<size_t>(i) + random() % static_cast<uint64_t>(c.columns - i)]);
        a.column.at[at + i] = all[static_cast<size_t>(i)];
        a.value.at[at + i] = static_cast<T>(random() % 1000) / 500 - 1;
      }
      std::sort(a.column.at + at, a.column.at + at + n);
      a.indptr.at[r + 1] = at += n;
    }
  }
};

template <class T>
void bench(const Case& c, const Options& o, int threads, const Mkl& mkl, Limits& limits, Figures& figures) {
  const Filled<T> filled(c);
  const Csr<T>& a = filled.a;
  const int64_t entries = a.entries;
  std::mt19937_64 random(7);
  const int64_t in = c.transposed ? c.rows : c.columns, out = c.transposed ? c.columns : c.rows;
  Array<T> d(in * c.n), row_major(in * c.n), result(out * c.n), other(out * c.n);
  for (int64_t k = 0; k < in; ++k)
    for (int64_t j = 0; j < c.n; ++j)
      row_major.at[k * c.n + j] = d.at[c.weights ? j * in + k : k * c.n + j] =
          static_cast<T>(random() % 1000) / 500 - 1;
  const int32_t dtype = code_of<T>();
  Csr<T> turned(c.transposed ? c.columns : 0, c.rows, c.transposed ? entries : 0);
  const Csr<T>* used = &a;
  if (c.transposed) {
    const int64_t sizes[] = {c.rows, c.columns, entries};
    einblas_csr_transpose(dtype, sizes, a.arrays().data(), turned.arrays().data());
    turned.longest = einblas_csr_longest(c.columns, turned.indptr.address());
    used = &turned;
  }
  const std::vector<int64_t> arrays = used->arrays();
  std::vector<std::function<void()>> runs{[&] {
    einblas_csr_multiply(dtype, 0, out, in, entries, used->longest, arrays[0], arrays[1], arrays[2], c.n, d.address(),
                         c.weights ? 1 : c.n, c.weights ? in : 1, result.address(), c.n, 1, 1, 0, threads);
  }};
  int64_t step = 0;
  Array<T> dense(c.dense ? c.rows * c.columns : 1);
  if (c.dense) {
    const int64_t sizes[] = {c.rows, c.columns, entries};
    einblas_csr_to_dense(dtype, sizes, arrays.data(), 0, dense.address());
    const int64_t lengths[] = {c.rows, c.n, c.columns};
    const int64_t strides[] = {c.columns, 0, 1, 0, c.weights ? in : 1, c.weights ? 1 : c.n, c.n, 1, 0};
    einblas_step_create(dtype, 2, 3, 2, lengths, strides, nullptr, &step);
    runs.push_back([&] { einblas_step_run(step, dense.address(), d.address(), 0, other.address(), 1, 0, threads); });
  }
  std::vector<int32_t> indptr;
  void* handle = nullptr;
  if (mkl.loaded()) runs.push_back(mkl_run<T>(mkl, a, indptr, c.transposed, c.n, row_major.at, other.at, &handle));
  for (auto& run : runs) run();
  double difference = 0;
  if (runs.size() > 1)
    for (int64_t i = 0; i < out * c.n; ++i)
      difference = std::max(difference, std::abs(static_cast<double>(result.at[i]) - static_cast<double>(other.at[i])));
  const std::vector<double> ns = fastest(runs, o.turns(), o.seconds());
  const double flops = 2.0 * static_cast<double>(entries) * static_cast<double>(c.n);
  const double bytes = static_cast<double>(entries) * (4 + sizeof(T)) + 8.0 * static_cast<double>(out + 1) +
                       static_cast<double>((in + out) * c.n) * sizeof(T);
  const double by_flops = flops / limits.peak(dtype, threads) * 1e9, by_bytes = limits.read_ns(bytes, threads);
  std::printf("%-24s %s %2d %9.3f ms %7.1f GFLOP/s %6.1f GB/s %4.0f %% of %s", c.name.c_str(), name_of(dtype), threads,
              ns[0] / 1e6, flops / ns[0], bytes / ns[0], 100 * std::max(by_flops, by_bytes) / ns[0],
              by_flops > by_bytes ? "P" : "B");
  if (c.dense) std::printf("   dense %8.3f ms (%.2fx)", ns[1] / 1e6, ns[1] / ns[0]);
  if (mkl.loaded()) std::printf("   MKL %8.3f ms (%.2fx)", ns.back() / 1e6, ns.back() / ns[0]);
  if (difference > (std::numeric_limits<T>::digits == 24 ? 1e-2 : 1e-10)) std::printf("   DIFFERS by %g", difference);
  std::printf("   %s\n", figures.add(c.name, dtype, threads, "csr", {ns[0], 0}).c_str());
  std::fflush(stdout);
  if (step != 0) einblas_step_destroy(step);
  if (handle != nullptr) mkl.get<int (*)(void*)>("mkl_sparse_destroy")(handle);
}

// Numbers of F32 in a type that they are converted to.
struct Converted {
  Block block;
  Converted(const Array<float>& from, int64_t n, int32_t dtype) : block(n * einblas_dtype_size(dtype)) {
    const int64_t lengths[] = {n}, strides[] = {1};
    if (block.address() == 0) throw std::runtime_error("memory is short");
    if (einblas_convert(EINBLAS_F32, dtype, 0, 1, lengths, from.address(), strides, block.address(), strides, 1) != -1)
      throw std::runtime_error("no conversion to " + std::string(name_of(dtype)));
  }
};

// 16-bit floats and complex numbers.
void bench_type(const Case& c, int32_t dtype, const Options& o, int threads, Limits& limits, Figures& figures) {
  const Filled<float> filled(c);
  const Csr<float>& a = filled.a;
  const int64_t in = c.transposed ? c.rows : c.columns, out = c.transposed ? c.columns : c.rows;
  Csr<float> turned(c.transposed ? c.columns : 0, c.rows, c.transposed ? a.entries : 0);
  const Csr<float>* used = &a;
  if (c.transposed) {
    const int64_t sizes[] = {c.rows, c.columns, a.entries};
    einblas_csr_transpose(EINBLAS_F32, sizes, a.arrays().data(), turned.arrays().data());
    turned.longest = einblas_csr_longest(c.columns, turned.indptr.address());
    used = &turned;
  }
  Array<float> numbers(std::max(in, out) * c.n);
  for (int64_t i = 0; i < in * c.n; ++i) numbers.at[i] = static_cast<float>(i % 17) / 8 - 1;
  const Converted values(used->value, a.entries + EINBLAS_CSR_PADDING, dtype), d(numbers, in * c.n, dtype),
      result(numbers, out * c.n, dtype);
  const std::vector<double> ns = fastest(
      {[&] {
        einblas_csr_multiply(dtype, 0, out, in, a.entries, used->longest, used->indptr.address(),
                             used->column.address(), values.block.address(), c.n, d.block.address(),
                             c.weights ? 1 : c.n, c.weights ? in : 1, result.block.address(), c.n, 1, 1, 0, threads);
      }},
      o.turns(), o.seconds());
  const double parts = dtype == EINBLAS_C64 || dtype == EINBLAS_C128 ? 2 : 1, size = einblas_dtype_size(dtype);
  const double flops = 2 * parts * parts * static_cast<double>(a.entries) * static_cast<double>(c.n);
  const double bytes = static_cast<double>(a.entries) * (4 + size) + 8.0 * static_cast<double>(out + 1) +
                       static_cast<double>((in + out) * c.n) * size;
  const double by_flops = flops / limits.peak(peak_type(dtype), threads) * 1e9,
               by_bytes = limits.read_ns(bytes, threads);
  std::printf("%-24s %s %2d %9.3f ms %7.1f GFLOP/s %6.1f GB/s %4.0f %% of %s   %s\n", c.name.c_str(), name_of(dtype),
              threads, ns[0] / 1e6, flops / ns[0], bytes / ns[0], 100 * std::max(by_flops, by_bytes) / ns[0],
              by_flops > by_bytes ? "P" : "B", figures.add(c.name, dtype, threads, "csr", {ns[0], 0}).c_str());
  std::fflush(stdout);
}

// Making matrices from others: entries per second.
template <class T>
void bench_build(const Case& c, const Options& o) {
  const Filled<T> filled(c);
  const Csr<T>& a = filled.a;
  const int32_t dtype = code_of<T>();
  const int64_t sizes[] = {c.rows, c.columns, a.entries}, other[] = {c.rows, c.columns, a.entries, c.columns, c.rows};
  Csr<T> made(std::max(c.rows, c.columns), c.columns, a.entries);
  Array<int32_t> row(a.entries);
  for (int64_t r = 0; r < c.rows; ++r) std::fill(row.at + a.indptr.at[r], row.at + a.indptr.at[r + 1], r);
  const int64_t from[] = {row.address(), a.column.address(), a.value.address()};
  const std::vector<int64_t> arrays = a.arrays(), to = made.arrays();
  int64_t finding[4];
  const std::vector<std::function<void()>> runs{
      [&] { einblas_csr_transpose(dtype, sizes, arrays.data(), to.data()); },
      [&] { einblas_csr_from_coo(dtype, sizes, from, EINBLAS_I32, EINBLAS_I32, to.data(), finding); },
      [&] { einblas_csr_import(dtype, sizes, arrays.data(), EINBLAS_I64, EINBLAS_I32, to.data(), finding); },
      [&] { einblas_csr_reshape(other, arrays.data(), to.data()); }};
  for (auto& run : runs) run();
  const std::vector<double> ns = fastest(runs, o.turns(), o.seconds());
  std::printf("build_%-18s %s %lld entries: transposed %.2f ms, from triples %.2f, from arrays %.2f, reshaped %.2f\n",
              c.name.c_str(), name_of(dtype), static_cast<long long>(a.entries), ns[0] / 1e6, ns[1] / 1e6, ns[2] / 1e6,
              ns[3] / 1e6);
}

}  // namespace

int bench_csr(int argc, char** argv) {
  Options o;
  o.common.parse(
      "usage: einblas_bench csr [options] [NAME-REGEX...]\n"
      "cases: seed, wide, uniform_N, power_N (N columns), each also as .._transposed; density_D (percent), "
      "square_D_N;\n"
      "build_.. (transposing, triples, arrays, reshaping; on the process's threads)\n",
      {mkl_option(o.mkl)}, argc, argv);
  const std::vector<Case> all = cases();
  if (o.common.list) {
    for (const Case& c : all) std::printf("%s\nbuild_%s\n", c.name.c_str(), c.name.c_str());
    return 0;
  }
  o.common.start();
  const Mkl mkl(o.mkl);
  Limits limits;
  Figures figures(o.common);
  for (const Case& c : all) {
    if (!o.common.wanted(c.name)) {
      if (!o.common.wanted("build_" + c.name)) continue;
      for (int type : o.common.dtypes)
        if (is_real(type)) visit(type, [&](auto of) { bench_build<decltype(of)>(c, o); });
      continue;
    }
    for (int type : o.common.dtypes)
      for (int threads : o.common.threads) {
        if (!is_real(type)) {
          bench_type(c, type, o, threads, limits, figures);
          continue;
        }
        mkl.set_threads(threads);
        visit(type, [&](auto of) { bench<decltype(of)>(c, o, threads, mkl, limits, figures); });
      }
  }
  figures.save();
  return 0;
}

}  // namespace einblas_bench
