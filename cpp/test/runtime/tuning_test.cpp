// Tunable numbers: listed, bounded, taken by steps made later, and harmless at any value.
#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "einblas.h"
#include "support/random.hpp"

namespace {

int32_t index_of(const std::string& name) {
  for (int32_t i = 0; i < einblas_tunables(); ++i)
    if (name == einblas_tunable_name(i)) return i;
  return -1;
}

// C (m x n) = A (m x k) B (n x k) for a batch, by a step made now.
std::vector<double> product(int64_t batch, int64_t m, int64_t n, int64_t k, int32_t threads) {
  einblas_test::Random random(7);
  const std::vector<double> a = random.reals<double>(batch * m * k), b = random.reals<double>(batch * n * k);
  std::vector<double> c(batch * m * n);
  const int64_t lengths[] = {batch, m, n, k};
  const int64_t strides[] = {m * k, k, 0, 1, n * k, 0, k, 1, m * n, n, 1, 0};
  int64_t step = 0;
  EXPECT_EQ(einblas_step_create(EINBLAS_F64, 2, 4, 3, lengths, strides, nullptr, &step), EINBLAS_OK);
  EXPECT_EQ(einblas_step_run(step, reinterpret_cast<int64_t>(a.data()), reinterpret_cast<int64_t>(b.data()), 0,
                             reinterpret_cast<int64_t>(c.data()), 1, 0, threads),
            EINBLAS_OK);
  einblas_step_destroy(step);
  return c;
}

TEST(Tuning, NamesAreUniqueAndDefaultsWithinBounds) {
  std::set<std::string> names;
  ASSERT_GT(einblas_tunables(), 5);
  for (int32_t i = 0; i < einblas_tunables(); ++i) {
    const std::string name = einblas_tunable_name(i);
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_GT(std::string(einblas_tunable_meaning(i)).size(), 5U) << name;
    EXPECT_LE(einblas_tunable(i, 2), einblas_tunable(i, 1)) << name;
    EXPECT_GE(einblas_tunable(i, 3), einblas_tunable(i, 1)) << name;
  }
  EXPECT_EQ(einblas_tunable_name(-1), nullptr);
  EXPECT_EQ(einblas_tunable_name(einblas_tunables()), nullptr);
  EXPECT_EQ(einblas_tunable(einblas_tunables(), 0), -1);
  EXPECT_EQ(einblas_tunable(0, 4), -1);
}

TEST(Tuning, ValuesOutsideTheBoundsAreRefused) {
  const int32_t i = index_of("GEMM_ROWS");
  ASSERT_GE(i, 0);
  const int64_t before = einblas_tunable(i, 0);
  EXPECT_EQ(einblas_tunable_set(i, 0), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_tunable_set(i, einblas_tunable(i, 3) + 1), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_tunable_set(-1, 1), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_tunable(i, 0), before);
}

// At its least and its largest value each tunable leaves results right and independent of the number of threads.
TEST(Tuning, ExtremeValuesGiveRightResults) {
  const struct { int64_t batch, m, n, k; } shapes[] = {{1, 150, 170, 130}, {40, 9, 11, 13}, {3, 33, 1, 200}};
  for (const auto& s : shapes) {
    const std::vector<double> expected = product(s.batch, s.m, s.n, s.k, 1);
    for (int32_t i = 0; i < einblas_tunables(); ++i) {
      const int64_t before = einblas_tunable(i, 0);
      for (int32_t end : {2, 3}) {
        ASSERT_EQ(einblas_tunable_set(i, einblas_tunable(i, end)), EINBLAS_OK);
        const std::vector<double> one = product(s.batch, s.m, s.n, s.k, 1);
        EXPECT_EQ(one, product(s.batch, s.m, s.n, s.k, 3))
            << einblas_tunable_name(i) << (end == 2 ? " least" : " most");
        // Sums of k products below 1, in any order and split: each differs by at most k^2 eps.
        const double tolerance = static_cast<double>(s.k * s.k) * 2.3e-16;
        for (size_t e = 0; e < one.size(); ++e) ASSERT_NEAR(one[e], expected[e], tolerance) << einblas_tunable_name(i);
      }
      ASSERT_EQ(einblas_tunable_set(i, before), EINBLAS_OK);
    }
  }
}

}  // namespace
