// Micro-kernels that work element by element along lines, and reductions of a line that are no sums of products.

// Elements as what they are compared as: integers with their sign.
template <class T>
struct compared_lane {
  typedef vec<T> type;
};
template <>
struct compared_lane<uint32_t> {
  typedef int32_t type __attribute__((vector_size(EINBLAS_VBYTES)));
};
template <>
struct compared_lane<uint64_t> {
  typedef int64_t type __attribute__((vector_size(EINBLAS_VBYTES)));
};
template <class T>
using compared = typename compared_lane<T>::type;

// The larger, or the smaller; NaN where one is NaN.
template <class T, bool LESS>
EINBLAS_INLINE vec<T> extreme(vec<T> a, vec<T> b) {
  const compared<T> x = (compared<T>)a, y = (compared<T>)b;
  if constexpr (kWhole<T>) {
    return (LESS ? x < y : x > y) ? a : b;
  } else {
    return ((LESS ? x < y : x > y) | (x != x)) ? a : b;
  }
}

template <class T>
EINBLAS_INLINE vec<T> one_or_zero(decltype(compared<T>{} < compared<T>{}) truth) {
  return truth ? splat(T{1}) : vec<T>{};
}

// Each: operands that it reads, and its value from vectors of them and three numbers.
#define EINBLAS_MAP(NAME, ARITY, VALUE)                          \
  template <class T>                                             \
  struct NAME {                                                  \
    static constexpr int arity = ARITY;                          \
    EINBLAS_INLINE vec<T> of(const vec<T>* x, const vec<T>* s) { \
      (void)s;                                                   \
      return VALUE;                                              \
    }                                                            \
  }
EINBLAS_MAP(map_copy, 1, x[0]);
EINBLAS_MAP(map_scale, 1, s[0] * x[0]);
EINBLAS_MAP(map_shift, 1, s[0] * x[0] + s[2]);
EINBLAS_MAP(map_affine, 2, s[0] * x[0] + s[1] * x[1] + s[2]);
EINBLAS_MAP(map_add, 2, x[0] + x[1]);
EINBLAS_MAP(map_subtract, 2, x[0] - x[1]);
EINBLAS_MAP(map_multiply, 2, x[0] * x[1]);
EINBLAS_MAP(map_multiply_add, 3, x[0] * x[1] + x[2]);
EINBLAS_MAP(map_divide, 2, x[0] / x[1]);
EINBLAS_MAP(map_exp, 1, exp_of<T>(x[0]));
EINBLAS_MAP(map_exp_of_difference, 2, exp_of<T>(x[0] - x[1]));
EINBLAS_MAP(map_log, 1, log_of<T>(x[0]));
EINBLAS_MAP(map_sqrt, 1, root_of(x[0]));
EINBLAS_MAP(map_tanh, 1, tanh_of<T>(x[0]));
EINBLAS_MAP(map_sigmoid, 1, sigmoid_of<T>(x[0]));
EINBLAS_MAP(map_gelu, 1, gelu_of<T>(x[0]));
EINBLAS_MAP(map_abs_real, 1, absolute<T>(x[0]));
EINBLAS_MAP(map_abs_whole, 1, ((compared<T>)x[0] < compared<T>{}) ? -x[0] : x[0]);
EINBLAS_MAP(map_relu, 1, ((compared<T>)x[0] <= compared<T>{}) ? vec<T>{} : x[0]);
EINBLAS_MAP(map_maximum, 2, (extreme<T, false>(x[0], x[1])));
EINBLAS_MAP(map_minimum, 2, (extreme<T, true>(x[0], x[1])));
EINBLAS_MAP(map_equal, 2, one_or_zero<T>((compared<T>)x[0] == (compared<T>)x[1]));
EINBLAS_MAP(map_not_equal, 2, one_or_zero<T>((compared<T>)x[0] != (compared<T>)x[1]));
EINBLAS_MAP(map_less, 2, one_or_zero<T>((compared<T>)x[0] < (compared<T>)x[1]));
EINBLAS_MAP(map_less_equal, 2, one_or_zero<T>((compared<T>)x[0] <= (compared<T>)x[1]));
EINBLAS_MAP(map_where, 3, ((compared<T>)x[0] != compared<T>{}) ? x[1] : x[2]);
// Of -0 and NaN themselves.
EINBLAS_MAP(map_sign, 1,
            (compared<T>)x[0] > compared<T>{} ? splat(T{1})
                                              : ((compared<T>)x[0] < compared<T>{} ? -splat(T{1}) : x[0]));
