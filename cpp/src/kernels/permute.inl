// Micro-kernels of the permutation: planes whose two unit strides lie on different axes, transposed in registers.

template <int... I>
struct lane_list {};
template <int N, int... I>
struct lane_count : lane_count<N - 1, N - 1, I...> {};
template <int... I>
struct lane_count<0, I...> {
  typedef lane_list<I...> type;
};
template <class T>
using all_lanes = typename lane_count<lanes<T>::value>::type;

// Swaps the off-diagonal blocks of H lanes of two rows that stand H apart.
template <class V, int H, int... L>
EINBLAS_INLINE void swap_blocks(V& x, V& y, lane_list<L...>) {
  constexpr int w = sizeof...(L);
  const V upper = __builtin_shufflevector(x, y, ((L & H) == 0 ? L : w + L - H)...);
  y = __builtin_shufflevector(x, y, ((L & H) == 0 ? L + H : w + L)...);
  x = upper;
}

template <class T, int ROWS, int H>
EINBLAS_INLINE void transpose_stage(vec<T>* v) {
#pragma GCC unroll 16
  for (int r = 0; r < ROWS; ++r)
    if ((r & H) == 0) swap_blocks<vec<T>, H>(v[r], v[r + H], all_lanes<T>());
}

// Transposes each square of N x N lanes of N vectors, by halves. Assumes: N a power of two, at most lanes.
template <class T, int N>
EINBLAS_INLINE void transpose_blocks(vec<T>* v) {
  if (N >= 16) transpose_stage<T, N, (N >= 16 ? 8 : 0)>(v);
  if (N >= 8) transpose_stage<T, N, (N >= 8 ? 4 : 0)>(v);
  if (N >= 4) transpose_stage<T, N, (N >= 4 ? 2 : 0)>(v);
  if (N >= 2) transpose_stage<T, N, (N >= 2 ? 1 : 0)>(v);
}

// Transposes a square of lanes x lanes elements in registers.
template <class T>
EINBLAS_INLINE void transpose_square(vec<T>* v) {
  transpose_blocks<T, lanes<T>::value>(v);
}

// Lane g * P + j of the result is lane g * N + j of v, and 0 where N <= j < P; groups of N become groups of P.
template <class T, int N, int P, int... L>
EINBLAS_INLINE vec<T> widen_groups(vec<T> v, lane_list<L...>) {
  constexpr int w = lanes<T>::value;
  return __builtin_shufflevector(v, vec<T>{}, (L % P < N ? L / P * N + L % P : w)...);
}
// The other way round; lanes beyond the groups are of no meaning.
template <class T, int N, int P, int... L>
EINBLAS_INLINE vec<T> narrow_groups(vec<T> v, lane_list<L...>) {
  constexpr int w = lanes<T>::value;
  return __builtin_shufflevector(v, v, (L / N * P + L % N < w ? L / N * P + L % N : 0)...);
}
// Lane m * G + g of the result is lane g * P + m of v (G = lanes / P).
template <class T, int P, int... L>
EINBLAS_INLINE vec<T> groups_to_lanes(vec<T> v, lane_list<L...>) {
  constexpr int g = lanes<T>::value / P;
  return __builtin_shufflevector(v, v, (L % g * P + L / g)...);
}

// Rows of N elements that lie one after the other: to[q * to_stride + i] = alpha * from[i * N + q], i < ni, q < N.
// Takes lanes rows at a time; returns the rows done.
template <class T, int N>
EINBLAS_INLINE int64_t split_rows(int64_t ni, T* to, int64_t to_stride, const T* from, T alpha) {
  constexpr int w = lanes<T>::value, P = N == 2 ? 2 : 4, G = w / P;
  const vec<T> s = splat(alpha);
  int64_t i = 0;
  for (; i + w <= ni; i += w) {
    vec<T> v[P];
#pragma GCC unroll 4
    for (int m = 0; m < P; ++m) {
      const T* source = from + (i + m * G) * N;
      v[m] = N == P ? load(source) : widen_groups<T, N, P>(load_n(source, N * G), all_lanes<T>());
    }
    transpose_blocks<T, P>(v);
#pragma GCC unroll 4
    for (int q = 0; q < N; ++q) store(to + q * to_stride + i, s * groups_to_lanes<T, P>(v[q], all_lanes<T>()));
  }
  return i;
}

