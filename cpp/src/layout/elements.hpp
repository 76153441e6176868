// Elements of any type: copies between strided layouts, bit by bit, for types that no kernel computes with.
#pragma once
#include <cstdint>

namespace einblas {

// to[i] = from[i] for every index i of the axes; strides in elements of element_bytes, which is 4 or 8.
// Assumes: the two share no byte; an axis of length 0 leaves nothing to do.
void copy_elements(int64_t element_bytes, int axes, const int64_t* lengths, const char* from,
                   const int64_t* from_strides, char* to, const int64_t* to_strides) noexcept;

}  // namespace einblas
