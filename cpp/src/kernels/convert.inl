// Rows of 16-bit floats to F32 and back.
//
// BF16 is the upper half of an F32: integer arithmetic, which the compiler makes vectors of. F16 has instructions on
// AVX2 (F16C), AVX-512 and NEON; elsewhere it is integer arithmetic too.
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
