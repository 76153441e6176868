// Conversion: rows of elements of one type into another, as they are or taken apart for products of complex numbers.
#pragma once
#include <cstdint>

#include "layout/dtype.hpp"

namespace einblas {

// to[i * to_stride] = from[i * from_stride] for i < n; strides in elements. Returns the first i whose integer does not
// fit into a narrower one, or -1.
using ConvertRow = int64_t (*)(int64_t n, const char* from, int64_t from_stride, char* to, int64_t to_stride);
// Null for complex into real, which there is not.
ConvertRow convert_row(DType from, DType to, bool conjugated);

// How an operand lies in scratch, in real numbers of the products. Axis c runs over the parts of the result, axis s
// over two terms whose sum a part is: C[c] = sum over s of X0[s, c] X1[s, c].
enum class Form {
  Plain,    // element by element
  Full,     // s=0: (re, im), s=1: (-im, re), along c; the other operand has its parts along s
  Twice,    // s=0: (re, re), s=1: (-im, im); beside Swapped
  Swapped,  // s=0: (re, im), s=1: (im, re)
  Pair,     // a real number for both parts of c
  Apart     // parts along c, for planes
};

// A row in a form but Plain; `to` in real numbers along the row, s and c.
using FormRow = void (*)(int64_t n, const char* from, int64_t from_stride, char* to, int64_t to_stride, int64_t s,
                         int64_t c);
// real: F32 or F64.
FormRow form_row(Form form, DType from, DType real, bool conjugated);

}  // namespace einblas
