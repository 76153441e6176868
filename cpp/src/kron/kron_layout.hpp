// Kronecker driver, first stage: which factors are fused, in which order they are applied, and which of them together.
#pragma once
#include <cstdint>
#include <vector>

#include "kron/kron.hpp"

namespace einblas {

// Factors applied as one: the Kronecker product of parts [first, first + count), k and q their products.
struct KronFused {
  int first, count;
  KronAxis axis;
};

// Lengths and strides of an axis in a pass; a negative factor means that none acts on it there.
struct KronLoop {
  int64_t length, x, c;
};

// Some factors applied to block after block of the tensor, while the block stays in cache.
struct KronPass {
  std::vector<KronLoop> loops;    // walked block by block, the last of them in runs of `rows`
  std::vector<int> factors;       // positions among the pass's axes, in the order of application
  std::vector<int> fused;         // for each axis of the pass: which fused factor
  std::vector<KronAxis> axes;     // the pass's axes with the strides of its source and target
  int64_t line = 1;               // elements at unit stride behind the axes
  int64_t rows = 1, columns = 1;  // block of the last loop and of the line
};

struct KronLayout {
  std::vector<KronFused> fused;
  std::vector<KronLoop> slices;  // all passes are done for each of these parts of the tensor
  std::vector<KronPass> passes;
  std::vector<int64_t> between;  // elements of a slice behind each pass but the last
  double flops = 0;
};

// False: the strides do not suit.
bool kron_layout(std::vector<KronOuter> outer, const std::vector<KronAxis>& axes, int64_t lanes, int64_t size,
                 KronLayout* layout);

}  // namespace einblas
