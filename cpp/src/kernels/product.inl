// Micro-kernels of products without a summed label: lines of the output, one pass.

// Elements of type S as vectors of the numbers that are multiplied: themselves, or 16-bit floats as floats.
template <class S>
struct stored {
  typedef S number;
  EINBLAS_INLINE vec<S> get(const S* p) { return load(p); }
  EINBLAS_INLINE vec<S> get_n(const S* p, int n) { return load_n(p, n); }
  EINBLAS_INLINE S one(const S* p) { return *p; }
  EINBLAS_INLINE void put(S* p, vec<S> v) { store(p, v); }
  EINBLAS_INLINE void put_n(S* p, vec<S> v, int n) { store_n(p, v, n); }
  EINBLAS_INLINE void put_past_caches(S* p, vec<S> v) { stream(p, v); }
};
template <class H>
struct stored_half {
  typedef float number;
  EINBLAS_INLINE vec<float> get(const H* p) { return wide(load_halves(p), H{}); }
  EINBLAS_INLINE vec<float> get_n(const H* p, int n) { return wide(load_halves_n(p, n), H{}); }
  EINBLAS_INLINE float one(const H* p) { return wide_one(*p); }
  EINBLAS_INLINE void put(H* p, vec<float> v) { store_halves(p, rounded(v, H{})); }
  EINBLAS_INLINE void put_n(H* p, vec<float> v, int n) { store_halves_n(p, rounded(v, H{}), n); }
  EINBLAS_INLINE void put_past_caches(H* p, vec<float> v) { stream_halves(p, rounded(v, H{})); }
};
template <>
struct stored<bf16_bits> : stored_half<bf16_bits> {};
template <>
struct stored<f16_bits> : stored_half<f16_bits> {};
template <class S>
using number_in = typename stored<S>::number;

// out[i] = alpha * prod of operands (+ beta * out[i]), i < n. Operand t is a line (step[t] = 1) or one value (step[t] =
// 0). Assumes: 0 to 3 operands; streaming only with beta = 0, and out aligned to a vector's elements.
template <class S, int OPERANDS, bool STREAM>
EINBLAS_INLINE void product_line_for(int64_t n, S* out, const S* const* x, const int* step, number_in<S> alpha,
                                     number_in<S> beta) {
  typedef number_in<S> T;
  typedef stored<S> at;
  constexpr int w = lanes<T>::value;
  vec<T> fixed = splat(alpha);
  const S* line[3] = {x[0], x[1], x[2]};
  int lines = 0;
  const S* moving[3] = {nullptr, nullptr, nullptr};
#pragma GCC unroll 3
  for (int t = 0; t < OPERANDS; ++t) {
    if (step[t] == 0) {
      fixed *= splat(at::one(line[t]));
    } else {
      moving[lines++] = line[t];
    }
  }
  const S *p = moving[0], *q = moving[1], *r = moving[2];
  const vec<T> old = splat(beta);
  int64_t i = 0;
#define EINBLAS_PRODUCT_LOOP(VALUE, TAIL)                                         \
  for (; i + w <= n; i += w) {                                                    \
    vec<T> v = VALUE;                                                             \
    if (STREAM) {                                                                 \
      at::put_past_caches(out + i, v);                                            \
    } else {                                                                      \
      if (beta != 0) v = plus_product<T>(v, old, at::get(out + i));               \
      at::put(out + i, v);                                                        \
    }                                                                             \
  }                                                                               \
  if (i < n) {                                                                    \
    const int m = static_cast<int>(n - i);                                        \
    vec<T> v = TAIL;                                                              \
    if (!STREAM && beta != 0) v = plus_product<T>(v, old, at::get_n(out + i, m)); \
    at::put_n(out + i, v, m);                                                     \
  }
  if (lines == 0) {
    EINBLAS_PRODUCT_LOOP(fixed, fixed)
  } else if (lines == 1) {
    EINBLAS_PRODUCT_LOOP(fixed * at::get(p + i), fixed * at::get_n(p + i, m))
  } else if (lines == 2) {
    EINBLAS_PRODUCT_LOOP(fixed * at::get(p + i) * at::get(q + i), fixed * at::get_n(p + i, m) * at::get_n(q + i, m))
  } else {
    EINBLAS_PRODUCT_LOOP(fixed * at::get(p + i) * at::get(q + i) * at::get(r + i),
                         fixed * at::get_n(p + i, m) * at::get_n(q + i, m) * at::get_n(r + i, m))
  }
#undef EINBLAS_PRODUCT_LOOP
}

