// LAPACK's factorisations against their definitions: P A = L U, A X = B, and A v = lambda v by the characteristic sums.
// Of real and complex numbers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "einblas.h"
#include "support/dtype.hpp"
#include "support/random.hpp"

namespace {

// Of a type of elements: that of its parts, and the one that tests compute in.
template <class T>
struct Numbers {
  using Part = T;
  using Wide = double;
};
template <class R>
struct Numbers<std::complex<R>> {
  using Part = R;
  using Wide = std::complex<double>;
};
template <class T>
using Part = typename Numbers<T>::Part;
template <class T>
using Wide = typename Numbers<T>::Wide;
template <class T>
constexpr bool kComplex = !std::is_same_v<T, Part<T>>;

template <class T>
constexpr int32_t code() {
  if constexpr (kComplex<T>) {
    return std::is_same_v<Part<T>, float> ? EINBLAS_C64 : EINBLAS_C128;
  } else {
    return einblas_test::dtype<T>();
  }
}

// A complex product has a rounding in each of its four products and two sums: sqrt(5) u of its size, by Brent.
template <class T>
constexpr double unit() {
  return std::numeric_limits<Part<T>>::epsilon() / 2 * (kComplex<T> ? 2.24 : 1);
}
template <class T>
Wide<T> wide(T x) {
  return static_cast<Wide<T>>(x);
}
template <class T>
T conjugate(T x) {
  if constexpr (!kComplex<T>) {
    return x;
  } else {
    return std::conj(x);
  }
}
template <class T>
int64_t address(std::vector<T>& v) {
  return reinterpret_cast<int64_t>(v.data());
}

// Column-major, with a diagonal that keeps the condition low; symmetric, or Hermitian where it is complex.
template <class T>
std::vector<T> matrix(int64_t n, bool symmetric, uint32_t seed) {
  constexpr int64_t parts = kComplex<T> ? 2 : 1;
  const std::vector<Part<T>> numbers = einblas_test::Random(seed).reals<Part<T>>(parts * n * n);
  std::vector<T> a(static_cast<size_t>(n * n));
  std::copy(numbers.begin(), numbers.end(), reinterpret_cast<Part<T>*>(a.data()));
  for (int64_t i = 0; i < n; ++i) {
    T& own = a[static_cast<size_t>(i + i * n)];
    own += static_cast<Part<T>>(i % 2 == 0 ? 2 + n / 4 : -2 - n / 4);
    if (symmetric) own = std::real(own);
    for (int64_t j = 0; symmetric && j < i; ++j)
      a[static_cast<size_t>(j + i * n)] = conjugate(a[static_cast<size_t>(i + j * n)]);
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
    ASSERT_EQ(EINBLAS_OK, einblas_lu(code<T>(), n, address(f), address(pivots), &info));
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
        Wide<T> sum = 0;
        double size = 0;
        for (int64_t k = 0; k <= std::min(i, j); ++k) {
          const Wide<T> l = k == i ? 1 : wide(f[static_cast<size_t>(i + k * n)]);
          const Wide<T> u = wide(f[static_cast<size_t>(k + j * n)]);
          // Pivots are chosen by |re| + |im|, at most sqrt(2) times the absolute value.
          EXPECT_LE(std::abs(l), (kComplex<T> ? std::sqrt(2.0) : 1) * (1 + 4 * unit<T>()));
          sum += l * u;
          size += std::abs(l * u);
        }
        EXPECT_LE(std::abs(wide(p[static_cast<size_t>(i + j * n)]) - sum),
                  2 * static_cast<double>(n + 1) * unit<T>() * size)
            << what;
      }
    const int64_t sides = 5;
    std::vector<T> b = matrix<T>(n, false, 99), x;
    b.resize(static_cast<size_t>(n * sides), T{1});
    x = b;
    ASSERT_EQ(EINBLAS_OK, einblas_lu_solve(code<T>(), n, sides, address(f), address(pivots), address(x)));
    for (int64_t s = 0; s < sides; ++s)
      for (int64_t i = 0; i < n; ++i) {
        const Wide<T> right = wide(b[static_cast<size_t>(i + s * n)]);
        Wide<T> sum = 0;
        double size = std::abs(right);
        for (int64_t k = 0; k < n; ++k) {
          const Wide<T> term = wide(a[static_cast<size_t>(i + k * n)]) * wide(x[static_cast<size_t>(k + s * n)]);
          sum += term;
          size += std::abs(term);
        }
        // Backward error of elimination: 3 n u |L| |U| |x|, and |L| |U| is at most n |A| here.
        EXPECT_LE(std::abs(right - sum), 4 * static_cast<double>(n * n + 4) * unit<T>() * size) << what;
      }
  }
}

