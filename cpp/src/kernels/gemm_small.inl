// Micro-kernels of small and batched products: tiles straight from the operands, the batch loop inside the kernel.
//
// For each item q: c[q][r][j] = alpha * sum_p a[q][r * rs + p * cs] * b[q][p * ldb + j] + beta * c[q][r][j].
// Assumes: b and c have unit stride along j; beta = 0 does not read c. Neither operand is copied: a product of 4 x 4
// takes less time than packing it would. Tails of j are masked.

// 1 / H of a vector. Where vectors are worked on in halves, one that is half filled costs half.
#if EINBLAS_VBYTES == 64 && defined(__AVX512VL__)
#define EINBLAS_SHARES 4
#else
#define EINBLAS_SHARES 1
#endif
template <class T, int H>
struct share_of {
  typedef T type __attribute__((vector_size(EINBLAS_VBYTES / H)));
  typedef T unaligned __attribute__((vector_size(EINBLAS_VBYTES / H), aligned(sizeof(T)), may_alias));
};
template <class T, int H>
using share = typename share_of<T, H>::type;

template <class T, int H>
EINBLAS_INLINE share<T, H> load_share(const T* p) {
  return *reinterpret_cast<const typename share_of<T, H>::unaligned*>(p);
}
template <class T, int H>
EINBLAS_INLINE void store_share(T* p, share<T, H> v) {
  *reinterpret_cast<typename share_of<T, H>::unaligned*>(p) = v;
}
// First n lanes.
template <class T, int H>
EINBLAS_INLINE share<T, H> load_share_n(const T* p, int n) {
#if EINBLAS_SHARES > 1
  __mmask8 mask = (__mmask8)((1u << n) - 1u);
  __asm__("" : "+k"(mask));
  if constexpr (H == 2 && sizeof(T) == 4) return (share<T, H>)_mm256_maskz_loadu_ps(mask, p);
  if constexpr (H == 2 && sizeof(T) == 8) return (share<T, H>)_mm256_maskz_loadu_pd(mask, p);
  if constexpr (H == 4 && sizeof(T) == 4) return (share<T, H>)_mm_maskz_loadu_ps(mask, p);
  if constexpr (H == 4 && sizeof(T) == 8) return (share<T, H>)_mm_maskz_loadu_pd(mask, p);
#endif
  if constexpr (H == 1) return load_n(p, n);
}
template <class T, int H>
EINBLAS_INLINE void store_share_n(T* p, share<T, H> v, int n) {
#if EINBLAS_SHARES > 1
  const __mmask8 mask = (__mmask8)((1u << n) - 1u);
  if constexpr (H == 2 && sizeof(T) == 4) _mm256_mask_storeu_ps(p, mask, (__m256)v);
  if constexpr (H == 2 && sizeof(T) == 8) _mm256_mask_storeu_pd(p, mask, (__m256d)v);
  if constexpr (H == 4 && sizeof(T) == 4) _mm_mask_storeu_ps(p, mask, (__m128)v);
  if constexpr (H == 4 && sizeof(T) == 8) _mm_mask_storeu_pd(p, mask, (__m128d)v);
#endif
  if constexpr (H == 1) store_n(p, v, n);
}

// Lines of an item to come, of a, b and c: a tile asks for one of each beside every step of k, and all tiles for all;
// or for all of an item's lines, of a and b, before its first step.
struct SmallAhead {
  const char *a, *b, *c;  // of the first item's tile; null: not asked for
  int a_lines, b_lines;   // not 0: before the first step
  int64_t b_item;
};

