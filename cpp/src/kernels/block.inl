// Micro-kernels of the block-sparse products: rows and targets given by pointers, so that nothing is gathered.
//
// `ahead` is a block that a later call will read, laid out as this one: its lines are asked for row by row while this
// one is multiplied, because blocks are picked by indices that no hardware prefetcher can guess. Null: none.

// Rows per tile by vectors per row: 16 to 24 accumulators with 32 registers, 8 to 12 with 16.
#if EINBLAS_VBYTES == 64 || defined(__aarch64__)
constexpr int kBlockVectors = 4;
constexpr int block_most_rows(int vectors) { return vectors <= 2 ? 8 : 6; }
#else
constexpr int kBlockVectors = 3;
constexpr int block_most_rows(int vectors) { return vectors == 1 ? 8 : vectors == 2 ? 5 : 4; }
#endif

// Asks for the lines of NV vectors from p on.
template <class T, int NV>
EINBLAS_INLINE void ask_for(const T* p) {
#pragma GCC unroll 8
  for (int v = 0; v < NV; ++v)
    if (v * EINBLAS_VBYTES % 64 == 0) __builtin_prefetch(p + v * lanes<T>::value);
}

// The first n lanes of a vector, or all of it where that is known: a test at each use cost a third of the time.
template <class T, bool WHOLE>
EINBLAS_INLINE vec<T> load_last(const T* p, int n) {
  return WHOLE ? load(p) : load_n(p, n);
}
template <class T, bool WHOLE>
EINBLAS_INLINE void store_last(T* p, vec<T> v, int n) {
  if (WHOLE) {
    store(p, v);
  } else {
    store_n(p, v, n);
  }
}

// Rows: C_r[n] += alpha * sum_k A_r[k] * B[k * ldb + n] for r < MR, n < (NV - 1) * lanes + last.
// Few accumulators are split over k into up to 4 chains: an FMA takes 4 cycles and two begin in each. ALIKE: one chain
// whatever MR is, so that a row has the same bits in each tile.
// Assumes: A, B and C have unit stride along k, n and n; 1 <= last <= lanes.
template <class T, int MR, int NV, bool WHOLE, bool ALIKE>
EINBLAS_INLINE void block_rows_tile(const T* const* a, const T* b, int64_t ldb, T* const* c, int64_t n0, int64_t k,
                                    int last, T alpha, const T* ahead) {
  constexpr int w = lanes<T>::value, chains = ALIKE ? 1 : MR * NV <= 2 ? 4 : MR * NV <= 4 ? 2 : 1;
  vec<T> acc[chains][MR][NV];
#pragma GCC unroll 4
  for (int u = 0; u < chains; ++u)
#pragma GCC unroll 8
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) acc[u][r][v] = vec<T>{};
  for (int64_t p0 = 0; p0 < k; p0 += chains) {
#pragma GCC unroll 4
    for (int u = 0; u < chains; ++u) {
      const int64_t p = p0 + u;
      if (chains > 1 && p >= k) break;
      if (ahead != nullptr) ask_for<T, NV>(ahead + p * ldb);
      vec<T> bv[NV];
#pragma GCC unroll 4
      for (int v = 0; v < NV - 1; ++v) bv[v] = load(b + p * ldb + v * w);
      bv[NV - 1] = load_last<T, WHOLE>(b + p * ldb + (NV - 1) * w, last);
#pragma GCC unroll 8
      for (int r = 0; r < MR; ++r) {
        const vec<T> x = splat(a[r][p]);
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) acc[u][r][v] += x * bv[v];
      }
    }
  }
  const vec<T> s = splat(alpha);
#pragma GCC unroll 8
  for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) {
      vec<T> t = acc[0][r][v];
      if (chains == 2) t += acc[chains - 1][r][v];
      if (chains == 4) t = (t + acc[chains / 2][r][v]) + (acc[chains / 4][r][v] + acc[chains - 1][r][v]);
      T* at = c[r] + n0 + v * w;
      if (v < NV - 1) {
        store(at, load(at) + s * t);
      } else {
        store_last<T, WHOLE>(at, load_last<T, WHOLE>(at, last) + s * t, last);
      }
    }
}

