// Elements of any type: copies keep every bit, for any strides.
#include <gtest/gtest.h>

#include <cstdint>
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
  const char* const names[] = {"F32", "F64", "I32", "I64"};
  const int32_t codes[] = {EINBLAS_F32, EINBLAS_F64, EINBLAS_I32, EINBLAS_I64}, bytes[] = {4, 8, 4, 8};
  for (int i = 0; i < 4; ++i) {
    EXPECT_STREQ(einblas_dtype_name(codes[i]), names[i]);
    EXPECT_EQ(einblas_dtype_size(codes[i]), bytes[i]);
  }
  for (int32_t none : {-1, 4, INT32_MAX}) {
    EXPECT_EQ(einblas_dtype_name(none), nullptr);
    EXPECT_EQ(einblas_dtype_size(none), 0);
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
