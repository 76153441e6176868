// The allocator: alignment, accounting, refusal, the pool and its limit.
#include <gtest/gtest.h>

#include <cstring>

#include "einblas.h"

namespace {

TEST(Memory, BlocksAreAlignedCountedAndWritable) {
  const int64_t before = einblas_memory_in_use();
  for (int64_t bytes : {0, 1, 63, 64, 65, 4096, 65535, 65536, 1 << 20, (2 << 20) - 1, 2 << 20, (5 << 20) + 12345}) {
    const int64_t a = einblas_alloc(bytes);
    ASSERT_NE(a, 0) << bytes;
    EXPECT_EQ(a % 64, 0) << bytes;
    EXPECT_EQ(einblas_memory_in_use(), before + bytes);
    std::memset(reinterpret_cast<void*>(a), 1, static_cast<size_t>(bytes));
    einblas_free(a, bytes);
    EXPECT_EQ(einblas_memory_in_use(), before);
  }
  EXPECT_GE(einblas_memory_peak(), before + (5 << 20));
}

TEST(Memory, WhatTheMachineLacksIsRefusedWithoutTouchingIt) {
  EXPECT_EQ(einblas_alloc(INT64_MAX), 0);
  EXPECT_EQ(einblas_alloc(-1), 0);
  EXPECT_EQ(einblas_alloc(int64_t{1} << 50), 0);
  EXPECT_GT(einblas_memory_available(), 0);
}

TEST(Memory, TheLimitHoldsAndIsCountedAsAvailable) {
  EXPECT_EQ(einblas_memory_limit(), INT64_MAX);
  const int64_t before = einblas_memory_in_use();
  einblas_set_memory_limit(before + 1000);
  EXPECT_LE(einblas_memory_available(), 1000);
  EXPECT_EQ(einblas_alloc(1001), 0);
  const int64_t a = einblas_alloc(600);
  EXPECT_NE(a, 0);
  EXPECT_EQ(einblas_alloc(401), 0);
  const int64_t b = einblas_alloc(400);
  EXPECT_NE(b, 0);
  EXPECT_EQ(einblas_memory_available(), 0);
  EXPECT_EQ(einblas_memory_in_use(), before + 1000);
  einblas_set_memory_limit(before);
  EXPECT_EQ(einblas_memory_available(), 0);
  einblas_free(a, 600);
  einblas_free(b, 400);
  einblas_set_memory_limit(INT64_MAX);
  EXPECT_EQ(einblas_memory_in_use(), before);
}

TEST(Memory, FreedBlocksAreReusedWithinTheLimit) {
  einblas_pool_trim();
  EXPECT_EQ(einblas_pool_bytes(), 0);
  const int64_t limit = einblas_pool_limit();
  const int64_t bytes = 3 << 20;
  const int64_t a = einblas_alloc(bytes);
  einblas_free(a, bytes);
  EXPECT_GE(einblas_pool_bytes(), bytes);
  const int64_t b = einblas_alloc(bytes);
  EXPECT_EQ(a, b);
  einblas_free(b, bytes);
  einblas_set_pool_limit(0);
  EXPECT_EQ(einblas_pool_bytes(), 0);
  einblas_free(einblas_alloc(bytes), bytes);
  EXPECT_EQ(einblas_pool_bytes(), 0);
  einblas_set_pool_limit(limit);
}

}  // namespace
