// Driver: any step, any strides, any types, by plain loops. The yardstick of the tests and the last resort.
//
// C[o] = alpha * sum_r prod_i X_i[o, r] + beta * C[o]. Assumes nothing. Reals are summed in double, integers modulo
// 2^64, complex numbers by parts in double, in the order of the reduced axes; C is rounded once.
#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "step/kernel.hpp"

namespace einblas {
namespace {

constexpr int64_t kTask = 4096;  // outputs per task: about 10 us of the cheapest work

using Pair = Complex<double>;

// A number of a sum, from what an element stands for.
template <class S, class V>
S number_in(V v) {
  if constexpr (kIsComplex<S> && kIsComplex<V>) {
    return {static_cast<double>(v.re), static_cast<double>(v.im)};
  } else if constexpr (kIsComplex<S>) {
    return {static_cast<double>(v), 0};
  } else if constexpr (kIsComplex<V>) {
    return {};  // a real sum has no complex operand
  } else {
    return static_cast<S>(v);
  }
}

double times(double a, double b) { return a * b; }
uint64_t times(uint64_t a, uint64_t b) { return a * b; }
Pair times(Pair a, Pair b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
Pair times(Pair a, double b) { return {a.re * b, a.im * b}; }
void add(double& to, double x) { to += x; }
void add(uint64_t& to, uint64_t x) { to += x; }
void add(Pair& to, Pair x) {
  to.re += x.re;
  to.im += x.im;
}

// alpha * sum + beta * old, beta not 0 where old is given.
double finished(double sum, double alpha, double beta, const double* old) {
  return old == nullptr ? alpha * sum : alpha * sum + beta * *old;
}
uint64_t finished(uint64_t sum, double alpha, double beta, const uint64_t* old) {
  const uint64_t a = static_cast<uint64_t>(static_cast<int64_t>(alpha)) * sum;
  return old == nullptr ? a : a + static_cast<uint64_t>(static_cast<int64_t>(beta)) * *old;
}
Pair finished(Pair sum, double alpha, double beta, const Pair* old) {
  return {finished(sum.re, alpha, beta, old == nullptr ? nullptr : &old->re),
          finished(sum.im, alpha, beta, old == nullptr ? nullptr : &old->im)};
}

template <class S>
using Reader = S (*)(const char*);
template <class S>
using Writer = void (*)(char*, S);

template <class S>
Reader<S> reader_of(DType type, bool conjugated) {
  return visit(type, [&](auto of) -> Reader<S> {
    using T = typename decltype(of)::Type;
    if constexpr (kIsComplex<T>) {
      if (conjugated)
        return [](const char* at) {
          const T x = *reinterpret_cast<const T*>(at);
          return number_in<S>(T{x.re, -x.im});
        };
    }
    return [](const char* at) { return number_in<S>(number_of(*reinterpret_cast<const T*>(at))); };
  });
}

template <class S>
Writer<S> writer_of(DType type) {
  return visit(type, [](auto of) -> Writer<S> {
    using T = typename decltype(of)::Type;
    if constexpr (kIsComplex<S> && !kIsComplex<T>) {
      return nullptr;
    } else {
      return [](char* at, S x) { *reinterpret_cast<T*>(at) = element_of<T>(x); };
    }
  });
}

// S: what is summed.
template <class S>
class LoopsPlan final : public KernelPlan {
 public:
  explicit LoopsPlan(const Problem& p) : p_(p) {
    for (int t = 0; t < 4; ++t) size_[t] = size_of(p.type(t));
    for (int t = 0; t < p.operands; ++t) {
      real_[t] = !is_complex(p.type(t));
      read_[t] = reader_of<S>(p.type(t), p.conjugates(t));
    }
    old_ = reader_of<S>(p.type(kOut), false);
    write_ = writer_of<S>(p.type(kOut));
  }

  int32_t run(const Call& call) const noexcept override {
    const int64_t outputs = p_.outer_elements();
    const int64_t tasks = ceil_div(outputs, kTask);
    const double nanos = speed::kLoopNanos * static_cast<double>(outputs) * static_cast<double>(p_.reduced_elements());
    parallel_tasks(tasks, useful_threads(call.threads, tasks, nanos), [&](int64_t task, int) {
      const int64_t last = (task + 1) * kTask < outputs ? (task + 1) * kTask : outputs;
      for (int64_t i = task * kTask; i < last; ++i) output(call, i);
    });
    return EINBLAS_OK;
  }
  std::string describe() const override {
    return "plain loops, out " + describe_axes(p_.outer, p_.operands) + ", sum " +
           describe_axes(p_.reduced, p_.operands);
  }

 private:
  void output(const Call& call, int64_t index) const noexcept {
    int64_t at[4] = {0, 0, 0, 0};
    for (size_t a = p_.outer.size(); a-- > 0;) {
      const Axis& axis = p_.outer[a];
      const int64_t i = index % axis.length;
      index /= axis.length;
      for (int t = 0; t < 4; ++t) at[t] += i * axis.stride[t];
    }
    char* c = call.c + at[kOut] * size_[kOut];
    const S sum = reduce(call, 0, at);
    if (call.beta == 0) return write_(c, finished(sum, call.alpha, 0, nullptr));
    const S old = old_(c);
    write_(c, finished(sum, call.alpha, call.beta, &old));
  }

  S product(const Call& call, const int64_t* at) const noexcept {
    const auto value = [&](int t) { return read_[t](call.x[t] + at[t] * size_[t]); };
    if (p_.operands == 0) return number_in<S>(1);
    S product = value(0);
    bool real = real_[0];
    for (int t = 1; t < p_.operands; ++t) {
      const S x = value(t);
      if constexpr (kIsComplex<S>) {  // a real factor is no complex one: infinity times 0 is NaN
        product = real_[t] ? times(product, x.re) : real ? times(x, product.re) : times(product, x);
        real = real && real_[t];
      } else {
        product = times(product, x);
      }
    }
    return product;
  }

  S reduce(const Call& call, size_t axis, const int64_t* at) const noexcept {
    if (axis == p_.reduced.size()) return product(call, at);
    const Axis& a = p_.reduced[axis];
    int64_t here[4] = {at[0], at[1], at[2], at[3]};
    S sum{};
    for (int64_t i = 0; i < a.length; ++i) {
      add(sum, reduce(call, axis + 1, here));
      for (int t = 0; t < p_.operands; ++t) here[t] += a.stride[t];
    }
    return sum;
  }

  const Problem p_;
  int64_t size_[4];
  bool real_[kMaxOperands] = {};
  Reader<S> read_[kMaxOperands] = {}, old_;
  Writer<S> write_;
};

std::unique_ptr<KernelPlan> plan(const Problem& p, Asked) {
  if (is_complex(p.dtype)) return std::make_unique<LoopsPlan<Pair>>(p);
  if (is_integer(p.dtype)) return std::make_unique<LoopsPlan<uint64_t>>(p);
  return std::make_unique<LoopsPlan<double>>(p);
}

}  // namespace

extern const KernelEntry kLoopsKernel;
const KernelEntry kLoopsKernel = {"loops", plan, true};

}  // namespace einblas
