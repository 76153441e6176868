// Conversion of tensors of any type into any other: against single elements, for any strides and threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "einblas.h"
#include "support/guarded.hpp"
#include "support/random.hpp"
#include "support/typed_case.hpp"

namespace einblas_test {
namespace {

int64_t at(const void* p) { return reinterpret_cast<int64_t>(p); }

// One element by the single-element functions; false where its integer does not fit.
bool convert_one(int32_t from, int64_t x, int32_t to, int64_t y, bool conjugated) {
  if (is_complex_type(from) && is_complex_type(to)) {
    einblas_poke_part(y, to, 0, einblas_peek_part(x, from, 0));
    einblas_poke_part(y, to, 1, (conjugated ? -1 : 1) * einblas_peek_part(x, from, 1));
    return true;
  }
  const bool whole = is_integer_type(from) || from == EINBLAS_BOOL;
  const double v = einblas_peek(x, from);
  if (to == EINBLAS_BOOL) {
    einblas_poke(y, to, v != 0 || einblas_peek_part(x, from, 1) != 0 ? 1 : 0);
    return true;
  }
  if (!is_integer_type(to)) {
    einblas_poke(y, to, v);
    return true;
  }
  if (whole) {
    const int64_t n = einblas_peek_integer(x, from);
    einblas_poke_integer(y, to, n);
    return einblas_peek_integer(y, to) == n;
  }
  const int bits = 8 * einblas_dtype_size(to) - (to == EINBLAS_U8 ? 0 : 1);
  const double most = std::ldexp(1, bits), least = to == EINBLAS_U8 ? 0 : -most;
  const int64_t largest = bits == 63 ? INT64_MAX : (int64_t{1} << bits) - 1;
  const int64_t n = std::isnan(v) ? 0
                    : v >= most   ? largest
                    : v <= least  ? static_cast<int64_t>(least)
                                  : static_cast<int64_t>(v);
  einblas_poke_integer(y, to, n);
  return true;
}

// Values of every kind, the ends of all types among them; integers up to 2^53, where single elements are exact.
void fill(Random& random, int32_t type, int64_t address) {
  const double inf = std::numeric_limits<double>::infinity();
  static const double some[] = {0,           -0.0,  1,      -1,      0.5,   -1.5, 127.9,       128,   255.5,
                                256,         32768, -32769, 65519.9, 65520, 1e-5, 6e-8,        -3e-8, 2147483647.,
                                2147483648., 1e19,  3e38,   1e39,    inf,   -inf, std::nan("")};
  if (type == EINBLAS_BOOL) {
    *reinterpret_cast<uint8_t*>(address) = static_cast<uint8_t>(random.below(3) == 0 ? 0 : random.below(256));
  } else if (is_integer_type(type)) {
    einblas_poke_integer(address, type, random.bits() >> (11 + random.below(50)));
  } else {
    for (int part = 0; part < 2; ++part)
      einblas_poke_part(address, type, part,
                        random.below(2) == 0 ? some[random.below(25)]
                                             : random.real() * std::ldexp(1, static_cast<int>(random.below(40)) - 20));
  }
}

bool same(int32_t type, int64_t a, int64_t b) {
  if (std::memcmp(reinterpret_cast<void*>(a), reinterpret_cast<void*>(b),
                  static_cast<size_t>(einblas_dtype_size(type))) == 0)
    return true;
  for (int part = 0; part < 2; ++part) {
    const double x = einblas_peek_part(a, type, part), y = einblas_peek_part(b, type, part);
    if (!(x == y || (std::isnan(x) && std::isnan(y)))) return false;
  }
  return true;
}

struct Sides {
  std::vector<int64_t> lengths, from, to;
  int64_t from_first, from_count, to_first, to_count;
};

void check(int32_t from, int32_t to, bool conjugated, const Sides& s, int threads, Random& random) {
  const int64_t x_size = einblas_dtype_size(from), y_size = einblas_dtype_size(to);
  const Guarded x(s.from_count * x_size, Guarded::At::End), y(s.to_count * y_size, Guarded::At::End);
  for (int64_t i = 0; i < s.from_count; ++i) fill(random, from, at(x.as<char>() + i * x_size));
  std::memset(y.as<char>(), 0x55, static_cast<size_t>(s.to_count * y_size));
  std::vector<char> want(y.as<char>(), y.as<char>() + s.to_count * y_size);
  int64_t misfit = -1, all = 1;
  for (int64_t n : s.lengths) all *= n;
  for (int64_t i = 0; i < all; ++i) {
    int64_t left = i, a = s.from_first, b = s.to_first;
    for (size_t d = s.lengths.size(); d-- > 0; left /= s.lengths[d]) {
      a += left % s.lengths[d] * s.from[d];
      b += left % s.lengths[d] * s.to[d];
    }
    alignas(16) char element[16];
    const bool fits = convert_one(from, at(x.as<char>() + a * x_size), to, at(element), conjugated);
    std::memcpy(want.data() + b * y_size, element, static_cast<size_t>(y_size));
    if (!fits && misfit < 0) misfit = i;
  }
  EXPECT_EQ(einblas_convert(from, to, conjugated ? 1 : 0, static_cast<int32_t>(s.lengths.size()), s.lengths.data(),
                            at(x.as<char>() + s.from_first * x_size), s.from.data(),
                            at(y.as<char>() + s.to_first * y_size), s.to.data(), threads),
            misfit)
      << einblas_dtype_name(from) << " to " << einblas_dtype_name(to);
  for (int64_t i = 0; i < s.to_count; ++i)
    ASSERT_TRUE(same(to, at(y.as<char>() + i * y_size), at(want.data() + i * y_size)))
        << einblas_dtype_name(from) << " to " << einblas_dtype_name(to) << ", place " << i << ": got "
        << einblas_peek(at(y.as<char>() + i * y_size), to) << ", want "
        << einblas_peek(at(want.data() + i * y_size), to);
}

const Sides kSides[] = {{{}, {}, {}, 0, 1, 0, 1},
                        {{67}, {1}, {1}, 0, 67, 0, 67},
                        {{35}, {-2}, {3}, 68, 69, 0, 103},
                        {{7, 19}, {19, 1}, {1, 7}, 0, 133, 0, 133},
                        {{70, 67}, {1, 70}, {67, 1}, 0, 4690, 0, 4690},
                        {{5, 6, 7}, {0, -7, 1}, {42, 7, -1}, 35, 42, 6, 210},
                        {{3, 1, 40}, {41, 9, 1}, {40, 3, 1}, 0, 122, 0, 120},
                        {{4, 0}, {1, 1}, {1, 1}, 0, 4, 0, 4}};

TEST(ConvertElements, EveryTypeIntoEveryOther) {
  Random random(3);
  for (int32_t from = EINBLAS_F32; from <= EINBLAS_C128; ++from)
    for (int32_t to = EINBLAS_F32; to <= EINBLAS_C128; ++to) {
      if (is_complex_type(from) && !is_complex_type(to) && to != EINBLAS_BOOL) continue;
      for (const Sides& s : kSides)
        for (const bool conjugated : {false, true}) check(from, to, conjugated, s, 1, random);
    }
}

TEST(ConvertElements, OnManyThreads) {
  Random random(4);
  const Sides turned{{301, 403}, {1, 301}, {403, 1}, 0, 301 * 403, 0, 301 * 403};
  const Sides plain{{301, 403}, {403, 1}, {403, 1}, 0, 301 * 403, 0, 301 * 403};
  for (const Sides& s : {turned, plain}) {
    check(EINBLAS_F32, EINBLAS_BF16, false, s, 3, random);
    check(EINBLAS_F16, EINBLAS_F32, false, s, 3, random);
    check(EINBLAS_I32, EINBLAS_U8, false, s, 3, random);
    check(EINBLAS_C64, EINBLAS_C128, true, s, 3, random);
  }
}

// Rows by instructions give what single elements do, for all halves and for floats of any bits.
TEST(ConvertElements, HalvesToTheBit) {
  constexpr int64_t kCount = 1 << 16;
  const int64_t one = 1;
  std::vector<uint16_t> halves(kCount), back(kCount);
  std::vector<float> wide(kCount);
  for (int64_t i = 0; i < kCount; ++i) halves[static_cast<size_t>(i)] = static_cast<uint16_t>(i);
  for (int32_t type : {EINBLAS_BF16, EINBLAS_F16}) {
    EXPECT_EQ(einblas_convert(type, EINBLAS_F32, 0, 1, &kCount, at(halves.data()), &one, at(wide.data()), &one, 1), -1);
    EXPECT_EQ(einblas_convert(EINBLAS_F32, type, 0, 1, &kCount, at(wide.data()), &one, at(back.data()), &one, 1), -1);
    for (size_t i = 0; i < halves.size(); ++i) {
      const double v = einblas_peek(at(&halves[i]), type);
      ASSERT_TRUE(std::isnan(v) ? std::isnan(wide[i]) : static_cast<double>(wide[i]) == v) << i;
      ASSERT_TRUE(std::isnan(v) ? std::isnan(einblas_peek(at(&back[i]), type)) : back[i] == halves[i]) << i;
    }
    Random random(17);
    for (int round = 0; round < 8; ++round) {
      for (float& x : wide) {
        // Half of them near the borders between two halves.
        uint32_t bits = static_cast<uint32_t>(random.bits());
        if (random.below(2) == 0) bits = (bits & ~0x1fffu) + static_cast<uint32_t>(0xfff + random.below(3));
        if (random.below(2) == 0) bits = (bits & 0x8fffffffu) | 0x30000000u;
        std::memcpy(&x, &bits, sizeof x);
      }
      einblas_convert(EINBLAS_F32, type, 0, 1, &kCount, at(wide.data()), &one, at(back.data()), &one, 1);
      for (size_t i = 0; i < wide.size(); ++i) {
        uint16_t want = 0;
        einblas_poke(at(&want), type, static_cast<double>(wide[i]));
        ASSERT_TRUE(std::isnan(wide[i]) ? std::isnan(einblas_peek(at(&back[i]), type)) : back[i] == want) << wide[i];
      }
    }
  }
}

TEST(ConvertElements, RefusesWhatThereIsNot) {
  const int64_t length = 1, one = 1;
  double x[2] = {1, 2}, y[2] = {3, 4};
  const auto convert = [&](int32_t from, int32_t to, int32_t axes) {
    return einblas_convert(from, to, 0, axes, &length, at(x), &one, at(y), &one, 1);
  };
  EXPECT_EQ(convert(EINBLAS_C128, EINBLAS_F64, 1), -2);
  EXPECT_EQ(convert(EINBLAS_C64, EINBLAS_I32, 1), -2);
  EXPECT_EQ(convert(12, EINBLAS_F64, 1), -2);
  EXPECT_EQ(convert(EINBLAS_F64, -1, 1), -2);
  EXPECT_EQ(convert(EINBLAS_F64, EINBLAS_F64, -1), -2);
  EXPECT_EQ(y[0], 3);
  EXPECT_EQ(convert(EINBLAS_F64, EINBLAS_F64, 1), -1);
  EXPECT_EQ(y[0], 1);
}

}  // namespace
}  // namespace einblas_test
