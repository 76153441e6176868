// CSR matrices against dense loops: building, strides, long rows, empty rows, tails, guarded memory, threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <random>
#include <type_traits>
#include <vector>

#include "einblas.h"
#include "support/csr_case.hpp"
#include "support/dtype.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"
#include "support/thinned.hpp"

namespace {

using einblas_test::Csr;
using einblas_test::Dense;
using einblas_test::dtype;
using einblas_test::Guarded;
using einblas_test::kShapes;
using einblas_test::left_out;
using einblas_test::make;
using einblas_test::Random;
using einblas_test::Shape;

template <class T>
void run(const Csr<T>& a, const Dense<T>& d, const Dense<T>& c, double alpha, double beta, int threads) {
  ASSERT_EQ(einblas_csr_multiply(dtype<T>(), 0, a.rows, a.columns, a.entries, a.longest, a.arrays()[0], a.arrays()[1],
                                 a.arrays()[2], d.columns, d.address(), d.row, d.column, c.address(), c.row, c.column,
                                 alpha, beta, threads),
            EINBLAS_OK);
}

template <class T>
void check(const Csr<T>& a, int64_t n, int d_layout, int c_layout, double alpha, double beta) {
  Random random(11);
  const Dense<T> d(a.columns, n, d_layout, Guarded::At::End);
  const Dense<T> c(a.rows, n, c_layout, n % 2 == 0 ? Guarded::At::End : Guarded::At::Start);
  std::fill(c.memory.template as<T>(), c.memory.template as<T>() + c.extent(), T{7});  // gaps must stay 7
  std::vector<bool> selected(static_cast<size_t>(a.columns), false);
  for (int64_t i = 0; i < a.entries; ++i) selected[static_cast<size_t>(a.column()[i])] = true;
  for (int64_t k = 0; k < a.columns; ++k)
    for (int64_t j = 0; j < n; ++j)
      d(k, j) = selected[static_cast<size_t>(k)] ? static_cast<T>(random.real()) : std::numeric_limits<T>::quiet_NaN();
  std::vector<double> want(static_cast<size_t>(a.rows * n)), size(want.size());
  for (int64_t r = 0; r < a.rows; ++r)
    for (int64_t j = 0; j < n; ++j) {
      c(r, j) = beta == 0 ? std::numeric_limits<T>::quiet_NaN() : static_cast<T>(random.real());
      double sum = beta == 0 ? 0 : beta * static_cast<double>(c(r, j)), magnitude = std::abs(sum);
      for (int64_t i = a.indptr()[r]; i < a.indptr()[r + 1]; ++i) {
        const double term = alpha * static_cast<double>(a.value()[i]) * static_cast<double>(d(a.column()[i], j));
        sum += term;
        magnitude += std::abs(term);
      }
      want[static_cast<size_t>(r * n + j)] = sum;
      size[static_cast<size_t>(r * n + j)] = magnitude;
    }
  std::vector<T> before(c.memory.template as<T>(), c.memory.template as<T>() + c.extent());
  run(a, d, c, alpha, beta, 1);
  const std::vector<T> once(c.memory.template as<T>(), c.memory.template as<T>() + c.extent());
  std::vector<T> expected = before;
  for (int64_t r = 0; r < a.rows; ++r) {
    const int64_t terms = a.indptr()[r + 1] - a.indptr()[r] + 3;
    for (int64_t j = 0; j < n; ++j) {
      const size_t at = static_cast<size_t>(r * n + j);
      // A sum of terms in any order, a factor and an addition: each rounds at most once per term.
      const double bound = static_cast<double>(terms) * std::numeric_limits<T>::epsilon() * size[at];
      ASSERT_NEAR(static_cast<double>(c(r, j)), want[at], bound)
          << a.rows << "x" << a.columns << " n " << n << " layouts " << d_layout << c_layout << " row " << r
          << " column " << j << " alpha " << alpha << " beta " << beta << " " << einblas_isa();
      expected[static_cast<size_t>(&c(r, j) - c.memory.template as<T>())] = c(r, j);
    }
  }
  ASSERT_EQ(std::memcmp(expected.data(), once.data(), once.size() * sizeof(T)), 0) << "wrote between the elements";
  for (int threads : {2, 3, 7}) {
    std::copy(before.begin(), before.end(), c.memory.template as<T>());
    run(a, d, c, alpha, beta, threads);
    ASSERT_EQ(std::memcmp(c.memory.template as<T>(), once.data(), once.size() * sizeof(T)), 0)
        << threads << " threads give other bits";
  }
}

template <class T>
void every_shape() {
  int seed = 1, turn = 0;
  for (const Shape& s : kShapes) {
    const auto a = make<T>(s, seed % 2 == 0 ? 8 : 4, seed);
    ++seed;
    for (int64_t n : {1, 2, 3, 4, 8, 15, 16, 17, 30, 33, 64, 65, 131}) {
      if (s.long_row > 10000 && n > 33) continue;
      if (s.columns > 1000 && n != 1 && n != 17 && n != 30 && n != 65) continue;  // slow to check
      if (!left_out(turn)) check(*a, n, 0, 0, 1, 0);
      if (!left_out(turn + 1)) check(*a, n, 2, 2, -0.5, 1.5);
      if (!left_out(turn + 2)) check(*a, n, 1, 1, 1, 0);
      if (!left_out(turn + 3)) check(*a, n, 3, 1, 2, -1);
      if (!left_out(turn + 4)) check(*a, n, 4, 3, 1, 1);
      if (!left_out(turn + 5)) check(*a, n, 1, 4, 1, 0);
      ++turn;
    }
    ++turn;
    check(*a, 0, 0, 0, 1, 0);
  }
}

// Chunks of more entries than those of several columns.
TEST(Csr, OneColumnOfALargeMatrix) {
  const Shape large{9000, 3000, 65, 0};
  check(*make<float>(large, 4, 3), 1, 0, 0, 1, 0);
  check(*make<double>(large, 8, 5), 1, 2, 2, -0.5, 1.5);
}

TEST(Csr, F32TimesDense) { every_shape<float>(); }
TEST(Csr, F64TimesDense) { every_shape<double>(); }

TEST(Csr, AlphaZeroReadsNoOperand) {
  const auto a = make<float>({30, 20, 4, 0}, 4, 3);
  const Dense<float> d(20, 5, 0, Guarded::At::End), c(30, 5, 2, Guarded::At::End);
  for (int64_t k = 0; k < 20; ++k)
    for (int64_t j = 0; j < 5; ++j) d(k, j) = std::numeric_limits<float>::infinity();
  for (double beta : {0.0, 0.5}) {
    for (int64_t r = 0; r < 30; ++r)
      for (int64_t j = 0; j < 5; ++j) c(r, j) = beta == 0 ? NAN : 4.0f;
    run(*a, d, c, 0, beta, 2);
    for (int64_t r = 0; r < 30; ++r)
      for (int64_t j = 0; j < 5; ++j) ASSERT_EQ(c(r, j), beta == 0 ? 0.0f : 2.0f);
  }
}

TEST(Csr, TransposedTwiceIsTheSame) {
  for (const Shape& s : kShapes) {
    const auto a = make<double>(s, 8, 5);
    const int64_t sizes[] = {s.rows, s.columns, a->entries}, back[] = {s.columns, s.rows, a->entries};
    const Csr<double> t(s.columns, s.rows, a->entries), again(s.rows, s.columns, a->entries);
    einblas_csr_transpose(EINBLAS_F64, sizes, a->arrays().data(), t.arrays().data());
    const std::vector<double> dense = a->dense(), turned = t.dense();
    for (int64_t r = 0; r < s.rows; ++r)
      for (int64_t c = 0; c < s.columns; ++c)
        ASSERT_EQ(turned[static_cast<size_t>(c * s.rows + r)], dense[static_cast<size_t>(r * s.columns + c)]);
    einblas_csr_transpose(EINBLAS_F64, back, t.arrays().data(), again.arrays().data());
    ASSERT_EQ(std::vector<double>(again.value(), again.value() + a->entries),
              std::vector<double>(a->value(), a->value() + a->entries));
    ASSERT_EQ(std::vector<int32_t>(again.column(), again.column() + a->entries),
              std::vector<int32_t>(a->column(), a->column() + a->entries));
  }
}

// Entries that repeat keep their order, so the bits tell how they were shared out.
TEST(Csr, BuiltAlikeByAnyNumberOfThreads) {
  const auto a = make<float>({2000, 300, 80, 0}, 8, 10);
  std::vector<int64_t> order(static_cast<size_t>(a->entries)), row(order.size()), column(order.size());
  std::vector<float> value(order.size());
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), Random(12).engine());
  for (int64_t r = 0; r < a->rows; ++r)
    for (int64_t i = a->indptr()[r]; i < a->indptr()[r + 1]; ++i) {
      const auto to = static_cast<size_t>(order[static_cast<size_t>(i)]);
      row[to] = r;
      column[to] = a->column()[i];
      value[to] = a->value()[i];
    }
  const int64_t sizes[] = {a->rows, a->columns, a->entries};
  const int64_t from[] = {reinterpret_cast<int64_t>(row.data()), reinterpret_cast<int64_t>(column.data()),
                          reinterpret_cast<int64_t>(value.data())};
  const int32_t before = einblas_threads();
  std::vector<int64_t> indptr[2];
  std::vector<int32_t> columns[2];
  std::vector<float> values[2];
  for (int32_t threads : {1, 2, 3, 7, 64}) {
    ASSERT_EQ(einblas_set_threads(threads), EINBLAS_OK);
    const Csr<float> turned(a->columns, a->rows, a->entries), dealt(a->rows, a->columns, a->entries);
    int64_t finding[4];
    EXPECT_EQ(einblas_csr_transpose(EINBLAS_F32, sizes, a->arrays().data(), turned.arrays().data()), EINBLAS_OK);
    EXPECT_EQ(einblas_csr_from_coo(EINBLAS_F32, sizes, from, EINBLAS_I64, EINBLAS_I64, dealt.arrays().data(), finding),
              EINBLAS_OK);
    const Csr<float>* made[] = {&turned, &dealt};
    for (int k = 0; k < 2; ++k) {
      const Csr<float>& m = *made[k];
      const std::vector<int64_t> p(m.indptr(), m.indptr() + m.rows + 1);
      const std::vector<int32_t> c(m.column(), m.column() + m.entries);
      const std::vector<float> v(m.value(), m.value() + m.entries);
      if (threads == 1) {
        indptr[k] = p;
        columns[k] = c;
        values[k] = v;
      }
      EXPECT_TRUE(p == indptr[k] && c == columns[k] && v == values[k])
          << threads << " threads give another " << (k == 0 ? "transposed matrix" : "matrix of triples");
    }
  }
  ASSERT_EQ(einblas_set_threads(before), EINBLAS_OK);
}