// The reverse: to[q * N + i] = alpha * from[i * from_stride + q], i < N, q < nq. Returns the q done.
template <class T, int N>
EINBLAS_INLINE int64_t join_rows(int64_t nq, T* to, const T* from, int64_t from_stride, T alpha) {
  constexpr int w = lanes<T>::value, P = N == 2 ? 2 : 4, G = w / P;
  const vec<T> s = splat(alpha);
  int64_t q = 0;
  for (; q + w <= nq; q += w) {
    vec<T> v[P];
#pragma GCC unroll 4
    for (int i = 0; i < P; ++i)
      v[i] = i < N ? groups_to_lanes<T, G>(load(from + i * from_stride + q), all_lanes<T>()) : vec<T>{};
    transpose_blocks<T, P>(v);
#pragma GCC unroll 4
    for (int m = 0; m < P; ++m) {
      T* target = to + (q + m * G) * N;
      if (N == P) {
        store(target, s * v[m]);
      } else {
        store_n(target, s * narrow_groups<T, N, P>(v[m], all_lanes<T>()), N * G);
      }
    }
  }
  return q;
}

// A block of at most N x N elements: in rows of qn elements become qn rows of in.
template <class T, int N>
EINBLAS_INLINE void transpose_block(int in, int qn, T* to, int64_t to_stride, const T* from, int64_t from_stride,
                                    vec<T> s, T beta, bool past_caches) {
  constexpr int w = lanes<T>::value;
  vec<T> v[N];
  if (N == w && in == N && qn == N) {
#pragma GCC unroll 16
    for (int r = 0; r < N; ++r) v[r] = load(from + r * from_stride);
  } else {
#pragma GCC unroll 16
    for (int r = 0; r < N; ++r) v[r] = r < in ? load_n(from + r * from_stride, qn) : vec<T>{};
  }
  transpose_blocks<T, N>(v);
  if (N == w && in == N && qn == N && beta == 0) {
    if (past_caches) {
#pragma GCC unroll 16
      for (int r = 0; r < N; ++r) stream(to + r * to_stride, s * v[r]);
      return;
    }
#pragma GCC unroll 16
    for (int r = 0; r < N; ++r) store(to + r * to_stride, s * v[r]);
    return;
  }
#pragma GCC unroll 16
  for (int r = 0; r < N; ++r) {
    if (r >= qn) break;
    vec<T> x = s * v[r];
    if (beta != 0) x = plus_product<T>(x, splat(beta), load_n(to + r * to_stride, in));
    store_n(to + r * to_stride, x, in);
  }
}

// ahead: where the next plane begins, whose lines are asked for block by block, or null. past_caches: whole blocks are
// written with non-temporal stores; their rows then begin on a vector's alignment.
template <class T, int N>
static void transpose_plane(int64_t ni, int64_t nq, T* to, int64_t to_stride, const T* from, int64_t from_stride,
                            T alpha, T beta, const T* ahead, bool past_caches) {
  const vec<T> s = splat(alpha);
  for (int64_t q = 0; q < nq; q += N) {
    const int qn = nq - q < N ? static_cast<int>(nq - q) : N;
    for (int64_t i = 0; i < ni; i += N) {
      const int in = ni - i < N ? static_cast<int>(ni - i) : N;
      if (ahead != nullptr)
        for (int r = 0; r < in; ++r) __builtin_prefetch(ahead + (i + r) * from_stride + q, 0, 2);
      transpose_block<T, N>(in, qn, to + q * to_stride + i, to_stride, from + i * from_stride + q, from_stride, s, beta,
                            past_caches);
    }
  }
  if (past_caches) stream_fence();
}

// to[q * to_stride + i] = alpha * from[i * from_stride + q] + beta * to[...], i < ni, q < nq.
template <class T>
static void transpose_tile(int64_t ni, int64_t nq, T* to, int64_t to_stride, const T* from, int64_t from_stride,
                           T alpha, T beta, const T* ahead, bool past_caches) {
  constexpr int w = lanes<T>::value;
  if constexpr (w >= 4) {  // two to four elements side by side: joined and split with few shuffles
    if (beta == 0 && nq >= 2 && nq <= 4 && from_stride == nq) {
      const int64_t done = nq == 2   ? split_rows<T, 2>(ni, to, to_stride, from, alpha)
                           : nq == 3 ? split_rows<T, 3>(ni, to, to_stride, from, alpha)
                                     : split_rows<T, 4>(ni, to, to_stride, from, alpha);
      if (done == ni) return;
      ni -= done;
      to += done;
      from += done * from_stride;
    } else if (beta == 0 && ni >= 2 && ni <= 4 && to_stride == ni) {
      const int64_t done = ni == 2   ? join_rows<T, 2>(nq, to, from, from_stride, alpha)
                           : ni == 3 ? join_rows<T, 3>(nq, to, from, from_stride, alpha)
                                     : join_rows<T, 4>(nq, to, from, from_stride, alpha);
      if (done == nq) return;
      nq -= done;
      to += done * to_stride;
      from += done;
    }
  }
  const int64_t shorter = ni < nq ? ni : nq;
  if (w >= 16 && shorter <= 4)
    return transpose_plane<T, (w >= 16 ? 4 : w)>(ni, nq, to, to_stride, from, from_stride, alpha, beta, ahead,
                                                 past_caches);
  if (w >= 8 && shorter <= w / 2)
    return transpose_plane<T, (w >= 8 ? w / 2 : w)>(ni, nq, to, to_stride, from, from_stride, alpha, beta, ahead,
                                                    past_caches);
  transpose_plane<T, w>(ni, nq, to, to_stride, from, from_stride, alpha, beta, ahead, past_caches);
}

