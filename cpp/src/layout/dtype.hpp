// Layout: the element types, each once. Every place that depends on one is a `switch` without default here, or a
// template that visit calls: a new type is a list of compiler errors.
#pragma once
#include <cstdint>
#include <limits>

#include "einblas.h"

namespace einblas {

// The codes of the C surface, which Java compares with its own when it loads the library (einblas_dtype_name).
enum class DType : int32_t { F32 = EINBLAS_F32, F64 = EINBLAS_F64, I32 = EINBLAS_I32, I64 = EINBLAS_I64 };

// Stands for a type in the argument of a generic lambda: `[](auto of) { using T = typename decltype(of)::Type; .. }`.
template <class T, DType D>
struct Of {
  using Type = T;
  static constexpr DType dtype = D;
};

// f(Of<T, dtype>) for the type of the elements.
template <class F>
auto visit(DType dtype, const F& f) {
  switch (dtype) {
    case DType::F32:
      return f(Of<float, DType::F32>{});
    case DType::F64:
      return f(Of<double, DType::F64>{});
    case DType::I32:
      return f(Of<int32_t, DType::I32>{});
    case DType::I64:
      return f(Of<int64_t, DType::I64>{});
  }
  __builtin_unreachable();  // codes from outside pass is_dtype first
}

// Whether products are computed in it; the others are stored, copied, converted and read.
constexpr bool is_float(DType dtype) {
  switch (dtype) {
    case DType::F32:
    case DType::F64:
      return true;
    case DType::I32:
    case DType::I64:
      return false;
  }
  return false;
}

// The same for a type that products are computed in. Assumes is_float.
template <class F>
auto visit_float(DType dtype, const F& f) {
  switch (dtype) {
    case DType::F32:
      return f(Of<float, DType::F32>{});
    case DType::F64:
      return f(Of<double, DType::F64>{});
    case DType::I32:
    case DType::I64:
      break;
  }
  __builtin_unreachable();
}

constexpr const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::F32:
      return "F32";
    case DType::F64:
      return "F64";
    case DType::I32:
      return "I32";
    case DType::I64:
      return "I64";
  }
  return nullptr;
}

inline int64_t size_of(DType dtype) {
  return visit(dtype, [](auto of) { return static_cast<int64_t>(sizeof(typename decltype(of)::Type)); });
}

// Binary digits of a number: how long sums may grow before they are added up in parts.
inline int digits_of(DType dtype) {
  return visit(dtype, [](auto of) {
    using Limits = std::numeric_limits<typename decltype(of)::Type>;
    static_assert(Limits::is_specialized, "without its limits a type has 0 digits");
    return Limits::digits;
  });
}
constexpr int kSingleDigits = std::numeric_limits<float>::digits;

// Whether a code from outside is one of ours.
constexpr bool is_dtype(int32_t code) { return name_of(static_cast<DType>(code)) != nullptr; }

}  // namespace einblas
