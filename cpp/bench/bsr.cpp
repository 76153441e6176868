// Bench: products with BSR matrices beside the machine's limits and, when its library is given, MKL's BSR.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
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

struct Case {
  int64_t order, block;
  double density;
  int64_t columns;
};
const Case kCases[] = {{4096, 32, 0.1, 128}, {4096, 16, 0.1, 128}, {4096, 8, 0.1, 128},  {4096, 64, 0.1, 128},
                       {4096, 32, 0.1, 1},   {4096, 4, 0.02, 64},  {4096, 1, 0.005, 64}, {4096, 32, 0.1, 1024}};
const char* const kForms[] = {"SX", "StX", "XS", "XSt", "grad"};

// SX_4096_32_10_128: form, order, order of a block, percent of blocks, columns.
std::string name_of(const Case& k, const std::string& form) {
  char text[64];
  std::snprintf(text, sizeof text, "%s_%d_%d_%g_%d", form.c_str(), static_cast<int>(k.order), static_cast<int>(k.block),
                100 * k.density, static_cast<int>(k.columns));
  return text;
}

// MKL's sparse BLAS in a type.
template <class T>
struct MklBsr {
  using Create = int (*)(void**, int, int, int, int, int, int*, int*, int*, T*);
  using Multiply = int (*)(int, T, void*, MklDescription, int, const T*, int, int, T, T*, int);
  static constexpr MklDescription kGeneral{20, 0, 0};
  const Mkl& mkl;
  const int op, columns;
  void* handle = nullptr;
  Multiply multiply;

  MklBsr(const Mkl& library, bool transposed, int n, int blocks, int block, int* indptr, int* indices, T* values)
      : mkl(library), op(transposed ? 11 : 10), columns(n) {
    const std::string p = code_of<T>() == EINBLAS_F32 ? "mkl_sparse_s_" : "mkl_sparse_d_";
    int status =
        mkl.get<Create>(p + "create_bsr")(&handle, 0, 101, blocks, blocks, block, indptr, indptr + 1, indices, values);
    status |= mkl.get<int (*)(void*, int, MklDescription, int, int, int)>("mkl_sparse_set_mm_hint")(
        handle, op, kGeneral, 101, n, 1000);
    status |= mkl.get<int (*)(void*)>("mkl_sparse_optimize")(handle);
    if (status != 0) throw std::runtime_error("MKL: status " + std::to_string(status));
    multiply = mkl.get<Multiply>(p + "mm");
  }
  ~MklBsr() { mkl.get<int (*)(void*)>("mkl_sparse_destroy")(handle); }
  MklBsr(const MklBsr&) = delete;
  MklBsr& operator=(const MklBsr&) = delete;
  int run(const T* x, T* c) const { return multiply(op, 1, handle, kGeneral, 101, x, columns, columns, 0, c, columns); }
};

template <class T>
struct Operands {
  std::vector<int64_t> indptr{0}, indices, slots;
  std::vector<int> indptr32{0}, indices32;
  int64_t matrix = 0, count = 0;
  T *blocks, *x, *c;
  int64_t block_values, dense_values;
  explicit Operands(const Case& k) {
    std::mt19937 random(5);
    std::uniform_real_distribution<double> uniform(0, 1);
    const int64_t order = k.order / k.block;
    for (int64_t i = 0; i < order; ++i) {
      for (int64_t j = 0; j < order; ++j)
        if (uniform(random) < k.density) {
          indices.push_back(j);
          indices32.push_back(static_cast<int>(j));
        }
      indptr.push_back(static_cast<int64_t>(indices.size()));
      indptr32.push_back(static_cast<int>(indices.size()));
    }
    slots.resize(indices.size());
    const int32_t status = einblas_bsr_create(order, order, k.block, k.block, static_cast<int64_t>(indices.size()),
                                              indptr.data(), indices.data(), slots.data(), &matrix);
    if (status != EINBLAS_OK) throw std::runtime_error("no BSR matrix: status " + std::to_string(status));
    count = static_cast<int64_t>(indices.size());
    block_values = count * k.block * k.block;
    dense_values = k.order * k.columns;
    blocks = make(block_values);
    x = make(dense_values);
    c = make(dense_values);
  }
  static T* make(int64_t n) {
    T* p = reinterpret_cast<T*>(einblas_alloc(n * static_cast<int64_t>(sizeof(T))));
    if (p == nullptr) throw std::runtime_error("memory is short");
    for (int64_t i = 0; i < n; ++i) p[i] = static_cast<T>(i % 17) / 8 - 1;
    return p;
  }
  static void release(T* p, int64_t n) {
    einblas_free(reinterpret_cast<int64_t>(p), n * static_cast<int64_t>(sizeof(T)));
  }
  ~Operands() {
    release(blocks, block_values);
    release(x, dense_values);
    release(c, dense_values);
    einblas_bsr_destroy(matrix);
  }
};

