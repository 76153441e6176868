// Elements of any type: copies between strided layouts, bit by bit, for types that no kernel computes with.
#include "layout/elements.hpp"

#include <cstring>

namespace einblas {
namespace {

// Integer tensors are indices, small beside the data they point into: a plain loop nest is enough.
template <class Bits>
void copy(int axes, const int64_t* lengths, const Bits* from, const int64_t* from_strides, Bits* to,
          const int64_t* to_strides) {
  if (axes == 0) {
    *to = *from;
    return;
  }
  const int64_t n = lengths[0], sf = from_strides[0], st = to_strides[0];
  if (axes > 1) {
    for (int64_t i = 0; i < n; ++i)
      copy(axes - 1, lengths + 1, from + i * sf, from_strides + 1, to + i * st, to_strides + 1);
  } else if (sf == 1 && st == 1) {
    std::memcpy(to, from, static_cast<size_t>(n) * sizeof(Bits));
  } else {
    for (int64_t i = 0; i < n; ++i) to[i * st] = from[i * sf];
  }
}

}  // namespace

void copy_elements(int64_t element_bytes, int axes, const int64_t* lengths, const char* from,
                   const int64_t* from_strides, char* to, const int64_t* to_strides) noexcept {
  for (int a = 0; a < axes; ++a)
    if (lengths[a] <= 0) return;
  if (element_bytes == 4) {
    copy(axes, lengths, reinterpret_cast<const uint32_t*>(from), from_strides, reinterpret_cast<uint32_t*>(to),
         to_strides);
  } else {
    copy(axes, lengths, reinterpret_cast<const uint64_t*>(from), from_strides, reinterpret_cast<uint64_t*>(to),
         to_strides);
  }
}

}  // namespace einblas