// The tile of `height` rows, 1 <= height <= MR.
template <class T, int MR, int NV, bool WHOLE, bool ALIKE>
EINBLAS_INLINE void block_rows_of(int64_t height, const T* const* a, const T* b, int64_t ldb, T* const* c, int64_t n0,
                                  int64_t k, int last, T alpha, const T* ahead) {
  if constexpr (MR > 1) {
    if (height < MR) return block_rows_of<T, MR - 1, NV, WHOLE, ALIKE>(height, a, b, ldb, c, n0, k, last, alpha, ahead);
  }
  block_rows_tile<T, MR, NV, WHOLE, ALIKE>(a, b, ldb, c, n0, k, last, alpha, ahead);
}

template <class T, int NV, bool WHOLE, bool ALIKE>
EINBLAS_INLINE void block_rows_columns(int64_t rows, const T* const* a, const T* b, int64_t ldb, T* const* c,
                                       int64_t n0, int64_t k, int last, T alpha, const T* ahead) {
  constexpr int most = block_most_rows(NV);
  for (int64_t r = 0; r < rows;) {
    // Tiles of nearly one height: 9 rows are 5 and 4, not 8 and 1.
    const int64_t tiles = (rows - r + most - 1) / most, height = (rows - r + tiles - 1) / tiles;
    block_rows_of<T, most, NV, WHOLE, ALIKE>(height, a + r, b, ldb, c + r, n0, k, last, alpha, ahead);
    r += height;
    ahead = nullptr;
  }
}

// All rows and columns of one block. Several rows may have the same target: they are added one after the other.
template <class T, bool ALIKE>
static void block_rows(int64_t rows, const T* const* a, const T* b, int64_t ldb, T* const* c, int64_t n, int64_t k,
                       T alpha, const T* ahead) {
  constexpr int w = lanes<T>::value;
  for (int64_t n0 = 0; n0 < n; n0 += kBlockVectors * w) {
    const int64_t left = n - n0 < kBlockVectors * w ? n - n0 : kBlockVectors * w;
    const int vectors = static_cast<int>((left + w - 1) / w);
    const int last = static_cast<int>(left - static_cast<int64_t>(vectors - 1) * w);
    const T* next = ahead == nullptr ? nullptr : ahead + n0;
    const bool whole = last == w;
    switch (vectors) {
#if EINBLAS_VBYTES == 64 || defined(__aarch64__)
      case 4:
        (whole ? block_rows_columns<T, 4, true, ALIKE>
               : block_rows_columns<T, 4, false, ALIKE>)(rows, a, b + n0, ldb, c, n0, k, last, alpha, next);
        break;
#endif
      case 3:
        (whole ? block_rows_columns<T, 3, true, ALIKE>
               : block_rows_columns<T, 3, false, ALIKE>)(rows, a, b + n0, ldb, c, n0, k, last, alpha, next);
        break;
      case 2:
        (whole ? block_rows_columns<T, 2, true, ALIKE>
               : block_rows_columns<T, 2, false, ALIKE>)(rows, a, b + n0, ldb, c, n0, k, last, alpha, next);
        break;
      default:
        (whole ? block_rows_columns<T, 1, true, ALIKE>
               : block_rows_columns<T, 1, false, ALIKE>)(rows, a, b + n0, ldb, c, n0, k, last, alpha, next);
        break;
    }
  }
}

// Target: C[m * ldc + n] = beta * C + alpha * sum_r X_r[m] * Y_r[n], r over one bucket. beta 0 does not
// read. Assumes: X and Y have unit stride.
template <class T, int MR, int NV, bool WHOLE>
EINBLAS_INLINE void block_target_tile(int64_t terms, const T* const* x, int64_t x_offset, const T* const* y,
                                      int64_t y_offset, T* c, int64_t ldc, int last, T alpha, T beta, const T* ahead) {
  constexpr int w = lanes<T>::value;
  vec<T> acc[MR][NV];
#pragma GCC unroll 8
  for (int m = 0; m < MR; ++m)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) acc[m][v] = vec<T>{};
  if (ahead != nullptr)
