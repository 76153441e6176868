// SIMD: one vector type per element type and ISA, from GCC/Clang vector extensions; masked tails and streaming stores.
//
// Included only by isa/*.cpp, inside the ISA's namespace, through kernels/*.inl. EINBLAS_VBYTES is 16, 32 or 64.
// Everything has internal linkage: a weak symbol compiled for AVX-512 that the linker picks for everyone is an illegal
// instruction on an older machine. So: C headers and intrinsics only (isa/table.inl includes them, outside
// the namespace), no std.
#define EINBLAS_INLINE static inline __attribute__((always_inline))
#define EINBLAS_RESTRICT __restrict__

typedef float vf32 __attribute__((vector_size(EINBLAS_VBYTES)));
typedef double vf64 __attribute__((vector_size(EINBLAS_VBYTES)));
typedef float vf32u __attribute__((vector_size(EINBLAS_VBYTES), aligned(4), may_alias));
typedef double vf64u __attribute__((vector_size(EINBLAS_VBYTES), aligned(8), may_alias));
// Integers are unsigned: their sums and products wrap, where those of signed ones overflow, which nothing defines.
// Modulo 2^n both are the same bits by the same instructions.
typedef uint32_t vu32 __attribute__((vector_size(EINBLAS_VBYTES)));
typedef uint64_t vu64 __attribute__((vector_size(EINBLAS_VBYTES)));
typedef uint32_t vu32u __attribute__((vector_size(EINBLAS_VBYTES), aligned(4), may_alias));
typedef uint64_t vu64u __attribute__((vector_size(EINBLAS_VBYTES), aligned(8), may_alias));

template <class T>
struct vec_of;
template <>
struct vec_of<float> {
  typedef vf32 type;
  typedef vf32u unaligned;
};
template <>
struct vec_of<double> {
  typedef vf64 type;
  typedef vf64u unaligned;
};
template <>
struct vec_of<uint32_t> {
  typedef vu32 type;
  typedef vu32u unaligned;
};
template <>
struct vec_of<uint64_t> {
  typedef vu64 type;
  typedef vu64u unaligned;
};
template <class T>
using vec = typename vec_of<T>::type;

// Of vectors of reals their bits.
template <class T>
struct bits_of_lane;
template <>
struct bits_of_lane<float> {
  typedef vu32 type;
};
template <>
struct bits_of_lane<double> {
  typedef vu64 type;
};
template <class T>
using bits_vec = typename bits_of_lane<T>::type;

template <class T>
constexpr bool kWhole = T{1} / T{2} == 0;  // an integer

// Lanes of a vector of T.
template <class T>
struct lanes {
  static constexpr int value = EINBLAS_VBYTES / static_cast<int>(sizeof(T));
};

template <class T>
EINBLAS_INLINE vec<T> load(const T* p) {
  return *reinterpret_cast<const typename vec_of<T>::unaligned*>(p);
}
template <class T>
EINBLAS_INLINE void store(T* p, vec<T> v) {
  *reinterpret_cast<typename vec_of<T>::unaligned*>(p) = v;
}
template <class T>
EINBLAS_INLINE vec<T> splat(T x) {
  return x - vec<T>{};  // x - 0 is x for every x (0 + x is not: -0), so this is one broadcast and no addition
}

// x + b * c, where x may be a product: that one is rounded, so that every kernel rounds alpha * sum + beta * c alike.
template <class V>
EINBLAS_INLINE V add_product(V x, V b, V c) {
#if defined(__ARM_NEON)
  __asm__("" : "+w"(x));
#elif defined(__AVX512F__)
  __asm__("" : "+v"(x));
#elif defined(__SSE2__)
  __asm__("" : "+x"(x));
#endif
  return x + b * c;
}
template <class T>
EINBLAS_INLINE vec<T> plus_product(vec<T> x, vec<T> b, vec<T> c) {
  return add_product(x, b, c);
}

