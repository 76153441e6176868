// Micro-kernels of sums of rows of a few vectors at most, as many rows at a time as a vector has lanes; rows of at most
// half a vector lie several in one.

template <int SIZE>
struct lane_ints_of;
template <>
struct lane_ints_of<4> {
  typedef int32_t element;
  typedef int32_t type __attribute__((vector_size(EINBLAS_VBYTES)));
};
template <>
struct lane_ints_of<8> {
  typedef int64_t element;
  typedef int64_t type __attribute__((vector_size(EINBLAS_VBYTES)));
};
template <class T>
using lane_ints = lane_ints_of<static_cast<int>(sizeof(T))>;
template <class T>
using ivec = typename lane_ints<T>::type;

// Lane l of the result is v's lane from[l].
#if EINBLAS_VBYTES == 64 && defined(__AVX512F__)
#define EINBLAS_PICKS 1
template <class V, class I>
EINBLAS_INLINE V pick(V v, I from) {
  if constexpr (sizeof v[0] == 4) return (V)_mm512_maskz_permutexvar_ps(0xffff, (__m512i)from, (__m512)v);
  return (V)_mm512_maskz_permutexvar_pd(0xff, (__m512i)from, (__m512d)v);
}
#elif EINBLAS_VBYTES == 32 && defined(__AVX2__)
#define EINBLAS_PICKS 1
template <class V, class I>
EINBLAS_INLINE V pick(V v, I from) {
  if constexpr (sizeof v[0] == 4) return (V)_mm256_permutevar8x32_ps((__m256)v, (__m256i)from);
  const ivec<double> halves = 2 * (ivec<double>)from + ((2 * (ivec<double>)from + 1) << 32);
  return (V)_mm256_permutevar8x32_ps((__m256)v, (__m256i)halves);
}
#else
#define EINBLAS_PICKS 0
template <class V, class I>
EINBLAS_INLINE V pick(V v, I from) {
  V r;
  for (int i = 0; i < static_cast<int>(sizeof v / sizeof v[0]); ++i) r[i] = v[from[i]];
  return r;
}
#endif

template <class T>
EINBLAS_INLINE vec<T> kept(vec<T> v, ivec<T> mask) {
  return (vec<T>)((ivec<T>)v & mask);
}
// 0, 1, 2 ..
template <class T>
EINBLAS_INLINE ivec<T> lane_numbers() {
  ivec<T> v;
  for (int i = 0; i < lanes<T>::value; ++i) v[i] = i;
  return v;
}

// Sums the lanes of each slot of S lanes of v[0..S): lane g * S + r of the result is the sum of v[r]'s slot g, by
// halves of swapped blocks.
template <class T, int H>
EINBLAS_INLINE void sum_lanes_stage(vec<T>* v) {
#pragma GCC unroll 16
  for (int r = 0; r < H; ++r) {
    swap_blocks<vec<T>, H>(v[r], v[r + H], all_lanes<T>());
    v[r] += v[r + H];
  }
}
template <class T, int S>
EINBLAS_INLINE vec<T> sum_slots(vec<T>* v) {
  if constexpr (S >= 16) sum_lanes_stage<T, 8>(v);
  if constexpr (S >= 8) sum_lanes_stage<T, 4>(v);
  if constexpr (S >= 4) sum_lanes_stage<T, 2>(v);
  if constexpr (S >= 2) sum_lanes_stage<T, 1>(v);
  return v[0];
}
template <class T>
EINBLAS_INLINE vec<T> sum_lanes(vec<T>* v) {
  return sum_slots<T, lanes<T>::value>(v);
}

// A masked load takes twice its time where a line of its masked lanes alone is not in L1, and there is one such line
// for nearly every short row (F32 rows of 10 from memory: 3.8 ns masked, 1.9 whole; Zen 5). So whole vectors are loaded
// where they end within the operand, and lanes cleared in registers.

// Rows before their turn that are asked for: those some 3 KB ahead, or the next lanes rows. Long runs of short rows
// take 25 to 60 % longer without (F32 rows of 10: 16 GB/s, 29 with; 1 KB ahead 21, 2 KB 25, 4 KB 29; Zen 5, one
// thread). No Tunable: twice or half as many make 10 %.
template <class T>
EINBLAS_INLINE int64_t rows_ahead(int64_t stride) {
  constexpr int64_t most = 3072 / static_cast<int64_t>(sizeof(T));
  const int64_t apart = stride < 1 ? 1 : stride;
  const int64_t rows = apart > most ? 0 : most / apart;
  return rows < lanes<T>::value ? lanes<T>::value : rows;
}

