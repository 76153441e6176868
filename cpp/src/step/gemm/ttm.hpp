// Drivers: what the two halves of the kernel ttm share: a large tensor times a small matrix, the tensor read in place.
#pragma once
#include <cstdint>
#include <memory>

#include "step/kernel.hpp"

namespace einblas {

constexpr int64_t kTtmMostDepth = 512;  // of a block: a panel of the tensor stays in L2

// Asks `can_be` of the larger operand, then of the other one, whether it can be the tensor.
template <class CanBe>
bool ttm_tensor(const Problem& p, const CanBe& can_be) {
  if (p.operands != 2 || p.invariant || p.k.empty() || p.m.empty() || p.n.empty()) return false;
  const int larger = elements(p.m) >= elements(p.n) ? 0 : 1;
  return can_be(larger) || can_be(1 - larger);
}
// Sorts the summed axes as tensor t has them; false where it does not walk them as one.
bool ttm_depth(Axes* depth, int t);
// Whether a factor of so many rows is small, and the tensor large enough.
bool ttm_worth(int64_t rows, int64_t factor_bytes, int64_t tensor_bytes);
// The plan where the tensor's unit stride is on a summed axis; null as of a KernelEntry.
std::unique_ptr<KernelPlan> ttm_rows(const Problem& p, Asked asked);

}  // namespace einblas
