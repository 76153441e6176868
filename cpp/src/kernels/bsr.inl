// Micro-kernels of products with a block-sparse (BSR) matrix: register tiles that are kept over many blocks, and dots.

// Rows that 32 (16) registers allow beside the vectors of B and one splat: at most 24 (12) accumulators.
#if EINBLAS_VBYTES == 64 || defined(__aarch64__)
constexpr int bsr_most_rows(int vectors) { return vectors <= 2 ? 12 : vectors == 3 ? 8 : 6; }
#else
constexpr int bsr_most_rows(int vectors) { return vectors <= 2 ? 6 : vectors == 3 ? 3 : 2; }
#endif

// c[i][j] = alpha * sum over terms t, depth p of A_t[i, p] * B_t[p, j] + beta * c[i][j], i < MR,
// j < (NV - 1) * lanes + last, with A_t[i, p] = a[block_t * a_block + other_t * a_other + i * rs + p * cs] and B_t
// alike. Assumes: B and c have unit stride along j; 1 <= last <= lanes; beta = 0 does not read c. Nothing past `last`
// is touched. The additions to an element have the order of terms and depth, whatever the tile.
template <class T, int MR, int NV>
static void bsr_tile(const BsrTile<T>* s) {
  constexpr int w = lanes<T>::value, kBases = (MR + 2) / 3;
  const int64_t size = static_cast<int64_t>(sizeof(T)), row = s->rs * size, column = s->cs * size, next = s->ldb * size;
  const int64_t k = s->k;
  const int last = s->last;
  const bool whole = last == w;
  vec<T> acc[MR][NV];
#pragma GCC unroll 12
  for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) {
      acc[r][v] = vec<T>{};
      __builtin_prefetch(s->c + r * s->ldc + v * w, 1);
    }
  for (int64_t t = 0; t < s->count; ++t) {
    const BsrTerm term = s->terms[t];
    const char* a = reinterpret_cast<const char*>(s->a + term.block * s->a_block + term.other * s->a_other);
    const char* from = reinterpret_cast<const char*>(s->b + term.block * s->b_block + term.other * s->b_other);
    const BsrTerm later = s->terms[t < s->ahead ? t + s->count : t];
    const char* ahead =
        reinterpret_cast<const char*>(s->b + later.block * s->b_block + later.other * s->b_other + s->ahead_line);
    const char* base[kBases];
#pragma GCC unroll 12
    for (int g = 0; g < kBases; ++g) base[g] = a + 3 * g * row;
    for (int64_t p = 0; p < k; ++p) {
      __builtin_prefetch(ahead, 0, 2);
      ahead += next;
      vec<T> bv[NV];
#pragma GCC unroll 4
      for (int v = 0; v < NV - 1; ++v) bv[v] = load(reinterpret_cast<const T*>(from) + v * w);
      const T* tail = reinterpret_cast<const T*>(from) + (NV - 1) * w;
      bv[NV - 1] = whole ? load(tail) : load_n(tail, last);
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
  }
  const vec<T> scale = splat(s->alpha), old = splat(s->beta);
  const bool reads = s->beta != 0;
  T* out = s->c;
#pragma GCC unroll 12
  for (int r = 0; r < MR; ++r, out += s->ldc) {
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) {
      T* at = out + v * w;
      vec<T> x = scale * acc[r][v];
      if (v < NV - 1 || whole) {
        if (reads) x += old * load(at);
        store(at, x);
      } else {
        if (reads) x += old * load_n(at, last);
        store_n(at, x, last);
      }
    }
  }
}

template <class T>
using bsr_tile_fn = void (*)(const BsrTile<T>*);

