// Layout: packs blocks of strided operands into panels for the tiles of gemm and BSR kernels.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <numeric>

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

// Groups of lanes after which the same lanes follow a little further on, or 0: lanes of a run are far apart, and
// runs near each other.
inline int64_t lanes_apart(const PackBlock& block, int64_t group) {
  if (block.lanes < 3 * group) return 0;
  const int64_t step = std::abs(block.lane[1] - block.lane[0]);
  int64_t run = 1;
  while (run < block.lanes && std::abs(block.lane[run] - block.lane[run - 1]) == step) ++run;
  const int64_t period = run / std::gcd(run, group), lanes = period * group;
  if (lanes >= block.lanes || std::abs(block.lane[lanes] - block.lane[0]) >= step) return 0;
  return period;
}

// unit: where the operand's unit stride lies: Own is the lanes' group, Depth the rows'. asks: lines to be packed next
// are asked for: worth it for an operand that comes from memory.
template <class T>
void pack_panels(const TypedKernels<T>& kernels, T* to, const PanelShape& shape, const T* from, const PackBlock& block,
                 const UnitStride& unit, bool asks = false) {
  using On = UnitStride::On;
  constexpr int64_t kLanes = 16;
  const int64_t step = unit.step;
  if (unit.on == On::Depth) {
    // Lanes by groups. Where a run of lanes ends, what comes next is often the same lanes a little further: groups that
    // lie so are packed one after the other, from end to end of their lines.
    const int64_t period = lanes_apart(block, kLanes), groups = (block.lanes + kLanes - 1) / kLanes;
    for (int64_t p = 0; p < block.rows; ++p) {
      if (!starts_run(block.row, p, step)) continue;
      const int64_t units = unit_run(block.row, p, block.rows, step);
      const T* x = from + block.row[p];
      if (period == 0) {
        kernels.pack_transposed(to, shape.width, shape.panel, shape.stride, 0, block.lanes, p, units, 0, step, x,
                                block.lane, asks ? x : nullptr);
        continue;
      }
      for (int64_t s = 0; s < period; ++s)
        for (int64_t g = s; g < groups; g += period) {
          const int64_t l = g * kLanes, next = l + period * kLanes,
                        n = block.lanes - l < kLanes ? block.lanes - l : kLanes;
          kernels.pack_transposed(to, shape.width, shape.panel, shape.stride, l, n, p, units, 0, step, x,
                                  block.lane + l,
                                  asks && next < block.lanes ? x + block.lane[next] - block.lane[l] : nullptr);
        }
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
    // Rows that follow each other closer than lanes do are read along: a few lanes at a time from end to end.
    const bool along = n > kLanes && block.rows > 1 &&
                       std::abs(block.row[1] - block.row[0]) < std::abs(block.lane[j + 1] - block.lane[j]);
    const int64_t most = along ? kLanes : n, next = along ? 4 : 1;
    for (int64_t i = 0; i < n; i += most)
      for (int64_t p = 0; p < block.rows; ++p)
        kernels.pack_transposed(to, shape.width, shape.panel, shape.stride, j + i, most < n - i ? most : n - i, p,
                                units, step, 0, from + block.row[p], block.lane + j + i,
                                asks && p + next < block.rows ? from + block.row[p + next] : nullptr);
    j += n;
  }
}

// Lanes that nothing is packed into, up to whole vectors of `vector` lanes, become 0. Tiles compute with them and throw
// the results away; what lies there by chance is often subnormal, and such products take a hundred times as long.
template <class T>
void clear_rest(T* to, const PanelShape& shape, int64_t lanes, int64_t rows, int64_t vector) {
  for (int64_t j = 0; j < lanes; j += shape.width) {
    const int64_t n = lanes - j < shape.width ? lanes - j : shape.width, end = (n + vector - 1) / vector * vector;
    T* const panel = to + j / shape.width * shape.panel;
    for (int64_t p = 0; p < rows && n < end; ++p)
      for (int64_t l = n; l < end; ++l) panel[p * shape.stride + l] = T{0};
  }
}

}  // namespace einblas
