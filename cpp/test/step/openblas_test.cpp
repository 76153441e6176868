// The kernel that calls OpenBLAS: what BLAS can walk, parts and depths, factors, many callers at once.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "einblas.h"
#include "support/step_case.hpp"

namespace einblas_test {
namespace {

constexpr const char* kKernel = "openblas";

int64_t at(const void* p) { return reinterpret_cast<int64_t>(p); }

TEST(OpenBlas, EveryLayoutInPartsAndDepths) {
  const char* const layouts[] = {"ab,bc->ac", "ab,cb->ac", "ba,bc->ac",    "ba,cb->ac",
                                 "ab,bc->ca", "ba,cb->ca", "qab,qbc->qac", "aqb,bqc->aqc"};
  for (int64_t task : {1000, 1 << 26}) {
    const WithTunable flops("OPENBLAS_TASK", task);
    for (const char* text : layouts) {
      for (const auto& n : std::vector<std::vector<int64_t>>{{70, 33, 45}, {17, 90, 35}, {5, 4500, 7}, {2, 2, 2}}) {
        Variant v;
        v.threads = 2;
        for (double beta : {0.0, 1.0, -0.5}) {
          v.beta = beta;
          v.alpha = beta == 1 ? -2 : 1;
          v.pad = beta == 0 ? 0 : 1;
          expect_right({text, {{'a', n[0]}, {'b', n[1]}, {'c', n[2]}, {'q', 3}}}, v, kKernel);
        }
      }
    }
  }
}

TEST(OpenBlas, RefusesWhatBlasCannotWalk) {
  Variant v;
  v.kernel = kKernel;
  const std::map<char, int64_t> lengths{{'a', 6}, {'b', 7}, {'c', 8}, {'d', 5}, {'q', 3}};
  // A unit stride on neither axis, two axes that do not fold, a vector, a batch at unit stride, nothing summed.
  for (const char* text : {"abq,bcq->acq", "abd,dcb->ac", "ab,b->a", "a,c->ac", "abd,bc->acd"})
    EXPECT_EQ(planned<float>({text, lengths}, v).status, EINBLAS_NOT_APPLICABLE) << text;
  v.spread = true;
  EXPECT_EQ(planned<float>({"ab,bc->ac", lengths}, v).status, EINBLAS_NOT_APPLICABLE);
  v.spread = false;
  v.negative = true;
  EXPECT_EQ(planned<double>({"ab,bc->ac", lengths}, v).status, EINBLAS_NOT_APPLICABLE);
  // Rows that overlap, as windows of a signal do.
  const int64_t sizes[] = {6, 8, 7}, strides[] = {1, 0, 1, 0, 1, 8, 8, 1, 0};
  int64_t step = 0;
  EXPECT_EQ(einblas_step_create(EINBLAS_F32, 2, 3, 2, sizes, strides, kKernel, &step), EINBLAS_NOT_APPLICABLE);
}

template <class T>
void check_factors(int32_t dtype) {
  const int64_t sizes[] = {20, 30, 40}, strides[] = {40, 0, 1, 0, 1, 30, 30, 1, 0};
  int64_t step = 0;
  ASSERT_EQ(einblas_step_create(dtype, 2, 3, 2, sizes, strides, kKernel, &step), EINBLAS_OK);
  const T nan = std::numeric_limits<T>::quiet_NaN(), inf = std::numeric_limits<T>::infinity();
  for (const double alpha : {1.0, 1e-320, -1e-60}) {
    std::vector<T> a(800, 1), b(1200, 1), c(600, nan);
    EXPECT_EQ(einblas_step_run(step, at(a.data()), at(b.data()), 0, at(c.data()), alpha, 0, 1), EINBLAS_OK);
    for (const T x : c) ASSERT_NEAR(static_cast<double>(x), alpha * 40, 1e-30);
    for (const T bad : {nan, inf}) {
      a[3 * 40 + 5] = bad;
      c.assign(600, 1);
      EXPECT_EQ(einblas_step_run(step, at(a.data()), at(b.data()), 0, at(c.data()), alpha, 2, 1), EINBLAS_OK);
      for (size_t i = 0; i < c.size(); ++i) ASSERT_EQ(std::isfinite(c[i]), i / 30 != 3) << bad << ' ' << alpha;
    }
  }
  einblas_step_destroy(step);
}

// NaN and infinity of an operand reach C, also by a factor that is 0 as a float; beta = 0 does not read C.
TEST(OpenBlas, Factors) {
  check_factors<float>(EINBLAS_F32);
  check_factors<double>(EINBLAS_F64);
}

TEST(OpenBlas, SameBitsForAnyNumberOfThreads) {
  const WithTunable task("OPENBLAS_TASK", 100000);
  for (const char* text : {"ab,bc->ac", "qab,qbc->qac"}) {
    Variant v;
    v.kernel = kKernel;
    const Equation e{text, {{'a', 130}, {'b', 90}, {'c', 150}, {'q', 3}}};
    const std::vector<float> one = result<float>(e, v);
    const std::vector<double> exact = result<double>(e, v);
    for (int threads : {2, 3, 7}) {
      v.threads = threads;
      EXPECT_EQ(one, result<float>(e, v)) << text;
      EXPECT_EQ(exact, result<double>(e, v)) << text;
    }
  }
}

// More callers than OpenBLAS has buffers for: those beyond wait for a seat.
TEST(OpenBlas, ManyCallersAtOnce) {
  constexpr int64_t n = 150;
  const int64_t sizes[] = {n, n, n}, strides[] = {n, 0, 1, 0, 1, n, n, 1, 0};
  int64_t step = 0;
  ASSERT_EQ(einblas_step_create(EINBLAS_F32, 2, 3, 2, sizes, strides, kKernel, &step), EINBLAS_OK);
  const std::vector<float> a(n * n, 1), b(n * n, 2);
  std::vector<std::vector<float>> c(200, std::vector<float>(n * n));
  std::vector<std::thread> callers;
  for (auto& own : c)
    callers.emplace_back([&, step] {
      for (int i = 0; i < 3; ++i) einblas_step_run(step, at(a.data()), at(b.data()), 0, at(own.data()), 1, 0, 1);
    });
  for (auto& t : callers) t.join();
  for (const auto& own : c) ASSERT_EQ(own, std::vector<float>(n * n, 2.0f * n));
  einblas_step_destroy(step);
}

}  // namespace
}  // namespace einblas_test
