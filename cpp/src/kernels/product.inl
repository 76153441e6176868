// Micro-kernels of products without a summed label: lines of the output, one pass.

// out[i] = alpha * prod of operands (+ beta * out[i]), i < n. Operand t is a line (step[t] = 1) or one value (step[t] =
// 0). Assumes: 0 to 3 operands; streaming only with beta = 0, and out aligned to a vector.
template <class T, int OPERANDS, bool STREAM>
EINBLAS_INLINE void product_line_for(int64_t n, T* out, const T* const* x, const int* step, T alpha, T beta) {
  constexpr int w = lanes<T>::value;
  vec<T> fixed = splat(alpha);
  const T* line[3] = {x[0], x[1], x[2]};
  int lines = 0;
  const T* moving[3] = {nullptr, nullptr, nullptr};
#pragma GCC unroll 3
  for (int t = 0; t < OPERANDS; ++t) {
    if (step[t] == 0) {
      fixed *= splat(line[t][0]);
    } else {
      moving[lines++] = line[t];
    }
  }
  const T *p = moving[0], *q = moving[1], *r = moving[2];
  const vec<T> old = splat(beta);
  int64_t i = 0;
#define EINBLAS_PRODUCT_LOOP(VALUE, TAIL)                                      \
  for (; i + w <= n; i += w) {                                                 \
    vec<T> v = VALUE;                                                          \
    if (STREAM) {                                                              \
      stream(out + i, v);                                                      \
    } else {                                                                   \
      if (beta != 0) v = plus_product<T>(v, old, load(out + i));               \
      store(out + i, v);                                                       \
    }                                                                          \
  }                                                                            \
  if (i < n) {                                                                 \
    const int m = static_cast<int>(n - i);                                     \
    vec<T> v = TAIL;                                                           \
    if (!STREAM && beta != 0) v = plus_product<T>(v, old, load_n(out + i, m)); \
    store_n(out + i, v, m);                                                    \
  }
  if (lines == 0) {
    EINBLAS_PRODUCT_LOOP(fixed, fixed)
  } else if (lines == 1) {
    EINBLAS_PRODUCT_LOOP(fixed * load(p + i), fixed * load_n(p + i, m))
  } else if (lines == 2) {
    EINBLAS_PRODUCT_LOOP(fixed * load(p + i) * load(q + i), fixed * load_n(p + i, m) * load_n(q + i, m))
  } else {
    EINBLAS_PRODUCT_LOOP(fixed * load(p + i) * load(q + i) * load(r + i),
                         fixed * load_n(p + i, m) * load_n(q + i, m) * load_n(r + i, m))
  }
#undef EINBLAS_PRODUCT_LOOP
}

template <class T, int OPERANDS>
EINBLAS_INLINE void product_line_of(int64_t n, T* out, const T* const* x, const int* step, T alpha, T beta,
                                    int streaming) {
  if (!streaming) return product_line_for<T, OPERANDS, false>(n, out, x, step, alpha, beta);
  // Ordinary stores up to the next vector border, then past the caches.
  const int64_t misaligned = static_cast<int64_t>(reinterpret_cast<uintptr_t>(out) % EINBLAS_VBYTES);
  int64_t head = misaligned == 0 ? 0 : (EINBLAS_VBYTES - misaligned) / static_cast<int64_t>(sizeof(T));
  if (head > n) head = n;
  if (head > 0) product_line_for<T, OPERANDS, false>(head, out, x, step, alpha, T{0});
  const T* rest[3] = {x[0], x[1], x[2]};
#pragma GCC unroll 3
  for (int t = 0; t < OPERANDS; ++t) rest[t] += head * step[t];
  product_line_for<T, OPERANDS, true>(n - head, out + head, rest, step, alpha, T{0});
}

template <class T, int OPERANDS>
EINBLAS_INLINE void product_lines_of(int64_t count, const int64_t* stride, int64_t n, T* out, const T* const* x,
                                     const int* step, T alpha, T beta, int streaming) {
  const T* at[3] = {x[0], x[1], x[2]};
  for (int64_t i = 0; i < count; ++i) {
    product_line_of<T, OPERANDS>(n, out, at, step, alpha, beta, streaming);
    out += stride[3];
#pragma GCC unroll 3
    for (int t = 0; t < OPERANDS; ++t) at[t] += stride[t];
  }
  if (streaming) stream_fence();
}

// `count` lines; from one to the next operand t moves by stride[t], the output by stride[3].
template <class T>
static void product_lines(int operands, int64_t count, const int64_t* stride, int64_t n, T* out, const T* const* x,
                          const int* step, T alpha, T beta, int streaming) {
  switch (operands) {
    case 0:
      return product_lines_of<T, 0>(count, stride, n, out, x, step, alpha, beta, streaming);
    case 1:
      return product_lines_of<T, 1>(count, stride, n, out, x, step, alpha, beta, streaming);
    case 2:
      return product_lines_of<T, 2>(count, stride, n, out, x, step, alpha, beta, streaming);
    default:
      return product_lines_of<T, 3>(count, stride, n, out, x, step, alpha, beta, streaming);
  }
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
