// CSR matrices: builds one from arrays, triples or dense data, transposes and reshapes one.
//
// Passes over entries are shared out to threads; what comes out does not depend on their number, nor on where parts
// end: each entry has one place, by its row (deal) and then by its column and its turn (sort_row). Passes over rows
// alone are serial: they are short beside those over entries.
#include <algorithm>
#include <atomic>
#include <cstring>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "sparse/csr.hpp"

namespace einblas {
namespace {

// A key for sorting holds the column in 31 bits and the place in its row in 33.
constexpr int kPlaceBits = 33;

// Rows per task of a pass over rows, entries per task of a pass over entries.
constexpr int64_t kRowsPerTask = 1024;
constexpr int64_t kEntriesPerTask = 65536;

// Parts of a matrix that are dealt out side by side, at most.
constexpr int64_t kMostParts = 64;

// f(first, last) over pieces of [0, n); nanos for each.
template <class F>
void pieces(int64_t n, int64_t piece, double nanos, const F& f) {
  const int64_t tasks = ceil_div(n, piece);
  const int threads = useful_threads(process_threads(), tasks, nanos * static_cast<double>(n));
  parallel_tasks(tasks, threads, [&](int64_t t, int) { f(t * piece, std::min(n, (t + 1) * piece)); });
}

void pad(int64_t entries, DType type, const CsrTarget& t) {
  std::memset(t.columns + entries, 0, static_cast<size_t>(kCsrPadding) * sizeof(int32_t));
  std::memset(t.values + entries * size_of(type), 0, static_cast<size_t>(kCsrPadding * size_of(type)));
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

void raise(std::atomic<int64_t>& most, int64_t value) {
  int64_t known = most.load(std::memory_order_relaxed);
  while (value > known && !most.compare_exchange_weak(known, value, std::memory_order_relaxed)) {
  }
}

template <class T>
int32_t sort_rows(int64_t rows, int64_t entries, const CsrTarget& t) {
  const double nanos =
      speed::kEntryNanos * static_cast<double>(entries) / static_cast<double>(std::max<int64_t>(rows, 1));
  std::atomic<int64_t> unsorted{0};  // entries of the longest row that needs sorting
  pieces(rows, kRowsPerTask, nanos, [&](int64_t first, int64_t last) {
    int64_t longest = 0;
    for (int64_t r = first; r < last; ++r) {
      const int64_t n = t.indptr[r + 1] - t.indptr[r];
      if (n > longest && !sorted(t.columns + t.indptr[r], n)) longest = n;
    }
    raise(unsorted, longest);
  });
  const int64_t longest = unsorted;
  if (longest == 0) return EINBLAS_OK;
  const int64_t key_bytes = longest * static_cast<int64_t>(sizeof(uint64_t));
  const int64_t scratch_bytes = key_bytes + longest * static_cast<int64_t>(sizeof(T));
  if (longest >> kPlaceBits != 0) {
    note_shortage(scratch_bytes);
    return EINBLAS_OUT_OF_MEMORY;
  }
  const int64_t tasks = ceil_div(rows, kRowsPerTask);
  const int threads = useful_threads(process_threads(), tasks, speed::kSortNanos * static_cast<double>(entries));
  const Workspace workspace(scratch_bytes, threads);
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

int32_t finish(DType type, int64_t rows, int64_t entries, const CsrTarget& t, CsrFinding& finding) {
  pad(entries, type, t);
  finding.longest = csr_longest(rows, t.indptr);
  return visit_stored(type, [&](auto of) { return sort_rows<typename decltype(of)::Type>(rows, entries, t); });
}

// Row starts from the count of each row, which stands one place later.
void add_up(int64_t rows, int64_t* indptr) {
  indptr[0] = 0;
  for (int64_t r = 0; r < rows; ++r) indptr[r + 1] += indptr[r];
}

// Copies n indices from 0 to limit - 1; false, and the first that is none, where there is one.
bool copy_checked(int64_t n, Indices from, int64_t limit, int32_t* to, CsrFinding::Kind kind, CsrFinding& finding) {
  std::atomic<int64_t> wrong{-n};  // the first place, negative, so that the larger is the earlier
  pieces(n, kEntriesPerTask, 1 / speed::kIndexElements, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t index = from[i];
      if (index < 0 || index >= limit) {
        raise(wrong, -i);
        return;
      }
      to[i] = static_cast<int32_t>(index);
    }
  });
  const int64_t at = -wrong;
  if (at == n) return true;
  finding = {kind, at, from[at], 0};
  return false;
}

// Parts worth dealing out side by side: their counts of each row should stay fewer than the entries.
int64_t parts_of(int64_t rows, int64_t entries) {
  const int64_t most = std::min(kMostParts, entries / std::max<int64_t>(rows, 1));
  return useful_threads(process_threads(), std::max<int64_t>(most, 1),
                        speed::kDealNanos * static_cast<double>(entries));
}

// Deals entries out to the rows of t in the order of their parts, and of the entries in each: each part counts its own,
// starts are added up row by row and part by part, and then all parts write where their entries belong. visit(part, f)
// calls f(row, column, value) for the entries of a part in order.
template <class T, class Visit>
int32_t deal(int64_t rows, int64_t parts, const Visit& visit, const CsrTarget& t) {
  const Workspace counts(rows * static_cast<int64_t>(sizeof(int64_t)), static_cast<int>(parts));
  if (!counts.ok()) return EINBLAS_OUT_OF_MEMORY;
  const auto of = [&](int64_t part) { return reinterpret_cast<int64_t*>(counts.of(static_cast<int>(part))); };
  const int threads = static_cast<int>(parts);
  parallel_tasks(parts, threads, [&](int64_t part, int) {
    int64_t* count = of(part);
    std::fill(count, count + rows, 0);
    visit(part, [&](int32_t row, int32_t, const T&) { ++count[row]; });
  });
  int64_t at = 0;
  for (int64_t r = 0; r < rows; ++r) {
    t.indptr[r] = at;
    for (int64_t part = 0; part < parts; ++part) {
      const int64_t n = of(part)[r];
      of(part)[r] = at;
      at += n;
    }
  }
  t.indptr[rows] = at;
  T* values = reinterpret_cast<T*>(t.values);
  parallel_tasks(parts, threads, [&](int64_t part, int) {
    int64_t* next = of(part);
    visit(part, [&](int32_t row, int32_t column, const T& value) {
      const int64_t to = next[row]++;
      t.columns[to] = column;
      values[to] = value;
    });
  });
  return EINBLAS_OK;
}

}  // namespace

int64_t csr_longest(int64_t rows, const int64_t* indptr) noexcept {
  int64_t longest = 0;
  for (int64_t r = 0; r < rows; ++r) longest = std::max(longest, indptr[r + 1] - indptr[r]);
  return longest;
}

int32_t csr_import(DType type, int64_t rows, int64_t columns, int64_t entries, Indices indptr, Indices index,
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
  if (!copy_checked(entries, index, columns, t.columns, CsrFinding::ColumnRange, finding)) return EINBLAS_OK;
  const int64_t bytes = size_of(type);
  pieces(entries, kEntriesPerTask, 1 / speed::kIndexElements, [&](int64_t first, int64_t last) {
    std::memcpy(t.values + first * bytes, values + first * bytes, static_cast<size_t>((last - first) * bytes));
  });
  return finish(type, rows, entries, t, finding);
}

int32_t csr_from_coo(DType type, int64_t rows, int64_t columns, int64_t entries, Indices row, Indices column,
                     const char* values, const CsrTarget& t, CsrFinding& finding) noexcept {
  // Rows and columns, copied and then checked: the caller's may change meanwhile.
  const Workspace checked(entries * static_cast<int64_t>(sizeof(int32_t)), 2);
  if (!checked.ok()) return EINBLAS_OUT_OF_MEMORY;
  int32_t* const to_row = reinterpret_cast<int32_t*>(checked.of(0));
  int32_t* const to_column = reinterpret_cast<int32_t*>(checked.of(1));
  if (!copy_checked(entries, row, rows, to_row, CsrFinding::RowRange, finding) ||
      !copy_checked(entries, column, columns, to_column, CsrFinding::ColumnRange, finding))
    return EINBLAS_OK;
  const int64_t parts = parts_of(rows, entries);
  const int32_t status = visit_stored(type, [&](auto of) {
    using T = typename decltype(of)::Type;
    const T* value = reinterpret_cast<const T*>(values);
    const auto visit = [&](int64_t part, const auto& f) {
      const int64_t last = part + 1 == parts ? entries : entries / parts * (part + 1);
      for (int64_t i = entries / parts * part; i < last; ++i) f(to_row[i], to_column[i], value[i]);
    };
    return deal<T>(rows, parts, visit, t);
  });
  return status != EINBLAS_OK ? status : finish(type, rows, entries, t, finding);
}

namespace {

template <class T, class F>
void each_kept(const T* row, int64_t columns, int64_t stride, double threshold, const F& keep) {
  for (int64_t j = 0; j < columns; ++j) {
    const T v = row[j * stride];
    if (!(magnitude(v) <= threshold)) keep(j, v);
  }
}

template <class T>
void count(int64_t rows, int64_t columns, const Matrix& m, double threshold, int64_t* indptr) {
  pieces(rows, 64, static_cast<double>(columns), [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      int64_t n = 0;
      each_kept(reinterpret_cast<const T*>(m.at) + r * m.row, columns, m.column, threshold, [&](int64_t, T) { ++n; });
      indptr[r + 1] = n;
    }
  });
  add_up(rows, indptr);
}

template <class T>
void fill(int64_t rows, int64_t columns, const Matrix& m, double threshold, const CsrTarget& t) {
  T* values = reinterpret_cast<T*>(t.values);
  pieces(rows, 64, static_cast<double>(columns), [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      int64_t to = t.indptr[r];
      const int64_t end = t.indptr[r + 1];
      each_kept(reinterpret_cast<const T*>(m.at) + r * m.row, columns, m.column, threshold, [&](int64_t j, T v) {
        if (to >= end) return;
        t.columns[to] = static_cast<int32_t>(j);
        values[to++] = v;
      });
      for (; to < end; ++to) {
        t.columns[to] = static_cast<int32_t>(columns - 1);
        values[to] = T{};
      }
    }
  });
}