// Within each quarter: elements of x and y in turn, of their first halves or of their second.
template <class T, int HALF, int... L>
EINBLAS_INLINE vec<T> zip_quarters(vec<T> x, vec<T> y, lane_list<L...>) {
  constexpr int w = lanes<T>::value, g = quarter<T>::value;
  return __builtin_shufflevector(x, y, (L / g * g + HALF * (g / 2) + L % g / 2 + L % 2 * w)...);
}
// Within each quarter of four: halves of x and y, the first or the second.
template <class T, int HALF, int... L>
EINBLAS_INLINE vec<T> halves_of_quarters(vec<T> x, vec<T> y, lane_list<L...>) {
  constexpr int w = lanes<T>::value;
  return __builtin_shufflevector(x, y, (L / 4 * 4 + HALF * 2 + L % 2 + L / 2 % 2 * w)...);
}

// Vector g + j: elements g + j of all rows. v[g .. g + quarter): rows j, j + quarter, ... have their elements g and on
// in the quarters of vector g + j.
template <class T>
EINBLAS_INLINE void transpose_quarters(vec<T>* v) {
  const auto all = all_lanes<T>();
  if constexpr (quarter<T>::value == 2) {
    const vec<T> x = v[0], y = v[1];
    v[0] = zip_quarters<T, 0>(x, y, all);
    v[1] = zip_quarters<T, 1>(x, y, all);
  } else {
    const vec<T> a = zip_quarters<T, 0>(v[0], v[1], all), b = zip_quarters<T, 1>(v[0], v[1], all);
    const vec<T> c = zip_quarters<T, 0>(v[2], v[3], all), d = zip_quarters<T, 1>(v[2], v[3], all);
    v[0] = halves_of_quarters<T, 0>(a, c, all);
    v[1] = halves_of_quarters<T, 1>(a, c, all);
    v[2] = halves_of_quarters<T, 0>(b, d, all);
    v[3] = halves_of_quarters<T, 1>(b, d, all);
  }
}

// A square of lanes x lanes elements whose rows begin at from + offset[r].
template <class T>
EINBLAS_INLINE void load_transposed(vec<T>* v, const T* from, const int64_t* offset) {
  constexpr int w = lanes<T>::value, g = quarter<T>::value, k = quarter<T>::count;
#pragma GCC unroll 4
  for (int j = 0; j < g; ++j) {
    const T* row[k];
#pragma GCC unroll 4
    for (int l = 0; l < k; ++l) row[l] = from + offset[l * g + j];
#pragma GCC unroll 8
    for (int q = 0; q < w; q += g) {
      v[q + j] = load_quarters<T>(row);
#pragma GCC unroll 4
      for (int l = 0; l < k; ++l) row[l] += g;
    }
  }
#pragma GCC unroll 8
  for (int q = 0; q < w; q += g) transpose_quarters<T>(v + q);
}

// The same of `in` rows of qn elements; vectors from qn on and lanes from `in` on are of no meaning.
template <class T>
static inline __attribute__((noinline)) void load_transposed_n(vec<T>* v, const T* from, const int64_t* offset, int in,
                                                               int qn) {
  constexpr int w = lanes<T>::value, g = quarter<T>::value, k = quarter<T>::count;
  for (int q = 0; q < w; q += g) {
    if (q >= qn) return;
    for (int j = 0; j < g; ++j) {
      const T* row[k];
      for (int l = 0; l < k; ++l) row[l] = from + offset[l * g + j < in ? l * g + j : 0] + q;
      v[q + j] = q + g <= qn ? load_quarters<T>(row) : load_quarters_n<T>(row, qn - q);
    }
    transpose_quarters<T>(v + q);
  }
}

// Lines are asked for where the last of a vector's elements lie: the first were asked for one vector before.
template <class T>
EINBLAS_INLINE void ask_rows(const TransposeRows<T>* t, int64_t q, int64_t i) {
  constexpr int w = lanes<T>::value;
  if (t->ahead == nullptr) return;
  const T* at = t->ahead + q + w - 1;
  const int64_t end = i + w < t->ahead_rows ? i + w : t->ahead_rows;
  for (int64_t r = i; r < end; ++r) __builtin_prefetch(at + t->ahead_offset[r], 0, 2);
}