struct Options {
  Common common;
  std::string mkl;
  int turns() const { return common.samples > 0 ? common.samples : 40; }
};

template <class T>
void run(const Case& k, const std::string& form, int threads, const Options& options, const Mkl& mkl, Limits& limits,
         Figures& figures) {
  Operands<T> o(k);
  const int32_t type = code_of<T>();
  const int64_t n = k.columns, order = k.order;
  const auto address = [](const T* p) { return reinterpret_cast<int64_t>(p); };
  // X and C are (order, n) for S X, (n, order) for X S, both row-major.
  const bool left = form == "SX" || form == "StX";
  const int64_t strides[4] = {left ? n : 1, left ? 1 : order, left ? n : 1, left ? 1 : order};
  const int32_t transposed = form == "StX" || form == "XS" ? 1 : 0;
  std::vector<std::function<void()>> all;
  if (form == "grad") {
    const int64_t ab[4] = {n, 1, 1, n};
    all.emplace_back([&, ab] {
      einblas_bsr_sampled(o.matrix, type, 0, n, address(o.c), address(o.x), address(o.blocks), ab, 0.5, 0, threads);
    });
  } else {
    all.emplace_back([&] {
      einblas_bsr_product(o.matrix, type, transposed, 0, n, address(o.blocks), address(o.x), address(o.c), strides, 1,
                          0, threads);
    });
  }
  std::unique_ptr<MklBsr<T>> other;
  std::vector<T> theirs(static_cast<size_t>(order * n));
  if (mkl.loaded() && left) {
    other = std::make_unique<MklBsr<T>>(mkl, transposed != 0, static_cast<int>(n), static_cast<int>(order / k.block),
                                        static_cast<int>(k.block), o.indptr32.data(), o.indices32.data(), o.blocks);
    const int status = other->run(o.x, theirs.data());
    all[0]();
    double worst = 0;
    for (size_t i = 0; i < theirs.size(); ++i)
      worst = std::max(worst, std::abs(static_cast<double>(theirs[i]) - static_cast<double>(o.c[i])));
    if (status != 0 || worst > 1e-2) std::printf("MKL: status %d, results differ by %g\n", status, worst);
    all.emplace_back([&] { other->run(o.x, theirs.data()); });
  }
  const std::vector<double> ns = fastest(all, options.turns(), options.common.seconds);
  const double values = static_cast<double>(o.count * k.block * k.block), flops = 2 * values * static_cast<double>(n);
  const double bytes = (values + 2.0 * static_cast<double>(order * n)) * sizeof(T);
  const double by_flops = flops / limits.peak(type, threads) * 1e9, by_bytes = limits.read_ns(bytes, threads);
  const std::string name = name_of(k, form);
  std::printf("%-24s %s %2d %9.1f us %7.1f GFLOP/s %5.1f %% of %s", name.c_str(), einblas_bench::name_of(type), threads,
              ns[0] / 1e3, flops / ns[0], 100 * std::max(by_flops, by_bytes) / ns[0], by_flops > by_bytes ? "P" : "B");
  if (ns.size() > 1) std::printf("   MKL %9.1f us: %.2f times as long", ns[1] / 1e3, ns[1] / ns[0]);
  std::printf("   %s\n", figures.add(name, type, threads, "bsr", {ns[0], 0}).c_str());
  std::fflush(stdout);
}

