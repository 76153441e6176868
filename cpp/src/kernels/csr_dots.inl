// Micro-kernels of CSR products with one column: dots of sparse rows and a vector.

#if EINBLAS_VBYTES >= 32
// The elements of d at a vector of columns: one load each, put together in registers. Gather instructions take 1.3 to 2
// times as long (Zen 5), sums of single elements 1.5 times. Columns are never negative. Two columns are one load: 0.21
// -> 0.19 ns for an entry in F32. The empty asm keeps the compiler from making two.
EINBLAS_INLINE uint64_t csr_pair(const int32_t* column) {
  uint64_t pair;
  memcpy(&pair, column, sizeof pair);
  __asm__("" : "+r"(pair));
  return pair;
}
template <class T>
EINBLAS_INLINE const T* csr_low(const T* d, uint64_t pair) {
  return d + static_cast<uint32_t>(pair);
}
EINBLAS_INLINE __m128 csr_quarter(const float* d, const int32_t* column) {
  const uint64_t a = csr_pair(column), b = csr_pair(column + 2);
  const __m128 low = _mm_unpacklo_ps(_mm_load_ss(csr_low(d, a)), _mm_load_ss(d + (a >> 32)));
  return _mm_movelh_ps(low, _mm_unpacklo_ps(_mm_load_ss(csr_low(d, b)), _mm_load_ss(d + (b >> 32))));
}
EINBLAS_INLINE __m128 csr_quarter(const double* d, const int32_t* column) {
  const uint64_t pair = csr_pair(column);
  return _mm_castpd_ps(_mm_loadh_pd(_mm_load_sd(csr_low(d, pair)), d + (pair >> 32)));
}
template <class T>
EINBLAS_INLINE vec<T> csr_gathered(const T* d, const int32_t* column) {
  constexpr int n = quarter<T>::value;
  const auto half = [&](int k) __attribute__((always_inline)) {
    return _mm256_insertf128_ps(_mm256_castps128_ps256(csr_quarter(d, column + k * n)),
                                csr_quarter(d, column + (k + 1) * n), 1);
  };
#if EINBLAS_VBYTES == 32
  return (vec<T>)half(0);
#else
  return (vec<T>)_mm512_insertf32x8(_mm512_castps256_ps512(half(0)), half(2), 1);
#endif
}

// Asks for what a vector of entries needs kCsrStream later.
template <class T>
EINBLAS_INLINE void csr_stream_vector(const int32_t* column, const T* value) {
  __builtin_prefetch(column + kCsrStream);
  if (EINBLAS_VBYTES == 64 || sizeof(T) == 8) __builtin_prefetch(value + kCsrStream);
}

// The products of a vector of entries.
template <class T>
EINBLAS_INLINE vec<T> csr_products(const int32_t* column, const T* value, const T* d) {
  csr_stream_vector(column, value);
  return load(value) * csr_gathered(d, column);
}

// Each lane the number n.
template <class T>
EINBLAS_INLINE ivec<T> csr_count(int64_t n) {
  return static_cast<typename lane_ints<T>::element>(n) - ivec<T>{};
}
// v where the entry's number is below the count, else 0.
template <class T>
EINBLAS_INLINE vec<T> csr_first(vec<T> v, ivec<T> number, ivec<T> count) {
  return number < count ? v : vec<T>{};
}

// One row by itself, its last products masked.
template <class T>
EINBLAS_INLINE vec<T> csr_dot(const int32_t* column, const T* value, const T* d, int64_t p, int64_t end, ivec<T> lane) {
  constexpr int w = lanes<T>::value;
  vec<T> sum{};
  for (; p + w <= end; p += w) sum += csr_products(column + p, value + p, d);
  if (p < end) sum += csr_first<T>(csr_products(column + p, value + p, d), lane, csr_count<T>(end - p));
  return sum;
}

// Rows of so many entries in the mean, and so many entries of them, are a batch whose products go through a buffer, a
// few KB of L1. Longer rows are faster one by one, as the misprediction of their end is then the smaller cost.
template <class T>
struct csr_batch {
  static constexpr int64_t row = (sizeof(T) == 4 ? 6 : 4) * lanes<T>::value;
  static constexpr int64_t group = row * lanes<T>::value, few = 4096 / static_cast<int64_t>(sizeof(T));
  static constexpr int64_t most = group > few ? group : few;
};

// sums[k]: the products of row k < lanes, V vectors of each without asking for its length.
template <class T, int V>
EINBLAS_INLINE vec<T> csr_row_sums(const int64_t* begin, const int64_t* end, const T* product) {
  constexpr int w = lanes<T>::value;
  const ivec<T> lane = lane_numbers<T>();
  vec<T> sums[w];
#pragma GCC unroll 16
  for (int k = 0; k < w; ++k) {
    const T* row = product + begin[k];
    const int64_t length = end[k] - begin[k];
    const ivec<T> count = csr_count<T>(length);
    vec<T> s = csr_first<T>(load(row), lane, count);
#pragma GCC unroll 8
    for (int v = 1; v < V; ++v) s += csr_first<T>(load(row + v * w), lane + v * w, count);
    for (int64_t at = V * w; at < length; at += w) s += csr_first<T>(load(row + at), lane, csr_count<T>(length - at));
    sums[k] = s;
  }
  return sum_lanes<T>(sums);
}

