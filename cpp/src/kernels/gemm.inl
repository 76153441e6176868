// Micro-kernels of the gemm: a register tile of MR rows and NV vectors.
//
// c[r][j] = alpha * sum_p a[r * rs + p * cs] * b[p * ldb + j] + beta * c[r][j], r < MR, j < (NV - 1) * lanes + last.
// Assumes: b has unit stride along j and whole vectors that may be read (lanes past `last` may hold anything); beta = 0
// does not read c. The additions over p have the same order in every tile shape, so bits do not depend on how C was
// cut.

// Rows by vectors: 24 accumulators with 32 registers (12 x 2, 8 x 3 or 6 x 4: 14, 11 or 10 loads feed 24 FMAs), 12 with
// 16 (6 x 2).
#if EINBLAS_VBYTES == 64 || defined(__aarch64__)
#define EINBLAS_GEMM_VECTORS 3
#define EINBLAS_GEMM_MR 12
constexpr int gemm_most_rows(int vectors) { return vectors == 4 ? 6 : vectors == 3 ? 8 : 12; }
#else
#define EINBLAS_GEMM_VECTORS 2
#define EINBLAS_GEMM_MR 6
constexpr int gemm_most_rows(int) { return 6; }
#endif

static_assert(EINBLAS_GEMM_MR <= kGemmMostRows, "drivers have room for the rows of a tile");

// Lanes [first, end) of a vector in memory.
#if EINBLAS_VBYTES == 64 && defined(__AVX512F__)
template <class T>
EINBLAS_INLINE vec<T> load_lanes(const T* p, int first, int end) {
  const unsigned mask = (1u << end) - (1u << first);
  if constexpr (sizeof(T) == 4) return (vec<T>)_mm512_maskz_loadu_ps((__mmask16)mask, p);
  return (vec<T>)_mm512_maskz_loadu_pd((__mmask8)mask, p);
}
template <class T>
EINBLAS_INLINE void store_lanes(T* p, vec<T> v, int first, int end) {
  const unsigned mask = (1u << end) - (1u << first);
  if constexpr (sizeof(T) == 4) {
    _mm512_mask_storeu_ps(p, (__mmask16)mask, (__m512)v);
  } else {
    _mm512_mask_storeu_pd(p, (__mmask8)mask, (__m512d)v);
  }
}
#else
template <class T>
EINBLAS_INLINE vec<T> load_lanes(const T* p, int first, int end) {
  vec<T> v{};
  for (int i = first; i < end; ++i) v[i] = p[i];
  return v;
}
template <class T>
EINBLAS_INLINE void store_lanes(T* p, vec<T> v, int first, int end) {
  T t[lanes<T>::value];
  memcpy(t, &v, sizeof v);
  for (int i = first; i < end; ++i) p[i] = t[i];
}
#endif

// A tile whose columns are pieces of vectors in C. t: rows of vectors, alpha in them.
template <class T>
static __attribute__((noinline)) void gemm_scatter(const vec<T>* t, int rows, int vectors, T* const* c,
                                                   const GemmColumns* columns, T beta) {
  const vec<T> old = splat(beta);
  for (int r = 0; r < rows; ++r) {
    for (int q = 0; q < columns->runs; ++q) {
      const GemmRun& run = columns->run[q];
      T* at = c[r] + run.offset;
      vec<T> x = t[r * vectors + run.vector];
      if (beta != 0) x = plus_product<T>(x, old, load_lanes(at, run.first, run.end));
      store_lanes(at, x, run.first, run.end);
    }
  }
}

// to[i] = from[i] + beta * to[i], i < count; lines that are written whole pass the caches if asked (beta = 0).
template <class T>
EINBLAS_INLINE void gemm_write(T* to, const T* from, int64_t count, int past_caches, T beta) {
  constexpr int w = lanes<T>::value;
  constexpr int64_t line = 64 / static_cast<int64_t>(sizeof(T));
  int64_t i = 0;
  if (past_caches != 0 && line == w) {
    int64_t head = static_cast<int64_t>(-(reinterpret_cast<uintptr_t>(to) / sizeof(T)) % line);
    if (head > count) head = count;
    if (head > 0) store_n(to, load(from), static_cast<int>(head));
    for (i = head; i + line <= count; i += line) stream(to + i, load(from + i));
  }
  const vec<T> old = splat(beta);
  for (; i + w <= count; i += w) {
    vec<T> x = load(from + i);
    if (beta != 0) x = plus_product<T>(x, old, load(to + i));
    store(to + i, x);
  }
  if (i < count) {
    const int n = static_cast<int>(count - i);
    vec<T> x = load(from + i);
    if (beta != 0) x = plus_product<T>(x, old, load_n(to + i, n));
    store_n(to + i, x, n);
  }
}

