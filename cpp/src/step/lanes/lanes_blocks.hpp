// Drivers: the pieces that the lanes kernel walks: panels of rows, slices of the batch, blocks of columns and depth.
#pragma once
#include <cstdint>

#include "layout/arithmetic.hpp"

namespace einblas {

// Rows cut into panels that differ by one row at most.
struct LanesPanels {
  int64_t rows, count;
  LanesPanels(int64_t rows_in, int64_t most) : rows(rows_in), count(ceil_div(rows_in, most)) {}
  int64_t start(int64_t i) const { return i * rows / count; }
  int64_t size(int64_t i) const { return start(i + 1) - start(i); }
};

// Offsets of the lanes of one slice.
struct LanesSlice {
  int64_t *a, *b, *c;
  int count;
  bool a_together, b_together, c_together;
};

// One block of columns and depth; the rolling walk holds the current one and the next.
struct LanesBlock {
  LanesSlice lanes;
  int64_t nn, kk;
  bool first;  // in depth: C is multiplied by beta
  int64_t *n_b, *n_c, *k_a, *k_b;
};

}  // namespace einblas