// The same of complex numbers, whose n and places are in reals, 1 or 2 operands; alpha and beta are real. The imaginary
// parts of operand t get the sign of sign[t].
template <class T, int OPERANDS, bool STREAM>
EINBLAS_INLINE void complex_line_for(int64_t n, T* out, const T* const* x, const int* step, T alpha, T beta,
                                     const vec<T>* sign) {
  constexpr int w = lanes<T>::value;
  const vec<T> scale = splat(alpha), old = splat(beta), negated = signs<T>(false, true);
  // The one that is a value, if any, comes first.
  const int a = OPERANDS == 2 && step[0] != 0 && step[1] == 0 ? 1 : 0, b = OPERANDS - 1 - a;
  const bool value = step[a] == 0;
  const vec<T> pair = with_signs<T>(in_pairs<T>(splat(x[a][0]), splat(x[a][1]), all_lanes<T>()), sign[a]);
  const auto times = [&](vec<T> u, vec<T> v) __attribute__((always_inline)) {
    const vec<T> cross = second_twice<T>(u, all_lanes<T>()) * swapped_pairs<T>(v, all_lanes<T>());
    return first_twice<T>(u, all_lanes<T>()) * v + with_signs<T>(cross, negated);
  };
  const vec<T> both =
      OPERANDS == 2 && step[b] == 0
          ? times(pair, with_signs<T>(in_pairs<T>(splat(x[b][0]), splat(x[b][1]), all_lanes<T>()), sign[b]))
          : pair;
  int64_t i = 0;
#define EINBLAS_COMPLEX_LOOP(VALUE, TAIL)                                      \
  for (; i + w <= n; i += w) {                                                 \
    vec<T> v = scale * (VALUE);                                                \
    if (STREAM) {                                                              \
      stream(out + i, v);                                                      \
    } else {                                                                   \
      if (beta != 0) v = plus_product<T>(v, old, load(out + i));               \
      store(out + i, v);                                                       \
    }                                                                          \
  }                                                                            \
  if (i < n) {                                                                 \
    const int m = static_cast<int>(n - i);                                     \
    vec<T> v = scale * (TAIL);                                                 \
    if (!STREAM && beta != 0) v = plus_product<T>(v, old, load_n(out + i, m)); \
    store_n(out + i, v, m);                                                    \
  }
  if (value && step[b] == 0) {
    EINBLAS_COMPLEX_LOOP(both, both)
  } else if (OPERANDS == 1) {
    const T* p = x[0];
    EINBLAS_COMPLEX_LOOP(with_signs<T>(load(p + i), sign[0]), with_signs<T>(load_n(p + i, m), sign[0]))
  } else if (value) {
    const T* p = x[b];
    EINBLAS_COMPLEX_LOOP(times(pair, with_signs<T>(load(p + i), sign[b])),
                         times(pair, with_signs<T>(load_n(p + i, m), sign[b])))
  } else {
    const T *p = x[a], *q = x[b];
    EINBLAS_COMPLEX_LOOP(times(with_signs<T>(load(p + i), sign[a]), with_signs<T>(load(q + i), sign[b])),
                         times(with_signs<T>(load_n(p + i, m), sign[a]), with_signs<T>(load_n(q + i, m), sign[b])))
  }
#undef EINBLAS_COMPLEX_LOOP
}

// A line by `put(n, out, x, past_caches)`; past the caches: by ordinary stores up to where a vector's elements are
// aligned and by others from there. unit: elements that stay together.
template <class S, int OPERANDS, class Put>
EINBLAS_INLINE void put_line(int64_t n, S* out, const S* const* x, const int* step, int streaming, int unit,
                             const Put& put) {
  if (!streaming) return put(n, out, x, false);
  constexpr int64_t bytes = lanes<number_in<S>>::value * static_cast<int64_t>(sizeof(S));
  const int64_t misaligned = static_cast<int64_t>(reinterpret_cast<uintptr_t>(out) % bytes);
  int64_t head = misaligned == 0 ? 0 : (bytes - misaligned) / static_cast<int64_t>(sizeof(S));
  if (head % unit != 0) return put(n, out, x, false);  // never aligned
  if (head > n) head = n;
  if (head > 0) put(head, out, x, false);
  const S* rest[3] = {x[0], x[1], x[2]};
#pragma GCC unroll 3
  for (int t = 0; t < OPERANDS; ++t) rest[t] += head * step[t];
  put(n - head, out + head, rest, true);
}

