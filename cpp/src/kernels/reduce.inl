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

// Four rows against one y: each of its vectors is loaded once.
template <class T>
EINBLAS_INLINE void four_rows(int64_t n, T* out, const T* x, int64_t sx, const T* y, int add) {
  constexpr int w = lanes<T>::value;
  vec<T> s[4] = {}, t[4] = {};
  int64_t i = 0;
  for (; i + 2 * w <= n; i += 2 * w) {
    const vec<T> y0 = load(y + i), y1 = load(y + i + w);
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      s[r] += load(x + r * sx + i) * y0;
      t[r] += load(x + r * sx + i + w) * y1;
    }
  }
  for (; i < n; i += w) {
    const int m = n - i < w ? static_cast<int>(n - i) : w;
    const vec<T> y0 = load_n(y + i, m);
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) s[r] += load_n(x + r * sx + i, m) * y0;
  }
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) out[r] = add ? out[r] + sum<T>(s[r] + t[r]) : sum<T>(s[r] + t[r]);
}

// out[r] (+)= sum_i x[r * sx + i] (* y_r[i]), r < rows: y_r = y + (r + group - y_left) / group * sy.
template <class T>
static void reduce_dots(const ReduceDots<T>* d) {
  // Up to so many vectors the sums of the lanes cost more than the row; beyond, eight chains of additions are faster.
  if (d->n <= 8 * lanes<T>::value) {
    // Tables of lanes are not worth it for a handful (4 x 4 F64: 50 ns with, 27 without).
    if (d->rows < lanes<T>::value && d->y == nullptr) return few_rows<T, 0>(d, 0);
    if (d->rows < lanes<T>::value && (d->group == 1 || d->y_left >= d->rows))
      return few_rows<T, 1>(d, d->group == 1 ? d->sy : 0);
    d->y == nullptr ? short_rows<T, 0>(d)
    : d->sy == 0    ? short_rows<T, 2>(d)
    : d->group == 1 ? short_rows<T, 1>(d)
                    : short_rows<T, 3>(d);
    return;
  }
  const T* y = d->y;
  int64_t y_left = d->y_left;
  for (int64_t r = 0; r < d->rows;) {
    const T* x = d->x + r * d->sx;
    int64_t count = 1;
    if (y != nullptr && (d->sy == 0 || y_left >= 4) && r + 4 <= d->rows) {
      four_rows(d->n, d->out + r, x, d->sx, y, d->add);
      count = 4;
    } else {
      const T s = reduce_dot(d->n, x, y);
      d->out[r] = d->add ? d->out[r] + s : s;
    }
    r += count;
    y_left -= count;
    if (y == nullptr || y_left > 0 || r == d->rows) continue;
    y += d->sy;
    y_left = d->group;
  }
}

// acc[i] (+)= sum_r x[r * sx + i] (* y), i < n, r < rows, in registers: n fills at most V vectors, and C rows at a
// time have accumulators of their own. y: none (Y = 0), y[r * sy] (1), y[r * sy + i] (2).
template <class T, int V, int C, int Y>
EINBLAS_INLINE void short_columns(int64_t rows, int64_t n, T* acc, const T* x, int64_t sx, const T* y, int64_t sy,
                                  int add) {
  constexpr int w = lanes<T>::value;
  const int last = static_cast<int>(n - (V - 1) * w);
  // Rows whose last vector ends before the last row does: it is loaded whole (reduce_short.inl has why).
  const int64_t over = last == w ? 0 : w - last, apart = Y == 2 && sy < sx ? sy : sx;
  const int64_t whole = over == 0 ? rows : apart < 1 ? 0 : rows - (over - 1) / apart - 1;
  vec<T> s[C][V] = {};
  int64_t r = 0;
  for (; r + C <= rows; r += C) {
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) {
      const bool all = r + C <= whole;
      const T* row = x + (r + c) * sx;
      const T* z = y + (r + c) * sy;
      const vec<T> f = Y == 1 ? splat(*z) : vec<T>{};
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        const vec<T> e = v < V - 1 || all ? load(row + v * w) : load_n(row + v * w, last);
        const vec<T> g = Y != 2 ? f : v < V - 1 || all ? load(z + v * w) : load_n(z + v * w, last);
        s[c][v] += Y ? e * g : e;
      }
    }
  }
  for (; r < rows; ++r) {
    const T* row = x + r * sx;
    const T* z = y + r * sy;
    const vec<T> f = Y == 1 ? splat(*z) : vec<T>{};
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      const vec<T> e = v < V - 1 || last == w ? load(row + v * w) : load_n(row + v * w, last);
      const vec<T> g = Y != 2 ? f : v < V - 1 || last == w ? load(z + v * w) : load_n(z + v * w, last);
      s[0][v] += Y ? e * g : e;
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) {
    vec<T> t = s[0][v];
    if (C == 2) t += s[1][v];
    if (C == 4) t = (t + s[1][v]) + (s[C == 4 ? 2 : 0][v] + s[C == 4 ? 3 : 0][v]);
    const int m = v < V - 1 ? w : last;
    store_n(acc + v * w, add ? t + load_n(acc + v * w, m) : t, m);
  }
}

