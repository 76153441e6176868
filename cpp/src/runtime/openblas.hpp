// The door to OpenBLAS; only openblas.cpp sees its prototypes.
#pragma once

namespace einblas {

// One thread inside OpenBLAS: our regions are the only parallel ones.
void blas_single_threaded() noexcept;
const char* blas_config() noexcept;
const char* blas_core() noexcept;

// LAPACK on a column-major n x n matrix without padding, n >= 1; the result is its info, 0 when all is well.
// LU with partial pivoting, in place; i > 0: U[i-1, i-1] is 0.
int lapack_lu(int n, float* a, int* pivots) noexcept;
int lapack_lu(int n, double* a, int* pivots) noexcept;
// B (n x right_sides, column-major) becomes A^-1 B.
void lapack_lu_solve(int n, int right_sides, const float* lu, const int* pivots, float* b) noexcept;
void lapack_lu_solve(int n, int right_sides, const double* lu, const int* pivots, double* b) noexcept;
// Overwrites a. lwork -1 asks for the length of work, given in work[0]. > 0: no convergence.
int lapack_eigenvalues(int n, float* a, float* real, float* imaginary, float* work, int lwork) noexcept;
int lapack_eigenvalues(int n, double* a, double* real, double* imaginary, double* work, int lwork) noexcept;
int lapack_symmetric_eigenvalues(int n, float* a, float* values, float* work, int lwork) noexcept;
int lapack_symmetric_eigenvalues(int n, double* a, double* values, double* work, int lwork) noexcept;

}  // namespace einblas
