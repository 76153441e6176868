// Checks of integers: the least and the largest element of a tensor, and reading one.
#pragma once
#include <cstdint>

#include "layout/dtype.hpp"
#include "layout/strided.hpp"

namespace einblas {

struct Bounds {
  int64_t low, high;
};

// A tensor's own axes, the closest ones last, and the element at which they start.
struct OwnAxes {
  Axes axes;  // strides of tensor 0
  int64_t first = 0;

  OwnAxes() = default;
  // Those of `axes` that tensor t has.
  OwnAxes(const Axes& axes, int t);
};

// Of a tensor of integers or truth values of at least one element.
Bounds bounds_of(DType type, const OwnAxes& own, const char* x, int threads) noexcept;

// The element at an address, as a number.
using ReadInteger = int64_t (*)(const char*);
ReadInteger integer_reader(DType type);

// The least and the largest number of a type.
Bounds range_of(DType type);

}  // namespace einblas
