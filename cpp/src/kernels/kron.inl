// Micro-kernels of a Kronecker step: one factor applied along one axis of a tensor.
//
// y[to[p] + j * sy + l] = alpha * sum_i f[i, j] * x[from[p] + i * sx + l] + beta * y[...], i < k, j < q, over panels p
// and the elements l of a line at unit stride (kron_lines, kron_short), or over rows (kron_rows, kron_tiny): y[to[p] +
// r * sy + j] = alpha * sum_i f[i, j] * x[from[p] + r * sx + i] + beta * y[...]. Assumes: f packed as each function
// says; beta = 0 does not read y; x and y share nothing. The additions over i have one order in every tile.

// Rows of a result per tile: with 3 vectors 24 of 32 registers are sums, or 12 of 16.
#if EINBLAS_VBYTES == 64 || defined(__aarch64__)
#define EINBLAS_KRON_MR 8
#else
#define EINBLAS_KRON_MR 4
#endif
#define EINBLAS_KRON_NV 3
// Lines gathered on the stack: 128 of 3 vectors of 64 bytes are 24 KB, half of L1.
#define EINBLAS_KRON_GATHERED 128

template <class T>
EINBLAS_INLINE void kron_store(const KronStep<T>* s, T* at, vec<T> sum) {
  const vec<T> x = splat(s->alpha) * sum;
  if (s->past_caches) {
    stream(at, x);
  } else if (s->beta == 0) {
    store(at, x);
  } else {
    store(at, x + splat(s->beta) * load(at));
  }
}

// R rows of the result in NV vectors, each with a place of its own; `n` lanes of each when MASKED.
template <class T, int R, int NV, bool MASKED>
EINBLAS_INLINE void kron_tile(const KronStep<T>* s, const T* f, const T* const* x, T* const* y, int64_t j, int n) {
  vec<T> acc[R][NV];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) acc[r][v] = vec<T>{};
  const T* at[NV];
#pragma GCC unroll 4
  for (int v = 0; v < NV; ++v) at[v] = x[v];
  const int64_t k = s->k, sx = s->sx, sy = s->sy;
#pragma GCC unroll 2
  for (int64_t i = 0; i < k; ++i) {
    vec<T> xv[NV];
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) {
      xv[v] = MASKED ? load_n(at[v], n) : load(at[v]);
      at[v] += sx;
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const vec<T> c = splat(f[r]);
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) acc[r][v] += c * xv[v];
    }
    f += EINBLAS_KRON_MR;
  }
  const T alpha = s->alpha, beta = s->beta;
#pragma GCC unroll 4
  for (int v = 0; v < NV; ++v) {
    T* to = y[v] + j * sy;
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      if (MASKED) {
        vec<T> sum = splat(alpha) * acc[r][v];
        if (beta != 0) sum += splat(beta) * load_n(to, n);
        store_n(to, sum, n);
      } else {
        kron_store(s, to, acc[r][v]);
      }
      to += sy;
    }
  }
}

// All rows of the result in NV vectors. f: [q / MR][depth][MR].
template <class T, int NV, bool MASKED>
static void kron_columns(const KronStep<T>* s, const T* const* x, T* const* y, int n) {
  constexpr int MR = EINBLAS_KRON_MR;
  const T* f = s->f;
  int64_t j = 0;
  if (!MASKED && s->gathers && s->k <= EINBLAS_KRON_GATHERED) {
    // Lines a multiple of half a page apart share a few sets of L1: gathered once, not fetched again for each block of
    // f.
    constexpr int w = lanes<T>::value;
    T lines[EINBLAS_KRON_GATHERED * NV * w] __attribute__((aligned(64)));
    for (int64_t i = 0; i < s->k; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) store(lines + (i * NV + v) * w, load(x[v] + i * s->sx));
    const T* gathered[NV];
    for (int v = 0; v < NV; ++v) gathered[v] = lines + v * w;
    KronStep<T> near = *s;
    near.sx = NV * w;
    near.gathers = 0;
    return kron_columns<T, NV, MASKED>(&near, gathered, y, n);
  }
  for (; j + MR <= s->q; j += MR, f += MR * s->depth) kron_tile<T, MR, NV, MASKED>(s, f, x, y, j, n);
  switch (s->q - j) {
    case 1:
      return kron_tile<T, 1, NV, MASKED>(s, f, x, y, j, n);
    case 2:
      return kron_tile<T, 2, NV, MASKED>(s, f, x, y, j, n);
    case 3:
      return kron_tile<T, 3, NV, MASKED>(s, f, x, y, j, n);
#if EINBLAS_KRON_MR > 4
    case 4:
      return kron_tile<T, 4, NV, MASKED>(s, f, x, y, j, n);
    case 5:
      return kron_tile<T, 5, NV, MASKED>(s, f, x, y, j, n);
    case 6:
      return kron_tile<T, 6, NV, MASKED>(s, f, x, y, j, n);
    case 7:
      return kron_tile<T, 7, NV, MASKED>(s, f, x, y, j, n);
#endif
    default:
      return;
  }
}

