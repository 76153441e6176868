// Functions of elements, of rows, and moves by index: what is around the products.
#pragma once
#include <cstdint>

#include "kernels/kernel_table.hpp"
#include "layout/dtype.hpp"
#include "layout/strided.hpp"

namespace einblas {

// A tensor of a map or a row function: strides in elements, one for each axis.
struct MapTensor {
  DType dtype = DType::F32;
  char* at = nullptr;
  const int64_t* strides = nullptr;
  bool conjugated = false;
};

// out[i] = what(x0[i], x1[i], x2[i]); operands that the map does not read are left out. out has each element once; an
// operand is out itself or shares nothing with it. False: `compute` has no such function. All may throw bad_alloc.
struct MapCall {
  Map what = Map::Copy;
  DType compute = DType::F32;
  double scalars[3] = {1, 1, 0};
  int axes = 0;
  const int64_t* lengths = nullptr;
  MapTensor x[3], out;
  int threads = 1;
};
int32_t run_map(const MapCall& call);

// Reductions that are no sums of products; axes behind the first `outer` are reduced.
enum class Reduction : int32_t { Most, Least, LogSumExp };
struct ReduceCall {
  Reduction what = Reduction::Most;
  DType compute = DType::F32;
  int axes = 0, outer = 0;
  const int64_t* lengths = nullptr;
  MapTensor x, out;
  int threads = 1;
};
int32_t run_reduction(const ReduceCall& call);

// Functions of rows; the last axis is the row's. x1 and `out` as in MapCall.
enum class RowFunction : int32_t {
  Softmax,            // of x0
  SoftmaxGradient,    // x0 the softmax, x1 the gradient of it
  LayerNorm,          // (x0 - mean) / sqrt(variance + scalar) * weight + bias
  LayerNormGradient,  // of x0; x1 the gradient of the result
  CumulativeSum,
  ArgMost,  // the first index of the largest, as I64; out has a row of one
  ArgLeast
};
struct RowCall {
  RowFunction what = RowFunction::Softmax;
  DType compute = DType::F32;
  double scalar = 0;
  int axes = 0;
  const int64_t* lengths = nullptr;
  MapTensor x[2], weight, bias, out;  // weight and bias: one stride, along the row; no address: 1 and 0
  int threads = 1;
};
int32_t run_rows(const RowCall& call);

// out[.., k, ..] = x[.., indices[k], ..] along one axis; lengths are the output's. The two share no byte.
struct TakeCall {
  DType dtype = DType::F32;
  int axes = 0, axis = 0;
  const int64_t *lengths = nullptr, *indices = nullptr;
  MapTensor x, out;
  int threads = 1;
};
int32_t run_take(const TakeCall& call);

// out[.., indices[k], ..] += x[.., k, ..], in the order of k, rounded once; lengths are those of x. An x of another
// type is converted into the type in which out's elements are added up.
int32_t run_scatter_add(const TakeCall& call);

// Whether all elements are close: |a - b| <= absolute + relative |b|; equal ones are, and NaN beside NaN if nan.
struct CloseCall {
  int axes = 0;
  const int64_t* lengths = nullptr;
  MapTensor a, b;
  double relative = 0, absolute = 0;
  bool nan = false;
  int threads = 1;
};
int32_t run_close(const CloseCall& call, bool* close);

// Elements side by side that depend on their place alone.
enum class Series : int32_t {
  Steps,    // first + i * second
  Between,  // n numbers from first to second, both among them
  Uniform,  // from first up to, but not, second, by the seed
  Normal    // of mean first and standard deviation second
};
int32_t run_series(Series what, DType dtype, int64_t n, char* out, double first, double second, int64_t seed,
                   int threads);

}  // namespace einblas