// The rows of a tile's runs from `stage`, where those of one run lie one after the other and the runs `apart` elements.
// One function for tiles of all shapes, of which AVX-512 has 228: in each its code was 0.8 KB. (Filling the stage from
// here too took 1.1 to 1.2 times as long.)
template <class T>
static __attribute__((noinline)) void gemm_write_blocks(const T* stage, int rows, int64_t apart, T* const* c,
                                                        const GemmColumns* columns, T beta) {
  const int64_t block = columns->block;
  for (int r = 0; r < rows;) {
    int end = r + 1;
    while (end < rows && c[end] == c[end - 1] + block) ++end;
    for (int q = 0; q < columns->runs; ++q)
      gemm_write(c[r] + columns->run[q].offset, stage + q * apart + r * block, (end - r) * block, columns->past_caches,
                 beta);
    r = end;
  }
}

// A tile of runs of equal lengths: each run's rows are put one after the other into L1, where a vector's lanes beyond
// its run are overwritten by the next row, and written as one wherever the rows of C follow each other. Runs of 24 F32
// in masked pieces of vectors: 31 % of P, padded to 32 46 %.
template <class T, int MR, int NV>
EINBLAS_INLINE void gemm_store_blocks(vec<T> (&acc)[MR][NV], T* const* c, const GemmColumns* columns, T alpha, T beta) {
  constexpr int w = lanes<T>::value;
  alignas(64) T stage[2 * MR * NV * w + 8 * w];
  const int64_t block = columns->block, apart = MR * block + w;
  const vec<T> s = splat(alpha);
#pragma GCC unroll 4
  for (int v = 0; v < NV; ++v) {
    const GemmPart part = columns->part[v];
    T* at = stage + part.run * apart + part.at;
    T* next = stage + (part.run + 1) * apart - part.split;
    if (part.split == w) {
#pragma GCC unroll 12
      for (int r = 0; r < MR; ++r) store(at + r * block, s * acc[r][v]);
    } else {
#pragma GCC unroll 12
      for (int r = 0; r < MR; ++r) {
        const vec<T> x = s * acc[r][v];
        store_lanes(at + r * block, x, 0, part.split);
        store_lanes(next + r * block, x, part.split, w);
      }
    }
  }
  gemm_write_blocks<T>(stage, MR, apart, c, columns, beta);
}

// Whether every vector of a tile is a line of memory: where C passes the caches all are or, in an unaligned C, none.
template <class T, int MR>
EINBLAS_INLINE bool gemm_lines(T* const* c, const GemmColumns* columns) {
  if (sizeof(vec<T>) != 64 || columns->last != lanes<T>::value) return false;
  uintptr_t bits = 0;
#pragma GCC unroll 12
  for (int r = 0; r < MR; ++r) bits |= reinterpret_cast<uintptr_t>(c[r] + columns->start);
  return bits % 64 == 0;
}

// A tile of one run.
template <class T, int MR, int NV, bool OLD>
EINBLAS_INLINE void gemm_store_run(vec<T> (&acc)[MR][NV], T* const* c, const GemmColumns* columns, T alpha, T beta) {
  constexpr int w = lanes<T>::value;
  const int last = columns->last;
  const vec<T> s = splat(alpha), old = splat(beta);
#pragma GCC unroll 12
  for (int r = 0; r < MR; ++r) {
    T* to = c[r] + columns->start;
#pragma GCC unroll 4
    for (int v = 0; v < NV - 1; ++v) {
      const vec<T> x = s * acc[r][v];
      store(to + v * w, OLD ? plus_product<T>(x, old, load(to + v * w)) : x);
    }
    to += (NV - 1) * w;
    const vec<T> x = s * acc[r][NV - 1];
    if (last == w) {
      store(to, OLD ? plus_product<T>(x, old, load(to)) : x);
    } else {
      store_n(to, OLD ? plus_product<T>(x, old, load_n(to, last)) : x, last);
    }
  }
}

