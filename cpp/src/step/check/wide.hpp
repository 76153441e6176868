// Checks of integers: whole numbers of 512 bits, which hold every sum of products of a step.
#pragma once
#include <cmath>
#include <cstdint>

namespace einblas {

// Two's complement, the least word first. Products of three I64 have 190 bits, so many terms 64 more, what a sum is
// multiplied by 128 and 54: nothing wraps.
struct Wide {
  static constexpr int kWords = 8;
  uint64_t word[kWords] = {};

  Wide() = default;
  Wide(int64_t v) {  // NOLINT(google-explicit-constructor): a number is a number
    word[0] = static_cast<uint64_t>(v);
    for (int i = 1; i < kWords; ++i) word[i] = v < 0 ? ~uint64_t{0} : 0;
  }
  bool negative() const { return word[kWords - 1] >> 63 != 0; }
};

inline Wide operator+(const Wide& a, const Wide& b) {
  Wide sum;
  uint64_t carry = 0;
  for (int i = 0; i < Wide::kWords; ++i) {
    const uint64_t part = a.word[i] + carry;
    const uint64_t over = part < carry ? 1 : 0;
    sum.word[i] = part + b.word[i];
    carry = over + (sum.word[i] < part ? 1 : 0);
  }
  return sum;
}

inline Wide operator-(const Wide& a) {
  Wide flipped;
  for (int i = 0; i < Wide::kWords; ++i) flipped.word[i] = ~a.word[i];
  return flipped + Wide(1);
}

inline Wide operator*(const Wide& a, const Wide& b) {
  Wide product;
  for (int i = 0; i < Wide::kWords; ++i) {
    unsigned __int128 carry = 0;
    for (int j = 0; i + j < Wide::kWords; ++j) {
      carry += static_cast<unsigned __int128>(a.word[i]) * b.word[j] + product.word[i + j];
      product.word[i + j] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
  }
  return product;
}

inline bool operator<(const Wide& a, const Wide& b) {
  if (a.negative() != b.negative()) return a.negative();
  for (int i = Wide::kWords - 1; i >= 0; --i)
    if (a.word[i] != b.word[i]) return a.word[i] < b.word[i];
  return false;
}

inline const Wide& smaller(const Wide& a, const Wide& b) { return b < a ? b : a; }
inline const Wide& larger(const Wide& a, const Wide& b) { return a < b ? b : a; }

// A double of at least its magnitude, and little more.
inline double magnitude(const Wide& a) {
  const Wide m = a.negative() ? -a : a;
  double d = 0;
  for (int i = Wide::kWords - 1; i >= 0; --i) d = d * 0x1p64 + static_cast<double>(m.word[i]);
  return d * (1 + 0x1p-48);
}

// Numbers from one to another.
struct Interval {
  Wide low, high;
};
inline Interval operator+(const Interval& a, const Interval& b) { return {a.low + b.low, a.high + b.high}; }
inline Interval operator*(const Interval& a, const Interval& b) {
  const Wide ends[] = {a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};
  Interval product{ends[0], ends[0]};
  for (const Wide& e : ends) {
    product.low = smaller(product.low, e);
    product.high = larger(product.high, e);
  }
  return product;
}
inline bool inside(const Interval& a, const Interval& range) { return !(a.low < range.low) && !(range.high < a.high); }
inline Wide magnitude_of(const Interval& a) { return larger(-a.low, a.high); }

}  // namespace einblas
