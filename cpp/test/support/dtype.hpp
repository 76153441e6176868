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

}  // namespace einblas_test
