// Micro-kernels of the contraction whose batch label lies at unit stride: the batch runs through the vector lanes.

// Tiles: 25 sums, 5 vectors of B and 1 of A fill 31 of 32 registers; 9 + 3 + 1 of 16. 250 of 257 GFLOP/s (f32, 1
// thread) with A's panel in L1 and B's in L2.
#if EINBLAS_VBYTES == 64 || defined(__aarch64__)
#define EINBLAS_LANES_MR 5
#define EINBLAS_LANES_NR 5
#else
#define EINBLAS_LANES_MR 3
#define EINBLAS_LANES_NR 3
#endif

// C[i, j, lane] = alpha * sum_p A[p, i, lane] * B[p, j, lane] + beta * C over one vector of lanes; i < MR, j < NR;
// beside it COPIES rows of the next panels are packed, one vector of each per p: their misses hide behind the FMAs.
// Assumes: a and b packed, MR (NR) vectors for each p; C at c + c_i[i] + c_j[j], unit stride along the lanes, `last` of
// them; streaming only with beta = 0, last = lanes and C aligned to a vector.
template <class T, int MR, int NR, int COPIES>
static void lanes_tile(const LanesTile<T>* t) {
  constexpr int w = lanes<T>::value;
  const T *a = t->a, *b = t->b;
  const T* from[2] = {t->copy[0].from, t->copy[1].from};
  const T* ahead[2] = {t->copy[0].ahead, t->copy[1].ahead};
  const int64_t* offset[2] = {t->copy[0].offset, t->copy[1].offset};
  T* to[2] = {t->copy[0].to, t->copy[1].to};
  const int64_t step[2] = {t->copy[0].step, t->copy[1].step};
  const int64_t k = t->k;
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
      if (i < COPIES) {
        store(to[i], load(from[i] + offset[i][p]));
        __builtin_prefetch(ahead[i] + offset[i][p], 0, 2);
        to[i] += step[i];
      }
    }
    a += MR * w;
    b += NR * w;
  }
  const T alpha = t->alpha, beta = t->beta;
  const int last = t->last;
  const vec<T> s = splat(alpha), old = splat(beta);
#pragma GCC unroll 5
  for (int i = 0; i < MR; ++i)
#pragma GCC unroll 5
    for (int j = 0; j < NR; ++j) {
      T* at = t->c + t->c_i[i] + t->c_j[j];
      vec<T> x = s * acc[i][j];
      if (last == w) {
        if (beta != 0) x = plus_product<T>(x, old, load(at));
        if (t->streaming) {
          stream(at, x);
        } else {
          store(at, x);
        }
      } else {
        if (beta != 0) x = plus_product<T>(x, old, load_n(at, last));
        store_n(at, x, last);
      }
    }
}

template <class T, int MR, int NR>
EINBLAS_INLINE void lanes_copies(int copies, const LanesTile<T>* t) {
  if (MR >= EINBLAS_LANES_MR - 1 && NR >= EINBLAS_LANES_NR - 1) {
    if (copies == 2) return lanes_tile<T, MR, NR, (MR > 1 && MR >= EINBLAS_LANES_MR - 1 ? 2 : 0)>(t);
    if (copies == 1) return lanes_tile<T, MR, NR, (MR >= EINBLAS_LANES_MR - 1 ? 1 : 0)>(t);
  }
  return lanes_tile<T, MR, NR, 0>(t);
}

template <class T, int MR>
EINBLAS_INLINE void lanes_columns(int nr, int copies, const LanesTile<T>* t) {
  switch (nr) {
#if EINBLAS_LANES_NR > 3
    case 5:
      return lanes_copies<T, MR, 5>(copies, t);
    case 4:
      return lanes_copies<T, MR, 4>(copies, t);
#endif
    case 3:
      return lanes_copies<T, MR, 3>(copies, t);
    case 2:
      return lanes_copies<T, MR, 2>(copies, t);
    default:
      return lanes_copies<T, MR, 1>(copies, t);
  }
}

// Assumes: copies only with mr >= lanes_rows - 1 and nr >= lanes_columns - 1.
template <class T>
static void lanes_any(int mr, int nr, int copies, const LanesTile<T>* t) {
  switch (mr) {
#if EINBLAS_LANES_MR > 3
    case 5:
      return lanes_columns<T, 5>(nr, copies, t);
    case 4:
      return lanes_columns<T, 4>(nr, copies, t);
#endif
    case 3:
      return lanes_columns<T, 3>(nr, copies, t);
    case 2:
      return lanes_columns<T, 2>(nr, copies, t);
    default:
      return lanes_columns<T, 1>(nr, copies, t);
  }
}

// Packs `rows` rows of k vectors: to[p * step + i * w + lane] = from[i_offset[i] + p_offset[p] + lane_offset[lane]];
// lanes beyond `last` are 0. contiguous: the lanes lie side by side.
template <class T>
static void lanes_pack(T* EINBLAS_RESTRICT to, int64_t step, int rows, int64_t k, const T* from,
                       const int64_t* i_offset, const int64_t* p_offset, const int64_t* lane_offset, int last,
                       int contiguous) {
  constexpr int w = lanes<T>::value;
  if (contiguous) from += lane_offset[0];
  for (int i = 0; i < rows; ++i) {
    const T* row = from + i_offset[i];
    T* out = to + i * w;
    if (contiguous && last == w) {
      for (int64_t p = 0; p < k; ++p) store(out + p * step, load(row + p_offset[p]));
    } else if (contiguous) {
      for (int64_t p = 0; p < k; ++p) store(out + p * step, load_n(row + p_offset[p], last));
    } else {
      for (int64_t p = 0; p < k; ++p) {
        for (int l = 0; l < last; ++l) out[p * step + l] = row[p_offset[p] + lane_offset[l]];
        for (int l = last; l < w; ++l) out[p * step + l] = 0;
      }
    }
  }
}

// As lanes_pack for `vectors` whole vectors side by side, the v-th of them to + v * apart: runs of several lines are
// read at 75 GB/s where single lines at a stride of 16 KB are read at 25.
template <class T>
static void lanes_pack_runs(T* EINBLAS_RESTRICT to, int64_t step, int64_t apart, int vectors, int rows, int64_t k,
                            const T* from, const int64_t* i_offset, const int64_t* p_offset) {
  constexpr int w = lanes<T>::value;
  for (int i = 0; i < rows; ++i) {
    const T* row = from + i_offset[i];
    T* out = to + i * w;
    for (int64_t p = 0; p < k; ++p)
      for (int v = 0; v < vectors; ++v) store(out + p * step + v * apart, load(row + p_offset[p] + v * w));
  }
}
