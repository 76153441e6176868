// Front door: the extern "C" surface of Kronecker products.
#include "kron/kron.hpp"

#include <new>

#include "einblas.h"
#include "runtime/memory.hpp"
#include "runtime/threads.hpp"

using namespace einblas;

namespace {

struct Kron {
  std::unique_ptr<KronPlan> plan;
  std::string description;
};

const Kron* kron_of(int64_t handle) { return reinterpret_cast<const Kron*>(handle); }

}  // namespace

extern "C" {

int32_t einblas_kron_create(int32_t dtype, int32_t outer_axes, const int64_t* outer, int32_t factors,
                            const int64_t* axes, int64_t* kron) {
  if ((dtype != EINBLAS_F32 && dtype != EINBLAS_F64) || outer_axes < 0 || factors < 1 || axes == nullptr ||
      kron == nullptr || (outer_axes > 0 && outer == nullptr))
    return EINBLAS_INVALID_ARGUMENT;
  *kron = 0;
  const int32_t ready = einblas_init();
  if (ready != EINBLAS_OK) return ready;
  try {
    std::vector<KronOuter> o;
    std::vector<KronAxis> a;
    o.reserve(static_cast<size_t>(outer_axes));
    for (int i = 0; i < outer_axes; ++i) o.push_back({outer[3 * i], outer[3 * i + 1], outer[3 * i + 2]});
    for (int i = 0; i < factors; ++i) {
      const int64_t* f = axes + 6 * i;
      a.push_back({f[0], f[1], f[2], f[3], f[4], f[5]});
    }
    for (const KronOuter& l : o)
      if (l.length < 1) return EINBLAS_INVALID_ARGUMENT;
    for (const KronAxis& l : a)
      if (l.k < 1 || l.q < 1) return EINBLAS_INVALID_ARGUMENT;
    auto made = std::make_unique<Kron>();
    made->plan = make_kron_plan(static_cast<DType>(dtype), std::move(o), std::move(a));
    if (made->plan == nullptr) return EINBLAS_NOT_APPLICABLE;
    made->description = made->plan->describe();
    *kron = reinterpret_cast<int64_t>(made.release());
    return EINBLAS_OK;
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (...) {
    return EINBLAS_INTERNAL;
  }
}

void einblas_kron_destroy(int64_t kron) { delete kron_of(kron); }

int32_t einblas_kron_run(int64_t kron, int64_t x, const int64_t* factors, int64_t c, double alpha, double beta,
                         int32_t threads) {
  if (kron == 0 || factors == nullptr) return EINBLAS_INVALID_ARGUMENT;
  return kron_of(kron)->plan->run({reinterpret_cast<const char*>(x), factors, reinterpret_cast<char*>(c), alpha, beta,
                                   threads <= 0 ? process_threads() : threads});
}

const char* einblas_kron_description(int64_t kron) { return kron_of(kron)->description.c_str(); }
int64_t einblas_kron_workspace(int64_t kron) { return kron_of(kron)->plan->workspace_bytes(); }

int32_t einblas_kron_csr(int32_t dtype, const int64_t* job, int32_t outer_axes, const int64_t* outer, double alpha,
                         double beta, int32_t threads) {
  if ((dtype != EINBLAS_F32 && dtype != EINBLAS_F64) || job == nullptr || job[0] < 0 || job[1] < 0 || job[2] < 0 ||
      outer_axes < 0 || (outer_axes > 0 && outer == nullptr))
    return EINBLAS_INVALID_ARGUMENT;
  const int32_t ready = einblas_init();
  if (ready != EINBLAS_OK) return ready;
  const Csr a{static_cast<CsrType>(dtype),
              job[0],
              job[1],
              job[2],
              job[3],
              reinterpret_cast<const int64_t*>(job[4]),
              reinterpret_cast<const int32_t*>(job[5]),
              reinterpret_cast<const char*>(job[6])};
  const KronAlong call{
      reinterpret_cast<const char*>(job[7]),     job[8], reinterpret_cast<char*>(job[9]), job[10], alpha, beta,
      threads <= 0 ? process_threads() : threads};
  try {
    std::vector<KronOuter> o;
    o.reserve(static_cast<size_t>(outer_axes));
    for (int i = 0; i < outer_axes; ++i) o.push_back({outer[3 * i], outer[3 * i + 1], outer[3 * i + 2]});
    for (const KronOuter& l : o)
      if (l.length < 1) return EINBLAS_INVALID_ARGUMENT;
    return kron_csr(a, call, std::move(o));
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (...) {
    return EINBLAS_INTERNAL;
  }
}

}  // extern "C"
