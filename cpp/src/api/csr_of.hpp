// Front door: a CSR matrix from the numbers that the C functions take.
#pragma once
#include "api/boundary.hpp"
#include "sparse/csr.hpp"

namespace einblas {

inline Csr csr_of(int32_t dtype, int64_t rows, int64_t columns, int64_t entries, int64_t longest_row, int64_t indptr,
                  int64_t indices, int64_t values) {
  return {static_cast<DType>(dtype),
          rows,
          columns,
          entries,
          longest_row,
          at<const int64_t>(indptr),
          at<const int32_t>(indices),
          at<const char>(values)};
}

}  // namespace einblas
