// LAPACK's factorisations against their definitions: P A = L U, A X = B, and A v = lambda v by the characteristic sums.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "einblas.h"
#include "support/dtype.hpp"
#include "support/random.hpp"

namespace {

using einblas_test::dtype;

template <class T>
constexpr double unit() {
  return std::numeric_limits<T>::epsilon() / 2;
}
template <class T>
int64_t address(std::vector<T>& v) {
  return reinterpret_cast<int64_t>(v.data());
}

// Column-major, with a diagonal that keeps the condition low.
template <class T>
std::vector<T> matrix(int64_t n, bool symmetric, uint32_t seed) {
  std::vector<T> a = einblas_test::Random(seed).reals<T>(n * n);
  for (int64_t i = 0; i < n; ++i) {
    a[static_cast<size_t>(i + i * n)] += static_cast<T>(i % 2 == 0 ? 2 + n / 4 : -2 - n / 4);
    for (int64_t j = 0; symmetric && j < i; ++j) a[static_cast<size_t>(j + i * n)] = a[static_cast<size_t>(i + j * n)];
  }
  return a;
}

const int64_t kOrders[] = {1, 2, 3, 8, 17, 64, 130};

template <class T>
void lu() {
  for (int64_t n : kOrders) {
    const std::string what = "order " + std::to_string(n);
    const std::vector<T> a = matrix<T>(n, false, static_cast<uint32_t>(n));
    std::vector<T> f = a;
    std::vector<int32_t> pivots(static_cast<size_t>(n));
    int64_t info = -1;
    ASSERT_EQ(EINBLAS_OK, einblas_lu(dtype<T>(), n, address(f), address(pivots), &info));
    ASSERT_EQ(0, info) << what;
    // Rows of A exchanged as the pivots say are L U; |L| <= 1 and |U| bounds the sums.
    std::vector<T> p = a;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t other = pivots[static_cast<size_t>(i)] - 1;
      ASSERT_TRUE(other >= i && other < n) << what;
      for (int64_t j = 0; j < n; ++j)
        std::swap(p[static_cast<size_t>(i + j * n)], p[static_cast<size_t>(other + j * n)]);
    }
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0, size = 0;
        for (int64_t k = 0; k <= std::min(i, j); ++k) {
          const double l = k == i ? 1 : static_cast<double>(f[static_cast<size_t>(i + k * n)]);
          const double u = static_cast<double>(f[static_cast<size_t>(k + j * n)]);
          EXPECT_LE(std::abs(l), 1 + unit<T>());
          sum += l * u;
          size += std::abs(l * u);
        }
        EXPECT_NEAR(static_cast<double>(p[static_cast<size_t>(i + j * n)]), sum,
                    2 * static_cast<double>(n + 1) * unit<T>() * size)
            << what;
      }
    const int64_t sides = 5;
    std::vector<T> b = matrix<T>(n, false, 99), x;
    b.resize(static_cast<size_t>(n * sides), T{1});
    x = b;
    ASSERT_EQ(EINBLAS_OK, einblas_lu_solve(dtype<T>(), n, sides, address(f), address(pivots), address(x)));
    for (int64_t s = 0; s < sides; ++s)
      for (int64_t i = 0; i < n; ++i) {
        double sum = 0, size = std::abs(static_cast<double>(b[static_cast<size_t>(i + s * n)]));
        for (int64_t k = 0; k < n; ++k) {
          const double term = static_cast<double>(a[static_cast<size_t>(i + k * n)]) *
                              static_cast<double>(x[static_cast<size_t>(k + s * n)]);
          sum += term;
          size += std::abs(term);
        }
        // Backward error of elimination: 3 n u |L| |U| |x|, and |L| |U| is at most n |A| here.
        EXPECT_NEAR(static_cast<double>(b[static_cast<size_t>(i + s * n)]), sum,
                    4 * static_cast<double>(n * n + 4) * unit<T>() * size)
            << what;
      }
  }
}

TEST(Lapack, LuF32) { lu<float>(); }
TEST(Lapack, LuF64) { lu<double>(); }

