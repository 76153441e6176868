// Drivers: sums of products of complex numbers down the lines of one operand.
#pragma once
#include <memory>

#include "step/kernel.hpp"

namespace einblas {

// C[.., j] = sum over r of A[.., r, j] * x[.., r] or x[.., r, j], j at unit stride in C and A, all of one complex type;
// null for any other problem.
std::unique_ptr<KernelPlan> complex_sums_down(const Problem& p);

}  // namespace einblas