// 16-bit floats and complex numbers.
void run_type(const Case& k, const std::string& form, int32_t type, int threads, const Options& options, Limits& limits,
              Figures& figures) {
  const Operands<float> o(k);
  const int64_t n = k.columns, order = k.order, size = einblas_dtype_size(type);
  const auto converted = [&](const float* from, int64_t count) {
    auto to = std::make_unique<Block>(count * size);
    const int64_t lengths[] = {count}, strides[] = {1};
    if (to->address() == 0) throw std::runtime_error("memory is short");
    if (einblas_convert(EINBLAS_F32, type, 0, 1, lengths, reinterpret_cast<int64_t>(from), strides, to->address(),
                        strides, 1) != -1)
      throw std::runtime_error("no conversion to " + std::string(einblas_bench::name_of(type)));
    return to;
  };
  const auto blocks = converted(o.blocks, o.block_values), x = converted(o.x, o.dense_values),
             c = converted(o.c, o.dense_values);
  const bool left = form == "SX" || form == "StX";
  const int64_t strides[4] = {left ? n : 1, left ? 1 : order, left ? n : 1, left ? 1 : order}, ab[4] = {n, 1, 1, n};
  const int32_t transposed = form == "StX" || form == "XS" ? 1 : 0;
  const double ns = fastest({[&] {
                              if (form == "grad") {
                                einblas_bsr_sampled(o.matrix, type, 0, n, c->address(), x->address(), blocks->address(),
                                                    ab, 0.5, 0, threads);
                              } else {
                                einblas_bsr_product(o.matrix, type, transposed, 0, n, blocks->address(), x->address(),
                                                    c->address(), strides, 1, 0, threads);
                              }
                            }},
                            options.turns(), options.common.seconds)[0];
  const double values = static_cast<double>(o.block_values), each = type == EINBLAS_C64 || type == EINBLAS_C128 ? 8 : 2;
  const double flops = each * values * static_cast<double>(n);
  const double bytes = (values + 2.0 * static_cast<double>(order * n)) * static_cast<double>(size);
  const double by_flops = flops / limits.peak(peak_type(type), threads) * 1e9,
               by_bytes = limits.read_ns(bytes, threads);
  const std::string name = name_of(k, form);
  std::printf("%-24s %s %2d %9.1f us %7.1f GFLOP/s %5.1f %% of %s   %s\n", name.c_str(), einblas_bench::name_of(type),
              threads, ns / 1e3, flops / ns, 100 * std::max(by_flops, by_bytes) / ns, by_flops > by_bytes ? "P" : "B",
              figures.add(name, type, threads, "bsr", {ns, 0}).c_str());
  std::fflush(stdout);
}

}  // namespace

int bench_bsr(int argc, char** argv) {
  Options o;
  o.common.parse(
      "usage: einblas_bench bsr [options] [NAME-REGEX...]\n"
      "cases: FORM_ORDER_BLOCK_PERCENT_COLUMNS; forms SX, StX, XS, XSt, grad (sampled)\n",
      {mkl_option(o.mkl)}, argc, argv);
  if (!o.common.list) o.common.start();
  const Mkl mkl(o.mkl);
  Limits limits;
  Figures figures(o.common);
  for (const Case& k : kCases)
    for (const char* form : kForms) {
      const std::string name = name_of(k, form);
      if (o.common.list) std::printf("%s\n", name.c_str());
      if (o.common.list || !o.common.wanted(name)) continue;
      for (int type : o.common.dtypes)
        for (int threads : o.common.threads) {
          if (!is_real(type)) {
            run_type(k, form, type, threads, o, limits, figures);
            continue;
          }
          mkl.set_threads(threads);
          visit(type, [&](auto of) { run<decltype(of)>(k, form, threads, o, mkl, limits, figures); });
        }
    }
  figures.save();
  return 0;
}

}  // namespace einblas_bench
