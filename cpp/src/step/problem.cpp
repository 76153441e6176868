// Middle-end: normalises a step (drop, flip, sort, fold, group axes). Knows no kernel.
#include "step/problem.hpp"

#include <algorithm>
#include <cstdlib>

namespace einblas {
namespace {

// Turns an axis round so that `tensor`'s stride is positive; every tensor then starts at its other end.
void flip(Problem& p, Axis& a) {
  for (int t = 0; t < 4; ++t) {
    p.offset[t] += (a.length - 1) * a.stride[t];
    a.stride[t] = -a.stride[t];
  }
}

bool folds(const Axis& slow, const Axis& fast) {
  for (int t = 0; t < 4; ++t)
    if (slow.stride[t] != fast.stride[t] * fast.length) return false;
  return true;
}

// Merges every pair of axes that all tensors walk as one; the merged axis takes the faster one's place. in_order: only
// neighbours, so that elements keep their order.
void fold(Axes& axes, bool in_order) {
  for (size_t i = 0; i < axes.size();) {
    bool merged = false;
    for (size_t j = 0; j < axes.size() && !merged; ++j) {
      if (j == i || (in_order && j != i + 1) || !folds(axes[i], axes[j])) continue;
      axes[j].length *= axes[i].length;
      axes.erase(axes.begin() + static_cast<std::ptrdiff_t>(i));
      merged = true;
    }
    i = merged ? 0 : i + 1;
  }
}

int64_t largest_operand_stride(const Axis& a) {
  int64_t s = 0;
  for (int t = 0; t < kMaxOperands; ++t) s = std::max(s, std::abs(a.stride[t]));
  return s;
}

}  // namespace

void group(Problem& p) {
  p.batch.clear();
  p.m.clear();
  p.n.clear();
  for (const Axis& a : p.outer) {
    if (a.stride[0] != 0 && a.stride[1] != 0) {
      p.batch.push_back(a);
    } else if (a.stride[1] != 0) {
      p.n.push_back(a);
    } else {
      p.m.push_back(a);
    }
  }
  p.k = p.reduced;
  if (!p.invariant || p.k.empty()) return;
  if (p.m.empty()) p.m.push_back({1, {0, 0, 0, 0}});
  if (p.n.empty()) p.n.push_back({1, {0, 0, 0, 0}});
}

Problem normalise(DType dtype, int operands, int axes, int outer_axes, const int64_t* lengths, const int64_t* strides,
                  bool invariant, const int64_t* bias) {
  Problem p;
  p.invariant = invariant;
  p.dtype = dtype;
  p.operands = operands;
  for (int i = 0; i < axes; ++i) {
    if (lengths[i] == 0) (i < outer_axes ? p.empty_output : p.empty_sum) = true;
  }
  for (int i = 0; i < axes; ++i) {
    Axis a{lengths[i], {0, 0, 0, 0}};
    for (int t = 0; t < operands; ++t) a.stride[t] = strides[t * axes + i];
    if (i < outer_axes) a.stride[kOut] = strides[operands * axes + i];
    if (i < outer_axes && bias != nullptr) a.stride[kBias] = bias[i];
    if (a.length == 1) continue;
    if (p.empty_output || p.empty_sum) {
      if (i < outer_axes) p.outer.push_back(a);
      continue;
    }
    if (i < outer_axes) {
      if (a.stride[kOut] < 0) flip(p, a);
      p.outer.push_back(a);
      continue;
    }
    int64_t leading = 0;
    for (int t = kMaxOperands - 1; t >= 0; --t)
      if (a.stride[t] != 0) leading = a.stride[t];
    if (leading == 0) {
      p.multiplier *= static_cast<double>(a.length);
      p.times *= static_cast<uint64_t>(a.length);
      continue;
    }
    if (leading < 0 && !invariant) flip(p, a);
    p.reduced.push_back(a);
  }
  if (p.empty_output || p.empty_sum) return p;
  std::stable_sort(p.outer.begin(), p.outer.end(),
                   [](const Axis& a, const Axis& b) { return a.stride[kOut] > b.stride[kOut]; });
  if (!invariant)
    std::stable_sort(p.reduced.begin(), p.reduced.end(), [](const Axis& a, const Axis& b) {
      return largest_operand_stride(a) > largest_operand_stride(b);
    });
  fold(p.outer, false);
  // Plain loops, which alone sum products of three, sum axis by axis: the caller's axes then, not what folds.
  if (!invariant || operands < 3) fold(p.reduced, invariant);
  if (operands == 2) group(p);
  return p;
}

std::string describe_axes(const Axes& axes, int operands) {
  std::string s;
  for (const Axis& a : axes) {
    if (!s.empty()) s += ' ';
    s += std::to_string(a.length) + "(";
    for (int t = 0; t < operands; ++t) s += std::to_string(a.stride[t]) + ",";
    s += std::to_string(a.stride[kOut]) + ")";
  }
  return s.empty() ? "-" : s;
}

}  // namespace einblas
