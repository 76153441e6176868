// Middle-end: the factors of a step of integers, exact modulo 2^n though they arrive as doubles.
#pragma once
#include <cmath>
#include <cstdint>

#include "einblas.h"
#include "step/kernel.hpp"

namespace einblas {

constexpr int64_t kExact = int64_t{1} << 53;  // doubles count up to it without a gap

// Whether alpha or beta can be a factor of integers.
inline bool is_whole(double factor) {
  return std::fabs(factor) <= static_cast<double>(kExact) && factor == std::trunc(factor);
}

// Runs the plan with alpha * times, modulo 2^64; alpha is whole. A factor that no double holds goes in two runs, the
// second of which adds to the first one's result: both parts are exact.
inline int32_t run_whole(const KernelPlan& plan, Call call, uint64_t times) {
  const int64_t factor = static_cast<int64_t>(static_cast<uint64_t>(static_cast<int64_t>(call.alpha)) * times);
  if (factor >= -kExact && factor <= kExact) {
    call.alpha = static_cast<double>(factor);
    return plan.run(call);
  }
  constexpr int64_t kLow = (int64_t{1} << 32) - 1;
  call.alpha = static_cast<double>(factor & ~kLow);
  const int32_t status = plan.run(call);
  if (status != EINBLAS_OK || (factor & kLow) == 0) return status;
  call.alpha = static_cast<double>(factor & kLow);
  call.beta = 1;
  return plan.run(call);
}

}  // namespace einblas