#undef EINBLAS_MAP

// out[i] = the value of the operands at i, i < n: operand t is a line (step[t] = 1) or one value (step[t] = 0). out may
// be an operand's line. Past the caches, by ordinary stores up to where out is aligned and by others from there.
template <class T, class F>
static void map_line(int64_t n, T* out, const T* const* x, const int* step, const T* scalars, int past_caches) {
  constexpr int w = lanes<T>::value;
  const vec<T> s[3] = {splat(scalars[0]), splat(scalars[1]), splat(scalars[2])};
  alignas(EINBLAS_VBYTES) T fixed[3][w];
  const T* at[3];
  int64_t mask[3];
#pragma GCC unroll 3
  for (int t = 0; t < F::arity; ++t) {
    at[t] = x[t];
    mask[t] = -1;
    if (step[t] == 0) {
      store(fixed[t], splat(*x[t]));
      at[t] = fixed[t];
      mask[t] = 0;
    }
  }
  int64_t i = 0;
  if (past_caches) {
    const int64_t misaligned = static_cast<int64_t>(reinterpret_cast<uintptr_t>(out) % EINBLAS_VBYTES);
    const int64_t head = misaligned == 0 ? 0 : (EINBLAS_VBYTES - misaligned) / static_cast<int64_t>(sizeof(T));
    if (head < n) {
      vec<T> v[3];
      if (head > 0) {
#pragma GCC unroll 3
        for (int t = 0; t < F::arity; ++t) v[t] = load_n(at[t], static_cast<int>(head));
        store_n(out, F::of(v, s), static_cast<int>(head));
      }
      for (i = head; i + w <= n; i += w) {
#pragma GCC unroll 3
        for (int t = 0; t < F::arity; ++t) v[t] = load(at[t] + (i & mask[t]));
        stream(out + i, F::of(v, s));
      }
      stream_fence();
    }
  }
  for (; i + w <= n; i += w) {
    vec<T> v[3];
#pragma GCC unroll 3
    for (int t = 0; t < F::arity; ++t) v[t] = load(at[t] + (i & mask[t]));
    store(out + i, F::of(v, s));
  }
  if (i < n) {
    const int m = static_cast<int>(n - i);
    vec<T> v[3];
#pragma GCC unroll 3
    for (int t = 0; t < F::arity; ++t) v[t] = load_n(at[t] + (i & mask[t]), m);
    store_n(out + i, F::of(v, s), m);
  }
}