template <class T, int H, int MR, int NV>
static void small_tile(const GemmSmall<T>* s, int64_t items, const T* a, const T* b, T* c, int last, SmallAhead ahead) {
  using V = share<T, H>;
  constexpr int w = lanes<T>::value / H, kBases = (MR + 2) / 3;
  const int64_t size = static_cast<int64_t>(sizeof(T)), row = s->rs * size, column = s->cs * size, next = s->ldb * size;
  const int64_t k = s->k, ldc = s->ldc;
  const V scale = s->alpha - V{}, old = s->beta - V{};
  const bool reads = s->beta != 0, past_caches = s->past_caches != 0, spill = s->spill != 0;
  const bool beside = ahead.a != nullptr && ahead.a_lines + ahead.b_lines == 0;
  for (int64_t q = 0; q < items; ++q) {
    V acc[MR][NV];
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) acc[r][v] = V{};
    const char* base[kBases];
#pragma GCC unroll 12
    for (int g = 0; g < kBases; ++g) base[g] = reinterpret_cast<const char*>(a) + 3 * g * row;
    const char* from = reinterpret_cast<const char*>(b);
    for (int l = 0; l < ahead.a_lines; ++l) __builtin_prefetch(ahead.a + 64 * l, 0, 2);
    for (int l = 0; l < ahead.b_lines; ++l) __builtin_prefetch(ahead.b + 64 * l, 0, 2);
    for (int64_t p = 0; p < k; ++p) {
      if (beside) {
        __builtin_prefetch(ahead.a + 64 * p, 0, 2);
        __builtin_prefetch(ahead.b + 64 * p, 0, 2);
        if (!past_caches) __builtin_prefetch(ahead.c + 64 * p, 1, 2);
      }
      V bv[NV];
#pragma GCC unroll 4
      for (int v = 0; v < NV - 1; ++v) bv[v] = load_share<T, H>(reinterpret_cast<const T*>(from) + v * w);
      bv[NV - 1] = load_share_n<T, H>(reinterpret_cast<const T*>(from) + (NV - 1) * w, last);
#pragma GCC unroll 12
      for (int r = 0; r < MR; ++r) {
        const V x = *reinterpret_cast<const T*>(base[r / 3] + r % 3 * row) - V{};
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
      for (int v = 0; v < NV; ++v) {
        V x = scale * acc[r][v];
        if (past_caches) {
          if constexpr (H == 1) stream(out + v * w, x);
        } else if (v < NV - 1 || spill) {
          if (reads) x = add_product(x, old, load_share<T, H>(out + v * w));
          store_share<T, H>(out + v * w, x);
        } else {
          if (reads) x = add_product(x, old, load_share_n<T, H>(out + v * w, last));
          store_share_n<T, H>(out + v * w, x, last);
        }
      }
    }
    a += s->a_item;
    b += s->b_item;
    c += s->c_item;
    if (ahead.a == nullptr) continue;
    ahead.a += s->a_item * size;
    ahead.b += ahead.b_item;
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
          small_tile<T, 1, 1, 1>,
          small_tile<T, 1, 2, 1>,
          small_tile<T, 1, 3, 1>,
          small_tile<T, 1, 4, 1>,
          small_tile<T, 1, 5, 1>,
          small_tile<T, 1, 6, 1>,
#if EINBLAS_GEMM_MR > 6
          small_tile<T, 1, 7, 1>,
          small_tile<T, 1, 8, 1>,
          small_tile<T, 1, 9, 1>,
          small_tile<T, 1, 10, 1>,
          small_tile<T, 1, 11, 1>,
          small_tile<T, 1, 12, 1>,
#endif
      },
      {
          small_tile<T, 1, 1, 2>,
          small_tile<T, 1, 2, 2>,
          small_tile<T, 1, 3, 2>,
          small_tile<T, 1, 4, 2>,
          small_tile<T, 1, 5, 2>,
          small_tile<T, 1, 6, 2>,
#if EINBLAS_GEMM_MR > 6
          small_tile<T, 1, 7, 2>,
          small_tile<T, 1, 8, 2>,
          small_tile<T, 1, 9, 2>,
          small_tile<T, 1, 10, 2>,
          small_tile<T, 1, 11, 2>,
          small_tile<T, 1, 12, 2>,
#endif
      },
#if EINBLAS_GEMM_VECTORS > 2
      {
          small_tile<T, 1, 1, 3>,
          small_tile<T, 1, 2, 3>,
          small_tile<T, 1, 3, 3>,
          small_tile<T, 1, 4, 3>,
          small_tile<T, 1, 5, 3>,
          small_tile<T, 1, 6, 3>,
          small_tile<T, 1, 7, 3>,
          small_tile<T, 1, 8, 3>,
      },
#endif
  };
};
#if EINBLAS_SHARES > 1
// Tiles of a share of a vector, by rows - 1.
template <class T, int H>
struct share_tiles {
  static constexpr small_tile_fn<T> of[12] = {
      small_tile<T, H, 1, 1>, small_tile<T, H, 2, 1>,  small_tile<T, H, 3, 1>,  small_tile<T, H, 4, 1>,
      small_tile<T, H, 5, 1>, small_tile<T, H, 6, 1>,  small_tile<T, H, 7, 1>,  small_tile<T, H, 8, 1>,
      small_tile<T, H, 9, 1>, small_tile<T, H, 10, 1>, small_tile<T, H, 11, 1>, small_tile<T, H, 12, 1>,
  };
};
#endif

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
      ahead.b_item = s->b_item * static_cast<int64_t>(sizeof(T));
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