#pragma GCC unroll 8
    for (int m = 0; m < MR; ++m) ask_for<T, NV>(ahead + m * ldc);
  for (int64_t r = 0; r < terms; ++r) {
    const T* yr = y[r] + y_offset;
    const T* xr = x[r] + x_offset;
    vec<T> yv[NV];
#pragma GCC unroll 4
    for (int v = 0; v < NV - 1; ++v) yv[v] = load(yr + v * w);
    yv[NV - 1] = load_last<T, WHOLE>(yr + (NV - 1) * w, last);
#pragma GCC unroll 8
    for (int m = 0; m < MR; ++m) {
      const vec<T> xm = splat(xr[m]);
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) acc[m][v] += xm * yv[v];
    }
  }
  const vec<T> s = splat(alpha), old = splat(beta);
#pragma GCC unroll 8
  for (int m = 0; m < MR; ++m) {
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) {
      T* at = c + m * ldc + v * w;
      vec<T> result = s * acc[m][v];
      if (v < NV - 1) {
        if (beta != 0) result += old * load(at);
        store(at, result);
      } else {
        if (beta != 0) result += old * load_last<T, WHOLE>(at, last);
        store_last<T, WHOLE>(at, result, last);
      }
    }
  }
}

template <class T, int NV, bool WHOLE>
EINBLAS_INLINE void block_target_columns(int64_t terms, const T* const* x, const T* const* y, int64_t n0, T* c,
                                         int64_t ldc, int64_t m, int last, T alpha, T beta, const T* ahead) {
  constexpr int rows = NV <= 2 && block_most_rows(NV) >= 8 ? 8 : 4;
  int64_t i = 0;
  for (; i + rows <= m; i += rows)
    block_target_tile<T, rows, NV, WHOLE>(terms, x, i, y, n0, c + i * ldc + n0, ldc, last, alpha, beta,
                                          ahead == nullptr ? nullptr : ahead + i * ldc + n0);
  for (; i + 2 <= m; i += 2)
    block_target_tile<T, 2, NV, WHOLE>(terms, x, i, y, n0, c + i * ldc + n0, ldc, last, alpha, beta,
                                       ahead == nullptr ? nullptr : ahead + i * ldc + n0);
  for (; i < m; ++i)
    block_target_tile<T, 1, NV, WHOLE>(terms, x, i, y, n0, c + i * ldc + n0, ldc, last, alpha, beta,
                                       ahead == nullptr ? nullptr : ahead + i * ldc + n0);
}

template <class T>
static void block_target(int64_t terms, const T* const* x, const T* const* y, T* c, int64_t ldc, int64_t m, int64_t n,
                         T alpha, T beta, const T* ahead) {
  constexpr int w = lanes<T>::value;
  for (int64_t n0 = 0; n0 < n; n0 += kBlockVectors * w) {
    const int64_t left = n - n0 < kBlockVectors * w ? n - n0 : kBlockVectors * w;
    const int vectors = static_cast<int>((left + w - 1) / w);
    const int last = static_cast<int>(left - static_cast<int64_t>(vectors - 1) * w);
    const bool whole = last == w;
    switch (vectors) {
#if EINBLAS_VBYTES == 64 || defined(__aarch64__)
      case 4:
        (whole ? block_target_columns<T, 4, true> : block_target_columns<T, 4, false>)(terms, x, y, n0, c, ldc, m, last,
                                                                                       alpha, beta, ahead);
        break;
#endif
      case 3:
        (whole ? block_target_columns<T, 3, true> : block_target_columns<T, 3, false>)(terms, x, y, n0, c, ldc, m, last,
                                                                                       alpha, beta, ahead);
        break;
      case 2:
        (whole ? block_target_columns<T, 2, true> : block_target_columns<T, 2, false>)(terms, x, y, n0, c, ldc, m, last,
                                                                                       alpha, beta, ahead);
        break;
      default:
        (whole ? block_target_columns<T, 1, true> : block_target_columns<T, 1, false>)(terms, x, y, n0, c, ldc, m, last,
                                                                                       alpha, beta, ahead);
        break;
    }
  }
}

