// CSR matrices: building, checking and transposing them, and the one driver of their products with dense operands.
//
// A matrix lies in three arrays that belong to the caller and do not change: indptr (rows + 1 numbers that never fall,
// from 0 to the number of entries), columns (sorted within each row; an entry may repeat) and values. Columns and
// values can be read kCsrPadding entries past the end, so that kernels look ahead without asking where the end is.
#pragma once
#include <cstdint>

#include "layout/dtype.hpp"
#include "sparse/reals.hpp"

namespace einblas {

// Entries that kernels may read past the end of columns and values (whatever they hold, columns are in range).
constexpr int64_t kCsrPadding = 64;

// Indices as they come from outside: 32 or 64 bits.
struct Indices {
  const void* at;
  bool wide;
  int64_t operator[](int64_t i) const {
    return wide ? static_cast<const int64_t*>(at)[i] : static_cast<const int32_t*>(at)[i];
  }
};

// What was found wrong, or about the matrix when nothing is.
struct CsrFinding {
  enum Kind : int64_t { Fine = 0, FirstNotZero = 1, Falls = 2, LastNotCount = 3, ColumnRange = 4, RowRange = 5 };
  int64_t kind = Fine;
  int64_t position = 0;  // index in indptr, columns or rows
  int64_t value = 0;     // what stands there
  int64_t longest = 0;   // entries of the longest row, when fine
};

struct CsrTarget {
  int64_t* indptr;
  int32_t* columns;
  char* values;
};

// Copies indices and values into target (values already of the matrix's type), checks the copy, sorts columns within
// rows; entries of one column keep their order.
int32_t csr_import(DType type, int64_t rows, int64_t columns, int64_t entries, Indices indptr, Indices index,
                   const char* values, const CsrTarget& target, CsrFinding& finding) noexcept;
// The same from triples in any order.
int32_t csr_from_coo(DType type, int64_t rows, int64_t columns, int64_t entries, Indices row, Indices column,
                     const char* values, const CsrTarget& target, CsrFinding& finding) noexcept;

// A dense matrix by address and strides in elements.
struct Matrix {
  char* at;
  int64_t row, column;
};

// indptr of the elements whose absolute value is not at most the threshold (so NaN stays); then their columns and
// values. Elements that changed in between are kept within their row's room.
void csr_count(DType type, int64_t rows, int64_t columns, const Matrix& dense, double threshold,
               int64_t* indptr) noexcept;
void csr_fill(DType type, int64_t rows, int64_t columns, const Matrix& dense, double threshold,
              const CsrTarget& target) noexcept;

// A matrix of the properties in the head of this file, of a type that is_stored. Integers are stored, moved and added
// up, not multiplied.
struct Csr {
  DType dtype;
  int64_t rows, columns, entries, longest;
  const int64_t* indptr;
  const int32_t* column;
  const char* value;
};

int64_t csr_longest(int64_t rows, const int64_t* indptr) noexcept;
// The transposed matrix; entries of one place keep their order.
int32_t csr_transpose(const Csr& a, const CsrTarget& target) noexcept;
// The same entries in row-major order under another shape: indptr and columns alone, as values stay where they are.
void csr_reshape(const Csr& a, int64_t rows, int64_t columns, int64_t* indptr, int32_t* column) noexcept;
// Row i of the result is the Kronecker product of the rows i of a and b; indptr alone, then all.
int64_t csr_khatri_rao_indptr(const Csr& a, const Csr& b, int64_t* indptr) noexcept;
int32_t csr_khatri_rao(const Csr& a, const Csr& b, const CsrTarget& target) noexcept;
// dense[i, j] += entries, their conjugates where those are meant; row-major without gaps.
void csr_to_dense(const Csr& a, bool conjugated, char* dense) noexcept;

// C = alpha * A . D + beta * C, in types that are multiplied, with D (a.columns, n) and C (a.rows, n) of any strides.
// Same bits for any number of threads. beta = 0 does not read C; rows of D that no entry selects do not matter.
struct CsrMultiply {
  int64_t n;
  Matrix d, c;
  double alpha, beta;
  int threads;
  Conjugated conjugated = {};  // A, D
};
int32_t csr_multiply(const Csr& a, const CsrMultiply& call) noexcept;
// Entries before their turn that rows of a dense operand of so many bytes are asked for; 0 where it lies in a cache.
int64_t csr_ahead_of(int64_t bytes) noexcept;
// Density of A from which the dense product is the faster one.
double csr_dense_from(DType dtype, int64_t n) noexcept;

// values[e] = sum over `depth` of x[i, k] * y[k, j] for entry e in row i and column j of a, whose own values are not
// read: x (a.rows, depth), y (depth, a.columns), of any strides. Same bits for any number of threads.
struct CsrSample {
  int64_t depth;
  Matrix x, y;
  char* values;
  int threads;
  Conjugated conjugated = {};  // x, y
};
int32_t csr_sampled(const Csr& a, const CsrSample& call) noexcept;

}  // namespace einblas