TEST(Csr, ReshapedKeepsPlaces) {
  const auto a = make<float>({12, 35, 9, 0}, 4, 8);
  const std::vector<double> dense = a->dense();
  for (const auto& shape : std::vector<std::pair<int64_t, int64_t>>{{60, 7}, {1, 420}, {420, 1}, {4, 105}}) {
    const Csr<float> b(shape.first, shape.second, a->entries);
    const int64_t sizes[] = {12, 35, a->entries, shape.first, shape.second};
    einblas_csr_reshape(sizes, a->arrays().data(), b.arrays().data());
    std::copy(a->value(), a->value() + a->entries, b.value());
    ASSERT_EQ(b.dense(), dense) << shape.first << "x" << shape.second;
  }
  // Several tasks, borders of which are no borders of new rows; rows without entries at both ends and in between.
  for (double per_row : {0.002, 1.0, 40.0}) {
    const auto large = make<float>({5250, 60, per_row, 0}, 4, 9);
    const std::vector<double> places = large->dense();
    for (int64_t rows : {7, 450, 1750, 5250, 45000, 315000}) {
      const Csr<float> b(rows, 315000 / rows, large->entries);
      const int64_t sizes[] = {5250, 60, large->entries, rows, 315000 / rows};
      einblas_csr_reshape(sizes, large->arrays().data(), b.arrays().data());
      std::copy(large->value(), large->value() + large->entries, b.value());
      ASSERT_EQ(b.indptr()[0], 0);
      ASSERT_EQ(b.indptr()[rows], large->entries);
      ASSERT_TRUE(b.dense() == places) << rows << " rows, " << per_row << " entries in each";
    }
  }
}

