// Micro-kernels of the permutation: a tile whose two unit strides lie on different axes, transposed in registers.

template <int... I>
struct lane_list {};
template <int N, int... I>
struct lane_count : lane_count<N - 1, N - 1, I...> {};
template <int... I>
struct lane_count<0, I...> {
  typedef lane_list<I...> type;
};

// Swaps the off-diagonal blocks of H lanes of two rows that stand H apart.
template <class V, int H, int... L>
EINBLAS_INLINE void swap_blocks(V& x, V& y, lane_list<L...>) {
  constexpr int w = sizeof...(L);
  const V upper = __builtin_shufflevector(x, y, ((L & H) == 0 ? L : w + L - H)...);
  y = __builtin_shufflevector(x, y, ((L & H) == 0 ? L + H : w + L)...);
  x = upper;
}

template <class T, int H>
EINBLAS_INLINE void transpose_stage(vec<T>* v) {
  constexpr int w = lanes<T>::value;
#pragma GCC unroll 16
  for (int r = 0; r < w; ++r)
    if ((r & H) == 0) swap_blocks<vec<T>, H>(v[r], v[r + H], typename lane_count<w>::type());
}

// Transposes a square of lanes x lanes elements in registers, by halves.
template <class T>
EINBLAS_INLINE void transpose_square(vec<T>* v) {
  constexpr int w = lanes<T>::value;
  if (w >= 16) transpose_stage<T, (w >= 16 ? 8 : 1)>(v);
  if (w >= 8) transpose_stage<T, (w >= 8 ? 4 : 1)>(v);
  if (w >= 4) transpose_stage<T, (w >= 4 ? 2 : 1)>(v);
  transpose_stage<T, 1>(v);
}

// to[q * to_stride + i] = alpha * from[i * from_stride + q] + beta * to[...], i < ni, q < nq.
// Assumes: streaming only with beta = 0 and every row of `to` aligned to a vector.
template <class T>
static void transpose_tile(int64_t ni, int64_t nq, T* to, int64_t to_stride, const T* from, int64_t from_stride,
                           T alpha, T beta, int streaming) {
  constexpr int w = lanes<T>::value;
  const vec<T> s = splat(alpha), old = splat(beta);
  for (int64_t q = 0; q < nq; q += w) {
    const int qn = nq - q < w ? static_cast<int>(nq - q) : w;
    for (int64_t i = 0; i < ni; i += w) {
      const int in = ni - i < w ? static_cast<int>(ni - i) : w;
      vec<T> v[w];
      const T* source = from + i * from_stride + q;
      if (in == w && qn == w) {
#pragma GCC unroll 16
        for (int r = 0; r < w; ++r) v[r] = load(source + r * from_stride);
      } else {
        for (int r = 0; r < w; ++r) v[r] = r < in ? load_n(source + r * from_stride, qn) : vec<T>{};
      }
      transpose_square<T>(v);
      T* target = to + q * to_stride + i;
      if (streaming && in == w && qn == w) {
#pragma GCC unroll 16
        for (int r = 0; r < w; ++r) stream(target + r * to_stride, s * v[r]);
      } else if (beta == 0 && in == w && qn == w) {
#pragma GCC unroll 16
        for (int r = 0; r < w; ++r) store(target + r * to_stride, s * v[r]);
      } else {
        for (int r = 0; r < qn; ++r) {
          vec<T> x = s * v[r];
          if (beta != 0) x += old * load_n(target + r * to_stride, in);
          store_n(target + r * to_stride, x, in);
        }
      }
    }
  }
  if (streaming) stream_fence();
}
