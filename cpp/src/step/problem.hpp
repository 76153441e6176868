// Middle-end: a step as the kernels see it, after its axes are normalised and grouped.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>

#include "kernels/kernel_table.hpp"
#include "layout/arithmetic.hpp"
#include "layout/dtype.hpp"
#include "layout/strided.hpp"

namespace einblas {

// What becomes of a sum before it is rounded: C = activation(sum + bias). The bias lies in operand kBias's place.
struct Epilogue {
  bool wanted = false, bias = false;
  Map activation = Map::Copy;
};
constexpr int kBias = 2;

// C[o] = alpha * multiplier * sum_r prod_i X_i[o, r] + beta * C[o], every tensor starting `offset` elements after
// the address that the caller gives.
//
// Normalised: no axis of length 1; output strides positive (axes are flipped, hence the offsets); outer axes sorted
// by falling output stride; reduced axes by falling operand stride; axes folded wherever all tensors allow it;
// a reduced axis that no operand has went into the multiplier. empty_output / empty_sum tell of zero lengths; then
// the axes are not normalised.
struct Problem {
  DType dtype = DType::F32;  // in which sums are added up
  // What the tensors hold, unless all hold that; bit t of `conjugated`: operand t is conjugated.
  bool mixed = false;
  DType held[4] = {};
  int32_t conjugated = 0;
  int operands = 0;
  Axes outer, reduced;
  int64_t offset[4] = {0, 0, 0, 0};
  double multiplier = 1;
  uint64_t times = 1;  // the same modulo 2^64: of integers, which double may not hold
  bool empty_output = false, empty_sum = false;
  // The order of additions must not depend on the outer axes: the summed axes are in the caller's order and direction.
  // Then groups m and n of a binary problem are never empty; they may have an axis of length 1.
  bool invariant = false;
  Epilogue epilogue;
  // Memory is short: kernels make their blocks smaller, by this many steps of `shrunk`.
  int shrinks = 0;

  // One of so many alike, one after the other, of which each reads or writes another part of a tensor: what is read
  // ahead or written past the caches is decided by all of it.
  int64_t reads = 1, writes = 1;

  // Groups of a binary problem, by which operand has the axis (stride not 0); each in the order of outer / reduced.
  // m also takes outer axes that neither operand has. k takes every reduced axis, also those of one operand only.
  Axes batch, m, n, k;

  DType type(int t) const { return mixed ? held[t] : dtype; }
  bool conjugates(int t) const { return (conjugated >> t & 1) != 0; }
  // Whether micro-kernels take the tensors as they are, and write the result.
  bool plain() const { return !mixed && !epilogue.wanted && is_computed(dtype); }
  int64_t outer_elements() const { return elements(outer); }
  int64_t reduced_elements() const { return elements(reduced); }
};

// Builds the normalised problem. strides[i * axes + a] as in einblas_step_create; bias: those of a bias, or null.
Problem normalise(DType dtype, int operands, int axes, int outer_axes, const int64_t* lengths, const int64_t* strides,
                  bool invariant, const int64_t* bias = nullptr);

constexpr int kMostShrinks = 28;  // 1/16384

// A size that is made smaller in steps of 1, 3/4, 1/2, 3/8, 1/4 and so on; never less than `least`, unless it was.
inline int64_t shrunk(int64_t size, int shrinks, int64_t least) {
  if (shrinks <= 0) return size;
  const int64_t part = (shrinks % 2 == 0 ? size : size - size / 4) >> (shrinks / 2);
  return std::max(part, std::min(size, least));
}

// Depth of a block of an invariant sum of `depth` terms: a block is added up term by term, blocks one after the other.
inline int64_t invariant_depth(int64_t depth) {
  constexpr int64_t most = 128;
  return even_part(depth, most);
}

// Fills the groups of a binary problem from outer and reduced.
void group(Problem& p);

// "i:64(s 1,0,64) ..." for descriptions.
std::string describe_axes(const Axes& axes, int operands);

}  // namespace einblas