template <class T>
constexpr void fill_maps(MapLine<T>* map) {
  const auto put = [&](Map what, MapLine<T> line) { map[static_cast<int>(what)] = line; };
  put(Map::Copy, map_line<T, map_copy<T>>);
  put(Map::Scale, map_line<T, map_scale<T>>);
  put(Map::Shift, map_line<T, map_shift<T>>);
  put(Map::Affine, map_line<T, map_affine<T>>);
  put(Map::Add, map_line<T, map_add<T>>);
  put(Map::Subtract, map_line<T, map_subtract<T>>);
  put(Map::Multiply, map_line<T, map_multiply<T>>);
  put(Map::Sign, map_line<T, map_sign<T>>);
  put(Map::Relu, map_line<T, map_relu<T>>);
  put(Map::Maximum, map_line<T, map_maximum<T>>);
  put(Map::Minimum, map_line<T, map_minimum<T>>);
  put(Map::Equal, map_line<T, map_equal<T>>);
  put(Map::NotEqual, map_line<T, map_not_equal<T>>);
  put(Map::Less, map_line<T, map_less<T>>);
  put(Map::LessEqual, map_line<T, map_less_equal<T>>);
  put(Map::Where, map_line<T, map_where<T>>);
  if constexpr (kWhole<T>) {
    put(Map::Abs, map_line<T, map_abs_whole<T>>);
  } else {
    put(Map::Abs, map_line<T, map_abs_real<T>>);
    put(Map::MultiplyAdd, map_line<T, map_multiply_add<T>>);
    put(Map::Divide, map_line<T, map_divide<T>>);
    put(Map::Exp, map_line<T, map_exp<T>>);
    put(Map::ExpOfDifference, map_line<T, map_exp_of_difference<T>>);
    put(Map::Log, map_line<T, map_log<T>>);
    put(Map::Sqrt, map_line<T, map_sqrt<T>>);
    put(Map::Tanh, map_line<T, map_tanh<T>>);
    put(Map::Sigmoid, map_line<T, map_sigmoid<T>>);
    put(Map::Gelu, map_line<T, map_gelu<T>>);
  }
}

// The largest (LESS: smallest) element of a line, NaN where one is. Assumes n > 0.
template <class T, bool LESS>
static T line_extreme(int64_t n, const T* x) {
  constexpr int w = lanes<T>::value;
  vec<T> m[4];
  int64_t i = 0;
  m[0] = m[1] = m[2] = m[3] = splat(x[0]);
  for (; i + 4 * w <= n; i += 4 * w)
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) m[v] = extreme<T, LESS>(load(x + i + v * w), m[v]);
  for (; i + w <= n; i += w) m[0] = extreme<T, LESS>(load(x + i), m[0]);
  m[0] = extreme<T, LESS>(extreme<T, LESS>(m[0], m[1]), extreme<T, LESS>(m[2], m[3]));
  T t[w];
  store(t, m[0]);
  vec<T> most = splat(t[0]);
  for (int l = 1; l < w; ++l) most = extreme<T, LESS>(splat(t[l]), most);
  for (; i < n; ++i) most = extreme<T, LESS>(splat(x[i]), most);
  return most[0];
}

// out[i] = e^(x[i] - from), and their sum; out may be x, or null.
template <class T>
static T line_exp_sum(int64_t n, const T* x, T from, T* out) {
  constexpr int w = lanes<T>::value;
  const vec<T> m = splat(from);
  vec<T> s[4] = {};
  int64_t i = 0;
  for (; i + 4 * w <= n; i += 4 * w)
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) {
      const vec<T> e = exp_of<T>(load(x + i + v * w) - m);
      if (out != nullptr) store(out + i + v * w, e);
      s[v] += e;
    }
  for (; i < n; i += w) {
    const int rest = n - i < w ? static_cast<int>(n - i) : w;
    const vec<T> e = exp_of<T>(load_n(x + i, rest) - m);
    if (out != nullptr) store_n(out + i, e, rest);
    // Lanes beside the line hold e^-from: they are not added.
    T t[w] = {};
    store_n(t, e, rest);
    s[0] += load(t);
  }
  return sum<T>((s[0] + s[1]) + (s[2] + s[3]));
}

// The sum of (x[i] - from)^2.
template <class T>
static T line_squares(int64_t n, const T* x, T from) {
  constexpr int w = lanes<T>::value;
  const vec<T> m = splat(from);
  vec<T> s[4] = {};
  int64_t i = 0;
  for (; i + 4 * w <= n; i += 4 * w)
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) {
      const vec<T> d = load(x + i + v * w) - m;
      s[v] += d * d;
    }
  T rest = 0;
  for (; i + w <= n; i += w) {
    const vec<T> d = load(x + i) - m;
    s[0] += d * d;
  }
  for (; i < n; ++i) rest += (x[i] - from) * (x[i] - from);
  return sum<T>((s[0] + s[1]) + (s[2] + s[3])) + rest;
}