// c = alpha * sums + beta * c of the first `rows` lanes.
template <class T>
EINBLAS_INLINE void csr_store(const CsrRows<T>* s, int64_t r, int rows, vec<T> sums) {
  constexpr int w = lanes<T>::value;
  vec<T> result = splat(s->alpha) * sums;
  T* c = s->c + r * s->ldc;
  if (s->ldc == 1 || rows == 1) {
    if (s->beta != 0) result = plus_product<T>(result, splat(s->beta), load_n(c, rows));
    return store_n(c, result, rows);
  }
  T one[w];
  store(one, result);
  for (int k = 0; k < rows; ++k) {
    T& at = c[k * s->ldc];
    at = s->beta == 0 ? one[k] : one[k] + s->beta * at;
  }
}

template <class T, int V>
static void csr_batch_sums(const CsrRows<T>* s, int64_t r, int64_t groups, const T* product) {
  constexpr int w = lanes<T>::value;
  for (int64_t g = 0; g < groups; ++g, r += w)
    csr_store(s, r, w, csr_row_sums<T, V>(s->begin + r, s->end + r, product));
}

// Rows that lie one after the other, `groups` vectors of them: all products first, then sums of rows in whole vectors,
// whose ends are masked. Ends of rows are then no branches to be mispredicted.
template <class T>
EINBLAS_INLINE void csr_dots_batch(const CsrRows<T>* s, int64_t r, int64_t groups) {
  constexpr int w = lanes<T>::value;
  T product[csr_batch<T>::most + 4 * w] __attribute__((aligned(64)));
  const int64_t first = s->begin[r], n = s->end[r + groups * w - 1] - first;
  const int32_t* column = s->column + first;
  const T* value = s->value + first;
  for (int64_t i = 0; i < n; i += w) store(product + i, csr_products(column + i, value + i, s->d));
  // Most rows are not half as long again as their mean.
  const int64_t usual = (n + n / 2) / (groups * w * w);
  if (usual < 1) return csr_batch_sums<T, 1>(s, r, groups, product - first);
  if (usual < 2) return csr_batch_sums<T, 2>(s, r, groups, product - first);
  if (usual < 3) return csr_batch_sums<T, 3>(s, r, groups, product - first);
  return csr_batch_sums<T, 4>(s, r, groups, product - first);
}

// Vectors of rows from r on that are summed as a batch; 0: row by row, as long rows, and even ones that fill their
// vectors, are faster so.
template <class T>
EINBLAS_INLINE int64_t csr_groups(const CsrRows<T>* s, int64_t r) {
  constexpr int w = lanes<T>::value;
  const int64_t first = s->begin[r];
  int64_t groups = 0, n = 0;
  for (int64_t next = r + w; next <= s->rows && s->end[next - 1] - first <= csr_batch<T>::most; next += w) {
    n = s->end[next - 1] - first;
    ++groups;
  }
  const int64_t length = s->end[r] - first, rows = groups * w;
  if (n > rows * csr_batch<T>::row) return 0;
  return n == rows * length && (w - length % w) % w <= length / 4 ? 0 : groups;
}

// Dots: C[r * ldc] = alpha * sum_p value[p] * D[column[p]] + beta * C.
// Assumes: rows lie one after the other, begin[r + 1] = end[r]; columns and values can be read a vector past the end.
template <class T>
static void csr_dots(const CsrRows<T>* s) {
  constexpr int w = lanes<T>::value;
  const ivec<T> lane = lane_numbers<T>();
  for (int64_t r = 0; r < s->rows;) {
    const int64_t groups = csr_groups(s, r);
    if (groups > 0) {
      csr_dots_batch(s, r, groups);
      r += groups * w;
      continue;
    }
    const int rows = static_cast<int>(s->rows - r < w ? s->rows - r : w);
    vec<T> sums[w];
    for (int k = 0; k < rows; ++k) sums[k] = csr_dot(s->column, s->value, s->d, s->begin[r + k], s->end[r + k], lane);
    for (int k = rows; k < w; ++k) sums[k] = vec<T>{};
    csr_store(s, r, rows, sum_lanes<T>(sums));
    r += rows;
  }
}
#else
// One dot: four sums side by side, one load each. Vectors of 16 bytes, put together as above, are slower: F64 1.1 to 2
// times. The empty asm keeps GCC from making those.
template <class T>
EINBLAS_INLINE T csr_dot(const int32_t* column, const T* value, const T* d, int64_t p, int64_t end) {
  T sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
  for (; p + 4 <= end; p += 4) {
    csr_stream(column, value, p);
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
  return (sum0 + sum2) + (sum1 + sum3);
}

// As above.
template <class T>
static void csr_dots(const CsrRows<T>* s) {
  for (int64_t r = 0; r < s->rows; ++r) {
    const T result = s->alpha * csr_dot(s->column, s->value, s->d, s->begin[r], s->end[r]);
    T* c = s->c + r * s->ldc;
    *c = s->beta == 0 ? result : result + s->beta * *c;
  }
}
#endif
