// Micro-kernels of small and batched products: tiles straight from the operands, the batch loop inside the kernel.
//
// For each item q: c[q][r][j] = alpha * sum_p a[q][r * rs + p * cs] * b[q][p * ldb + j] + beta * c[q][r][j].
// Assumes: b and c have unit stride along j; beta = 0 does not read c. Neither operand is copied: a product of 4 x 4
// takes less time than packing it would. Tails of j are masked.

// Lines of an item to come, of a, b and c: a tile asks for one of each beside every step of k, and all tiles for all.
struct SmallAhead {
  const char *a, *b, *c;  // of the first item's tile; null: not asked for
};

template <class T, int MR, int NV>
static void small_tile(const GemmSmall<T>* s, int64_t items, const T* a, const T* b, T* c, int last, SmallAhead ahead) {
  constexpr int w = lanes<T>::value, kBases = (MR + 2) / 3;
  const int64_t size = static_cast<int64_t>(sizeof(T)), row = s->rs * size, column = s->cs * size, next = s->ldb * size;
  const int64_t k = s->k, ldc = s->ldc;
  const vec<T> scale = splat(s->alpha), old = splat(s->beta);
  const bool reads = s->beta != 0, past_caches = s->past_caches != 0;
  for (int64_t q = 0; q < items; ++q) {
    vec<T> acc[MR][NV];
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) acc[r][v] = vec<T>{};
    const char* base[kBases];
#pragma GCC unroll 12
    for (int g = 0; g < kBases; ++g) base[g] = reinterpret_cast<const char*>(a) + 3 * g * row;
    const char* from = reinterpret_cast<const char*>(b);
    for (int64_t p = 0; p < k; ++p) {
      if (ahead.a != nullptr) {
        __builtin_prefetch(ahead.a + 64 * p, 0, 2);
        __builtin_prefetch(ahead.b + 64 * p, 0, 2);
        if (!past_caches) __builtin_prefetch(ahead.c + 64 * p, 1, 2);
      }
      vec<T> bv[NV];
#pragma GCC unroll 4
      for (int v = 0; v < NV - 1; ++v) bv[v] = load(reinterpret_cast<const T*>(from) + v * w);
      bv[NV - 1] = load_n(reinterpret_cast<const T*>(from) + (NV - 1) * w, last);
#pragma GCC unroll 12
      for (int r = 0; r < MR; ++r) {
        const vec<T> x = splat(*reinterpret_cast<const T*>(base[r / 3] + r % 3 * row));
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) acc[r][v] += x * bv[v];
      }
#pragma GCC unroll 12
      for (int g = 0; g < kBases; ++g) base[g] += column;
      from += next;
    }
    T* out = c;
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r, out += ldc) {
#pragma GCC unroll 4
      for (int v = 0; v < NV - 1; ++v) {
        vec<T> x = scale * acc[r][v];
        if (reads) x = plus_product<T>(x, old, load(out + v * w));
        if (past_caches) {
          stream(out + v * w, x);
        } else {
          store(out + v * w, x);
        }
      }
      vec<T> x = scale * acc[r][NV - 1];
      if (past_caches) {
        stream(out + (NV - 1) * w, x);
        continue;
      }
      if (reads) x = plus_product<T>(x, old, load_n(out + (NV - 1) * w, last));
      store_n(out + (NV - 1) * w, x, last);
    }
    a += s->a_item;
    b += s->b_item;
    c += s->c_item;
    if (ahead.a == nullptr) continue;
    ahead.a += s->a_item * size;
    ahead.b += s->b_item * size;
    ahead.c += s->c_item * size;
  }
}

template <class T>
using small_tile_fn = void (*)(const GemmSmall<T>*, int64_t, const T*, const T*, T*, int, SmallAhead);

// Tiles by vectors - 1 and rows - 1.
template <class T>
struct small_tiles {
  static constexpr small_tile_fn<T> of[3][12] = {
      {
          small_tile<T, 1, 1>,
          small_tile<T, 2, 1>,
          small_tile<T, 3, 1>,
          small_tile<T, 4, 1>,
          small_tile<T, 5, 1>,
          small_tile<T, 6, 1>,
#if EINBLAS_GEMM_MR > 6
          small_tile<T, 7, 1>,
          small_tile<T, 8, 1>,
          small_tile<T, 9, 1>,
          small_tile<T, 10, 1>,
          small_tile<T, 11, 1>,
          small_tile<T, 12, 1>,
#endif
      },
      {
          small_tile<T, 1, 2>,
          small_tile<T, 2, 2>,
          small_tile<T, 3, 2>,
          small_tile<T, 4, 2>,
          small_tile<T, 5, 2>,
          small_tile<T, 6, 2>,
#if EINBLAS_GEMM_MR > 6
          small_tile<T, 7, 2>,
          small_tile<T, 8, 2>,
          small_tile<T, 9, 2>,
          small_tile<T, 10, 2>,
          small_tile<T, 11, 2>,
          small_tile<T, 12, 2>,
#endif
      },
#if EINBLAS_GEMM_VECTORS > 2
      {
          small_tile<T, 1, 3>,
          small_tile<T, 2, 3>,
          small_tile<T, 3, 3>,
          small_tile<T, 4, 3>,
          small_tile<T, 5, 3>,
          small_tile<T, 6, 3>,
          small_tile<T, 7, 3>,
          small_tile<T, 8, 3>,
      },
#endif
  };
};

// All items, `group` of them at a time (together they fit L1), tile by tile: columns in panels of `vectors`, rows cut
// evenly.
template <class T>
static void gemm_small(const GemmSmall<T>* s) {
  constexpr int w = lanes<T>::value;
  const int64_t width = static_cast<int64_t>(s->vectors) * w;
  const T *a = s->a, *b = s->b;
  T* c = s->c;
  for (int64_t left = s->items; left > 0; left -= s->group) {
    const int64_t items = left < s->group ? left : s->group;
    SmallAhead ahead = {};
    if (s->ahead > 0) {
      ahead.a = reinterpret_cast<const char*>(a + s->ahead * s->a_item);
      ahead.b = reinterpret_cast<const char*>(b + s->ahead * s->b_item);
      ahead.c = reinterpret_cast<const char*>(c + s->ahead * s->c_item);
    }
    for (int64_t j = 0; j < s->n; j += width) {
      const int64_t n = s->n - j < width ? s->n - j : width;
      const int vectors = static_cast<int>((n + w - 1) / w), last = static_cast<int>(n - (vectors - 1) * w);
      for (int64_t i = 0; i < s->m; i += s->rows) {
        const int64_t rows = s->m - i < s->rows ? s->m - i : s->rows;
        small_tiles<T>::of[vectors - 1][rows - 1](s, items, a + i * s->rs, b + j, c + i * s->ldc + j, last, ahead);
        if (s->ahead > 0) {
          ahead.a += 64 * s->k;
          ahead.b += 64 * s->k;
          ahead.c += 64 * s->k;
        }
      }
    }
    a += items * s->a_item;
    b += items * s->b_item;
    c += items * s->c_item;
  }
  if (s->past_caches) stream_fence();
}

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
