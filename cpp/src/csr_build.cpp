// CSR matrices: builds one from arrays, triples or dense data, transposes and reshapes one. Serial where a pass is
// bound by memory and done once.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "csr.hpp"
#include "einblas.h"
#include "memory.hpp"
#include "threads.hpp"

namespace einblas {
namespace {

// A key for sorting holds the column in 31 bits and the place in its row in 33.
constexpr int kPlaceBits = 33;

// Rows per task of a pass over rows.
constexpr int64_t kRowsPerTask = 4096;

void pad(int64_t entries, DType dtype, const CsrTarget& t) {
  std::memset(t.columns + entries, 0, static_cast<size_t>(kCsrPadding) * sizeof(int32_t));
  std::memset(t.values + entries * size_of(dtype), 0, static_cast<size_t>(kCsrPadding * size_of(dtype)));
}

bool sorted(const int32_t* column, int64_t n) {
  for (int64_t i = 1; i < n; ++i)
    if (column[i] < column[i - 1]) return false;
  return true;
}

// Stable: keys hold the place, so no two are equal.
template <class T>
void sort_row(int32_t* column, T* value, int64_t n, uint64_t* keys, T* scratch) {
  for (int64_t i = 0; i < n; ++i) keys[i] = static_cast<uint64_t>(column[i]) << kPlaceBits | static_cast<uint64_t>(i);
  std::sort(keys, keys + n);
  std::copy(value, value + n, scratch);
  for (int64_t i = 0; i < n; ++i) {
    column[i] = static_cast<int32_t>(keys[i] >> kPlaceBits);
    value[i] = scratch[keys[i] & ((uint64_t{1} << kPlaceBits) - 1)];
  }
}

template <class T>
int32_t sort_rows(int64_t rows, int64_t entries, const CsrTarget& t) {
  const int64_t tasks = (rows + kRowsPerTask - 1) / kRowsPerTask;
  int64_t longest = 0;  // of the rows that need it
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t n = t.indptr[r + 1] - t.indptr[r];
    if (n > longest && !sorted(t.columns + t.indptr[r], n)) longest = n;
  }
  if (longest == 0) return EINBLAS_OK;
  if (longest >> kPlaceBits != 0) return EINBLAS_OUT_OF_MEMORY;
  const int threads = useful_threads(process_threads(), tasks, 20.0 * static_cast<double>(entries));
  const int64_t key_bytes = longest * static_cast<int64_t>(sizeof(uint64_t));
  const Workspace workspace(key_bytes + longest * static_cast<int64_t>(sizeof(T)), threads);
  if (!workspace.ok()) return EINBLAS_OUT_OF_MEMORY;
  parallel_tasks(tasks, threads, [&](int64_t task, int worker) {
    char* scratch = workspace.of(worker);
    for (int64_t r = task * kRowsPerTask; r < std::min(rows, (task + 1) * kRowsPerTask); ++r) {
      const int64_t from = t.indptr[r], n = t.indptr[r + 1] - from;
      if (!sorted(t.columns + from, n))
        sort_row(t.columns + from, reinterpret_cast<T*>(t.values) + from, n, reinterpret_cast<uint64_t*>(scratch),
                 reinterpret_cast<T*>(scratch + key_bytes));
    }
  });
  return EINBLAS_OK;
}

int32_t finish(DType dtype, int64_t rows, int64_t entries, const CsrTarget& t, CsrFinding& finding) {
  pad(entries, dtype, t);
  finding.longest = csr_longest(rows, t.indptr);
  return dtype == DType::F32 ? sort_rows<float>(rows, entries, t) : sort_rows<double>(rows, entries, t);
}

// Row starts from the count of each row, which stands one place later.
void add_up(int64_t rows, int64_t* indptr) {
  indptr[0] = 0;
  for (int64_t r = 0; r < rows; ++r) indptr[r + 1] += indptr[r];
}

}  // namespace

int64_t csr_longest(int64_t rows, const int64_t* indptr) noexcept {
  int64_t longest = 0;
  for (int64_t r = 0; r < rows; ++r) longest = std::max(longest, indptr[r + 1] - indptr[r]);
  return longest;
}

int32_t csr_import(DType dtype, int64_t rows, int64_t columns, int64_t entries, Indices indptr, Indices index,
                   const char* values, const CsrTarget& t, CsrFinding& finding) noexcept {
  for (int64_t r = 0; r <= rows; ++r) {
    const int64_t at = indptr[r];
    if (r == 0 && at != 0) {
      finding = {CsrFinding::FirstNotZero, 0, at, 0};
      return EINBLAS_OK;
    }
    if (r > 0 && at < t.indptr[r - 1]) {
      finding = {CsrFinding::Falls, r, at, 0};
      return EINBLAS_OK;
    }
    t.indptr[r] = at;
  }
  if (t.indptr[rows] != entries) {
    finding = {CsrFinding::LastNotCount, rows, t.indptr[rows], 0};
    return EINBLAS_OK;
  }
  for (int64_t i = 0; i < entries; ++i) {
    const int64_t c = index[i];
    if (c < 0 || c >= columns) {
      finding = {CsrFinding::ColumnRange, i, c, 0};
      return EINBLAS_OK;
    }
    t.columns[i] = static_cast<int32_t>(c);
  }
  // A matrix without entries may come with null pointers, which memcpy must not be given.
  if (entries > 0) std::memcpy(t.values, values, static_cast<size_t>(entries * size_of(dtype)));
  return finish(dtype, rows, entries, t, finding);
}