template <class S, int OPERANDS>
EINBLAS_INLINE void product_lines_of(int64_t count, const int64_t* stride, int64_t n, S* out, const S* const* x,
                                     const int* step, number_in<S> alpha, number_in<S> beta, int streaming) {
  const S* at[3] = {x[0], x[1], x[2]};
  const auto put = [&](int64_t m, S * to, const S* const* from, bool past_caches) __attribute__((always_inline)) {
    if (past_caches) return product_line_for<S, OPERANDS, true>(m, to, from, step, alpha, number_in<S>{0});
    product_line_for<S, OPERANDS, false>(m, to, from, step, alpha, beta);
  };
  for (int64_t i = 0; i < count; ++i) {
    put_line<S, OPERANDS>(n, out, at, step, streaming, 1, put);
    out += stride[3];
#pragma GCC unroll 3
    for (int t = 0; t < OPERANDS; ++t) at[t] += stride[t];
  }
  if (streaming) stream_fence();
}

// `count` lines; from one to the next operand t moves by stride[t], the output by stride[3].
template <class S>
static void product_lines(int operands, int64_t count, const int64_t* stride, int64_t n, S* out, const S* const* x,
                          const int* step, number_in<S> alpha, number_in<S> beta, int streaming) {
  switch (operands) {
    case 0:
      return product_lines_of<S, 0>(count, stride, n, out, x, step, alpha, beta, streaming);
    case 1:
      return product_lines_of<S, 1>(count, stride, n, out, x, step, alpha, beta, streaming);
    case 2:
      return product_lines_of<S, 2>(count, stride, n, out, x, step, alpha, beta, streaming);
    default:
      return product_lines_of<S, 3>(count, stride, n, out, x, step, alpha, beta, streaming);
  }
}

// Of 16-bit floats.
template <class H>
static void half_lines(int operands, int64_t count, const int64_t* stride, int64_t n, uint16_t* out,
                       const uint16_t* const* x, const int* step, float alpha, float beta, int streaming) {
  const H* at[3];
  for (int t = 0; t < 3; ++t) at[t] = reinterpret_cast<const H*>(x[t]);
  H* const to = reinterpret_cast<H*>(out);
  if (operands == 1) return product_lines_of<H, 1>(count, stride, n, to, at, step, alpha, beta, streaming);
  product_lines_of<H, 2>(count, stride, n, to, at, step, alpha, beta, streaming);
}

template <class T, int OPERANDS>
EINBLAS_INLINE void complex_lines_of(int64_t count, const int64_t* stride, int64_t n, T* out, const T* const* x,
                                     const int* step, T alpha, T beta, int streaming, int conjugated) {
  const T* at[3] = {x[0], x[1], x[2]};
  const vec<T> sign[2] = {signs<T>(true, (conjugated & 1) != 0), signs<T>(true, (conjugated & 2) != 0)};
  const auto put = [&](int64_t m, T * to, const T* const* from, bool past_caches) __attribute__((always_inline)) {
    if (past_caches) return complex_line_for<T, OPERANDS, true>(m, to, from, step, alpha, T{0}, sign);
    complex_line_for<T, OPERANDS, false>(m, to, from, step, alpha, beta, sign);
  };
  for (int64_t i = 0; i < count; ++i) {
    put_line<T, OPERANDS>(2 * n, out, at, step, streaming, 2, put);
    out += 2 * stride[3];
#pragma GCC unroll 3
    for (int t = 0; t < OPERANDS; ++t) at[t] += 2 * stride[t];
  }
  if (streaming) stream_fence();
}

// The same of complex numbers, of which n, stride and step count; bit t of conjugated: of operand t's conjugates. One
// or two operands.
template <class T>
static void complex_lines(int operands, int64_t count, const int64_t* stride, int64_t n, T* out, const T* const* x,
                          const int* step, T alpha, T beta, int streaming, int conjugated) {
  if (operands == 1) return complex_lines_of<T, 1>(count, stride, n, out, x, step, alpha, beta, streaming, conjugated);
  complex_lines_of<T, 2>(count, stride, n, out, x, step, alpha, beta, streaming, conjugated);
}

// Copies a strided line into a contiguous one.
template <class T>
static void gather_line(int64_t n, T* to, const T* from, int64_t stride) {
  for (int64_t i = 0; i < n; ++i) to[i] = from[i * stride];
}

// `rows` rows of n elements, side by side in `to`: row i repeats (step 0) or copies (step 1) what lies at from + i *
// stride. Assumes: `to` has room for a vector behind the last row, which may be overwritten.
template <class T>
static void repeat_rows(int64_t rows, int64_t n, T* to, const T* from, int64_t stride, int step) {
  constexpr int w = lanes<T>::value;
  for (int64_t i = 0; i < rows; ++i, from += stride, to += n) {
    if (step == 0) {
      const vec<T> v = splat(*from);
      for (int64_t j = 0; j < n; j += w) store(to + j, v);
    } else {
      int64_t j = 0;
      for (; j + w <= n; j += w) store(to + j, load(from + j));
      if (j < n) store(to + j, load_n(from + j, static_cast<int>(n - j)));
    }
  }
}
