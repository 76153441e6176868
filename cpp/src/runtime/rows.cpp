// Conversion: rows of one type into another.
#include "runtime/rows.hpp"

#include <type_traits>

namespace einblas {
namespace {

template <class To, bool conjugated, class From>
To converted(From x) {
  if constexpr (kIsComplex<From>) {
    return element_of<To>(From{x.re, conjugated ? -x.im : x.im});
  } else {
    return element_of<To>(number_of(x));
  }
}

template <class From, class To>
constexpr bool kMayNotFit = std::is_integral_v<From>&& std::is_integral_v<To> &&
                            !(std::numeric_limits<To>::digits >= std::numeric_limits<From>::digits &&
                              (std::is_signed_v<To> || !std::is_signed_v<From>));

template <class From, class To, bool conjugated>
int64_t row(int64_t n, const char* from, int64_t from_stride, char* to, int64_t to_stride) {
  const From* __restrict__ x = reinterpret_cast<const From*>(from);
  To* __restrict__ y = reinterpret_cast<To*>(to);
  if (from_stride == 1 && to_stride == 1) {
    for (int64_t i = 0; i < n; ++i) y[i] = converted<To, conjugated>(x[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) y[i * to_stride] = converted<To, conjugated>(x[i * from_stride]);
  }
  if constexpr (kMayNotFit<From, To>) {
    const auto fits = [](From v) {
      const To w = static_cast<To>(v);
      return static_cast<From>(w) == v && (w < 0) == (v < 0);
    };
    bool all = true;
    for (int64_t i = 0; i < n; ++i) all &= fits(x[i * from_stride]);
    for (int64_t i = 0; i < n && !all; ++i)
      if (!fits(x[i * from_stride])) return i;
  }
  return -1;
}

template <class From, class To>
constexpr bool kIsHalf = std::is_same_v<From, float> && (std::is_same_v<To, Bf16> || std::is_same_v<To, F16>);

// By a kernel where both sides lie side by side.
template <class From, class To>
ConvertRow half_row() {
  return [](int64_t n, const char* from, int64_t from_stride, char* to, int64_t to_stride) {
    if (from_stride != 1 || to_stride != 1) return row<From, To, false>(n, from, from_stride, to, to_stride);
    if constexpr (std::is_same_v<From, float>) {
      narrow(n, reinterpret_cast<const float*>(from), reinterpret_cast<To*>(to));
    } else {
      widen(n, reinterpret_cast<const From*>(from), 1, reinterpret_cast<float*>(to));
    }
    return int64_t{-1};
  };
}

template <class From, class To>
constexpr auto kIntegers = static_cast<void (*KernelTable::*)(int64_t, const From*, To*)>(nullptr);
template <>
constexpr auto kIntegers<int8_t, int32_t> = &KernelTable::i8_to_i32;
template <>
constexpr auto kIntegers<uint8_t, int32_t> = &KernelTable::u8_to_i32;
template <>
constexpr auto kIntegers<int16_t, int32_t> = &KernelTable::i16_to_i32;
template <>
constexpr auto kIntegers<int32_t, int8_t> = &KernelTable::i32_to_i8;
template <>
constexpr auto kIntegers<int32_t, int16_t> = &KernelTable::i32_to_i16;

// The same of integers; none is looked at.
template <class From, class To>
int64_t integer_row(int64_t n, const char* from, int64_t from_stride, char* to, int64_t to_stride) {
  const From* const x = reinterpret_cast<const From*>(from);
  To* const y = reinterpret_cast<To*>(to);
  if (from_stride == 1 && to_stride == 1 && n >= kFewElements) {
    (kernel_table().*kIntegers<From, To>)(n, x, y);
  } else {
    for (int64_t i = 0; i < n; ++i) y[i * to_stride] = element_of<To>(x[i * from_stride]);
  }
  return -1;
}

}  // namespace

ConvertRow convert_row(DType from, DType to, bool conjugated) {
  return visit(from, [&](auto of_from) {
    return visit(to, [&](auto of_to) -> ConvertRow {
      using From = typename decltype(of_from)::Type;
      using To = typename decltype(of_to)::Type;
      if constexpr (kIsComplex<From>) {
        if constexpr (kIsComplex<To>) {
          return conjugated ? row<From, To, true> : row<From, To, false>;
        } else if constexpr (std::is_same_v<To, Bool>) {
          return row<From, To, false>;
        } else {
          return nullptr;
        }
      } else if constexpr (kIsHalf<From, To> || kIsHalf<To, From>) {
        return half_row<From, To>();
      } else if constexpr (kIntegers<From, To> != nullptr && !kMayNotFit<From, To>) {
        return integer_row<From, To>;
      } else {
        return row<From, To, false>;
      }
    });
  });
}

ConvertRow rounded_row(DType sums, DType to) {
  if (sums == DType::I32) {
    switch (to) {
      case DType::I8:
      case DType::U8:  // modulo 2^8: the same bits
        return integer_row<int32_t, int8_t>;
      case DType::I16:
        return integer_row<int32_t, int16_t>;
      default:
        break;
    }
  }
  return convert_row(sums, to, false);
}

namespace {

// One number in its form.
template <Form form, class R>
inline void put(R re, R im, R* to, int64_t s, int64_t c) {
  if constexpr (form == Form::Full) {
    to[0] = re;
    to[c] = im;
    to[s] = -im;
    to[s + c] = re;
  } else if constexpr (form == Form::Twice) {
    to[0] = to[c] = re;
    to[s] = -im;
    to[s + c] = im;
  } else if constexpr (form == Form::Swapped) {
    to[0] = re;
    to[c] = im;
    to[s] = im;
    to[s + c] = re;
  } else if constexpr (form == Form::Pair) {
    to[0] = to[c] = re;
  } else {
    to[0] = re;
    to[c] = im;
  }
}

template <Form form, class R, bool conjugated, class From>
inline void put_element(From x, R* to, int64_t s, int64_t c) {
  if constexpr (kIsComplex<From>) {
    const R im = static_cast<R>(x.im);
    put<form>(static_cast<R>(x.re), conjugated ? -im : im, to, s, c);
  } else {
    put<form>(static_cast<R>(number_of(x)), R{0}, to, s, c);
  }
}

template <Form form, class From, class R, bool conjugated>
void parts_row(int64_t n, const char* from, int64_t from_stride, char* to, int64_t to_stride, int64_t s, int64_t c) {
  const From* __restrict__ x = reinterpret_cast<const From*>(from);
  R* __restrict__ y = reinterpret_cast<R*>(to);
  if constexpr (std::is_same_v<From, Complex<R>> &&
                (form == Form::Full || form == Form::Twice || form == Form::Swapped)) {
    if (from_stride == 1 && to_stride == 2 && c == 1 && n >= kFewElements) {
      constexpr int at = form == Form::Full ? 0 : form == Form::Twice ? 1 : 2;
      return kernel_table().typed<R>().complex_rows[at](n, reinterpret_cast<const R*>(from), y, y + s, conjugated);
    }
  }
  if (from_stride == 1 && to_stride == 2 && c == 1) {
    for (int64_t i = 0; i < n; ++i) put_element<form, R, conjugated>(x[i], y + 2 * i, s, 1);
  } else if (from_stride == 1 && to_stride == 1) {
    for (int64_t i = 0; i < n; ++i) put_element<form, R, conjugated>(x[i], y + i, s, c);
  } else {
    for (int64_t i = 0; i < n; ++i) put_element<form, R, conjugated>(x[i * from_stride], y + i * to_stride, s, c);
  }
}

template <Form form>
FormRow row_in(DType from, DType real, bool conjugated) {
  return visit(from, [&](auto of) {
    return visit_float(real, [&](auto of_real) -> FormRow {
      using From = typename decltype(of)::Type;
      using R = typename decltype(of_real)::Type;
      if constexpr (!kIsComplex<From>) {
        return parts_row<form, From, R, false>;
      } else {
        return conjugated ? parts_row<form, From, R, true> : parts_row<form, From, R, false>;
      }
    });
  });
}

}  // namespace

FormRow form_row(Form form, DType from, DType real, bool conjugated) {
  switch (form) {
    case Form::Plain:
      return nullptr;
    case Form::Full:
      return row_in<Form::Full>(from, real, conjugated);
    case Form::Twice:
      return row_in<Form::Twice>(from, real, conjugated);
    case Form::Swapped:
      return row_in<Form::Swapped>(from, real, conjugated);
    case Form::Pair:
      return row_in<Form::Pair>(from, real, conjugated);
    case Form::Apart:
      return row_in<Form::Apart>(from, real, conjugated);
  }
  return nullptr;
}

}  // namespace einblas
