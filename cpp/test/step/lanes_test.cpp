// Products whose batch axis has the output's unit stride: tails of vectors, tiles, layouts, scaling, threads.
#include <gtest/gtest.h>

#include <string>

#include "einblas.h"
#include "support/step_case.hpp"

namespace einblas_test {
namespace {

// From one element to two vectors of 16 and a few, so that every width has each tail.
TEST(Lanes, EveryLengthOfTheBatch) {
  for (int64_t b = 2; b <= 37; ++b) {
    expect_right({"mkb,knb->mnb", {{'m', 3}, {'k', 5}, {'n', 4}, {'b', b}}}, {}, "lanes");
    Variant scaled;
    scaled.alpha = -1.5;
    scaled.beta = 0.5;
    expect_right({"mkb,knb->mnb", {{'m', 2}, {'k', 3}, {'n', 3}, {'b', b}}}, scaled, "lanes");
  }
}

// Rows and columns around the tiles.
TEST(Lanes, EveryRemainderOfRowsAndColumns) {
  for (int64_t m = 1; m <= 9; ++m)
    for (int64_t n = 1; n <= 9; ++n)
      expect_right({"mkb,knb->mnb", {{'m', m}, {'k', 3}, {'n', n}, {'b', 19}}}, {}, "lanes");
}

TEST(Lanes, EveryDepth) {
  for (int64_t k : {1, 2, 7, 64, 127, 128, 129, 300})
    expect_right({"mkb,knb->mnb", {{'m', 3}, {'k', k}, {'n', 4}, {'b', 21}}}, {}, "lanes");
}

// Lanes that lie apart: the unit stride is along depth or along the rows.
TEST(Lanes, TransposedOnTheWay) {
  for (const char* equation : {"mbk,nbk->mnb", "kbm,kbn->mnb", "mbk,kbn->mnb", "bmk,bkn->mnb", "kmb,nbk->mnb"})
    for (int64_t b : {2, 3, 8, 15, 16, 17, 37})
      for (int64_t k : {1, 5, 16, 37}) expect_right({equation, {{'m', 11}, {'k', k}, {'n', 7}, {'b', b}}}, {}, "lanes");
  for (const Variant& v : usual_variants())
    expect_right({"mbk,kbn->mnb", {{'m', 11}, {'k', 19}, {'n', 7}, {'b', 37}}}, v, "lanes");
}

// Deeper than one pass of tiles: sums wait beside C, which is read at the first and written at the last.
TEST(Lanes, SumsThatWaitForDepth) {
  for (const Variant& v : usual_variants()) {
    expect_right({"mkb,nkb->mnb", {{'m', 23}, {'k', 300}, {'n', 12}, {'b', 37}}}, v, "lanes");
    expect_right({"bmk,bkn->bmn", {{'m', 6}, {'k', 300}, {'n', 7}, {'b', 19}}}, v, "lanes");
  }
}

// Few rows and many slices, which are packed together; the last group is shorter.
TEST(Lanes, GroupsOfSlices) {
  for (int64_t b : {512, 600, 1031})
    for (const Variant& v : usual_variants()) {
      expect_right({"nhd,khd->nkd", {{'n', 8}, {'h', 6}, {'d', b}, {'k', 8}}}, v, "lanes");
      expect_right({"ndh,khd->nkd", {{'n', 3}, {'h', 6}, {'d', b}, {'k', 2}}}, v, "lanes");
    }
}

TEST(Lanes, EveryLayout) {
  const Equation equations[] = {
      {"nhd,khd->nkd", {{'n', 5}, {'h', 6}, {'d', 37}, {'k', 7}}},               // as asked
      {"dnh,dkh->nkd", {{'n', 5}, {'h', 6}, {'d', 37}, {'k', 7}}},               // operands' batch far apart
      {"nhd,dkh->nkd", {{'n', 5}, {'h', 6}, {'d', 37}, {'k', 7}}},               // one of them
      {"bmk,bkn->bmn", {{'b', 6}, {'m', 5}, {'k', 7}, {'n', 9}}},                // another axis has the unit stride
      {"axmk,axkn->amnx", {{'a', 3}, {'x', 17}, {'m', 2}, {'k', 4}, {'n', 3}}},  // two batch axes
      {"pqkb,krsb->pqrsb", {{'p', 2}, {'q', 3}, {'k', 4}, {'r', 3}, {'s', 2}, {'b', 18}}},
      {"klb,klb->b", {{'k', 5}, {'l', 7}, {'b', 33}}},  // dots
  };
  for (const Equation& e : equations)
    for (const Variant& v : usual_variants()) expect_right(e, v, "lanes");
}

TEST(Lanes, SameBitsForAnyNumberOfThreads) {
  const Equation e{"nhd,khd->nkd", {{'n', 40}, {'h', 60}, {'d', 130}, {'k', 41}}};
  Variant v;
  v.kernel = "lanes";
  const std::vector<float> one = result<float>(e, v);
  for (int threads : {2, 3, 8}) {
    v.threads = threads;
    EXPECT_EQ(one, result<float>(e, v)) << threads << " threads";
  }
}

TEST(Lanes, NeedsABatch) {
  Variant v;
  v.kernel = "lanes";
  EXPECT_EQ(run<float>({"ab,bc->ac", {{'a', 3}, {'b', 4}, {'c', 5}}}, v).status, EINBLAS_NOT_APPLICABLE);
  EXPECT_EQ(run<float>({"ab->a", {{'a', 3}, {'b', 4}}}, v).status, EINBLAS_NOT_APPLICABLE);
}

// One seed alone: --gtest_filter=*RandomLanes*/17.
class RandomLanes : public testing::TestWithParam<uint32_t> {};

TEST_P(RandomLanes, IsRight) {
  expect_random_right(GetParam(),
                      {"mkb,knb->mnb", "bmk,knb->mnb", "mkb,bkn->nmb", "mbk,nbk->mnb", "kmb,kb->mb", "kb,knb->nb"},
                      {{'m', 1, 12}, {'k', 1, 40}, {'n', 1, 12}, {'b', 2, 71}}, "lanes");
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomLanes, testing::Range(uint32_t{1}, uint32_t{41}));

}  // namespace
}  // namespace einblas_test