// Tiles by vectors - 1 and rows - 1.
template <class T>
struct bsr_tiles {
  static constexpr bsr_tile_fn<T> of[4][12] = {
#if EINBLAS_VBYTES == 64 || defined(__aarch64__)
      {bsr_tile<T, 1, 1>, bsr_tile<T, 2, 1>, bsr_tile<T, 3, 1>, bsr_tile<T, 4, 1>, bsr_tile<T, 5, 1>, bsr_tile<T, 6, 1>,
       bsr_tile<T, 7, 1>, bsr_tile<T, 8, 1>, bsr_tile<T, 9, 1>, bsr_tile<T, 10, 1>, bsr_tile<T, 11, 1>,
       bsr_tile<T, 12, 1>},
      {bsr_tile<T, 1, 2>, bsr_tile<T, 2, 2>, bsr_tile<T, 3, 2>, bsr_tile<T, 4, 2>, bsr_tile<T, 5, 2>, bsr_tile<T, 6, 2>,
       bsr_tile<T, 7, 2>, bsr_tile<T, 8, 2>, bsr_tile<T, 9, 2>, bsr_tile<T, 10, 2>, bsr_tile<T, 11, 2>,
       bsr_tile<T, 12, 2>},
      {bsr_tile<T, 1, 3>, bsr_tile<T, 2, 3>, bsr_tile<T, 3, 3>, bsr_tile<T, 4, 3>, bsr_tile<T, 5, 3>, bsr_tile<T, 6, 3>,
       bsr_tile<T, 7, 3>, bsr_tile<T, 8, 3>},
      {bsr_tile<T, 1, 4>, bsr_tile<T, 2, 4>, bsr_tile<T, 3, 4>, bsr_tile<T, 4, 4>, bsr_tile<T, 5, 4>,
       bsr_tile<T, 6, 4>},
#else
      {bsr_tile<T, 1, 1>, bsr_tile<T, 2, 1>, bsr_tile<T, 3, 1>, bsr_tile<T, 4, 1>, bsr_tile<T, 5, 1>,
       bsr_tile<T, 6, 1>},
      {bsr_tile<T, 1, 2>, bsr_tile<T, 2, 2>, bsr_tile<T, 3, 2>, bsr_tile<T, 4, 2>, bsr_tile<T, 5, 2>,
       bsr_tile<T, 6, 2>},
      {bsr_tile<T, 1, 3>, bsr_tile<T, 2, 3>, bsr_tile<T, 3, 3>},
      {bsr_tile<T, 1, 4>, bsr_tile<T, 2, 4>},
#endif
  };
};

template <class T>
static void bsr_tile_any(int rows, int vectors, const BsrTile<T>* s) {
  bsr_tiles<T>::of[vectors - 1][rows - 1](s);
}

// sums[i * NX + j] = sum over terms t, depth p of W_t[i, p] * X_t[j, p], i < MR, j < NX, with
// W_t[i, p] = w[block_t * w_block + i * ldw + p] and X_t[j, p] = x[other_t * x_other + j * ldx + p].
// Assumes: unit strides along the depth. Vectors run along it and their lanes are added once, at the end.
template <class T, int MR, int NX>
EINBLAS_INLINE void bsr_dots_tile(const BsrDots<T>* s, const T* w0, T* sums) {
  constexpr int w = lanes<T>::value;
  const int64_t k = s->k, body = k / w * w;
  const int tail = static_cast<int>(k - body);
  vec<T> acc[MR][NX];
#pragma GCC unroll 4
  for (int i = 0; i < MR; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < NX; ++j) acc[i][j] = vec<T>{};
  for (int64_t t = 0; t < s->count; ++t) {
    const BsrTerm term = s->terms[t];
    const T* a = w0 + term.block * s->w_block;
    const T* x = s->x + term.other * s->x_other;
    for (int64_t p = 0; p < body; p += w) {
      vec<T> xv[NX];
#pragma GCC unroll 4
      for (int j = 0; j < NX; ++j) xv[j] = load(x + j * s->ldx + p);
#pragma GCC unroll 4
      for (int i = 0; i < MR; ++i) {
        const vec<T> av = load(a + i * s->ldw + p);
#pragma GCC unroll 4
        for (int j = 0; j < NX; ++j) acc[i][j] += av * xv[j];
      }
    }
    if (tail == 0) continue;
    vec<T> xv[NX];
#pragma GCC unroll 4
    for (int j = 0; j < NX; ++j) xv[j] = load_n(x + j * s->ldx + body, tail);
#pragma GCC unroll 4
    for (int i = 0; i < MR; ++i) {
      const vec<T> av = load_n(a + i * s->ldw + body, tail);
#pragma GCC unroll 4
      for (int j = 0; j < NX; ++j) acc[i][j] += av * xv[j];
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < MR; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < NX; ++j) sums[i * NX + j] = sum<T>(acc[i][j]);
}

template <class T, int NX>
static void bsr_dots_columns(const BsrDots<T>* s) {
  int64_t i = 0;
  for (; i + 4 <= s->rows; i += 4) bsr_dots_tile<T, 4, NX>(s, s->w + i * s->ldw, s->sums + i * NX);
  for (; i < s->rows; ++i) bsr_dots_tile<T, 1, NX>(s, s->w + i * s->ldw, s->sums + i * NX);
}

// All rows of one target block; columns 1..4.
template <class T>
static void bsr_dots(int columns, const BsrDots<T>* s) {
  switch (columns) {
    case 1:
      return bsr_dots_columns<T, 1>(s);
    case 2:
      return bsr_dots_columns<T, 2>(s);
    case 3:
      return bsr_dots_columns<T, 3>(s);
    default:
      return bsr_dots_columns<T, 4>(s);
  }
}
