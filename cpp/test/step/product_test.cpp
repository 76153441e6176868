// Steps that sum nothing: lines of every length, broadcasts, gathered and joined lines, streaming stores, threads.
#include <gtest/gtest.h>

#include <string>

#include "einblas.h"
#include "support/step_case.hpp"

namespace einblas_test {
namespace {

const std::vector<const char*> kTexts = {
    "->b",      "b->b",   "->ab",      "ab->ab",   "a->ab",      "b->ab",        "ab,ab->ab",  "ab,b->ab", "a,b->ab",
    "ab,a->ab", "ba->ab", "ba,ab->ab", "ab,,->ab", "a,b,ab->ab", "ab,ab,ab->ab", "b,ba,a->ab", "aab->ab",  "ba,ba->ab"};

TEST(Product, EveryLengthOfALine) {
  for (const char* text : {"b->b", "ab,b->ab", "a,b->ab", "ab,ab,ab->ab"})
    for (int64_t b = 1; b <= 70; ++b) expect_right({text, {{'a', 3}, {'b', b}}}, {}, "product");
}

TEST(Product, EveryBroadcastInEveryLayout) {
  for (const char* text : kTexts)
    for (const Variant& v : usual_variants()) expect_right({text, {{'a', 5}, {'b', 19}}}, v, "product");
}

// Lines shorter than 64 elements are joined with the next axis.
TEST(Product, ShortLinesAroundTheLengthFromWhichTheyStandAlone) {
  for (int64_t b : {1, 2, 3, 31, 63, 64, 65})
    for (int64_t a : {1, 2, 33, 100})
      for (const char* text : {"acb,b->acb", "ac,b->acb", "cb,acb->acb", "bca,acb->acb"})
        expect_right({text, {{'a', a}, {'b', b}, {'c', 3}}}, {}, "product");
}

// Lines longer than a task's bytes are cut.
TEST(Product, LongLinesAreCut) {
  Variant v;
  v.beta = 0.5;
  v.threads = 3;
  expect_right({"b,b->b", {{'b', 300'001}}}, v, "product");
  expect_right({"a,b->ab", {{'a', 2}, {'b', 200'003}}}, v, "product");
}

TEST(Product, StreamingStoresWriteTheSame) {
  const WithTunable stream("STREAM_FROM", 1 << 16);
  for (const char* text : {"->ab", "ab->ab", "a,b->ab", "ab,ab->ab", "ba->ab"})
    for (Variant v : usual_variants()) {
      v.threads = 2;
      expect_right({text, {{'a', 150}, {'b', 133}}}, v, "product");
    }
}

TEST(Product, SameBitsForAnyNumberOfThreads) {
  for (const char* text : {"a,b->ab", "ab,b->ab", "ba,ab->ab"}) {
    const Equation e{text, {{'a', 701}, {'b', 640}}};
    Variant v;
    v.kernel = "product";
    const std::vector<float> one = result<float>(e, v);
    for (int threads : {2, 3, 7}) {
      v.threads = threads;
      EXPECT_EQ(one, result<float>(e, v)) << text << ", " << threads << " threads";
    }
  }
}

TEST(Product, SumsNothing) {
  Variant v;
  v.kernel = "product";
  EXPECT_EQ(run<float>({"ab->a", {{'a', 3}, {'b', 4}}}, v).status, EINBLAS_NOT_APPLICABLE);
  EXPECT_EQ(run<float>({"a,a->", {{'a', 3}}}, v).status, EINBLAS_NOT_APPLICABLE);
}

// One seed alone: --gtest_filter=*RandomProduct*/17.
class RandomProduct : public testing::TestWithParam<uint32_t> {};

TEST_P(RandomProduct, IsRight) { expect_random_right(GetParam(), kTexts, {{'a', 1, 40}, {'b', 1, 200}}, "product"); }

INSTANTIATE_TEST_SUITE_P(Seeds, RandomProduct, testing::Range(uint32_t{1}, uint32_t{61}));

}  // namespace
}  // namespace einblas_test
