// Driver: a product whose columns or rows come in pieces that small products take where they lie: nothing is packed.
//
// C[b, m, n] = alpha * sum_k A[b, m, k] B[b, n, k] + beta * C with one axis of k: all axes of m and n but one each, and
// pieces of a long n, become items of step/gemm/gemm_small.cpp, in which one operand does not move.
// Assumes: B and C have their unit stride on the same axis of n.
// Transformations of one axis of a tensor (abcd,gc->abgd) are such: the packed gemm copies the whole tensor for m rows.
#include <algorithm>

#include "layout/arithmetic.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/tuning.hpp"
#include "step/gemm/gemm_layout.hpp"
#include "step/kernel.hpp"

namespace einblas {

extern const KernelEntry kGemmSmallKernel;

namespace {

// From so many rows on, packing B once for all of them pays.
Tunable most_rows{"GEMM_ITEMS_ROWS", 96, 1, 1 << 20, "rows of a product from which on its columns are packed"};
// A piece's columns of B and C, in L2: rows that are longer pieces of memory. One thread, one axis of a tensor of four
// of length 30 transformed, GFLOP/s with 64 KB, 128 KB, 480 KB (packed: 89 and 105): F32 third axis 128, 195, 218,
// first axis 72, 131, 147.
Tunable item_bytes{"GEMM_ITEMS_BYTES", 480 << 10, 1 << 10, 1 << 24, "bytes of a piece of a product that is not packed"};

constexpr int64_t kLeastRows = 4;
constexpr int64_t kMostDepth = 64;     // each step of k is a page of its own in a large B; measured up to 40
constexpr int64_t kLeastFlops = 1000;  // of an item

int64_t lanes_of(DType dtype) { return std::max<int64_t>(kernel_table().vector_bytes / size_of(dtype), 1); }

// Filled lanes of the vectors along n, in percent.
int64_t filled(int64_t n, int64_t lanes) { return 100 * n / round_up(n, lanes); }

// Cuts the last axis of n into equal pieces of at most `most`, whole vectors if there are such, and gives the rest of
// the axis as an axis of its own; length 1 where it stays whole.
Axis cut(Axis& n, int64_t most, int64_t lanes) {
  Axis pieces{1, {0, 0, 0, 0}};
  if (n.length <= most) return pieces;
  int64_t best = 1;
  for (int64_t piece = most; piece >= lanes && best == 1; --piece)
    if (n.length % piece == 0 && piece % lanes == 0) best = piece;
  for (int64_t piece = most; piece >= 8 * lanes && best == 1; --piece)
    if (n.length % piece == 0) best = piece;
  if (best == 1) return pieces;
  pieces.length = n.length / best;
  for (int t = 0; t < 4; ++t) pieces.stride[t] = n.stride[t] * best;
  n.length = best;
  return pieces;
}

// The same product with one axis each for m, n and k goes to gemm_small.
std::unique_ptr<KernelPlan> plan(const Problem& p, Asked asked) {
  if (p.operands != 2 || p.m.empty() || p.n.empty() || p.k.size() != 1) return nullptr;
  const GemmLayout g = gemm_layout(p);
  if (!g.c_unit || g.n.back().stride[g.b] != 1) return nullptr;
  const int64_t lanes = lanes_of(p.dtype);
  Problem q = p;
  Axis m = g.m.back(), n = g.n.back();
  for (const Axes* axes : {&g.m, &g.n}) q.batch.insert(q.batch.end(), axes->begin(), axes->end() - 1);
  const int64_t row = (m.length + p.k[0].length) * size_of(p.dtype);
  const Axis pieces = cut(n, std::max(item_bytes / row / lanes * lanes, lanes), lanes);
  if (pieces.length > 1) q.batch.push_back(pieces);
  if (q.batch.size() == p.batch.size()) return nullptr;
  const bool worth = elements(g.m) <= most_rows && m.length >= kLeastRows && p.k[0].length <= kMostDepth &&
                     filled(n.length, lanes) >= 60 && 2 * m.length * n.length * p.k[0].length >= kLeastFlops;
  if (asked == Asked::InTurn && !worth) return nullptr;
  q.m = {g.a == 0 ? m : n};
  q.n = {g.a == 0 ? n : m};
  return kGemmSmallKernel.plan(q, asked);
}

}  // namespace

extern const KernelEntry kGemmItemsKernel;
const KernelEntry kGemmItemsKernel = {"gemm_items", plan};

}  // namespace einblas
