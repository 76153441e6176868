// The door to OpenBLAS; only openblas.cpp sees its prototypes.
#pragma once
#include <exception>

#include "layout/numbers.hpp"

namespace einblas {

// Something needs OpenBLAS, which is not open. Who called the library opens it and calls again.
struct NoOpenBlas : std::exception {};

// Opens it from files, one a line: what it needs first, itself last. Its configuration must have `version` in it. Once
// open it stays, and this does nothing; a try that failed may be repeated, and no file says that there is none. One
// thread inside OpenBLAS from then on: our regions are the only parallel ones.
bool blas_open(const char* files, const char* version) noexcept;
// Why this thread's last try failed.
const char* blas_failure() noexcept;
bool blas_is_open() noexcept;
// Whether it was looked for in vain: what can do without it does.
bool blas_is_absent() noexcept;
// Throws NoOpenBlas unless it is open, which all functions below assume; these two are null before.
void require_blas();
const char* blas_config() noexcept;
const char* blas_core() noexcept;

// A caller inside OpenBLAS: those beyond a number wait, as it has buffers for so many (kBlasCallers, openblas.cpp).
class BlasSeat {
 public:
  BlasSeat() noexcept;
  ~BlasSeat();
  BlasSeat(const BlasSeat&) = delete;
  BlasSeat& operator=(const BlasSeat&) = delete;
};

// How an operand lies: row-major with so many elements from row to row, or its transpose does.
struct BlasOperand {
  bool transposed;
  int leading;
};
// C (m x n, row-major, ldc from row to row) = alpha A B + beta C; m, n, k >= 1, alpha not 0. With a seat.
void blas_gemm(BlasOperand of_a, BlasOperand of_b, int ldc, int m, int n, int k, float alpha, const float* a,
               const float* b, float beta, float* c) noexcept;
void blas_gemm(BlasOperand of_a, BlasOperand of_b, int ldc, int m, int n, int k, double alpha, const double* a,
               const double* b, double beta, double* c) noexcept;

// LAPACK on a column-major n x n matrix without padding, n >= 1; the result is its info, 0 when all is well.
// LU with partial pivoting, in place; i > 0: U[i-1, i-1] is 0.
int lapack_lu(int n, float* a, int* pivots) noexcept;
int lapack_lu(int n, double* a, int* pivots) noexcept;
int lapack_lu(int n, Complex<float>* a, int* pivots) noexcept;
int lapack_lu(int n, Complex<double>* a, int* pivots) noexcept;
// B (n x right_sides, column-major) becomes A^-1 B.
void lapack_lu_solve(int n, int right_sides, const float* lu, const int* pivots, float* b) noexcept;
void lapack_lu_solve(int n, int right_sides, const double* lu, const int* pivots, double* b) noexcept;
void lapack_lu_solve(int n, int right_sides, const Complex<float>* lu, const int* pivots, Complex<float>* b) noexcept;
void lapack_lu_solve(int n, int right_sides, const Complex<double>* lu, const int* pivots, Complex<double>* b) noexcept;
// Overwrites a. lwork -1 asks for the length of work, given in work[0]. > 0: no convergence.
int lapack_eigenvalues(int n, float* a, float* real, float* imaginary, float* work, int lwork) noexcept;
int lapack_eigenvalues(int n, double* a, double* real, double* imaginary, double* work, int lwork) noexcept;
int lapack_symmetric_eigenvalues(int n, float* a, float* values, float* work, int lwork) noexcept;
int lapack_symmetric_eigenvalues(int n, double* a, double* values, double* work, int lwork) noexcept;
// The same of complex numbers; reals: 2 n of a general matrix, 3 n of a Hermitian one, whose eigenvalues are real.
int lapack_eigenvalues(int n, Complex<float>* a, Complex<float>* values, float* reals, Complex<float>* work,
                       int lwork) noexcept;
int lapack_eigenvalues(int n, Complex<double>* a, Complex<double>* values, double* reals, Complex<double>* work,
                       int lwork) noexcept;
int lapack_hermitian_eigenvalues(int n, Complex<float>* a, float* values, float* reals, Complex<float>* work,
                                 int lwork) noexcept;
int lapack_hermitian_eigenvalues(int n, Complex<double>* a, double* values, double* reals, Complex<double>* work,
                                 int lwork) noexcept;

}  // namespace einblas
