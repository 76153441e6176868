// Micro-kernels of products so small that a vector or two holds an item: lanes are picked out of vectors, not loaded
// one by one.

#if EINBLAS_SHARES > 1
template <class V, class T>
EINBLAS_INLINE V look_up(V x, const T* index) {
  const __m512i from = _mm512_load_si512(index);
  if constexpr (sizeof(T) == 4) return (V)_mm512_maskz_permutexvar_ps(0xffff, from, (__m512)x);
  return (V)_mm512_maskz_permutexvar_pd(0xff, from, (__m512d)x);
}
template <class V, class T>
EINBLAS_INLINE V look_up(V x, V y, const T* index) {
  const __m512i from = _mm512_load_si512(index);
  if constexpr (sizeof(T) == 4) return (V)_mm512_maskz_permutex2var_ps(0xffff, (__m512)x, from, (__m512)y);
  return (V)_mm512_maskz_permutex2var_pd(0xff, (__m512d)x, from, (__m512d)y);
}

// The first `count` elements, at most NV vectors.
template <class T, int NV>
EINBLAS_INLINE void load_items(vec<T>* v, const T* from, int64_t count) {
  constexpr int w = lanes<T>::value;
  if constexpr (NV == 1) {
    v[0] = load_n(from, static_cast<int>(count));
  } else {
    v[0] = load_n(from, static_cast<int>(count < w ? count : w));
    v[1] = load_n(from + w, static_cast<int>(count < w ? 0 : count - w));
  }
}

// Items of at most NV vectors each, `group` of them at a time, in any order of their elements: step p multiplies, for
// each element of c, what the indices of p pick out of the vectors of a and b.
// Assumes: items side by side (a_item, b_item = 0: one for all); c's elements side by side.
template <class T, int NV>
static void gemm_look_up(const GemmSmall<T>* s) {
  constexpr int w = lanes<T>::value;
  alignas(64) T stage[small_batch<T>() + 2 * w];
  const vec<T> scale = splat(s->alpha);
  const int64_t a_one = s->m * s->k, b_one = s->n * s->k, c_one = s->m * s->n, k = s->k, group = s->group;
  const bool a_moves = s->a_item != 0, b_moves = s->b_item != 0;
  const int64_t chunk = small_batch<T>() / 2 / (w * group * c_one) * (w * group);  // items, whole lines of c
  const T *a = s->a, *b = s->b;
  T* c = s->c;
  for (int64_t left = s->items; left > 0; left -= chunk) {
    const int64_t items = left < chunk ? left : chunk;
    T* to = stage;
    for (int64_t q = 0; q < items; q += group, to += group * c_one) {
      const int64_t now = items - q < group ? items - q : group;
      vec<T> av[NV], bv[NV], acc[NV] = {};
      load_items<T, NV>(av, a, a_moves ? now * a_one : a_one);
      load_items<T, NV>(bv, b, b_moves ? now * b_one : b_one);
      __builtin_prefetch(a + 4096 / sizeof(T));
      __builtin_prefetch(b + 4096 / sizeof(T));
      if (NV == 2) {
        __builtin_prefetch(a + 4096 / sizeof(T) + w);
        __builtin_prefetch(b + 4096 / sizeof(T) + w);
      }
      const T* index = s->index;
      for (int64_t p = 0; p < k; ++p, index += 2 * NV * w) {
#pragma GCC unroll 2
        for (int v = 0; v < NV; ++v) {
          if constexpr (NV == 1) {
            acc[v] += look_up(av[0], index) * look_up(bv[0], index + w);
          } else {
            acc[v] += look_up(av[0], av[1], index + 2 * v * w) * look_up(bv[0], bv[1], index + (2 * v + 1) * w);
          }
        }
      }
#pragma GCC unroll 2
      for (int v = 0; v < NV; ++v) store(to + v * w, scale * acc[v]);
      if (a_moves) a += now * a_one;
      if (b_moves) b += now * b_one;
    }
    gemm_write(c, stage, items * c_one, s->past_caches, s->beta);
    c += items * c_one;
  }
  if (s->past_caches) stream_fence();
}
#endif

// Lane L of the result is lane L / N * N + P: element P of each group of N.
template <class T, int N, int P, int... L>
EINBLAS_INLINE vec<T> splat_in_groups(vec<T> v, lane_list<L...>) {
  return __builtin_shufflevector(v, v, (L / N * N + P)...);
}
// Lane L is lane L / S * S + P * N + L % N: row P of each S elements, repeated.
template <class T, int N, int S, int P, int... L>
EINBLAS_INLINE vec<T> repeat_row(vec<T> v, lane_list<L...>) {
  return __builtin_shufflevector(v, v, (L / S * S + P * N + L % N)...);
}

// Rows P and following of N x N products: acc[v] += A[:, P] B[P, :], a row of B repeated over the rows in a vector.
template <class T, int N, int V, int P>
EINBLAS_INLINE void tiny_rows(vec<T>* acc, const vec<T>* a, const vec<T>* b) {
  if constexpr (P < N) {
    constexpr int w = lanes<T>::value, size = N * N;
    vec<T> row;  // one vector holds whole items (size <= w), or some rows of one
    if constexpr (size > w) {
      row = repeat_row<T, N, w, P * N % w / N>(b[P * N / w], all_lanes<T>());
    } else {
      row = repeat_row<T, N, size, P>(b[0], all_lanes<T>());
    }
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) acc[v] += splat_in_groups<T, N, P>(a[v], all_lanes<T>()) * row;
    tiny_rows<T, N, V, P + 1>(acc, a, b);
  }
}

// Square products of order N < lanes, items side by side: a vector of c covers the same rows as that of a.
template <class T, int N>
static void gemm_tiny(const GemmSmall<T>* s) {
  constexpr int w = lanes<T>::value, size = N * N, V = size > w ? size / w : 1, step = V * w;
  const vec<T> scale = splat(s->alpha), old = splat(s->beta);
  const bool reads = s->beta != 0, past_caches = s->past_caches != 0;
  const T *a = s->a, *b = s->b;
  T* c = s->c;
  int64_t left = s->items * size;  // elements
  for (; left >= step; left -= step, a += step, b += step, c += step) {
    vec<T> av[V], bv[V], acc[V] = {};
    __builtin_prefetch(a + 2048 / sizeof(T));
    __builtin_prefetch(b + 2048 / sizeof(T));
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      av[v] = load(a + v * w);
      bv[v] = load(b + v * w);
    }
    tiny_rows<T, N, V, 0>(acc, av, bv);
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      vec<T> x = scale * acc[v];
      if (reads) x = plus_product<T>(x, old, load(c + v * w));
      if (past_caches) {
        stream(c + v * w, x);
      } else {
        store(c + v * w, x);
      }
    }
  }
  if (past_caches) stream_fence();
  if constexpr (size < w) {  // items that do not fill a vector
    if (left == 0) return;
    const int n = static_cast<int>(left);
    vec<T> av[1] = {load_n(a, n)}, bv[1] = {load_n(b, n)}, acc[1] = {};
    tiny_rows<T, N, 1, 0>(acc, av, bv);
    vec<T> x = scale * acc[0];
    if (reads) x = plus_product<T>(x, old, load_n(c, n));
    store_n(c, x, n);
  }
}

// The kernel for an order, or null where a row fills a vector.
template <class T, int N>
constexpr auto gemm_tiny_of() -> void (*)(const GemmSmall<T>*) {
  if constexpr (N < lanes<T>::value && N * N / lanes<T>::value <= 4) return gemm_tiny<T, N>;
  return nullptr;
}
