// Fuzzer: CSR matrices in arrays of exactly the promised length.
#pragma once
#include <algorithm>
#include <numeric>

#include "fuzz.hpp"

namespace einblas_fuzz {

// The library's three arrays, with their padding and not a byte more.
template <class T>
struct Csr {
  int64_t rows, columns, entries, longest = 0;
  Block<int64_t> indptr;
  Block<int32_t> column;
  Block<T> value;
  Csr(int64_t r, int64_t c, int64_t n)
      : rows(r),
        columns(c),
        entries(n),
        indptr(r + 1),
        column(n + EINBLAS_CSR_PADDING),
        value(n + EINBLAS_CSR_PADDING) {}
  std::vector<int64_t> arrays() const { return {indptr.address(), column.address(), value.address()}; }
  template <class F>  // f(row, column, value) for each entry
  void each(const F& f) const {
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t i = indptr[r]; i < indptr[r + 1]; ++i) f(r, static_cast<int64_t>(column[i]), value[i]);
  }
  std::vector<double> dense() const {
    std::vector<double> d(static_cast<size_t>(rows * columns), 0);
    each([&](int64_t r, int64_t c, T v) { d[static_cast<size_t>(r * columns + c)] += static_cast<double>(v); });
    return d;
  }
  void sorted(const char* what) const {
    if (indptr[0] != 0 || indptr[rows] != entries) fail(what, ": ends of indptr");
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t i = indptr[r]; i < indptr[r + 1]; ++i)
        if (column[i] < 0 || column[i] >= columns || (i > indptr[r] && column[i] < column[i - 1]))
          fail(what, ": columns of row ", r);
  }
};

// A matrix by way of einblas_csr_import or einblas_csr_from_coo; small integers as values, so that sums are exact.
template <class T>
std::unique_ptr<Csr<T>> random_csr(Random& random, int64_t rows, int64_t columns, int64_t most_per_row) {
  std::vector<int64_t> row, column;
  for (int64_t r = 0; r < rows && columns > 0; ++r) {
    int64_t n = random.in(0, most_per_row);
    if (random.one_in(50)) n = random.in(0, 3000);
    for (; n > 0; --n) {
      row.push_back(r);
      column.push_back(random.below(columns));
    }
  }
  const int64_t entries = static_cast<int64_t>(column.size());
  const bool coo = random.one_in(2), wide0 = random.one_in(2), wide1 = random.one_in(2);
  if (coo) {
    std::vector<size_t> order(row.size());
    std::iota(order.begin(), order.end(), size_t{0});
    for (size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[static_cast<size_t>(random.below(static_cast<int64_t>(i)))]);
    std::vector<int64_t> r2, c2;
    for (size_t i : order) {
      r2.push_back(row[i]);
      c2.push_back(column[i]);
    }
    row = r2;
    column = c2;
  }
  std::vector<int64_t> first = row;
  if (!coo) {
    first.assign(static_cast<size_t>(rows + 1), 0);
    for (int64_t r : row) ++first[static_cast<size_t>(r + 1)];
    for (size_t r = 1; r < first.size(); ++r) first[r] += first[r - 1];
  }
  const auto indices = [](const std::vector<int64_t>& all, Block<int64_t>& wide, Block<int32_t>& narrow) {
    for (size_t i = 0; i < all.size(); ++i) {
      wide[static_cast<int64_t>(i)] = all[i];
      narrow[static_cast<int64_t>(i)] = static_cast<int32_t>(all[i]);
    }
  };
  const int64_t firsts = static_cast<int64_t>(first.size());
  Block<int64_t> first_wide(firsts), column_wide(entries);
  Block<int32_t> first_narrow(firsts), column_narrow(entries);
  indices(first, first_wide, first_narrow);
  indices(column, column_wide, column_narrow);
  Block<T> values(entries);
  for (int64_t i = 0; i < entries; ++i) values[i] = static_cast<T>(random.in(-9, 9));
  auto made = std::make_unique<Csr<T>>(rows, columns, entries);
  const int64_t sizes[] = {rows, columns, entries};
  const int64_t from[] = {wide0 ? first_wide.address() : first_narrow.address(),
                          wide1 ? column_wide.address() : column_narrow.address(), values.address()};
  int64_t finding[4] = {-1, -1, -1, -1};
  want_status(counted((coo ? einblas_csr_from_coo : einblas_csr_import)(
                  dtype<T>(), sizes, from, wide0 ? EINBLAS_I64 : EINBLAS_I32, wide1 ? EINBLAS_I64 : EINBLAS_I32,
                  made->arrays().data(), finding)),
              EINBLAS_OK, "building a CSR matrix");
  if (finding[0] != 0) fail("a good CSR matrix was found wrong: ", finding[0]);
  made->longest = finding[3];
  made->sorted("building a CSR matrix");
  std::vector<double> want(static_cast<size_t>(rows * columns), 0);
  for (int64_t i = 0; i < entries; ++i) {
    const size_t at = static_cast<size_t>(i);
    int64_t r = row[at];
    want[static_cast<size_t>(r * columns + column[at])] += static_cast<double>(values[i]);
  }
  if (made->dense() != want) fail("building a CSR matrix: entries");
  return made;
}

}  // namespace einblas_fuzz
