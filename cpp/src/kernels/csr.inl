// Micro-kernels of CSR products: rows of a sparse matrix times a panel of a dense one.

// Entries before their turn that columns and values are asked for. The hardware's prefetcher stops at pages and waits
// behind the gathered rows of D: asking saves 20 to 45 % of the time of a product that reads A from memory (256 to 1024
// ahead are as good).
constexpr int64_t kCsrStream = 512;

// Called for every fourth entry p or more rarely: one of both in turn, without a branch. A line has 8 or 16 entries, so
// each is asked for, and the loads are few beside those of D (F64 4 % faster than asking for both).
template <class T>
EINBLAS_INLINE void csr_stream(const int32_t* column, const T* value, int64_t p) {
  const void* columns = column + p + kCsrStream;
  const void* values = value + p + kCsrStream;
  __builtin_prefetch((p & 4) != 0 ? columns : values);
}

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
    for (; p + U <= end; p += U) {
      csr_stream(column, value, p);
      csr_entries<T, NV, U, Whole, Ahead>(column + p, value + p, d, ldd, ahead, last, acc);
    }
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

#if EINBLAS_VBYTES >= 32
// Half a vector, for D of just so many columns: a masked load of a whole one reaches into the next line (1.2x).
typedef float csr_half_f32 __attribute__((vector_size(EINBLAS_VBYTES / 2)));
typedef double csr_half_f64 __attribute__((vector_size(EINBLAS_VBYTES / 2)));
typedef float csr_half_f32u __attribute__((vector_size(EINBLAS_VBYTES / 2), aligned(4), may_alias));
typedef double csr_half_f64u __attribute__((vector_size(EINBLAS_VBYTES / 2), aligned(8), may_alias));
template <class T>
struct csr_half {
  typedef csr_half_f32 type;
  typedef csr_half_f32u unaligned;
};
template <>
struct csr_half<double> {
  typedef csr_half_f64 type;
  typedef csr_half_f64u unaligned;
};

// As csr_rows_panel for lanes / 2 columns.
template <class T, bool Ahead>
static void csr_rows_half(const CsrRows<T>* s) {
  typedef typename csr_half<T>::type half;
  typedef typename csr_half<T>::unaligned half_at;
  const int32_t* column = s->column;
  const T* value = s->value;
  const T* d = s->d;
  const int64_t ldd = s->ldd, ahead = s->ahead;
  for (int64_t r = 0; r < s->rows; ++r) {
    half acc[4] = {};
    int64_t p = s->begin[r];
    const int64_t end = s->end[r];
    for (; p + 4 <= end; p += 4) {
      csr_stream(column, value, p);
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) {
        if (Ahead) __builtin_prefetch(d + column[p + u + ahead] * ldd);
        acc[u] += (value[p + u] - half{}) * *reinterpret_cast<const half_at*>(d + column[p + u] * ldd);
      }
    }
    for (; p < end; ++p) acc[0] += (value[p] - half{}) * *reinterpret_cast<const half_at*>(d + column[p] * ldd);
    half result = (s->alpha - half{}) * ((acc[0] + acc[2]) + (acc[1] + acc[3]));
    half_at* c = reinterpret_cast<half_at*>(s->c + r * s->ldc);
    if (s->beta != 0) result += (s->beta - half{}) * *c;
    *c = result;
  }
}
#endif

// Assumes: 1 <= vectors <= 4.
template <class T>
static void csr_rows(const CsrRows<T>* s) {
#if EINBLAS_VBYTES >= 32
  if (s->vectors == 1 && s->last == lanes<T>::value / 2) {
    if (s->ahead > 0) return csr_rows_half<T, true>(s);
    return csr_rows_half<T, false>(s);
  }
#endif
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

// Lines of a column of B that are asked for ahead of its entry; the hardware's prefetcher has the rest. 100,000 columns
// from memory, k = 256, F32: 1.01 times the time of A x, with all 16 lines 1.08.
constexpr int kCsrAheadLines = 4;

// The lanes' sums of Count entries of one row, side by side. Each entry is summed in the same order whatever is beside.
template <class T, int Count, bool Ahead>
EINBLAS_INLINE void csr_sampled_entries(const int32_t* column, const T* a, const T* b, int64_t ldb, int64_t k,
                                        int64_t ahead, vec<T>* sums) {
  constexpr int w = lanes<T>::value;
  const T* y[Count];
  vec<T> acc[Count] = {};
#pragma GCC unroll 4
  for (int u = 0; u < Count; ++u) {
    y[u] = b + column[u] * ldb;
    if (Ahead) {
      const T* later = b + column[u + ahead] * ldb;
      for (int line = 0; line < kCsrAheadLines && line * 64 < k * static_cast<int64_t>(sizeof(T)); ++line)
        __builtin_prefetch(later + line * (64 / static_cast<int>(sizeof(T))));
    }
  }
  int64_t i = 0;
  for (; i + w <= k; i += w) {
    const vec<T> x = load(a + i);
#pragma GCC unroll 4
    for (int u = 0; u < Count; ++u) acc[u] += x * load(y[u] + i);
  }
  if (i < k) {
    const int last = static_cast<int>(k - i);
    const vec<T> x = load_n(a + i, last);
#pragma GCC unroll 4
    for (int u = 0; u < Count; ++u) acc[u] += x * load_n(y[u] + i, last);
  }
#pragma GCC unroll 4
  for (int u = 0; u < Count; ++u) sums[u] = acc[u];
}

template <class T, bool Ahead>
EINBLAS_INLINE void csr_sampled_range(const CsrSampled<T>* s) {
  constexpr int w = lanes<T>::value;
  constexpr int group = w < 4 ? w : 4;
  vec<T> sums[w];
  int64_t row = s->row, end = s->indptr[row + 1];
  for (int64_t p = s->from; p < s->to;) {
    const int64_t n = s->to - p < w ? s->to - p : w;
    for (int64_t q = 0; q < n;) {
      while (p + q >= end) end = s->indptr[++row + 1];
      const T* a = s->a + row * s->lda;
      const int32_t* column = s->column + p + q;
      if (q + group <= n && p + q + group <= end) {
        csr_sampled_entries<T, group, Ahead>(column, a, s->b, s->ldb, s->k, s->ahead, sums + q);
        q += group;
      } else {
        csr_sampled_entries<T, 1, Ahead>(column, a, s->b, s->ldb, s->k, s->ahead, sums + q);
        ++q;
      }
    }
    for (int64_t q = n; q < w; ++q) sums[q] = vec<T>{};
    T* out = s->out + (p - s->from);
    const vec<T> sum = sum_lanes<T>(sums);
    const int last = static_cast<int>(n);
    store_n(out, s->add != 0 ? sum + load_n(out, last) : sum, last);
    p += n;
  }
}

// Sampled products: out[e - from] (+)= sum_k a[row of e, k] * b[k, column[e]], a vector of entries at a time.
// Assumes: columns can be read `ahead` entries past `to`; entries of a row lie one after the other.
template <class T>
static void csr_sampled(const CsrSampled<T>* s) {
  if (s->k != 1) return s->ahead > 0 ? csr_sampled_range<T, true>(s) : csr_sampled_range<T, false>(s);
  int64_t row = s->row;
  for (int64_t p = s->from; p < s->to; ++row) {
    const int64_t end = s->indptr[row + 1] < s->to ? s->indptr[row + 1] : s->to;
    const T a = s->a[row * s->lda];
    T* out = s->out - s->from;
    for (; p < end; ++p) {
      const T product = a * s->b[s->column[p] * s->ldb];
      out[p] = s->add != 0 ? out[p] + product : product;
    }
  }
}
