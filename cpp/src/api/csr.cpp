// Front door: the extern "C" surface of CSR matrices.
#include "sparse/csr.hpp"

#include "api/boundary.hpp"
#include "api/csr_of.hpp"

using namespace einblas;

static_assert(EINBLAS_CSR_PADDING == kCsrPadding, "the header promises the kernels' padding");

namespace {

// Indices come in two types.
bool is_index(int32_t type) { return type == EINBLAS_I32 || type == EINBLAS_I64; }

Indices indices(int64_t address, int32_t type) { return {at<const void>(address), type == EINBLAS_I64}; }

CsrTarget target(const int64_t* arrays) {
  return {at<int64_t>(arrays[0]), at<int32_t>(arrays[1]), at<char>(arrays[2])};
}

Csr matrix(DType type, int64_t rows, int64_t columns, const int64_t* arrays) {
  const int64_t* indptr = at<const int64_t>(arrays[0]);
  return {type, rows, columns, indptr[rows], 0, indptr, at<const int32_t>(arrays[1]), at<const char>(arrays[2])};
}

bool is_stored_code(int32_t code) { return is_dtype(code) && is_stored(static_cast<DType>(code)); }

bool valid(int64_t rows, int64_t columns, int64_t entries) {
  return fits_index(rows) && fits_index(columns) && entries >= 0 && entries < int64_t{1} << 62;
}

using Import = int32_t (*)(DType, int64_t, int64_t, int64_t, Indices, Indices, const char*, const CsrTarget&,
                           CsrFinding&) noexcept;

int32_t import(Import from_arrays, int32_t dtype, const int64_t* sizes, const int64_t* from, int32_t type0,
               int32_t type1, const int64_t* arrays, int64_t* finding) {
  if (!is_stored_code(dtype) || sizes == nullptr || !valid(sizes[0], sizes[1], sizes[2]) || !is_index(type0) ||
      !is_index(type1))
    return EINBLAS_INVALID_ARGUMENT;
  CsrFinding found;
  const int32_t status = from_arrays(static_cast<DType>(dtype), sizes[0], sizes[1], sizes[2], indices(from[0], type0),
                                     indices(from[1], type1), at<const char>(from[2]), target(arrays), found);
  finding[0] = found.kind;
  finding[1] = found.position;
  finding[2] = found.value;
  finding[3] = found.longest;
  return status;
}

}  // namespace

