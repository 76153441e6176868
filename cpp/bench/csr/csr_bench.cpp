// Bench: CSR products beside the machine's limits and, where given, MKL's in the same process and on the same data.
//
// A library of MKL is loaded by its path (--mkl), so that nothing here depends on it. Samples of both are interleaved.
#include <dlfcn.h>
#include <getopt.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <numeric>
#include <random>
#include <regex>
#include <string>
#include <vector>

#include "einblas.h"

namespace {

const char* const kUsage =
    "usage: einblas_csr_bench [--threads N] [--samples N] [--seconds S] [--mkl PATH/libmkl_rt.so] [NAME-REGEX]\n"
    "  cases: seed, wide, uniform_N, power_N (N columns), each also as _transposed; density_D (percent),\n"
    "  square_D_N; build_... (transposing, triples, reshaping)\n";

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// A block of the library's own allocator, as Java's tensors have.
template <class T>
struct Block {
  int64_t bytes;
  T* at;
  explicit Block(int64_t n)
      : bytes(n * static_cast<int64_t>(sizeof(T))), at(reinterpret_cast<T*>(einblas_alloc(bytes))) {
    if (at == nullptr) std::abort();
    std::memset(at, 0, static_cast<size_t>(bytes));
  }
  ~Block() { einblas_free(address(), bytes); }
  Block(const Block&) = delete;
  int64_t address() const { return reinterpret_cast<int64_t>(at); }
};

template <class T>
struct Csr {
  int64_t rows, columns, entries, longest;
  Block<int64_t> indptr;
  Block<int32_t> column;
  Block<T> value;
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

struct Description {
  int type, mode, diagonal;
};

struct Mkl {
  void* library = nullptr;
  template <class F>
  F get(const char* name) const {
    void* f = dlsym(library, name);
    if (f == nullptr) {
      std::fprintf(stderr, "no %s in MKL\n", name);
      std::exit(2);
    }
    F typed;
    std::memcpy(&typed, &f, sizeof f);
    return typed;
  }
};

template <class T>
std::function<void()> mkl_run(const Mkl& mkl, const Csr<T>& a, std::vector<int32_t>& indptr, bool transposed, int64_t n,
                              const T* d, T* c, void** handle) {
  const bool single = sizeof(T) == 4;
  const std::string p = single ? "mkl_sparse_s_" : "mkl_sparse_d_";
  indptr.assign(a.indptr.at, a.indptr.at + a.rows + 1);
  auto create = mkl.get<int (*)(void**, int, int, int, int*, int*, int*, T*)>((p + "create_csr").c_str());
  create(handle, 0, static_cast<int>(a.rows), static_cast<int>(a.columns), indptr.data(), indptr.data() + 1,
         a.column.at, a.value.at);
  const Description general{20, 40, 50};
  const int op = transposed ? 11 : 10, columns = static_cast<int>(n);
  void* const h = *handle;
  if (n == 1) {
    mkl.get<int (*)(void*, int, Description, int)>("mkl_sparse_set_mv_hint")(h, op, general, 100);
  } else {
    mkl.get<int (*)(void*, int, Description, int, int, int)>("mkl_sparse_set_mm_hint")(h, op, general, 101, columns,
                                                                                       100);
  }
  mkl.get<int (*)(void*)>("mkl_sparse_optimize")(h);
  if (n == 1) {
    auto mv = mkl.get<int (*)(int, T, void*, Description, const T*, T, T*)>((p + "mv").c_str());
    return [=] { mv(op, T{1}, h, general, d, T{0}, c); };
  }
  auto mm = mkl.get<int (*)(int, T, void*, Description, int, const T*, int, int, T, T*, int)>((p + "mm").c_str());
  return [=] { mm(op, T{1}, h, general, 101, d, columns, columns, T{0}, c, columns); };
}

struct Options {
  int threads = 2, samples = 5;
  double budget = 1;
  std::string mkl;
  std::regex name{""};
};

// Fastest run of each in turn, seconds, in at least `samples` turns and so many seconds: on a machine that others use
// too, a turn in which nobody else ran is what is waited for.
std::vector<double> measure(const std::vector<std::function<void()>>& runs, int samples, double budget) {
  std::vector<double> best(runs.size(), 1e9);
  const double start = now();
  for (int s = 0; s < samples || now() - start < budget; ++s)
    for (size_t i = 0; i < runs.size(); ++i)
      for (int warm = 0; warm < 3; ++warm) {
        const double from = now();
        runs[i]();
        best[i] = std::min(best[i], now() - from);
      }
  return best;
}

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
void bench(const Case& c, const Options& o, const Mkl& mkl, double peak, double bandwidth) {
  const Filled<T> filled(c);
  const Csr<T>& a = filled.a;
  const int64_t entries = a.entries;
  std::mt19937_64 random(7);
  const int64_t in = c.transposed ? c.rows : c.columns, out = c.transposed ? c.columns : c.rows;
  Block<T> d(in * c.n), row_major(in * c.n), result(out * c.n), other(out * c.n);
  for (int64_t k = 0; k < in; ++k)
    for (int64_t j = 0; j < c.n; ++j)
      row_major.at[k * c.n + j] = d.at[c.weights ? j * in + k : k * c.n + j] =
          static_cast<T>(random() % 1000) / 500 - 1;
  const int32_t dtype = sizeof(T) == 4 ? EINBLAS_F32 : EINBLAS_F64;
  Csr<T> turned(c.transposed ? c.columns : 0, c.rows, c.transposed ? entries : 0);
  const Csr<T>* used = &a;
  if (c.transposed) {
    const int64_t sizes[] = {c.rows, c.columns, entries};
    einblas_csr_transpose(dtype, sizes, a.arrays().data(), turned.arrays().data());
    turned.longest = einblas_csr_longest(c.columns, turned.indptr.address());
    used = &turned;
  }
  const std::vector<int64_t> arrays = used->arrays();
  const int64_t job[] = {out,       in,  entries,     used->longest,       arrays[0],          arrays[1],
                         arrays[2], c.n, d.address(), c.weights ? 1 : c.n, c.weights ? in : 1, result.address(),
                         c.n,       1};
  std::vector<std::function<void()>> runs{[&] { einblas_csr_multiply(dtype, job, 1, 0, o.threads); }};
  int64_t step = 0;
  Block<T> dense(c.dense ? c.rows * c.columns : 1);
  if (c.dense) {
    const int64_t sizes[] = {c.rows, c.columns, entries};
    einblas_csr_to_dense(dtype, sizes, arrays.data(), dense.address());
    const int64_t lengths[] = {c.rows, c.n, c.columns};
    const int64_t strides[] = {c.columns, 0, 1, 0, c.weights ? in : 1, c.weights ? 1 : c.n, c.n, 1, 0};
    einblas_step_create(dtype, 2, 3, 2, lengths, strides, nullptr, &step);
    runs.push_back([&] { einblas_step_run(step, dense.address(), d.address(), 0, other.address(), 1, 0, o.threads); });
  }
  std::vector<int32_t> indptr;
  void* handle = nullptr;
  if (mkl.library != nullptr)
    runs.push_back(mkl_run<T>(mkl, a, indptr, c.transposed, c.n, row_major.at, other.at, &handle));
  for (auto& run : runs) run();
  double difference = 0;
  if (runs.size() > 1)
    for (int64_t i = 0; i < out * c.n; ++i)
      difference = std::max(difference, std::abs(static_cast<double>(result.at[i]) - static_cast<double>(other.at[i])));
  const std::vector<double> seconds = measure(runs, o.samples, o.budget);
  const double flops = 2.0 * static_cast<double>(entries) * static_cast<double>(c.n);
  const double bytes = static_cast<double>(entries) * (4 + sizeof(T)) + 8.0 * static_cast<double>(out + 1) +
                       static_cast<double>((in + out) * c.n) * sizeof(T);
  const double bound = std::max(bytes / bandwidth, flops / peak);
  std::printf("%-24s %s %9.3f ms %7.1f GFLOP/s %6.1f GB/s %4.0f %% of %s", c.name.c_str(),
              sizeof(T) == 4 ? "F32" : "F64", seconds[0] * 1e3, flops / seconds[0] * 1e-9, bytes / seconds[0] * 1e-9,
              100 * bound / seconds[0], bound > bytes / bandwidth ? "P" : "B");
  if (c.dense) std::printf("   dense %8.3f ms (%.2fx)", seconds[1] * 1e3, seconds[1] / seconds[0]);
  if (mkl.library != nullptr) std::printf("   MKL %8.3f ms (%.2fx)", seconds.back() * 1e3, seconds.back() / seconds[0]);
  if (difference > (sizeof(T) == 4 ? 1e-2 : 1e-10)) std::printf("   DIFFERS by %g", difference);
  std::printf("\n");
  std::fflush(stdout);
  if (step != 0) einblas_step_destroy(step);
  if (handle != nullptr) mkl.get<int (*)(void*)>("mkl_sparse_destroy")(handle);
}

// Making matrices from others: entries per second.
template <class T>
void bench_build(const Case& c, const Options& o) {
  const Filled<T> filled(c);
  const Csr<T>& a = filled.a;
  const int32_t dtype = sizeof(T) == 4 ? EINBLAS_F32 : EINBLAS_F64;
  const int64_t sizes[] = {c.rows, c.columns, a.entries}, other[] = {c.rows, c.columns, a.entries, c.columns, c.rows};
  Csr<T> made(std::max(c.rows, c.columns), c.columns, a.entries);
  Block<int32_t> row(a.entries);
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
  const std::vector<double> seconds = measure(runs, o.samples, o.budget);
  std::printf("build_%-18s %s %lld entries: transposed %.2f ms, from triples %.2f, from arrays %.2f, reshaped %.2f\n",
              c.name.c_str(), sizeof(T) == 4 ? "F32" : "F64", static_cast<long long>(a.entries), seconds[0] * 1e3,
              seconds[1] * 1e3, seconds[2] * 1e3, seconds[3] * 1e3);
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  const option longs[] = {{"threads", required_argument, nullptr, 't'},
                          {"samples", required_argument, nullptr, 'n'},
                          {"mkl", required_argument, nullptr, 'm'},
                          {"seconds", required_argument, nullptr, 's'},
                          {nullptr, 0, nullptr, 0}};
  for (int c; (c = getopt_long(argc, argv, "t:n:m:s:", longs, nullptr)) != -1;) {
    if (c == 't') {
      o.threads = std::atoi(optarg);
    } else if (c == 'n') {
      o.samples = std::atoi(optarg);
    } else if (c == 's') {
      o.budget = std::atof(optarg);
    } else if (c == 'm') {
      o.mkl = optarg;
    } else {
      std::fputs(kUsage, stderr);
      return 2;
    }
  }
  if (o.threads < 1 || o.samples < 1) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  if (optind < argc) o.name = std::regex(argv[optind]);
  if (einblas_init() != EINBLAS_OK) {
    std::fputs("einblas could not start\n", stderr);
    return 1;
  }
  Mkl mkl;
  if (!o.mkl.empty()) {
    mkl.library = dlopen(o.mkl.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (mkl.library == nullptr) {
      std::fprintf(stderr, "%s\n", dlerror());
      return 2;
    }
    mkl.get<void (*)(int)>("MKL_Set_Num_Threads")(o.threads);
  }
  const double bandwidth = einblas_measure_bandwidth(0, int64_t{1} << 28, o.threads);
  const double peak32 = einblas_measure_peak(EINBLAS_F32, o.threads),
               peak64 = einblas_measure_peak(EINBLAS_F64, o.threads);
  std::printf("isa %s, %d threads, P %.0f GFLOP/s (F32), %.0f (F64), B %.1f GB/s (read)\n", einblas_isa(), o.threads,
              peak32 * 1e-9, peak64 * 1e-9, bandwidth * 1e-9);
  for (const Case& c : cases()) {
    if (std::regex_search("build_" + c.name, o.name) && !std::regex_search(c.name, o.name)) {
      bench_build<float>(c, o);
      bench_build<double>(c, o);
    }
    if (!std::regex_search(c.name, o.name)) continue;
    bench<float>(c, o, mkl, peak32, bandwidth);
    bench<double>(c, o, mkl, peak64, bandwidth);
  }
  return 0;
}
