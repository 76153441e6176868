// Test support: the code of an element's type.
#pragma once
#include <cstdint>
#include <type_traits>

#include "einblas.h"

namespace einblas_test {

template <class T>
constexpr int32_t dtype() {
  if (std::is_integral_v<T>) return sizeof(T) == 4 ? EINBLAS_I32 : EINBLAS_I64;
  return sizeof(T) == 4 ? EINBLAS_F32 : EINBLAS_F64;
}

}  // namespace einblas_test