extern "C" {

int32_t einblas_csr_import(int32_t dtype, const int64_t* sizes, const int64_t* from, int32_t indptr_type,
                           int32_t column_type, const int64_t* arrays, int64_t* finding) {
  return import(csr_import, dtype, sizes, from, indptr_type, column_type, arrays, finding);
}

int32_t einblas_csr_from_coo(int32_t dtype, const int64_t* sizes, const int64_t* from, int32_t row_type,
                             int32_t column_type, const int64_t* arrays, int64_t* finding) {
  return import(csr_from_coo, dtype, sizes, from, row_type, column_type, arrays, finding);
}

void einblas_csr_count(int32_t dtype, const int64_t* sizes, int64_t dense, const int64_t* strides, double threshold,
                       int64_t indptr) {
  if (!is_stored_code(dtype)) return;
  csr_count(static_cast<DType>(dtype), sizes[0], sizes[1], {at<char>(dense), strides[0], strides[1]}, threshold,
            at<int64_t>(indptr));
}

void einblas_csr_fill(int32_t dtype, const int64_t* sizes, int64_t dense, const int64_t* strides, double threshold,
                      const int64_t* arrays) {
  if (!is_stored_code(dtype)) return;
  csr_fill(static_cast<DType>(dtype), sizes[0], sizes[1], {at<char>(dense), strides[0], strides[1]}, threshold,
           target(arrays));
}

int64_t einblas_csr_longest(int64_t rows, int64_t indptr) { return csr_longest(rows, at<const int64_t>(indptr)); }

int32_t einblas_csr_transpose(int32_t dtype, const int64_t* sizes, const int64_t* from, const int64_t* to) {
  if (!is_stored_code(dtype)) return EINBLAS_INVALID_ARGUMENT;
  return csr_transpose(matrix(static_cast<DType>(dtype), sizes[0], sizes[1], from), target(to));
}

void einblas_csr_reshape(const int64_t* sizes, const int64_t* from, const int64_t* to) {
  const Csr a{DType::F32, sizes[0], sizes[1], sizes[2], 0, at<const int64_t>(from[0]), at<const int32_t>(from[1]),
              nullptr};
  csr_reshape(a, sizes[3], sizes[4], at<int64_t>(to[0]), at<int32_t>(to[1]));
}

int64_t einblas_csr_khatri_rao_count(const int64_t* sizes, const int64_t* first, const int64_t* second,
                                     int64_t indptr) {
  return csr_khatri_rao_indptr(matrix(DType::F32, sizes[0], sizes[1], first),
                               matrix(DType::F32, sizes[0], sizes[2], second), at<int64_t>(indptr));
}

int32_t einblas_csr_khatri_rao(int32_t dtype, const int64_t* sizes, const int64_t* first, const int64_t* second,
                               const int64_t* arrays) {
  if (!is_multiplied_code(dtype)) return EINBLAS_INVALID_ARGUMENT;
  const DType type = static_cast<DType>(dtype);
  return csr_khatri_rao(matrix(type, sizes[0], sizes[1], first), matrix(type, sizes[0], sizes[2], second),
                        target(arrays));
}

void einblas_csr_to_dense(int32_t dtype, const int64_t* sizes, const int64_t* from, int32_t conjugated, int64_t dense) {
  if (!is_stored_code(dtype)) return;
  csr_to_dense(matrix(static_cast<DType>(dtype), sizes[0], sizes[1], from), conjugated != 0, at<char>(dense));
}

int32_t einblas_csr_multiply(int32_t dtype, int32_t conjugated, int64_t rows, int64_t columns, int64_t entries,
                             int64_t longest_row, int64_t indptr, int64_t indices, int64_t values, int64_t n, int64_t d,
                             int64_t d_row, int64_t d_column, int64_t c, int64_t c_row, int64_t c_column, double alpha,
                             double beta, int32_t threads) {
  if (!is_multiplied_code(dtype) || !valid(rows, columns, entries) || n < 0) return EINBLAS_INVALID_ARGUMENT;
  const Csr a = csr_of(dtype, rows, columns, entries, longest_row, indptr, indices, values);
  return csr_multiply(a, {n,
                          {at<char>(d), d_row, d_column},
                          {at<char>(c), c_row, c_column},
                          alpha,
                          beta,
                          threads_of(threads),
                          conjugates(conjugated)});
}

double einblas_csr_dense_from(int32_t dtype, int64_t columns) {
  return is_multiplied_code(dtype) ? csr_dense_from(static_cast<DType>(dtype), columns) : 0;
}

int32_t einblas_csr_sampled(int32_t dtype, int32_t conjugated, int64_t rows, int64_t columns, int64_t entries,
                            int64_t indptr, int64_t indices, int64_t depth, int64_t x, int64_t x_row, int64_t x_column,
                            int64_t y, int64_t y_row, int64_t y_column, int64_t values, int32_t threads) {
  if (!is_multiplied_code(dtype) || !valid(rows, columns, entries) || depth < 0) return EINBLAS_INVALID_ARGUMENT;
  const Csr a = csr_of(dtype, rows, columns, entries, 0, indptr, indices, 0);
  return csr_sampled(a, {depth,
                         {at<char>(x), x_row, x_column},
                         {at<char>(y), y_row, y_column},
                         at<char>(values),
                         threads_of(threads),
                         conjugates(conjugated)});
}

}  // extern "C"
