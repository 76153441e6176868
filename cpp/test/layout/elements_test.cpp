// Elements of any type: copies keep every bit, for any strides.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "einblas.h"

namespace {

TEST(Elements, CopiesKeepBitsForAnyStrides) {
  // Bits of signalling NaNs among them, which floating-point copies would change.
  std::vector<int32_t> from = {0x7FA00001, 1, 2, 3, -4, 5}, to(6, 0);
  const int64_t lengths[] = {2, 3}, from_strides[] = {3, 1}, turned[] = {1, 2}, flipped[] = {-3, -1};
  einblas_copy(EINBLAS_I32, 2, lengths, reinterpret_cast<int64_t>(from.data()), from_strides,
               reinterpret_cast<int64_t>(to.data()), turned);
  EXPECT_EQ(to, (std::vector<int32_t>{0x7FA00001, 3, 1, -4, 2, 5}));
  einblas_copy(EINBLAS_I32, 2, lengths, reinterpret_cast<int64_t>(from.data() + 5), flipped,
               reinterpret_cast<int64_t>(to.data()), from_strides);
  EXPECT_EQ(to, (std::vector<int32_t>{5, -4, 3, 2, 1, 0x7FA00001}));
  std::vector<int64_t> wide = {INT64_MIN, 7}, copy(2, 0);
  const int64_t two[] = {2}, one[] = {1}, none[] = {0};
  einblas_copy(EINBLAS_I64, 1, two, reinterpret_cast<int64_t>(wide.data()), one, reinterpret_cast<int64_t>(copy.data()),
               one);
  EXPECT_EQ(copy, wide);
  einblas_copy(EINBLAS_I64, 1, none, 0, one, 0, one);  // nothing is touched
}

TEST(Elements, TypesAreNamedByTheirCodes) {
  const char* const names[] = {"F32", "F64", "I32", "I64", "BF16", "F16", "I8", "U8", "I16", "BOOL", "C64", "C128"};
  const int32_t bytes[] = {4, 8, 4, 8, 2, 2, 1, 1, 2, 1, 8, 16};
  for (int32_t code = EINBLAS_F32; code <= EINBLAS_C128; ++code) {
    EXPECT_STREQ(einblas_dtype_name(code), names[code]);
    EXPECT_EQ(einblas_dtype_size(code), bytes[code]);
  }
  for (int32_t none : {-1, 12, INT32_MAX}) {
    EXPECT_EQ(einblas_dtype_name(none), nullptr);
    EXPECT_EQ(einblas_dtype_size(none), 0);
  }
}

// Bytes of every size, with gaps and backwards.
TEST(Elements, CopiesAnyType) {
  for (int32_t code = EINBLAS_F32; code <= EINBLAS_C128; ++code) {
    const int64_t size = einblas_dtype_size(code), n = 5;
    std::vector<uint8_t> from(static_cast<size_t>(2 * n * size)), to(from.size(), 0xEE);
    for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<uint8_t>(i);
    const int64_t length = n, forth = 2, back = -1;
    einblas_copy(code, 1, &length, reinterpret_cast<int64_t>(from.data()), &forth,
                 reinterpret_cast<int64_t>(to.data()) + (n - 1) * size, &back);
    for (int64_t i = 0; i < n; ++i)
      EXPECT_EQ(std::memcmp(&to[static_cast<size_t>((n - 1 - i) * size)], &from[static_cast<size_t>(2 * i * size)],
                            static_cast<size_t>(size)),
                0)
          << einblas_dtype_name(code) << ' ' << i;
    EXPECT_EQ(to[static_cast<size_t>(n * size)], 0xEE);
  }
}

TEST(Elements, PeekAndPokeRoundOnce) {
  alignas(16) char at[16] = {};
  const int64_t address = reinterpret_cast<int64_t>(at);
  const auto kept = [&](int32_t code, double v) {
    einblas_poke(address, code, v);
    return einblas_peek(address, code);
  };
  for (int32_t code = EINBLAS_F32; code <= EINBLAS_C128; ++code) EXPECT_EQ(kept(code, 1), 1) << code;
  EXPECT_EQ(kept(EINBLAS_F16, 65519.99), 65504);
  EXPECT_EQ(kept(EINBLAS_F16, 65520), INFINITY);
  EXPECT_EQ(kept(EINBLAS_F16, 0x1p-24), 0x1p-24);
  EXPECT_EQ(kept(EINBLAS_F16, 0x1p-25), 0);  // a tie, to even
  EXPECT_EQ(kept(EINBLAS_F16, 0x1.8p-24), 0x1p-23);
  EXPECT_TRUE(std::isnan(kept(EINBLAS_F16, NAN)) && std::isnan(kept(EINBLAS_BF16, NAN)));
  EXPECT_EQ(kept(EINBLAS_BF16, 1 + 0x1p-8), 1);
  EXPECT_EQ(kept(EINBLAS_BF16, 1 + 0x1p-8 + 0x1p-40), 1 + 0x1p-7);  // as a float it would be a tie
  EXPECT_EQ(kept(EINBLAS_BF16, 1 + 0x3p-8), 1 + 0x1p-6);
  EXPECT_EQ(kept(EINBLAS_BF16, 1e39), INFINITY);
  EXPECT_EQ(kept(EINBLAS_BF16, 0x1p-133), 0x1p-133);
  EXPECT_EQ(kept(EINBLAS_BOOL, 0.5), 1);
  EXPECT_EQ(kept(EINBLAS_U8, 255), 255);
  EXPECT_EQ(kept(EINBLAS_I16, -32768), -32768);
  einblas_poke_part(address, EINBLAS_C128, 0, 3);
  einblas_poke_part(address, EINBLAS_C128, 1, -4);
  EXPECT_EQ(einblas_peek_part(address, EINBLAS_C128, 0), 3);
  EXPECT_EQ(einblas_peek_part(address, EINBLAS_C128, 1), -4);
  EXPECT_EQ(kept(EINBLAS_C128, 2), 2);
  EXPECT_EQ(einblas_peek_part(address, EINBLAS_C128, 1), 0);
}

// Every 16-bit float is what it was after a way through F32.
TEST(Elements, HalvesKeepTheirBits) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits)
    for (int32_t code : {EINBLAS_BF16, EINBLAS_F16}) {
      uint16_t at = static_cast<uint16_t>(bits);
      const double value = einblas_peek(reinterpret_cast<int64_t>(&at), code);
      at = 0;
      einblas_poke(reinterpret_cast<int64_t>(&at), code, value);
      if (std::isnan(value)) {
        EXPECT_TRUE(std::isnan(einblas_peek(reinterpret_cast<int64_t>(&at), code))) << bits;
      } else {
        ASSERT_EQ(at, bits) << code;
      }
    }
}

TEST(Elements, IntegersAreReadAndWrittenExactly) {
  int64_t wide = 0;
  int32_t narrow = 0;
  einblas_poke_integer(reinterpret_cast<int64_t>(&wide), EINBLAS_I64, (int64_t{1} << 53) + 1);
  einblas_poke(reinterpret_cast<int64_t>(&narrow), EINBLAS_I32, -3.0);
  EXPECT_EQ(einblas_peek_integer(reinterpret_cast<int64_t>(&wide), EINBLAS_I64), (int64_t{1} << 53) + 1);
  EXPECT_EQ(einblas_peek(reinterpret_cast<int64_t>(&narrow), EINBLAS_I32), -3.0);
}

}  // namespace
