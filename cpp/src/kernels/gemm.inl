// Micro-kernels of the gemm: a register tile of MR rows and NV vectors, from packed or strided operands.
//
// c[r][0..n) = alpha * sum_p A[r, p] * B[p, 0..n) + beta * c[r][0..n), r < MR, n = (NV - 1) * lanes + last.
// Assumes: B and c have unit stride along n, 1 <= last <= lanes; beta = 0 does not read c. The order of additions over
// p is the same for every tile shape, so a result's bits do not depend on how the output was cut.

// Rows of the tile: with 32 registers 12 x 2 accumulators, 2 of B and a broadcast; with 16 registers 6 x 2.
#if EINBLAS_VBYTES == 64 || defined(__aarch64__)
#define EINBLAS_GEMM_MR 12
#else
#define EINBLAS_GEMM_MR 6
#endif
// Strided A needs a pointer per row: 8 fit the general registers.
#define EINBLAS_GEMM_DIRECT_MR (EINBLAS_GEMM_MR < 8 ? EINBLAS_GEMM_MR : 8)

template <class T, int MR, int NV>
EINBLAS_INLINE void gemm_store(vec<T> (&acc)[MR][NV], T* const* c, int last, T alpha, T beta) {
  constexpr int w = lanes<T>::value;
  const vec<T> s = splat(alpha), old = splat(beta);
#pragma GCC unroll 12
  for (int r = 0; r < MR; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) {
      T* at = c[r] + v * w;
      vec<T> x = s * acc[r][v];
      if (v < NV - 1 || last == w) {
        if (beta != 0) x += old * load(at);
        store(at, x);
      } else {
        if (beta != 0) x += old * load_n(at, last);
        store_n(at, x, last);
      }
    }
  }
}

// A packed: a[p * MR + r]. B packed: rows of NV whole vectors, ldb apart.
template <class T, int MR, int NV>
static void gemm_packed_tile(int64_t k, const T* a, const T* b, int64_t ldb, T* const* c, int last, T alpha, T beta) {
  constexpr int w = lanes<T>::value;
  vec<T> acc[MR][NV];
#pragma GCC unroll 12
  for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) acc[r][v] = vec<T>{};
#pragma GCC unroll 4
  for (int64_t p = 0; p < k; ++p) {
    vec<T> bv[NV];
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) bv[v] = load(b + v * w);
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r) {
      const vec<T> x = splat(a[r]);
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) acc[r][v] += x * bv[v];
    }
    a += MR;
    b += ldb;
  }
  gemm_store<T, MR, NV>(acc, c, last, alpha, beta);
}

// A strided: a[r * rs + p * cs]. B strided: the last vector is loaded under a mask.
template <class T, int MR, int NV>
static void gemm_direct_tile(int64_t k, const T* a, int64_t rs, int64_t cs, const T* b, int64_t ldb, T* const* c,
                             int last, T alpha, T beta) {
  constexpr int w = lanes<T>::value;
  vec<T> acc[MR][NV];
  const T* row[MR];
#pragma GCC unroll 12
  for (int r = 0; r < MR; ++r) {
    row[r] = a + r * rs;
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) acc[r][v] = vec<T>{};
  }
  const bool whole = last == w;
  for (int64_t p = 0; p < k; ++p) {
    vec<T> bv[NV];
#pragma GCC unroll 4
    for (int v = 0; v < NV - 1; ++v) bv[v] = load(b + v * w);
    bv[NV - 1] = whole ? load(b + (NV - 1) * w) : load_n(b + (NV - 1) * w, last);
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r) {
      const vec<T> x = splat(row[r][p * cs]);
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) acc[r][v] += x * bv[v];
    }
    b += ldb;
  }
  gemm_store<T, MR, NV>(acc, c, last, alpha, beta);
}

template <class T>
using gemm_packed_fn = void (*)(int64_t, const T*, const T*, int64_t, T* const*, int, T, T);
template <class T>
using gemm_direct_fn = void (*)(int64_t, const T*, int64_t, int64_t, const T*, int64_t, T* const*, int, T, T);

