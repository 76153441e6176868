// Sums and dot-like products: every length of a short line, rows side by side, long lines, parts of a sum.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "einblas.h"
#include "support/step_case.hpp"
#include "support/thinned.hpp"
#include "support/typed_case.hpp"

namespace einblas_test {
namespace {

const char* const kTexts[] = {"ab->a",    "ab->b",      "ab,b->a",    "ab,a->b", "ab,ab->a",
                              "ab,ab->b", "cab,cb->ca", "cab,ca->cb", "abc->ca", "acb->ac"};

TEST(Reduce, EveryLengthOfALine) {
  for (int64_t n = 2; n <= 70; ++n) {
    for (const char* text : kTexts) {
      Variant v;
      v.kernel = "reduce";
      v.pad = n % 3 == 0 ? 1 : 0;
      v.negative = n % 5 == 0;
      v.beta = n % 2 == 0 ? 0.5 : 0;
      v.alpha = 1.5;
      v.seed = static_cast<uint32_t>(n);
      const Equation e{text, {{'a', 19}, {'b', n}, {'c', 3}}}, turned{text, {{'a', n}, {'b', 19}, {'c', 3}}};
      expect_right(e, v);
      expect_right(turned, v);
    }
  }
}

TEST(Reduce, LongLinesInAllLayouts) {
  for (const char* text : kTexts) {
    const Equation e{text, {{'a', 150}, {'b', 333}, {'c', 2}}};
    for (Variant v : usual_variants()) {
      v.kernel = "reduce";
      expect_right(e, v);
    }
  }
}

// Rows that share a vector, with every number of rows that may be left over; what is read ends at a guard page.
TEST(Reduce, ShortRowsOfEveryCount) {
  for (const char* text : {"ab->a", "ab,ab->a", "ab,b->a", "cab,cb->ca"}) {
    for (int64_t n = 2; n <= 17; ++n)
      for (int64_t rows : {1, 2, 3, 5, 8, 15, 16, 17, 31, 33, 48, 67}) {
        Variant v;
        v.kernel = "reduce";
        v.at_end = rows % 2 == 1;
        v.beta = rows % 3 == 0 ? -0.5 : 0;
        v.seed = static_cast<uint32_t>(100 * n + rows);
        expect_right({text, {{'a', rows}, {'b', n}, {'c', 5}}}, v);
      }
  }
}

// Long sums down short rows: packed in vectors, with gaps between rows, with summed axes in the row, with a y that is
// picked from, with another summed axis, with more outputs than tasks.
TEST(Reduce, LongSumsDownShortRows) {
  const char* const texts[] = {"ka->a",      "ka,ka->a",   "ka,k->a",      "kab,kb->a", "kab,ka->b", "kab,kab->ab",
                               "kab->a",     "kab->b",     "ka,a->",       "kab,a->b",  "cka->ca",   "cka,cka->a",
                               "cka,ck->ca", "kab,kb->ba", "kab,kac->abc", "kab,kb->",  "cka,ak->ca"};
  for (const char* text : texts)
    for (int64_t k : {64, 65, 127, 1000, 20011}) {
      for (int64_t a : {2, 3, 5, 7}) {
        const Equation e{text, {{'k', k}, {'a', a}, {'b', k % 2 + 2}, {'c', 3}}};
        if (k > 1000 && a > 3) continue;
        if (k > 1000) {
          Variant v;
          v.kernel = "reduce";
          v.at_end = a == 2;
          expect_right(e, v);
          continue;
        }
        for (Variant v : usual_variants()) {
          v.kernel = "reduce";
          v.seed = static_cast<uint32_t>(k + a);
          expect_right(e, v);
        }
      }
    }
  expect_right({"cka->ca", {{'c', 70}, {'k', 300}, {'a', 3}}}, {});
}

TEST(Reduce, ItemsOfFewRows) {
  int turn = 0;
  for (const char* text : {"iab->ib", "iab,ia->ib", "aib->ib", "iab->bi", "ab->b", "ijab,ija->ijb"})
    for (int64_t a : {2, 3, 16, 32, 33})
      for (int64_t b : {2, 4, 15, 16, 17, 40, 70, 9000}) {
        if (b == 9000 && a > 3) continue;
        ++turn;  // nine variants: others of them beside the next lengths
        for (Variant v : usual_variants()) {
          if (left_out(turn++)) continue;
          v.kernel = "reduce";
          v.seed = static_cast<uint32_t>(a + 10 * b);
          expect_right({text, {{'i', 7}, {'j', 2}, {'a', a}, {'b', b}}}, v);
        }
      }
}

// NaN and infinity beside a row stay out of it.
TEST(Reduce, RowsKeepToThemselves) {
  const float inf = std::numeric_limits<float>::infinity();
  for (int64_t n = 2; n <= 70; ++n) {
    const int64_t rows = 67;
    std::vector<float> x(static_cast<size_t>(rows * n), 1), y(static_cast<size_t>(n), 2), c(static_cast<size_t>(rows));
    for (int64_t r = 0; r < rows; r += 3)
      for (int64_t i = 0; i < n; ++i) x[static_cast<size_t>(r * n + i)] = r % 2 == 0 ? inf : std::nanf("");
    for (const bool times : {false, true}) {
      const int64_t lengths[] = {rows, n}, strides[] = {n, 1, 0, 1, 1, 0}, one[] = {n, 1, 1, 0};
      int64_t step = 0;
      ASSERT_EQ(EINBLAS_OK,
                einblas_step_create(EINBLAS_F32, times ? 2 : 1, 2, 1, lengths, times ? strides : one, "reduce", &step));
      ASSERT_EQ(EINBLAS_OK,
                einblas_step_run(step, reinterpret_cast<int64_t>(x.data()), reinterpret_cast<int64_t>(y.data()), 0,
                                 reinterpret_cast<int64_t>(c.data()), 1, 0, 1));
      einblas_step_destroy(step);
      for (int64_t r = 0; r < rows; ++r) {
        const float got = c[static_cast<size_t>(r)];
        if (r % 3 != 0) {
          EXPECT_EQ(static_cast<float>(times ? 2 * n : n), got) << n << " " << r;
        } else if (r % 2 == 0) {
          EXPECT_EQ(inf, got) << n << " " << r;
        } else {
          EXPECT_TRUE(std::isnan(got)) << n << " " << r;
        }
      }
    }
  }
}

// Larger than the caches: the next rows are asked for, and the sum is cut into parts.
TEST(Reduce, SameBitsForAnyNumberOfThreads) {
  const Equation equations[] = {
      {"abc->ca", {{'a', 40}, {'b', 130}, {'c', 400}}},
      {"ab->b", {{'a', 700000}, {'b', 3}}},
      {"ab->a", {{'a', 700000}, {'b', 3}}},
      {"ab,b->a", {{'a', 30000}, {'b', 50}}},
      {"ab,a->b", {{'a', 30000}, {'b', 50}}},
      {"ab->b", {{'a', 200}, {'b', 9001}}},
      {"ab,ab->b", {{'a', 300000}, {'b', 3}}},
      {"abc,ac->b", {{'a', 100000}, {'b', 3}, {'c', 3}}},
      {"cab,cb->ca", {{'a', 30}, {'b', 30}, {'c', 700}}},
      {"cab,cb->ca", {{'a', 8}, {'b', 8}, {'c', 9000}}},
      {"cab,ca->cb", {{'a', 9}, {'b', 9}, {'c', 9000}}},
  };
  for (const Equation& e : equations) {
    Variant v;
    v.kernel = "reduce";
    expect_right(e, v);
    const std::vector<float> one = result<float>(e, v);
    for (int threads : {2, 3, 7}) {
      v.threads = threads;
      EXPECT_EQ(one, result<float>(e, v)) << to_string(e, v);
    }
  }
}

// Lines of complex numbers in strips, blocks of terms and parts, by several threads.
TEST(Reduce, ComplexSumsDownLines) {
  const std::vector<Equation> equations = {{"ab,a->b", {{'a', 19}, {'b', 37}}},
                                           {"a,ab->b", {{'a', 700}, {'b', 4}}},
                                           {"ab,ab->b", {{'a', 300}, {'b', 5}}},
                                           {"ca,cab->cb", {{'c', 6}, {'a', 21}, {'b', 9}}},
                                           {"acb,ca->b", {{'a', 30}, {'c', 11}, {'b', 8}}},
                                           {"ab,a->b", {{'a', 3}, {'b', 20'011}}},
                                           {"ab,a->b", {{'a', 20'000}, {'b', 33}}}};
  int ran = 0;
  for (int32_t type : {EINBLAS_C64, EINBLAS_C128})
    for (int32_t conjugated = 0; conjugated < 4; ++conjugated)
      for (const Equation& e : equations) {
        const bool large = e.lengths.at('a') * e.lengths.at('b') > 10'000;
        if (large && conjugated != 2) continue;
        for (Variant v : large ? std::vector<Variant>{{}} : usual_variants()) {
          v.kernel = "reduce";
          const TypedCase c{e, {type, type, type, type}, conjugated, true};
          const TypedOutcome one = run_typed(c, v);
          if (one.status == EINBLAS_NOT_APPLICABLE) continue;  // no unit stride along the line
          ++ran;
          EXPECT_EQ(one.status, EINBLAS_OK) << to_string(c, v);
          EXPECT_EQ(one.error, "") << to_string(c, v) << ": " << one.description;
          v.threads = 3;
          EXPECT_EQ(one.result, run_typed(c, v).result) << to_string(c, v);
        }
      }
  EXPECT_GE(ran, 5 * 8 + 2 * 2);  // each case as it lies plainly, at least
  const TypedOutcome plain = run_typed({equations[0], std::vector<int32_t>(4, EINBLAS_C64)}, {});
  EXPECT_EQ(plain.kernel, "reduce") << plain.description;
}

}  // namespace
}  // namespace einblas_test