// Elements of a group's products and of its packed b in gemm_batch.
template <class T>
constexpr int64_t small_batch() {
  return 16384 / static_cast<int64_t>(sizeof(T));
}

// to[q * to_stride + i] = from[i * from_stride + q], i < in, q < qn: a square of a share of a vector. Rows of `to` are
// written to the end of it.
template <class T, int H>
EINBLAS_INLINE void small_square(int in, int qn, T* to, int64_t to_stride, const T* from, int64_t from_stride) {
  constexpr int N = lanes<T>::value / H;
  share<T, H> v[N];
  if (in == N && qn == N) {
#pragma GCC unroll 16
    for (int r = 0; r < N; ++r, from += from_stride) v[r] = load_share<T, H>(from);
    transpose_lanes<share<T, H>, N, 16 / static_cast<int>(sizeof(T))>(v);
#pragma GCC unroll 16
    for (int r = 0; r < N; ++r, to += to_stride) store_share<T, H>(to, v[r]);
    return;
  }
#pragma GCC unroll 16
  for (int r = 0; r < N; ++r, from += from_stride) {
    v[r] = share<T, H>{};
    if (r < in) v[r] = load_share_n<T, H>(from, qn);
  }
  transpose_lanes<share<T, H>, N, 16 / static_cast<int>(sizeof(T))>(v);
#pragma GCC unroll 16
  for (int r = 0; r < N; ++r, to += to_stride) {
    if (r >= qn) break;
    store_share<T, H>(to, v[r]);
  }
}

template <class T>
struct SmallTranspose {
  int64_t count, from_step, to_step;  // blocks
  int64_t ni, nq, to_stride, from_stride;
};

template <class T, int H>
static void small_transpose(const SmallTranspose<T>& t, T* to, const T* from) {
  constexpr int N = lanes<T>::value / H;
  for (int64_t c = 0; c < t.count; ++c, to += t.to_step, from += t.from_step) {
    for (int64_t i = 0; i < t.ni; i += N) {
      const int in = t.ni - i < N ? static_cast<int>(t.ni - i) : N;
      for (int64_t q = 0; q < t.nq; q += N) {
        const int qn = t.nq - q < N ? static_cast<int>(t.nq - q) : N;
        small_square<T, H>(in, qn, to + q * t.to_stride + i, t.to_stride, from + i * t.from_stride + q, t.from_stride);
      }
    }
  }
}

// to[q][p * ldp + j] = b[q][p * ldb + j * b_lane] for the items of a group.
template <class T>
static void small_pack(const GemmSmall<T>* s, int64_t items, T* to, const T* b) {
  const int64_t item = s->k * s->ldp, least = s->n < s->k ? s->n : s->k;
  if (s->ldb == 1 || s->b_item == 1) {
    SmallTranspose<T> t = {items, s->b_item, item, s->n, s->k, s->ldp, s->b_lane};
    if (s->ldb != 1) t = {s->k, s->ldb, s->ldp, s->n, items, item, s->b_lane};  // unit stride along the items
    constexpr int w = lanes<T>::value, halves = EINBLAS_SHARES > 1 ? 2 : 1, quarters = EINBLAS_SHARES;
    if (halves > 1 && 4 * least <= w) return small_transpose<T, quarters>(t, to, b);
    if (halves > 1 && 2 * least <= w) return small_transpose<T, halves>(t, to, b);
    return small_transpose<T, 1>(t, to, b);
  }
  for (int64_t q = 0; q < items; ++q, b += s->b_item, to += item)
    for (int64_t p = 0; p < s->k; ++p)
      for (int64_t j = 0; j < s->n; ++j) to[p * s->ldp + j] = b[p * s->ldb + j * s->b_lane];
}

