// Driver: products of matrices that BLAS can walk, by OpenBLAS's gemm, called single-threaded from our own tasks.
//
// C[b, m, n] = alpha * sum_k A[b, m, k] B[b, n, k] + beta * C; one axis each for m, n and k, any axes of batch.
// Assumes: every matrix has its unit stride on one axis, and the other stride is at least that axis's length.
// Borders of tasks and of depth depend on the problem alone, so bits do not depend on threads. A batch is a loop:
// the strided batch of OpenBLAS 0.3.31 jumps to an address that is none for small matrices, and no probe could
// survive that.
#include "runtime/openblas.hpp"

#include <algorithm>
#include <limits>

#include "einblas.h"
#include "layout/offsets.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "runtime/tuning.hpp"
#include "step/kernel.hpp"
#include "step/sum_in_parts.hpp"

namespace einblas {
namespace {

// Nothing is given to OpenBLAS unless tuning finds it faster. Here it is not, as each task packs its own operands:
// cubes of 512, 1024 and 2048 F32 by gemm 107, 101, 103 GFLOP/s on one thread, 186, 188, 206 on two; by this 97, 85, 96
// and 167, 155, 191. F64 50, 49, 52 and 101, 100, 101; by this 47, 47, 50 and 96, 94, 99.
constexpr int64_t kNone = 8192;
Tunable least_edge{"OPENBLAS_FROM", kNone, 16, kNone,
                   "edge of a cube of as many operations from which on OpenBLAS multiplies; 8192: nothing"};
// Each task packs its own rows and columns: a product in more tasks has more to pack.
Tunable task_flops{"OPENBLAS_TASK", 64 << 20, 1000, int64_t{1} << 40, "operations of a task that OpenBLAS does"};
Tunable most_tasks{"OPENBLAS_TASKS", 16, 1, 4096, "tasks of a product that OpenBLAS does"};

// Depth of a call. Its kernels for small matrices add up all of a depth in one chain, which would lose digits in F32.
constexpr int64_t kDepth = 2048;
constexpr int64_t kWholeRows = 16;  // parts of rows and columns are multiples of it

// A matrix as BLAS sees it, row-major: transposed where its rows lie along the unit stride.
struct Walk {
  bool transposed = false;
  int64_t leading = 0;
};

bool walks(const Axis& rows, const Axis& columns, int t, Walk& w) {
  const int64_t along = columns.stride[t], across = rows.stride[t];
  w.transposed = along != 1 || across < columns.length;
  if (w.transposed && (across != 1 || along < rows.length)) return false;
  w.leading = w.transposed ? along : across;
  return w.leading <= std::numeric_limits<int32_t>::max();
}

struct Product {
  int a = 0, b = 1;  // tensors of the rows and of the columns
  Axis m, n, k;
  Walk of_a, of_b, of_c;
};

bool find_product(const Problem& p, Product& x) {
  if (!is_float(p.dtype) || p.operands != 2 || p.m.size() != 1 || p.n.size() != 1 || p.k.size() != 1 || p.invariant)
    return false;
  x.m = p.m[0];
  x.n = p.n[0];
  x.k = p.k[0];
  if (!walks(x.m, x.n, kOut, x.of_c)) return false;
  if (x.of_c.transposed) {
    std::swap(x.m, x.n);
    std::swap(x.a, x.b);
  }
  for (const Axis* axis : {&x.m, &x.n})
    if (axis->length > std::numeric_limits<int32_t>::max()) return false;
  return walks(x.m, x.k, x.a, x.of_a) && walks(x.k, x.n, x.b, x.of_b);
}

template <class T>
class OpenBlasPlan final : public KernelPlan {
 public:
  explicit OpenBlasPlan(const Problem& p) : batch_(p.batch), items_(elements(p.batch)) {
    find_product(p, x_);
    flops_ =
        2.0 * static_cast<double>(x_.m.length) * static_cast<double>(x_.n.length) * static_cast<double>(x_.k.length);
    const int64_t wanted = std::clamp<int64_t>(static_cast<int64_t>(flops_ / static_cast<double>(task_flops)), 1,
                                               std::max<int64_t>(most_tasks / items_, 1));
    // Parts as square as they come: they have least to pack.
    int64_t down = 1, across = 1;
    while (down * across < wanted) (x_.m.length * across >= x_.n.length * down ? down : across) *= 2;
    mc_ = std::min(x_.m.length, round_up(ceil_div(x_.m.length, down), kWholeRows));
    nc_ = std::min(x_.n.length, round_up(ceil_div(x_.n.length, across), kWholeRows));
    kc_ = ceil_div(x_.k.length, ceil_div(x_.k.length, kDepth));
    across_ = ceil_div(x_.n.length, nc_);
    parts_ = ceil_div(x_.m.length, mc_) * across_;
    per_task_ = parts_ > 1 ? 1 : std::max<int64_t>(static_cast<int64_t>(kTaskNanos * speed::kGemmFlops / flops_), 1);
  }

