// Micro-kernels of the block-sparse products: rows and targets given by pointers, so that nothing is gathered.

// Rows: C_r[n] += alpha * sum_k A_r[k * a_stride] * B[k * ldb + n] for r < MR, n < (NV - 1) * lanes + last.
// Assumes: B and C have unit stride along n; 1 <= last <= lanes; C_r are distinct or r rows of one bucket of one
// target.
template <class T, int MR, int NV>
EINBLAS_INLINE void block_rows_tile(const T* const* a, int64_t a_stride, const T* b, int64_t ldb, T* const* c,
                                    int64_t k, int last, T alpha) {
  constexpr int w = lanes<T>::value;
  vec<T> acc[MR][NV];
#pragma GCC unroll 8
  for (int r = 0; r < MR; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v) acc[r][v] = vec<T>{};
  const bool whole = last == w;
  for (int64_t p = 0; p < k; ++p) {
    vec<T> bv[NV];
#pragma GCC unroll 8
    for (int v = 0; v < NV - 1; ++v) bv[v] = load(b + p * ldb + v * w);
    bv[NV - 1] = whole ? load(b + p * ldb + (NV - 1) * w) : load_n(b + p * ldb + (NV - 1) * w, last);
#pragma GCC unroll 8
    for (int r = 0; r < MR; ++r) {
      const vec<T> x = splat(a[r][p * a_stride]);
#pragma GCC unroll 8
      for (int v = 0; v < NV; ++v) acc[r][v] += x * bv[v];
    }
  }
  const vec<T> s = splat(alpha);
#pragma GCC unroll 8
  for (int r = 0; r < MR; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < NV - 1; ++v) store(c[r] + v * w, load(c[r] + v * w) + s * acc[r][v]);
    T* tail = c[r] + (NV - 1) * w;
    if (whole) {
      store(tail, load(tail) + s * acc[r][NV - 1]);
    } else {
      store_n(tail, load_n(tail, last) + s * acc[r][NV - 1], last);
    }
  }
}

template <class T, int NV>
EINBLAS_INLINE void block_rows_columns(int64_t rows, const T* const* a, int64_t a_stride, const T* b, int64_t ldb,
                                       T* const* c, int64_t k, int last, T alpha) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) block_rows_tile<T, 4, NV>(a + r, a_stride, b, ldb, c + r, k, last, alpha);
  switch (rows - r) {
    case 3:
      return block_rows_tile<T, 3, NV>(a + r, a_stride, b, ldb, c + r, k, last, alpha);
    case 2:
      return block_rows_tile<T, 2, NV>(a + r, a_stride, b, ldb, c + r, k, last, alpha);
    case 1:
      return block_rows_tile<T, 1, NV>(a + r, a_stride, b, ldb, c + r, k, last, alpha);
    default:
      return;
  }
}

// All rows and columns of one block. A row whose target repeats (the same C_r twice) must come in another call.
template <class T>
static void block_rows(int64_t rows, const T* const* a, int64_t a_stride, const T* b, int64_t ldb, T* const* c,
                       int64_t n, int64_t k, T alpha) {
  constexpr int w = lanes<T>::value;
  constexpr int kRowsAtOnce = 64;
  T* shifted[kRowsAtOnce];
  for (int64_t r0 = 0; r0 < rows; r0 += kRowsAtOnce) {
    const int64_t rn = rows - r0 < kRowsAtOnce ? rows - r0 : kRowsAtOnce;
    for (int64_t n0 = 0; n0 < n; n0 += 4 * w) {
      const int64_t left = n - n0 < 4 * w ? n - n0 : 4 * w;
      const int vectors = static_cast<int>((left + w - 1) / w);
      const int last = static_cast<int>(left - static_cast<int64_t>(vectors - 1) * w);
      for (int64_t r = 0; r < rn; ++r) shifted[r] = c[r0 + r] + n0;
      switch (vectors) {
        case 4:
          block_rows_columns<T, 4>(rn, a + r0, a_stride, b + n0, ldb, shifted, k, last, alpha);
          break;
        case 3:
          block_rows_columns<T, 3>(rn, a + r0, a_stride, b + n0, ldb, shifted, k, last, alpha);
          break;
        case 2:
          block_rows_columns<T, 2>(rn, a + r0, a_stride, b + n0, ldb, shifted, k, last, alpha);
          break;
        default:
          block_rows_columns<T, 1>(rn, a + r0, a_stride, b + n0, ldb, shifted, k, last, alpha);
          break;
      }
    }
  }
}

// Target: C[m * ldc + n] = beta * C + alpha * sum_r X_r[m * x_stride] * Y_r[n], r over one bucket. beta 0 does not
// read.
template <class T, int MR, int NV>
EINBLAS_INLINE void block_target_tile(int64_t terms, const T* const* x, int64_t x_offset, int64_t x_stride,
                                      const T* const* y, int64_t y_offset, T* c, int64_t ldc, int last, T alpha,
                                      T beta) {
  constexpr int w = lanes<T>::value;
  vec<T> acc[MR][NV];
#pragma GCC unroll 8
  for (int m = 0; m < MR; ++m)
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v) acc[m][v] = vec<T>{};
  const bool whole = last == w;
  for (int64_t r = 0; r < terms; ++r) {
    const T* yr = y[r] + y_offset;
    const T* xr = x[r] + x_offset;
    vec<T> yv[NV];
#pragma GCC unroll 8
    for (int v = 0; v < NV - 1; ++v) yv[v] = load(yr + v * w);
    yv[NV - 1] = whole ? load(yr + (NV - 1) * w) : load_n(yr + (NV - 1) * w, last);
#pragma GCC unroll 8
    for (int m = 0; m < MR; ++m) {
      const vec<T> xm = splat(xr[m * x_stride]);
#pragma GCC unroll 8
      for (int v = 0; v < NV; ++v) acc[m][v] += xm * yv[v];
    }
  }
  const vec<T> s = splat(alpha), old = splat(beta);
