// Micro-kernels of the contraction whose batch label lies at unit stride: the batch runs through the vector lanes.

// C[i, j, lane] = alpha * sum_p A[p, i, lane] * B[p, j, lane] + beta * C over one vector of lanes; i < MR, j < NR.
// Assumes: a and b packed, MR (NR) vectors for each p; C at c + c_i[i] + c_j[j], unit stride along the lanes, `last` of
// them.
#if EINBLAS_VBYTES == 64 || defined(__aarch64__)
#define EINBLAS_LANES_MR 5
#define EINBLAS_LANES_NR 5
#else
#define EINBLAS_LANES_MR 3
#define EINBLAS_LANES_NR 3
#endif

template <class T, int MR, int NR>
static void lanes_tile(int64_t k, const T* a, const T* b, T* c, const int64_t* c_i, const int64_t* c_j, int last,
                       T alpha, T beta) {
  constexpr int w = lanes<T>::value;
  vec<T> acc[MR][NR];
#pragma GCC unroll 5
  for (int i = 0; i < MR; ++i)
#pragma GCC unroll 5
    for (int j = 0; j < NR; ++j) acc[i][j] = vec<T>{};
  for (int64_t p = 0; p < k; ++p) {
    vec<T> bv[NR];
#pragma GCC unroll 5
    for (int j = 0; j < NR; ++j) bv[j] = load(b + j * w);
#pragma GCC unroll 5
    for (int i = 0; i < MR; ++i) {
      const vec<T> x = load(a + i * w);
#pragma GCC unroll 5
      for (int j = 0; j < NR; ++j) acc[i][j] += x * bv[j];
    }
    a += MR * w;
    b += NR * w;
  }
  const vec<T> s = splat(alpha), old = splat(beta);
#pragma GCC unroll 5
  for (int i = 0; i < MR; ++i)
#pragma GCC unroll 5
    for (int j = 0; j < NR; ++j) {
      T* at = c + c_i[i] + c_j[j];
      vec<T> x = s * acc[i][j];
      if (last == w) {
        if (beta != 0) x += old * load(at);
        store(at, x);
      } else {
        if (beta != 0) x += old * load_n(at, last);
        store_n(at, x, last);
      }
    }
}

template <class T, int MR>
EINBLAS_INLINE void lanes_columns(int nr, int64_t k, const T* a, const T* b, T* c, const int64_t* c_i,
                                  const int64_t* c_j, int last, T alpha, T beta) {
  switch (nr) {
#if EINBLAS_LANES_NR > 3
    case 5:
      return lanes_tile<T, MR, 5>(k, a, b, c, c_i, c_j, last, alpha, beta);
    case 4:
      return lanes_tile<T, MR, 4>(k, a, b, c, c_i, c_j, last, alpha, beta);
#endif
    case 3:
      return lanes_tile<T, MR, 3>(k, a, b, c, c_i, c_j, last, alpha, beta);
    case 2:
      return lanes_tile<T, MR, 2>(k, a, b, c, c_i, c_j, last, alpha, beta);
    default:
      return lanes_tile<T, MR, 1>(k, a, b, c, c_i, c_j, last, alpha, beta);
  }
}

template <class T>
static void lanes_any(int mr, int nr, int64_t k, const T* a, const T* b, T* c, const int64_t* c_i, const int64_t* c_j,
                      int last, T alpha, T beta) {
  switch (mr) {
#if EINBLAS_LANES_MR > 3
    case 5:
      return lanes_columns<T, 5>(nr, k, a, b, c, c_i, c_j, last, alpha, beta);
    case 4:
      return lanes_columns<T, 4>(nr, k, a, b, c, c_i, c_j, last, alpha, beta);
#endif
    case 3:
      return lanes_columns<T, 3>(nr, k, a, b, c, c_i, c_j, last, alpha, beta);
    case 2:
      return lanes_columns<T, 2>(nr, k, a, b, c, c_i, c_j, last, alpha, beta);
    default:
      return lanes_columns<T, 1>(nr, k, a, b, c, c_i, c_j, last, alpha, beta);
  }
}

// Packs `rows` rows of k vectors: to[(p * rows + i) * w + lane] = from[i_offset[i] + p_offset[p] + lane_offset[lane]];
// lanes beyond `last` are 0. contiguous: the lanes lie side by side.
template <class T>
static void lanes_pack(T* EINBLAS_RESTRICT to, int rows, int64_t k, const T* from, const int64_t* i_offset,
                       const int64_t* p_offset, const int64_t* lane_offset, int last, int contiguous) {
  constexpr int w = lanes<T>::value;
  if (contiguous) from += lane_offset[0];
  for (int i = 0; i < rows; ++i) {
    const T* row = from + i_offset[i];
    T* out = to + i * w;
    if (contiguous && last == w) {
      for (int64_t p = 0; p < k; ++p) store(out + p * rows * w, load(row + p_offset[p]));
    } else if (contiguous) {
      for (int64_t p = 0; p < k; ++p) store(out + p * rows * w, load_n(row + p_offset[p], last));
    } else {
      for (int64_t p = 0; p < k; ++p) {
        for (int l = 0; l < last; ++l) out[p * rows * w + l] = row[p_offset[p] + lane_offset[l]];
        for (int l = last; l < w; ++l) out[p * rows * w + l] = 0;
      }
    }
  }
}
