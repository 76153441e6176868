// Rows of 16-bit floats to F32 and back, of small integers to I32 and back, and of complex numbers as operands of
// products of reals.
//
// BF16 is the upper half of an F32: integer arithmetic, which the compiler makes vectors of, as of integers. F16 has
// instructions on AVX2 (F16C), AVX-512 and NEON; elsewhere it is integer arithmetic too.
typedef uint32_t f32_bits __attribute__((may_alias));

// to[i] = from[i], exact.
static void bf16_to_f32(int64_t n, const uint16_t* EINBLAS_RESTRICT from, float* EINBLAS_RESTRICT to) {
  f32_bits* out = reinterpret_cast<f32_bits*>(to);
  for (int64_t i = 0; i < n; ++i) out[i] = static_cast<uint32_t>(from[i]) << 16;
}

// to[i] = from[i] to nearest, ties to even; NaN becomes a quiet one.
static void f32_to_bf16(int64_t n, const float* EINBLAS_RESTRICT from, uint16_t* EINBLAS_RESTRICT to) {
  const f32_bits* in = reinterpret_cast<const f32_bits*>(from);
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t x = in[i], rounded = x + 0x7fff + (x >> 16 & 1);
    to[i] = static_cast<uint16_t>(((x & 0x7fffffffu) > 0x7f800000u ? x | 0x400000u : rounded) >> 16);
  }
}

// The same of F16, `step` elements at a time by instructions; the rest goes through a buffer of as many.
#if defined(__AVX512F__)
constexpr int64_t f16_step = 16;
EINBLAS_INLINE void f16_widen(const uint16_t* from, float* to) {
  _mm512_storeu_ps(to,
                   _mm512_maskz_cvtph_ps((__mmask16)-1, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))));
}
EINBLAS_INLINE void f16_narrow(const float* from, uint16_t* to) {
  _mm256_storeu_si256(
      reinterpret_cast<__m256i*>(to),
      _mm512_maskz_cvtps_ph((__mmask16)-1, _mm512_loadu_ps(from), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
#elif defined(__F16C__)
constexpr int64_t f16_step = 8;
EINBLAS_INLINE void f16_widen(const uint16_t* from, float* to) {
  _mm256_storeu_ps(to, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
}
EINBLAS_INLINE void f16_narrow(const float* from, uint16_t* to) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                   _mm256_cvtps_ph(_mm256_loadu_ps(from), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
#elif defined(__ARM_NEON)
constexpr int64_t f16_step = 4;
EINBLAS_INLINE void f16_widen(const uint16_t* from, float* to) {
  vst1q_f32(to, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from))));
}
EINBLAS_INLINE void f16_narrow(const float* from, uint16_t* to) {
  vst1_u16(to, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(from))));
}
#else
constexpr int64_t f16_step = 4;
// The exponent is 112 less than a float's: a multiplication by 2^112 is exact, of subnormal numbers too.
EINBLAS_INLINE void f16_widen(const uint16_t* from, float* to) {
  for (int64_t i = 0; i < f16_step; ++i) {
    const uint32_t x = from[i], rest = (x & 0x7fffu) << 13;
    uint32_t bits = rest;
    float v;
    memcpy(&v, &bits, sizeof v);
    v *= 0x1p112f;
    memcpy(&bits, &v, sizeof bits);
    if (rest >= 0x0f800000u) bits = rest | 0x7f800000u | (rest > 0x0f800000u ? 0x400000u : 0);
    bits |= (x & 0x8000u) << 16;
    memcpy(to + i, &bits, sizeof bits);
  }
}
EINBLAS_INLINE void f16_narrow(const float* from, uint16_t* to) {
  for (int64_t i = 0; i < f16_step; ++i) {
    uint32_t x, low;
    memcpy(&x, from + i, sizeof x);
    const uint32_t rest = x & 0x7fffffffu;
    float v;
    memcpy(&v, &rest, sizeof v);
    v += 0.5f;  // rounds a number below 2^-14 to units of 2^-24
    memcpy(&low, &v, sizeof low);
    const uint32_t normal = (rest + 0xfff + (rest >> 13 & 1) - (112u << 23)) >> 13;
    uint32_t half = rest < 0x38800000u ? low - 0x3f000000u : rest < 0x477ff000u ? normal : 0x7c00u;
    if (rest > 0x7f800000u) half = 0x7e00u | (rest >> 13 & 0x3ff);
    to[i] = static_cast<uint16_t>((x >> 16 & 0x8000u) | half);
  }
}
#endif

