// Fuzzer: a step over random tensors, and its reference.
#pragma once
#include <algorithm>

#include "fuzz.hpp"

namespace einblas_fuzz {

struct Shape {
  int operands, axes, outer;
  Lengths lengths;
  std::vector<std::vector<bool>> has;  // [operand][axis]
};

template <class T>
struct Step {
  Shape shape;
  std::vector<std::unique_ptr<Tensor<T>>> x;
  std::unique_ptr<Tensor<T>> c;
  std::vector<int64_t> strides;
  int64_t handle = 0;

  Step(Random& random, Shape s, bool any_layout = true) : shape(std::move(s)) {
    for (int t = 0; t < shape.operands; ++t) add_operand(random, t, any_layout);
    const Lengths out(shape.lengths.begin(), shape.lengths.begin() + shape.outer);
    c = std::make_unique<Tensor<T>>(random, random_layout(random, out, true));
    for (int a = 0; a < shape.axes; ++a) strides.push_back(a < shape.outer ? c->stride(static_cast<size_t>(a)) : 0);
  }
  ~Step() { einblas_step_destroy(handle); }

  void add_operand(Random& random, int t, bool any_layout) {
    Lengths own;
    std::vector<size_t> axis;
    for (size_t a = 0; a < shape.lengths.size(); ++a)
      if (shape.has[static_cast<size_t>(t)][a]) {
        own.push_back(shape.lengths[a]);
        axis.push_back(a);
      }
    x.push_back(std::make_unique<Tensor<T>>(random, random_layout(random, own, !any_layout)));
    std::vector<int64_t> mine(shape.lengths.size(), 0);
    for (size_t i = 0; i < axis.size(); ++i) mine[axis[i]] = x.back()->stride(i);
    strides.insert(strides.end(), mine.begin(), mine.end());
    if (any_layout && random.one_in(20) && x.back()->memory.count() > 0) {
      x.back()->memory[random.below(x.back()->memory.count())] = std::numeric_limits<T>::quiet_NaN();
      x.back()->keep();
    }
  }

  int32_t create(const char* kernel) {
    return counted(einblas_step_create(dtype<T>(), shape.operands, shape.axes, shape.outer, shape.lengths.data(),
                                       strides.data(), kernel, &handle));
  }
  // packed: with packed copies of the operands that the step packs.
  int32_t run(double alpha, double beta, int32_t threads, bool packed = false) const {
    constexpr int64_t line = 64;
    int64_t at[3] = {0, 0, 0};
    for (size_t t = 0; t < x.size(); ++t) at[t] = x[t]->address();
    if (!packed) return einblas_step_run(handle, at[0], at[1], at[2], c->address(), alpha, beta, threads);
    std::vector<std::unique_ptr<Block<char>>> copies;
    int64_t copy[2] = {0, 0};
    for (int t = 0; t < 2; ++t) {
      const int64_t bytes = einblas_step_packed_bytes(handle, t);
      if (bytes == 0) continue;
      copies.push_back(std::make_unique<Block<char>>(bytes + line));
      copy[t] = (copies.back()->address() + line - 1) / line * line;
      const int32_t status = einblas_step_pack(handle, t, at[t], copy[t], threads);
      if (status != EINBLAS_OK) return status;
    }
    return einblas_step_run_packed(handle, at[0], at[1], at[2], c->address(), copy[0], copy[1], alpha, beta, threads);
  }

  // Calls f(index of each tensor's element, the output last) for all points of the axes [axis, end).
  template <class F>
  void walk(int axis, int end, std::vector<int64_t>& at, const F& f) const {
    if (axis == end) {
      f();
      return;
    }
    const size_t n = static_cast<size_t>(shape.axes);
    for (int64_t i = 0; i < shape.lengths[static_cast<size_t>(axis)]; ++i) {
      walk(axis + 1, end, at, f);
      for (size_t t = 0; t < at.size(); ++t) at[t] += strides[t * n + static_cast<size_t>(axis)];
    }
    for (size_t t = 0; t < at.size(); ++t)
      at[t] -= shape.lengths[static_cast<size_t>(axis)] * strides[t * n + static_cast<size_t>(axis)];
  }

  void expect(Expected<T>& expected, double alpha, double beta) const {
    std::vector<int64_t> at;
    for (const auto& t : x) at.push_back(t->layout.first);
    at.push_back(c->layout.first);
    int64_t terms = 1;
    for (int a = shape.outer; a < shape.axes; ++a) terms *= shape.lengths[static_cast<size_t>(a)];
    walk(0, shape.outer, at, [&] {
      double sum = 0, magnitude = 0;
      walk(shape.outer, shape.axes, at, [&] {
        double product = 1;
        for (size_t t = 0; t < x.size(); ++t) product *= static_cast<double>(x[t]->memory[at[t]]);
        sum += product;
        magnitude += std::fabs(product);
      });
      expected.set(at.back(), alpha, sum, magnitude, beta, terms);
    });
  }
};

}  // namespace einblas_fuzz
