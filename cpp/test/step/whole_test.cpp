// Steps of integers: factors that double holds and does not, sums over axes that no operand has, what is refused, and
// values at the ends of a type.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "einblas.h"
#include "support/dtype.hpp"
#include "support/random.hpp"
#include "support/step_case.hpp"

namespace einblas_test {
namespace {

constexpr double kExact = 9007199254740992;  // 2^53

int64_t at(const void* p) { return reinterpret_cast<int64_t>(p); }
uint64_t modulo(double factor) { return static_cast<uint64_t>(static_cast<int64_t>(factor)); }

// c[i] = alpha * sum over axes that x does not have of x[i] + beta * c[i].
template <class T>
void check_factors(const std::vector<int64_t>& summed, double alpha, double beta) {
  constexpr int64_t kLength = 37;
  Random random(5);
  std::vector<T> x(kLength), c(kLength);
  random.fill(x.data(), kLength);
  random.fill(c.data(), kLength);
  const std::vector<T> before = c;
  std::vector<int64_t> lengths{kLength}, strides{1};
  uint64_t times = 1;
  for (int64_t n : summed) {
    lengths.push_back(n);
    strides.push_back(0);
    times *= static_cast<uint64_t>(n);
  }
  strides.push_back(1);
  strides.resize(2 * lengths.size(), 0);
  int64_t step = 0;
  ASSERT_EQ(einblas_step_create(dtype<T>(), 1, static_cast<int32_t>(lengths.size()), 1, lengths.data(), strides.data(),
                                nullptr, &step),
            EINBLAS_OK);
  EXPECT_EQ(einblas_step_run(step, at(x.data()), 0, 0, at(c.data()), alpha, beta, 1), EINBLAS_OK);
  einblas_step_destroy(step);
  for (size_t i = 0; i < c.size(); ++i)
    EXPECT_EQ(c[i], static_cast<T>(modulo(alpha) * times * static_cast<uint64_t>(x[i]) +
                                   modulo(beta) * static_cast<uint64_t>(before[i])))
        << "alpha " << alpha << ", beta " << beta << ", axes " << summed.size();
}

TEST(Whole, FactorsAreExactModuloTheType) {
  const std::vector<std::vector<int64_t>> axes = {
      {}, {3}, {3486784401, 14348907}, {int64_t{1} << 40}, {int64_t{1} << 40, int64_t{1} << 30}, {1000003, 999983, 7}};
  for (const auto& summed : axes)
    for (const double alpha : {1.0, -1.0, 0.0, 4294967296.0, 4294967297.0, -1234567890123.0, kExact, -kExact})
      for (const double beta : {0.0, 1.0, -3.0, 4294967296.0, kExact, 1 - kExact}) {
        check_factors<int32_t>(summed, alpha, beta);
        check_factors<int64_t>(summed, alpha, beta);
      }
}

template <class T>
void check_refusals() {
  const int64_t lengths[] = {5}, strides[] = {1, 1};
  const std::vector<T> x(5, 3);
  int64_t step = 0;
  ASSERT_EQ(einblas_step_create(dtype<T>(), 1, 1, 1, lengths, strides, nullptr, &step), EINBLAS_OK);
  for (const double factor : {0.5, -1.5, 1e-300, 2 * kExact, -2 * kExact, std::numeric_limits<double>::infinity(),
                              std::numeric_limits<double>::quiet_NaN()}) {
    std::vector<T> c(5, 7);
    const std::vector<T> before = c;
    EXPECT_EQ(einblas_step_run(step, at(x.data()), 0, 0, at(c.data()), factor, 0, 1), EINBLAS_INVALID_ARGUMENT)
        << "alpha " << factor;
    EXPECT_EQ(einblas_step_run(step, at(x.data()), 0, 0, at(c.data()), 1, factor, 1), EINBLAS_INVALID_ARGUMENT)
        << "beta " << factor;
    EXPECT_EQ(c, before);
  }
  einblas_step_destroy(step);
}

TEST(Whole, OtherFactorsAreRefusedBeforeAnythingIsWritten) {
  check_refusals<int32_t>();
  check_refusals<int64_t>();
}

// The least value times itself and times -1, in every place of a tile and in its tails.
template <class T>
void check_ends(int64_t m, int64_t n, int64_t k) {
  constexpr T least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
  const T values[] = {least, most, -1, least, 1, most, 0};
  std::vector<T> a(static_cast<size_t>(m * k)), b(static_cast<size_t>(k * n)), c(static_cast<size_t>(m * n), most);
  for (size_t i = 0; i < a.size(); ++i) a[i] = values[i % 7];
  for (size_t i = 0; i < b.size(); ++i) b[i] = values[(i + i / 3) % 7];
  const int64_t lengths[] = {m, n, k}, strides[] = {k, 0, 1, 0, 1, n, n, 1, 0};
  int64_t step = 0;
  ASSERT_EQ(einblas_step_create(dtype<T>(), 2, 3, 2, lengths, strides, nullptr, &step), EINBLAS_OK);
  EXPECT_EQ(einblas_step_run(step, at(a.data()), at(b.data()), 0, at(c.data()), -1, -1, 2), EINBLAS_OK);
  int wrong = 0;
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      uint64_t sum = static_cast<uint64_t>(most);
      for (int64_t p = 0; p < k; ++p)
        sum += static_cast<uint64_t>(a[static_cast<size_t>(i * k + p)]) *
               static_cast<uint64_t>(b[static_cast<size_t>(p * n + j)]);
      if (c[static_cast<size_t>(i * n + j)] != static_cast<T>(0 - sum)) ++wrong;
    }
  EXPECT_EQ(wrong, 0) << m << "x" << n << "x" << k << " by " << einblas_step_kernel(step);
  einblas_step_destroy(step);
}

TEST(Whole, ValuesAtTheEndsOfTheType) {
  for (const int64_t n : {1, 7, 33, 130, 300}) {
    check_ends<int32_t>(n, n + 3, 2 * n + 1);
    check_ends<int64_t>(n, n + 3, 2 * n + 1);
  }
}

// More terms than floats are summed in one go.
TEST(Whole, LongSumsAreExact) {
  const Equation sums[] = {
      {"a->", {{'a', 1000003}}},
      {"a,a->", {{'a', 1000003}}},
      {"ab->b", {{'a', 300001}, {'b', 3}}},
      {"ab,a->b", {{'a', 300001}, {'b', 3}}},
      {"ab,b->a", {{'a', 3}, {'b', 300001}}},
      {"bac->b", {{'a', 5000}, {'b', 5}, {'c', 40}}},
      {"ab,cb->ac", {{'a', 3}, {'b', 300001}, {'c', 2}}},
  };
  Variant v;
  v.threads = 2;
  for (const Equation& e : sums)
    for (const Outcome& o : {run<int32_t>(e, v), run<int64_t>(e, v)}) {
      EXPECT_EQ(o.status, EINBLAS_OK) << e.text;
      EXPECT_EQ(o.error, "") << e.text << " ran on " << o.kernel << ": " << o.description;
    }
}

TEST(Whole, OtherProductsRefuseIntegers) {
  int64_t kron = 0;
  const int64_t outer[] = {4, 3, 3}, axes[] = {3, 3, 1, 1, 3, 1};
  for (const int32_t type : {EINBLAS_I32, EINBLAS_I64})
    EXPECT_EQ(einblas_kron_create(type, 1, outer, 1, axes, &kron), EINBLAS_INVALID_ARGUMENT);
}

TEST(Whole, ThePeakOfIntegersIsMeasured) {
  for (const int32_t type : {EINBLAS_I32, EINBLAS_I64}) EXPECT_GT(einblas_measure_peak(type, 1), 0);
}

}  // namespace
}  // namespace einblas_test
