// Sparse: elements that no micro-kernel takes, as the real numbers that their products are computed in, and back.
//
// 16-bit floats are computed in F32 and rounded once, at the end; a complex number is a pair of reals. Products of
// complex matrices are two of real ones: with D's pairs side by side, A D is Re(A) D + i Im(A) D.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "layout/dtype.hpp"
#include "layout/strided.hpp"
#include "runtime/rows.hpp"

namespace einblas {

// The types of sparse matrices: those of products, and the integers that CSR matrices store besides.
constexpr bool is_stored(DType dtype) { return is_multiplied(dtype) || dtype == DType::I32 || dtype == DType::I64; }

// f(Of<T, dtype>) for such a type. Assumes is_stored.
template <class F>
auto visit_stored(DType dtype, const F& f) {
  if (dtype == DType::I32) return f(Of<int32_t, DType::I32>{});
  if (dtype == DType::I64) return f(Of<int64_t, DType::I64>{});
  return visit_multiplied(dtype, f);
}

// ---- elements one by one

// The sum of what elements stand for; of integers as Java adds them, without overflow.
template <class N>
N sum_of(N a, N b) {
  if constexpr (kIsComplex<N>) {
    return {a.re + b.re, a.im + b.im};
  } else if constexpr (std::is_integral_v<N>) {
    return static_cast<N>(static_cast<std::make_unsigned_t<N>>(a) + static_cast<std::make_unsigned_t<N>>(b));
  } else {
    return a + b;
  }
}

// The product of two elements, rounded once.
template <class E>
E product_of(E a, E b) {
  if constexpr (kIsComplex<E>) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  } else {
    return element_of<E>(number_of(a) * number_of(b));
  }
}

template <class E>
E conjugate_if(bool conjugated, E x) {
  if constexpr (kIsComplex<E>) {
    if (conjugated) x.im = -x.im;
  }
  return x;
}

// NaN for what has no size.
template <class E>
double magnitude(E x) {
  if constexpr (kIsComplex<E>) {
    return modulus(static_cast<double>(x.re), static_cast<double>(x.im));
  } else {
    return std::abs(static_cast<double>(number_of(x)));
  }
}

template <class E>
bool is_zero(E x) {
  if constexpr (kIsComplex<E>) {
    return x.re == 0 && x.im == 0;
  } else {
    return number_of(x) == 0;
  }
}

// ---- lines of elements that no micro-kernel takes

// c[i * stride] = alpha * sums[i] + beta * c[i * stride], rounded once; beta 0 does not read c.
template <class E>
void store_sums(int64_t n, const Part<E>* sums, E* c, int64_t stride, Part<E> alpha, Part<E> beta) {
  if constexpr (kIsComplex<E>) {
    for (int64_t i = 0; i < n; ++i) {
      E& at = c[i * stride];
      const E x{alpha * sums[2 * i], alpha * sums[2 * i + 1]};
      at = beta == 0 ? x : E{x.re + beta * at.re, x.im + beta * at.im};
    }
  } else {
    if (stride == 1 && alpha == 1 && beta == 0) return narrow(n, sums, c);
    constexpr int64_t kLine = 256;
    float line[kLine];
    E rounded[kLine];
    for (int64_t i0 = 0; i0 < n; i0 += kLine) {
      const int64_t m = std::min(kLine, n - i0);
      E* to = c + i0 * stride;
      if (beta == 0) {
        for (int64_t i = 0; i < m; ++i) line[i] = alpha * sums[i0 + i];
      } else {
        widen(m, to, stride, line);
        for (int64_t i = 0; i < m; ++i) line[i] = alpha * sums[i0 + i] + beta * line[i];
      }
      if (stride == 1) {
        narrow(m, line, to);
        continue;
      }
      narrow(m, line, static_cast<E*>(rounded));
      for (int64_t i = 0; i < m; ++i) to[i * stride] = rounded[i];
    }
  }
}

// n complex numbers, their parts in two lines.
template <class R>
void split(int64_t n, const Complex<R>* from, R* re, R* im) {
  for (int64_t i = 0; i < n; ++i) {
    re[i] = from[i].re;
    im[i] = from[i].im;
  }
}

// p: n complex sums of Re(a) b, q: of Im(a) b. p becomes those of a b, of conjugates where they are meant.
template <class R>
void join(int64_t n, R* p, const R* q, Conjugated c) {
  const R a = c.first ? R{-1} : R{1}, b = c.second ? R{-1} : R{1}, both = a * b;
  for (int64_t i = 0; i < n; ++i) {
    p[2 * i] -= both * q[2 * i + 1];
    p[2 * i + 1] = b * p[2 * i + 1] + a * q[2 * i];
  }
}

}  // namespace einblas
