// Middle-end: the one ordered list of kernels, with the condition of each. First that suits is taken.
#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "runtime/memory.hpp"
#include "step/kernel.hpp"

namespace einblas {

extern const KernelEntry kProductKernel;    // step/product.cpp: nothing summed
extern const KernelEntry kReduceKernel;     // step/reduce.cpp: sums, dots, gemv
extern const KernelEntry kPermuteKernel;    // step/permute.cpp: transposition
extern const KernelEntry kLanesKernel;      // step/lanes/lanes.cpp: batch at unit stride
extern const KernelEntry kGemmSmallKernel;  // step/gemm/gemm_small.cpp: small and batched products
extern const KernelEntry kTtmKernel;        // step/gemm/ttm.cpp: a tensor times a small matrix
extern const KernelEntry kGemmItemsKernel;  // step/gemm/gemm_items.cpp: products by pieces, unpacked
extern const KernelEntry kOpenBlasKernel;   // step/gemm/openblas.cpp: products of matrices by OpenBLAS
extern const KernelEntry kGemmKernel;       // step/gemm/gemm.cpp: packed gemm
extern const KernelEntry kDotsKernel;       // step/gemm/dots.cpp: products of narrow numbers
extern const KernelEntry kConvertKernel;    // step/convert/convert.cpp: other types of elements
extern const KernelEntry kLoopsKernel;      // step/loops.cpp: any step

namespace {
const KernelEntry* const kEntries[] = {
    &kPermuteKernel,    // one operand, nothing summed, closest along another axis than the output
    &kProductKernel,    // nothing else is summed
    &kReduceKernel,     // sums of one operand, or of two without an axis of its own on each side
    &kLanesKernel,      // a batch axis has the output's unit stride
    &kGemmSmallKernel,  // a gemm of one axis each that fits L1 or L2
    &kTtmKernel,        // a large tensor with its unit stride on an axis of its own, few rows of a factor
    &kGemmItemsKernel,  // few rows, one summed axis, the rest in pieces at unit stride
    &kOpenBlasKernel,   // one axis each as BLAS walks them, from a size on that tuning finds
    &kGemmKernel,       // both operands have an axis of their own and share a summed one
    &kDotsKernel,       // BF16, I16 or bytes, where instructions multiply groups of them
    &kConvertKernel,    // elements that no micro-kernel takes, in pieces of a type that one does
    &kLoopsKernel,      // always applies; nothing else could
};
}  // namespace

KernelList kernels() { return {kEntries, static_cast<int>(sizeof kEntries / sizeof kEntries[0])}; }

const char* const kInvariant = EINBLAS_INVARIANT;

namespace {

bool at_unit_stride(const Axes& axes) {
  return std::any_of(axes.begin(), axes.end(), [](const Axis& a) { return a.stride[kOut] == 1; });
}

Choice ask(const KernelEntry& e, const Problem& p, Asked asked) {
  if (!p.plain() && !e.any_type) return {};
  auto plan = e.plan(p, asked);
  if (plan == nullptr) return {};
  return {&e, std::move(plan)};
}

Choice first_in_turn(const Problem& p, std::initializer_list<const KernelEntry*> entries, const KernelEntry& last) {
  for (const KernelEntry* e : entries) {
    Choice c = ask(*e, p, Asked::InTurn);
    if (c.entry != nullptr) return c;
  }
  return ask(last, p, Asked::ByName);
}

// Sums of two operands: lanes, gemm_small, gemm_items and gemm add an element's products in one order, in blocks of
// invariant_depth; reduce, whose order depends on what lies side by side, is not among them. Sums of three: loops.
Choice choose_invariant(const Problem& p) {
  if (p.operands > 2 && !p.reduced.empty()) return ask(kLoopsKernel, p, Asked::ByName);
  if (!p.plain()) return first_in_turn(p, {&kConvertKernel}, kLoopsKernel);
  if (p.reduced.empty()) {
    Choice c = first_in_turn(p, {&kPermuteKernel}, kProductKernel);
    return c.entry != nullptr ? std::move(c) : ask(kLoopsKernel, p, Asked::ByName);
  }
  const bool dots = elements(p.m) * elements(p.n) == 1;
  if (!p.batch.empty() && (dots || at_unit_stride(p.batch))) return ask(kLanesKernel, p, Asked::ByName);
  return first_in_turn(p, {&kGemmSmallKernel, &kGemmItemsKernel}, kGemmKernel);
}

Choice choose_as_it_is(const Problem& p, const char* forced) {
  if (p.epilogue.wanted) return ask(kConvertKernel, p, Asked::InTurn);  // no other knows of it
  if (p.invariant) return choose_invariant(p);
  const bool by_name = forced != nullptr && *forced != '\0';
  for (const KernelEntry* e : kEntries) {
    if (by_name && std::strcmp(forced, e->name) != 0) continue;
    Choice c = ask(*e, p, by_name ? Asked::ByName : Asked::InTurn);
    if (c.entry != nullptr || by_name) return c;
  }
  return {};
}

// Threads for whom there should be room, each with so many bytes or more: smaller blocks cost more than a thread gives.
// Never by the threads of a run, for the depth of blocks decides bits.
struct Share {
  int64_t threads, least;
};
constexpr Share kShares[] = {{8, 128 << 10}, {4, 64 << 10}, {2, 24 << 10}, {1, 0}};

}  // namespace

int64_t memory_of(const KernelPlan& plan, int64_t threads) {
  return round_up(plan.workspace_bytes(), kAlignment) * threads + round_up(plan.shared_bytes(), kAlignment);
}

Choice choose(const Problem& p, const char* forced, int64_t bytes) {
  Choice whole = choose_as_it_is(p, forced);
  if (whole.plan == nullptr || bytes == INT64_MAX) return whole;
  const int64_t whole_bytes = memory_of(*whole.plan, 1);
  for (const Share& share : kShares) {
    if (memory_of(*whole.plan, share.threads) <= bytes) return whole;
    if (bytes / share.threads < std::min(share.least, whole_bytes)) continue;
    // The least steps that are enough.
    Choice best;
    int low = 0, high = kMostShrinks + 1;
    while (high - low > 1) {
      Problem smaller = p;
      smaller.shrinks = (low + high) / 2;
      Choice c = choose_as_it_is(smaller, forced);
      if (memory_of(*c.plan, share.threads) <= bytes) {
        high = smaller.shrinks;
        best = std::move(c);
      } else {
        low = smaller.shrinks;
        if (low == kMostShrinks && share.threads == 1 && memory_of(*c.plan, 1) < whole_bytes) whole = std::move(c);
      }
    }
    if (best.plan != nullptr) return best;
  }
  return whole;
}

}  // namespace einblas
