// The kernel that reads a large tensor where it lies beside a small matrix: every tail, blocks of depth, sums that are
// transposed on the way out, tasks, and what it refuses.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "einblas.h"
#include "support/step_case.hpp"
#include "support/thinned.hpp"

namespace einblas_test {
namespace {

constexpr const char* kKernel = "ttm";

// C's unit stride on the tensor's own, or on another of its axes; the tensor first or second; two summed axes.
// The tensor's unit stride on a summed one in the last two.
const char* const kLayouts[] = {"kji,jr->kri",   "jr,kji->kri", "ujv,jr->vru",  "ujv,rj->rvu",
                                "ujlv,ljr->vru", "uvj,jr->vru", "vujl,lrj->rvu"};

TEST(Ttm, EveryTail) {
  for (const char* text : kLayouts) {
    for (const int64_t n : {2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 48, 50, 70}) {
      const int64_t run = n < 16 ? n + 16 : n;  // a vector at least, of any instruction set
      for (const auto& lengths : std::vector<std::map<char, int64_t>>{
               {{'k', 3}, {'u', 5}, {'j', 7}, {'l', 2}, {'i', run}, {'v', run}, {'r', 9}},
               {{'k', 2}, {'u', n}, {'j', 5}, {'l', 3}, {'i', 37}, {'v', 19}, {'r', 4}},
               {{'k', 2}, {'u', 18}, {'j', n}, {'l', 2}, {'i', 20}, {'v', 21}, {'r', 5}},
               {{'k', 2}, {'u', 17}, {'j', 6}, {'l', 2}, {'i', 35}, {'v', 33}, {'r', n}}}) {
        Variant v;
        v.beta = n % 3 == 0 ? 0 : n % 3 == 1 ? 1 : -0.5;
        v.alpha = n % 2 == 0 ? 1 : -1.5;
        v.at_end = n % 4 < 2;
        v.seed = static_cast<uint32_t>(n);
        expect_right({text, lengths}, v, kKernel);
      }
    }
  }
}

// Blocks of depth add to what the last vectors, which end with the axis, have written before.
TEST(Ttm, BlocksOfDepthAndTasks) {
  int turn = 0;
  for (const int64_t stage : {int64_t{1} << 12, int64_t{384} << 10}) {
    const WithTunable room("TTM_STAGE", stage), task("TTM_TASK", 1000);
    for (const char* text : kLayouts) {
      for (const int64_t depth : {512, 700}) {
        for (const double beta : {0.0, 0.75}) {
          if (left_out(turn++)) continue;
          Variant v;
          v.threads = 2;
          v.beta = beta;
          v.pad = 0;
          expect_right({text, {{'k', 2}, {'u', 18}, {'j', depth}, {'l', 2}, {'i', 37}, {'v', 51}, {'r', 9}}}, v,
                       kKernel);
        }
      }
    }
  }
}

TEST(Ttm, PaddedNegativeAndBatched) {
  for (const char* text :
       {"kji,jr->kri", "ujv,jr->vru", "bujv,bjr->bvru", "bkji,bjr->bkri", "wujv,jr->vwru", "uvj,jr->vru"}) {
    for (const Variant& v : usual_variants()) {
      Variant forced = v;
      forced.kernel = kKernel;
      const Equation e{text, {{'b', 3}, {'w', 2}, {'k', 4}, {'u', 19}, {'j', 23}, {'i', 41}, {'v', 50}, {'r', 13}}};
      if (planned<float>(e, forced).status == EINBLAS_NOT_APPLICABLE) continue;  // no unit stride
      expect_right(e, forced);
    }
  }
}

// Lines of a panel that share a set of the caches: the panel is copied.
TEST(Ttm, PowersOfTwo) {
  for (const char* text : {"kji,jr->kri", "ujv,jr->vru"})
    for (const double beta : {0.0, 0.5}) {
      Variant v;
      v.threads = 2;
      v.beta = beta;
      expect_right({text, {{'k', 2}, {'u', 5}, {'j', 70}, {'i', 2048}, {'v', 2048}, {'r', 5}}}, v, kKernel);
      expect_right({text, {{'k', 2}, {'u', 5}, {'j', 20}, {'i', 8192 + 8}, {'v', 8192 + 8}, {'r', 5}}}, v, kKernel);
    }
}

TEST(Ttm, SameBitsForAnyNumberOfThreads) {
  const WithTunable task("TTM_TASK", 100000);
  for (const char* text : kLayouts) {
    Variant v;
    v.kernel = kKernel;
    const Equation e{text, {{'k', 30}, {'u', 70}, {'j', 40}, {'l', 3}, {'i', 75}, {'v', 90}, {'r', 21}}};
    const std::vector<float> one = result<float>(e, v);
    const std::vector<double> exact = result<double>(e, v);
    for (int threads : {2, 3, 7}) {
      v.threads = threads;
      EXPECT_EQ(one, result<float>(e, v)) << text;
      EXPECT_EQ(exact, result<double>(e, v)) << text;
    }
  }
}

// No unit stride of its own, a run shorter than a vector, C's unit stride on the matrix, depth that does not fold.
TEST(Ttm, Refuses) {
  Variant v;
  v.kernel = kKernel;
  const std::map<char, int64_t> lengths{{'k', 5}, {'j', 6}, {'i', 40}, {'r', 2}, {'l', 3}, {'x', 1}};
  for (const char* text : {"kij,jr->ikr", "kji,jr->kir", "jkli,jlr->kri", "ij,jr->rx"})
    EXPECT_EQ(planned<float>({text, lengths}, v).status, EINBLAS_NOT_APPLICABLE) << text;
}

TEST(Ttm, IsTakenForLargeTensorsBesideFewRows) {
  const std::map<char, int64_t> lengths{{'a', 72}, {'b', 40}, {'c', 72}, {'k', 30}, {'j', 24}, {'r', 300}};
  Variant v;
  EXPECT_EQ(planned<float>({"abkc,kj->cbja", lengths}, v).kernel, kKernel);
  EXPECT_EQ(planned<double>({"rj,abrc->abjc", lengths}, v).kernel, kKernel);
  EXPECT_NE(planned<float>({"abkc,kr->cbra", lengths}, v).kernel, kKernel);
  // Plain matrices, which gemm can keep packed; lines that share sets of the cache.
  EXPECT_EQ(planned<float>({"jk,ki->ji", {{'j', 24}, {'k', 900}, {'i', 900}}}, v).kernel, "gemm");
  EXPECT_EQ(planned<float>({"jk,ik->ji", {{'j', 24}, {'k', 900}, {'i', 900}}}, v).kernel, "gemm");
  EXPECT_EQ(planned<float>({"aki,kj->aji", {{'a', 9}, {'j', 24}, {'k', 200}, {'i', 4096}}}, v).kernel, "gemm");
  v.room = 100 << 10;  // no room for the factor and the sums
  EXPECT_NE(planned<float>({"abkc,kj->cbja", lengths}, v).kernel, kKernel);
}

}  // namespace
}  // namespace einblas_test
