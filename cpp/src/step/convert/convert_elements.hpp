// Conversion: tensors of one type into another.
#pragma once
#include <cstdint>

#include "layout/dtype.hpp"

namespace einblas {

struct ConvertSide {
  DType dtype;
  char* at;
  const int64_t* strides;  // in elements
};

// to[i] = from[i] for every index i of the axes, as element_of (layout/numbers.hpp) has it. Returns the first index, in
// C order, whose integer does not fit into a narrower one, or -1. Assumes: the two share no byte; there is such a
// conversion (convert_row).
int64_t convert_elements(const ConvertSide& from, const ConvertSide& to, bool conjugated, int axes,
                         const int64_t* lengths, int threads);

}  // namespace einblas