// First n lanes, 0 <= n <= lanes; the rest 0 and not touched in memory. Loads, stores and moves go by the size of the
// elements alone.
#if EINBLAS_VBYTES == 64 && defined(__AVX512F__)
// The mask is hidden from the compiler: GCC 12 turns a load with a constant mask, of which a shuffle then takes the
// first lanes alone, into one of the whole vector, which reads beyond the tensor.
template <class T>
EINBLAS_INLINE vec<T> load_n(const T* p, int n) {
  if constexpr (sizeof(T) == 4) {
    __mmask16 mask = (__mmask16)((1u << n) - 1u);
    __asm__("" : "+k"(mask));
    return (vec<T>)_mm512_maskz_loadu_ps(mask, p);
  } else {
    __mmask8 mask = (__mmask8)((1u << n) - 1u);
    __asm__("" : "+k"(mask));
    return (vec<T>)_mm512_maskz_loadu_pd(mask, p);
  }
}
template <class T>
EINBLAS_INLINE void store_n(T* p, vec<T> v, int n) {
  if constexpr (sizeof(T) == 4) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1u), (__m512)v);
  } else {
    _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1u), (__m512d)v);
  }
}
// Non-temporal store; p is aligned to the vector.
template <class T>
EINBLAS_INLINE void stream(T* p, vec<T> v) {
  _mm512_stream_ps(reinterpret_cast<float*>(p), (__m512)v);
}
EINBLAS_INLINE void stream_fence() { _mm_sfence(); }
#elif EINBLAS_VBYTES == 32 && defined(__AVX2__)
EINBLAS_INLINE __m256i first_lanes_32(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
EINBLAS_INLINE __m256i first_lanes_64(int n) {
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
}
template <class T>
EINBLAS_INLINE vec<T> load_n(const T* p, int n) {
  if constexpr (sizeof(T) == 4) {
    return (vec<T>)_mm256_maskload_ps(reinterpret_cast<const float*>(p), first_lanes_32(n));
  } else {
    return (vec<T>)_mm256_maskload_pd(reinterpret_cast<const double*>(p), first_lanes_64(n));
  }
}
template <class T>
EINBLAS_INLINE void store_n(T* p, vec<T> v, int n) {
  if constexpr (sizeof(T) == 4) {
    _mm256_maskstore_ps(reinterpret_cast<float*>(p), first_lanes_32(n), (__m256)v);
  } else {
    _mm256_maskstore_pd(reinterpret_cast<double*>(p), first_lanes_64(n), (__m256d)v);
  }
}
template <class T>
EINBLAS_INLINE void stream(T* p, vec<T> v) {
  _mm256_stream_ps(reinterpret_cast<float*>(p), (__m256)v);
}
EINBLAS_INLINE void stream_fence() { _mm_sfence(); }
#else
#if defined(__ARM_NEON) && EINBLAS_VBYTES == 16
// No masks: a pair, then one more element, each a load or store of its own size into a lane.
EINBLAS_INLINE vf32 load_n(const float* p, int n) {
  if (n >= 4) return load(p);
  float32x2_t low = vdup_n_f32(0), high = low;
  if (n & 2) {
    low = vld1_f32(p);
    if (n & 1) high = vld1_lane_f32(p + 2, high, 0);
  } else if (n & 1) {
    low = vld1_lane_f32(p, low, 0);
  }
  return (vf32)vcombine_f32(low, high);
}
EINBLAS_INLINE vf64 load_n(const double* p, int n) {
  if (n >= 2) return load(p);
  return (vf64)(n == 1 ? vcombine_f64(vld1_f64(p), vdup_n_f64(0)) : vdupq_n_f64(0));
}
EINBLAS_INLINE void store_n(float* p, vf32 v, int n) {
  const float32x4_t x = (float32x4_t)v;
  if (n >= 4) return store(p, v);
  if (n & 2) vst1_f32(p, vget_low_f32(x));
  if (n == 3) vst1q_lane_f32(p + 2, x, 2);
  if (n == 1) vst1q_lane_f32(p, x, 0);
}
EINBLAS_INLINE void store_n(double* p, vf64 v, int n) {
  if (n >= 2) return store(p, v);
  if (n == 1) vst1q_lane_f64(p, (float64x2_t)v, 0);
}
EINBLAS_INLINE vu32 load_n(const uint32_t* p, int n) {
  if (n >= 4) return load(p);
  uint32x2_t low = vdup_n_u32(0), high = low;
  if (n & 2) {
    low = vld1_u32(p);
    if (n & 1) high = vld1_lane_u32(p + 2, high, 0);
  } else if (n & 1) {
    low = vld1_lane_u32(p, low, 0);
  }
  return (vu32)vcombine_u32(low, high);
}
EINBLAS_INLINE vu64 load_n(const uint64_t* p, int n) {
  if (n >= 2) return load(p);
  return (vu64)(n == 1 ? vcombine_u64(vld1_u64(p), vdup_n_u64(0)) : vdupq_n_u64(0));
}
EINBLAS_INLINE void store_n(uint32_t* p, vu32 v, int n) {
  const uint32x4_t x = (uint32x4_t)v;
  if (n >= 4) return store(p, v);
  if (n & 2) vst1_u32(p, vget_low_u32(x));
  if (n == 3) vst1q_lane_u32(p + 2, x, 2);
  if (n == 1) vst1q_lane_u32(p, x, 0);
}
EINBLAS_INLINE void store_n(uint64_t* p, vu64 v, int n) {
  if (n >= 2) return store(p, v);
  if (n == 1) vst1q_lane_u64(p, (uint64x2_t)v, 0);
}
#else
template <class T>
EINBLAS_INLINE vec<T> load_n(const T* p, int n) {
  vec<T> v{};
  for (int i = 0; i < n; ++i) v[i] = p[i];
  return v;
}
template <class T>
EINBLAS_INLINE void store_n(T* p, vec<T> v, int n) {
  for (int i = 0; i < n; ++i) p[i] = v[i];
}
#endif
#if defined(__SSE2__)
template <class T>
EINBLAS_INLINE void stream(T* p, vec<T> v) {
  _mm_stream_ps(reinterpret_cast<float*>(p), (__m128)v);
}
EINBLAS_INLINE void stream_fence() { _mm_sfence(); }
#else
template <class T>
EINBLAS_INLINE void stream(T* p, vec<T> v) {
  store(p, v);
}
EINBLAS_INLINE void stream_fence() {}
#endif
#endif

// Elements of a quarter: 16 bytes of a vector.
template <class T>
struct quarter {
  static constexpr int value = 16 / static_cast<int>(sizeof(T));
  static constexpr int count = EINBLAS_VBYTES / 16;  // of them in a vector
};
// Quarter k of the vector is what lies at p[k]; the second takes the first n elements of each alone, 0 < n < a quarter.
#if EINBLAS_VBYTES == 64 && defined(__AVX512F__)
EINBLAS_INLINE __m512 four_quarters(__m128 a, __m128 b, __m128 c, __m128 d) {
  __m512 v = _mm512_castps128_ps512(a);
  v = _mm512_mask_broadcast_f32x4(v, 0x00f0, b);
  v = _mm512_mask_broadcast_f32x4(v, 0x0f00, c);
  return _mm512_mask_broadcast_f32x4(v, 0xf000, d);
}
template <class T>
EINBLAS_INLINE vec<T> load_quarters(const T* const* p) {
  const auto at = [&](int k) __attribute__((always_inline)) {
    return _mm_loadu_ps(reinterpret_cast<const float*>(p[k]));
  };
  return (vec<T>)four_quarters(at(0), at(1), at(2), at(3));
}
template <class T>
EINBLAS_INLINE vec<T> load_quarters_n(const T* const* p, int n) {
  __mmask8 mask = (__mmask8)((1u << (n * static_cast<int>(sizeof(T)) / 4)) - 1u);
  __asm__("" : "+k"(mask));  // as in load_n
  const auto at = [&](int k) __attribute__((always_inline)) {
    return _mm_maskz_loadu_ps(mask, reinterpret_cast<const float*>(p[k]));
  };
  return (vec<T>)four_quarters(at(0), at(1), at(2), at(3));
}
// The last `before` lanes of x, then the first of y: v[i] = (x, y)[lanes - before + i].
template <class T>
EINBLAS_INLINE __m512i lanes_from(int first) {
  if constexpr (sizeof(T) == 4)
    return _mm512_add_epi32(_mm512_set1_epi32(first),
                            _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  return _mm512_add_epi64(_mm512_set1_epi64(first), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
}
template <class V>
EINBLAS_INLINE V joined(V x, __m512i lanes, V y) {
  if constexpr (sizeof x[0] == 4) return (V)_mm512_permutex2var_ps((__m512)x, lanes, (__m512)y);
  return (V)_mm512_permutex2var_pd((__m512d)x, lanes, (__m512d)y);
}
// Lanes [first, end) of v to p and on.
template <class T>
EINBLAS_INLINE void store_between(T* p, vec<T> v, int first, int end) {
  const unsigned mask = ((1u << end) - 1u) & ~((1u << first) - 1u);
  if constexpr (sizeof(T) == 4) {
    _mm512_mask_storeu_ps(p, (__mmask16)mask, (__m512)v);
  } else {
    _mm512_mask_storeu_pd(p, (__mmask8)mask, (__m512d)v);
  }
}
#elif EINBLAS_VBYTES == 32 && defined(__AVX2__)
EINBLAS_INLINE __m256 two_quarters(__m128 a, __m128 b) { return _mm256_insertf128_ps(_mm256_castps128_ps256(a), b, 1); }
template <class T>
EINBLAS_INLINE vec<T> load_quarters(const T* const* p) {
  return (vec<T>)two_quarters(_mm_loadu_ps(reinterpret_cast<const float*>(p[0])),
                              _mm_loadu_ps(reinterpret_cast<const float*>(p[1])));
}
template <class T>
EINBLAS_INLINE vec<T> load_quarters_n(const T* const* p, int n) {
  const __m128i mask = _mm256_castsi256_si128(first_lanes_32(n * static_cast<int>(sizeof(T)) / 4));
  return (vec<T>)two_quarters(_mm_maskload_ps(reinterpret_cast<const float*>(p[0]), mask),
                              _mm_maskload_ps(reinterpret_cast<const float*>(p[1]), mask));
}
#else
template <class T>
EINBLAS_INLINE vec<T> load_quarters(const T* const* p) {
  return load(p[0]);
}
template <class T>
EINBLAS_INLINE vec<T> load_quarters_n(const T* const* p, int n) {
  return load_n(p[0], n);
}
#endif

// Sum of the lanes, in a fixed order (pairwise halves).
#if defined(__ARM_NEON) && EINBLAS_VBYTES == 16
// In registers: through memory, GCC 12 keeps the sums of bsr_dots there all along (32 of 59 instructions of its loop).
template <class T>
EINBLAS_INLINE T sum(vec<T> v) {
  if constexpr (kWhole<T>) {
    if constexpr (sizeof(T) == 4) return vaddvq_u32((uint32x4_t)v);
    if constexpr (sizeof(T) == 8) return vaddvq_u64((uint64x2_t)v);
  } else if constexpr (sizeof(T) == 4) {
    const float32x4_t x = (float32x4_t)v;
    return vpadds_f32(vadd_f32(vget_low_f32(x), vget_high_f32(x)));
  } else {
    static_assert(sizeof(T) == 8, "a sum of doubles");
    return vpaddd_f64((float64x2_t)v);
  }
}
#else
template <class T>
EINBLAS_INLINE T sum(vec<T> v) {
  T t[lanes<T>::value];
  memcpy(t, &v, sizeof v);
  for (int h = lanes<T>::value / 2; h > 0; h /= 2)
    for (int i = 0; i < h; ++i) t[i] += t[i + h];
  return t[0];
}
#endif
