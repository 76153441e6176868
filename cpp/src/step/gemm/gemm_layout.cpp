// Drivers: chooses rows, vectors and the order of axes for the gemm kernels.
#include "step/gemm/gemm_layout.hpp"

#include <algorithm>
#include <cstdlib>

namespace einblas {
namespace {

constexpr int64_t kLine = 64;
constexpr int64_t kFarStep = 512;
constexpr int64_t kMuchLarger = 8;
constexpr int64_t kShortDepth = 512;  // fits a block

// Index of the axis with unit stride in tensor t, or -1.
int unit_axis(const Axes& axes, int t) {
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i].stride[t] == 1) return static_cast<int>(i);
  return -1;
}

// Moves axis i to `back` places before the end.
void move_last(Axes& axes, int i, int back = 0) {
  if (i < 0) return;
  std::rotate(axes.begin() + i, axes.begin() + i + 1, axes.end() - back);
}

// The axis along which tensor t's elements are closest becomes the fastest.
void sort_by(Axes& axes, int t) {
  std::stable_sort(axes.begin(), axes.end(),
                   [t](const Axis& x, const Axis& y) { return std::abs(x.stride[t]) > std::abs(y.stride[t]); });
}

UnitStride find_unit(const Axes& own, const Axes& depth, int t) {
  UnitStride u;
  for (const Axes* axes : {&own, &depth}) {
    const int i = unit_axis(*axes, t);
    if (i < 0) continue;
    u.on = axes == &own ? UnitStride::On::Own : UnitStride::On::Depth;
    u.length = (*axes)[static_cast<size_t>(i)].length;
    for (size_t j = static_cast<size_t>(i) + 1; j < axes->size(); ++j) u.step *= (*axes)[j].length;
    return u;
  }
  return u;
}

// Depth follows the operand that has its unit stride there; where both have, the larger one;
void order_depth(GemmLayout& g) {
  const int ka = unit_axis(g.k, g.a);
  // where one is much larger, its lines count alone.
  const bool a_larger = elements(g.m) >= elements(g.n);
  const bool one_counts = elements(g.m) >= kMuchLarger * elements(g.n) || elements(g.n) >= kMuchLarger * elements(g.m);
  const int larger = a_larger ? g.a : g.b;
  if (one_counts && unit_axis(g.k, larger) < 0) {
    sort_by(g.k, larger);
  } else if (ka >= 0 && (a_larger || unit_axis(g.k, g.b) < 0)) {
    move_last(g.k, ka);
    const int kb = unit_axis(g.k, g.b);
    if (kb >= 0 && kb + 1 < static_cast<int>(g.k.size())) move_last(g.k, kb, 1);
  } else if (unit_axis(g.k, g.b) >= 0) {
    move_last(g.k, unit_axis(g.k, g.b));
    const int ka2 = unit_axis(g.k, g.a);
    if (ka2 >= 0 && ka2 + 1 < static_cast<int>(g.k.size())) move_last(g.k, ka2, 1);
  }
}

// The factor of a length next to `wanted`, from half of it to four times as much; 0: there is none.
int64_t factor_near(int64_t length, int64_t wanted) {
  for (int64_t away = 0; away <= 3 * wanted; ++away)
    for (const int64_t f : {wanted + away, wanted - away})
      if (2 * f >= wanted && f < length && length % f == 0) return f;
  return 0;
}

// Both operands have their unit stride along the depth, on different axes. The last axis alone would fill a block of
// depth, in which the other operand has one element of each line: blocks then are as wide as a line along the one, and
// as long as they may be along the other. lik,jkl->ji with axes of 296, share of P, one thread: F32 33 to 53 %,
// F64 37 to 58.
void split_depth(GemmLayout& g, int64_t line) {
  if (g.k.size() < 2) return;
  Axis& last = g.k[g.k.size() - 1];
  Axis& other = g.k[g.k.size() - 2];
  const bool crossed =
      (last.stride[g.a] == 1 && other.stride[g.b] == 1) || (last.stride[g.b] == 1 && other.stride[g.a] == 1);
  if (!crossed || last.length < 4 * line || last.length * other.length <= kShortDepth) return;
  int64_t part = factor_near(last.length, line);
  if (part == 0) {
    part = factor_near(other.length, line);
    if (part == 0) return;
    std::swap(last, other);
  }
  Axis parts = last;
  parts.length = last.length / part;
  for (int64_t& s : parts.stride) s *= part;
  last.length = part;
  g.k.insert(g.k.end() - 2, parts);
}

}  // namespace

GemmLayout gemm_layout(const Problem& p) {
  GemmLayout g;
  g.batch = p.batch;
  g.m = p.m;
  g.n = p.n;
  g.k = p.k;
  // Vectors run along the group that has the output's unit stride, else along one that has its operand's.
  if (unit_axis(g.n, kOut) < 0 && (unit_axis(g.m, kOut) >= 0 || (unit_axis(g.n, 1) < 0 && unit_axis(g.m, 0) >= 0))) {
    std::swap(g.m, g.n);
    g.a = 1;
    g.b = 0;
  }
  const int c_unit = unit_axis(g.n, kOut);
  g.c_unit = c_unit >= 0;
  move_last(g.n, g.c_unit ? c_unit : unit_axis(g.n, g.b));
  const bool long_rows = g.c_unit && g.n.back().length * size_of(p.dtype) >= 2 * kLine;
  // Columns whose source has its unit stride on another axis are transposed on the way: that axis must be near on the
  // walk.
  const int nb = unit_axis(g.n, g.b);
  if (nb >= 0 && nb + 1 < static_cast<int>(g.n.size()) && (long_rows || find_unit(g.n, g.k, g.b).step > kFarStep))
    move_last(g.n, nb, 1);
  // Rows go by falling output stride, so that a tile writes whole lines; where a row's run is at least two lines, its
  // neighbours do not matter and the walk follows A.
  if (long_rows || !g.c_unit) move_last(g.m, unit_axis(g.m, g.a));
  if (!p.invariant) {
    order_depth(g);
    split_depth(g, kLine / size_of(p.dtype));
  }
  g.a_unit = find_unit(g.m, g.k, g.a);
  g.b_unit = find_unit(g.n, g.k, g.b);
  return g;
}

}  // namespace einblas
