// Test support: elements of any real or complex type as whole numbers, of which every sum is exact.
#pragma once
#include <complex>

#include "layout/numbers.hpp"
#include "support/dtype.hpp"
#include "support/random.hpp"

namespace einblas_test {

template <>
inline constexpr int32_t kCode<einblas::Bf16> = EINBLAS_BF16;
template <>
inline constexpr int32_t kCode<einblas::F16> = EINBLAS_F16;
template <>
inline constexpr int32_t kCode<einblas::Complex<float>> = EINBLAS_C64;
template <>
inline constexpr int32_t kCode<einblas::Complex<double>> = EINBLAS_C128;

using Number = std::complex<double>;

template <class E>
Number number(E x, bool conjugated = false) {
  if constexpr (einblas::kIsComplex<E>) {
    return {static_cast<double>(x.re), static_cast<double>(conjugated ? -x.im : x.im)};
  } else {
    return static_cast<double>(einblas::number_of(x));
  }
}

// Rounded once, from an exact F32 or F64.
template <class E>
E element(Number x) {
  if constexpr (einblas::kIsComplex<E>) {
    return einblas::element_of<E>(einblas::Complex<double>{x.real(), x.imag()});
  } else {
    return einblas::element_of<E>(x.real());
  }
}

// Parts from -4 to 4.
template <class E>
E whole(Random& random) {
  const double re = static_cast<double>(random.below(9) - 4), im = static_cast<double>(random.below(9) - 4);
  return element<E>({re, im});
}

template <class E>
E not_a_number() {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  return element<E>({nan, nan});
}

}  // namespace einblas_test
