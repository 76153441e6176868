// Layout: walks several axes as one index, keeping the offset in each of the four tensors.
#pragma once
#include <cstdint>

#include "layout/strided.hpp"

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
  // Places of the last axis from here on, this one too; 1 where there are no axes.
  int64_t left() const { return axes_.empty() ? 1 : axes_.back().length - index_[axes_.size() - 1]; }
  // Goes on by `n` along the last axis; n is less than left().
  void skip(int64_t n) {
    if (n == 0) return;
    index_[axes_.size() - 1] += n;
    for (int t = 0; t < 4; ++t) at_[t] += n * axes_.back().stride[t];
  }

 private:
  const Axes& axes_;
  int64_t index_[kMaxWalkAxes];
  int64_t at_[4] = {0, 0, 0, 0};
};

}  // namespace einblas