TEST(Lapack, SingularMatricesAreTold) {
  std::vector<double> a = {1, 2, 4, 2, 4, 8, 1, 0, 5};  // the second column is twice the first
  std::vector<int32_t> pivots(3);
  int64_t info = -1;
  ASSERT_EQ(EINBLAS_OK, einblas_lu(EINBLAS_F64, 3, address(a), address(pivots), &info));
  EXPECT_EQ(2, info);
}

template <class T>
void eigenvalues() {
  for (int64_t n : kOrders)
    for (bool symmetric : {false, true}) {
      const std::string what = "order " + std::to_string(n) + (symmetric ? " symmetric" : "");
      const std::vector<T> a = matrix<T>(n, symmetric, static_cast<uint32_t>(n));
      std::vector<T> f = a, real(static_cast<size_t>(n)), imaginary(static_cast<size_t>(n), T{7});
      // Of a symmetric matrix only the lower triangle may be read.
      for (int64_t i = 0; symmetric && i < n; ++i)
        for (int64_t j = i + 1; j < n; ++j) f[static_cast<size_t>(i + j * n)] = static_cast<T>(NAN);
      int64_t info = -1;
      ASSERT_EQ(EINBLAS_OK, einblas_eigenvalues(dtype<T>(), symmetric ? 1 : 0, n, address(f), address(real),
                                                address(imaginary), &info));
      ASSERT_EQ(0, info) << what;
      // Their sum is A's trace, that of their squares A^2's; an error in each is some n u |A|.
      std::complex<double> sum, squares;
      double trace = 0, second = 0, norm = 0;
      for (int64_t i = 0; i < n; ++i) {
        const std::complex<double> l(static_cast<double>(real[static_cast<size_t>(i)]),
                                     static_cast<double>(imaginary[static_cast<size_t>(i)]));
        if (symmetric) {
          EXPECT_EQ(0, l.imag()) << what;
        }
        sum += l;
        squares += l * l;
        trace += static_cast<double>(a[static_cast<size_t>(i + i * n)]);
        for (int64_t j = 0; j < n; ++j) {
          const double v = static_cast<double>(a[static_cast<size_t>(i + j * n)]);
          second += v * static_cast<double>(a[static_cast<size_t>(j + i * n)]);
          norm += v * v;
        }
      }
      norm = std::sqrt(norm);
      const double each = 4 * static_cast<double>(n) * unit<T>() * norm;
      EXPECT_NEAR(trace, sum.real(), each * static_cast<double>(n)) << what;
      EXPECT_NEAR(0, sum.imag(), each * static_cast<double>(n)) << what;
      EXPECT_NEAR(second, squares.real(), 2 * norm * each * static_cast<double>(n)) << what;
    }
}

TEST(Lapack, EigenvaluesF32) { eigenvalues<float>(); }
TEST(Lapack, EigenvaluesF64) { eigenvalues<double>(); }

TEST(Lapack, KnownEigenvalues) {
  std::vector<double> rotation = {0, 1, -1, 0}, real(2), imaginary(2);
  int64_t info = -1;
  ASSERT_EQ(EINBLAS_OK,
            einblas_eigenvalues(EINBLAS_F64, 0, 2, address(rotation), address(real), address(imaginary), &info));
  EXPECT_NEAR(0, real[0], 1e-15);
  EXPECT_NEAR(1, std::abs(imaginary[0]), 1e-15);
  EXPECT_EQ(-imaginary[0], imaginary[1]);
}

TEST(Lapack, RefusesNumbers) {
  std::vector<double> a(4);
  std::vector<int32_t> pivots(2);
  int64_t info = 0;
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_lu(EINBLAS_I32, 2, address(a), address(pivots), &info));
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_lu(EINBLAS_F64, 0, address(a), address(pivots), &info));
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_lu(EINBLAS_F64, int64_t{1} << 31, address(a), address(pivots), &info));
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_lu_solve(EINBLAS_F64, 2, -1, address(a), address(pivots), address(a)));
}

}  // namespace