template <class T, int MR, int NV>
EINBLAS_INLINE void gemm_store(vec<T> (&acc)[MR][NV], T* const* c, const GemmColumns* columns, T alpha, T beta) {
  constexpr int w = lanes<T>::value;
  if (columns->block != 0) return gemm_store_blocks<T, MR, NV>(acc, c, columns, alpha, beta);
  const vec<T> s = splat(alpha);
  if (columns->runs != 1) {
    vec<T> t[MR * NV];
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) t[r * NV + v] = s * acc[r][v];
    return gemm_scatter<T>(t, MR, NV, c, columns, beta);
  }
  if (columns->past_caches != 0 && gemm_lines<T, MR>(c, columns)) {
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) stream(c[r] + columns->start + v * w, s * acc[r][v]);
    return;
  }
  if (beta == 0) return gemm_store_run<T, MR, NV, false>(acc, c, columns, alpha, beta);
  gemm_store_run<T, MR, NV, true>(acc, c, columns, alpha, beta);
}

#if !defined(EINBLAS_GEMM_STEP)
#define EINBLAS_GEMM_STEP gemm_step
template <class V>
EINBLAS_INLINE V gemm_step(V sum, V x, V b) {
  return sum + x * b;
}
#endif

// acc += A B, by EINBLAS_GEMM_STEP. Every third row of A has a pointer; the two after it are reached by one and two
// strides, so that 12 rows need 5 registers.
template <class T, int MR, int NV, bool AHEAD>
EINBLAS_INLINE void gemm_accumulate(vec<T> (&acc)[MR][NV], int64_t k, const T* a, int64_t rs, int64_t cs, const T* b,
                                    int64_t ldb, const GemmAhead* ahead) {
  constexpr int w = lanes<T>::value, kBases = (MR + 2) / 3;
#pragma GCC unroll 12
  for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) acc[r][v] = vec<T>{};
  const int64_t size = static_cast<int64_t>(sizeof(T)), row = rs * size, column = cs * size, next = ldb * size;
  const char* base[kBases];
#pragma GCC unroll 12
  for (int g = 0; g < kBases; ++g) base[g] = reinterpret_cast<const char*>(a) + 3 * g * row;
  const char* from = reinterpret_cast<const char*>(b);
  const char* line = AHEAD ? ahead->at : nullptr;
  int left = static_cast<int>(64 / sizeof(T));
#pragma GCC unroll 2
  for (int64_t p = 0; p < k; ++p) {
    if (AHEAD) {
      __builtin_prefetch(line, 0, 2);
      __builtin_prefetch(line + ahead->second, 0, 2);
      line += ahead->by;
      if (--left == 0) {
        left = static_cast<int>(64 / sizeof(T));
        line += ahead->back;
      }
    }
    vec<T> bv[NV];
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) bv[v] = load(reinterpret_cast<const T*>(from) + v * w);
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r) {
      const vec<T> x = splat(*reinterpret_cast<const T*>(base[r / 3] + r % 3 * row));
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) acc[r][v] = EINBLAS_GEMM_STEP(acc[r][v], x, bv[v]);
    }
#pragma GCC unroll 12
    for (int g = 0; g < kBases; ++g) base[g] += column;
    from += next;
  }
}

template <class T, int MR, int NV, bool AHEAD>
static void gemm_tile(int64_t k, const T* a, int64_t rs, int64_t cs, const T* b, int64_t ldb, T* const* c,
                      const GemmColumns* columns, T alpha, T beta, const GemmAhead* ahead) {
  constexpr int w = lanes<T>::value;
  if (columns->runs == 1 && columns->past_caches == 0 && columns->block == 0) {
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) __builtin_prefetch(c[r] + columns->start + v * w, 1);
  }
  vec<T> acc[MR][NV];
  gemm_accumulate<T, MR, NV, AHEAD>(acc, k, a, rs, cs, b, ldb, ahead);
  gemm_store<T, MR, NV>(acc, c, columns, alpha, beta);
}