// Dots: C_r[j] += alpha * sum_k A_r[k] * B[j * ldb + k]: B has unit stride along k instead (a permuted weight view), so
// vectors run along k, one for each of `lanes` columns, and their lanes are summed together at the end.
// Assumes: A_r have unit stride along k, C_r along n.
template <class T>
static void block_dots(int64_t rows, const T* const* a, const T* b, int64_t ldb, T* const* c, int64_t n, int64_t k,
                       T alpha, const T* ahead) {
  constexpr int w = lanes<T>::value;
  const vec<T> s = splat(alpha);
  for (int64_t j0 = 0; j0 < n; j0 += w) {
    const int m = n - j0 < w ? static_cast<int>(n - j0) : w;
    for (int64_t r = 0; r < rows; ++r) {
      vec<T> acc[w];
#pragma GCC unroll 16
      for (int j = 0; j < w; ++j) acc[j] = vec<T>{};
      for (int64_t p = 0; p < k; p += w) {
        const int last = k - p < w ? static_cast<int>(k - p) : w;
        const T* from = b + j0 * ldb + p;
        if (m == w && last == w) {
          const vec<T> x = load(a[r] + p);
#pragma GCC unroll 16
          for (int j = 0; j < w; ++j) acc[j] += x * load(from + j * ldb);
        } else {
          const vec<T> x = load_n(a[r] + p, last);
#pragma GCC unroll 16
          for (int j = 0; j < w; ++j)
            if (j < m) acc[j] += x * load_n(from + j * ldb, last);
        }
        if (ahead != nullptr && r == 0 && (p * static_cast<int64_t>(sizeof(T))) % 64 == 0)
          for (int j = 0; j < m; ++j) __builtin_prefetch(ahead + (j0 + j) * ldb + p);
      }
      const vec<T> total = sum_lanes<T>(acc);
      T* at = c[r] + j0;
      if (m == w) {
        store(at, load(at) + s * total);
      } else {
        store_n(at, load_n(at, m) + s * total, m);
      }
    }
  }
}

// One row over the blocks of many terms: C[n] += alpha * sum_t sum_k A_t[k] * B_t[k * ldb + n]. The sums stay in
// registers from block to block, in `chains` for each vector: an FMA takes 4 cycles and two begin in each.
// Assumes: A_t, B_t and C have unit stride along k, n and n; b[t + ahead] is a block's address for each term t.
template <class T, int NV, bool WHOLE>
static void block_terms_tile(int64_t terms, const T* const* a, const T* const* b, int64_t n0, int64_t ldb, T* c,
                             int64_t k, int last, T alpha, int64_t ahead) {
  constexpr int w = lanes<T>::value, chains = NV == 1 ? 8 : NV == 2 ? 4 : 2;
  vec<T> acc[chains][NV];
#pragma GCC unroll 8
  for (int u = 0; u < chains; ++u)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) acc[u][v] = vec<T>{};
  for (int64_t t = 0; t < terms; ++t) {
    const T* x = a[t];
    const T* at = b[t] + n0;
    const T* later = b[t + ahead] + n0;
    int64_t p = 0;
    for (; p + chains <= k; p += chains) {
#pragma GCC unroll 8
      for (int u = 0; u < chains; ++u) {
        const int64_t row = (p + u) * ldb;
        ask_for<T, NV>(later + row);
        const vec<T> xv = splat(x[p + u]);
#pragma GCC unroll 4
        for (int v = 0; v < NV - 1; ++v) acc[u][v] += xv * load(at + row + v * w);
        acc[u][NV - 1] += xv * load_last<T, WHOLE>(at + row + (NV - 1) * w, last);
      }
    }
    for (; p < k; ++p) {
      ask_for<T, NV>(later + p * ldb);
      const vec<T> xv = splat(x[p]);
#pragma GCC unroll 4
      for (int v = 0; v < NV - 1; ++v) acc[0][v] += xv * load(at + p * ldb + v * w);
      acc[0][NV - 1] += xv * load_last<T, WHOLE>(at + p * ldb + (NV - 1) * w, last);
    }
  }
#pragma GCC unroll 3
  for (int h = chains / 2; h > 0; h /= 2)
