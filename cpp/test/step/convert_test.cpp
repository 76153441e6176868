// Steps over every type, several types and conjugates: against a scalar model, in pieces of any size, on any threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "einblas.h"
#include "support/random.hpp"
#include "support/thinned.hpp"
#include "support/typed_case.hpp"

namespace einblas_test {
namespace {

constexpr int32_t kF32 = EINBLAS_F32, kF64 = EINBLAS_F64, kI32 = EINBLAS_I32, kI64 = EINBLAS_I64, kBf16 = EINBLAS_BF16,
                  kF16 = EINBLAS_F16, kI8 = EINBLAS_I8, kU8 = EINBLAS_U8, kI16 = EINBLAS_I16, kBool = EINBLAS_BOOL,
                  kC64 = EINBLAS_C64, kC128 = EINBLAS_C128;

const std::vector<Equation> kUnary = {{"a->a", {{'a', 33}}},
                                      {"ab->ba", {{'a', 17}, {'b', 35}}},
                                      {"ab->a", {{'a', 17}, {'b', 35}}},
                                      {"ab->b", {{'a', 17}, {'b', 35}}},
                                      {"ab->", {{'a', 17}, {'b', 5}}},
                                      {"aa->a", {{'a', 9}}},
                                      {"abc->cab", {{'a', 6}, {'b', 5}, {'c', 19}}}};

const std::vector<Equation> kBinary = {{"a,a->a", {{'a', 67}}},
                                       {"a,a->", {{'a', 37}}},
                                       {"a,b->ab", {{'a', 13}, {'b', 37}}},
                                       {"a,b->ba", {{'a', 13}, {'b', 37}}},
                                       {"ab,b->a", {{'a', 13}, {'b', 37}}},
                                       {"ab,a->b", {{'a', 13}, {'b', 37}}},
                                       {"b,ab->a", {{'a', 13}, {'b', 37}}},
                                       {"ab,bc->ac", {{'a', 13}, {'b', 17}, {'c', 21}}},
                                       {"ab,bc->ca", {{'a', 13}, {'b', 17}, {'c', 21}}},
                                       {"ba,cb->ac", {{'a', 13}, {'b', 17}, {'c', 21}}},
                                       {"bij,bjk->bik", {{'b', 6}, {'i', 5}, {'j', 9}, {'k', 18}}},
                                       {"nhd,khd->nkd", {{'n', 5}, {'h', 6}, {'d', 19}, {'k', 7}}},
                                       {"ixy,jxy->ijxy", {{'i', 4}, {'j', 5}, {'x', 3}, {'y', 11}}},
                                       {"bij,k->bijk", {{'b', 3}, {'i', 4}, {'j', 5}, {'k', 18}}},
                                       {"abcd,dbea->ec", {{'a', 3}, {'b', 4}, {'c', 7}, {'d', 5}, {'e', 9}}},
                                       {"ab,ab->a", {{'a', 13}, {'b', 21}}},
                                       {"ab,b->", {{'a', 13}, {'b', 7}}},
                                       {"ab,bc->ac", {{'a', 3}, {'b', 0}, {'c', 4}}},
                                       {"ab,bc->ac", {{'a', 1}, {'b', 1}, {'c', 1}}}};

struct Types {
  std::vector<int32_t> codes;  // operands, output, sums
  int32_t conjugated = 0;
};

std::vector<Types> unary_types() {
  std::vector<Types> all;
  for (int32_t t = kF32; t <= kC128; ++t) all.push_back({{t, t, sums_of(t)}});
  for (const Types& t : std::vector<Types>{{{kC64, kC64, kC64}, 1},
                                           {{kC128, kC128, kC128}, 1},
                                           {{kC64, kC128, kC128}, 1},
                                           {{kBf16, kF32, kF32}},
                                           {{kF32, kF16, kF32}},
                                           {{kF64, kBf16, kF64}},
                                           {{kI64, kF64, kF64}},
                                           {{kI8, kI64, kI64}},
                                           {{kI64, kU8, kI64}},
                                           {{kBool, kI32, kI32}},
                                           {{kF32, kBool, kF32}},
                                           {{kF32, kC64, kC64}},
                                           {{kI16, kC128, kC128}},
                                           {{kC128, kC64, kC128}}})
    all.push_back(t);
  return all;
}

std::vector<Types> binary_types() {
  std::vector<Types> all;
  for (int32_t t = kF32; t <= kC128; ++t) all.push_back({{t, t, t, sums_of(t)}});
  for (const Types& t : std::vector<Types>{
           {{kC64, kC64, kC64, kC64}, 1},    {{kC64, kC64, kC64, kC64}, 2},    {{kC128, kC128, kC128, kC128}, 3},
           {{kC64, kC128, kC128, kC128}, 2}, {{kC64, kC64, kC64, kC128}, 1},   {{kBf16, kF32, kF32, kF32}},
           {{kF32, kBf16, kBf16, kF32}},     {{kF16, kBf16, kF32, kF32}},      {{kI8, kBf16, kBf16, kF32}},
           {{kF32, kF64, kF64, kF64}},       {{kF32, kI64, kF64, kF64}},       {{kI8, kI16, kI16, kI32}},
           {{kU8, kI64, kI64, kI64}},        {{kI32, kI8, kI16, kI32}},        {{kBool, kI32, kI32, kI32}},
           {{kBool, kF32, kF32, kF32}},      {{kF32, kBool, kBool, kF32}},     {{kC64, kF32, kC64, kC64}, 1},
           {{kF32, kC64, kC64, kC64}, 2},    {{kF32, kC64, kC64, kC64}},       {{kBf16, kC64, kC64, kC64}},
           {{kC64, kI8, kC64, kC64}},        {{kI32, kC128, kC128, kC128}, 2}, {{kC128, kF32, kC64, kC128}},
           {{kF32, kF32, kC64, kC64}},       {{kF64, kBf16, kC128, kC128}}})
    all.push_back(t);
  return all;
}

// Reals have any factors, integers whole ones, truth values 0 and 1.
Variant fitting(Variant v, const Types& types) {
  const int32_t out = types.codes[types.codes.size() - 2];
  if (out == kBool) {
    v.alpha = v.alpha != 0 ? 1 : 0;
    v.beta = v.beta != 0 ? 1 : 0;
  } else if (is_integer_type(types.codes.back())) {
    v.alpha *= 2;
    v.beta *= 2;
  }
  return v;
}

void expect_right(const Equation& e, const Types& types, const Variant& usual, bool exact) {
  const TypedCase c{e, types.codes, types.conjugated, exact};
  const Variant v = fitting(usual, types);
  const TypedOutcome o = run_typed(c, v);
  EXPECT_EQ(o.status, EINBLAS_OK) << to_string(c, v);
  EXPECT_EQ(o.error, "") << to_string(c, v) << " ran on " << o.kernel << ": " << o.description;
}

void expect_all_right(const char* kernel, bool exact) {
  for (Variant v : usual_variants()) {
    v.kernel = kernel;
    for (const Types& t : unary_types())
      for (const Equation& e : kUnary) expect_right(e, t, v, exact);
    for (const Types& t : binary_types())
      for (const Equation& e : kBinary) expect_right(e, t, v, exact);
  }
}

TEST(Convert, ExactSumsAreRightToTheBit) { expect_all_right(nullptr, true); }
TEST(Convert, AnySumsAreWithinTheirBound) { expect_all_right(nullptr, false); }
TEST(Convert, PlainLoopsAreRightToTheBit) { expect_all_right("loops", true); }

TEST(Convert, PiecesOfALargeResultAreWrittenPastTheCaches) {
  const WithTunable near("CONVERT_NEAR", 4096), stream("STREAM_FROM", 1 << 16);
  for (const Equation& e : std::vector<Equation>{{"bij,bjk->bik", {{'b', 300}, {'i', 16}, {'j', 8}, {'k', 16}}},
                                                 {"bij,bjk->bik", {{'b', 90}, {'i', 11}, {'j', 5}, {'k', 33}}},
                                                 {"nhd,khd->nkd", {{'n', 9}, {'h', 11}, {'d', 160}, {'k', 17}}}})
    for (const Types& t : std::vector<Types>{{{kC64, kC64, kC64, kC64}, 1}, {{kC128, kC128, kC128, kC128}, 2}})
      for (Variant v : usual_variants()) {
        v.threads = 2;
        expect_right(e, t, v, true);
      }
}

TEST(Convert, ComplexNumbersAreMovedOrMultiplied) {
  for (const Equation& e : std::vector<Equation>{{"abc->cba", {{'a', 9}, {'b', 21}, {'c', 18}}},
                                                 {"abc->acb", {{'a', 3}, {'b', 70}, {'c', 65}}},
                                                 {"aab->ba", {{'a', 12}, {'b', 20}}}})
    for (const Types& t : std::vector<Types>{{{kC64, kC64, kC64}}, {{kC64, kC64, kC64}, 1}, {{kC128, kC128, kC128}}})
      for (Variant v : usual_variants())
        for (double alpha : {1.0, 0.5})
          for (double beta : {0.0, 1.0}) {
            v.alpha = alpha;
            v.beta = beta;
            expect_right(e, t, v, true);
          }
}

TEST(Convert, AnyPiecesAreRight) {
  const WithTunable near("CONVERT_NEAR", 4096), far("CONVERT_FAR", 4096), side("CONVERT_SIDE", 16),
      depth("CONVERT_DEPTH", 16);
  const std::vector<Equation> large = {{"ab,bc->ac", {{'a', 61}, {'b', 50}, {'c', 70}}},
                                       {"ab,bc->ca", {{'a', 50}, {'b', 33}, {'c', 49}}},
                                       {"nhd,khd->nkd", {{'n', 9}, {'h', 11}, {'d', 40}, {'k', 8}}},
                                       {"bij,bjk->bik", {{'b', 30}, {'i', 7}, {'j', 9}, {'k', 18}}},
                                       {"kmli,ljm->kji", {{'k', 4}, {'m', 6}, {'l', 5}, {'i', 9}, {'j', 17}}},
                                       {"bij,k->bijk", {{'b', 7}, {'i', 8}, {'j', 9}, {'k', 33}}}};
  const std::vector<Equation> sums = {{"ab->ba", {{'a', 90}, {'b', 101}}},
                                      {"ab->b", {{'a', 90}, {'b', 101}}},
                                      {"ab->a", {{'a', 9}, {'b', 1501}}},
                                      {"abcd->dbca", {{'a', 5}, {'b', 6}, {'c', 7}, {'d', 40}}}};
  int variant = 0;
  for (Variant v : usual_variants()) {
    int turn = variant++;
    for (const Types& t : unary_types()) {
      for (const Equation& e : sums)
        if (!left_out(turn++)) expect_right(e, t, v, true);
    }
    for (const Types& t : binary_types()) {
      ++turn;
      for (const Equation& e : large)
        if (!left_out(turn++)) expect_right(e, t, v, true);
    }
  }
}

TEST(Convert, ThreeOperandsAndNoneGoByPlainLoops) {
  for (int32_t t = kF32; t <= kC128; ++t) {
    expect_right({"ab,bc,c->abc", {{'a', 5}, {'b', 6}, {'c', 19}}}, {{t, t, t, t, sums_of(t)}, 2}, {}, true);
    expect_right({"->ab", {{'a', 5}, {'b', 6}}}, {{t, sums_of(t)}}, {}, true);
  }
  expect_right({"i,j,k->ijk", {{'i', 5}, {'j', 6}, {'k', 19}}}, {{kBf16, kC64, kI8, kC64, kC64}, 2}, {}, true);
}

TEST(Convert, SameBitsForAnyNumberOfThreads) {
  const Equation big[] = {{"ab,bc->ac", {{'a', 300}, {'b', 200}, {'c', 210}}},
                          {"nhd,khd->nkd", {{'n', 20}, {'h', 33}, {'d', 35}, {'k', 41}}},
                          {"ixy,jxy->ijxy", {{'i', 40}, {'j', 33}, {'x', 17}, {'y', 15}}}};
  const WithTunable side("CONVERT_SIDE", 64), nanos("THREAD_NANOS", 100);
  int turn = 0;
  for (const Equation& e : big)
    for (const Types& t : std::vector<Types>{{{kBf16, kBf16, kBf16, kF32}},
                                             {{kF16, kF32, kF16, kF32}},
                                             {{kI8, kI8, kI8, kI32}},
                                             {{kC64, kC64, kC64, kC64}, 1},
                                             {{kF64, kC128, kC128, kC128}}}) {
      const TypedCase c{e, t.codes, t.conjugated, false};
      Variant v;
      const TypedOutcome one = run_typed(c, v);
      EXPECT_EQ(one.error, "") << to_string(c, v) << ": " << one.description;
      for (int threads : {2, 5}) {
        if (left_out(turn++)) continue;
        v.threads = threads;
        EXPECT_EQ(one.result, run_typed(c, v).result) << to_string(c, v);
      }
    }
}

TEST(Convert, IsChosenWhereMicroKernelsDoNotFit) {
  const Equation e{"ab,bc->ac", {{'a', 13}, {'b', 17}, {'c', 21}}};
  for (int32_t t = kF32; t <= kC128; ++t) {
    const TypedOutcome o = run_typed({e, {t, t, t, sums_of(t)}, 0, true}, {});
    EXPECT_EQ(o.kernel == "convert" || o.kernel == "dots", t > kI64) << o.kernel << ": " << o.description;
  }
}

TEST(Convert, InvariantStepsAreRight) {
  Variant v;
  v.kernel = EINBLAS_INVARIANT;
  for (const Types& t : unary_types())
    for (const Equation& e : kUnary) expect_right(e, t, v, true);
  for (const Types& t : binary_types())
    for (const Equation& e : kBinary) expect_right(e, t, v, true);
}

// Rows of a product have the bits that they have alone.
TEST(Convert, InvariantStepsDoNotDependOnWhatIsBeside) {
  constexpr int64_t kM = 37, kN = 41, kK = 300;
  for (int32_t type : {kBf16, kF16, kC64, kC128}) {
    Random random(9);
    const int64_t size = einblas_dtype_size(type);
    std::vector<char> a(kM * kK * size), b(kK * kN * size), c(kM * kN * size), alone(kN * size);
    for (auto* v : {&a, &b})
      for (size_t i = 0; i < v->size(); i += static_cast<size_t>(size))
        for (int part = 0; part < 2; ++part)
          einblas_poke_part(reinterpret_cast<int64_t>(v->data() + i), type, part, random.real());
    const auto multiply = [&](int64_t rows, const char* from, char* to) {
      const int32_t types[] = {type, type, type, sums_of(type)};
      const int64_t lengths[] = {rows, kN, kK}, strides[] = {kK, 0, 1, 0, 1, kN, kN, 1, 0};
      int64_t step = 0;
      ASSERT_EQ(einblas_step_create_typed(types, 0, 2, 3, 2, lengths, strides, EINBLAS_INVARIANT, INT64_MAX, &step),
                EINBLAS_OK);
      EXPECT_STREQ(einblas_step_kernel(step), "convert");
      EXPECT_EQ(einblas_step_run(step, reinterpret_cast<int64_t>(from), reinterpret_cast<int64_t>(b.data()), 0,
                                 reinterpret_cast<int64_t>(to), 1, 0, 1),
                EINBLAS_OK);
      einblas_step_destroy(step);
    };
    multiply(kM, a.data(), c.data());
    for (int64_t i = 0; i < kM; ++i) {
      multiply(1, a.data() + i * kK * size, alone.data());
      EXPECT_TRUE(std::equal(alone.begin(), alone.end(), c.begin() + i * kN * size)) << i;
    }
  }
}

TEST(Convert, RoomIsKept) {
  const Equation e{"ab,bc->ac", {{'a', 200}, {'b', 90}, {'c', 210}}};
  for (int32_t t : {kBf16, kI8, kC64})
    for (int64_t room : {0, 64 << 10, 1 << 20}) {
      Variant v;
      v.room = room;
      const TypedOutcome o = run_typed({e, {t, t, t, sums_of(t)}, 0, true}, v);
      EXPECT_EQ(o.error, "") << einblas_dtype_name(t) << " in " << room << ": " << o.description;
    }
}

TEST(Convert, NothingIsWrittenWithoutMemory) {
  const Equation e{"ab,bc->ac", {{'a', 200}, {'b', 90}, {'c', 210}}};
  for (int32_t t : {kBf16, kI8, kC64}) {
    einblas_pool_trim();
    const int64_t limit = einblas_memory_limit();
    einblas_set_memory_limit(einblas_memory_in_use() + 1000);
    Variant v;
    v.beta = 1;
    const TypedOutcome o = run_typed({e, {t, t, t, sums_of(t)}, 0, true}, v);
    einblas_set_memory_limit(limit);
    EXPECT_EQ(o.status, EINBLAS_OUT_OF_MEMORY);
    v.alpha = 0;  // the output as it was
    EXPECT_EQ(o.result, run_typed({e, {t, t, t, sums_of(t)}, 0, true}, v).result);
  }
}

int32_t create(const std::vector<int32_t>& types) {
  const int64_t lengths[] = {4, 4}, strides[] = {4, 1, 4, 1, 4, 1};
  int64_t step = 0;
  const int32_t status = einblas_step_create_typed(types.data(), 0, static_cast<int32_t>(types.size()) - 2, 2, 2,
                                                   lengths, strides, nullptr, INT64_MAX, &step);
  einblas_step_destroy(step);
  return status;
}

TEST(Convert, RefusesTypesThatDoNotGoTogether) {
  for (const std::vector<int32_t>& types : std::vector<std::vector<int32_t>>{{kC64, kF32, kC64},
                                                                             {kC64, kC64, kF32},
                                                                             {kF32, kI32, kF32},
                                                                             {kF32, kI32, kI32},
                                                                             {kI32, kBool, kI32},
                                                                             {kF64, kF32, kF32},
                                                                             {kI32, kF32, kF32},
                                                                             {kI64, kI32, kI32},
                                                                             {kC128, kC64, kC64},
                                                                             {kI32, kC64, kC64},
                                                                             {kF32, kF64, kF32},
                                                                             {kBf16, kBf16, kBf16},
                                                                             {kI8, kI8, kI8},
                                                                             {kBool, kBool, kBool},
                                                                             {12, kF32, kF32},
                                                                             {kF32, -1, kF32},
                                                                             {kF32, kF32, 99}})
    EXPECT_EQ(create(types), EINBLAS_INVALID_ARGUMENT) << types[0] << ' ' << types[1] << ' ' << types[2];
  int64_t step = 0;
  EXPECT_EQ(einblas_step_create_typed(nullptr, 0, 0, 0, 0, nullptr, nullptr, nullptr, INT64_MAX, &step),
            EINBLAS_INVALID_ARGUMENT);
}

TEST(Convert, RefusesFactorsThatATypeDoesNotHave) {
  const Equation e{"a->a", {{'a', 5}}};
  Variant v;
  for (const double bad : {0.5, 0x1p54}) {
    v.alpha = bad;
    for (int32_t t : {kI8, kU8, kI16, kI32, kI64})
      EXPECT_EQ(run_typed({e, {t, t, sums_of(t)}, 0, true}, v).status, EINBLAS_INVALID_ARGUMENT) << bad;
  }
  for (const double bad : {2.0, -1.0, 0.5}) {
    v.alpha = bad;
    EXPECT_EQ(run_typed({e, {kBool, kBool, kF32}, 0, true}, v).status, EINBLAS_INVALID_ARGUMENT) << bad;
    v.alpha = 1;
    v.beta = bad;
    EXPECT_EQ(run_typed({e, {kBool, kBool, kF32}, 0, true}, v).status, EINBLAS_INVALID_ARGUMENT) << bad;
    v.beta = 0;
  }
}

}  // namespace
}  // namespace einblas_test