// Rows of at most a vector, which lie in slots of S lanes, R of them in a vector; S - n lanes are cleared. Y: 0 without
// y, 1 with a y for each row, 2 with one y, 3 with one for each group of rows.
// Assumes: S / 2 < n <= S; where S is not a vector, rows lie one after the other (sx = n, and sy with Y = 1), and Y
// < 3.
template <class T, int S, int Y>
EINBLAS_INLINE void rows_in_slots(const ReduceDots<T>* d) {
  constexpr int w = lanes<T>::value, R = w / S;
  const int64_t rows = d->rows, n = d->n, sx = d->sx, sy = Y == 0 || Y == 2 ? 0 : d->sy;
  const T *x = d->x, *y = d->y;
  const ivec<T> lane = lane_numbers<T>();
  const ivec<T> at = lane & (S - 1);
  const ivec<T> mask = at < static_cast<typename lane_ints<T>::element>(n);
  const ivec<T> from = ((lane - at) / S * static_cast<typename lane_ints<T>::element>(n) + at) & mask;
  vec<T> one = {};
  if (Y == 2) {
    T t[w];
    for (int i = 0; i < w; ++i) t[i] = i % S < n ? y[i % S] : 0;
    one = load(t);
  }
  int64_t y_left = d->y_left;
  const auto next_group = [&]() __attribute__((always_inline)) {
    if (--y_left > 0) return;
    y += sy;
    y_left = d->group;
    one = load_n(y, static_cast<int>(n));
  };
  if (Y == 3) one = load_n(y, static_cast<int>(n));
  const auto in_slots = [&](vec<T> v) __attribute__((always_inline)) {
    if (R > 1 && n < S) v = pick(v, from);
    if (n < S) v = kept<T>(v, mask);
    return Y >= 2 ? v * one : v;
  };
  const auto finish = [&](vec<T> * v) __attribute__((always_inline)) {
    const vec<T> s = sum_slots<T, S>(v);
    return R > 1 ? groups_to_lanes<T, S>(s, all_lanes<T>()) : s;
  };
  // Whole vectors may be read up to the end of the last row that follows.
  const int64_t most = rows + d->beyond - 1, last_x = most * sx + n - w, last_y = most * sy + n - w;
  const int64_t reach = w - R, ahead = rows_ahead<T>(sx), last = most - reach;
  int64_t r = 0;
  if (sx >= 0 && sy >= 0)
    for (; r + w <= rows && (r + reach) * sx <= last_x && (Y != 1 || (r + reach) * sy <= last_y); r += w) {
      const int64_t later = r + ahead < last ? r + ahead : last;
      vec<T> v[S];
#pragma GCC unroll 16
      for (int k = 0; k < S; ++k) {
        __builtin_prefetch(x + (later + k * R) * sx);
        if (Y == 1) __builtin_prefetch(y + (later + k * R) * sy);
        const vec<T> e = load(x + (r + k * R) * sx);
        v[k] = in_slots(Y == 1 ? e * load(y + (r + k * R) * sy) : e);
        if (Y == 3 && r + k + 1 < rows) next_group();
      }
      const vec<T> s = finish(v);
      store(d->out + r, d->add ? s + load(d->out + r) : s);
    }
  for (; r < rows; r += w) {
    const int m = rows - r < w ? static_cast<int>(rows - r) : w;
    vec<T> v[S] = {};
#pragma GCC unroll 1
    for (int k = 0; k * R < m; ++k) {
      const int count = static_cast<int>((m - k * R < R ? m - k * R : R) * n);
      const vec<T> e = load_n(x + (r + k * R) * sx, count);
      v[k] = in_slots(Y == 1 ? e * load_n(y + (r + k * R) * sy, count) : e);
      if (Y == 3 && r + k + 1 < rows) next_group();
    }
    const vec<T> s = finish(v);
    store_n(d->out + r, d->add ? s + load_n(d->out + r, m) : s, m);
  }
}

