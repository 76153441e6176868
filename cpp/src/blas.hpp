// The door to OpenBLAS; only blas.cpp sees cblas.
#pragma once
#include <cstdint>

namespace einblas {

// One thread inside OpenBLAS: our regions are the only parallel ones.
void blas_single_threaded() noexcept;
const char* blas_config() noexcept;
const char* blas_core() noexcept;

// Row-major C (m x n, leading dimension ldc) = alpha * op(A) op(B) + beta * C.
// Assumes: every dimension and leading dimension fits 32 bits (blas_fits).
void blas_gemm(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t lda,
               const float* b, int64_t ldb, float beta, float* c, int64_t ldc) noexcept;
void blas_gemm(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, double alpha, const double* a, int64_t lda,
               const double* b, int64_t ldb, double beta, double* c, int64_t ldc) noexcept;

inline bool blas_fits(int64_t v) { return v >= 0 && v <= INT32_MAX; }

}  // namespace einblas