#pragma GCC unroll 4
    for (int u = 0; u < h; ++u)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) acc[u][v] += acc[u + h][v];
  const vec<T> s = splat(alpha);
#pragma GCC unroll 4
  for (int v = 0; v < NV; ++v) {
    T* to = c + n0 + v * w;
    if (v < NV - 1) {
      store(to, load(to) + s * acc[0][v]);
    } else {
      store_last<T, WHOLE>(to, load_last<T, WHOLE>(to, last) + s * acc[0][v], last);
    }
  }
}

template <class T>
static void block_terms(int64_t terms, const T* const* a, const T* const* b, int64_t ldb, T* c, int64_t n, int64_t k,
                        T alpha, int64_t ahead) {
  constexpr int w = lanes<T>::value;
  for (int64_t n0 = 0; n0 < n; n0 += kBlockVectors * w) {
    const int64_t left = n - n0 < kBlockVectors * w ? n - n0 : kBlockVectors * w;
    const int vectors = static_cast<int>((left + w - 1) / w);
    const int last = static_cast<int>(left - static_cast<int64_t>(vectors - 1) * w);
    const bool whole = last == w;
    switch (vectors) {
#if EINBLAS_VBYTES == 64 || defined(__aarch64__)
      case 4:
        (whole ? block_terms_tile<T, 4, true> : block_terms_tile<T, 4, false>)(terms, a, b, n0, ldb, c, k, last, alpha,
                                                                               ahead);
        break;
#endif
      case 3:
        (whole ? block_terms_tile<T, 3, true> : block_terms_tile<T, 3, false>)(terms, a, b, n0, ldb, c, k, last, alpha,
                                                                               ahead);
        break;
      case 2:
        (whole ? block_terms_tile<T, 2, true> : block_terms_tile<T, 2, false>)(terms, a, b, n0, ldb, c, k, last, alpha,
                                                                               ahead);
        break;
      default:
        (whole ? block_terms_tile<T, 1, true> : block_terms_tile<T, 1, false>)(terms, a, b, n0, ldb, c, k, last, alpha,
                                                                               ahead);
        break;
    }
  }
}

// The same where B has unit stride along k: C[j] += alpha * sum_t sum_k A_t[k] * B_t[j * ldb + k]. Lanes are summed
// once for all terms.
template <class T>
static void block_terms_dots(int64_t terms, const T* const* a, const T* const* b, int64_t ldb, T* c, int64_t n,
                             int64_t k, T alpha, int64_t ahead) {
  constexpr int w = lanes<T>::value;
  for (int64_t j0 = 0; j0 < n; j0 += w) {
    const int m = n - j0 < w ? static_cast<int>(n - j0) : w;
    vec<T> acc[w];
#pragma GCC unroll 16
    for (int j = 0; j < w; ++j) acc[j] = vec<T>{};
    for (int64_t t = 0; t < terms; ++t) {
      for (int64_t p = 0; p < k; p += w) {
        const int last = k - p < w ? static_cast<int>(k - p) : w;
        const T* from = b[t] + j0 * ldb + p;
        const T* later = b[t + ahead] + j0 * ldb + p;
        if (m == w && last == w) {
          const vec<T> x = load(a[t] + p);
#pragma GCC unroll 16
          for (int j = 0; j < w; ++j) {
            if (EINBLAS_VBYTES == 64) __builtin_prefetch(later + j * ldb);
            acc[j] += x * load(from + j * ldb);
          }
        } else {
          const vec<T> x = load_n(a[t] + p, last);
#pragma GCC unroll 16
          for (int j = 0; j < w; ++j)
            if (j < m) acc[j] += x * load_n(from + j * ldb, last);
        }
        if (EINBLAS_VBYTES < 64 && p * static_cast<int64_t>(sizeof(T)) % 64 == 0)
          for (int j = 0; j < m; ++j) __builtin_prefetch(later + j * ldb);
      }
    }
    const vec<T> total = sum_lanes<T>(acc);
    T* at = c + j0;
    const vec<T> s = splat(alpha);
    if (m == w) {
      store(at, load(at) + s * total);
    } else {
      store_n(at, load_n(at, m) + s * total, m);
    }
  }
}
