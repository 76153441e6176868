// Layout: packs blocks of strided operands into panels for the tiles of gemm and BSR kernels.
#pragma once
#include <cstdint>

#include "kernels/kernel_table.hpp"

namespace einblas {

// Where an operand's unit stride lies: on an axis of its own group (m or n), on one of depth (k), or nowhere.
// Neighbours along it stand `step` indices apart on the walk of that group (the product of the lengths of the faster
// axes).
struct UnitStride {
  enum class On { Nothing, Own, Depth } on = On::Nothing;
  int64_t step = 1, length = 1;
};

// Lane j, row p of a packed block is to[(j / width) * panel + p * stride + j % width].
struct PanelShape {
  int64_t width, panel, stride;
};

// The block's offsets in the operand: lane j, row p lies at lane[j] + row[p].
struct PackBlock {
  const int64_t* lane;
  int64_t lanes;
  const int64_t* row;
  int64_t rows;
};

// Indices from `i` on that stand `step` apart in the block and 1 apart in memory.
inline int64_t unit_run(const int64_t* offset, int64_t i, int64_t count, int64_t step) {
  int64_t run = 1;
  while (i + run * step < count && offset[i + run * step] == offset[i] + run) ++run;
  return run;
}
inline bool starts_run(const int64_t* offset, int64_t i, int64_t step) {
  return i < step || offset[i - step] + 1 != offset[i];
}

// unit: where the operand's unit stride lies: Own is the lanes' group, Depth the rows'. asks: lines to be packed next
// are asked for: worth it for an operand that comes from memory.
template <class T>
void pack_panels(const TypedKernels<T>& kernels, T* to, const PanelShape& shape, const T* from, const PackBlock& block,
                 const UnitStride& unit, bool asks = false) {
  using On = UnitStride::On;
  const int64_t step = unit.step;
  if (unit.on == On::Depth) {
    for (int64_t p = 0; p < block.rows; ++p) {
      if (!starts_run(block.row, p, step)) continue;
      kernels.pack_transposed(to, shape.width, shape.panel, shape.stride, 0, block.lanes, p,
                              unit_run(block.row, p, block.rows, step), 0, step, from + block.row[p], block.lane,
                              asks ? from + block.row[p] : nullptr);
    }
    return;
  }
  if (unit.on == On::Nothing || step == 1) {
    kernels.pack_runs(to, shape.width, shape.panel, shape.stride, block.lanes, block.rows, from, block.lane, block.row);
    return;
  }
  for (int64_t j = 0; j < block.lanes;) {
    if (!starts_run(block.lane, j, step)) {
      ++j;
      continue;
    }
    const int64_t units = unit_run(block.lane, j, block.lanes, step);
    int64_t n = 1;  // lanes that start runs of the same length
    while (j + n < block.lanes && starts_run(block.lane, j + n, step) &&
           unit_run(block.lane, j + n, block.lanes, step) == units)
      ++n;
    for (int64_t p = 0; p < block.rows; ++p)
      kernels.pack_transposed(to, shape.width, shape.panel, shape.stride, j, n, p, units, step, 0, from + block.row[p],
                              block.lane + j, asks && p + 1 < block.rows ? from + block.row[p + 1] : nullptr);
    j += n;
  }
}

}  // namespace einblas