template <class T>
using gemm_tile_fn = void (*)(int64_t, const T*, int64_t, int64_t, const T*, int64_t, T* const*, const GemmColumns*, T,
                              T, const GemmAhead*);

// Tiles by vectors - 1 and rows - 1.
template <class T, bool AHEAD>
struct gemm_tiles {
  static constexpr gemm_tile_fn<T> of[4][12] = {
      {
          gemm_tile<T, 1, 1, AHEAD>,
          gemm_tile<T, 2, 1, AHEAD>,
          gemm_tile<T, 3, 1, AHEAD>,
          gemm_tile<T, 4, 1, AHEAD>,
          gemm_tile<T, 5, 1, AHEAD>,
          gemm_tile<T, 6, 1, AHEAD>,
#if EINBLAS_GEMM_MR > 6
          gemm_tile<T, 7, 1, AHEAD>,
          gemm_tile<T, 8, 1, AHEAD>,
          gemm_tile<T, 9, 1, AHEAD>,
          gemm_tile<T, 10, 1, AHEAD>,
          gemm_tile<T, 11, 1, AHEAD>,
          gemm_tile<T, 12, 1, AHEAD>,
#endif
      },
      {
          gemm_tile<T, 1, 2, AHEAD>,
          gemm_tile<T, 2, 2, AHEAD>,
          gemm_tile<T, 3, 2, AHEAD>,
          gemm_tile<T, 4, 2, AHEAD>,
          gemm_tile<T, 5, 2, AHEAD>,
          gemm_tile<T, 6, 2, AHEAD>,
#if EINBLAS_GEMM_MR > 6
          gemm_tile<T, 7, 2, AHEAD>,
          gemm_tile<T, 8, 2, AHEAD>,
          gemm_tile<T, 9, 2, AHEAD>,
          gemm_tile<T, 10, 2, AHEAD>,
          gemm_tile<T, 11, 2, AHEAD>,
          gemm_tile<T, 12, 2, AHEAD>,
#endif
      },
#if EINBLAS_GEMM_VECTORS > 2
      {
          gemm_tile<T, 1, 3, AHEAD>,
          gemm_tile<T, 2, 3, AHEAD>,
          gemm_tile<T, 3, 3, AHEAD>,
          gemm_tile<T, 4, 3, AHEAD>,
          gemm_tile<T, 5, 3, AHEAD>,
          gemm_tile<T, 6, 3, AHEAD>,
          gemm_tile<T, 7, 3, AHEAD>,
          gemm_tile<T, 8, 3, AHEAD>,
      },
      {
          gemm_tile<T, 1, 4, AHEAD>,
          gemm_tile<T, 2, 4, AHEAD>,
          gemm_tile<T, 3, 4, AHEAD>,
          gemm_tile<T, 4, 4, AHEAD>,
          gemm_tile<T, 5, 4, AHEAD>,
          gemm_tile<T, 6, 4, AHEAD>,
      },
#endif
  };
};

// Tiles of integers come once, for the sake of the library's size: beside a multiplication and an addition each, asking
// for a line that is there takes no time.
template <class T>
static void gemm_tile_any(int rows, int vectors, int64_t k, const T* a, int64_t rs, int64_t cs, const T* b, int64_t ldb,
                          T* const* c, const GemmColumns* columns, T alpha, T beta) {
  const GemmAhead here{reinterpret_cast<const char*>(a), 0, 0, 0};
  gemm_tiles<T, kWhole<T>>::of[vectors - 1][rows - 1](k, a, rs, cs, b, ldb, c, columns, alpha, beta, &here);
}

template <class T>
static void gemm_tile_ahead_any(int rows, int vectors, int64_t k, const T* a, int64_t rs, int64_t cs, const T* b,
                                int64_t ldb, T* const* c, const GemmColumns* columns, T alpha, T beta,
                                const GemmAhead* ahead) {
  gemm_tiles<T, true>::of[vectors - 1][rows - 1](k, a, rs, cs, b, ldb, c, columns, alpha, beta, ahead);
}
