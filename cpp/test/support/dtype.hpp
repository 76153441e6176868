// Support of tests, fuzzers and benches: the code of an element's type.
#pragma once
#include <cstdint>

#include "einblas.h"

namespace einblas_test {

template <class T>
constexpr int32_t kCode = -1;
template <>
inline constexpr int32_t kCode<float> = EINBLAS_F32;
template <>
inline constexpr int32_t kCode<double> = EINBLAS_F64;
template <>
inline constexpr int32_t kCode<int32_t> = EINBLAS_I32;
template <>
inline constexpr int32_t kCode<int64_t> = EINBLAS_I64;

template <class T>
constexpr int32_t dtype() {
  static_assert(kCode<T> >= 0, "a type without a code");
  return kCode<T>;
}

// Relative spacing of the floating-point numbers of a type, or of the parts of a complex one; of others 0.
inline double epsilon_of(int32_t type) {
  switch (type) {
    case EINBLAS_F64:
    case EINBLAS_C128:
      return 0x1p-52;
    case EINBLAS_F32:
    case EINBLAS_C64:
      return 0x1p-23;
    case EINBLAS_F16:
      return 0x1p-10;
    case EINBLAS_BF16:
      return 0x1p-7;
    default:
      return 0;
  }
}

// The type in which sums of a type are added up.
inline int32_t sums_of(int32_t type) {
  switch (type) {
    case EINBLAS_BF16:
    case EINBLAS_F16:
    case EINBLAS_BOOL:
      return EINBLAS_F32;
    case EINBLAS_I8:
    case EINBLAS_U8:
    case EINBLAS_I16:
      return EINBLAS_I32;
    default:
      return type;
  }
}

}  // namespace einblas_test
