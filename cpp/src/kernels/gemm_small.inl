// Micro-kernels of small and batched products: tiles straight from the operands, the batch loop inside the kernel.
//
// For each item q: c[q][r][j] = alpha * sum_p a[q][r * rs + p * cs] * b[q][p * ldb + j] + beta * c[q][r][j].
// Assumes: b and c have unit stride along j; beta = 0 does not read c. Neither operand is copied: a product of 4 x 4
// takes less time than packing it would. Tails of j are masked.

template <class T, int MR, int NV>
static void small_tile(const GemmSmall<T>* s, int64_t items, const T* a, const T* b, T* c, int last) {
  constexpr int w = lanes<T>::value, kBases = (MR + 2) / 3;
  const int64_t size = static_cast<int64_t>(sizeof(T)), row = s->rs * size, column = s->cs * size, next = s->ldb * size;
  const int64_t k = s->k, ldc = s->ldc;
  const vec<T> scale = splat(s->alpha), old = splat(s->beta);
  const bool reads = s->beta != 0;
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
        if (reads) x += old * load(out + v * w);
        store(out + v * w, x);
      }
      vec<T> x = scale * acc[r][NV - 1];
      if (reads) x += old * load_n(out + (NV - 1) * w, last);
      store_n(out + (NV - 1) * w, x, last);
    }
    a += s->a_item;
    b += s->b_item;
    c += s->c_item;
  }
}

template <class T>
using small_tile_fn = void (*)(const GemmSmall<T>*, int64_t, const T*, const T*, T*, int);

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
    for (int64_t j = 0; j < s->n; j += width) {
      const int64_t n = s->n - j < width ? s->n - j : width;
      const int vectors = static_cast<int>((n + w - 1) / w), last = static_cast<int>(n - (vectors - 1) * w);
      for (int64_t i = 0; i < s->m; i += s->rows) {
        const int64_t rows = s->m - i < s->rows ? s->m - i : s->rows;
        small_tiles<T>::of[vectors - 1][rows - 1](s, items, a + i * s->rs, b + j, c + i * s->ldc + j, last);
      }
    }
    a += items * s->a_item;
    b += items * s->b_item;
    c += items * s->c_item;
  }
}
