// Sampled CSR products against plain loops: layouts, depths, tails, long rows, slabs, guarded memory, threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "einblas.h"
#include "support/csr_case.hpp"
#include "support/thinned.hpp"
#include "support/tunable.hpp"

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
using einblas_test::WithTunable;

// The values where the matrix has entries, by plain loops; rows of X and columns of Y without entries hold NaN.
template <class T>
void check_sampled(const Csr<T>& a, int64_t depth, int x_layout, int y_layout) {
  Random random(13);
  const Dense<T> x(a.rows, depth, x_layout, Guarded::At::End), y(a.columns, depth, y_layout, Guarded::At::Start);
  for (const Dense<T>* m : {&x, &y})
    std::fill(m->memory.template as<T>(), m->memory.template as<T>() + m->extent(),
              std::numeric_limits<T>::quiet_NaN());
  for (int64_t r = 0; r < a.rows; ++r)
    for (int64_t k = 0; k < depth && a.indptr()[r] < a.indptr()[r + 1]; ++k) x(r, k) = static_cast<T>(random.real());
  for (int64_t e = 0; e < a.entries; ++e)
    for (int64_t k = 0; k < depth; ++k) y(a.column()[e], k) = static_cast<T>(random.real());
  const int64_t bytes = a.entries * static_cast<int64_t>(sizeof(T));
  const Guarded one(bytes, Guarded::At::End), many(bytes, Guarded::At::End);
  // Row j of y holds column j of Y (depth, columns).
  const auto run = [&](T* values, int threads) {
    return einblas_csr_sampled(dtype<T>(), 0, a.rows, a.columns, a.entries, a.arrays()[0], a.arrays()[1], depth,
                               x.address(), x.row, x.column, y.address(), y.column, y.row,
                               reinterpret_cast<int64_t>(values), threads);
  };
  ASSERT_EQ(run(one.as<T>(), 1), EINBLAS_OK);
  for (int64_t r = 0, e = 0; r < a.rows; ++r)
    for (; e < a.indptr()[r + 1]; ++e) {
      double want = 0, magnitude = 0;
      for (int64_t k = 0; k < depth; ++k) {
        const double term = static_cast<double>(x(r, k)) * static_cast<double>(y(a.column()[e], k));
        want += term;
        magnitude += std::abs(term);
      }
      // Each term is rounded once, and each of its additions.
      ASSERT_NEAR(static_cast<double>(one.as<T>()[e]), want,
                  static_cast<double>(depth + 2) * std::numeric_limits<T>::epsilon() * magnitude)
          << a.rows << "x" << a.columns << " depth " << depth << " layouts " << x_layout << y_layout << " entry " << e
          << " " << einblas_isa();
    }
  for (int threads : {2, 3, 7}) {
    ASSERT_EQ(run(many.as<T>(), threads), EINBLAS_OK);
    ASSERT_EQ(std::memcmp(many.as<T>(), one.as<T>(), static_cast<size_t>(bytes)), 0)
        << threads << " threads give other bits";
  }
}

template <class T>
void every_sampled() {
  int seed = 1, turn = 0;
  for (const Shape& s : kShapes) {
    const auto a = make<T>(s, 8, seed++);
    for (int64_t depth : {0, 1, 2, 3, 7, 8, 15, 16, 17, 33, 130}) {
      if (s.long_row > 10000 && depth > 33) continue;
      for (int x = 0; x < 5; ++x)
        if (!left_out(turn++)) check_sampled(*a, depth, x, (x + depth) % 5);
      if (!left_out(turn)) check_sampled(*a, depth, 0, 0);
    }
  }
  // Sums deeper than a part (2048 additions to a lane), and copies of Y in slabs.
  const auto a = make<T>({5, 4, 3, 0}, 4, 77);
  for (int layout : {0, 1, 3}) check_sampled(*a, 70001, layout, layout);
  const WithTunable slabs("CSR_SAMPLED_PACKED", 1024);
  const auto b = make<T>({20, 30, 5, 0}, 4, 78);
  for (int layout : {0, 1, 3}) check_sampled(*b, 333, layout, layout);
}

TEST(CsrSampled, F32) { every_sampled<float>(); }
TEST(CsrSampled, F64) { every_sampled<double>(); }

TEST(CsrSampled, RefusesWhatIsNoProduct) {
  const auto a = make<float>({5, 4, 2, 0}, 4, 3);
  const Dense<float> x(5, 3, 0, Guarded::At::End), y(3, 4, 0, Guarded::At::End);
  std::vector<float> values(static_cast<size_t>(a->entries), 7.0f);
  const auto call = [&](int32_t type, int64_t rows, int64_t depth) {
    return einblas_csr_sampled(type, 0, rows, 4, a->entries, a->arrays()[0], a->arrays()[1], depth, x.address(), x.row,
                               x.column, y.address(), y.row, y.column, reinterpret_cast<int64_t>(values.data()), 1);
  };
  EXPECT_EQ(call(EINBLAS_I32, 5, 3), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(call(99, 5, 3), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(call(EINBLAS_F32, -1, 3), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(call(EINBLAS_F32, 5, -1), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(values, std::vector<float>(values.size(), 7.0f));
}

}  // namespace
