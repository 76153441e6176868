// Driver: a product whose sum is cut into parts; each is summed by a plan of the kernel that was chosen, into a tensor
// without gaps, and these are added in order. C is written at the end, when nothing can fail any more.
//
// For digits: of an F32 sum so long that blocks of depth, added to C one after the other, would lose them, parts of at
// most kPart points, one after the other. Error of 10 million equal terms: gemm 2e-4 in one, 1e-6 in parts.
// For threads: of a small result of a deep sum, which would be cut into few tasks, parts side by side, each by one
// worker into sums of its own. A worker's parts of B then lie together in memory as well.
// Borders depend on the problem alone, never on the threads.
#include "step/sum_in_parts.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "layout/offsets.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"

namespace einblas {

extern const KernelEntry kProductKernel;

namespace {

// Blocks of 64 of depth and more make 2048 additions and less of it.
constexpr int64_t kPart = 1 << 17;

constexpr int64_t kMostSums = 16 << 20;  // bytes of all parts' results, in L3

class SumInParts final : public KernelPlan {
 public:
  // most: points of a part. apart: parts are tasks with sums of their own, if these are few enough.
  SumInParts(const Problem& p, std::unique_ptr<KernelPlan> (*make)(const Problem&), int64_t most, bool apart)
      : bytes_(round_up(p.outer_elements() * size_of(p.dtype), kAlignment)),
        flops_(2.0 * static_cast<double>(p.outer_elements()) * static_cast<double>(p.reduced_elements())),
        elements_(p.outer_elements()),
        dtype_(p.dtype) {
    cut(p, most);
    apart_ = apart && parts() * bytes_ <= kMostSums;
    Problem part = with_dense_output(p);
    part.reduced.assign(p.reduced.begin() + static_cast<std::ptrdiff_t>(before_.size()), p.reduced.end());
    part.reduced[0].length = chunk_;
    whole_ = make_part(part, make);
    if (part.reduced[0].length * chunks_ != cut_.length) {
      part.reduced[0].length = cut_.length - (chunks_ - 1) * chunk_;
      last_ = make_part(part, make);
    }
    finish_ = copy(p);
  }

  int32_t run(const Call& call) const noexcept override { return apart_ ? run_apart(call) : run_in_turn(call); }

  std::string describe() const override {
    return "sum in " + std::to_string(parts()) + (apart_ ? " parts side by side, each: " : " parts, each: ") +
           whole_->describe();
  }
  int64_t workspace_bytes() const override {
    if (apart_) return std::max(own_bytes(), finish_->workspace_bytes());
    return std::max(
        {whole_->workspace_bytes(), last_ == nullptr ? 0 : last_->workspace_bytes(), finish_->workspace_bytes()});
  }
  int64_t shared_bytes() const override {
    if (apart_) return parts() * bytes_;
    return 2 * bytes_ + std::max(whole_->shared_bytes(), last_ == nullptr ? 0 : last_->shared_bytes());
  }

 private:
  int64_t parts() const { return elements(before_) * chunks_; }
  // What a part takes on one thread.
  static int64_t bytes_of(const KernelPlan& plan) {
    return round_up(plan.workspace_bytes(), kAlignment) + round_up(plan.shared_bytes(), kAlignment);
  }
  int64_t own_bytes() const { return std::max(bytes_of(*whole_), last_ == nullptr ? 0 : bytes_of(*last_)); }

  int32_t run_part(const Call& call, int64_t i, char* to, int threads) const noexcept {
    const KernelPlan& plan = last_ != nullptr && i % chunks_ == chunks_ - 1 ? *last_ : *whole_;
    Call part{{nullptr, nullptr, nullptr}, to, 1, 0, threads};
    for (int t = 0; t < kMaxOperands; ++t)
      part.x[t] =
          call.x[t] + size_of(dtype_) * (offset_of(before_, t, i / chunks_) + i % chunks_ * chunk_ * cut_.stride[t]);
    return plan.run(part);
  }

  int32_t finish(const Call& call, const char* total) const noexcept {
    return finish_->run({{total, nullptr, nullptr}, call.c, call.alpha, call.beta, call.threads});
  }

  int32_t run_in_turn(const Call& call) const noexcept {
    const Workspace sums(2 * bytes_, 1);
    if (!sums.ok()) return EINBLAS_OUT_OF_MEMORY;
    char* total = sums.of(0);
    for (int64_t i = 0; i < parts(); ++i) {
      const int32_t status = run_part(call, i, i == 0 ? total : total + bytes_, call.threads);
      if (status != EINBLAS_OK) return status;
      if (i > 0) add(total, total + bytes_, 0, elements_);
    }
    return finish(call, total);
  }

