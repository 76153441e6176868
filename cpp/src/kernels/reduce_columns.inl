// Micro-kernels of sums whose line is in the output and short: down rows of at most a vector, and down few rows of each
// of many items.

// acc[j] (+)= sum_r x[r * sx + j] (* y), j < n, r < rows. Rows that lie one after the other share a vector; eight
// vectors have accumulators of their own. Y: 0 without y; 1 y lies as x does; 2 lane l takes y[r * sy + pick[l]].
// Assumes: n at most a vector, sx >= n; with Y = 1 sy = sx, with Y = 2 sy >= 0 and the picks of the rows of a vector
// below lanes; `reach` is 1 more than the largest pick of one row.
template <class T, int Y>
EINBLAS_INLINE void rows_down(const ReduceDown<T>* d) {
  constexpr int w = lanes<T>::value;
  const int64_t n = d->n, sx = d->sx, sy = Y == 1 ? sx : d->sy, rows = d->rows;
  const int64_t together = sx == n ? w / n : 1;
  ivec<T> from = {};
  if (Y == 2)
    for (int l = 0; l < w; ++l) from[l] = d->pick[l];
  // Lines are asked for some 3 KB ahead, as in rows_ahead (without: 26 GB/s, with 32 to 39).
  const int64_t ahead = 3072 / static_cast<int64_t>(sizeof(T)) / sx + together;
  const auto term = [&](int64_t r) __attribute__((always_inline)) {
    const int64_t later = r + ahead < rows ? r + ahead : rows - 1;
    __builtin_prefetch(d->x + later * sx);
    if (Y == 1) __builtin_prefetch(d->y + later * sx);
    const vec<T> e = load(d->x + r * sx);
    return Y == 0 ? e : Y == 1 ? e * load(d->y + r * sx) : e * pick(load(d->y + r * sy), from);
  };
  // The first row at which a vector would reach beyond the last one's end.
  const int64_t room = (rows - 1) * sx + n - w, room_y = (rows - 1) * sy + d->reach - w;
  int64_t whole = room < 0 ? 0 : room / sx + 1;
  if (Y == 2 && room_y < 0) whole = 0;
  if (Y == 2 && sy > 0 && room_y >= 0 && room_y / sy + 1 < whole) whole = room_y / sy + 1;
  if (rows - together + 1 < whole) whole = rows - together + 1;
  vec<T> s[8] = {};
  int64_t r = 0;
  for (; r + 7 * together < whole; r += 8 * together)
#pragma GCC unroll 8
    for (int v = 0; v < 8; ++v) s[v] += term(r + v * together);
  for (; r < whole; r += together) s[0] += term(r);
  for (; r < rows; r += together) {
    const int64_t left = rows - r < together ? rows - r : together;
    const int count = static_cast<int>((left - 1) * sx + n);
    vec<T> e = load_n(d->x + r * sx, count);
    if (Y == 1) e *= load_n(d->y + r * sx, count);
    if (Y == 2) {
      const int64_t last = (left - 1) * sy + d->reach;
      e *= pick(load_n(d->y + r * sy, static_cast<int>(last < w ? last : w)), from);
    }
    s[1] += e;
  }
  T t[w];
  store(t, ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7])));
  for (int64_t j = 0; j < n; ++j) {
    T a = t[j];
    for (int64_t q = 1; q < together; ++q) a += t[q * n + j];
    d->acc[j] = d->add ? d->acc[j] + a : a;
  }
}

template <class T>
static void reduce_down(const ReduceDown<T>* d) {
  if (d->y == nullptr) return rows_down<T, 0>(d);
  if (d->pick == nullptr) return rows_down<T, 1>(d);
  rows_down<T, 2>(d);
}

// c[i * c_item + j] = alpha * sum_r x[i * x_item + r * sx + j] (* y[i * y_item + r * sy]) + beta * c, i < items, j < n,
// r < rows: V vectors of j at a time, whose sums stay in registers. whole: the last one may be read to its end.
template <class T, int V, int Y>
EINBLAS_INLINE void item_columns(const ReduceItems<T>* t, int64_t n, const T* x, const T* y, T* c, bool whole) {
  constexpr int w = lanes<T>::value;
  const int last = static_cast<int>(n - (V - 1) * w);
  vec<T> s[V] = {};
  for (int64_t r = 0; r < t->rows; ++r) {
    const T* row = x + r * t->sx;
    const vec<T> f = Y ? splat(y[r * t->sy]) : vec<T>{};
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      const vec<T> e = v < V - 1 || whole ? load(row + v * w) : load_n(row + v * w, last);
      s[v] += Y ? e * f : e;
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) {
    const int m = v < V - 1 ? w : last;
    vec<T> out = t->alpha * s[v];
    if (t->beta != 0) out = plus_product<T>(out, splat(t->beta), load_n(c + v * w, m));
    store_n(c + v * w, out, m);
  }
}
template <class T, int Y>
EINBLAS_INLINE void item_columns_any(const ReduceItems<T>* t, int64_t n, const T* x, const T* y, T* c, bool whole) {
  constexpr int w = lanes<T>::value;
  for (; n > 4 * w; n -= 4 * w, x += 4 * w, c += 4 * w) item_columns<T, 4, Y>(t, 4 * w, x, y, c, true);
  switch ((n + w - 1) / w) {
    case 1:
      return item_columns<T, 1, Y>(t, n, x, y, c, whole);
    case 2:
      return item_columns<T, 2, Y>(t, n, x, y, c, whole);
    case 3:
      return item_columns<T, 3, Y>(t, n, x, y, c, whole);
    default:
      return item_columns<T, 4, Y>(t, n, x, y, c, whole);
  }
}

template <class T>
static void reduce_items(const ReduceItems<T>* t) {
  constexpr int w = lanes<T>::value;
  // Elements that the last vector of a line reaches beyond it, hence items that end so far before the last one's end.
  const int64_t over = (w - t->n % w) % w;
  const int64_t whole = over == 0 ? t->items : t->x_item < 1 || t->sx < 0 ? 0 : t->items - (over - 1) / t->x_item - 1;
  for (int64_t i = 0; i < t->items; ++i) {
    const T* x = t->x + i * t->x_item;
    T* c = t->c + i * t->c_item;
    if (t->y == nullptr) {
      item_columns_any<T, 0>(t, t->n, x, x, c, i < whole);
    } else {
      item_columns_any<T, 1>(t, t->n, x, t->y + i * t->y_item, c, i < whole);
    }
  }
}