int32_t csr_from_coo(DType dtype, int64_t rows, int64_t columns, int64_t entries, Indices row, Indices column,
                     const char* values, const CsrTarget& t, CsrFinding& finding) noexcept {
  const Workspace copied(entries * static_cast<int64_t>(sizeof(int32_t)), 1);  // rows, checked: the caller's may change
  if (!copied.ok()) return EINBLAS_OUT_OF_MEMORY;
  int32_t* checked = reinterpret_cast<int32_t*>(copied.of(0));
  std::fill(t.indptr, t.indptr + rows + 1, 0);
  for (int64_t i = 0; i < entries; ++i) {
    const int64_t r = row[i];
    if (r < 0 || r >= rows) {
      finding = {CsrFinding::RowRange, i, r, 0};
      return EINBLAS_OK;
    }
    checked[i] = static_cast<int32_t>(r);
    ++t.indptr[r + 1];
  }
  add_up(rows, t.indptr);
  for (int64_t i = 0; i < entries; ++i) {
    const int64_t c = column[i];
    if (c < 0 || c >= columns) {
      finding = {CsrFinding::ColumnRange, i, c, 0};
      return EINBLAS_OK;
    }
    const int64_t to = t.indptr[checked[i]]++;  // row starts move to their ends, and are moved back below
    t.columns[to] = static_cast<int32_t>(c);
    if (dtype == DType::F32) {
      reinterpret_cast<float*>(t.values)[to] = reinterpret_cast<const float*>(values)[i];
    } else {
      reinterpret_cast<double*>(t.values)[to] = reinterpret_cast<const double*>(values)[i];
    }
  }
  for (int64_t r = rows; r > 0; --r) t.indptr[r] = t.indptr[r - 1];
  t.indptr[0] = 0;
  return finish(dtype, rows, entries, t, finding);
}

namespace {

template <class T, class F>
void each_kept(const T* row, int64_t columns, int64_t stride, double threshold, const F& keep) {
  for (int64_t j = 0; j < columns; ++j) {
    const T v = row[j * stride];
    if (!(static_cast<double>(std::abs(v)) <= threshold)) keep(j, v);
  }
}

template <class T>
void count(int64_t rows, int64_t columns, const Matrix& m, double threshold, int64_t* indptr) {
  const int64_t tasks = (rows + 63) / 64;
  const int threads =
      useful_threads(process_threads(), tasks, static_cast<double>(rows) * static_cast<double>(columns));
  parallel_tasks(tasks, threads, [&](int64_t task, int) {
    for (int64_t r = task * 64; r < std::min(rows, task * 64 + 64); ++r) {
      int64_t n = 0;
      each_kept(reinterpret_cast<const T*>(m.at) + r * m.row, columns, m.column, threshold, [&](int64_t, T) { ++n; });
      indptr[r + 1] = n;
    }
  });
  add_up(rows, indptr);
}

template <class T>
void fill(int64_t rows, int64_t columns, const Matrix& m, double threshold, const CsrTarget& t) {
  const int64_t tasks = (rows + 63) / 64;
  const int threads =
      useful_threads(process_threads(), tasks, static_cast<double>(rows) * static_cast<double>(columns));
  T* values = reinterpret_cast<T*>(t.values);
  parallel_tasks(tasks, threads, [&](int64_t task, int) {
    for (int64_t r = task * 64; r < std::min(rows, task * 64 + 64); ++r) {
      int64_t to = t.indptr[r];
      const int64_t end = t.indptr[r + 1];
      each_kept(reinterpret_cast<const T*>(m.at) + r * m.row, columns, m.column, threshold, [&](int64_t j, T v) {
        if (to >= end) return;
        t.columns[to] = static_cast<int32_t>(j);
        values[to++] = v;
      });
      for (; to < end; ++to) {
        t.columns[to] = static_cast<int32_t>(columns - 1);
        values[to] = 0;
      }
    }
  });
}

// Entries are counted by column, then dealt out in the order of rows.
template <class T>
void transpose(const Csr& a, const CsrTarget& t) {
  const T* value = reinterpret_cast<const T*>(a.value);
  T* values = reinterpret_cast<T*>(t.values);
  std::fill(t.indptr, t.indptr + a.columns + 1, 0);
  for (int64_t i = 0; i < a.entries; ++i) ++t.indptr[a.column[i] + 1];
  add_up(a.columns, t.indptr);
  for (int64_t r = 0; r < a.rows; ++r)
    for (int64_t i = a.indptr[r]; i < a.indptr[r + 1]; ++i) {
      const int64_t to = t.indptr[a.column[i]]++;
      t.columns[to] = static_cast<int32_t>(r);
      values[to] = value[i];
    }
  for (int64_t c = a.columns; c > 0; --c) t.indptr[c] = t.indptr[c - 1];
  t.indptr[0] = 0;
}

template <class T>
void khatri_rao(const Csr& a, const Csr& b, const CsrTarget& t) {
  const T *x = reinterpret_cast<const T*>(a.value), *y = reinterpret_cast<const T*>(b.value);
  T* values = reinterpret_cast<T*>(t.values);
  const int64_t tasks = (a.rows + kRowsPerTask - 1) / kRowsPerTask;
  const int threads = useful_threads(process_threads(), tasks, static_cast<double>(t.indptr[a.rows]));
  parallel_tasks(tasks, threads, [&](int64_t task, int) {
    for (int64_t r = task * kRowsPerTask; r < std::min(a.rows, (task + 1) * kRowsPerTask); ++r) {
      int64_t to = t.indptr[r];
      for (int64_t i = a.indptr[r]; i < a.indptr[r + 1]; ++i)
        for (int64_t j = b.indptr[r]; j < b.indptr[r + 1]; ++j, ++to) {
          t.columns[to] = static_cast<int32_t>(a.column[i] * b.columns + b.column[j]);
          values[to] = x[i] * y[j];
        }
    }
  });
}

template <class T>
void to_dense(const Csr& a, T* dense) {
  const T* value = reinterpret_cast<const T*>(a.value);
  for (int64_t r = 0; r < a.rows; ++r)
    for (int64_t i = a.indptr[r]; i < a.indptr[r + 1]; ++i) dense[r * a.columns + a.column[i]] += value[i];
}

}  // namespace

