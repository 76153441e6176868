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

// C[i, j, lane] = alpha * sum_p A[p, i, lane] * B[p, j, lane] + beta * old over one vector of lanes; i < MR, j < NR.
// Beside its sums a tile packs COPIES rows of the next panels, one vector of each per p, and asks for rows that a later
// tile packs; with COPIES = -1 it only asks for the lines of `aheads` rows. Their misses hide behind the FMAs.
// Assumes: a and b packed, MR (NR) vectors for each p; C at c + c_i[i] + c_j[j], unit stride along the lanes, `last` of
// them; old likewise; streaming only with beta = 0, last = lanes and C aligned to a vector.
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
  const int aheads = t->aheads;
  if (t->fetch != 0)
#pragma GCC unroll 5
    for (int i = 0; i < MR; ++i)
#pragma GCC unroll 5
      for (int j = 0; j < NR; ++j) __builtin_prefetch(t->c + t->c_i[i] + t->c_j[j], 1, 3);
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
    if (COPIES < 0)
      for (int e = 0; e < aheads; ++e) __builtin_prefetch(t->ahead[e].from + t->ahead[e].offset[p], 0, 2);
    a += MR * w;
    b += NR * w;
  }
  const T alpha = t->alpha, beta = t->beta;
  const int last = t->last;
  const vec<T> s = splat(alpha), scale = splat(beta);
  T* const c = t->c;
  int64_t column[NR];  // read once: stores of vectors may be to anything
#pragma GCC unroll 5
  for (int j = 0; j < NR; ++j) column[j] = t->c_j[j];
  if (last == w && beta == 0) {
    const bool streaming = t->streaming != 0;
#pragma GCC unroll 5
    for (int i = 0; i < MR; ++i) {
      T* const row = c + t->c_i[i];
#pragma GCC unroll 5
      for (int j = 0; j < NR; ++j) {
        if (streaming) {
          stream(row + column[j], s * acc[i][j]);
        } else {
          store(row + column[j], s * acc[i][j]);
        }
      }
    }
    return;
  }
#pragma GCC unroll 5
  for (int i = 0; i < MR; ++i) {
    T* const row = c + t->c_i[i];
    const T* const old_row = t->old + t->old_i[i];
#pragma GCC unroll 5
    for (int j = 0; j < NR; ++j) {
      vec<T> x = s * acc[i][j];
      if (beta != 0) x = plus_product<T>(x, scale, load_n(old_row + t->old_j[j], last));
      store_n(row + column[j], x, last);
    }
  }
}

template <class T, int MR, int NR>
EINBLAS_INLINE void lanes_copies(const LanesTile<T>* t) {
  if (t->aheads > 0) return lanes_tile<T, MR, NR, -1>(t);
  if (MR >= EINBLAS_LANES_MR - 1 && NR >= EINBLAS_LANES_NR - 1) {
    if (t->copies == 2) return lanes_tile<T, MR, NR, (MR >= EINBLAS_LANES_MR - 1 ? 2 : 0)>(t);
    if (t->copies == 1) return lanes_tile<T, MR, NR, (MR >= EINBLAS_LANES_MR - 1 ? 1 : 0)>(t);
  }
  return lanes_tile<T, MR, NR, 0>(t);
}

template <class T, int MR>
EINBLAS_INLINE void lanes_columns(int nr, const LanesTile<T>* t) {
  switch (nr) {
#if EINBLAS_LANES_NR > 3
    case 5:
      return lanes_copies<T, MR, 5>(t);
    case 4:
      return lanes_copies<T, MR, 4>(t);
#endif
    case 3:
      return lanes_copies<T, MR, 3>(t);
    case 2:
      return lanes_copies<T, MR, 2>(t);
    default:
      return lanes_copies<T, MR, 1>(t);
  }
}

template <class T>
static void lanes_any(int mr, int nr, const LanesTile<T>* t) {
  switch (mr) {
#if EINBLAS_LANES_MR > 3
    case 5:
      return lanes_columns<T, 5>(nr, t);
    case 4:
      return lanes_columns<T, 4>(nr, t);
#endif
    case 3:
      return lanes_columns<T, 3>(nr, t);
    case 2:
      return lanes_columns<T, 2>(nr, t);
    default:
      return lanes_columns<T, 1>(nr, t);
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

// As lanes_pack where the lanes lie apart and the unit stride is along p: squares are transposed in registers.
// Assumes: p_offset[p + 1] = p_offset[p] + 1 in runs of any length.
template <class T>
static void lanes_pack_depth(T* EINBLAS_RESTRICT to, int64_t step, int rows, int64_t k, const T* from,
                             const int64_t* i_offset, const int64_t* p_offset, const int64_t* lane_offset, int last) {
  constexpr int w = lanes<T>::value;
  for (int64_t p = 0; p < k;) {
    int run = 1;
    while (run < w && p + run < k && p_offset[p + run] == p_offset[p] + run) ++run;
    for (int i = 0; i < rows; ++i) {
      const T* x = from + i_offset[i] + p_offset[p];
      vec<T> v[w];
      if (run == w && last == w) {
#pragma GCC unroll 16
        for (int l = 0; l < w; ++l) v[l] = load(x + lane_offset[l]);
      } else {
        for (int l = 0; l < w; ++l) v[l] = l < last ? load_n(x + lane_offset[l], run) : vec<T>{};
      }
      transpose_square<T>(v);
      T* out = to + p * step + i * w;
      for (int q = 0; q < run; ++q) store(out + q * step, v[q]);
    }
    p += run;
  }
}

// As lanes_pack where the lanes lie apart and the unit stride is along the rows: row i is at from + i.
template <class T>
static void lanes_pack_rows(T* EINBLAS_RESTRICT to, int64_t step, int rows, int64_t k, const T* from,
                            const int64_t* p_offset, const int64_t* lane_offset, int last) {
  constexpr int w = lanes<T>::value;
  for (int64_t p = 0; p < k; ++p)
    for (int i0 = 0; i0 < rows; i0 += w) {
      const int in = rows - i0 < w ? rows - i0 : w;
      const T* x = from + p_offset[p] + i0;
      vec<T> v[w];
      for (int l = 0; l < w; ++l) v[l] = l < last ? load_n(x + lane_offset[l], in) : vec<T>{};
      transpose_square<T>(v);
      T* out = to + p * step + i0 * w;
      for (int i = 0; i < in; ++i) store(out + i * w, v[i]);
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
