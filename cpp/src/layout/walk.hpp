// Drivers: walks several axes as one index, keeping the offset in each of the four tensors.
#pragma once
#include <cstdint>

#include "step/problem.hpp"

namespace einblas {

constexpr size_t kMaxWalkAxes = 120;

class Walk {
 public:
  // Stands at the given index of the axes (the last axis fastest). Assumes at most kMaxWalkAxes axes.
  Walk(const Axes& axes, int64_t index) : axes_(axes) {
    for (size_t a = axes_.size(); a-- > 0;) {
      index_[a] = index % axes_[a].length;
      index /= axes_[a].length;
      for (int t = 0; t < 4; ++t) at_[t] += index_[a] * axes_[a].stride[t];
    }
  }
  int64_t at(int tensor) const { return at_[tensor]; }
  void next() {
    for (size_t a = axes_.size(); a-- > 0;) {
      for (int t = 0; t < 4; ++t) at_[t] += axes_[a].stride[t];
      if (++index_[a] < axes_[a].length) return;
      for (int t = 0; t < 4; ++t) at_[t] -= axes_[a].length * axes_[a].stride[t];
      index_[a] = 0;
    }
  }

 private:
  const Axes& axes_;
  int64_t index_[kMaxWalkAxes];
  int64_t at_[4] = {0, 0, 0, 0};
};

}  // namespace einblas
