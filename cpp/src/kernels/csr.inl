// Micro-kernels of CSR products: rows of a sparse matrix times a panel of a dense one.

// Count entries from p on: acc[u] += value * row of D.
template <class T, int NV, int Count, bool Whole, bool Ahead>
EINBLAS_INLINE void csr_entries(const int32_t* column, const T* value, const T* d, int64_t ldd, int64_t ahead, int last,
                                vec<T> (*acc)[NV]) {
  constexpr int w = lanes<T>::value;
#pragma GCC unroll 4
  for (int u = 0; u < Count; ++u) {
    if (Ahead) {
      const T* later = d + column[u + ahead] * ldd;
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) __builtin_prefetch(later + v * w);
    }
    const T* row = d + column[u] * ldd;
    const vec<T> x = splat(value[u]);
#pragma GCC unroll 4
    for (int v = 0; v < NV - 1; ++v) acc[u][v] += x * load(row + v * w);
    acc[u][NV - 1] += x * (Whole ? load(row + (NV - 1) * w) : load_n(row + (NV - 1) * w, last));
  }
}

// Rows: C[r * ldc + j] = alpha * sum_p value[p] * D[column[p] * ldd + j] + beta * C, p from begin[r] to end[r],
// j < (NV - 1) * lanes + last. Sums of U entries side by side hide the latency of the additions; they are added up in
// a fixed order. Ahead: the rows of D that `ahead` entries later will need are asked for.
// Assumes: D and C have unit stride along j; Whole: D can be read to the end of the last vector; columns can be read
// `ahead` entries past end[r].
template <class T, int NV, int U, bool Whole, bool Ahead>
static void csr_rows_panel(const CsrRows<T>* s) {
  constexpr int w = lanes<T>::value;
  const int32_t* column = s->column;
  const T* value = s->value;
  const T* d = s->d;
  const int64_t ldd = s->ldd, ahead = s->ahead;
  const int last = s->last;
  const vec<T> alpha = splat(s->alpha), beta = splat(s->beta);
  for (int64_t r = 0; r < s->rows; ++r) {
    vec<T> acc[U][NV];
#pragma GCC unroll 4
    for (int u = 0; u < U; ++u)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) acc[u][v] = vec<T>{};
    int64_t p = s->begin[r];
    const int64_t end = s->end[r];
    for (; p + U <= end; p += U) csr_entries<T, NV, U, Whole, Ahead>(column + p, value + p, d, ldd, ahead, last, acc);
    if (U > 2 && p + 2 <= end) {
      csr_entries<T, NV, 2, Whole, Ahead>(column + p, value + p, d, ldd, ahead, last, acc);
      p += 2;
    }
    if (p < end) csr_entries<T, NV, 1, Whole, Ahead>(column + p, value + p, d, ldd, ahead, last, acc);
#pragma GCC unroll 3
    for (int h = U / 2; h > 0; h /= 2)
#pragma GCC unroll 4
      for (int u = 0; u < h; ++u)
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) acc[u][v] += acc[u + h][v];
    T* c = s->c + r * s->ldc;
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) {
      T* at = c + v * w;
      vec<T> result = alpha * acc[0][v];
      if (v < NV - 1 || last == w) {
        if (s->beta != 0) result += beta * load(at);
        store(at, result);
      } else {
        if (s->beta != 0) result += beta * load_n(at, last);
        store_n(at, result, last);
      }
    }
  }
}

template <class T, int NV, int U>
EINBLAS_INLINE void csr_rows_vectors(const CsrRows<T>* s) {
  const bool whole = s->whole != 0, ahead = s->ahead > 0;
  if (whole) {
    if (ahead) return csr_rows_panel<T, NV, U, true, true>(s);
    return csr_rows_panel<T, NV, U, true, false>(s);
  }
  if (ahead) return csr_rows_panel<T, NV, U, false, true>(s);
  return csr_rows_panel<T, NV, U, false, false>(s);
}

// Assumes: 1 <= vectors <= 4.
template <class T>
static void csr_rows(const CsrRows<T>* s) {
  switch (s->vectors) {
    case 1:
      return csr_rows_vectors<T, 1, 4>(s);
    case 2:
      return csr_rows_vectors<T, 2, 4>(s);
    case 3:
      return csr_rows_vectors<T, 3, 2>(s);
    default:
      return csr_rows_vectors<T, 4, 2>(s);
  }
}

// Dots: C[r * ldc] = alpha * sum_p value[p] * D[column[p]] + beta * C. Four sums side by side, one load each: gather
// instructions, and vectors put together from single elements, are slower. The empty asm keeps GCC from making those
// (5 KB of shuffles: 1.3x the time of MKL).
template <class T>
static void csr_dots(const CsrRows<T>* s) {
  const int32_t* column = s->column;
  const T* value = s->value;
  const T* d = s->d;
  for (int64_t r = 0; r < s->rows; ++r) {
    T sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    int64_t p = s->begin[r];
    const int64_t end = s->end[r];
    for (; p + 4 <= end; p += 4) {
      sum0 += value[p] * d[column[p]];
      __asm__ volatile("");
      sum1 += value[p + 1] * d[column[p + 1]];
      sum2 += value[p + 2] * d[column[p + 2]];
      __asm__ volatile("");
      sum3 += value[p + 3] * d[column[p + 3]];
    }
    for (; p < end; ++p) {
      sum0 += value[p] * d[column[p]];
      __asm__ volatile("");
    }
    const T result = s->alpha * ((sum0 + sum2) + (sum1 + sum3));
    T* c = s->c + r * s->ldc;
    *c = s->beta == 0 ? result : result + s->beta * *c;
  }
}