static void f16_to_f32(int64_t n, const uint16_t* EINBLAS_RESTRICT from, float* EINBLAS_RESTRICT to) {
  int64_t i = 0;
  for (; i + f16_step <= n; i += f16_step) f16_widen(from + i, to + i);
  if (i == n) return;
  uint16_t rest[f16_step] = {};
  float wide[f16_step];
  memcpy(rest, from + i, static_cast<size_t>(n - i) * sizeof *from);
  f16_widen(rest, wide);
  memcpy(to + i, wide, static_cast<size_t>(n - i) * sizeof *to);
}

static void f32_to_f16(int64_t n, const float* EINBLAS_RESTRICT from, uint16_t* EINBLAS_RESTRICT to) {
  int64_t i = 0;
  for (; i + f16_step <= n; i += f16_step) f16_narrow(from + i, to + i);
  if (i == n) return;
  float rest[f16_step] = {};
  uint16_t half[f16_step];
  memcpy(rest, from + i, static_cast<size_t>(n - i) * sizeof *from);
  f16_narrow(rest, half);
  memcpy(to + i, half, static_cast<size_t>(n - i) * sizeof *to);
}

template <class To, class From>
EINBLAS_INLINE To as_integer(From x) {
  return static_cast<To>(x);
}
// to[i] = from[i]; to a narrower type modulo its range.
template <class From, class To>
static void convert_integers(int64_t n, const From* EINBLAS_RESTRICT from, To* EINBLAS_RESTRICT to) {
  for (int64_t i = 0; i < n; ++i) to[i] = as_integer<To>(from[i]);
}

// Vectors of pairs (re, im): swapped, the first ones or the second ones of each pair twice, x's first ones with y's
// second ones.
template <class T, int... L>
EINBLAS_INLINE vec<T> swapped_pairs(vec<T> v, lane_list<L...>) {
  return __builtin_shufflevector(v, v, (L ^ 1)...);
}
template <class T, int... L>
EINBLAS_INLINE vec<T> first_twice(vec<T> v, lane_list<L...>) {
  return __builtin_shufflevector(v, v, (L & ~1)...);
}
template <class T, int... L>
EINBLAS_INLINE vec<T> second_twice(vec<T> v, lane_list<L...>) {
  return __builtin_shufflevector(v, v, (L | 1)...);
}
template <class T, int... L>
EINBLAS_INLINE vec<T> in_pairs(vec<T> x, vec<T> y, lane_list<L...>) {
  return __builtin_shufflevector(x, y, ((L & 1) == 0 ? L : lanes<T>::value + L)...);
}
// The sign of every second lane: 0 or -0. second: of the imaginary parts, else of the real ones.
template <class T>
EINBLAS_INLINE vec<T> signs(bool second, bool negative) {
  const vec<T> none = vec<T>{}, all = splat(negative ? -T{0} : T{0});
  return second ? in_pairs<T>(none, all, all_lanes<T>()) : in_pairs<T>(all, none, all_lanes<T>());
}
template <class T>
EINBLAS_INLINE vec<T> with_signs(vec<T> v, vec<T> sign) {
  return (vec<T>)((bits_vec<T>)v ^ (bits_vec<T>)sign);
}

