// The gemm kernels: every way an operand or the output can lie, every tail, block borders, same bits for any thread
// count.
#include <gtest/gtest.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "einblas.h"
#include "support/step_case.hpp"
#include "support/thinned.hpp"

namespace einblas_test {
namespace {

// On each kernel that takes it, and on the one that is chosen.
void expect_right_by_all(const Equation& e, Variant v) {
  for (const char* kernel : {"gemm", "gemm_small", "openblas"}) {
    v.kernel = kernel;
    if (planned<float>(e, v).status != EINBLAS_NOT_APPLICABLE) expect_right(e, v);
  }
  v.kernel = nullptr;
  expect_right(e, v);
}

TEST(Gemm, EveryTailOfEveryLayout) {
  const char* const layouts[] = {"ab,bc->ac", "ab,cb->ac", "ba,bc->ac", "ba,cb->ac", "ab,bc->ca"};
  for (const char* text : layouts) {
    for (int64_t n = 1; n <= 64; ++n) {
      Variant v;
      v.pad = n % 3;
      v.seed = static_cast<uint32_t>(n);
      for (const Equation& e :
           {Equation{text, {{'a', n}, {'b', 17}, {'c', 21}}}, Equation{text, {{'a', 13}, {'b', n}, {'c', 35}}},
            Equation{text, {{'a', 11}, {'b', 19}, {'c', n}}}}) {
        expect_right_by_all(e, v);
      }
    }
  }
}

#if defined(__x86_64__)
// Leaves subnormal numbers where workspaces will lie: in blocks of the pool, and on the stack.
template <class T>
void leave_subnormals() {
  constexpr int64_t kBytes = 1 << 20, kBlocks = 4;
  int64_t blocks[kBlocks];
  for (int64_t& block : blocks) {
    block = einblas_alloc(kBytes);
    T* const at = reinterpret_cast<T*>(block);
    std::fill(at, at + kBytes / sizeof(T), std::numeric_limits<T>::denorm_min());
  }
  for (const int64_t block : blocks) einblas_free(block, kBytes);
  volatile T stack[(32 << 10) / sizeof(T)];
  for (volatile T& x : stack) x = std::numeric_limits<T>::denorm_min();
}

template <class T>
void expect_no_subnormals(const Equation& e, const Variant& v) {
  constexpr unsigned kSubnormalOperand = 2;  // the flag in MXCSR
  leave_subnormals<T>();
  _mm_setcsr(_mm_getcsr() & ~kSubnormalOperand);
  const Outcome got = run<T>(e, v);
  EXPECT_EQ(_mm_getcsr() & kSubnormalOperand, 0U) << got.kernel << " " << to_string(e, v);
}

// Tiles compute whole vectors. A lane beside the columns that holds what was there before is thrown away, but a
// subnormal one takes a hundred times as long.
TEST(Gemm, NoLaneBesideTheColumnsIsSubnormal) {
  for (const char* kernel : {"gemm", "gemm_small", static_cast<const char*>(nullptr)}) {
    for (int64_t n = 1; n <= 49; ++n) {
      Variant v;
      v.kernel = kernel;
      for (const char* text : {"ab,bc->ac", "ab,cb->ac", "iab,ibc->iac"}) {
        const Equation e{text, {{'i', 3}, {'a', 130}, {'b', 19}, {'c', n}}};
        expect_no_subnormals<float>(e, v);
        expect_no_subnormals<double>(e, v);
      }
    }
  }
}
#endif

TEST(Gemm, SeveralAxesInEveryGroupWithTheUnitStrideAnywhere) {
  const Equation equations[] = {
      {"abcd,dbea->ec", {{'a', 3}, {'b', 4}, {'c', 37}, {'d', 5}, {'e', 19}}},
      {"ilk,lj->ijk", {{'i', 9}, {'j', 21}, {'k', 24}, {'l', 40}}},
      {"njmi,mknl->lkji", {{'i', 24}, {'j', 5}, {'k', 6}, {'l', 7}, {'m', 8}, {'n', 9}}},
      {"njmi,kmln->lkji", {{'i', 10}, {'j', 11}, {'k', 6}, {'l', 7}, {'m', 18}, {'n', 19}}},
      {"jnim,kmln->lkji", {{'i', 10}, {'j', 11}, {'k', 6}, {'l', 7}, {'m', 18}, {'n', 19}}},
      {"abkc,kj->cbja", {{'a', 20}, {'b', 6}, {'c', 18}, {'j', 9}, {'k', 10}}},
      {"abkc,kj->cbja", {{'a', 35}, {'b', 3}, {'c', 40}, {'j', 9}, {'k', 10}}},
      {"cabk,kj->cjba", {{'a', 20}, {'b', 6}, {'c', 18}, {'j', 9}, {'k', 33}}},
      {"amji,cbkm->kjicba", {{'a', 24}, {'b', 4}, {'c', 5}, {'i', 6}, {'j', 7}, {'k', 3}, {'m', 12}}},
      {"bmji,cakm->kjicba", {{'a', 24}, {'b', 4}, {'c', 5}, {'i', 17}, {'j', 7}, {'k', 3}, {'m', 12}}},
      {"cmji,bakm->kjicba", {{'a', 6}, {'b', 4}, {'c', 5}, {'i', 17}, {'j', 7}, {'k', 3}, {'m', 12}}},
      {"bmji,cakm->kjicba", {{'a', 13}, {'b', 3}, {'c', 6}, {'i', 7}, {'j', 5}, {'k', 13}, {'m', 12}}},
      {"caje,beki->kjicba", {{'a', 24}, {'b', 12}, {'c', 11}, {'e', 9}, {'i', 23}, {'j', 4}, {'k', 5}}},
      {"caje,beki->kjicba", {{'a', 6}, {'b', 12}, {'c', 11}, {'e', 9}, {'i', 14}, {'j', 24}, {'k', 5}}},
      {"lik,jkl->ji", {{'i', 9}, {'j', 21}, {'k', 96}, {'l', 22}}},
      {"lik,jkl->ji", {{'i', 20}, {'j', 7}, {'k', 97}, {'l', 70}}},
      {"lik,jkl->ij", {{'i', 30}, {'j', 17}, {'k', 101}, {'l', 103}}},
      {"gaij,gbij->gab", {{'g', 3}, {'a', 19}, {'b', 23}, {'i', 5}, {'j', 7}}},
      {"agbi,igc->bagc", {{'a', 5}, {'g', 3}, {'b', 7}, {'i', 18}, {'c', 20}}},
      {"aab,bc->ac", {{'a', 19}, {'b', 17}, {'c', 20}}},
      {"abi,ci->abc", {{'a', 6}, {'b', 7}, {'i', 9}, {'c', 2}}},
      {"ai,bi->ab", {{'a', 1}, {'b', 70}, {'i', 9}}},
  };
  int turn = 0;
  for (const Equation& e : equations) {
    for (const Variant& v : usual_variants())
      if (!left_out(turn++)) expect_right_by_all(e, v);
    ++turn;  // nine variants: others of them beside the next equation
  }
}

TEST(Gemm, BlocksOfRowsColumnsAndDepth) {
  const Equation equations[] = {
      {"ab,bc->ac", {{'a', 261}, {'b', 517}, {'c', 131}}},
      {"ab,cb->ac", {{'a', 30}, {'b', 700}, {'c', 600}}},
      {"ab,cb->ac", {{'a', 700}, {'b', 600}, {'c', 30}}},
      {"ba,cb->ca", {{'a', 300}, {'b', 300}, {'c', 300}}},
      {"ab,bc->ac", {{'a', 3}, {'b', 5}, {'c', 9000}}},
      {"ab,bc->ac", {{'a', 3000}, {'b', 5}, {'c', 3}}},
      {"njmi,kmln->lkji", {{'i', 20}, {'j', 12}, {'k', 7}, {'l', 30}, {'m', 18}, {'n', 40}}},
      {"gab,gbc->gac", {{'g', 70}, {'a', 33}, {'b', 35}, {'c', 37}}},
      {"gab,gbc->gac", {{'g', 3}, {'a', 233}, {'b', 235}, {'c', 237}}},
  };
  for (const Equation& e : equations) {
    for (double beta : {0.0, -0.5}) {
      Variant v;
      v.pad = 1;
      v.alpha = 1.5;
      v.beta = beta;
      v.threads = 2;
      expect_right_by_all(e, v);
    }
  }
}

// Squares that share a vector, in every number of items, side by side or apart, and their neighbours.
TEST(Gemm, TinyItems) {
  for (const char* text : {"qab,qbc->qac", "qba,qbc->qac", "qab,qcb->qac", "qab,bc->qac", "abq,bcq->acq"})
    for (int64_t n = 1; n <= 9; ++n)
      for (int64_t items : {1, 2, 3, 5, 16, 33}) {
        Variant v;
        v.seed = static_cast<uint32_t>(100 * n + items);
        v.alpha = 0.5;
        for (double beta : {0.0, 2.0}) {
          v.beta = beta;
          for (int64_t pad : {0, 1}) {
            v.pad = pad;
            const Equation e{text, {{'q', items}, {'a', n}, {'b', n}, {'c', n}}};
            expect_right_by_all(e, v);
          }
        }
      }
}

// Items of every small shape, in every order of the elements of each operand and of the result; batches at the fastest,
// at the slowest and at a middle axis; more items than are put together at once.
TEST(Gemm, SmallItemsOfEveryShape) {
  const char* const texts[] = {"qab,qbc->qac", "qba,qbc->qac", "qab,qcb->qac", "qba,qcb->qac", "qab,qbc->qca",
                               "qba,qcb->qca", "aqb,qbc->aqc", "qab,bcq->qac", "qab,cqb->qac", "qab,cb->qac"};
  uint32_t seed = 0;
  int layout = 0;
  for (const char* text : texts) {
    ++layout;
    for (int64_t a : {1, 2, 3, 5, 8, 13, 16})
      for (int64_t b : {2, 3, 4, 7, 11, 16})
        for (int64_t c : {1, 2, 4, 5, 6, 9, 16, 19}) {
          Variant v;
          v.seed = ++seed;
          if (left_out(static_cast<int>(seed) + layout)) continue;
          v.pad = seed % 5 == 0 ? 1 : 0;
          v.at_end = seed % 2 == 0;
          v.beta = seed % 3 == 0 ? -0.5 : 0;
          v.threads = 2;
          const Equation e{text, {{'q', seed % 7 == 0 ? 301 : 37}, {'a', a}, {'b', b}, {'c', c}}};
          v.kernel = "gemm_small";
          if (planned<float>(e, v).status != EINBLAS_NOT_APPLICABLE) expect_right(e, v);
        }
  }
}

// Batches from beyond the caches, whose items are asked for ahead, and results that pass the caches.
TEST(Gemm, LargeBatches) {
  const struct {
    int64_t items, m, n, k;
  } shapes[] = {{8000, 4, 4, 4},   {2500, 8, 8, 8},  {600, 16, 16, 16}, {300, 16, 32, 5}, {90, 33, 48, 7},
                {150, 30, 30, 30}, {30000, 2, 2, 2}, {9001, 3, 3, 3},   {4001, 5, 4, 5},  {3001, 3, 7, 9}};
  const WithTunable stream("STREAM_FROM", 1 << 16);
  for (const auto& s : shapes)
    for (const char* text : {"qab,qbc->qac", "qba,qbc->qac", "qba,qcb->qac"})
      for (double beta : {0.0, 1.0}) {
        Variant v;
        v.threads = 2;
        v.beta = beta;
        v.kernel = "gemm_small";
        const Equation e{text, {{'q', s.items}, {'a', s.m}, {'b', s.k}, {'c', s.n}}};
        expect_right(e, v);
      }
}

// Few columns: rows of A are read where they lie, whole or in pieces of depth, evenly spaced or not; one, two or more
// tiles to a row, and last tiles of every height.
TEST(Gemm, FewColumnsBesideRowsInPlace) {
  const Equation equations[] = {
      {"ab,cb->ac", {{'a', 1001}, {'b', 131}, {'c', 30}}},
      {"ab,cb->ac", {{'a', 1003}, {'b', 77}, {'c', 61}}},
      {"ab,cb->ac", {{'a', 998}, {'b', 90}, {'c', 17}}},
      {"ab,bc->ac", {{'a', 1005}, {'b', 64}, {'c', 130}}},
      {"dab,cb->dac", {{'d', 43}, {'a', 25}, {'b', 83}, {'c', 29}}},
      {"adb,cb->dac", {{'d', 43}, {'a', 25}, {'b', 83}, {'c', 29}}},
      {"ab,cb->ca", {{'a', 29}, {'b', 83}, {'c', 1007}}},
  };
  for (int64_t bytes : {int64_t{256} << 10, int64_t{1} << 12}) {
    const WithTunable skinny("GEMM_SKINNY", bytes);
    for (const Equation& e : equations)
      for (int64_t pad : {0, 3})
        for (double beta : {0.0, -0.5}) {
          Variant v;
          v.kernel = "gemm";
          v.pad = pad;
          v.alpha = 1.5;
          v.beta = beta;
          v.threads = 2;
          expect_right(e, v);
        }
  }
}

// Runs of C shorter than a panel, whose rows follow each other or do not, written through the caches and past them.
TEST(Gemm, ShortRunsOfTheResult) {
  int turn = 0;
  for (int64_t from : {int64_t{16} << 20, int64_t{1} << 16}) {
    const WithTunable stream("STREAM_FROM", from);
    for (int64_t length : {8, 12, 16, 17, 20, 24, 31, 40, 45, 48, 50})
      for (const char* text : {"amji,cbkm->kjicba", "bmji,cakm->kjicba", "amj,cbm->jcba", "amj,cbm->cjba"}) {
        Variant v;
        v.kernel = "gemm";
        v.alpha = 1.5;
        v.threads = 2;
        for (double beta : {0.0, -0.5})
          for (int64_t pad : {0, 1}) {
            if (left_out(turn++)) continue;
            v.beta = beta;
            v.pad = pad;
            const Equation e{text, {{'a', length}, {'b', 13}, {'c', 5}, {'i', 3}, {'j', 7}, {'k', 2}, {'m', 11}}};
            expect_right(e, v);
          }
      }
  }
}

// Few rows: A packed for all, columns in chunks that each worker packs; the unit stride of B on any axis.
TEST(Gemm, FewRowsBesideColumnsInChunks) {
  const Equation equations[] = {
      {"abkc,kj->cbja", {{'a', 37}, {'b', 5}, {'c', 41}, {'j', 9}, {'k', 40}}},
      {"cabk,kj->cjba", {{'a', 35}, {'b', 12}, {'c', 19}, {'j', 11}, {'k', 33}}},
      {"kmli,ljm->kji", {{'i', 40}, {'j', 13}, {'k', 31}, {'l', 9}, {'m', 21}}},
      {"kli,jl->kji", {{'i', 51}, {'j', 30}, {'k', 33}, {'l', 29}}},
      {"ab,bc->ac", {{'a', 7}, {'b', 300}, {'c', 2000}}},
      {"ab,cb->ac", {{'a', 25}, {'b', 70}, {'c', 2001}}},
      {"gab,gcb->gac", {{'g', 3}, {'a', 12}, {'b', 70}, {'c', 999}}},
      {"amj,cbm->jcba", {{'a', 24}, {'b', 3}, {'c', 4}, {'j', 100}, {'m', 19}}},
      {"ab,bc->ac", {{'a', 33}, {'b', 700}, {'c', 144}}},
      {"ba,cb->ac", {{'a', 12}, {'b', 1300}, {'c', 150}}},
      {"ba,cb->ca", {{'a', 201}, {'b', 600}, {'c', 50}}},
  };
  const WithTunable from("GEMM_WIDE_FROM", 1);
  for (int64_t chunk : {int64_t{512} << 10, int64_t{16} << 10})
    for (const Equation& e : equations)
      for (int64_t pad : {0, 3}) {
        const WithTunable bytes("GEMM_WIDE_CHUNK", chunk);
        Variant v;
        v.kernel = "gemm";
        v.alpha = 0.5;
        v.beta = pad == 0 ? 0.0 : 2.0;
        v.pad = pad;
        expect_right(e, v);
        const std::vector<float> one = result<float>(e, v);
        v.threads = 3;
        EXPECT_EQ(one, result<float>(e, v)) << to_string(e, v);
      }
}

// Deep sums of small results: parts of the depth are tasks, of one axis or several, even or not, with whatever lies
// along the unit strides.
const Equation kDeep[] = {
    {"ab,bc->ac", {{'a', 12}, {'b', 1700}, {'c', 14}}},
    {"ba,bc->ac", {{'a', 7}, {'b', 1009}, {'c', 40}}},
    {"ab,cb->ca", {{'a', 33}, {'b', 531}, {'c', 2}}},
    {"gab,gbc->gac", {{'g', 2}, {'a', 5}, {'b', 700}, {'c', 9}}},
    {"abd,dcb->ac", {{'a', 11}, {'b', 7}, {'c', 13}, {'d', 90}}},
    {"abde,edbc->ac", {{'a', 6}, {'b', 21}, {'c', 18}, {'d', 5}, {'e', 11}}},
    {"bac,cd->abd", {{'a', 3}, {'b', 4}, {'c', 400}, {'d', 5}}},
};
class DeepParts {  // of 16 terms and more
  const WithTunable task_{"GEMM_TASK", 1000}, least_{"GEMM_DEPTH", 16};
};

TEST(Gemm, DeepSumsOfSmallResultsInPartsSideBySide) {
  const DeepParts parts;
  for (const Equation& e : kDeep)
    for (int64_t most : {16, 3})
      for (Variant v : usual_variants()) {
        const WithTunable tasks("GEMM_DEPTH_TASKS", most);
        v.kernel = "gemm";
        EXPECT_NE(planned<double>(e, v).description.find("parts side by side"), std::string::npos) << to_string(e, v);
        expect_right(e, v);
        const std::vector<float> one = result<float>(e, v);
        for (int threads : {2, 7}) {
          v.threads = threads;
          const std::vector<float> many = result<float>(e, v);  // NaN in the gaps: compared as bits
          EXPECT_EQ(std::memcmp(one.data(), many.data(), one.size() * sizeof(float)), 0) << to_string(e, v);
        }
      }
}

// A sum is not cut where nothing is gained or an order is promised: few terms, a result that is large or gives tasks
// enough, an invariant sum, short memory.
TEST(Gemm, SumsAreCutForThreadsOnlyWhereItPays) {
  const auto apart = [](const Equation& e, const Variant& v) {
    const Outcome o = planned<double>(e, v);
    EXPECT_EQ(o.status, EINBLAS_OK) << to_string(e, v);
    return o.description.find("side by side") != std::string::npos;
  };
  const Equation few{"ab,bc->ac", {{'a', 12}, {'b', 20736}, {'c', 144}}},
      gram{"ba,bc->ac", {{'a', 64}, {'b', 20000}, {'c', 64}}};
  Variant v;
  v.kernel = "gemm";
  EXPECT_TRUE(apart(few, v));
  EXPECT_TRUE(apart(gram, v));
  EXPECT_FALSE(apart({"ab,bc->ac", {{'a', 12}, {'b', 1000}, {'c', 144}}}, v));
  EXPECT_FALSE(apart({"ab,bc->ac", {{'a', 300}, {'b', 20736}, {'c', 300}}}, v));
  EXPECT_FALSE(apart({"gab,gbc->gac", {{'g', 64}, {'a', 12}, {'b', 4000}, {'c', 20}}}, v));
  Variant short_of_room = v;
  short_of_room.room = planned<double>(few, v).memory / 2;
  EXPECT_FALSE(apart(few, short_of_room));
  v.kernel = EINBLAS_INVARIANT;
  EXPECT_FALSE(apart(few, v));
}

TEST(Gemm, SameBitsForAnyNumberOfThreads) {
  const Equation equations[] = {
      {"ab,bc->ac", {{'a', 500}, {'b', 517}, {'c', 331}}},
      {"ab,cb->ac", {{'a', 5000}, {'b', 300}, {'c', 30}}},
      {"njmi,kmln->lkji", {{'i', 20}, {'j', 12}, {'k', 7}, {'l', 30}, {'m', 18}, {'n', 40}}},
      {"gab,gbc->gac", {{'g', 200}, {'a', 33}, {'b', 35}, {'c', 37}}},
      {"gab,gbc->gac", {{'g', 20000}, {'a', 8}, {'b', 8}, {'c', 8}}},
  };
  int turn = 0;
  for (const Equation& e : equations) {
    for (const char* kernel : {"gemm", "gemm_small", static_cast<const char*>(nullptr)}) {
      Variant v;
      ++turn;
      v.kernel = kernel;
      if (planned<float>(e, v).status == EINBLAS_NOT_APPLICABLE) continue;
      const std::vector<float> one = result<float>(e, v);
      const std::vector<double> one64 = result<double>(e, v);
      for (int threads : {2, 3, 7}) {
        if (left_out(turn++)) continue;
        v.threads = threads;
        EXPECT_EQ(one, result<float>(e, v)) << to_string(e, v);
        EXPECT_EQ(one64, result<double>(e, v)) << to_string(e, v);
      }
    }
  }
}

}  // namespace
}  // namespace einblas_test