TEST(Lapack, LuF32) { lu<float>(); }
TEST(Lapack, LuF64) { lu<double>(); }
TEST(Lapack, LuC64) { lu<std::complex<float>>(); }
TEST(Lapack, LuC128) { lu<std::complex<double>>(); }

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
      std::vector<T> f = a;
      std::vector<Part<T>> real(static_cast<size_t>(n)), imaginary(static_cast<size_t>(n), Part<T>{7});
      // Of a symmetric matrix only the lower triangle may be read.
      for (int64_t i = 0; symmetric && i < n; ++i)
        for (int64_t j = i + 1; j < n; ++j) f[static_cast<size_t>(i + j * n)] = static_cast<Part<T>>(NAN);
      int64_t info = -1;
      ASSERT_EQ(EINBLAS_OK, einblas_eigenvalues(code<T>(), symmetric ? 1 : 0, n, address(f), address(real),
                                                address(imaginary), &info));
      ASSERT_EQ(0, info) << what;
      // Their sum is A's trace, that of their squares A^2's; an error in each is some n u |A|.
      std::complex<double> sum, squares, trace, second;
      double norm = 0;
      for (int64_t i = 0; i < n; ++i) {
        const std::complex<double> l(static_cast<double>(real[static_cast<size_t>(i)]),
                                     static_cast<double>(imaginary[static_cast<size_t>(i)]));
        if (symmetric) {
          EXPECT_EQ(0, l.imag()) << what;
        }
        sum += l;
        squares += l * l;
        trace += wide(a[static_cast<size_t>(i + i * n)]);
        for (int64_t j = 0; j < n; ++j) {
          const Wide<T> v = wide(a[static_cast<size_t>(i + j * n)]);
          second += v * wide(a[static_cast<size_t>(j + i * n)]);
          norm += std::norm(v);
        }
      }
      norm = std::sqrt(norm);
      const double each = 4 * static_cast<double>(n) * unit<T>() * norm;
      EXPECT_LE(std::abs(trace - sum), each * static_cast<double>(n)) << what;
      EXPECT_LE(std::abs(second - squares), 2 * norm * each * static_cast<double>(n)) << what;
    }
}

TEST(Lapack, EigenvaluesF32) { eigenvalues<float>(); }
TEST(Lapack, EigenvaluesF64) { eigenvalues<double>(); }
TEST(Lapack, EigenvaluesC64) { eigenvalues<std::complex<float>>(); }
TEST(Lapack, EigenvaluesC128) { eigenvalues<std::complex<double>>(); }

TEST(Lapack, KnownEigenvalues) {
  std::vector<double> rotation = {0, 1, -1, 0}, real(2), imaginary(2);
  int64_t info = -1;
  ASSERT_EQ(EINBLAS_OK,
            einblas_eigenvalues(EINBLAS_F64, 0, 2, address(rotation), address(real), address(imaginary), &info));
  EXPECT_NEAR(0, real[0], 1e-15);
  EXPECT_NEAR(1, std::abs(imaginary[0]), 1e-15);
  EXPECT_EQ(-imaginary[0], imaginary[1]);
}

// [[0, -i], [i, 0]], Pauli's y: 1 and -1; i times it: i and -i.
TEST(Lapack, KnownEigenvaluesOfComplexMatrices) {
  using C = std::complex<double>;
  const C i(0, 1);
  std::vector<C> y = {0, i, -i, 0}, turned = {0, i * i, -i * i, 0};
  std::vector<double> real(2), imaginary(2);
  int64_t info = -1;
  ASSERT_EQ(EINBLAS_OK, einblas_eigenvalues(EINBLAS_C128, 1, 2, address(y), address(real), address(imaginary), &info));
  EXPECT_NEAR(-1, real[0], 1e-15);
  EXPECT_NEAR(1, real[1], 1e-15);
  ASSERT_EQ(EINBLAS_OK,
            einblas_eigenvalues(EINBLAS_C128, 0, 2, address(turned), address(real), address(imaginary), &info));
  EXPECT_NEAR(0, real[0], 1e-15);
  EXPECT_NEAR(1, std::abs(imaginary[0]), 1e-15);
  EXPECT_NEAR(-imaginary[0], imaginary[1], 1e-15);
}

TEST(Lapack, RefusesNumbers) {
  std::vector<double> a(4);
  std::vector<int32_t> pivots(2);
  int64_t info = 0;
  for (int32_t type : std::vector<int32_t>{EINBLAS_I32, EINBLAS_BF16, EINBLAS_F16, EINBLAS_BOOL, -1, 12}) {
    EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_lu(type, 2, address(a), address(pivots), &info));
    EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_lu_solve(type, 2, 1, address(a), address(pivots), address(a)));
    EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_eigenvalues(type, 0, 2, address(a), address(a), address(a), &info));
  }
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_lu(EINBLAS_F64, 0, address(a), address(pivots), &info));
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_lu(EINBLAS_F64, int64_t{1} << 31, address(a), address(pivots), &info));
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_lu_solve(EINBLAS_F64, 2, -1, address(a), address(pivots), address(a)));
}

}  // namespace
