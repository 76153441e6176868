// Drivers: the pieces that the lanes kernel walks: panels of rows, slices of the batch, blocks of columns and depth.
#pragma once
#include <cstdint>

#include "layout/arithmetic.hpp"

namespace einblas {

constexpr int64_t kLanesSlices = 8;  // of a group: runs of 512 bytes where a vector has 64

// Rows cut into panels that differ by one row at most.
struct LanesPanels {
  int64_t rows, count;
  LanesPanels(int64_t rows_in, int64_t most) : rows(rows_in), count(rows_in <= most ? 1 : ceil_div(rows_in, most)) {}
  int64_t start(int64_t i) const { return count == 1 ? i * rows : i * rows / count; }  // without dividing where it can
  int64_t size(int64_t i) const { return start(i + 1) - start(i); }
};

// The tensors of a block: the operands in their roles and the result.
enum LanesTensor { kLanesA, kLanesB, kLanesC, kLanesTensors };

// Offsets of the lanes of one slice, of each tensor, and whether they lie side by side.
struct LanesSlice {
  int64_t* at[kLanesTensors];
  bool together[kLanesTensors];
  int count;
};

// One block of columns and depth of a group of slices; a task holds the current one and the next.
struct LanesBlock {
  LanesSlice slice[kLanesSlices];
  int64_t slices;
  bool runs[2];  // of an operand: all its slices are whole and follow each other
  int64_t nn, kk;
  bool first, last;                   // in depth
  int64_t *rows[2], *n_c, *depth[2];  // rows and depth of the operands, columns of C
  int64_t* line[2];                   // in step p of depth, the line to be asked for from a row on
};

}  // namespace einblas
