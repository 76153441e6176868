// Layout: copies of elements bit by bit.
#include "layout/elements.hpp"

#include <cstring>

namespace einblas {
namespace {

// Types of one size are copied by one loop.
template <size_t bytes>
struct Bits;
template <>
struct Bits<1> {
  using Type = uint8_t;
};
template <>
struct Bits<2> {
  using Type = uint16_t;
};
template <>
struct Bits<4> {
  using Type = uint32_t;
};
template <>
struct Bits<8> {
  using Type = uint64_t;
};
struct Bits128 {
  uint64_t low, high;
};
template <>
struct Bits<16> {
  using Type = Bits128;
};

// Integer tensors are indices, small beside the data they point into: a plain loop nest is enough.
template <class B>
void copy(int axes, const int64_t* lengths, const B* from, const int64_t* from_strides, B* to,
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
    std::memcpy(to, from, static_cast<size_t>(n) * sizeof(B));
  } else {
    for (int64_t i = 0; i < n; ++i) to[i * st] = from[i * sf];
  }
}

}  // namespace

void copy_elements(DType dtype, int axes, const int64_t* lengths, const char* from, const int64_t* from_strides,
                   char* to, const int64_t* to_strides) noexcept {
  for (int a = 0; a < axes; ++a)
    if (lengths[a] <= 0) return;
  visit(dtype, [&](auto of) {
    using B = typename Bits<sizeof(typename decltype(of)::Type)>::Type;
    copy(axes, lengths, reinterpret_cast<const B*>(from), from_strides, reinterpret_cast<B*>(to), to_strides);
  });
}

}  // namespace einblas