TEST(Csr, KhatriRaoOfRows) {
  const auto a = make<double>({25, 6, 4, 0}, 4, 8);  // 6 columns, 4 per row: entries repeat
  const auto b = make<double>({25, 9, 3, 0}, 4, 9);
  const int64_t sizes[] = {25, 6, 9};
  std::vector<int64_t> indptr(26);
  const int64_t entries = einblas_csr_khatri_rao_count(sizes, a->arrays().data(), b->arrays().data(),
                                                       reinterpret_cast<int64_t>(indptr.data()));
  const Csr<double> c(25, 54, entries);
  std::copy(indptr.begin(), indptr.end(), c.indptr());
  ASSERT_EQ(einblas_csr_khatri_rao(EINBLAS_F64, sizes, a->arrays().data(), b->arrays().data(), c.arrays().data()),
            EINBLAS_OK);
  const std::vector<double> x = a->dense(), y = b->dense(), z = c.dense();
  for (int64_t r = 0; r < 25; ++r) {
    ASSERT_TRUE(
        std::is_sorted(c.column() + indptr[static_cast<size_t>(r)], c.column() + indptr[static_cast<size_t>(r) + 1]));
    for (int64_t i = 0; i < 6; ++i)
      for (int64_t j = 0; j < 9; ++j)
        ASSERT_NEAR(z[static_cast<size_t>(r * 54 + i * 9 + j)],
                    x[static_cast<size_t>(r * 6 + i)] * y[static_cast<size_t>(r * 9 + j)], 1e-14);
  }
}

