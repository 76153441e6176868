// Front door: the extern "C" surface of Kronecker products.
#include "kron/kron.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "api/boundary.hpp"
#include "api/csr_of.hpp"

using namespace einblas;

namespace {

struct Kron {
  std::unique_ptr<KronPlan> plan;
  std::string description;
};

// The axes without a factor; false where a length is none.
bool read_outer(int32_t count, const int64_t* from, std::vector<KronOuter>& outer) {
  outer.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) outer.push_back({from[3 * i], from[3 * i + 1], from[3 * i + 2]});
  return std::all_of(outer.begin(), outer.end(), [](const KronOuter& o) { return o.length >= 1; });
}

}  // namespace

extern "C" {

int32_t einblas_kron_create(int32_t dtype, int32_t outer_axes, const int64_t* outer, int32_t factors,
                            const int64_t* axes, int64_t* kron) {
  if (!is_float_code(dtype) || outer_axes < 0 || factors < 1 || axes == nullptr || kron == nullptr ||
      (outer_axes > 0 && outer == nullptr))
    return EINBLAS_INVALID_ARGUMENT;
  *kron = 0;
  return guard_initialised([&]() -> int32_t {
    std::vector<KronOuter> o;
    if (!read_outer(outer_axes, outer, o)) return EINBLAS_INVALID_ARGUMENT;
    std::vector<KronAxis> a;
    for (int i = 0; i < factors; ++i) {
      const int64_t* f = axes + 6 * i;
      if (f[0] < 1 || f[1] < 1) return EINBLAS_INVALID_ARGUMENT;
      a.push_back({f[0], f[1], f[2], f[3], f[4], f[5]});
    }
    auto made = std::make_unique<Kron>();
    made->plan = make_kron_plan(static_cast<DType>(dtype), std::move(o), std::move(a));
    if (made->plan == nullptr) return EINBLAS_NOT_APPLICABLE;
    made->description = made->plan->describe();
    *kron = handle_of(std::move(made));
    return EINBLAS_OK;
  });
}

void einblas_kron_destroy(int64_t kron) { delete at<const Kron>(kron); }

int32_t einblas_kron_run(int64_t kron, int64_t x, const int64_t* factors, int64_t c, double alpha, double beta,
                         int32_t threads) {
  if (kron == 0 || factors == nullptr) return EINBLAS_INVALID_ARGUMENT;
  return at<const Kron>(kron)->plan->run({at<const char>(x), factors, at<char>(c), alpha, beta, threads_of(threads)});
}

const char* einblas_kron_description(int64_t kron) { return at<const Kron>(kron)->description.c_str(); }
int64_t einblas_kron_workspace(int64_t kron) { return at<const Kron>(kron)->plan->workspace_bytes(); }

double einblas_kron_weight(double k, double q, double work) { return kron_weight(k, q, work); }

int32_t einblas_kron_csr(int32_t dtype, int32_t conjugated, int64_t rows, int64_t columns, int64_t entries,
                         int64_t longest_row, int64_t indptr, int64_t indices, int64_t values, int64_t x,
                         int64_t x_stride, int64_t c, int64_t c_stride, int32_t outer_axes, const int64_t* outer,
                         double alpha, double beta, int32_t threads) {
  if (!is_multiplied_code(dtype) || rows < 0 || columns < 0 || entries < 0 || outer_axes < 0 ||
      (outer_axes > 0 && outer == nullptr))
    return EINBLAS_INVALID_ARGUMENT;
  const Csr a = csr_of(dtype, rows, columns, entries, longest_row, indptr, indices, values);
  const KronAlong call{at<const char>(x),     x_stride, at<char>(c), c_stride, alpha, beta, threads_of(threads),
                       conjugates(conjugated)};
  return guard_initialised([&]() -> int32_t {
    std::vector<KronOuter> o;
    if (!read_outer(outer_axes, outer, o)) return EINBLAS_INVALID_ARGUMENT;
    return kron_csr(a, call, std::move(o));
  });
}

}  // extern "C"
