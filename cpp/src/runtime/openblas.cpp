// OpenBLAS: the few prototypes we call (its own headers do not compile with every cross compiler), looked up in the
// library when it is opened, and thin wrappers. bytedeco's 0.3.31 is a pthread build with 32-bit dimensions.
#include "runtime/openblas.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>

#include "runtime/shared_library.hpp"

namespace {
// As Fortran's COMPLEX and COMPLEX*16 lie.
using C64 = einblas::Complex<float>;
using C128 = einblas::Complex<double>;
}  // namespace

extern "C" {
// Fortran's BLAS and LAPACK: every argument by address, the lengths of texts last.
void sgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k, const float* alpha,
            const float* a, const int* lda, const float* b, const int* ldb, const float* beta, float* c, const int* ldc,
            size_t transa_length, size_t transb_length);
void dgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k, const double* alpha,
            const double* a, const int* lda, const double* b, const int* ldb, const double* beta, double* c,
            const int* ldc, size_t transa_length, size_t transb_length);
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
void cgetrf_(const int* m, const int* n, C64* a, const int* lda, int* pivots, int* info);
void zgetrf_(const int* m, const int* n, C128* a, const int* lda, int* pivots, int* info);
void cgetrs_(const char* trans, const int* n, const int* nrhs, const C64* a, const int* lda, const int* pivots, C64* b,
             const int* ldb, int* info, size_t trans_length);
void zgetrs_(const char* trans, const int* n, const int* nrhs, const C128* a, const int* lda, const int* pivots,
             C128* b, const int* ldb, int* info, size_t trans_length);
void cgeev_(const char* jobvl, const char* jobvr, const int* n, C64* a, const int* lda, C64* w, C64* vl,
            const int* ldvl, C64* vr, const int* ldvr, C64* work, const int* lwork, float* rwork, int* info,
            size_t jobvl_length, size_t jobvr_length);
void zgeev_(const char* jobvl, const char* jobvr, const int* n, C128* a, const int* lda, C128* w, C128* vl,
            const int* ldvl, C128* vr, const int* ldvr, C128* work, const int* lwork, double* rwork, int* info,
            size_t jobvl_length, size_t jobvr_length);
void cheev_(const char* jobz, const char* uplo, const int* n, C64* a, const int* lda, float* w, C64* work,
            const int* lwork, float* rwork, int* info, size_t jobz_length, size_t uplo_length);
void zheev_(const char* jobz, const char* uplo, const int* n, C128* a, const int* lda, double* w, C128* work,
            const int* lwork, double* rwork, int* info, size_t jobz_length, size_t uplo_length);
void openblas_set_num_threads(int threads);
char* openblas_get_config(void);
char* openblas_get_corename(void);
}

namespace einblas {

namespace {

// The functions above in the library that was opened.
struct Blas {
  decltype(&::sgemm_) sgemm_ = nullptr;
  decltype(&::dgemm_) dgemm_ = nullptr;
  decltype(&::sgetrf_) sgetrf_ = nullptr;
  decltype(&::dgetrf_) dgetrf_ = nullptr;
  decltype(&::cgetrf_) cgetrf_ = nullptr;
  decltype(&::zgetrf_) zgetrf_ = nullptr;
  decltype(&::sgetrs_) sgetrs_ = nullptr;
  decltype(&::dgetrs_) dgetrs_ = nullptr;
  decltype(&::cgetrs_) cgetrs_ = nullptr;
  decltype(&::zgetrs_) zgetrs_ = nullptr;
  decltype(&::sgeev_) sgeev_ = nullptr;
  decltype(&::dgeev_) dgeev_ = nullptr;
  decltype(&::cgeev_) cgeev_ = nullptr;
  decltype(&::zgeev_) zgeev_ = nullptr;
  decltype(&::ssyev_) ssyev_ = nullptr;
  decltype(&::dsyev_) dsyev_ = nullptr;
  decltype(&::cheev_) cheev_ = nullptr;
  decltype(&::zheev_) zheev_ = nullptr;
  decltype(&::openblas_set_num_threads) openblas_set_num_threads = nullptr;
  decltype(&::openblas_get_config) openblas_get_config = nullptr;
  decltype(&::openblas_get_corename) openblas_get_corename = nullptr;

