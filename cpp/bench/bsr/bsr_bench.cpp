// Bench: products with BSR matrices beside the machine's limits and, when its library is given, MKL's BSR.
//
// usage: einblas_bsr_bench [--threads N] [--case 0..7] [--mkl libmkl_rt.so.2] [SX] [StX] [XS] [XSt] [grad]
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "einblas.h"

namespace {

struct Case {
  int64_t order, block;
  double density;
  int64_t columns;
};
const Case kCases[] = {{4096, 32, 0.1, 128}, {4096, 16, 0.1, 128}, {4096, 8, 0.1, 128},  {4096, 64, 0.1, 128},
                       {4096, 32, 0.1, 1},   {4096, 4, 0.02, 64},  {4096, 1, 0.005, 64}, {4096, 32, 0.1, 1024}};
const char* const kForms[] = {"SX", "StX", "XS", "XSt", "grad"};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// MKL's sparse BLAS, from the library that the user names. Its opaque handle and its descriptor by value.
class Mkl {
 public:
  struct Descriptor {
    int type, mode, diagonal;
  };
  explicit Mkl(const char* path) {
    if (path == nullptr) return;
    void* library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (library == nullptr) {
      std::fprintf(stderr, "%s\n", dlerror());
      std::exit(2);
    }
    get(library, "mkl_sparse_s_create_bsr", create_f32);
    get(library, "mkl_sparse_d_create_bsr", create_f64);
    get(library, "mkl_sparse_s_mm", mm_f32);
    get(library, "mkl_sparse_d_mm", mm_f64);
    get(library, "mkl_sparse_set_mm_hint", hint);
    get(library, "mkl_sparse_optimize", optimize);
    get(library, "mkl_sparse_destroy", destroy);
    get(library, "MKL_Set_Num_Threads", threads);
    loaded = true;
  }
  bool loaded = false;
  int (*create_f32)(void**, int, int, int, int, int, int*, int*, int*, float*) = nullptr;
  int (*create_f64)(void**, int, int, int, int, int, int*, int*, int*, double*) = nullptr;
  int (*mm_f32)(int, float, void*, Descriptor, int, const float*, int, int, float, float*, int) = nullptr;
  int (*mm_f64)(int, double, void*, Descriptor, int, const double*, int, int, double, double*, int) = nullptr;
  int (*hint)(void*, int, Descriptor, int, int, int) = nullptr;
  int (*optimize)(void*) = nullptr;
  int (*destroy)(void*) = nullptr;
  void (*threads)(int) = nullptr;

  int create(void** h, int n, int b, int* s, int* i, float* v) {
    return create_f32(h, 0, 101, n, n, b, s, s + 1, i, v);
  }
  int create(void** h, int n, int b, int* s, int* i, double* v) {
    return create_f64(h, 0, 101, n, n, b, s, s + 1, i, v);
  }
  int mm(int op, void* a, const float* x, int columns, float* c) {
    return mm_f32(op, 1, a, {20, 0, 0}, 101, x, columns, columns, 0, c, columns);
  }
  int mm(int op, void* a, const double* x, int columns, double* c) {
    return mm_f64(op, 1, a, {20, 0, 0}, 101, x, columns, columns, 0, c, columns);
  }