  int32_t run(const Call& call) const noexcept override {
    const int64_t all = items_ * parts_, tasks = ceil_div(all, per_task_);
    const double nanos = static_cast<double>(items_) * flops_ / speed::kGemmFlops;
    parallel_tasks(tasks, useful_threads(call.threads, tasks, nanos), [&](int64_t task, int) {
      const BlasSeat seat;
      for (int64_t i = task * per_task_; i < std::min(all, (task + 1) * per_task_); ++i) part(call, i);
    });
    return EINBLAS_OK;
  }

  std::string describe() const override {
    return std::string("OpenBLAS's ") + (sizeof(T) == 4 ? "sgemm" : "dgemm") + " for " + blas_core() + ", " +
           std::to_string(x_.m.length) + "x" + std::to_string(x_.n.length) + "x" + std::to_string(x_.k.length) +
           (items_ > 1 ? " times " + std::to_string(items_) : "") +
           (parts_ > 1 ? " in " + std::to_string(parts_) + " parts of " + std::to_string(mc_) + "x" +
                             std::to_string(nc_) + ", each a call on one thread"
                       : ", each a call on one thread") +
           "; A " + (x_.of_a.transposed ? "transposed" : "plain") + ", B " +
           (x_.of_b.transposed ? "transposed" : "plain") + "; it packs into memory of its own";
  }

 private:
  static constexpr double kTaskNanos = 20000;

  void part(const Call& call, int64_t i) const noexcept {
    const int64_t item = i / parts_, i0 = i % parts_ / across_ * mc_, j0 = i % parts_ % across_ * nc_;
    const T* a = at<const T>(call.x[x_.a], x_.a, item) + i0 * x_.m.stride[x_.a];
    const T* b = at<const T>(call.x[x_.b], x_.b, item) + j0 * x_.n.stride[x_.b];
    T* c = at<T>(call.c, kOut, item) + i0 * x_.m.stride[kOut] + j0;
    const int64_t mm = std::min(mc_, x_.m.length - i0), nn = std::min(nc_, x_.n.length - j0);
    // With a factor of 0 BLAS would not look at the operands.
    T alpha = static_cast<T>(call.alpha);
    if (alpha == 0)
      alpha = call.alpha < 0 ? -std::numeric_limits<T>::denorm_min() : std::numeric_limits<T>::denorm_min();
    for (int64_t p = 0; p < x_.k.length; p += kc_)
      blas_gemm({x_.of_a.transposed, static_cast<int>(x_.of_a.leading)},
                {x_.of_b.transposed, static_cast<int>(x_.of_b.leading)}, static_cast<int>(x_.m.stride[kOut]),
                static_cast<int>(mm), static_cast<int>(nn), static_cast<int>(std::min(kc_, x_.k.length - p)), alpha,
                a + p * x_.k.stride[x_.a], b + p * x_.k.stride[x_.b], p == 0 ? static_cast<T>(call.beta) : T{1}, c);
  }
  template <class U, class From>
  U* at(From* base, int t, int64_t item) const {
    return reinterpret_cast<U*>(base) + offset_of(batch_, t, item);
  }

  const Axes batch_;
  const int64_t items_;
  Product x_;
  double flops_;            // of an item
  int64_t mc_, nc_, kc_;    // rows and columns of a part, depth of a call
  int64_t across_, parts_;  // parts along the columns; all of an item
  int64_t per_task_;        // items, where they are not cut
};

std::unique_ptr<KernelPlan> plan(const Problem& p, Asked asked) {
  Product x;
  if (!find_product(p, x)) return nullptr;
  if (asked == Asked::InTurn) {
    const double edge = static_cast<double>(least_edge), points = static_cast<double>(x.m.length) *
                                                                  static_cast<double>(x.n.length) *
                                                                  static_cast<double>(x.k.length);
    if (least_edge == kNone || points < edge * edge * edge || blas_is_absent()) return nullptr;
  }
  require_blas();
  return sum_in_parts(p, [](const Problem& part) -> std::unique_ptr<KernelPlan> {
    if (part.dtype == DType::F32) return std::make_unique<OpenBlasPlan<float>>(part);
    return std::make_unique<OpenBlasPlan<double>>(part);
  });
}

}  // namespace

extern const KernelEntry kOpenBlasKernel;
const KernelEntry kOpenBlasKernel = {"openblas", plan};

}  // namespace einblas
