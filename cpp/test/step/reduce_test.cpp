// Sums and dot-like products: every length of a short line, rows side by side, long lines, parts of a sum.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "einblas.h"
#include "support/step_case.hpp"

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

// Larger than the caches: the next rows are asked for, and the sum is cut into parts.
TEST(Reduce, SameBitsForAnyNumberOfThreads) {
  const Equation equations[] = {
      {"abc->ca", {{'a', 40}, {'b', 130}, {'c', 400}}},
      {"ab->b", {{'a', 700000}, {'b', 3}}},
      {"ab->a", {{'a', 700000}, {'b', 3}}},
      {"ab,b->a", {{'a', 30000}, {'b', 50}}},
      {"ab,a->b", {{'a', 30000}, {'b', 50}}},
      {"ab->b", {{'a', 200}, {'b', 9001}}},
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

}  // namespace
}  // namespace einblas_test
