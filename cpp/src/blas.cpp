// OpenBLAS: the few prototypes we call (its own headers do not compile with every cross compiler) and thin wrappers.
//
// bytedeco's 0.3.31 is a pthread build with 32-bit dimensions. Its cblas_?gemm_batch calls crash for small products,
// so none is used here: a loop over gemm is right everywhere.
#include "blas.hpp"

extern "C" {
void cblas_sgemm(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float* a, int lda,
                 const float* b, int ldb, float beta, float* c, int ldc);
void cblas_dgemm(int order, int trans_a, int trans_b, int m, int n, int k, double alpha, const double* a, int lda,
                 const double* b, int ldb, double beta, double* c, int ldc);
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

}  // namespace einblas