// n complex numbers as two rows of pairs: (re, im) beside (-im, re); TWICE: (re, re) beside (-im, im); SWAPPED: (re,
// im) beside (im, re).
enum pair_form { FULL, TWICE, SWAPPED };
template <class T, pair_form FORM>
static void complex_rows(int64_t n, const T* EINBLAS_RESTRICT from, T* EINBLAS_RESTRICT first,
                         T* EINBLAS_RESTRICT second, int conjugated) {
  constexpr int w = lanes<T>::value;
  const vec<T> conjugates = signs<T>(true, conjugated != 0), negated = signs<T>(false, FORM != SWAPPED);
  const auto put = [&](vec<T> v, vec<T> & x, vec<T> & y) __attribute__((always_inline)) {
    v = with_signs<T>(v, conjugates);
    x = FORM == TWICE ? first_twice<T>(v, all_lanes<T>()) : v;
    y = FORM == TWICE ? second_twice<T>(v, all_lanes<T>()) : swapped_pairs<T>(v, all_lanes<T>());
    y = with_signs<T>(y, negated);
  };
  int64_t i = 0;
  vec<T> x, y;
  for (; i + w <= 2 * n; i += w) {
    put(load(from + i), x, y);
    store(first + i, x);
    store(second + i, y);
  }
  if (i == 2 * n) return;
  const int rest = static_cast<int>(2 * n - i);
  put(load_n(from + i, rest), x, y);
  store_n(first + i, x, rest);
  store_n(second + i, y, rest);
}

