// Kernels that measure the machine: the peak of multiply-adds, and memory bandwidth.

// Operations = rounds * kChains * lanes * 2 * 16, as 2 x (latency) independent chains fill both units.
template <class T>
static int64_t fma_rounds(int64_t rounds, T* sink) {
  constexpr int kChains = 12;
  vec<T> acc[kChains];
  const vec<T> x = splat<T>(sink[0]), y = splat<T>(sink[1]);
  for (int i = 0; i < kChains; ++i) acc[i] = splat<T>(static_cast<T>(i));
  for (int64_t r = 0; r < rounds; ++r) {
    for (int u = 0; u < 16; ++u) {
#pragma GCC unroll 12
      for (int i = 0; i < kChains; ++i) acc[i] = acc[i] * x + y;
    }
    for (int i = 0; i < kChains; ++i) __asm__ volatile("" : "+m"(sink[2]));
  }
  vec<T> s = acc[0];
  for (int i = 1; i < kChains; ++i) s += acc[i];
  sink[2] = sum<T>(s);
  return int64_t{2} * 16 * kChains * lanes<T>::value;
}

static double probe_read(const double* p, int64_t n) {
  constexpr int64_t w = lanes<double>::value;
  vec<double> s[8] = {};
  for (int64_t i = 0; i < n; i += 8 * w)
    for (int j = 0; j < 8; ++j) s[j] += load(p + i + j * w);
  for (int j = 1; j < 8; ++j) s[0] += s[j];
  return sum<double>(s[0]);
}

static void probe_fill(double* p, int64_t n, double v) {
  const vec<double> x = splat(v);
  for (int64_t i = 0; i < n; i += lanes<double>::value) store(p + i, x);
}

static void probe_stream(double* p, int64_t n, double v) {
  const vec<double> x = splat(v);
  for (int64_t i = 0; i < n; i += lanes<double>::value) stream(p + i, x);
  stream_fence();
}

static void probe_copy(double* to, const double* from, int64_t n) {
  for (int64_t i = 0; i < n; i += lanes<double>::value) store(to + i, load(from + i));
}

static void probe_copy_stream(double* to, const double* from, int64_t n) {
  for (int64_t i = 0; i < n; i += lanes<double>::value) stream(to + i, load(from + i));
  stream_fence();
}
