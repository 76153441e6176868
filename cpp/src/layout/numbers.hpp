// Layout: elements that C++ has no type for (16-bit floats, truth values, complex numbers), and conversions of any into
// any, rounded once.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace einblas {

struct Bf16 {
  uint16_t bits;  // the upper half of a float's
};
struct F16 {
  uint16_t bits;
};
struct Bool {
  uint8_t byte;  // 0 or 1; any other is read as true
};
template <class R>
struct Complex {
  R re, im;
};

template <class T>
constexpr bool kIsComplex = false;
template <class R>
constexpr bool kIsComplex<Complex<R>> = true;

inline uint32_t bits_of(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}
inline float float_of(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

inline float to_float(Bf16 x) { return float_of(uint32_t{x.bits} << 16); }
inline float to_float(F16 x) {
  const uint32_t sign = (x.bits & 0x8000u) << 16, rest = x.bits & 0x7fffu;
  if (rest >= 0x7c00) return float_of(sign | 0x7f800000u | (rest & 0x3ff) << 13 | (rest > 0x7c00 ? 0x400000u : 0));
  if (rest >= 0x0400) return float_of(sign | ((rest << 13) + (112u << 23)));
  return float_of(sign | bits_of(static_cast<float>(rest) * 0x1p-24f));
}

// To nearest, ties to even; a NaN stays one and becomes quiet.
inline Bf16 to_bf16(float x) {
  const uint32_t bits = bits_of(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return {static_cast<uint16_t>(bits >> 16 | 0x40)};
  return {static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}
inline F16 to_f16(float x) {
  const uint32_t bits = bits_of(x), sign = bits >> 16 & 0x8000, rest = bits & 0x7fffffff;
  uint32_t half = 0x7c00;  // infinity, from 65520 on
  if (rest > 0x7f800000u) {
    half = 0x7e00 | (rest >> 13 & 0x3ff);
  } else if (rest < 0x38800000u) {
    half = bits_of(float_of(rest) + 0.5f) - 0x3f000000u;  // rounded to units of 2^-24 by the addition
  } else if (rest < 0x477ff000u) {
    half = (rest + 0xfff + (rest >> 13 & 1) - (112u << 23)) >> 13;
  }
  return {static_cast<uint16_t>(sign | half)};
}

// The next float toward 0, its last bit set where that is not x itself: a rounding that follows is as if of x.
inline float to_odd(double x) {
  const float near = static_cast<float>(x);
  const double back = static_cast<double>(near);
  if (back == x || x != x) return near;
  uint32_t bits = bits_of(near);
  if ((back < 0 ? -back : back) > (x < 0 ? -x : x)) --bits;
  return float_of(bits | 1);
}
// The same of an integer, as a double.
inline double to_odd(int64_t x) {
  constexpr int64_t exact = int64_t{1} << 53, lost = 0x7ff;
  if (x >= -exact && x <= exact) return static_cast<double>(x);
  return static_cast<double>((x & ~lost) | ((x & lost) != 0 ? lost + 1 : 0));
}

// The number that an element stands for: itself, 16-bit floats as float, truth values as 0 or 1.
template <class T>
auto number_of(T x) {
  if constexpr (std::is_same_v<T, Bf16> || std::is_same_v<T, F16>) {
    return to_float(x);
  } else if constexpr (std::is_same_v<T, Bool>) {
    return static_cast<int32_t>(x.byte != 0);
  } else {
    return x;
  }
}

// A number as an element of type To. Floats: to nearest even. Real to integer: toward 0, clipped, NaN is 0. Integer to
// integer: modulo. To Bool: whether it is not 0. A complex number has no real element.
template <class To, class V>
To element_of(V v) {
  if constexpr (kIsComplex<V>) {
    if constexpr (std::is_same_v<To, Bool>) {
      return {static_cast<uint8_t>(v.re != 0 || v.im != 0)};
    } else {
      static_assert(kIsComplex<To>, "a complex number has no real element");
      return {element_of<decltype(To::re)>(v.re), element_of<decltype(To::re)>(v.im)};
    }
  } else if constexpr (kIsComplex<To>) {
    return {element_of<decltype(To::re)>(v), 0};
  } else if constexpr (std::is_same_v<To, Bool>) {
    return {static_cast<uint8_t>(v != 0)};
  } else if constexpr (std::is_same_v<To, Bf16> || std::is_same_v<To, F16>) {
    float x;
    if constexpr (std::is_same_v<V, float>) {
      x = v;
    } else if constexpr (std::is_integral_v<V>) {
      x = to_odd(to_odd(static_cast<int64_t>(v)));
    } else {
      x = to_odd(v);
    }
    if constexpr (std::is_same_v<To, Bf16>) {
      return to_bf16(x);
    } else {
      return to_f16(x);
    }
  } else if constexpr (std::is_integral_v<To> && std::is_floating_point_v<V>) {
    using Limits = std::numeric_limits<To>;
    if (v != v) return 0;
    if (v <= static_cast<V>(Limits::min())) return Limits::min();
    return v >= static_cast<V>(Limits::max()) ? Limits::max() : static_cast<To>(v);
  } else {
    return static_cast<To>(v);
  }
}

// The real numbers of an element in which sums of products are kept: a part of a complex number, F32 for 16-bit floats.
template <class E>
struct PartOf {
  using Type = decltype(number_of(E{}));
};
template <class R>
struct PartOf<Complex<R>> {
  using Type = R;
};
template <class E>
using Part = typename PartOf<E>::Type;
template <class E>
constexpr int64_t kParts = kIsComplex<E> ? 2 : 1;

// Part 0 of an element, or the imaginary one.
template <class E>
Part<E> part_of(E x, int part, bool conjugated) {
  if constexpr (kIsComplex<E>) {
    return part == 0 ? x.re : conjugated ? -x.im : x.im;
  } else {
    return number_of(x);
  }
}

// The element of these parts, rounded once.
template <class E>
E element_of_parts(const Part<E>* parts) {
  if constexpr (kIsComplex<E>) {
    return {parts[0], parts[1]};
  } else {
    return element_of<E>(parts[0]);
  }
}

// |re + i im|, without overflow. Not by hypot, which asks for glibc 2.35.
inline double modulus(double re, double im) {
  const double a = std::abs(re), b = std::abs(im);
  if (std::isinf(a) || std::isinf(b)) return std::numeric_limits<double>::infinity();
  const double most = std::max(a, b);
  if (!(most > 0) || std::isnan(a + b)) return a + b;
  const double ratio = std::min(a, b) / most;
  return most * std::sqrt(1 + ratio * ratio);
}

}  // namespace einblas
