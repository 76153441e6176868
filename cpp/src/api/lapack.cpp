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

bool valid(int32_t dtype, int64_t n) { return is_float_code(dtype) && n >= 1 && fits_index(n); }

template <class T>
void solve(int64_t n, int64_t right_sides, int64_t lu, int64_t pivots, int64_t b) {
  const int64_t tasks = ceil_div(right_sides, kColumns);
  const double nanos =
      2.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(right_sides) / speed::kLapackFlops;
  parallel_tasks(tasks, useful_threads(process_threads(), tasks, nanos), [&](int64_t task, int) {
    const int64_t from = task * kColumns, count = std::min(kColumns, right_sides - from);
    lapack_lu_solve(static_cast<int>(n), static_cast<int>(count), at<T>(lu), at<int>(pivots), at<T>(b) + from * n);
  });
}

// Workspace of the length that LAPACK asks for.
template <class T, class F>
int32_t with_workspace(const F& call, int64_t* info) {
  T wanted = 0;
  *info = call(&wanted, -1);
  if (*info != 0) return EINBLAS_INTERNAL;
  // A length in F32 may have been rounded down.
  const int length = static_cast<int>(std::ceil(wanted * (1 + 1e-6)));
  const Workspace work(length * static_cast<int64_t>(sizeof(T)), 1);
  if (!work.ok()) return EINBLAS_OUT_OF_MEMORY;
  *info = call(reinterpret_cast<T*>(work.of(0)), length);
  return EINBLAS_OK;
}

template <class T>
int32_t eigenvalues(bool symmetric, int64_t order, int64_t a, int64_t real, int64_t imaginary, int64_t* info) {
  const int n = static_cast<int>(order);
  if (!symmetric)
    return with_workspace<T>(
        [&](T* work, int length) {
          return lapack_eigenvalues(n, at<T>(a), at<T>(real), at<T>(imaginary), work, length);
        },
        info);
  std::fill_n(at<T>(imaginary), order, T{0});
  return with_workspace<T>(
      [&](T* work, int length) { return lapack_symmetric_eigenvalues(n, at<T>(a), at<T>(real), work, length); }, info);
}

}  // namespace

extern "C" {

int32_t einblas_lu(int32_t dtype, int64_t n, int64_t a, int64_t pivots, int64_t* info) {
  if (!valid(dtype, n) || info == nullptr) return EINBLAS_INVALID_ARGUMENT;
  return guard_initialised([&] {
    *info = visit_float(static_cast<DType>(dtype), [&](auto of) {
      return lapack_lu(static_cast<int>(n), at<typename decltype(of)::Type>(a), at<int>(pivots));
    });
    return *info < 0 ? EINBLAS_INTERNAL : EINBLAS_OK;
  });
}

int32_t einblas_lu_solve(int32_t dtype, int64_t n, int64_t right_sides, int64_t lu, int64_t pivots, int64_t b) {
  if (!valid(dtype, n) || right_sides < 0) return EINBLAS_INVALID_ARGUMENT;
  visit_float(static_cast<DType>(dtype),
              [&](auto of) { solve<typename decltype(of)::Type>(n, right_sides, lu, pivots, b); });
  return EINBLAS_OK;
}

int32_t einblas_eigenvalues(int32_t dtype, int32_t symmetric, int64_t n, int64_t a, int64_t real, int64_t imaginary,
                            int64_t* info) {
  if (!valid(dtype, n) || info == nullptr) return EINBLAS_INVALID_ARGUMENT;
  return guard_initialised([&] {
    return visit_float(static_cast<DType>(dtype), [&](auto of) {
      return eigenvalues<typename decltype(of)::Type>(symmetric != 0, n, a, real, imaginary, info);
    });
  });
}

}  // extern "C"