TEST(Csr, FromDenseWithThreshold) {
  const int64_t sizes[] = {3, 4};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double dense[] = {0, 1, -2, 0.5, -0.5, 0, nan, 3, 0, 0, 0, 0};  // column-major 3 x 4 below
  const int64_t strides[] = {1, 3};
  std::vector<int64_t> indptr(4);
  einblas_csr_count(EINBLAS_F64, sizes, reinterpret_cast<int64_t>(dense), strides, 0.5,
                    reinterpret_cast<int64_t>(indptr.data()));
  ASSERT_EQ(indptr, (std::vector<int64_t>{0, 1, 3, 4}));
  const Csr<double> a(3, 4, 4);
  std::copy(indptr.begin(), indptr.end(), a.indptr());
  einblas_csr_fill(EINBLAS_F64, sizes, reinterpret_cast<int64_t>(dense), strides, 0.5, a.arrays().data());
  EXPECT_EQ(std::vector<int32_t>(a.column(), a.column() + 4), (std::vector<int32_t>{2, 0, 2, 0}));
  EXPECT_TRUE(std::isnan(a.value()[0]));
  EXPECT_EQ(a.value()[1], 1);
  EXPECT_EQ(a.value()[2], 3);
  EXPECT_EQ(a.value()[3], -2);
}

