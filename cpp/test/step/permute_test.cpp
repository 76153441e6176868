// The permutation: every tail of a plane, short axes, axes that share lines, results past the caches.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "einblas.h"
#include "support/step_case.hpp"
#include "support/thinned.hpp"

namespace einblas_test {
namespace {

void expect_right_everywhere(const Equation& e) {
  for (const Variant& v : usual_variants()) {
    expect_right(e, v);
  }
}

TEST(Permute, EveryTailOfAPlane) {
  for (int64_t n = 1; n <= 64; ++n) {
    for (int64_t m : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 64}) {
      Variant v;
      v.pad = n % 2;
      v.seed = static_cast<uint32_t>(n);
      v.beta = m % 3 == 0 ? 0.5 : 0;
      v.alpha = -1.5;
      const Equation e{"ab->ba", {{'a', n}, {'b', m}}}, mirrored{"ab->ba", {{'a', m}, {'b', n}}};
      expect_right(e, v);
      expect_right(mirrored, v);
    }
  }
}

TEST(Permute, AxesThatShareCacheLines) {
  const Equation equations[] = {
      {"abc->cba", {{'a', 3}, {'b', 3}, {'c', 3}}},
      {"abc->cba", {{'a', 41}, {'b', 3}, {'c', 37}}},
      {"abc->cba", {{'a', 3}, {'b', 50}, {'c', 2}}},
      {"abc->bca", {{'a', 5}, {'b', 40}, {'c', 4}}},
      {"abc->cab", {{'a', 200}, {'b', 6}, {'c', 5}}},
      {"abc->acb", {{'a', 20}, {'b', 70}, {'c', 3}}},
      {"abcd->dcba", {{'a', 16}, {'b', 9}, {'c', 8}, {'d', 7}}},
      {"abcd->cadb", {{'a', 2}, {'b', 19}, {'c', 20}, {'d', 2}}},
      {"abcdef->cfbead", {{'a', 5}, {'b', 4}, {'c', 5}, {'d', 4}, {'e', 3}, {'f', 6}}},
      {"abcdefgh->hgfedcba", {{'a', 2}, {'b', 2}, {'c', 3}, {'d', 2}, {'e', 5}, {'f', 2}, {'g', 3}, {'h', 2}}},
      {"aab->ba", {{'a', 30}, {'b', 40}}},
      {"aba->ab", {{'a', 30}, {'b', 40}}},
      {"aba->ba", {{'a', 30}, {'b', 40}}},
  };
  for (const Equation& e : equations) expect_right_everywhere(e);
}

// Results of more than 16 MB leave with non-temporal stores, whatever the rows' alignment.
TEST(Permute, LargeResults) {
  const Equation equations[] = {
      {"ab->ba", {{'a', 611}, {'b', 503}}},
      {"ab->ba", {{'a', 560}, {'b', 530}}},
      {"abcd->dcba", {{'a', 16}, {'b', 150}, {'c', 6}, {'d', 301}}},
      {"ab->ba", {{'a', 50000}, {'b', 3}}},
      {"ab->ba", {{'a', 3}, {'b', 50000}}},
      {"ab->ba", {{'a', 30000}, {'b', 7}}},
      {"abc->cab", {{'a', 33}, {'b', 71}, {'c', 93}}},
      {"abcd->dbca", {{'a', 21}, {'b', 13}, {'c', 30}, {'d', 37}}},
      {"abcdef->fedcba", {{'a', 9}, {'b', 8}, {'c', 7}, {'d', 6}, {'e', 9}, {'f', 8}}},
  };
  const WithTunable stream("STREAM_FROM", 1 << 16);
  for (const Equation& e : equations) {
    for (int64_t pad : {0, 1}) {
      Variant v;
      v.pad = pad;
      v.alpha = 2;
      v.threads = 2;
      v.beta = pad == 0 ? 0 : 0.5;
      expect_right(e, v);
    }
  }
}

// Rows that are long on both sides: their borders lie anywhere in a line, one axis or several make them, and tiles end
// in every way.
TEST(Permute, LargeResultsOfLongRows) {
  const Equation equations[] = {
      {"ab->ba", {{'a', 2100}, {'b', 1031}}},
      {"ab->ba", {{'a', 521}, {'b', 257}}},
      {"ab->ba", {{'a', 1040}, {'b', 528}}},
      {"abcd->dcba", {{'a', 7}, {'b', 90}, {'c', 3}, {'d', 301}}},
      {"abcdef->fedcba", {{'a', 5}, {'b', 11}, {'c', 13}, {'d', 7}, {'e', 9}, {'f', 8}}},
      {"abcd->acdb", {{'a', 2}, {'b', 530}, {'c', 3}, {'d', 90}}},
      {"abcdefg->gbfedca", {{'a', 3}, {'b', 4}, {'c', 35}, {'d', 5}, {'e', 4}, {'f', 9}, {'g', 7}}},
  };
  const WithTunable stream("STREAM_FROM", 1 << 16);
  int turn = 0;
  for (const Equation& e : equations) {
    for (int64_t pad : {0, 1}) {
      for (double beta : {0.0, 0.5}) {
        if (left_out(turn++)) continue;
        Variant v;
        v.pad = pad;
        v.alpha = 2;
        v.beta = beta;
        v.threads = 2;
        expect_right(e, v);
      }
    }
  }
}

// Rows a whole number of lines apart, beginning beside a line: no aligned store may be used.
TEST(Permute, LargeResultBesideALine) {
  const WithTunable stream("STREAM_FROM", 1 << 16);
  const int64_t n = 528, strides[] = {1, n, n, 1}, lengths[] = {n, n};
  std::vector<float> x(n * n), c(n * n + 32, -1);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 1000003);
  int64_t step = 0;
  ASSERT_EQ(einblas_step_create(EINBLAS_F32, 1, 2, 2, lengths, strides, "permute", &step), EINBLAS_OK);
  for (size_t shift = 0; shift < 17; ++shift) {
    float* out = c.data() + shift;
    ASSERT_EQ(
        einblas_step_run(step, reinterpret_cast<int64_t>(x.data()), 0, 0, reinterpret_cast<int64_t>(out), 1, 0, 2),
        EINBLAS_OK);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < n; ++j) ASSERT_EQ(out[i * n + j], x[static_cast<size_t>(j * n + i)]) << i << " " << j;
  }
  einblas_step_destroy(step);
}