void csr_count(DType dtype, int64_t rows, int64_t columns, const Matrix& m, double threshold,
               int64_t* indptr) noexcept {
  return dtype == DType::F32 ? count<float>(rows, columns, m, threshold, indptr)
                             : count<double>(rows, columns, m, threshold, indptr);
}

void csr_fill(DType dtype, int64_t rows, int64_t columns, const Matrix& m, double threshold,
              const CsrTarget& t) noexcept {
  pad(t.indptr[rows], dtype, t);
  return dtype == DType::F32 ? fill<float>(rows, columns, m, threshold, t)
                             : fill<double>(rows, columns, m, threshold, t);
}

int32_t csr_transpose(const Csr& a, const CsrTarget& t) noexcept {
  pad(a.entries, a.dtype, t);
  a.dtype == DType::F32 ? transpose<float>(a, t) : transpose<double>(a, t);
  return EINBLAS_OK;
}

// Columns are sorted, so places rise, and the entries of each new row lie side by side.
void csr_reshape(const Csr& a, int64_t rows, int64_t columns, int64_t* indptr, int32_t* column) noexcept {
  int64_t next = 0;  // rows of the result whose start is known
  for (int64_t r = 0; r < a.rows; ++r)
    for (int64_t i = a.indptr[r]; i < a.indptr[r + 1]; ++i) {
      const int64_t place = r * a.columns + a.column[i], row = place / columns;
      while (next <= row) indptr[next++] = i;
      column[i] = static_cast<int32_t>(place - row * columns);
    }
  while (next <= rows) indptr[next++] = a.entries;
  std::memset(column + a.entries, 0, static_cast<size_t>(kCsrPadding) * sizeof(int32_t));
}

int64_t csr_khatri_rao_indptr(const Csr& a, const Csr& b, int64_t* indptr) noexcept {
  indptr[0] = 0;
  for (int64_t r = 0; r < a.rows; ++r) {
    int64_t n;
    if (__builtin_mul_overflow(a.indptr[r + 1] - a.indptr[r], b.indptr[r + 1] - b.indptr[r], &n) ||
        __builtin_add_overflow(indptr[r], n, &indptr[r + 1]))
      return -1;
  }
  return indptr[a.rows];
}

int32_t csr_khatri_rao(const Csr& a, const Csr& b, const CsrTarget& t) noexcept {
  a.dtype == DType::F32 ? khatri_rao<float>(a, b, t) : khatri_rao<double>(a, b, t);
  CsrFinding finding;  // columns rise by themselves unless a has an entry twice
  return finish(a.dtype, a.rows, t.indptr[a.rows], t, finding);
}

void csr_to_dense(const Csr& a, char* dense) noexcept {
  a.dtype == DType::F32 ? to_dense(a, reinterpret_cast<float*>(dense)) : to_dense(a, reinterpret_cast<double*>(dense));
}

}  // namespace einblas
