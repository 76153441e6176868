// Front door: the extern "C" surface of checks of integer steps.
#include "step/check/check.hpp"

#include <memory>

#include "api/boundary.hpp"
#include "step/whole.hpp"

using namespace einblas;

namespace {

const Check* check_of(int64_t handle) { return reinterpret_cast<const Check*>(handle); }

// Whether types are those of a step of integers, as einblas_step_create_typed takes them.
bool are_whole(const int32_t* types, int32_t operands) {
  for (int32_t i = 0; i < operands + 2; ++i)
    if (!is_dtype(types[i])) return false;
  const DType sums = static_cast<DType>(types[operands + 1]), out = static_cast<DType>(types[operands]);
  if (!is_integer(sums) || compute_of(sums) != sums || !rounds_into(sums, out)) return false;
  for (int32_t t = 0; t < operands; ++t)
    if (!goes_into(static_cast<DType>(types[t]), sums)) return false;
  return true;
}

CheckedRun run_of(int64_t x0, int64_t x1, int64_t x2, int64_t c, double alpha, double beta, int32_t threads) {
  return {{at<const char>(x0), at<const char>(x1), at<const char>(x2)},
          at<const char>(c),
          alpha,
          beta,
          threads_of(threads)};
}

}  // namespace

extern "C" {

int32_t einblas_check_create(const int32_t* types, int32_t operands, int32_t axes, int32_t outer_axes,
                             const int64_t* lengths, const int64_t* strides, int64_t bytes, int64_t* check) {
  if (types == nullptr || operands < 0 || operands > kMaxOperands || axes < 0 || outer_axes < 0 || outer_axes > axes ||
      bytes < 0 || check == nullptr || (axes > 0 && (lengths == nullptr || strides == nullptr)) ||
      !are_whole(types, operands))
    return EINBLAS_INVALID_ARGUMENT;
  for (int32_t a = 0; a < axes; ++a)
    if (lengths[a] < 0) return EINBLAS_INVALID_ARGUMENT;
  *check = 0;
  return guard_initialised([&] {
    CheckedStep s;
    s.operands = operands;
    for (int t = 0; t < 4; ++t)
      s.held[t] = static_cast<DType>(t < operands ? types[t] : t == kOut ? types[operands] : types[operands + 1]);
    for (int32_t a = 0; a < axes; ++a) {
      Axis axis{lengths[a], {0, 0, 0, 0}};
      for (int32_t t = 0; t < operands; ++t) axis.stride[t] = strides[t * axes + a];
      if (a < outer_axes) axis.stride[kOut] = strides[operands * axes + a];
      (a < outer_axes ? s.outer : s.reduced).push_back(axis);
    }
    *check = handle_of(std::make_unique<Check>(std::move(s), bytes));
    return EINBLAS_OK;
  });
}

void einblas_check_destroy(int64_t check) { delete check_of(check); }

int64_t einblas_check_run(int64_t check, int64_t x0, int64_t x1, int64_t x2, int64_t c, double alpha, double beta,
                          int32_t threads) {
  if (check == 0 || !is_whole(alpha) || !is_whole(beta)) return -2 - EINBLAS_INVALID_ARGUMENT;
  return check_of(check)->first(run_of(x0, x1, x2, c, alpha, beta, threads));
}

int32_t einblas_check_value(int64_t check, int64_t x0, int64_t x1, int64_t x2, int64_t c, double alpha, double beta,
                            int64_t index, int64_t* words) {
  if (check == 0 || words == nullptr || index < 0 || !is_whole(alpha) || !is_whole(beta))
    return EINBLAS_INVALID_ARGUMENT;
  Wide v;
  if (!check_of(check)->value(run_of(x0, x1, x2, c, alpha, beta, 1), index, v)) return EINBLAS_NOT_APPLICABLE;
  for (int i = 0; i < Wide::kWords; ++i) words[i] = static_cast<int64_t>(v.word[i]);
  return EINBLAS_OK;
}

int64_t einblas_check_memory(int64_t check, int32_t threads) {
  return check == 0 ? 0 : check_of(check)->memory(threads_of(threads));
}

}  // extern "C"