// Tiles by rows - 1 and vectors - 1.
template <class T>
struct gemm_tiles {
  static constexpr gemm_packed_fn<T> packed[12][2] = {
      {gemm_packed_tile<T, 1, 1>, gemm_packed_tile<T, 1, 2>},
      {gemm_packed_tile<T, 2, 1>, gemm_packed_tile<T, 2, 2>},
      {gemm_packed_tile<T, 3, 1>, gemm_packed_tile<T, 3, 2>},
      {gemm_packed_tile<T, 4, 1>, gemm_packed_tile<T, 4, 2>},
      {gemm_packed_tile<T, 5, 1>, gemm_packed_tile<T, 5, 2>},
      {gemm_packed_tile<T, 6, 1>, gemm_packed_tile<T, 6, 2>},
#if EINBLAS_GEMM_MR > 6
      {gemm_packed_tile<T, 7, 1>, gemm_packed_tile<T, 7, 2>},
      {gemm_packed_tile<T, 8, 1>, gemm_packed_tile<T, 8, 2>},
      {gemm_packed_tile<T, 9, 1>, gemm_packed_tile<T, 9, 2>},
      {gemm_packed_tile<T, 10, 1>, gemm_packed_tile<T, 10, 2>},
      {gemm_packed_tile<T, 11, 1>, gemm_packed_tile<T, 11, 2>},
      {gemm_packed_tile<T, 12, 1>, gemm_packed_tile<T, 12, 2>},
#endif
  };
  static constexpr gemm_direct_fn<T> direct[8][2] = {
      {gemm_direct_tile<T, 1, 1>, gemm_direct_tile<T, 1, 2>}, {gemm_direct_tile<T, 2, 1>, gemm_direct_tile<T, 2, 2>},
      {gemm_direct_tile<T, 3, 1>, gemm_direct_tile<T, 3, 2>}, {gemm_direct_tile<T, 4, 1>, gemm_direct_tile<T, 4, 2>},
      {gemm_direct_tile<T, 5, 1>, gemm_direct_tile<T, 5, 2>}, {gemm_direct_tile<T, 6, 1>, gemm_direct_tile<T, 6, 2>},
#if EINBLAS_GEMM_MR > 6
      {gemm_direct_tile<T, 7, 1>, gemm_direct_tile<T, 7, 2>}, {gemm_direct_tile<T, 8, 1>, gemm_direct_tile<T, 8, 2>},
#endif
  };
};

template <class T>
static void gemm_packed(int rows, int vectors, int64_t k, const T* a, const T* b, int64_t ldb, T* const* c, int last,
                        T alpha, T beta) {
  gemm_tiles<T>::packed[rows - 1][vectors - 1](k, a, b, ldb, c, last, alpha, beta);
}

template <class T>
static void gemm_direct(int rows, int vectors, int64_t k, const T* a, int64_t rs, int64_t cs, const T* b, int64_t ldb,
                        T* const* c, int last, T alpha, T beta) {
  gemm_tiles<T>::direct[rows - 1][vectors - 1](k, a, rs, cs, b, ldb, c, last, alpha, beta);
}

// Packs a panel: to[p * width + i] = from[i_offset[i] + p_offset[p]] for i < n, zeros up to width.
// i runs along the panel's vectors (rows of A, columns of B).
template <class T>
static void pack_panel(T* EINBLAS_RESTRICT to, int width, int n, int64_t k, const T* from, const int64_t* i_offset,
                       const int64_t* p_offset, int i_contiguous, int p_contiguous) {
  constexpr int w = lanes<T>::value;
  if (i_contiguous) {
    const T* base = from + i_offset[0];
    for (int64_t p = 0; p < k; ++p) {
      const T* row = base + p_offset[p];
      T* out = to + p * width;
      int i = 0;
      for (; i + w <= n; i += w) store(out + i, load(row + i));
      if (i < n) store_n(out + i, load_n(row + i, n - i), n - i);
      for (i = n; i < width; ++i) out[i] = 0;
    }
    return;
  }
  if (p_contiguous) {
    // Columns of `to` come from contiguous runs. Blocks of 16 p keep the written lines in L1.
    for (int64_t p0 = 0; p0 < k; p0 += 16) {
      const int64_t pn = k - p0 < 16 ? k - p0 : 16;
      int i = 0;
      for (; i + 4 <= n; i += 4) {
        const T* r0 = from + i_offset[i] + p_offset[p0];
        const T* r1 = from + i_offset[i + 1] + p_offset[p0];
        const T* r2 = from + i_offset[i + 2] + p_offset[p0];
        const T* r3 = from + i_offset[i + 3] + p_offset[p0];
        T* out = to + p0 * width + i;
        for (int64_t p = 0; p < pn; ++p) {
          out[p * width] = r0[p];
          out[p * width + 1] = r1[p];
          out[p * width + 2] = r2[p];
          out[p * width + 3] = r3[p];
        }
      }
      for (; i < n; ++i) {
        const T* r0 = from + i_offset[i] + p_offset[p0];
        for (int64_t p = 0; p < pn; ++p) to[(p0 + p) * width + i] = r0[p];
      }
      for (i = n; i < width; ++i)
        for (int64_t p = 0; p < pn; ++p) to[(p0 + p) * width + i] = 0;
    }
    return;
  }
  for (int64_t p = 0; p < k; ++p) {
    const T* row = from + p_offset[p];
    T* out = to + p * width;
    for (int i = 0; i < n; ++i) out[i] = row[i_offset[i]];
    for (int i = n; i < width; ++i) out[i] = 0;
  }
}
