// Front door: the extern "C" surface of BSR matrices.
#include "sparse/bsr.hpp"

#include "api/boundary.hpp"

using namespace einblas;

namespace {

bool valid(const Bsr::Shape& s) {
  return fits_index(s.block_rows) && fits_index(s.block_columns) && fits_index(s.r) && fits_index(s.c) && s.r > 0 &&
         s.c > 0;
}

bool valid(int64_t matrix, int32_t dtype, const int64_t* strides) {
  return matrix != 0 && is_multiplied_code(dtype) && strides != nullptr;
}

// indptr rises from 0 to given, and every column is one of the matrix.
bool valid(const Bsr::Shape& s, int64_t given, const int64_t* indptr, const int64_t* indices) {
  if (!fits_index(given) || indptr[0] != 0 || indptr[s.block_rows] != given) return false;
  for (int64_t i = 0; i < s.block_rows; ++i)
    if (indptr[i + 1] < indptr[i] || indptr[i + 1] > given) return false;
  for (int64_t b = 0; b < given; ++b)
    if (indices[b] < 0 || indices[b] >= s.block_columns) return false;
  return true;
}

const Bsr& bsr_of(int64_t handle) { return *at<const Bsr>(handle); }

}  // namespace

extern "C" {

int32_t einblas_bsr_create(int64_t block_rows, int64_t block_columns, int64_t r, int64_t c, int64_t given,
                           const int64_t* indptr, const int64_t* indices, int64_t* slots, int64_t* matrix) {
  if (matrix == nullptr) return EINBLAS_INVALID_ARGUMENT;
  *matrix = 0;
  const Bsr::Shape shape{block_rows, block_columns, r, c};
  if (!valid(shape) || !valid(shape, given, indptr, indices)) return EINBLAS_INVALID_ARGUMENT;
  return guard_initialised([&] {
    *matrix = handle_of(std::make_unique<Bsr>(shape, given, indptr, indices, slots));
    return EINBLAS_OK;
  });
}

int32_t einblas_bsr_of_dense(int32_t dtype, int64_t block_rows, int64_t block_columns, int64_t r, int64_t c,
                             int64_t dense, const int64_t* strides, int64_t* matrix) {
  if (matrix == nullptr) return EINBLAS_INVALID_ARGUMENT;
  *matrix = 0;
  const Bsr::Shape shape{block_rows, block_columns, r, c};
  if (!valid(shape) || !valid(1, dtype, strides)) return EINBLAS_INVALID_ARGUMENT;
  return guard_initialised([&] {
    const auto live = live_blocks(static_cast<DType>(dtype), shape, strided(dense, strides, 2));
    *matrix = handle_of(std::make_unique<Bsr>(shape, live));
    return EINBLAS_OK;
  });
}

void einblas_bsr_destroy(int64_t matrix) { delete at<const Bsr>(matrix); }

int64_t einblas_bsr_blocks(int64_t matrix) { return bsr_of(matrix).blocks(); }

void einblas_bsr_structure(int64_t matrix, int64_t* indptr, int64_t* indices) {
  const Bsr::Order& order = bsr_of(matrix).by_row();
  for (size_t i = 0; i < order.start.size(); ++i) indptr[i] = order.start[i];
  for (size_t b = 0; b < order.terms.size(); ++b) indices[b] = order.terms[b].other;
}

int32_t einblas_bsr_gather(int64_t matrix, int32_t dtype, int64_t given, const int64_t* slots, int64_t from,
                           const int64_t* strides, int64_t blocks) {
  if (!valid(matrix, dtype, strides)) return EINBLAS_INVALID_ARGUMENT;
  return guard([&] {
    bsr_gather(static_cast<DType>(dtype), bsr_of(matrix), given, slots, strided(from, strides, 3), at<char>(blocks));
    return EINBLAS_OK;
  });
}

int32_t einblas_bsr_exchange(int64_t matrix, int32_t dtype, int32_t to_dense, int32_t conjugated, int64_t blocks,
                             int64_t dense, const int64_t* strides) {
  if (!valid(matrix, dtype, strides)) return EINBLAS_INVALID_ARGUMENT;
  bsr_exchange(static_cast<DType>(dtype), bsr_of(matrix), to_dense != 0, conjugated != 0, at<char>(blocks),
               strided(dense, strides, 2));
  return EINBLAS_OK;
}

int32_t einblas_bsr_product(int64_t matrix, int32_t dtype, int32_t transposed, int32_t conjugated, int64_t columns,
                            int64_t blocks, int64_t x, int64_t c, const int64_t* strides, double alpha, double beta,
                            int32_t threads) {
  if (!valid(matrix, dtype, strides) || columns < 0) return EINBLAS_INVALID_ARGUMENT;
  return bsr_product(bsr_of(matrix), {static_cast<DType>(dtype), transposed != 0, columns, at<const char>(blocks),
                                      strided(x, strides, 2), strided(c, strides + 2, 2), alpha, beta,
                                      threads_of(threads), conjugates(conjugated)});
}

int32_t einblas_bsr_sampled(int64_t matrix, int32_t dtype, int32_t conjugated, int64_t depth, int64_t a, int64_t b,
                            int64_t blocks, const int64_t* strides, double alpha, double beta, int32_t threads) {
  if (!valid(matrix, dtype, strides) || depth < 0) return EINBLAS_INVALID_ARGUMENT;
  return bsr_sampled(bsr_of(matrix),
                     {static_cast<DType>(dtype), depth, at<char>(blocks), strided(a, strides, 2),
                      strided(b, strides + 2, 2), alpha, beta, threads_of(threads), conjugates(conjugated)});
}

}  // extern "C"
