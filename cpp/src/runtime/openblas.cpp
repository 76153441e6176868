// OpenBLAS: the few prototypes we call (its own headers do not compile with every cross compiler) and thin wrappers.
//
// bytedeco's 0.3.31 is a pthread build with 32-bit dimensions. Its cblas_?gemm_batch calls crash for small products,
// so none is used here: a loop over gemm is right everywhere.
#include "runtime/openblas.hpp"

#include <cstddef>

extern "C" {
void cblas_sgemm(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float* a, int lda,
                 const float* b, int ldb, float beta, float* c, int ldc);
void cblas_dgemm(int order, int trans_a, int trans_b, int m, int n, int k, double alpha, const double* a, int lda,
                 const double* b, int ldb, double beta, double* c, int ldc);
// Fortran's LAPACK: every argument by address, the lengths of texts last.
void sgetrf_(const int* m, const int* n, float* a, const int* lda, int* pivots, int* info);
void dgetrf_(const int* m, const int* n, double* a, const int* lda, int* pivots, int* info);
void sgetrs_(const char* trans, const int* n, const int* nrhs, const float* a, const int* lda, const int* pivots,
             float* b, const int* ldb, int* info, size_t trans_length);
void dgetrs_(const char* trans, const int* n, const int* nrhs, const double* a, const int* lda, const int* pivots,
             double* b, const int* ldb, int* info, size_t trans_length);
void sgeev_(const char* jobvl, const char* jobvr, const int* n, float* a, const int* lda, float* wr, float* wi,
            float* vl, const int* ldvl, float* vr, const int* ldvr, float* work, const int* lwork, int* info,
            size_t jobvl_length, size_t jobvr_length);
void dgeev_(const char* jobvl, const char* jobvr, const int* n, double* a, const int* lda, double* wr, double* wi,
            double* vl, const int* ldvl, double* vr, const int* ldvr, double* work, const int* lwork, int* info,
            size_t jobvl_length, size_t jobvr_length);
void ssyev_(const char* jobz, const char* uplo, const int* n, float* a, const int* lda, float* w, float* work,
            const int* lwork, int* info, size_t jobz_length, size_t uplo_length);
void dsyev_(const char* jobz, const char* uplo, const int* n, double* a, const int* lda, double* w, double* work,
            const int* lwork, int* info, size_t jobz_length, size_t uplo_length);
void openblas_set_num_threads(int threads);
char* openblas_get_config(void);
char* openblas_get_corename(void);
}

namespace einblas {
namespace {
constexpr int kRowMajor = 101, kNoTrans = 111, kTrans = 112;
int narrow(int64_t v) { return static_cast<int>(v); }
}  // namespace

void blas_single_threaded() noexcept { openblas_set_num_threads(1); }
const char* blas_config() noexcept { return openblas_get_config(); }
const char* blas_core() noexcept { return openblas_get_corename(); }

void blas_gemm(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t lda,
               const float* b, int64_t ldb, float beta, float* c, int64_t ldc) noexcept {
  cblas_sgemm(kRowMajor, trans_a ? kTrans : kNoTrans, trans_b ? kTrans : kNoTrans, narrow(m), narrow(n), narrow(k),
              alpha, a, narrow(lda), b, narrow(ldb), beta, c, narrow(ldc));
}

void blas_gemm(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, double alpha, const double* a, int64_t lda,
               const double* b, int64_t ldb, double beta, double* c, int64_t ldc) noexcept {
  cblas_dgemm(kRowMajor, trans_a ? kTrans : kNoTrans, trans_b ? kTrans : kNoTrans, narrow(m), narrow(n), narrow(k),
              alpha, a, narrow(lda), b, narrow(ldb), beta, c, narrow(ldc));
}

int lapack_lu(int n, float* a, int* pivots) noexcept {
  int info = 0;
  sgetrf_(&n, &n, a, &n, pivots, &info);
  return info;
}
int lapack_lu(int n, double* a, int* pivots) noexcept {
  int info = 0;
  dgetrf_(&n, &n, a, &n, pivots, &info);
  return info;
}

void lapack_lu_solve(int n, int right_sides, const float* lu, const int* pivots, float* b) noexcept {
  int info = 0;
  sgetrs_("N", &n, &right_sides, lu, &n, pivots, b, &n, &info, 1);
}
void lapack_lu_solve(int n, int right_sides, const double* lu, const int* pivots, double* b) noexcept {
  int info = 0;
  dgetrs_("N", &n, &right_sides, lu, &n, pivots, b, &n, &info, 1);
}

int lapack_eigenvalues(int n, float* a, float* real, float* imaginary, float* work, int lwork) noexcept {
  int info = 0;
  const int one = 1;
  float unused = 0;
  sgeev_("N", "N", &n, a, &n, real, imaginary, &unused, &one, &unused, &one, work, &lwork, &info, 1, 1);
  return info;
}
int lapack_eigenvalues(int n, double* a, double* real, double* imaginary, double* work, int lwork) noexcept {
  int info = 0;
  const int one = 1;
  double unused = 0;
  dgeev_("N", "N", &n, a, &n, real, imaginary, &unused, &one, &unused, &one, work, &lwork, &info, 1, 1);
  return info;
}

int lapack_symmetric_eigenvalues(int n, float* a, float* values, float* work, int lwork) noexcept {
  int info = 0;
  ssyev_("N", "L", &n, a, &n, values, work, &lwork, &info, 1, 1);
  return info;
}
int lapack_symmetric_eigenvalues(int n, double* a, double* values, double* work, int lwork) noexcept {
  int info = 0;
  dsyev_("N", "L", &n, a, &n, values, work, &lwork, &info, 1, 1);
  return info;
}

}  // namespace einblas