// First row of a part of about equal numbers of entries.
int64_t part_row(const Csr& a, int64_t part, int64_t parts) {
  if (part == parts) return a.rows;
  return std::lower_bound(a.indptr, a.indptr + a.rows, a.entries / parts * part) - a.indptr;
}

template <class T>
int32_t transpose(const Csr& a, const CsrTarget& t) {
  const T* value = reinterpret_cast<const T*>(a.value);
  const int64_t parts = parts_of(a.columns, a.entries);
  const auto visit = [&](int64_t part, const auto& f) {
    const int64_t last = part_row(a, part + 1, parts);
    for (int64_t r = part_row(a, part, parts); r < last; ++r)
      for (int64_t i = a.indptr[r]; i < a.indptr[r + 1]; ++i) f(a.column[i], static_cast<int32_t>(r), value[i]);
  };
  return deal<T>(a.columns, parts, visit, t);
}

template <class T>
void khatri_rao(const Csr& a, const Csr& b, const CsrTarget& t) {
  const T *x = reinterpret_cast<const T*>(a.value), *y = reinterpret_cast<const T*>(b.value);
  T* values = reinterpret_cast<T*>(t.values);
  const double nanos =
      speed::kEntryNanos * static_cast<double>(t.indptr[a.rows]) / static_cast<double>(std::max<int64_t>(a.rows, 1));
  pieces(a.rows, kRowsPerTask, nanos, [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      int64_t to = t.indptr[r];
      for (int64_t i = a.indptr[r]; i < a.indptr[r + 1]; ++i)
        for (int64_t j = b.indptr[r]; j < b.indptr[r + 1]; ++j, ++to) {
          t.columns[to] = static_cast<int32_t>(a.column[i] * b.columns + b.column[j]);
          values[to] = product_of(x[i], y[j]);
        }
    }
  });
}