// Lines of any length, each factor element broadcast; f: [q / MR][depth][MR], the last block padded.
template <class T>
static void kron_lines(const KronStep<T>* s) {
  constexpr int w = lanes<T>::value;
  const int64_t whole = s->line / w * w;
  const T* x[EINBLAS_KRON_NV];
  T* y[EINBLAS_KRON_NV];
  int n = 0;
  for (int64_t p = 0; p < s->panels; ++p) {
    for (int64_t l = 0; l < whole; l += w) {
      x[n] = s->x + s->from[p] + l;
      y[n] = s->y + s->to[p] + l;
      if (++n == EINBLAS_KRON_NV) {
        kron_columns<T, EINBLAS_KRON_NV, false>(s, x, y, w);
        n = 0;
      }
    }
  }
  if (n == 1) kron_columns<T, 1, false>(s, x, y, w);
  if (n == 2) kron_columns<T, 2, false>(s, x, y, w);
  if (s->past_caches) stream_fence();
  if (whole == s->line) return;
  for (int64_t p = 0; p < s->panels; ++p) {
    x[0] = s->x + s->from[p] + whole;
    y[0] = s->y + s->to[p] + whole;
    kron_columns<T, 1, true>(s, x, y, static_cast<int>(s->line - whole));
  }
}

// Lane l is lane l % L.
template <class T, int L, int... I>
EINBLAS_INLINE vec<T> repeat_lanes(vec<T> v, lane_list<I...>) {
  return __builtin_shufflevector(v, v, (I % L)...);
}

// L elements repeated over the lanes: in registers (halves put together in memory cost a store's way back).
template <class T, int L>
EINBLAS_INLINE vec<T> load_repeated(const T* p) {
  return repeat_lanes<T, L>(load_n(p, L), all_lanes<T>());
}

// V vectors of the results of B panels at once: 8 sums in flight hide an FMA's latency.
template <class T, int L, int V, int B>
EINBLAS_INLINE void short_tile(const KronStep<T>* s, int64_t p, int64_t v0, int64_t vectors) {
  constexpr int w = lanes<T>::value;
  vec<T> acc[B][V];
#pragma GCC unroll 8
  for (int b = 0; b < B; ++b)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) acc[b][v] = vec<T>{};
  const T* f = s->f + v0 * w;
  for (int64_t i = 0; i < s->k; ++i, f += vectors * w) {
    vec<T> xv[B];
#pragma GCC unroll 8
    for (int b = 0; b < B; ++b) xv[b] = load_repeated<T, L>(s->x + s->from[p + b] + i * s->sx);
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      const vec<T> c = load(f + v * w);
#pragma GCC unroll 8
      for (int b = 0; b < B; ++b) acc[b][v] += c * xv[b];
    }
  }
#pragma GCC unroll 8
  for (int b = 0; b < B; ++b)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) kron_store(s, s->y + s->to[p + b] + (v0 + v) * w, acc[b][v]);
}

template <class T, int L, int V, int B>
EINBLAS_INLINE void short_panels(const KronStep<T>* s, int64_t v0, int64_t vectors) {
  int64_t p = 0;
  for (; p + B <= s->panels; p += B) short_tile<T, L, V, B>(s, p, v0, vectors);
  for (; p < s->panels; ++p) short_tile<T, L, V, 1>(s, p, v0, vectors);
}

