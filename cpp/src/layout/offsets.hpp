// Layout: offsets of a folded index over several axes, for any of the four tensors.
#pragma once
#include <cstdint>

#include "layout/strided.hpp"

namespace einblas {

// Fills out[i] with the offset in tensor `t` of index first + i of the axes walked as one (the last axis fastest).
inline void fill_offsets(const Axes& axes, int t, int64_t first, int64_t count, int64_t* out) {
  if (axes.size() == 1) {
    for (int64_t i = 0; i < count; ++i) out[i] = (first + i) * axes[0].stride[t];
    return;
  }
  if (axes.empty()) {
    for (int64_t i = 0; i < count; ++i) out[i] = 0;
    return;
  }
  const Axis& fast = axes.back();
  int64_t i = 0;
  while (i < count) {
    const int64_t index = first + i;
    const int64_t inner = index % fast.length;
    int64_t rest = index / fast.length, base = 0;
    for (size_t a = axes.size() - 1; a-- > 0;) {
      base += rest % axes[a].length * axes[a].stride[t];
      rest /= axes[a].length;
    }
    for (int64_t j = inner; j < fast.length && i < count; ++j, ++i) out[i] = base + j * fast.stride[t];
  }
}

inline int64_t offset_of(const Axes& axes, int t, int64_t index) {
  int64_t base = 0;
  for (size_t a = axes.size(); a-- > 0;) {
    base += index % axes[a].length * axes[a].stride[t];
    index /= axes[a].length;
  }
  return base;
}

inline bool contiguous(const int64_t* offsets, int64_t count) {
  for (int64_t i = 1; i < count; ++i)
    if (offsets[i] != offsets[0] + i) return false;
  return true;
}

}  // namespace einblas
