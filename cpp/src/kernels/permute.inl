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
