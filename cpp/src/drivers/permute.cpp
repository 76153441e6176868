// Driver: permutation (unary, nothing summed) whose operand and output have their unit strides on different axes.
//
// C[o] = alpha * X[o] + beta * C[o]. The plane of the two unit axes is cut into tiles that are transposed in registers;
// the other axes are walked around it. Assumes: both tensors have an axis of unit stride.
#include <algorithm>

#include "../dispatch.hpp"
#include "../kernel.hpp"
#include "../threads.hpp"
#include "../tuning.hpp"
#include "../walk.hpp"
#include "einblas.h"

namespace einblas {
namespace {

// A tile of 64 x 64 doubles is 32 KB read and 32 KB written: its lines stay in L1/L2 until they are whole.
constexpr int64_t kTile = 64;

template <class T>
class PermutePlan final : public KernelPlan {
 public:
  explicit PermutePlan(const Problem& p) : outer_(p.outer) {
    to_ = outer_.back();
    outer_.pop_back();
    const auto from = std::find_if(outer_.begin(), outer_.end(), [](const Axis& a) { return a.stride[0] == 1; });
    from_ = *from;
    outer_.erase(from);
    kernels_ = &kernel_table().typed<T>();
    rows_ = (from_.length + kTile - 1) / kTile;
    columns_ = (to_.length + kTile - 1) / kTile;
    planes_ = elements(outer_);
    bytes_ = p.outer_elements() * static_cast<int64_t>(sizeof(T));
    const int64_t vector = kernel_table().vector_bytes;
    aligned_ = bytes_ >= stream_from && from_.stride[kOut] * static_cast<int64_t>(sizeof(T)) % vector == 0;
    for (const Axis& a : outer_) aligned_ &= a.stride[kOut] * static_cast<int64_t>(sizeof(T)) % vector == 0;
  }

  int32_t run(const Call& call) const noexcept override {
    const int64_t tasks = planes_ * rows_;
    const int threads = useful_threads(call.threads, tasks, static_cast<double>(bytes_) / 10);
    const bool streaming =
        aligned_ && call.beta == 0 &&
        reinterpret_cast<uintptr_t>(call.c) % static_cast<uintptr_t>(kernel_table().vector_bytes) == 0;
    parallel_tasks(tasks, threads, [&](int64_t task, int) {
      const Walk plane(outer_, task / rows_);
      const int64_t q = task % rows_ * kTile, nq = std::min(kTile, from_.length - q);
      const T* x = reinterpret_cast<const T*>(call.x[0]) + plane.at(0) + q;
      T* c = reinterpret_cast<T*>(call.c) + plane.at(kOut) + q * from_.stride[kOut];
      for (int64_t i = 0; i < to_.length; i += kTile)
        kernels_->transpose_tile(std::min(kTile, to_.length - i), nq, c + i, from_.stride[kOut], x + i * to_.stride[0],
                                 to_.stride[0], static_cast<T>(call.alpha), static_cast<T>(call.beta),
                                 streaming ? 1 : 0);
    });
    return EINBLAS_OK;
  }

  std::string describe() const override {
    return "planes of " + std::to_string(from_.length) + "x" + std::to_string(to_.length) + ", " +
           std::to_string(planes_) + " of them, transposed in registers" + (aligned_ ? ", non-temporal stores" : "");
  }

 private:
  Axes outer_;
  Axis to_, from_;  // the axes with unit stride in the output and in the operand
  int64_t rows_, columns_, planes_, bytes_;
  bool aligned_;
  const TypedKernels<T>* kernels_;
};

bool applies(const Problem& p) {
  return p.operands == 1 && p.reduced.empty() && p.outer.size() > 1 && p.outer.size() < kMaxWalkAxes &&
         p.outer.back().stride[kOut] == 1 && p.outer.back().stride[0] != 0 &&
         std::any_of(p.outer.begin(), p.outer.end() - 1, [](const Axis& a) { return a.stride[0] == 1; });
}

bool suits(const Problem&) { return true; }

std::unique_ptr<KernelPlan> make(const Problem& p) {
  if (p.dtype == DType::F32) return std::make_unique<PermutePlan<float>>(p);
  return std::make_unique<PermutePlan<double>>(p);
}

}  // namespace

extern const KernelEntry kPermuteKernel;
const KernelEntry kPermuteKernel = {"permute", applies, suits, make};

}  // namespace einblas
