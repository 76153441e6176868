// Driver: a product whose sum is so long that blocks of depth, added to C one after the other, would lose digits in
// F32.
//
// The summed axes are cut into parts of at most kPart points; each part is summed by a plan of the kernel that was
// chosen, into a tensor without gaps, and these are added in order. C is written at the end, when nothing can fail any
// more. Borders depend on the summed axes alone. Error of 10 million equal terms: gemm 2e-4 in one, 1e-6 in parts.
#include "step/sum_in_parts.hpp"

#include <algorithm>
#include <vector>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "layout/offsets.hpp"
#include "runtime/memory.hpp"

namespace einblas {

extern const KernelEntry kProductKernel;

namespace {

// Blocks of 64 of depth and more make 2048 additions and less of it.
constexpr int64_t kPart = 1 << 17;

class SumInParts final : public KernelPlan {
 public:
  SumInParts(const Problem& p, std::unique_ptr<KernelPlan> (*make)(const Problem&))
      : bytes_(p.outer_elements() * size_of(p.dtype)), dtype_(p.dtype) {
    cut(p);
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

  int32_t run(const Call& call) const noexcept override {
    const Workspace sums(2 * bytes_, 1);
    if (!sums.ok()) return EINBLAS_OUT_OF_MEMORY;
    char* total = sums.of(0);
    const int64_t rows = elements(before_);
    for (int64_t i = 0; i < rows * chunks_; ++i) {
      const KernelPlan& plan = last_ != nullptr && i % chunks_ == chunks_ - 1 ? *last_ : *whole_;
      Call part{{nullptr, nullptr, nullptr}, i == 0 ? total : total + bytes_, 1, 0, call.threads};
      for (int t = 0; t < kMaxOperands; ++t)
        part.x[t] =
            call.x[t] + size_of(dtype_) * (offset_of(before_, t, i / chunks_) + i % chunks_ * chunk_ * cut_.stride[t]);
      const int32_t status = plan.run(part);
      if (status != EINBLAS_OK) return status;
      if (i > 0) add(total);
    }
    return finish_->run({{total, nullptr, nullptr}, call.c, call.alpha, call.beta, call.threads});
  }

  std::string describe() const override {
    return "sum in " + std::to_string(elements(before_) * chunks_) + " parts, each: " + whole_->describe();
  }
  int64_t workspace_bytes() const override {
    return std::max(
        {whole_->workspace_bytes(), last_ == nullptr ? 0 : last_->workspace_bytes(), finish_->workspace_bytes()});
  }
  int64_t shared_bytes() const override {
    return 2 * bytes_ + std::max(whole_->shared_bytes(), last_ == nullptr ? 0 : last_->shared_bytes());
  }

 private:
  // The slowest axes are walked; the first behind which at most kPart points lie is cut into chunks.
  void cut(const Problem& p) {
    size_t axis = 0;
    int64_t behind = p.reduced_elements() / p.reduced[0].length;
    for (; behind > kPart; behind /= p.reduced[axis].length) before_.push_back(p.reduced[axis++]);
    cut_ = p.reduced[axis];
    chunk_ = std::min(cut_.length, kPart / behind);
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

  void add(char* total) const {
    visit_float(dtype_, [&](auto of) { add_as<typename decltype(of)::Type>(total); });
  }
  template <class T>
  void add_as(char* total) const {
    T* to = reinterpret_cast<T*>(total);
    const T* from = reinterpret_cast<const T*>(total + bytes_);
    for (int64_t i = 0; i < bytes_ / static_cast<int64_t>(sizeof(T)); ++i) to[i] += from[i];
  }

  const int64_t bytes_;
  const DType dtype_;
  Axes before_;  // summed axes that are walked
  Axis cut_;
  int64_t chunk_, chunks_;
  std::unique_ptr<KernelPlan> whole_, last_, finish_;
};

}  // namespace

std::unique_ptr<KernelPlan> sum_in_parts(const Problem& p, std::unique_ptr<KernelPlan> (*make)(const Problem&)) {
  if (digits_of(p.dtype) > kSingleDigits || p.reduced_elements() <= kPart) return make(p);
  return std::make_unique<SumInParts>(p, make);
}

}  // namespace einblas
