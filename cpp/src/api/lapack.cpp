// Front door: the extern "C" surface of the dense factorisations that OpenBLAS's LAPACK does.
#include <algorithm>
#include <cmath>

#include "api/boundary.hpp"
#include "layout/arithmetic.hpp"
#include "runtime/openblas.hpp"
#include "runtime/speed.hpp"

using namespace einblas;

namespace {

// Right sides solved by one task: some 64 columns fill LAPACK's blocks, and more tasks balance the threads.
constexpr int64_t kColumns = 64;

// The types that LAPACK has: reals and their complex numbers.
bool is_lapack(DType dtype) { return is_float(dtype) || is_complex(dtype); }
bool valid(int32_t dtype, int64_t n) {
  return is_dtype(dtype) && is_lapack(static_cast<DType>(dtype)) && n >= 1 && fits_index(n);
}

// f(Of<T, dtype>) for such a type.
template <class F>
auto visit_lapack(DType dtype, const F& f) {
  if (is_float(dtype)) return visit_float(dtype, f);
  return dtype == DType::C64 ? f(Of<Complex<float>, DType::C64>{}) : f(Of<Complex<double>, DType::C128>{});
}

template <class T>
void solve(int64_t n, int64_t right_sides, int64_t lu, int64_t pivots, int64_t b) {
  const int64_t tasks = ceil_div(right_sides, kColumns);
  constexpr double kOperations = kIsComplex<T> ? 8.0 : 2.0;
  const double nanos = kOperations * static_cast<double>(n) * static_cast<double>(n) *
                       static_cast<double>(right_sides) / speed::kLapackFlops;
  parallel_tasks(tasks, useful_threads(process_threads(), tasks, nanos), [&](int64_t task, int) {
    const int64_t from = task * kColumns, count = std::min(kColumns, right_sides - from);
    lapack_lu_solve(static_cast<int>(n), static_cast<int>(count), at<T>(lu), at<int>(pivots), at<T>(b) + from * n);
  });
}

// Of a length that LAPACK gave in the type of its elements: one in F32 may have been rounded down.
template <class R>
int64_t length_of(R wanted) {
  return static_cast<int64_t>(std::ceil(wanted * (1 + 1e-6)));
}
template <class R>
int64_t length_of(Complex<R> wanted) {
  return length_of(wanted.re);
}

// call(work, length) with a workspace of the length that LAPACK asks for.
template <class T, class F>
int32_t with_workspace(const F& call, int64_t* info) {
  T wanted{};
  *info = call(&wanted, -1);
  if (*info != 0) return EINBLAS_INTERNAL;
  const int64_t length = length_of(wanted);
  const Workspace work(length * static_cast<int64_t>(sizeof(T)), 1);
  if (!work.ok()) return EINBLAS_OUT_OF_MEMORY;
  *info = call(reinterpret_cast<T*>(work.of(0)), static_cast<int>(length));
  return EINBLAS_OK;
}

template <class R>
int32_t eigenvalues(bool symmetric, int64_t order, R* a, int64_t re, int64_t im, int64_t* info) {
  const int n = static_cast<int>(order);
  R *real = at<R>(re), *imaginary = at<R>(im);
  if (!symmetric)
    return with_workspace<R>(
        [&](R* work, int length) { return lapack_eigenvalues(n, a, real, imaginary, work, length); }, info);
  std::fill_n(imaginary, order, R{0});
  return with_workspace<R>([&](R* work, int length) { return lapack_symmetric_eigenvalues(n, a, real, work, length); },
                           info);
}

template <class R>
int32_t eigenvalues(bool hermitian, int64_t order, Complex<R>* a, int64_t re, int64_t im, int64_t* info) {
  using T = Complex<R>;
  const int n = static_cast<int>(order);
  R *real = at<R>(re), *imaginary = at<R>(im);
  // LAPACK's reals: 3 n for a Hermitian matrix; for a general one 2 n, before its n eigenvalues.
  const Workspace own(order * (hermitian ? 3 : 4) * static_cast<int64_t>(sizeof(R)), 1);
  if (!own.ok()) return EINBLAS_OUT_OF_MEMORY;
  R* reals = reinterpret_cast<R*>(own.of(0));
  if (hermitian) {
    std::fill_n(imaginary, order, R{0});
    return with_workspace<T>(
        [&](T* work, int length) { return lapack_hermitian_eigenvalues(n, a, real, reals, work, length); }, info);
  }
  T* values = reinterpret_cast<T*>(reals + 2 * order);
  const int32_t status = with_workspace<T>(
      [&](T* work, int length) { return lapack_eigenvalues(n, a, values, reals, work, length); }, info);
  for (int64_t i = 0; status == EINBLAS_OK && i < order; ++i) {
    real[i] = values[i].re;
    imaginary[i] = values[i].im;
  }
  return status;
}

}  // namespace

extern "C" {

int32_t einblas_lu(int32_t dtype, int64_t n, int64_t a, int64_t pivots, int64_t* info) {
  if (!valid(dtype, n) || info == nullptr) return EINBLAS_INVALID_ARGUMENT;
  return guard_initialised([&] {
    require_blas();
    *info = visit_lapack(static_cast<DType>(dtype), [&](auto of) {
      return lapack_lu(static_cast<int>(n), at<typename decltype(of)::Type>(a), at<int>(pivots));
    });
    return *info < 0 ? EINBLAS_INTERNAL : EINBLAS_OK;
  });
}

int32_t einblas_lu_solve(int32_t dtype, int64_t n, int64_t right_sides, int64_t lu, int64_t pivots, int64_t b) {
  if (!valid(dtype, n) || right_sides < 0) return EINBLAS_INVALID_ARGUMENT;
  if (!blas_is_open()) return EINBLAS_NO_OPENBLAS;
  visit_lapack(static_cast<DType>(dtype),
               [&](auto of) { solve<typename decltype(of)::Type>(n, right_sides, lu, pivots, b); });
  return EINBLAS_OK;
}

int32_t einblas_eigenvalues(int32_t dtype, int32_t symmetric, int64_t n, int64_t a, int64_t real, int64_t imaginary,
                            int64_t* info) {
  if (!valid(dtype, n) || info == nullptr) return EINBLAS_INVALID_ARGUMENT;
  return guard_initialised([&] {
    require_blas();
    return visit_lapack(static_cast<DType>(dtype), [&](auto of) {
      using T = typename decltype(of)::Type;
      return eigenvalues(symmetric != 0, n, at<T>(a), real, imaginary, info);
    });
  });
}

}  // extern "C"
