// Steps whose workspaces have little room: every kernel makes its blocks smaller, and stays right.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "einblas.h"
#include "support/step_case.hpp"
#include "support/thinned.hpp"

namespace einblas_test {
namespace {

struct Case {
  const char* kernel;
  Equation equation;
};

// Each takes a workspace where there is room for one.
const Case kCases[] = {
    {"gemm", {"ab,bc->ac", {{'a', 61}, {'b', 210}, {'c', 90}}}},
    {"gemm", {"ab,bc->ac", {{'a', 9}, {'b', 30}, {'c', 1500}}}},
    {"gemm", {"rd,od->ro", {{'r', 400}, {'d', 150}, {'o', 7}}}},
    {"gemm", {"bik,bkj->bij", {{'b', 3}, {'i', 20}, {'j', 50}, {'k', 60}}}},
    {"gemm", {"kmli,ljm->kji", {{'k', 9}, {'m', 14}, {'l', 10}, {'i', 21}, {'j', 17}}}},
    {"gemm", {"abkc,kj->cbja", {{'a', 5}, {'b', 6}, {'k', 70}, {'c', 7}, {'j', 24}}}},
    {"lanes", {"nhd,khd->nkd", {{'n', 17}, {'h', 70}, {'d', 21}, {'k', 12}}}},
    {"lanes", {"lhn,shn->lsh", {{'l', 11}, {'s', 13}, {'h', 18}, {'n', 150}}}},
    {"lanes", {"nhd,khd->nkd", {{'n', 30}, {'h', 20}, {'d', 3}, {'k', 31}}}},
    {"reduce", {"ab->b", {{'a', 1001}, {'b', 200}}}},
    {"reduce", {"ab->a", {{'a', 60}, {'b', 1500}}}},
    {"reduce", {"ab,ab->", {{'a', 400}, {'b', 300}}}},
    {"reduce", {"ab,a->b", {{'a', 30}, {'b', 9000}}}},
    {"product", {"ab,b->ba", {{'a', 40}, {'b', 2000}}}},
    {"product", {"abc,ac->bac", {{'a', 50}, {'b', 9}, {'c', 70}}}},
    {"permute", {"ab->ba", {{'a', 150}, {'b', 401}}}},
    {"permute", {"abcd->dbca", {{'a', 11}, {'b', 6}, {'c', 13}, {'d', 40}}}},
};

Variant in(int64_t room, const char* kernel) {
  Variant v;
  v.room = room;
  v.kernel = kernel;
  return v;
}

template <class T>
void right_in_any_room(const Case& c) {
  const int64_t least = planned<T>(c.equation, in(0, c.kernel)).memory;
  EXPECT_LE(least, 16 << 10) << c.equation.text;
  for (int64_t room : {0, 20 << 10, 64 << 10}) {
    for (Variant v : usual_variants()) {
      if (v.negative || v.alpha == 0) continue;  // room has nothing to do with them
      v.room = room;
      v.kernel = c.kernel;
      const Outcome o = run<T>(c.equation, v);
      EXPECT_EQ(o.status, EINBLAS_OK) << to_string(c.equation, v);
      EXPECT_EQ(o.error, "") << to_string(c.equation, v) << " in " << room << " bytes: " << o.description;
    }
    const Outcome plain = planned<T>(c.equation, in(room, c.kernel));
    EXPECT_LE(plain.memory, std::max(room, least)) << c.equation.text << ": " << plain.description;
  }
}

TEST(Room, EveryKernelIsRightInAnyRoom) {
  int turn = 0;
  for (int64_t streams : {64 << 10, 1 << 30}) {  // past the caches, and not
    const WithTunable stream("STREAM_FROM", streams);
    for (const Case& c : kCases) {
      SCOPED_TRACE(c.kernel);
      if (!left_out(turn)) right_in_any_room<float>(c);
      if (!left_out(turn + 1)) right_in_any_room<double>(c);
      if (!left_out(turn + 2)) right_in_any_room<int32_t>(c);
      if (!left_out(turn)) right_in_any_room<int64_t>(c);
      ++turn;
    }
  }
}

TEST(Room, SameBitsForAnyNumberOfThreads) {
  for (const Case& c : kCases)
    for (int64_t room : {0, 64 << 10}) {
      Variant v = in(room, c.kernel);
      const auto one = result<float>(c.equation, v);
      for (int threads : {2, 5}) {
        v.threads = threads;
        EXPECT_EQ(one, result<float>(c.equation, v)) << to_string(c.equation, v);
      }
    }
}

TEST(Room, NothingChangesWhereThereIsRoomForThreads) {
  for (const Case& c : kCases) {
    const Outcome whole = planned<double>(c.equation, in(INT64_MAX, c.kernel));
    const Outcome large = planned<double>(c.equation, in(int64_t{1} << 40, c.kernel));
    EXPECT_EQ(whole.description, large.description);
    EXPECT_EQ(whole.memory, large.memory);
  }
}

// Blocks of depth of an invariant sum do not shrink.
TEST(Room, InvariantSumsKeepTheirBits) {
  for (const Case& c : kCases) {
    if (std::string(c.kernel) != "gemm" && std::string(c.kernel) != "lanes") continue;
    const auto whole = result<float>(c.equation, in(INT64_MAX, EINBLAS_INVARIANT));
    for (int64_t room : {0, 30 << 10})
      EXPECT_EQ(whole, result<float>(c.equation, in(room, EINBLAS_INVARIANT))) << c.equation.text;
  }
}

TEST(Room, LessThanNothingIsRefused) {
  const int64_t length = 4, strides[] = {1, 1};
  int64_t step = 0;
  const int32_t types[] = {EINBLAS_F32, EINBLAS_F32, EINBLAS_F32};
  EXPECT_EQ(einblas_step_create_typed(types, 0, 1, 1, 1, &length, strides, nullptr, -1, &step),
            EINBLAS_INVALID_ARGUMENT);
}

// Sums of parts take twice the output, however small the blocks: the step says so.
TEST(Room, WhatDoesNotFitIsTold) {
  const Equation e{"ab,bc->ac", {{'a', 100}, {'b', 140000}, {'c', 100}}};
  EXPECT_GE(planned<float>(e, in(0, "gemm")).memory, 2 * 100 * 100 * 4);
}

}  // namespace
}  // namespace einblas_test
