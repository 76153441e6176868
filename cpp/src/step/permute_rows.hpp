// Middle-end: the plan of a permutation past the caches whose rows are long on both sides.
#pragma once
#include <memory>

#include "step/kernel.hpp"

namespace einblas {

// A plan, or nothing where rows are short, a vector is no cache line, or the caches hold the result.
std::unique_ptr<KernelPlan> permute_rows(const Problem& p);

}  // namespace einblas
