// Drivers: long sums in F32, cut into parts by any kernel that adds blocks of depth to C.
#pragma once
#include <memory>

#include "step/kernel.hpp"

namespace einblas {

// The plan that `make` gives, or where the sum is long one that sums its parts apart, each by such a plan.
std::unique_ptr<KernelPlan> sum_in_parts(const Problem& p, std::unique_ptr<KernelPlan> (*make)(const Problem&));

}  // namespace einblas