// Entries of one place lie side by side: they are added up, then rounded once.
template <class T>
void to_dense(const Csr& a, bool conjugated, T* dense) {
  const T* value = reinterpret_cast<const T*>(a.value);
  const double nanos =
      speed::kAddNanos * static_cast<double>(a.entries) / static_cast<double>(std::max<int64_t>(a.rows, 1));
  pieces(a.rows, kRowsPerTask, nanos, [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r)
      for (int64_t i = a.indptr[r]; i < a.indptr[r + 1];) {
        const int32_t column = a.column[i];
        T& at = dense[r * a.columns + column];
        auto sum = number_of(at);
        for (; i < a.indptr[r + 1] && a.column[i] == column; ++i)
          sum = sum_of(sum, number_of(conjugate_if(conjugated, value[i])));
        at = element_of<T>(sum);
      }
  });
}

}  // namespace

void csr_count(DType type, int64_t rows, int64_t columns, const Matrix& m, double threshold, int64_t* indptr) noexcept {
  visit_stored(type, [&](auto of) { count<typename decltype(of)::Type>(rows, columns, m, threshold, indptr); });
}

void csr_fill(DType type, int64_t rows, int64_t columns, const Matrix& m, double threshold,
              const CsrTarget& t) noexcept {
  pad(t.indptr[rows], type, t);
  visit_stored(type, [&](auto of) { fill<typename decltype(of)::Type>(rows, columns, m, threshold, t); });
}

