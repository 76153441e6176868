// Block-sparse rows: where the live blocks of a BSR matrix lie, and the calls over them.
#pragma once
#include <cstdint>
#include <mutex>
#include <vector>

#include "kernels/kernel_table.hpp"
#include "layout/dtype.hpp"
#include "layout/strided.hpp"
#include "sparse/reals.hpp"

namespace einblas {

// A matrix of block_rows x block_columns blocks of r x c elements, of which only some are stored, one after the other,
// each in C order. The stored ones are sorted by block row, then by block column, and distinct.
class Bsr {
 public:
  struct Shape {
    int64_t block_rows, block_columns, r, c;
  };

  // The blocks ordered for products that write block rows (or block columns): for target i the terms
  // [start[i], start[i + 1]), whose `other` is the block's place along the other axis.
  struct Order {
    std::vector<int64_t> start;
    std::vector<BsrTerm> terms;
    // Borders of runs of targets of about equal work (blocks, and one for the target itself): a task writes one run.
    std::vector<int64_t> runs;
  };

  // Sorts given blocks (SciPy's indptr and indices; any order, repeated ones share a slot). slots[b] becomes the place
  // of given block b among the stored ones. Indices must be checked. May throw bad_alloc.
  Bsr(const Shape& shape, int64_t given, const int64_t* indptr, const int64_t* indices, int64_t* slots);
  // Of live[i * block_columns + j].
  Bsr(const Shape& shape, const std::vector<char>& live);

  const Shape& shape() const { return shape_; }
  int64_t blocks() const { return static_cast<int64_t>(by_row_.terms.size()); }
  const Order& by_row() const { return by_row_; }
  const Order& by_column() const;  // built on first use; may throw bad_alloc

 private:
  Shape shape_;
  Order by_row_;
  mutable std::once_flag columns_built_;
  mutable Order by_column_;
};

// Which blocks of a dense matrix hold anything but zeros (a NaN is not zero). May throw bad_alloc.
std::vector<char> live_blocks(DType dtype, const Bsr::Shape& shape, const Strided& dense);
// to[slots[b]] = from[b], repeated ones added in the order of b and rounded once. from (given, r, c) by its strides.
// May throw bad_alloc.
void bsr_gather(DType dtype, const Bsr& matrix, int64_t given, const int64_t* slots, const Strided& from, char* to);
// Copies all stored blocks out of or into a dense matrix, or their conjugates.
void bsr_exchange(DType dtype, const Bsr& matrix, bool to_dense, bool conjugated, char* blocks, const Strided& dense);

// C = alpha * S X + beta * C; transposed: S^T X. X (depth, columns) and C (rows, columns) by strides.
struct BsrProduct {
  DType dtype;
  bool transposed;
  int64_t columns;
  const char* blocks;
  Strided x, c;
  double alpha, beta;
  int threads;
  Conjugated conjugated = {};  // S, X
};
int32_t bsr_product(const Bsr& matrix, const BsrProduct& call) noexcept;

// Stored blocks of alpha * A B, plus beta times what they were. A (rows, depth) and B (depth, columns) by strides.
struct BsrSampled {
  DType dtype;
  int64_t depth;
  char* blocks;
  Strided a, b;
  double alpha, beta;
  int threads;
  Conjugated conjugated = {};  // A, B
};
int32_t bsr_sampled(const Bsr& matrix, const BsrSampled& call) noexcept;

}  // namespace einblas
