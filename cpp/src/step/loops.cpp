// Driver: any step, any strides, by plain loops. The yardstick of the tests and the last resort.
//
// C[o] = alpha * sum_r prod_i X_i[o, r] + beta * C[o]. Assumes nothing. Sums in double, in the order of the reduced
// axes; of integers in their own type.
#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "step/kernel.hpp"

namespace einblas {
namespace {

constexpr int64_t kTask = 4096;  // outputs per task: about 10 us of the cheapest work

class LoopsPlan final : public KernelPlan {
 public:
  explicit LoopsPlan(const Problem& p) : p_(p) {}

  int32_t run(const Call& call) const noexcept override {
    return visit_computed(p_.dtype, [&](auto of) { return typed<typename decltype(of)::Type>(call); });
  }
  std::string describe() const override {
    return "plain loops, out " + describe_axes(p_.outer, p_.operands) + ", sum " +
           describe_axes(p_.reduced, p_.operands);
  }

 private:
  template <class T>
  using Sum = std::conditional_t<std::is_integral_v<T>, T, double>;

  template <class T>
  int32_t typed(const Call& call) const noexcept {
    const int64_t outputs = p_.outer_elements();
    const int64_t tasks = ceil_div(outputs, kTask);
    const double nanos = speed::kLoopNanos * static_cast<double>(outputs) * static_cast<double>(p_.reduced_elements());
    parallel_tasks(tasks, useful_threads(call.threads, tasks, nanos), [&](int64_t task, int) {
      const int64_t last = (task + 1) * kTask < outputs ? (task + 1) * kTask : outputs;
      for (int64_t i = task * kTask; i < last; ++i) output<T>(call, i);
    });
    return EINBLAS_OK;
  }

  template <class T>
  void output(const Call& call, int64_t index) const noexcept {
    int64_t at[4] = {0, 0, 0, 0};
    for (size_t a = p_.outer.size(); a-- > 0;) {
      const Axis& axis = p_.outer[a];
      const int64_t i = index % axis.length;
      index /= axis.length;
      for (int t = 0; t < 4; ++t) at[t] += i * axis.stride[t];
    }
    T* c = reinterpret_cast<T*>(call.c) + at[kOut];
    const Sum<T> sum = factor<Sum<T>>(call.alpha) * reduce<T>(call, 0, at), beta = factor<Sum<T>>(call.beta);
    *c = static_cast<T>(beta == 0 ? sum : sum + beta * static_cast<Sum<T>>(*c));
  }

  template <class T>
  Sum<T> reduce(const Call& call, size_t axis, const int64_t* at) const noexcept {
    if (axis == p_.reduced.size()) {
      Sum<T> product = 1;
      for (int t = 0; t < p_.operands; ++t)
        product *= static_cast<Sum<T>>(reinterpret_cast<const T*>(call.x[t])[at[t]]);
      return product;
    }
    const Axis& a = p_.reduced[axis];
    int64_t here[4] = {at[0], at[1], at[2], at[3]};
    Sum<T> sum = 0;
    for (int64_t i = 0; i < a.length; ++i) {
      sum += reduce<T>(call, axis + 1, here);
      for (int t = 0; t < p_.operands; ++t) here[t] += a.stride[t];
    }
    return sum;
  }

  const Problem p_;
};

std::unique_ptr<KernelPlan> plan(const Problem& p, Asked) { return std::make_unique<LoopsPlan>(p); }

}  // namespace

extern const KernelEntry kLoopsKernel;
const KernelEntry kLoopsKernel = {"loops", plan};

}  // namespace einblas
