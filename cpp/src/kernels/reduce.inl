// Micro-kernels of sums and dot products, bound by the bytes read.

// sum_i x[i] * y[i], or sum_i x[i] where y is null. Eight vectors of partial sums, added pairwise at the end.
template <class T>
static T reduce_dot(int64_t n, const T* x, const T* y) {
  constexpr int w = lanes<T>::value;
  vec<T> s[8] = {};
  int64_t i = 0;
  if (y == nullptr) {
    for (; i + 8 * w <= n; i += 8 * w)
#pragma GCC unroll 8
      for (int v = 0; v < 8; ++v) s[v] += load(x + i + v * w);
    for (; i + w <= n; i += w) s[0] += load(x + i);
    if (i < n) s[1] += load_n(x + i, static_cast<int>(n - i));
  } else {
    for (; i + 8 * w <= n; i += 8 * w)
#pragma GCC unroll 8
      for (int v = 0; v < 8; ++v) s[v] += load(x + i + v * w) * load(y + i + v * w);
    for (; i + w <= n; i += w) s[0] += load(x + i) * load(y + i);
    if (i < n) s[1] += load_n(x + i, static_cast<int>(n - i)) * load_n(y + i, static_cast<int>(n - i));
  }
  return sum<T>(((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7])));
}

// acc[i] (+)= sum_r x[r][i] * y_r, y_r = y[r][i] (y_line) or y[r][0] or 1 (y null); r < 4. add 0 starts from 0.
template <class T, int R, int Y>
EINBLAS_INLINE void reduce_rows_of(int64_t n, T* acc, const T* const* x, const T* const* y, int add) {
  constexpr int w = lanes<T>::value;
  vec<T> fixed[R];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) fixed[r] = Y == 1 ? splat(y[r][0]) : vec<T>{};
  int64_t i = 0;
  for (; i + w <= n; i += w) {
    vec<T> a = add ? load(acc + i) : vec<T>{};
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      const vec<T> v = load(x[r] + i);
      a += Y == 0 ? v : Y == 1 ? v * fixed[r] : v * load(y[r] + i);
    }
    store(acc + i, a);
  }
  if (i < n) {
    const int m = static_cast<int>(n - i);
    vec<T> a = add ? load_n(acc + i, m) : vec<T>{};
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      const vec<T> v = load_n(x[r] + i, m);
      a += Y == 0 ? v : Y == 1 ? v * fixed[r] : v * load_n(y[r] + i, m);
    }
    store_n(acc + i, a, m);
  }
}

template <class T, int Y>
EINBLAS_INLINE void reduce_rows_y(int rows, int64_t n, T* acc, const T* const* x, const T* const* y, int add) {
  switch (rows) {
    case 4:
      return reduce_rows_of<T, 4, Y>(n, acc, x, y, add);
    case 3:
      return reduce_rows_of<T, 3, Y>(n, acc, x, y, add);
    case 2:
      return reduce_rows_of<T, 2, Y>(n, acc, x, y, add);
    default:
      return reduce_rows_of<T, 1, Y>(n, acc, x, y, add);
  }
}

template <class T>
static void reduce_rows(int rows, int64_t n, T* acc, const T* const* x, const T* const* y, int y_line, int add) {
  if (y == nullptr) return reduce_rows_y<T, 0>(rows, n, acc, x, y, add);
  if (y_line) return reduce_rows_y<T, 2>(rows, n, acc, x, y, add);
  return reduce_rows_y<T, 1>(rows, n, acc, x, y, add);
}
