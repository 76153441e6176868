// Drivers: the roles of the operands of the lanes kernel, and which axes go into the lanes.
#include "step/lanes/lanes_layout.hpp"

#include <algorithm>
#include <utility>

namespace einblas {

LanesLayout::LanesLayout(const Problem& p, int64_t width) : lanes_(p.batch), m_(p.m), n_(p.n), k_(p.k), width_(width) {
  fill_lanes();
  order_axes(p.invariant);
}

// Roles and lanes. The operand with more rows is A: it passes by while B's block stays. A batch much shorter than a
// vector takes columns of n into the lanes too: B is gathered, A's lanes repeat. Those columns become the slowest of
// n, so that only the last ones have fewer of them.
void LanesLayout::fill_lanes() {
  if (elements(m_) < elements(n_)) swap();
  const int64_t batch = elements(lanes_), fit = width_ / batch;
  if (fit >= 2) {
    Axis* best = nullptr;
    bool of_m = false;
    for (Axes* axes : {&n_, &m_})
      for (Axis& a : *axes)
        if (best == nullptr || (a.stride[kOut] == batch) > (best->stride[kOut] == batch)) {
          best = &a;
          of_m = axes == &m_;
        }
    if (best != nullptr && best->length > 1) {
      const Axis whole = *best;
      Axes& axes = of_m ? m_ : n_;
      axes.erase(axes.begin() + (best - axes.data()));
      part_ = std::min(fit, whole.length);
      Axis groups = whole, part = whole;
      groups.length = ceil_div(whole.length, part_);
      for (int64_t& s : groups.stride) s *= part_;
      part.length = part_;
      axes.insert(axes.begin(), groups);
      lanes_.insert(lanes_.begin(), part);
      if (of_m) swap();
      const int64_t rest = whole.length - (groups.length - 1) * part_;
      full_columns_ = elements(n_) / groups.length * (rest == part_ ? groups.length : groups.length - 1);
      short_lanes_ = rest * batch;
      return;
    }
  }
  full_columns_ = elements(n_);
}

void LanesLayout::swap() {
  std::swap(m_, n_);
  std::swap(operand_[0], operand_[1]);
}

// An operand whose lanes lie apart is transposed on the way: its unit stride becomes the fastest axis of depth or of
// its rows. The slowest axis of n stays, as fill_lanes wants it.
void LanesLayout::order_axes(bool invariant) {
  const auto unit = [](Axes& axes, int t, size_t from) {
    return std::find_if(axes.begin() + static_cast<std::ptrdiff_t>(from), axes.end(),
                        [t](const Axis& a) { return a.stride[t] == 1; });
  };
  bool ordered = invariant;
  for (int side : {0, 1}) {
    const int t = operand_[side];
    if (unit(lanes_, t, 0) != lanes_.end()) continue;
    const auto deep = unit(k_, t, 0);
    if (deep != k_.end() && !ordered) std::rotate(deep, deep + 1, k_.end());
    if (!k_.empty() && k_.back().stride[t] == 1) {
      unit_[side] = LanesUnit::Depth;
      ordered = true;
      continue;
    }
    Axes& own = side == 0 ? m_ : n_;
    const auto row = unit(own, t, side == 1 && part_ > 1 ? 1 : 0);
    if (row == own.end()) continue;
    std::rotate(row, row + 1, own.end());
    unit_[side] = LanesUnit::Rows;
  }
}

}  // namespace einblas