// 16-bit floats as vectors of floats.
typedef uint16_t vu16h __attribute__((vector_size(EINBLAS_VBYTES / 2)));
struct bf16_bits {
  uint16_t bits;
};
struct f16_bits {
  uint16_t bits;
};
#if EINBLAS_VBYTES == 64 && defined(__AVX512F__)
typedef __m256i half_vector;
EINBLAS_INLINE half_vector load_halves(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
EINBLAS_INLINE void store_halves(void* p, half_vector h) { _mm256_storeu_si256(static_cast<__m256i*>(p), h); }
EINBLAS_INLINE half_vector load_halves_n(const void* p, int n) {
  __mmask16 mask = (__mmask16)((1u << n) - 1u);
  __asm__("" : "+k"(mask));  // as in load_n
  return _mm256_maskz_loadu_epi16(mask, p);
}
EINBLAS_INLINE void store_halves_n(void* p, half_vector h, int n) {
  _mm256_mask_storeu_epi16(p, (__mmask16)((1u << n) - 1u), h);
}
EINBLAS_INLINE void stream_halves(void* p, half_vector h) { _mm256_stream_si256(static_cast<__m256i*>(p), h); }
EINBLAS_INLINE vec<float> wide(half_vector h, bf16_bits) {
  return (vec<float>)((vu32)_mm512_maskz_cvtepu16_epi32((__mmask16)-1, h) << 16);
}
EINBLAS_INLINE vec<float> wide(half_vector h, f16_bits) { return (vec<float>)_mm512_maskz_cvtph_ps((__mmask16)-1, h); }
EINBLAS_INLINE half_vector rounded(vec<float> v, bf16_bits) {
  const __m512i x = (__m512i)v, near = (__m512i)((vu32)x + 0x7fff + ((vu32)x >> 16 & 1));
  const __mmask16 nan = _mm512_cmp_ps_mask((__m512)v, (__m512)v, _CMP_UNORD_Q);
  const __m512i bits = _mm512_mask_or_epi32(near, nan, x, _mm512_set1_epi32(0x400000));
  return _mm512_maskz_cvtepi32_epi16((__mmask16)-1, (__m512i)((vu32)bits >> 16));
}
EINBLAS_INLINE half_vector rounded(vec<float> v, f16_bits) {
  return _mm512_maskz_cvtps_ph((__mmask16)-1, (__m512)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
#elif EINBLAS_VBYTES == 32 && defined(__AVX2__)
typedef __m128i half_vector;
EINBLAS_INLINE half_vector load_halves(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
EINBLAS_INLINE void store_halves(void* p, half_vector h) { _mm_storeu_si128(static_cast<__m128i*>(p), h); }
EINBLAS_INLINE void stream_halves(void* p, half_vector h) { _mm_stream_si128(static_cast<__m128i*>(p), h); }
EINBLAS_INLINE vec<float> wide(half_vector h, bf16_bits) { return (vec<float>)((vu32)_mm256_cvtepu16_epi32(h) << 16); }
EINBLAS_INLINE vec<float> wide(half_vector h, f16_bits) { return (vec<float>)_mm256_cvtph_ps(h); }
EINBLAS_INLINE half_vector rounded(vec<float> v, bf16_bits) {
  const vu32 x = (vu32)v;
  const __m256 near = (__m256)(x + 0x7fff + (x >> 16 & 1)), quiet = (__m256)(x | 0x400000u);
  const __m256 nan = _mm256_cmp_ps((__m256)v, (__m256)v, _CMP_UNORD_Q);
  const __m256i halves = (__m256i)((vu32)_mm256_blendv_ps(near, quiet, nan) >> 16);
  return _mm256_castsi256_si128(_mm256_permute4x64_epi64(_mm256_packus_epi32(halves, halves), 0x08));
}
EINBLAS_INLINE half_vector rounded(vec<float> v, f16_bits) {
  return _mm256_cvtps_ph((__m256)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
#else
typedef vu16h half_vector;
EINBLAS_INLINE half_vector load_halves(const void* p) {
  half_vector h;
  memcpy(&h, p, sizeof h);
  return h;
}
EINBLAS_INLINE void store_halves(void* p, half_vector h) { memcpy(p, &h, sizeof h); }
EINBLAS_INLINE void stream_halves(void* p, half_vector h) { store_halves(p, h); }
EINBLAS_INLINE vec<float> wide(half_vector h, bf16_bits) {
  return (vec<float>)(__builtin_convertvector(h, vu32) << 16);
}
EINBLAS_INLINE vec<float> wide(half_vector h, f16_bits) {
  vec<float> v;
  f16_widen(reinterpret_cast<const uint16_t*>(&h), reinterpret_cast<float*>(&v));
  return v;
}
EINBLAS_INLINE half_vector rounded(vec<float> v, bf16_bits) {
  const vu32 x = (vu32)v, nan = (vu32)(v != v);
  const vu32 bits = ((x + 0x7fff + (x >> 16 & 1)) & ~nan) | ((x | 0x400000u) & nan);
  return __builtin_convertvector(bits >> 16, vu16h);
}
EINBLAS_INLINE half_vector rounded(vec<float> v, f16_bits) {
  half_vector h;
  f16_narrow(reinterpret_cast<const float*>(&v), reinterpret_cast<uint16_t*>(&h));
  return h;
}
#endif
#if !defined(__AVX512F__)
EINBLAS_INLINE half_vector load_halves_n(const void* p, int n) {
  uint16_t t[lanes<float>::value] = {};
  for (int i = 0; i < n; ++i) memcpy(t + i, static_cast<const char*>(p) + 2 * i, 2);
  return load_halves(t);
}
EINBLAS_INLINE void store_halves_n(void* p, half_vector h, int n) {
  uint16_t t[lanes<float>::value];
  store_halves(t, h);
  for (int i = 0; i < n; ++i) memcpy(static_cast<char*>(p) + 2 * i, t + i, 2);
}
#endif
EINBLAS_INLINE float wide_one(bf16_bits h) {
  const uint32_t bits = static_cast<uint32_t>(h.bits) << 16;
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
EINBLAS_INLINE float wide_one(f16_bits h) {
#if defined(__F16C__)
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(h.bits)));
#else
  return wide(load_halves_n(&h, 1), h)[0];
#endif
}