// The same for rows of more than V - 1 vectors and at most V, or with V = 0 of any number above 1; the last one
// overlaps the one before it.
template <class T, int V, int Y>
EINBLAS_INLINE void rows_of_vectors(const ReduceDots<T>* d) {
  constexpr int w = lanes<T>::value;
  const int64_t rows = d->rows, n = d->n, sx = d->sx, sy = d->sy;
  const T *x = d->x, *y = d->y;
  const int vectors = V > 0 ? V : static_cast<int>((n + w - 1) / w);
  const ivec<T> mask = lane_numbers<T>() >= static_cast<typename lane_ints<T>::element>(vectors * w - n);
  vec<T> one[V > 0 ? V : 1] = {};
  if (Y == 2 && V > 0) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) one[v] = load(v < V - 1 ? y + v * w : y + n - w);
  }
  int64_t y_left = d->y_left;
  const auto row = [&](int64_t r) __attribute__((always_inline)) {
    const T *p = x + r * sx, *q = Y == 1 ? y + r * sy : y;
    const auto term = [&](int v, int64_t i) __attribute__((always_inline)) {
      return Y == 0 ? load(p + i) : Y != 2 || V == 0 ? load(p + i) * load(q + i) : load(p + i) * one[v];
    };
    vec<T> s = kept<T>(term(vectors - 1, n - w), mask);
#pragma GCC unroll 4
    for (int v = 0; v < vectors - 1; ++v) s += term(v, v * w);
    if (Y == 3 && --y_left == 0 && r + 1 < rows) {
      y += sy;
      y_left = d->group;
    }
    return s;
  };
  const int64_t ahead = rows_ahead<T>(sx), last = rows + d->beyond - w;
  int64_t r = 0;
  for (; r + w <= rows; r += w) {
    const int64_t later = r + ahead < last ? r + ahead : last;
    vec<T> v[w];
#pragma GCC unroll 16
    for (int k = 0; k < w; ++k) {
#pragma GCC unroll 4
      for (int q = 0; q < vectors; ++q) {
        __builtin_prefetch(x + (later + k) * sx + q * w);
        if (Y == 1) __builtin_prefetch(y + (later + k) * sy + q * w);
      }
      v[k] = row(r + k);
    }
    const vec<T> s = sum_lanes<T>(v);
    store(d->out + r, d->add ? s + load(d->out + r) : s);
  }
  if (r == rows) return;
  const int m = static_cast<int>(rows - r);
  vec<T> v[w] = {};
#pragma GCC unroll 1
  for (int k = 0; k < m; ++k) v[k] = row(r + k);
  const vec<T> s = sum_lanes<T>(v);
  store_n(d->out + r, d->add ? s + load_n(d->out + r, m) : s, m);
}

// Fewer rows than lanes, of any number of vectors, all with one y or with one each (Y = 1; sy is 0 for one).
template <class T, int Y>
EINBLAS_INLINE void few_rows(const ReduceDots<T>* d, int64_t sy) {
  constexpr int w = lanes<T>::value;
  const int m = static_cast<int>(d->rows);
  vec<T> v[w];
#pragma GCC unroll 16
  for (int k = 0; k < w; ++k) {
    v[k] = vec<T>{};
    if (k >= m) continue;
    const T *x = d->x + k * d->sx, *y = Y == 1 ? d->y + k * sy : x;
    int64_t i = 0;
    for (; i + w <= d->n; i += w) v[k] += Y == 1 ? load(x + i) * load(y + i) : load(x + i);
    const int last = static_cast<int>(d->n - i);
    if (last > 0) v[k] += Y == 1 ? load_n(x + i, last) * load_n(y + i, last) : load_n(x + i, last);
  }
  const vec<T> s = sum_lanes<T>(v);
  store_n(d->out, d->add ? s + load_n(d->out, m) : s, m);
}

// Rows of a few vectors.
template <class T, int Y>
EINBLAS_INLINE void short_rows(const ReduceDots<T>* d) {
  constexpr int w = lanes<T>::value;
  const int64_t n = d->n;
  switch ((n + w - 1) / w) {
    case 1:
      if constexpr (Y != 3)
        if (d->sx == n && (Y != 1 || d->sy == n)) {
          if (w > 2 && n <= 2) return rows_in_slots < T, w < 2 ? w : 2, Y > (d);
          if (w > 4 && n <= 4) return rows_in_slots < T, w < 4 ? w : 4, Y > (d);
          if (w > 8 && n <= 8) return rows_in_slots < T, w < 8 ? w : 8, Y > (d);
        }
      return rows_in_slots<T, w, Y>(d);
    case 2:
      return rows_of_vectors<T, 2, Y>(d);
    case 3:
      return rows_of_vectors<T, 3, Y>(d);
    case 4:
      return rows_of_vectors<T, 4, Y>(d);
    default:
      return rows_of_vectors<T, 0, Y>(d);
  }
}