  // The name of one that the library lacks, or null.
  const char* look_up(void* library) noexcept {
    const char* lacking = nullptr;
    const auto find = [&](const char* name, auto& function) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(function_of(library, name));
      if (function == nullptr) lacking = name;
    };
    find("sgemm_", sgemm_);
    find("dgemm_", dgemm_);
    find("sgetrf_", sgetrf_);
    find("dgetrf_", dgetrf_);
    find("cgetrf_", cgetrf_);
    find("zgetrf_", zgetrf_);
    find("sgetrs_", sgetrs_);
    find("dgetrs_", dgetrs_);
    find("cgetrs_", cgetrs_);
    find("zgetrs_", zgetrs_);
    find("sgeev_", sgeev_);
    find("dgeev_", dgeev_);
    find("cgeev_", cgeev_);
    find("zgeev_", zgeev_);
    find("ssyev_", ssyev_);
    find("dsyev_", dsyev_);
    find("cheev_", cheev_);
    find("zheev_", zheev_);
    find("openblas_set_num_threads", openblas_set_num_threads);
    find("openblas_get_config", openblas_get_config);
    find("openblas_get_corename", openblas_get_corename);
    return lacking;
  }
};

std::atomic<const Blas*> opened{nullptr};  // never destroyed
std::atomic<bool> absent{false};
thread_local char failure[1024] = "";

const Blas& blas() noexcept { return *opened.load(std::memory_order_acquire); }

std::mutex& opening() {
  static std::mutex* m = new std::mutex;  // never destroyed: threads may outlive static objects
  return *m;
}

// Null when it could not be opened: why says the reason.
std::unique_ptr<const Blas> open_from(const std::string& files, const char* version, std::string& why) {
  void* library = nullptr;
  std::string last;
  for (size_t from = 0; from < files.size();) {
    const size_t end = std::min(files.find('\n', from), files.size());
    last = files.substr(from, end - from);
    from = end + 1;
    library = open_library(last, why);
    if (library == nullptr) return nullptr;
  }
  if (library == nullptr) {
    why = "no file was named";
    return nullptr;
  }
  auto found = std::make_unique<Blas>();
  if (const char* lacking = found->look_up(library)) {
    why = last + " has no " + lacking;
    return nullptr;
  }
  const std::string config = found->openblas_get_config();
  if (config.find(version) == std::string::npos) {
    why = last + " is " + config;
    return nullptr;
  }
  found->openblas_set_num_threads(1);
  return found;
}

}  // namespace

bool blas_is_open() noexcept { return opened.load(std::memory_order_acquire) != nullptr; }
bool blas_is_absent() noexcept { return absent.load(std::memory_order_acquire) && !blas_is_open(); }
void require_blas() {
  if (!blas_is_open()) throw NoOpenBlas();
}
const char* blas_failure() noexcept { return failure; }
const char* blas_config() noexcept { return blas_is_open() ? blas().openblas_get_config() : nullptr; }
const char* blas_core() noexcept { return blas_is_open() ? blas().openblas_get_corename() : nullptr; }

bool blas_open(const char* files, const char* version) noexcept {
  const std::lock_guard<std::mutex> lock(opening());
  if (blas_is_open()) return true;
  std::string why;
  try {
    std::unique_ptr<const Blas> found = open_from(files, version, why);
    if (found != nullptr) {
      opened.store(found.release(), std::memory_order_release);
      return true;
    }
  } catch (const std::exception& e) {
    why = e.what();
  }
  std::snprintf(failure, sizeof failure, "%s", why.c_str());
  absent.store(true, std::memory_order_release);
  return false;
}

namespace {

// OpenBLAS has two buffers for each of the processors it was built for, 64 here, and 512 to spare; then it ends the
// process. Others in the process may call it too.
constexpr int kBlasCallers = 64;

struct Seats {
  std::mutex mutex;
  std::condition_variable free;
  int taken = 0;
};
Seats& seats() {
  static Seats* s = new Seats;  // never destroyed: threads may outlive static objects
  return *s;
}

const char* letter(BlasOperand x) { return x.transposed ? "T" : "N"; }

}  // namespace

BlasSeat::BlasSeat() noexcept {
  Seats& s = seats();
  std::unique_lock<std::mutex> lock(s.mutex);
  s.free.wait(lock, [&] { return s.taken < kBlasCallers; });
  ++s.taken;
}
BlasSeat::~BlasSeat() {
  Seats& s = seats();
  {
    const std::lock_guard<std::mutex> lock(s.mutex);
    --s.taken;
  }
  s.free.notify_one();
}

// Fortran's matrices are column-major: C' = B' A'.
void blas_gemm(BlasOperand of_a, BlasOperand of_b, int ldc, int m, int n, int k, float alpha, const float* a,
               const float* b, float beta, float* c) noexcept {
  blas().sgemm_(letter(of_b), letter(of_a), &n, &m, &k, &alpha, b, &of_b.leading, a, &of_a.leading, &beta, c, &ldc, 1,
                1);
}
void blas_gemm(BlasOperand of_a, BlasOperand of_b, int ldc, int m, int n, int k, double alpha, const double* a,
               const double* b, double beta, double* c) noexcept {
  blas().dgemm_(letter(of_b), letter(of_a), &n, &m, &k, &alpha, b, &of_b.leading, a, &of_a.leading, &beta, c, &ldc, 1,
                1);
}

