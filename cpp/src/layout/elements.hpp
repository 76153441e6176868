// Layout: elements of any type, copied between strided layouts bit by bit, for types that no kernel computes with.
#pragma once
#include <cstdint>

#include "layout/dtype.hpp"

namespace einblas {

// to[i] = from[i] for every index i of the axes; strides in elements.
// Assumes: the two share no byte; an axis of length 0 leaves nothing to do.
void copy_elements(DType dtype, int axes, const int64_t* lengths, const char* from, const int64_t* from_strides,
                   char* to, const int64_t* to_strides) noexcept;

}  // namespace einblas
