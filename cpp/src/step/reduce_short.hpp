// Drivers: sums whose line is short, by kernels that add up in registers.
#pragma once
#include <memory>

#include "step/kernel.hpp"

namespace einblas {

// Long sums down rows of at most a vector; null where the problem is another.
std::unique_ptr<KernelPlan> sums_down_short_rows(const Problem& p);
// Sums down the few rows of each of many items; null where the problem is another.
std::unique_ptr<KernelPlan> sums_of_items(const Problem& p);

// The operand that is read once: the larger one.
int main_operand(const Problem& p);

}  // namespace einblas
