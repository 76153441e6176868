// Layout: strided tensors: axes with one stride for each tensor of a step, and a tensor by address and strides.
#pragma once
#include <cstdint>
#include <vector>

namespace einblas {

constexpr int kMaxOperands = 3;
constexpr int kOut = 3;  // index of the output among the four tensors of a step

struct Axis {
  int64_t length;
  int64_t stride[4];  // operands 0..2 (0 where absent), then the output
};

using Axes = std::vector<Axis>;

inline int64_t elements(const Axes& axes) {
  int64_t n = 1;
  for (const Axis& a : axes) n *= a.length;
  return n;
}

// Of the first and the second operand of a product: whether its conjugate is meant; of real ones it means nothing.
struct Conjugated {
  bool first = false, second = false;
};

// A tensor by address and strides in elements.
struct Strided {
  char* at;
  int64_t stride[4];
};

}  // namespace einblas