#pragma GCC unroll 8
  for (int m = 0; m < MR; ++m) {
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v) {
      T* at = c + m * ldc + v * w;
      const int n = v == NV - 1 ? last : w;
      vec<T> result = s * acc[m][v];
      if (beta != 0) result += old * (n == w ? load(at) : load_n(at, n));
      if (n == w) {
        store(at, result);
      } else {
        store_n(at, result, n);
      }
    }
  }
}

template <class T, int NV>
EINBLAS_INLINE void block_target_columns(int64_t terms, const T* const* x, int64_t x_stride, const T* const* y,
                                         int64_t n0, T* c, int64_t ldc, int64_t m, int last, T alpha, T beta) {
  int64_t i = 0;
  for (; i + 4 <= m; i += 4)
    block_target_tile<T, 4, NV>(terms, x, i * x_stride, x_stride, y, n0, c + i * ldc + n0, ldc, last, alpha, beta);
  for (; i < m; ++i)
    block_target_tile<T, 1, NV>(terms, x, i * x_stride, x_stride, y, n0, c + i * ldc + n0, ldc, last, alpha, beta);
}

template <class T>
static void block_target(int64_t terms, const T* const* x, int64_t x_stride, const T* const* y, T* c, int64_t ldc,
                         int64_t m, int64_t n, T alpha, T beta) {
  constexpr int w = lanes<T>::value;
  for (int64_t n0 = 0; n0 < n; n0 += 4 * w) {
    const int64_t left = n - n0 < 4 * w ? n - n0 : 4 * w;
    const int vectors = static_cast<int>((left + w - 1) / w);
    const int last = static_cast<int>(left - static_cast<int64_t>(vectors - 1) * w);
    switch (vectors) {
      case 4:
        block_target_columns<T, 4>(terms, x, x_stride, y, n0, c, ldc, m, last, alpha, beta);
        break;
      case 3:
        block_target_columns<T, 3>(terms, x, x_stride, y, n0, c, ldc, m, last, alpha, beta);
        break;
      case 2:
        block_target_columns<T, 2>(terms, x, x_stride, y, n0, c, ldc, m, last, alpha, beta);
        break;
      default:
        block_target_columns<T, 1>(terms, x, x_stride, y, n0, c, ldc, m, last, alpha, beta);
        break;
    }
  }
}

// Dots: C_r[j * c_stride] += alpha * sum_k A_r[k] * B[j * ldb + k] for r < MR, j < 4: B has unit stride along k instead
// (a permuted weight view), so vectors run along k and the lanes are summed at the end.
template <class T, int MR, int NJ>
EINBLAS_INLINE void block_dots_tile(const T* const* a, const T* b, int64_t ldb, T* const* c, int64_t c_offset,
                                    int64_t k, T alpha) {
  constexpr int w = lanes<T>::value;
  vec<T> acc[MR][NJ];
#pragma GCC unroll 8
  for (int r = 0; r < MR; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < NJ; ++j) acc[r][j] = vec<T>{};
  int64_t p = 0;
  for (; p + w <= k; p += w) {
    vec<T> bv[NJ];
#pragma GCC unroll 8
    for (int j = 0; j < NJ; ++j) bv[j] = load(b + j * ldb + p);
#pragma GCC unroll 8
    for (int r = 0; r < MR; ++r) {
      const vec<T> x = load(a[r] + p);
#pragma GCC unroll 8
      for (int j = 0; j < NJ; ++j) acc[r][j] += x * bv[j];
    }
  }
  if (p < k) {
    const int n = static_cast<int>(k - p);
#pragma GCC unroll 8
    for (int r = 0; r < MR; ++r) {
      const vec<T> x = load_n(a[r] + p, n);
#pragma GCC unroll 8
      for (int j = 0; j < NJ; ++j) acc[r][j] += x * load_n(b + j * ldb + p, n);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < MR; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < NJ; ++j) c[r][c_offset + j] += alpha * sum<T>(acc[r][j]);
}

template <class T, int MR>
EINBLAS_INLINE void block_dots_rows(const T* const* a, const T* b, int64_t ldb, T* const* c, int64_t n, int64_t k,
                                    T alpha) {
  int64_t j = 0;
  for (; j + 4 <= n; j += 4) block_dots_tile<T, MR, 4>(a, b + j * ldb, ldb, c, j, k, alpha);
  for (; j < n; ++j) block_dots_tile<T, MR, 1>(a, b + j * ldb, ldb, c, j, k, alpha);
}

// Assumes: A_r have unit stride along k, C_r along n.
template <class T>
static void block_dots(int64_t rows, const T* const* a, const T* b, int64_t ldb, T* const* c, int64_t n, int64_t k,
                       T alpha) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) block_dots_rows<T, 4>(a + r, b, ldb, c + r, n, k, alpha);
  for (; r + 2 <= rows; r += 2) block_dots_rows<T, 2>(a + r, b, ldb, c + r, n, k, alpha);
  for (; r < rows; ++r) block_dots_rows<T, 1>(a + r, b, ldb, c + r, n, k, alpha);
}
