// Drivers: the roles of the operands of the lanes kernel, and which axes go into the lanes.
#pragma once
#include <cstdint>

#include "step/problem.hpp"

namespace einblas {

// Where an operand has its unit stride, if not along the lanes.
enum class LanesUnit { Depth, Rows, Nowhere };

struct LanesLayout {
  // width: elements of a vector.
  LanesLayout(const Problem& p, int64_t width);

  Axes lanes_, m_, n_, k_;
  int operand_[2] = {0, 1};  // the operands in the roles of A and B
  LanesUnit unit_[2] = {LanesUnit::Nowhere, LanesUnit::Nowhere};
  // Columns joined in a vector; columns before those with fewer joined ones, whose lanes are short_lanes_.
  int64_t part_ = 1, full_columns_ = 0, short_lanes_ = 0;
  int64_t width_;

 private:
  void fill_lanes();
  void order_axes(bool invariant);
  void swap();
};

}  // namespace einblas
