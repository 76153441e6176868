// Driver: a sparse factor of a Kronecker product, a CSR matrix applied along one axis of a tensor.
//
// C[o, r] = alpha * sum over c of A[r, c] * X[o, c] + beta * C[o, r] for all o of the other axes. One of these gives
// the columns of csr.cpp's products, the rest are walked; where that makes many short products, they are the tasks.
// Assumes: A as csr.hpp says; any strides; C addresses each element once and shares no byte with X or A.
#include <algorithm>
#include <atomic>

#include "einblas.h"
#include "kron/kron.hpp"
#include "layout/arithmetic.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"

namespace einblas {
namespace {

// Products of fewer nanoseconds are shared out whole; a task has about so many.
constexpr double kTaskNanos = 20000;
// What a product costs before its first entry, in vector steps.
constexpr double kCall = 400;

// Joins axes that both tensors walk as one.
void fold(std::vector<KronOuter>* axes) {
  const auto single = [](const KronOuter& o) { return o.length == 1; };
  axes->erase(std::remove_if(axes->begin(), axes->end(), single), axes->end());
  for (size_t i = 0; i < axes->size(); ++i) {
    for (size_t j = 0; j < axes->size(); ++j) {
      KronOuter& slow = (*axes)[i];
      const KronOuter fast = (*axes)[j];
      if (i == j || slow.x != fast.length * fast.x || slow.c != fast.length * fast.c) continue;
      slow = {slow.length * fast.length, fast.x, fast.c};
      axes->erase(axes->begin() + static_cast<int64_t>(j));
      return fold(axes);
    }
  }
}

// Vector steps of one product whose columns are this axis: an index and a value per entry, a step for each vector;
// columns that do not lie side by side are copied, by whole vectors where the summed axis has unit stride.
double steps(const Csr& a, const KronOuter& columns, int64_t x, int64_t c) {
  const int64_t width = kernel_table().vector_bytes / size_of(a.dtype);
  const int64_t vectors = ceil_div(columns.length, width);
  const double lanes = static_cast<double>(width), n = static_cast<double>(columns.length);
  const auto copied = [&](int64_t stride, int64_t other, int64_t length) {
    return stride == 1 ? 0.0 : static_cast<double>(length) * n * (other == 1 ? 2 / lanes : 1.0);
  };
  return kCall + static_cast<double>(a.entries) * static_cast<double>(1 + vectors) + copied(columns.x, x, a.columns) +
         copied(columns.c, c, a.rows);
}

}  // namespace

int32_t kron_csr(const Csr& a, const KronAlong& call, std::vector<KronOuter> outer) {
  fold(&outer);
  KronOuter columns{1, 1, 1};
  double least = 0;
  size_t chosen = outer.size();
  for (size_t i = 0; i < outer.size(); ++i) {
    const double each = steps(a, outer[i], call.x_stride, call.c_stride) / static_cast<double>(outer[i].length);
    if (chosen < outer.size() && each >= least) continue;
    least = each;
    chosen = i;
  }
  if (chosen < outer.size()) {
    columns = outer[chosen];
    outer.erase(outer.begin() + static_cast<int64_t>(chosen));
  }
  int64_t products = 1;
  for (const KronOuter& o : outer) products *= o.length;
  const int64_t size = size_of(a.dtype);
  const auto product = [&](int64_t index, int threads) {
    int64_t x = 0, c = 0;
    for (size_t i = outer.size(); i-- > 0; index /= outer[i].length) {
      x += index % outer[i].length * outer[i].x;
      c += index % outer[i].length * outer[i].c;
    }
    return csr_multiply(a, {columns.length,
                            {const_cast<char*>(call.x) + x * size, call.x_stride, columns.x},
                            {call.c + c * size, call.c_stride, columns.c},
                            call.alpha,
                            call.beta,
                            threads,
                            call.conjugated});
  };
  const double nanos = speed::kVectorNanos * steps(a, columns, call.x_stride, call.c_stride);
  if (products == 1 || nanos >= kTaskNanos * static_cast<double>(call.threads)) {
    for (int64_t p = 0; p < products; ++p) {
      const int32_t status = product(p, call.threads);
      if (status != EINBLAS_OK) return status;
    }
    return EINBLAS_OK;
  }
  const int64_t together = std::max<int64_t>(1, static_cast<int64_t>(kTaskNanos / nanos));
  const int64_t tasks = ceil_div(products, together);
  std::atomic<int32_t> status{EINBLAS_OK};
  parallel_tasks(tasks, useful_threads(call.threads, tasks, nanos * static_cast<double>(products)),
                 [&](int64_t t, int) {
                   for (int64_t p = t * together; p < std::min(products, (t + 1) * together); ++p) {
                     const int32_t one = product(p, 1);
                     if (one != EINBLAS_OK) status = one;
                   }
                 });
  return status;
}

}  // namespace einblas