TEST(Csr, TriplesInAnyOrder) {
  const int64_t sizes[] = {3, 4, 5};
  const int64_t row[] = {2, 0, 2, 0, 2}, column[] = {3, 1, 0, 1, 3};
  const float value[] = {1, 2, 3, 4, 5};
  const int64_t from[] = {reinterpret_cast<int64_t>(row), reinterpret_cast<int64_t>(column),
                          reinterpret_cast<int64_t>(value)};
  const Csr<float> a(3, 4, 5);
  int64_t finding[4];
  ASSERT_EQ(einblas_csr_from_coo(EINBLAS_F32, sizes, from, EINBLAS_I64, EINBLAS_I64, a.arrays().data(), finding),
            EINBLAS_OK);
  EXPECT_EQ(finding[0], 0);
  EXPECT_EQ(finding[3], 3);
  EXPECT_EQ(a.dense(), (std::vector<double>{0, 6, 0, 0, 0, 0, 0, 0, 3, 0, 0, 6}));
}

// Structure of integers, and passes in several parts.
template <class T>
void turned_and_back(const Shape& shape) {
  const auto a = make<T>(shape, 8, 6);
  const int64_t sizes[] = {shape.rows, shape.columns, a->entries}, back[] = {shape.columns, shape.rows, a->entries};
  const Csr<T> t(shape.columns, shape.rows, a->entries), again(shape.rows, shape.columns, a->entries);
  ASSERT_EQ(einblas_csr_transpose(dtype<T>(), sizes, a->arrays().data(), t.arrays().data()), EINBLAS_OK);
  ASSERT_EQ(einblas_csr_transpose(dtype<T>(), back, t.arrays().data(), again.arrays().data()), EINBLAS_OK);
  ASSERT_EQ(std::memcmp(again.value(), a->value(), static_cast<size_t>(a->entries) * sizeof(T)), 0);
  ASSERT_EQ(std::memcmp(again.column(), a->column(), static_cast<size_t>(a->entries) * 4), 0);
  ASSERT_EQ(std::memcmp(again.indptr(), a->indptr(), static_cast<size_t>(shape.rows + 1) * 8), 0);
  std::vector<T> dense(static_cast<size_t>(shape.rows * shape.columns)), other(dense.size());
  einblas_csr_to_dense(dtype<T>(), sizes, a->arrays().data(), 0, reinterpret_cast<int64_t>(dense.data()));
  einblas_csr_to_dense(dtype<T>(), back, t.arrays().data(), 0, reinterpret_cast<int64_t>(other.data()));
  for (int64_t r = 0; r < shape.rows; ++r)
    for (int64_t c = 0; c < shape.columns; ++c)
      ASSERT_EQ(dense[static_cast<size_t>(r * shape.columns + c)], other[static_cast<size_t>(c * shape.rows + r)]);
  // Triples in the order of the turned matrix.
  std::vector<int64_t> row, column;
  for (int64_t c = 0; c < shape.columns; ++c)
    for (int64_t i = t.indptr()[c]; i < t.indptr()[c + 1]; ++i) {
      row.push_back(t.column()[i]);
      column.push_back(c);
    }
  const Csr<T> dealt(shape.rows, shape.columns, a->entries);
  const int64_t from[] = {reinterpret_cast<int64_t>(row.data()), reinterpret_cast<int64_t>(column.data()),
                          reinterpret_cast<int64_t>(t.value())};
  int64_t finding[4];
  const auto deal = [&] {
    return einblas_csr_from_coo(dtype<T>(), sizes, from, EINBLAS_I64, EINBLAS_I64, dealt.arrays().data(), finding);
  };
  ASSERT_EQ(deal(), EINBLAS_OK);
  EXPECT_EQ(finding[0], 0);
  ASSERT_EQ(std::memcmp(dealt.value(), a->value(), static_cast<size_t>(a->entries) * sizeof(T)), 0);
  ASSERT_EQ(std::memcmp(dealt.column(), a->column(), static_cast<size_t>(a->entries) * 4), 0);
  if (a->entries < 100) return;
  row[static_cast<size_t>(a->entries - 1)] = shape.rows;  // the earlier of two is named
  row[50] = -7;
  ASSERT_EQ(deal(), EINBLAS_OK);
  EXPECT_EQ(std::vector<int64_t>(finding, finding + 3), (std::vector<int64_t>{5, 50, -7}));
}

