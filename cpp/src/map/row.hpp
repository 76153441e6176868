// Functions of one row whose elements lie side by side.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "layout/dtype.hpp"
#include "runtime/dispatch.hpp"

namespace einblas {

constexpr int64_t kPiece = 2048;  // elements of a row between which sums are added up in F64

// Functions of one row, side by side, of T.
template <class T>
struct Row {
  static const TypedMaps<T>& kernels() { return kernel_table().maps->typed<T>(); }
  static void map(Map what, int64_t n, T* out, const T* a, const T* b, const T* c = nullptr) {
    const T* const x[3] = {a, b, c};
    const int step[3] = {1, 1, 1};
    const T s[3] = {T{1}, T{1}, T{}};
    kernels().map[static_cast<int>(what)](n, out, x, step, s, 0);
  }
  static void scale_shift(int64_t n, T* out, const T* x, double scale, double shift) {
    const T* const at[3] = {x, nullptr, nullptr};
    const int step[3] = {1, 0, 0};
    const T s[3] = {static_cast<T>(scale), T{}, static_cast<T>(shift)};
    kernels().map[static_cast<int>(Map::Shift)](n, out, at, step, s, 0);
  }
  template <class F>
  static double in_pieces(int64_t n, const F& f) {
    double sum = 0;
    for (int64_t i = 0; i < n; i += kPiece) sum += static_cast<double>(f(i, std::min(kPiece, n - i)));
    return sum;
  }
  static double dot(int64_t n, const T* x, const T* y) {
    return in_pieces(n, [&](int64_t i, int64_t m) {
      return kernel_table().typed<T>().reduce_dot(m, x + i, y == nullptr ? y : y + i);
    });
  }

  static void softmax(int64_t n, const T* x, T* out) {
    const T most = kernels().line_most(n, x);
    const double sum =
        in_pieces(n, [&](int64_t i, int64_t m) { return kernels().line_exp_sum(m, x + i, most, out + i); });
    const T* const at[3] = {out, nullptr, nullptr};
    const int step[3] = {1, 0, 0};
    const T s[3] = {static_cast<T>(1 / sum), T{}, T{}};
    kernels().map[static_cast<int>(Map::Scale)](n, out, at, step, s, 0);
  }
  // room: a piece.
  static void softmax_gradient(int64_t n, const T* y, const T* dy, T* out, T* room) {
    const double both = dot(n, y, dy);
    for (int64_t i = 0; i < n; i += kPiece) {
      const int64_t m = std::min(kPiece, n - i);
      scale_shift(m, room, dy + i, 1, -both);
      map(Map::Multiply, m, out + i, y + i, room);
    }
  }
  struct Moments {
    double mean, scale;
  };
  static Moments moments(int64_t n, const T* x, double epsilon) {
    const double count = static_cast<double>(n), mean = dot(n, x, nullptr) / count;
    const T from = static_cast<T>(mean);
    const double squares = in_pieces(n, [&](int64_t i, int64_t m) { return kernels().line_squares(m, x + i, from); });
    const double off = static_cast<double>(from) - mean;  // squares are of what was taken off
    return {mean, 1 / std::sqrt(std::max(0.0, squares / count - off * off) + epsilon)};
  }
  // (x - mean) * scale; out may be x.
  static void normalised(int64_t n, const T* x, const Moments& m, T* out) {
    scale_shift(n, out, x, 1, -m.mean);
    scale_shift(n, out, out, m.scale, 0);
  }
  static void layer_norm(int64_t n, const T* x, const T* w, const T* b, double epsilon, T* out) {
    const Moments m = moments(n, x, epsilon);
    for (int64_t i = 0; i < n; i += kPiece) {
      const int64_t k = std::min(kPiece, n - i);
      normalised(k, x + i, m, out + i);
      if (w != nullptr && b != nullptr) {
        map(Map::MultiplyAdd, k, out + i, out + i, w + i, b + i);
      } else if (w != nullptr) {
        map(Map::Multiply, k, out + i, out + i, w + i);
      } else if (b != nullptr) {
        map(Map::Add, k, out + i, out + i, b + i);
      }
    }
  }
  // room: two rows.
  static void layer_norm_gradient(int64_t n, const T* x, const T* dy, const T* w, double epsilon, T* out, T* room) {
    const Moments m = moments(n, x, epsilon);
    T* const hat = room;
    T* const g = room + n;
    normalised(n, x, m, hat);
    if (w != nullptr) {
      map(Map::Multiply, n, g, dy, w);
    } else {
      std::copy(dy, dy + n, g);
    }
    const double count = static_cast<double>(n), mean = dot(n, g, nullptr) / count, both = dot(n, g, hat) / count;
    // scale * (g - mean - hat * both)
    const T* const at[3] = {g, hat, nullptr};
    const int step[3] = {1, 1, 0};
    const T s[3] = {static_cast<T>(m.scale), static_cast<T>(-m.scale * both), static_cast<T>(-m.scale * mean)};
    kernels().map[static_cast<int>(Map::Affine)](n, out, at, step, s, 0);
  }
};

// The first index of the largest or smallest element: of a NaN where there is one.
template <class T, bool LEAST>
int64_t first_extreme(int64_t n, const T* x) {
  int64_t at = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (x[i] != x[i]) return i;
    if (LEAST ? x[i] < x[at] : x[i] > x[at]) at = i;
  }
  return at;
}
template <class T>
int64_t first_place(int64_t n, const T* x, bool least) {
  if constexpr (std::is_integral_v<T>) {
    using S = std::make_signed_t<T>;
    const S* const s = reinterpret_cast<const S*>(x);
    return least ? first_extreme<S, true>(n, s) : first_extreme<S, false>(n, s);
  } else {
    const T most =
        least ? kernel_table().maps->typed<T>().line_least(n, x) : kernel_table().maps->typed<T>().line_most(n, x);
    if (most != most) return first_extreme<T, false>(n, x);
    int64_t i = 0;
    while (x[i] != most) ++i;
    return i;
  }
}

// Sums of a row up to each element, of four stretches side by side: one addition waits for the one before.
template <class T>
void sums_up_to(int64_t n, const T* x, T* out) {
  T before{};
  int64_t i = 0;
  const auto plus = [](T a, T b) {
    if constexpr (kIsComplex<T>) {
      return T{a.re + b.re, a.im + b.im};
    } else {
      return static_cast<T>(a + b);
    }
  };
  constexpr int64_t stretch = 256;
  for (; i + 4 * stretch <= n; i += 4 * stretch) {
    T sum[4] = {};
    for (int64_t k = 0; k < stretch; ++k)
      for (int q = 0; q < 4; ++q) sum[q] = out[i + q * stretch + k] = plus(sum[q], x[i + q * stretch + k]);
    for (int q = 0; q < 4; ++q) {
      for (int64_t k = 0; k < stretch; ++k) out[i + q * stretch + k] = plus(before, out[i + q * stretch + k]);
      before = out[i + (q + 1) * stretch - 1];
    }
  }
  for (; i < n; ++i) before = out[i] = plus(before, x[i]);
}

}  // namespace einblas
