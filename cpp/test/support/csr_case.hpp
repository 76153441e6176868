// Test support: random CSR matrices and dense ones between guard pages.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <type_traits>
#include <vector>

#include "einblas.h"
#include "support/dtype.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"

namespace einblas_test {

// A matrix in the arrays that the library asks for, with the padding that it may read, and no byte more.
template <class T>
struct Csr {
  int64_t rows, columns, entries, longest = 0;
  Guarded indptr_, columns_, values_;
  Csr(int64_t r, int64_t c, int64_t n)
      : rows(r),
        columns(c),
        entries(n),
        indptr_((r + 1) * 8, Guarded::At::End),
        columns_((n + EINBLAS_CSR_PADDING) * 4, Guarded::At::End),
        values_((n + EINBLAS_CSR_PADDING) * static_cast<int64_t>(sizeof(T)), Guarded::At::End) {}
  int64_t* indptr() const { return indptr_.as<int64_t>(); }
  int32_t* column() const { return columns_.as<int32_t>(); }
  T* value() const { return values_.as<T>(); }
  std::vector<int64_t> arrays() const {
    return {reinterpret_cast<int64_t>(indptr()), reinterpret_cast<int64_t>(column()),
            reinterpret_cast<int64_t>(value())};
  }
  std::vector<double> dense() const {
    std::vector<double> d(static_cast<size_t>(rows * columns), 0.0);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t i = indptr()[r]; i < indptr()[r + 1]; ++i)
        d[static_cast<size_t>(r * columns + column()[i])] += static_cast<double>(value()[i]);
    return d;
  }
};

struct Shape {
  int64_t rows, columns;
  double per_row;    // mean; negative: just so many entries in each row
  int64_t long_row;  // entries of the middle row, or 0
};

inline const Shape kShapes[] = {{1, 1, 1, 0},     {7, 5, 2, 0},         {40, 33, 4, 0},      {3, 200, 50, 0},
                                {200, 3, 1, 0},   {5, 4, 0, 0},         {300, 70, 20, 9000}, {64, 500, 3, 70000},
                                {1, 9, 0, 20000}, {129, 4000, 30, 100}, {150, 1500, 150, 0}, {100, 40, -6, 0},
                                {70, 90, 60, 0},  {50, 64, -32, 0}};

// Rows of random lengths, unsorted columns, entries that repeat.
template <class T>
std::unique_ptr<Csr<T>> make(const Shape& s, int64_t index_bytes, int seed) {
  Random random(static_cast<uint32_t>(seed));
  std::vector<int64_t> indptr{0}, column;
  std::vector<T> value;
  for (int64_t r = 0; r < s.rows; ++r) {
    int64_t n = s.per_row < 0 ? static_cast<int64_t>(-s.per_row)
                              : std::poisson_distribution<int64_t>(s.per_row + 1e-9)(random.engine());
    if (s.long_row > 0 && r == s.rows / 2) n = s.long_row;
    for (int64_t i = 0; i < n; ++i) {
      column.push_back(random.below(s.columns));
      value.push_back(static_cast<T>(random.real() * (std::is_integral_v<T> ? 100 : 1)));
    }
    indptr.push_back(static_cast<int64_t>(column.size()));
  }
  const std::vector<int32_t> narrow_indptr(indptr.begin(), indptr.end()), narrow_column(column.begin(), column.end());
  auto made = std::make_unique<Csr<T>>(s.rows, s.columns, static_cast<int64_t>(column.size()));
  const int64_t sizes[] = {s.rows, s.columns, made->entries};
  const bool wide = index_bytes == 8;
  const int64_t from[] = {
      wide ? reinterpret_cast<int64_t>(indptr.data()) : reinterpret_cast<int64_t>(narrow_indptr.data()),
      wide ? reinterpret_cast<int64_t>(column.data()) : reinterpret_cast<int64_t>(narrow_column.data()),
      reinterpret_cast<int64_t>(value.data())};
  int64_t finding[4];
  const int32_t type = wide ? EINBLAS_I64 : EINBLAS_I32;
  EXPECT_EQ(einblas_csr_import(dtype<T>(), sizes, from, type, type, made->arrays().data(), finding), EINBLAS_OK);
  EXPECT_EQ(finding[0], 0);
  made->longest = finding[3];
  // The matrix that was asked for, in sorted rows.
  std::vector<double> want(static_cast<size_t>(s.rows * s.columns), 0.0);
  for (int64_t r = 0; r < s.rows; ++r)
    for (int64_t i = indptr[static_cast<size_t>(r)]; i < indptr[static_cast<size_t>(r) + 1]; ++i)
      want[static_cast<size_t>(r * s.columns + column[static_cast<size_t>(i)])] +=
          static_cast<double>(value[static_cast<size_t>(i)]);
  EXPECT_EQ(made->dense(), want);  // the same order of additions: equal entries keep theirs
  for (int64_t r = 0; r < s.rows; ++r) {
    const int32_t* c = made->column();
    EXPECT_TRUE(std::is_sorted(c + made->indptr()[r], c + made->indptr()[r + 1])) << "row " << r;
  }
  return made;
}

// A dense matrix between guard pages. layout 0 row-major, 1 column-major, 2 row-major with gaps, 3 both strides
// beyond 1, 4 rows backwards.
template <class T>
struct Dense {
  int64_t rows, columns, row, column, first = 0;
  Guarded memory;
  static int64_t row_stride(int64_t c, int layout) {
    if (layout == 1) return 1;
    if (layout == 2) return c + 3;
    if (layout == 3) return 2 * c + 1;
    return layout == 4 ? -c : c;
  }
  Dense(int64_t r, int64_t c, int layout, Guarded::At at)
      : rows(r),
        columns(c),
        row(row_stride(c, layout)),
        column(layout == 1   ? r
               : layout == 3 ? 2
                             : 1),
        memory(extent() * static_cast<int64_t>(sizeof(T)), at) {
    if (row < 0) first = -row * std::max<int64_t>(0, r - 1);
  }
  int64_t extent() const {
    return rows == 0 || columns == 0 ? 1 : std::abs(row) * (rows - 1) + column * (columns - 1) + 1;
  }
  T* base() const { return memory.template as<T>() + first; }
  T& operator()(int64_t i, int64_t j) const { return base()[i * row + j * column]; }
  int64_t address() const { return reinterpret_cast<int64_t>(base()); }
};

}  // namespace einblas_test
