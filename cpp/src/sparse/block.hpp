// Block-sparse products over a pattern: the two drivers that every operation and gradient runs on.
#pragma once
#include <cstdint>

#include "layout/dtype.hpp"
#include "layout/strided.hpp"
#include "sparse/pattern.hpp"

namespace einblas {

// o[b,j,:] = beta * o[b,j,:] + bias[y[b,j],:] + alpha * sum_i h[b,i,:] . W[x[b,i], y[b,j], :, :]
// with h (batch, x_window, source_size), W (x_blocks, y_blocks, source_size, target_size), o (batch, y_window,
// target_size), bias (y_blocks, target_size) or at == null. transposed: the roles of x and y change (h on the y side,
// o on the x side, W still (source block, target block, source_size, target_size) by its strides). Every type that is
// real or complex; of 16-bit floats the sums are kept in F32, and rounded once.
struct BlockGemv {
  DType dtype;
  bool transposed;
  int64_t source_size, target_size;
  Strided h, w, o, bias;
  double alpha, beta;
  int threads;
  Conjugated conjugated;  // h, W
  bool bias_conjugated;
};
int32_t block_gemv(const Pattern& pattern, const BlockGemv& call) noexcept;

// o[x[b,i], y[b,j], :, :] += alpha * outer(x[b,i,:], y[b,j,:]); repeated blocks accumulate.
struct BlockOuter {
  DType dtype;
  int64_t x_size, y_size;
  Strided x, y, o;
  double alpha;
  int threads;
  Conjugated conjugated;  // x, y
};
int32_t block_outer(const Pattern& pattern, const BlockOuter& call) noexcept;

// How many blocks lie between the one in work and the one whose lines are asked for.
int64_t blocks_ahead(int64_t block_bytes) noexcept;

}  // namespace einblas