TEST(Csr, EveryTypeIsTurnedAndDealtOut) {
  for (const Shape& s : kShapes) {
    turned_and_back<int32_t>(s);
    turned_and_back<int64_t>(s);
    turned_and_back<float>(s);
  }
  const Shape large{5000, 300, 80, 0};  // 400,000 entries: several parts and tasks
  turned_and_back<double>(large);
  turned_and_back<int64_t>(large);
}

TEST(Csr, IntegersAreAddedUpAndNotMultiplied) {
  const Csr<int32_t> a(1, 2, 2);
  const int32_t indptr[] = {0, 2}, column[] = {1, 1}, value[] = {2147483647, 2};
  const int64_t sizes[] = {1, 2, 2};
  const int64_t from[] = {reinterpret_cast<int64_t>(indptr), reinterpret_cast<int64_t>(column),
                          reinterpret_cast<int64_t>(value)};
  int64_t finding[4];
  ASSERT_EQ(einblas_csr_import(EINBLAS_I32, sizes, from, EINBLAS_I32, EINBLAS_I32, a.arrays().data(), finding),
            EINBLAS_OK);
  int32_t dense[] = {0, 0};
  einblas_csr_to_dense(EINBLAS_I32, sizes, a.arrays().data(), 0, reinterpret_cast<int64_t>(dense));
  EXPECT_EQ(dense[1], -2147483647);
  int32_t x[] = {1, 1}, y[] = {5};
  EXPECT_EQ(einblas_csr_multiply(EINBLAS_I32, 0, 1, 2, 2, 2, a.arrays()[0], a.arrays()[1], a.arrays()[2], 1,
                                 reinterpret_cast<int64_t>(x), 1, 1, reinterpret_cast<int64_t>(y), 1, 1, 1, 0, 1),
            EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(y[0], 5);
}

TEST(Csr, WrongArraysAreFound) {
  const float value[] = {1, 2, 3};
  const struct {
    std::vector<int32_t> indptr, column;
    std::vector<int64_t> finding;
  } cases[] = {
      {{1, 2, 3}, {0, 1, 1}, {1, 0, 1}}, {{0, 3, 2}, {0, 1, 1}, {2, 2, 2}},   {{0, 2, 4}, {0, 1, 1}, {3, 2, 4}},
      {{0, 2, 3}, {0, 2, 1}, {4, 1, 2}}, {{0, 2, 3}, {0, 1, -1}, {4, 2, -1}},
  };
  for (const auto& c : cases) {
    const Csr<float> a(2, 2, 3);
    const int64_t sizes[] = {2, 2, 3};
    const int64_t from[] = {reinterpret_cast<int64_t>(c.indptr.data()), reinterpret_cast<int64_t>(c.column.data()),
                            reinterpret_cast<int64_t>(value)};
    int64_t finding[4];
    ASSERT_EQ(einblas_csr_import(EINBLAS_F32, sizes, from, EINBLAS_I32, EINBLAS_I32, a.arrays().data(), finding),
              EINBLAS_OK);
    EXPECT_EQ(std::vector<int64_t>(finding, finding + 3), c.finding);
  }
}

TEST(Csr, DenseOvertakesAtADensity) {
  for (int32_t dtype : {EINBLAS_F32, EINBLAS_F64})
    for (int64_t n : {1, 16, 17, 64, 65, 1 << 20}) {
      const double from = einblas_csr_dense_from(dtype, n);
      EXPECT_TRUE(from > 0.1 && from < 1) << n;
      EXPECT_LE(from, einblas_csr_dense_from(dtype, 1));
    }
  EXPECT_EQ(einblas_csr_dense_from(EINBLAS_I32, 1), 0);
}

}  // namespace
