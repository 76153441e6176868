// Drivers: a binary contraction seen as a gemm: which operand gives the rows and which the vectors, in which order the
// axes of each group are walked, and how each operand lies on that walk.
#pragma once
#include <cstdint>

#include "layout/panels.hpp"
#include "step/problem.hpp"

namespace einblas {

// Rows come from tensor a (group m), vectors run along n of tensor b. Each group's last axis is walked fastest.
struct GemmLayout {
  Axes batch, m, n, k;
  int a = 0, b = 1;
  UnitStride a_unit, b_unit;
  bool c_unit = false;  // the last axis of n has the output's unit stride
};

GemmLayout gemm_layout(const Problem& p);

}  // namespace einblas
