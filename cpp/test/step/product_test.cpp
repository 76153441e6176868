// Steps that sum nothing: lines of every length, broadcasts, gathered and joined lines, streaming stores, threads.
#include <gtest/gtest.h>

#include <string>

#include "einblas.h"
#include "support/step_case.hpp"
#include "support/tunable.hpp"
#include "support/typed_case.hpp"

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

// 16-bit floats and complex numbers, which of them are conjugated.
struct Held {
  int32_t type;
  int32_t conjugated = 0;
};
const std::vector<Held> kHeld = {{EINBLAS_BF16},    {EINBLAS_F16},    {EINBLAS_C64},  {EINBLAS_C64, 1},
                                 {EINBLAS_C64, 2},  {EINBLAS_C64, 3}, {EINBLAS_C128}, {EINBLAS_C128, 1},
                                 {EINBLAS_C128, 2}, {EINBLAS_C128, 3}};

void expect_held_right(const Equation& e, int operands, const Held& held, Variant v, bool exact) {
  v.kernel = "product";
  TypedCase c{e, std::vector<int32_t>(static_cast<size_t>(operands) + 1, held.type), held.conjugated, exact};
  c.types.push_back(sums_of(held.type));
  if (operands == 1) c.conjugated &= 1;
  const TypedOutcome o = run_typed(c, v);
  EXPECT_EQ(o.status, EINBLAS_OK) << to_string(c, v);
  EXPECT_EQ(o.error, "") << to_string(c, v) << ": " << o.description;
}

TEST(Product, OtherTypesInEveryLengthOfALine) {
  for (const Held& held : kHeld)
    for (int64_t b = 1; b <= 40; ++b) {
      expect_held_right({"b->b", {{'b', b}}}, 1, held, {}, true);
      expect_held_right({"ab,b->ab", {{'a', 3}, {'b', b}}}, 2, held, {}, false);
      expect_held_right({"a,b->ab", {{'a', 3}, {'b', b}}}, 2, held, {}, true);
    }
}

TEST(Product, OtherTypesInEveryLayout) {
  for (const Held& held : kHeld)
    for (const Variant& v : usual_variants()) {
      for (const char* text : {"b->ab", "ab->ab", "ba->ab", "aab->ab"})
        expect_held_right({text, {{'a', 5}, {'b', 19}}}, 1, held, v, true);
      for (const char* text : {"ab,ab->ab", "ab,b->ab", "a,b->ab", "ab,a->ab", "ba,ab->ab", "a,a->ab", "ba,ba->ab"})
        expect_held_right({text, {{'a', 5}, {'b', 19}}}, 2, held, v, true);
    }
}

TEST(Product, OtherTypesPastTheCaches) {
  const WithTunable stream("STREAM_FROM", 1 << 16);
  for (const Held& held : kHeld)
    for (Variant v : usual_variants()) {
      v.threads = 2;
      for (const char* text : {"a,b->ab", "ab,b->ab"})
        expect_held_right({text, {{'a', 150}, {'b', 273}}}, 2, held, v, false);
    }
}

TEST(Product, LeavesSeveralTypesAlone) {
  Variant v;
  v.kernel = "product";
  const Equation e{"a,b->ab", {{'a', 3}, {'b', 20}}};
  for (const std::vector<int32_t>& types : {std::vector<int32_t>{EINBLAS_BF16, EINBLAS_F16, EINBLAS_F32, EINBLAS_F32},
                                            std::vector<int32_t>{EINBLAS_BF16, EINBLAS_BF16, EINBLAS_F32, EINBLAS_F32},
                                            std::vector<int32_t>{EINBLAS_C64, EINBLAS_F32, EINBLAS_C64, EINBLAS_C64},
                                            std::vector<int32_t>{EINBLAS_I8, EINBLAS_I8, EINBLAS_I8, EINBLAS_I32}})
    EXPECT_EQ(run_typed({e, types}, v).status, EINBLAS_NOT_APPLICABLE);
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