int lapack_lu(int n, float* a, int* pivots) noexcept {
  int info = 0;
  blas().sgetrf_(&n, &n, a, &n, pivots, &info);
  return info;
}
int lapack_lu(int n, double* a, int* pivots) noexcept {
  int info = 0;
  blas().dgetrf_(&n, &n, a, &n, pivots, &info);
  return info;
}

int lapack_lu(int n, C64* a, int* pivots) noexcept {
  int info = 0;
  blas().cgetrf_(&n, &n, a, &n, pivots, &info);
  return info;
}
int lapack_lu(int n, C128* a, int* pivots) noexcept {
  int info = 0;
  blas().zgetrf_(&n, &n, a, &n, pivots, &info);
  return info;
}

void lapack_lu_solve(int n, int right_sides, const float* lu, const int* pivots, float* b) noexcept {
  int info = 0;
  blas().sgetrs_("N", &n, &right_sides, lu, &n, pivots, b, &n, &info, 1);
}
void lapack_lu_solve(int n, int right_sides, const double* lu, const int* pivots, double* b) noexcept {
  int info = 0;
  blas().dgetrs_("N", &n, &right_sides, lu, &n, pivots, b, &n, &info, 1);
}
void lapack_lu_solve(int n, int right_sides, const C64* lu, const int* pivots, C64* b) noexcept {
  int info = 0;
  blas().cgetrs_("N", &n, &right_sides, lu, &n, pivots, b, &n, &info, 1);
}
void lapack_lu_solve(int n, int right_sides, const C128* lu, const int* pivots, C128* b) noexcept {
  int info = 0;
  blas().zgetrs_("N", &n, &right_sides, lu, &n, pivots, b, &n, &info, 1);
}

int lapack_eigenvalues(int n, float* a, float* real, float* imaginary, float* work, int lwork) noexcept {
  int info = 0;
  const int one = 1;
  float unused = 0;
  blas().sgeev_("N", "N", &n, a, &n, real, imaginary, &unused, &one, &unused, &one, work, &lwork, &info, 1, 1);
  return info;
}
int lapack_eigenvalues(int n, double* a, double* real, double* imaginary, double* work, int lwork) noexcept {
  int info = 0;
  const int one = 1;
  double unused = 0;
  blas().dgeev_("N", "N", &n, a, &n, real, imaginary, &unused, &one, &unused, &one, work, &lwork, &info, 1, 1);
  return info;
}
int lapack_eigenvalues(int n, C64* a, C64* values, float* reals, C64* work, int lwork) noexcept {
  int info = 0;
  const int one = 1;
  C64 unused = {0, 0};
  blas().cgeev_("N", "N", &n, a, &n, values, &unused, &one, &unused, &one, work, &lwork, reals, &info, 1, 1);
  return info;
}
int lapack_eigenvalues(int n, C128* a, C128* values, double* reals, C128* work, int lwork) noexcept {
  int info = 0;
  const int one = 1;
  C128 unused = {0, 0};
  blas().zgeev_("N", "N", &n, a, &n, values, &unused, &one, &unused, &one, work, &lwork, reals, &info, 1, 1);
  return info;
}

int lapack_symmetric_eigenvalues(int n, float* a, float* values, float* work, int lwork) noexcept {
  int info = 0;
  blas().ssyev_("N", "L", &n, a, &n, values, work, &lwork, &info, 1, 1);
  return info;
}
int lapack_symmetric_eigenvalues(int n, double* a, double* values, double* work, int lwork) noexcept {
  int info = 0;
  blas().dsyev_("N", "L", &n, a, &n, values, work, &lwork, &info, 1, 1);
  return info;
}
int lapack_hermitian_eigenvalues(int n, C64* a, float* values, float* reals, C64* work, int lwork) noexcept {
  int info = 0;
  blas().cheev_("N", "L", &n, a, &n, values, work, &lwork, reals, &info, 1, 1);
  return info;
}
int lapack_hermitian_eigenvalues(int n, C128* a, double* values, double* reals, C128* work, int lwork) noexcept {
  int info = 0;
  blas().zheev_("N", "L", &n, a, &n, values, work, &lwork, reals, &info, 1, 1);
  return info;
}

}  // namespace einblas