// Groups of items: b is transposed into L1 where its columns are apart; c is put together there where its items lie
// side by side, so that all but its ends is written as whole lines.
// Assumes: a group's packed b and its c have at most small_batch elements; share > 1: n has at most lanes / share.
template <class T>
static void gemm_batch(const GemmSmall<T>* s) {
  constexpr int w = lanes<T>::value;
  alignas(64) T packed[small_batch<T>() + w], stage[small_batch<T>() + 2 * w];
  const bool packs = s->b_lane != 1, stages = s->stages != 0;
  GemmSmall<T> t = *s;
  if (packs) {
    t.b_item = s->k * s->ldp;
    t.ldb = s->ldp;
  }
  if (stages) {
    t.c_item = s->m * s->n;
    t.ldc = s->n;
    t.beta = T{0};
    t.past_caches = 0;
  }
  const int64_t width = static_cast<int64_t>(s->vectors) * w;
  const T *a = s->a, *b = s->b;
  T* c = s->c;
  const bool alone = s->m <= s->rows && s->n <= width;  // one tile to an item
  int64_t held = 0;                                     // elements of c that are not yet written
  for (int64_t left = s->items; left > 0; left -= s->group) {
    const int64_t items = left < s->group ? left : s->group, apart = alone ? items : 1;
    if (packs) small_pack(s, items, packed, b);
    const T *ai = a, *bi = packs ? packed : b;
    const char* next = reinterpret_cast<const char*>(b + s->ahead * s->b_item);
    T* ci = stages ? stage + held : c;
    for (int64_t q = 0; q < items; q += apart) {
      SmallAhead ahead = {};
      if (s->ahead > 0) {
        ahead.a = reinterpret_cast<const char*>(ai + s->ahead * s->a_item);
        ahead.b = next;
        ahead.a_lines = s->a_lines;
        ahead.b_lines = s->b_lines;
        ahead.b_item = s->b_item * static_cast<int64_t>(sizeof(T));
        next += ahead.b_item;
      }
      for (int64_t j = 0; j < s->n; j += width) {
        const int64_t n = s->n - j < width ? s->n - j : width;
        const int vectors = static_cast<int>((n + w - 1) / w), last = static_cast<int>(n - (vectors - 1) * w);
        for (int64_t i = 0; i < s->m; i += s->rows) {
          const int64_t rows = s->m - i < s->rows ? s->m - i : s->rows;
          small_tile_fn<T> tile = small_tiles<T>::of[vectors - 1][rows - 1];
#if EINBLAS_SHARES > 1
          if (s->share == 2) tile = share_tiles<T, 2>::of[rows - 1];
          if (s->share == 4) tile = share_tiles<T, 4>::of[rows - 1];
#endif
          tile(&t, apart, ai + i * s->rs, bi + j, ci + i * t.ldc + j, last, ahead);
          ahead = {};
        }
      }
      ai += apart * s->a_item;
      bi += apart * t.b_item;
      ci += apart * t.c_item;
    }
    a += items * s->a_item;
    b += items * s->b_item;
    if (!stages) {
      c += items * s->c_item;
      continue;
    }
    held += items * t.c_item;
    if (left > items && held + s->group * t.c_item <= small_batch<T>() / 2) continue;
    const int64_t done = left > items ? held / w * w : held;
    gemm_write(c, stage, done, s->past_caches, s->beta);
    store(stage, load(stage + done));
    c += done;
    held -= done;
  }
  if (s->past_caches) stream_fence();
}