// Lines of L elements, less than a vector: a vector holds lines of several rows of the result, which lie one after the
// other (sy = L, q * L is whole vectors); the line of x is repeated over the lanes. f: [k][q * L] lanes.
template <class T, int L>
static void kron_short(const KronStep<T>* s) {
  const int64_t vectors = s->q * L / lanes<T>::value;
  int64_t v = 0;
  for (; v + 4 <= vectors; v += 4) short_panels<T, L, 4, 4>(s, v, vectors);
  for (; v + 2 <= vectors; v += 2) short_panels<T, L, 2, 4>(s, v, vectors);
  for (; v < vectors; ++v) short_panels<T, L, 1, 8>(s, v, vectors);
  if (s->past_caches) stream_fence();
}

// Rows whose k elements lie at unit stride, `line` rows per panel. f: [q / width][depth][width], width = vectors *
// lanes, the last panel padded.
template <class T>
static void kron_rows(const KronStep<T>* s) {
  constexpr int w = lanes<T>::value;
  const int64_t width = static_cast<int64_t>(s->vectors) * w;
  const int64_t most = gemm_most_rows(s->vectors);
  for (int64_t p = 0; p < s->panels; ++p) {
    const T* x = s->x + s->from[p];
    T* y = s->y + s->to[p];
    for (int64_t r = 0; r < s->line; r += most) {
      const int64_t rows = s->line - r < most ? s->line - r : most;
      const T* f = s->f;
      for (int64_t j = 0; j < s->q; j += width, f += width * s->depth) {
        const int64_t n = s->q - j < width ? s->q - j : width;
        const int vectors = static_cast<int>((n + w - 1) / w);
        GemmColumns columns{};
        columns.runs = 1;
        columns.last = static_cast<int32_t>(n - (vectors - 1) * w);
        T* c[EINBLAS_GEMM_MR];
        for (int64_t i = 0; i < rows; ++i) c[i] = y + (r + i) * s->sy + j;
        gemm_tiles<T, false>::of[vectors - 1][rows - 1](s->k, x + r * s->sx, s->sx, 1, f, width, c, &columns, s->alpha,
                                                        s->beta, nullptr);
      }
    }
  }
}

template <class T, int N, int V, int P>
EINBLAS_INLINE void tiny_factor(vec<T>* acc, const vec<T>* x, const T* f) {
  if constexpr (P < N) {
    const vec<T> row = load(f + P * lanes<T>::value);
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) acc[v] += splat_in_groups<T, N, P>(x[v], all_lanes<T>()) * row;
    tiny_factor<T, N, V, P + 1>(acc, x, f);
  }
}

// Rows of k = q = N elements side by side (sx = sy = N), several to a vector. f: [N][lanes], each row repeated.
template <class T, int N>
static void kron_tiny(const KronStep<T>* s) {
  constexpr int w = lanes<T>::value, V = 8;
  for (int64_t p = 0; p < s->panels; ++p) {
    const T* x = s->x + s->from[p];
    T* y = s->y + s->to[p];
    int64_t left = s->line * N;
    for (; left >= V * w; left -= V * w, x += V * w, y += V * w) {
      vec<T> xv[V], acc[V] = {};
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) xv[v] = load(x + v * w);
      tiny_factor<T, N, V, 0>(acc, xv, s->f);
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) kron_store(s, y + v * w, acc[v]);
    }
    for (; left > 0; left -= w, x += w, y += w) {
      const int n = left < w ? static_cast<int>(left) : w;
      vec<T> xv[1] = {load_n(x, n)}, acc[1] = {};
      tiny_factor<T, N, 1, 0>(acc, xv, s->f);
      vec<T> sum = splat(s->alpha) * acc[0];
      if (s->beta != 0) sum += splat(s->beta) * load_n(y, n);
      store_n(y, sum, n);
    }
  }
}

// The kernels for N elements, or null where they fill a vector.
template <class T, int N>
constexpr auto kron_tiny_of() -> void (*)(const KronStep<T>*) {
  if constexpr (N < lanes<T>::value) return kron_tiny<T, N>;
  return nullptr;
}
template <class T, int L>
constexpr auto kron_short_of() -> void (*)(const KronStep<T>*) {
  if constexpr (L < lanes<T>::value) return kron_short<T, L>;
  return nullptr;
}
