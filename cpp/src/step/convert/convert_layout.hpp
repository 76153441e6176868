// Conversion: what of a step goes through scratch and in which form, and the inner products that are left.
#pragma once
#include <cstdint>
#include <vector>

#include "runtime/rows.hpp"
#include "step/problem.hpp"

namespace einblas {

// Axes of scratch that the step does not have: parts of complex numbers.
constexpr size_t kS = SIZE_MAX - 1, kC = SIZE_MAX;

// One tensor of the inner products.
struct ConvertTensor {
  bool moved = false;         // lies in scratch; else where the caller has it
  Form form = Form::Plain;    // of an operand
  bool s = false, c = false;  // which axes of parts it has
  int64_t parts = 1;          // real numbers of an element where it lies
  int64_t size = 0;           // its bytes
  std::vector<size_t> order;  // of its axes in scratch, the slowest first

  // Real numbers of an element in scratch.
  int64_t reals() const { return (s ? 2 : 1) * (c ? 2 : 1); }
};

// Strides of a tensor of the inner products, in real numbers.
struct ConvertStrides {
  std::vector<int64_t> axis;
  int64_t s = 0, c = 0;
  int64_t size = 0;  // of all of it, where it lies in scratch
};

struct ConvertLayout {
  // whole: all tensors go through scratch, also those that need not.
  ConvertLayout(const Problem& p, bool whole);

  // With these lengths of the axes.
  ConvertStrides strides(int t, const std::vector<int64_t>& lengths) const;
  bool has(int t, size_t axis) const { return axes[axis].stride[t] != 0; }
  const ConvertTensor& tensor(int t) const { return t == kOut ? out : operand[t]; }

  int operands;
  DType real;  // of the inner products
  Axes axes;   // of the output, then those that are summed
  size_t outer;
  bool s = false, c = false;  // axes of parts of the inner products
  ConvertTensor operand[2], out;

 private:
  void choose_forms(const Problem& p, bool whole);
  void one_complex(const Problem& p, int x, bool whole);
  bool has_own_axis(int t) const;
  void order_axes();
  size_t fastest() const;
};

}  // namespace einblas