 private:
  template <class F>
  void get(void* library, const char* name, F& f) {
    f = reinterpret_cast<F>(dlsym(library, name));
    if (f == nullptr) {
      std::fprintf(stderr, "the library has no %s\n", name);
      std::exit(2);
    }
  }
};

// Fastest of each, in turns, seconds per run.
std::vector<double> fastest(const std::vector<std::function<void()>>& all) {
  std::vector<double> best(all.size(), 1e30);
  std::vector<int> repeat;
  for (const auto& f : all) {
    f();
    const double t = now();
    f();
    repeat.push_back(std::max(1, static_cast<int>(2e-3 / std::max(now() - t, 1e-7))));
  }
  for (int sample = 0; sample < 40; ++sample)
    for (size_t i = 0; i < all.size(); ++i) {
      const double t = now();
      for (int r = 0; r < repeat[i]; ++r) all[i]();
      best[i] = std::min(best[i], (now() - t) / repeat[i]);
    }
  return best;
}

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
    if (status != EINBLAS_OK) std::exit(3);
    count = static_cast<int64_t>(indices.size());
    block_values = count * k.block * k.block;
    dense_values = k.order * k.columns;
    blocks = make(block_values);
    x = make(dense_values);
    c = make(dense_values);
  }
  static T* make(int64_t n) {
    T* p = reinterpret_cast<T*>(einblas_alloc(n * static_cast<int64_t>(sizeof(T))));
    if (p == nullptr) std::exit(3);
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

template <class T>
void run(const Case& k, const std::string& form, int threads, Mkl& mkl) {
  Operands<T> o(k);
  const int32_t type = sizeof(T) == 4 ? EINBLAS_F32 : EINBLAS_F64;
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
      einblas_bsr_sampled(o.matrix, type, n, address(o.c), address(o.x), address(o.blocks), ab, 0.5, 0, threads);
    });
  } else {
    all.emplace_back([&] {
      einblas_bsr_product(o.matrix, type, transposed, n, address(o.blocks), address(o.x), address(o.c), strides, 1, 0,
                          threads);
    });
  }
  void* handle = nullptr;
  std::vector<T> theirs(static_cast<size_t>(order * n));
  if (mkl.loaded && left) {
    const int op = transposed != 0 ? 11 : 10;
    mkl.threads(threads);
    int status = mkl.create(&handle, static_cast<int>(order / k.block), static_cast<int>(k.block), o.indptr32.data(),
                            o.indices32.data(), o.blocks);
    status |= mkl.hint(handle, op, {20, 0, 0}, 101, static_cast<int>(n), 1000);
    status |= mkl.optimize(handle);
    status |= mkl.mm(op, handle, o.x, static_cast<int>(n), theirs.data());
    all[0]();
    double worst = 0;
    for (size_t i = 0; i < theirs.size(); ++i)
      worst = std::max(worst, std::abs(static_cast<double>(theirs[i]) - static_cast<double>(o.c[i])));
    if (status != 0 || worst > 1e-2) std::printf("MKL: status %d, results differ by %g\n", status, worst);
    all.emplace_back([&, op] { mkl.mm(op, handle, o.x, static_cast<int>(n), theirs.data()); });
  }
  const std::vector<double> seconds = fastest(all);
  if (handle != nullptr) mkl.destroy(handle);
  const double values = static_cast<double>(o.count * k.block * k.block), flops = 2 * values * static_cast<double>(n);
  const double bytes = (values + 2.0 * static_cast<double>(order * n)) * sizeof(T);
  const double bandwidth = einblas_measure_bandwidth(0, bytes < 24e6 ? 12 << 20 : 400 << 20, threads);
  const double bound = std::max(flops / einblas_measure_peak(type, threads), bytes / bandwidth);
  std::printf("%5s %s %4lld/%-2lld %4.1f %% x %-4lld %9.1f us %7.1f GFLOP/s %5.1f %% of %s", form.c_str(),
              type == EINBLAS_F32 ? "f32" : "f64", static_cast<long long>(order), static_cast<long long>(k.block),
              100 * k.density, static_cast<long long>(n), 1e6 * seconds[0], flops / seconds[0] / 1e9,
              100 * bound / seconds[0], bound > bytes / bandwidth ? "P" : "B");
  if (seconds.size() > 1) std::printf("   MKL %9.1f us: %.2f times as long", 1e6 * seconds[1], seconds[1] / seconds[0]);
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  int threads = 0;
  const char* library = nullptr;
  std::vector<std::string> forms;
  size_t first = 0, last = sizeof kCases / sizeof *kCases;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--threads") == 0 && i + 1 < argc) {
      threads = std::atoi(argv[++i]);
    } else if (std::strcmp(argv[i], "--mkl") == 0 && i + 1 < argc) {
      library = argv[++i];
    } else if (std::strcmp(argv[i], "--case") == 0 && i + 1 < argc) {
      first = std::min(static_cast<size_t>(std::max(0, std::atoi(argv[++i]))), last - 1);
      last = first + 1;
    } else {
      forms.emplace_back(argv[i]);
    }
  }
  if (einblas_init() != EINBLAS_OK) return 2;
  if (threads < 1) threads = einblas_threads();
  Mkl mkl(library);
  std::printf("einblas %s, isa %s, %d threads: P f32 %.0f, f64 %.0f GFLOP/s\n", einblas_version(), einblas_isa(),
              threads, einblas_measure_peak(0, threads) / 1e9, einblas_measure_peak(1, threads) / 1e9);
  for (size_t k = first; k < last; ++k)
    for (const char* form : kForms) {
      if (!forms.empty() && std::find(forms.begin(), forms.end(), form) == forms.end()) continue;
      run<float>(kCases[k], form, threads, mkl);
      run<double>(kCases[k], form, threads, mkl);
    }
  return 0;
}
