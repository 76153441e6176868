// Drivers: sums cut into parts, long ones in F32 for their digits and deep ones of small results for the threads; by
// any kernel that adds blocks of depth to C.
#pragma once
#include <cstdint>
#include <memory>

#include "step/kernel.hpp"

namespace einblas {

// The plan that `make` gives, or where the sum is long one that sums its parts apart, each by such a plan.
// side_by_side: parts that are tasks of one worker each, or 1.
std::unique_ptr<KernelPlan> sum_in_parts(const Problem& p, std::unique_ptr<KernelPlan> (*make)(const Problem&),
                                         int64_t side_by_side = 1);

}  // namespace einblas
