// Conversion: rows of elements of one type into another, as they are or taken apart for products of complex numbers.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "layout/dtype.hpp"
#include "runtime/dispatch.hpp"

namespace einblas {

// to[i * to_stride] = from[i * from_stride] for i < n; strides in elements. Returns the first i whose integer does not
// fit into a narrower one, or -1.
using ConvertRow = int64_t (*)(int64_t n, const char* from, int64_t from_stride, char* to, int64_t to_stride);
// Null for complex into real, which there is not.
ConvertRow convert_row(DType from, DType to, bool conjugated);
// Sums into the type of an output: integers wrap, and -1 is returned.
ConvertRow rounded_row(DType sums, DType to);

// So few elements are converted one by one.
constexpr int64_t kFewElements = 8;

// to: n elements that stand `stride` apart, as reals side by side: 16-bit floats as F32, complex numbers as pairs.
template <class E>
void widen(int64_t n, const E* from, int64_t stride, Part<E>* to) {
  if constexpr (kIsComplex<E>) {
    if (stride == 1) {
      std::memcpy(to, from, static_cast<size_t>(n) * sizeof(E));
      return;
    }
    for (int64_t i = 0; i < n; ++i) {
      const E x = from[i * stride];
      to[2 * i] = x.re;
      to[2 * i + 1] = x.im;
    }
  } else {
    if (stride != 1 || n < kFewElements) {
      for (int64_t i = 0; i < n; ++i) to[i] = to_float(from[i * stride]);
      return;
    }
    const KernelTable& k = kernel_table();
    (std::is_same_v<E, Bf16> ? k.bf16_to_f32 : k.f16_to_f32)(n, reinterpret_cast<const uint16_t*>(from), to);
  }
}

// n elements side by side rounded to E.
template <class E>
void narrow(int64_t n, const float* from, E* to) {
  if (n < kFewElements) {
    for (int64_t i = 0; i < n; ++i) to[i] = element_of<E>(from[i]);
    return;
  }
  const KernelTable& k = kernel_table();
  (std::is_same_v<E, Bf16> ? k.f32_to_bf16 : k.f32_to_f16)(n, from, reinterpret_cast<uint16_t*>(to));
}

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