  int32_t run_apart(const Call& call) const noexcept {
    const int threads = useful_threads(call.threads, parts(), flops_ / speed::kGemmFlops);
    const Workspace sums(parts() * bytes_, 1), own(own_bytes(), threads);
    if (!sums.ok() || !own.ok()) return EINBLAS_OUT_OF_MEMORY;
    char* const total = sums.of(0);
    std::atomic<int32_t> failed{EINBLAS_OK};
    parallel_tasks(parts(), threads, [&](int64_t i, int worker) {
      const Reserve room(own.of(worker), own_bytes());  // nothing is asked for in a task
      const int32_t status = run_part(call, i, total + i * bytes_, 1);
      if (status != EINBLAS_OK) failed.store(status, std::memory_order_relaxed);
    });
    if (failed.load(std::memory_order_relaxed) != EINBLAS_OK) return failed.load(std::memory_order_relaxed);
    constexpr int64_t kRun = 4096;
    const double adding = static_cast<double>(parts() * elements_) / speed::kPackElements;
    const int64_t runs = ceil_div(elements_, kRun);
    parallel_tasks(runs, useful_threads(call.threads, runs, adding), [&](int64_t r, int) {
      for (int64_t i = 1; i < parts(); ++i)
        add(total, total + i * bytes_, r * kRun, std::min(elements_, (r + 1) * kRun));
    });
    return finish(call, total);
  }

  // The slowest axes are walked; the first behind which at most `most` points lie is cut into chunks.
  void cut(const Problem& p, int64_t most) {
    size_t axis = 0;
    int64_t behind = p.reduced_elements() / p.reduced[0].length;
    for (; behind > most; behind /= p.reduced[axis].length) before_.push_back(p.reduced[axis++]);
    cut_ = p.reduced[axis];
    chunk_ = std::min(cut_.length, most / behind);
    chunks_ = ceil_div(cut_.length, chunk_);
  }

  static Problem with_dense_output(const Problem& p) {
    Problem q = p;
    int64_t stride = 1;
    for (size_t a = q.outer.size(); a-- > 0; stride *= q.outer[a].length) q.outer[a].stride[kOut] = stride;
    return q;
  }
  static std::unique_ptr<KernelPlan> make_part(Problem& part, std::unique_ptr<KernelPlan> (*make)(const Problem&)) {
    group(part);
    return make(part);
  }
  // From the sums to C.
  static std::unique_ptr<KernelPlan> copy(const Problem& p) {
    Problem q;
    q.dtype = p.dtype;
    q.operands = 1;
    q.outer = p.outer;
    int64_t stride = 1;
    for (size_t a = q.outer.size(); a-- > 0; stride *= q.outer[a].length) {
      q.outer[a].stride[0] = stride;
      q.outer[a].stride[1] = q.outer[a].stride[2] = 0;
    }
    return kProductKernel.plan(q, Asked::ByName);
  }

  // to[i] += from[i] of elements [first, end).
  void add(char* to, const char* from, int64_t first, int64_t end) const {
    visit_computed(dtype_, [&](auto of) {
      using T = typename decltype(of)::Type;
      T* const sum = reinterpret_cast<T*>(to);
      const T* const part = reinterpret_cast<const T*>(from);
      for (int64_t i = first; i < end; ++i) sum[i] += part[i];
    });
  }

  const int64_t bytes_;  // of a part's sums
  const double flops_;
  const int64_t elements_;
  const DType dtype_;
  bool apart_ = false;
  Axes before_;  // summed axes that are walked
  Axis cut_;
  int64_t chunk_, chunks_;
  std::unique_ptr<KernelPlan> whole_, last_, finish_;
};

}  // namespace

std::unique_ptr<KernelPlan> sum_in_parts(const Problem& p, std::unique_ptr<KernelPlan> (*make)(const Problem&),
                                         int64_t side_by_side) {
  const int64_t depth = p.reduced_elements();
  const bool is_long = digits_of(p.dtype) <= kSingleDigits && depth > kPart;
  if (side_by_side * p.outer_elements() * size_of(p.dtype) > kMostSums) side_by_side = 1;
  if (side_by_side <= 1 && !is_long) return make(p);
  const int64_t most = ceil_div(depth, side_by_side);
  return std::make_unique<SumInParts>(p, make, is_long ? std::min(most, kPart) : most, side_by_side > 1);
}

}  // namespace einblas