// Rows that begin anywhere in a line, at every place of the first one; nothing beside them is written.
TEST(Permute, LongRowsBesideALine) {
  const WithTunable stream("STREAM_FROM", 1 << 16);
  const int64_t n = 553, m = 283, pitch = 561, strides[] = {1, m, pitch, 1}, lengths[] = {m, n};
  std::vector<float> x(n * m), c(m * pitch + 32);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  int64_t step = 0;
  ASSERT_EQ(einblas_step_create(EINBLAS_F32, 1, 2, 2, lengths, strides, "permute", &step), EINBLAS_OK);
  for (size_t shift = 1; shift < 18; ++shift) {
    std::fill(c.begin(), c.end(), -1.0f);
    float* out = c.data() + shift;
    ASSERT_EQ(
        einblas_step_run(step, reinterpret_cast<int64_t>(x.data()), 0, 0, reinterpret_cast<int64_t>(out), 1, 0, 2),
        EINBLAS_OK);
    std::vector<float> expected(c.size(), -1.0f);
    for (int64_t j = 0; j < m; ++j)
      for (int64_t i = 0; i < n; ++i)
        expected[shift + static_cast<size_t>(j * pitch + i)] = x[static_cast<size_t>(i * m + j)];
    ASSERT_TRUE(c == expected) << shift;
  }
  einblas_step_destroy(step);
}

TEST(Permute, OtherOperandsAreLeftToOthers) {
  Variant v;
  v.kernel = "permute";
  EXPECT_EQ(run<float>({"ab,ab->ba", {{'a', 4}, {'b', 5}}}, v).status, EINBLAS_NOT_APPLICABLE);
  EXPECT_EQ(run<float>({"ab->a", {{'a', 4}, {'b', 5}}}, v).status, EINBLAS_NOT_APPLICABLE);
}

}  // namespace
}  // namespace einblas_test