template <class T, int Y>
EINBLAS_INLINE void columns_of(int64_t rows, int64_t n, T* acc, const T* x, int64_t sx, const T* y, int64_t sy,
                               int add) {
  switch ((n + lanes<T>::value - 1) / lanes<T>::value) {
    case 1:
      return short_columns<T, 1, 4, Y>(rows, n, acc, x, sx, y, sy, add);
    case 2:
      return short_columns<T, 2, 4, Y>(rows, n, acc, x, sx, y, sy, add);
    case 3:
      return short_columns<T, 3, 2, Y>(rows, n, acc, x, sx, y, sy, add);
    default:
      return short_columns<T, 4, 2, Y>(rows, n, acc, x, sx, y, sy, add);
  }
}

// The same with y null for 1; y_line: y[r * sy + i]. Assumes: n at most 4 vectors.
template <class T>
static void reduce_columns(int64_t rows, int64_t n, T* acc, const T* x, int64_t sx, const T* y, int64_t sy, int y_line,
                           int add) {
  if (y == nullptr) return columns_of<T, 0>(rows, n, acc, x, sx, x, sx, add);
  if (y_line) return columns_of<T, 2>(rows, n, acc, x, sx, y, sy, add);
  columns_of<T, 1>(rows, n, acc, x, sx, y, sy, add);
}

// acc[i] (+)= sum_r x[r][i] * y_r, y_r = y[r][i] (y_line) or y[r][0] or 1 (y null); r < 4. add 0 starts from 0. next:
// the rows after these, whose lines are asked for, or null.
template <class T, int R, int Y>
EINBLAS_INLINE void reduce_rows_of(int64_t n, T* acc, const T* const* x, const T* const* y, int add,
                                   const T* const* next) {
  constexpr int w = lanes<T>::value;
  vec<T> fixed[R];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) fixed[r] = Y == 1 ? splat(y[r][0]) : vec<T>{};
  int64_t i = 0;
  for (; i + w <= n; i += w) {
    if (next != nullptr) {
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) __builtin_prefetch(next[r] + i);
    }
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
EINBLAS_INLINE void reduce_rows_y(int rows, int64_t n, T* acc, const T* const* x, const T* const* y, int add,
                                  const T* const* next) {
  switch (rows) {
    case 4:
      return reduce_rows_of<T, 4, Y>(n, acc, x, y, add, next);
    case 3:
      return reduce_rows_of<T, 3, Y>(n, acc, x, y, add, next);
    case 2:
      return reduce_rows_of<T, 2, Y>(n, acc, x, y, add, next);
    default:
      return reduce_rows_of<T, 1, Y>(n, acc, x, y, add, next);
  }
}

template <class T>
static void reduce_rows(int rows, int64_t n, T* acc, const T* const* x, const T* const* y, int y_line, int add,
                        const T* const* next) {
  if (y == nullptr) return reduce_rows_y<T, 0>(rows, n, acc, x, y, add, next);
  if (y_line) return reduce_rows_y<T, 2>(rows, n, acc, x, y, add, next);
  return reduce_rows_y<T, 1>(rows, n, acc, x, y, add, next);
}