#if EINBLAS_VBYTES == 64 && defined(__AVX512F__)
// Rows q to q + qn, at most lanes of them, past the caches: each vector is joined with what the one before left of its
// line.
template <class T>
static void transpose_past_caches(const TransposeRows<T>* t, int64_t q, int qn) {
  constexpr int w = lanes<T>::value;
  const vec<T> s = splat(t->alpha);
  T* line[w];
  int ahead[w];  // elements of the line that lie before the row
  __m512i pick[w];
  bool aligned = true;
  for (int r = 0; r < w; ++r) {
    T* row = t->to + t->to_offset[q + (r < qn ? r : 0)];
    ahead[r] = static_cast<int>(reinterpret_cast<uintptr_t>(row) % EINBLAS_VBYTES / sizeof(T));
    line[r] = row - ahead[r];
    pick[r] = lanes_from<T>(w - ahead[r]);
    aligned &= ahead[r] == 0;
  }
  T* carry = t->carry + q * w;
  for (int64_t i = 0; i < t->ni; i += w) {
    ask_rows(t, q, i);
    const int in = t->ni - i < w ? static_cast<int>(t->ni - i) : w;
    const bool first = t->first != 0 && i == 0, last = t->last != 0 && i + in == t->ni;
    vec<T> v[w];
    const T* from = t->from + q;
    if (in == w && qn == w && (aligned || !(first || last))) {
      load_transposed(v, from, t->from_offset + i);
      if (aligned) {
#pragma GCC unroll 16
        for (int r = 0; r < w; ++r) stream(line[r] + i, s * v[r]);
        continue;
      }
#pragma GCC unroll 16
      for (int r = 0; r < w; ++r) {
        const vec<T> x = s * v[r];
        const vec<T> whole = joined(*reinterpret_cast<const vec<T>*>(carry + r * w), pick[r], x);
        *reinterpret_cast<vec<T>*>(carry + r * w) = x;
        stream(line[r] + i, whole);
      }
      continue;
    }
    load_transposed_n(v, from, t->from_offset + i, in, qn);
    for (int r = 0; r < qn; ++r) {
      const vec<T> x = s * v[r];
      const int begin = first ? ahead[r] : 0, end = ahead[r] + in;
      const vec<T> before = first ? x : load(carry + r * w);
      const vec<T> whole = joined(before, pick[r], x);
      store(carry + r * w, x);
      if (begin == 0 && end >= w) {
        stream(line[r] + i, whole);
      } else {
        store_between(line[r] + i, whole, begin, end < w ? end : w);
      }
      if (last && end > w) store_between(line[r] + i + w, joined(x, pick[r], x), 0, end - w);
    }
  }
}
#endif

// to[to_offset[q] + i] = alpha * from[from_offset[i] + q] + beta * to[...], i < ni, q < nq.
template <class T>
static void transpose_rows(const TransposeRows<T>* t) {
  constexpr int w = lanes<T>::value;
#if EINBLAS_VBYTES == 64 && defined(__AVX512F__)
  if (t->carry != nullptr) {
    for (int64_t q = 0; q < t->nq; q += w) transpose_past_caches(t, q, t->nq - q < w ? static_cast<int>(t->nq - q) : w);
    return stream_fence();
  }
#endif
  const vec<T> s = splat(t->alpha), old = splat(t->beta);
  for (int64_t q = 0; q < t->nq; q += w) {
    const int qn = t->nq - q < w ? static_cast<int>(t->nq - q) : w;
    const T* from = t->from + q;
    T* row[w];
    for (int r = 0; r < w; ++r) row[r] = t->to + t->to_offset[q + (r < qn ? r : 0)];
    for (int64_t i = 0; i < t->ni; i += w) {
      ask_rows(t, q, i);
      const int in = t->ni - i < w ? static_cast<int>(t->ni - i) : w;
      vec<T> v[w];
      if (in == w && qn == w && t->beta == 0) {
        load_transposed(v, from, t->from_offset + i);
#pragma GCC unroll 16
        for (int r = 0; r < w; ++r) store(row[r] + i, s * v[r]);
        continue;
      }
      load_transposed_n(v, from, t->from_offset + i, in, qn);
      for (int r = 0; r < qn; ++r) {
        vec<T> x = s * v[r];
        if (t->beta != 0) x = plus_product<T>(x, old, load_n(row[r] + i, in));
        store_n(row[r] + i, x, in);
      }
    }
  }
}