int32_t csr_transpose(const Csr& a, const CsrTarget& t) noexcept {
  pad(a.entries, a.dtype, t);
  return visit_stored(a.dtype, [&](auto of) { return transpose<typename decltype(of)::Type>(a, t); });
}

// Columns are sorted, so places rise, and the entries of each new row lie side by side. A task has some rows of a, and
// the new rows that begin in them.
void csr_reshape(const Csr& a, int64_t rows, int64_t columns, int64_t* indptr, int32_t* column) noexcept {
  indptr[rows] = a.entries;
  std::memset(column + a.entries, 0, static_cast<size_t>(kCsrPadding) * sizeof(int32_t));
  if (a.entries == 0) {
    std::fill(indptr, indptr + rows, 0);
    return;
  }
  const double nanos = speed::kAddNanos * static_cast<double>(a.entries) / static_cast<double>(a.rows);
  pieces(a.rows, kRowsPerTask, nanos, [&](int64_t first, int64_t last) {
    int64_t next = ceil_div(first * a.columns, columns);  // the new row whose start is sought
    const int64_t stop = ceil_div(last * a.columns, columns);
    int64_t row_start = first * a.columns / columns * columns, row_end = row_start + columns;  // of the present one
    for (int64_t r = first; r < last; ++r)
      for (int64_t i = a.indptr[r]; i < a.indptr[r + 1]; ++i) {
        const int64_t place = r * a.columns + a.column[i];
        if (place >= row_end) {
          row_start = place / columns * columns;
          row_end = row_start + columns;
        }
        while (next * columns <= row_start) indptr[next++] = i;
        column[i] = static_cast<int32_t>(place - row_start);
      }
    while (next < stop) indptr[next++] = a.indptr[last];
  });
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
  visit_multiplied(a.dtype, [&](auto of) { khatri_rao<typename decltype(of)::Type>(a, b, t); });
  CsrFinding finding;  // columns rise by themselves unless a has an entry twice
  return finish(a.dtype, a.rows, t.indptr[a.rows], t, finding);
}

void csr_to_dense(const Csr& a, bool conjugated, char* dense) noexcept {
  visit_stored(a.dtype,
               [&](auto of) { to_dense(a, conjugated, reinterpret_cast<typename decltype(of)::Type*>(dense)); });
}

}  // namespace einblas
