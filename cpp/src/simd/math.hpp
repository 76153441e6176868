// SIMD: elementary functions of vectors. After vec.hpp, and like it compiled once for each instruction set.
//
// Errors, over all arguments, of F64 and F32 (cpp/test/map measures them on every instruction set): exp, log, tanh at
// most 1 and 2 ulp; sigmoid 3; gelu 8. Polynomials are minimax ones by the exchange algorithm of Remez,
// fitted in 200 bits; arguments are reduced as by Tang (exp) and in fdlibm (log). NaN gives NaN.

// What depends on the format: digits and half of them, the exponent's bias; bits of the sign, of 1 and of 1 / sqrt(2),
// and of 2^digits (an integer below goes into its lower bits); `round`, whose last digit is 1: added and taken off
// again it rounds; what makes subnormal numbers normal. ln 2 in two parts, the first so short that products with
// exponents are exact. From `most` on e^x is infinite, below `least` 0; from tanh_most on tanh is 1, below -gelu_most
// gelu is 0. Terms: of (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2; of (log((1 + s) / (1 - s)) / s - 2) / s^2 in s^2; of
// (tanh x / x - 1) / x^2 in x^2 for |x| <= 0.625; of Phi(-y) e^(y^2/2) / t in 2 t - 1 for t = 1 / (1 + 0.375 y).
template <class T>
struct math;
template <>
struct math<float> {
  typedef uint32_t bits;
  static constexpr int mantissa = 23, half = 12, bias = 127;
  static constexpr bits sign = 0x80000000u, root_half = 0x3f3504f3u, one = 0x3f800000u, whole = 0x4b000000u;
  static constexpr float round = 0x1.8p23f, infinity = __builtin_inff(), nan = __builtin_nanf("");
  static constexpr float least_normal = 0x1p-126f, up = 0x1p25f, up_digits = 25;
  static constexpr float log2e = 0x1.715476p+0f, ln2_high = 0x1.62e0p-1f, ln2_low = 0x1.0bfbe8p-15f;
  static constexpr float most = 89, least = -104, tanh_most = 10, gelu_most = 15;
  static constexpr float exp_terms[] = {0x1.000000p-1f, 0x1.55548ep-3f, 0x1.55545ep-5f, 0x1.123b54p-7f,
                                        0x1.6db3fcp-10f};
  static constexpr float log_terms[] = {0x1.555554p-1f, 0x1.999a7ap-2f, 0x1.2438c0p-2f, 0x1.e2fa12p-3f};
  static constexpr float tanh_terms[] = {-0x1.555554p-2f, 0x1.11106cp-3f,  -0x1.b9ef7cp-5f,
                                         0x1.6394d4p-6f,  -0x1.0c212ep-7f, 0x1.197b24p-9f};
  static constexpr float gelu_terms[] = {0x1.129e60p-2f,   0x1.626a24p-3f,   0x1.fd5a4ap-5f,  0x1.67a4a6p-9f,
                                         -0x1.a45032p-8f,  -0x1.45e614p-11f, 0x1.09de4ep-10f, 0x1.6c4b14p-18f,
                                         -0x1.74f3ecp-13f, 0x1.1a6c30p-16f,  0x1.469494p-16f};
};
template <>
struct math<double> {
  typedef uint64_t bits;
  static constexpr int mantissa = 52, half = 27, bias = 1023;
  static constexpr bits sign = 0x8000000000000000u, root_half = 0x3fe6a09e667f3bcdu, one = 0x3ff0000000000000u,
                        whole = 0x4330000000000000u;
  static constexpr double round = 0x1.8p52, infinity = __builtin_inf(), nan = __builtin_nan("");
  static constexpr double least_normal = 0x1p-1022, up = 0x1p54, up_digits = 54;
  static constexpr double log2e = 0x1.71547652b82fep+0, ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
  static constexpr double most = 710, least = -746, tanh_most = 22, gelu_most = 39;
  static constexpr double exp_terms[] = {0x1.0p-1,
                                         0x1.555555555555cp-3,
                                         0x1.555555555555ep-5,
                                         0x1.111111110ebb2p-7,
                                         0x1.6c16c16c1356fp-10,
                                         0x1.a01a01b3bb34ep-13,
                                         0x1.a01a01b45ab88p-16,
                                         0x1.71ddef93a5bd9p-19,
                                         0x1.27e4bf293d562p-22,
                                         0x1.af6ccd10026d8p-26,
                                         0x1.1f9df6bb96984p-29};
  static constexpr double log_terms[] = {0x1.5555555555593p-1, 0x1.999999997fc76p-2, 0x1.2492494204529p-2,
                                         0x1.c71c51f8b4eb5p-3, 0x1.74664288ae147p-3, 0x1.39a158020d15fp-3,
                                         0x1.2f0977ffd979dp-3};
  static constexpr double tanh_terms[] = {-0x1.5555555555552p-2,  0x1.1111111110c38p-3,   -0x1.ba1ba1b9d10e8p-5,
                                          0x1.664f4870bfd0fp-6,   -0x1.226e32d11763cp-7,  0x1.d6d35aa3175edp-9,
                                          -0x1.7d9c3a0517b7fp-10, 0x1.350bcc056af40p-11,  -0x1.f11693c63a353p-13,
                                          0x1.8027cdc22968dp-14,  -0x1.faf933d4cbbcbp-16, 0x1.96630f303d250p-18};
  static constexpr double gelu_terms[] = {
      0x1.129e602b2302bp-2,   0x1.626a2aa4576f5p-3,   0x1.fd5a8465cb0aep-5,   0x1.67789395f9caap-9,
      -0x1.a4694ed832dcfp-8,  -0x1.414a7858daa0dp-11, 0x1.0b9967df96480p-10,  -0x1.471a76a9de89cp-16,
      -0x1.8d1fdb58cac68p-13, 0x1.a5fabd651eff3p-15,  0x1.b812494e88de2p-16,  -0x1.57a61e77bad5dp-16,
      0x1.9d1e3dd012887p-20,  0x1.2d0bb06ca0cacp-18,  -0x1.49563ada48b06p-19, -0x1.8cb1e7ac6140dp-29,
      0x1.796f61caf4e39p-21,  -0x1.abfdd59ae261cp-22, -0x1.8e7a7bb326f64p-28, 0x1.3095dcdb5b2b2p-23,
      -0x1.069d493fe6394p-24, -0x1.496dbd700f960p-26, 0x1.384cd2a0d7422p-26,  -0x1.c1a7d326f644fp-34,
      -0x1.b2ad6ba681b91p-30};
};

// terms[0] + x * (terms[1] + x * ..).
template <class T, int N>
EINBLAS_INLINE vec<T> polynomial(vec<T> x, const T (&terms)[N]) {
  vec<T> v = splat(terms[N - 1]);
#pragma GCC unroll 32
  for (int i = N - 2; i >= 0; --i) v = v * x + splat(terms[i]);
  return v;
}

template <class T>
EINBLAS_INLINE vec<T> absolute(vec<T> x) {
  return (vec<T>)((bits_vec<T>)x & ~math<T>::sign);
}
// The upper half of the digits: products of two are exact.
template <class T>
EINBLAS_INLINE vec<T> upper_half(vec<T> x) {
  return (vec<T>)((bits_vec<T>)x >> math<T>::half << math<T>::half);
}
// 2^n for whole n from -bias + 1 to bias.
template <class T>
EINBLAS_INLINE vec<T> power_of_two(vec<T> n) {
  return (vec<T>)((bits_vec<T>)(n + splat(math<T>::round + math<T>::bias)) << math<T>::mantissa);
}
template <class T>
EINBLAS_INLINE vec<T> nearest_whole(vec<T> x) {
  return (x + splat(math<T>::round)) - splat(math<T>::round);
}
// x = n ln 2 + r, and e^r - 1; `low` is added to x.
template <class T>
EINBLAS_INLINE vec<T> exp_less_one(vec<T> x, vec<T> low, vec<T>& n) {
  typedef math<T> c;
  n = nearest_whole<T>(x * splat(c::log2e));
  const vec<T> r = x - n * splat(c::ln2_high) + (low - n * splat(c::ln2_low));
  return r + r * r * polynomial<T>(r, c::exp_terms);
}
// factor * e^(x + low), where low is small beside 1; x between least and most. Only the last product is rounded where
// the result is subnormal.
template <class T>
EINBLAS_INLINE vec<T> times_exp(vec<T> factor, vec<T> x, vec<T> low) {
  vec<T> n;
  const vec<T> p = exp_less_one<T>(x, low, n);
  const vec<T> half = nearest_whole<T>(n * splat(T{1} / 2));  // 2^n may be no number where e^x is one
  return factor * (p + splat(T{1})) * power_of_two<T>(half) * power_of_two<T>(n - half);
}
template <class T>
EINBLAS_INLINE vec<T> exp_of(vec<T> x) {
  typedef math<T> c;
  x = x > splat(c::most) ? splat(c::most) : x;
  x = x < splat(c::least) ? splat(c::least) : x;
  return times_exp<T>(splat(T{1}), x, vec<T>{});
}

template <class T>
EINBLAS_INLINE vec<T> log_of(vec<T> x) {
  typedef math<T> c;
  typedef bits_vec<T> bits;
  const vec<T> zero = {}, one = splat(T{1});
  const auto tiny = x < splat(c::least_normal);
  const bits t = (bits)(tiny ? x * splat(c::up) : x) + (c::one - c::root_half);
  vec<T> k = (vec<T>)(t >> c::mantissa | c::whole) - splat(static_cast<T>(typename c::bits{1} << c::mantissa));
  k -= splat(T{c::bias}) + (tiny ? splat(c::up_digits) : zero);
  constexpr typename c::bits fraction = (typename c::bits{1} << c::mantissa) - 1;
  const vec<T> f = (vec<T>)((t & fraction) + c::root_half) - one;
  const vec<T> half_square = splat(T{1} / 2) * f * f;
  const vec<T> s = f / (f + splat(T{2})), z = s * s;
  const vec<T> rest = s * (half_square + z * polynomial<T>(z, c::log_terms)) + k * splat(c::ln2_low);
  const vec<T> y = k * splat(c::ln2_high) - ((half_square - rest) - f);
  const vec<T> low = x == zero ? splat(-c::infinity) : splat(c::nan);
  return x > zero ? (x == splat(c::infinity) ? x : y) : low;
}

template <class T>
EINBLAS_INLINE vec<T> tanh_of(vec<T> x) {
  typedef math<T> c;
  const vec<T> one = splat(T{1}), z = x * x;
  const vec<T> near = x + x * z * polynomial<T>(z, c::tanh_terms);
  vec<T> y = absolute<T>(x);
  y = y > splat(c::tanh_most) ? splat(c::tanh_most) : y;
  // 1 - 2 / (e^2y + 1), with what the sums e^2y and e^2y + 1 lose, and the quotient.
  vec<T> n;
  const vec<T> p = exp_less_one<T>(y + y, vec<T>{}, n);
  const vec<T> scale = power_of_two<T>(n), part = scale * p, e = scale + part, d = e + one;
  const vec<T> lost = (part - (e - scale)) + (one - (d - e));
  const vec<T> q = splat(T{2}) / d;
  const vec<T> q_high = upper_half<T>(q), q_low = q - q_high, d_high = upper_half<T>(d), d_low = d - d_high;
  const vec<T> rest = ((splat(T{2}) - q_high * d_high) - (q_high * d_low + q_low * d_high)) - q_low * d_low;
  const vec<T> far = one - (q + (rest - q * lost) * (splat(T{1} / 2) * q));
  const vec<T> far_signed = (vec<T>)((bits_vec<T>)far | ((bits_vec<T>)x & c::sign));
  return absolute<T>(x) < splat(T(0.625)) ? near : (x == x ? far_signed : x);
}

template <class T>
EINBLAS_INLINE vec<T> sigmoid_of(vec<T> x) {
  const vec<T> one = splat(T{1}), e = exp_of<T>(-absolute<T>(x));
  return (x < vec<T>{} ? e : one) / (one + e);
}

// x times the normal distribution's Phi(x); below -gelu_most it is 0.
template <class T>
EINBLAS_INLINE vec<T> gelu_of(vec<T> x) {
  typedef math<T> c;
  const vec<T> one = splat(T{1}), two = splat(T{2});
  vec<T> y = absolute<T>(x);
  y = y > splat(c::gelu_most) ? splat(c::gelu_most) : y;
  const vec<T> t = one / (one + splat(T(0.375)) * y);
  // y^2 / 2 in two parts, of which the first is exact.
  const vec<T> high = upper_half<T>(y), low = y - high;
  const vec<T> q = y * t * polynomial<T>(two * t - one, c::gelu_terms);
  const vec<T> tail = times_exp<T>(q, splat(T(-0.5)) * high * high, splat(T(-0.5)) * low * (y + high));
  return x > vec<T>{} ? x - tail : (x == x ? -tail : x);
}

#if EINBLAS_VBYTES == 64 && defined(__AVX512F__)
EINBLAS_INLINE vf32 root_of(vf32 x) { return (vf32)_mm512_maskz_sqrt_ps((__mmask16)-1, (__m512)x); }
EINBLAS_INLINE vf64 root_of(vf64 x) { return (vf64)_mm512_maskz_sqrt_pd((__mmask8)-1, (__m512d)x); }
#elif EINBLAS_VBYTES == 32 && defined(__AVX2__)
EINBLAS_INLINE vf32 root_of(vf32 x) { return (vf32)_mm256_sqrt_ps((__m256)x); }
EINBLAS_INLINE vf64 root_of(vf64 x) { return (vf64)_mm256_sqrt_pd((__m256d)x); }
#elif defined(__SSE2__)
EINBLAS_INLINE vf32 root_of(vf32 x) { return (vf32)_mm_sqrt_ps((__m128)x); }
EINBLAS_INLINE vf64 root_of(vf64 x) { return (vf64)_mm_sqrt_pd((__m128d)x); }
#elif defined(__ARM_NEON)
EINBLAS_INLINE vf32 root_of(vf32 x) { return (vf32)vsqrtq_f32((float32x4_t)x); }
EINBLAS_INLINE vf64 root_of(vf64 x) { return (vf64)vsqrtq_f64((float64x2_t)x); }
#else
template <class V>
EINBLAS_INLINE V root_of(V x) {
  for (unsigned i = 0; i < sizeof x / sizeof x[0]; ++i)
    x[i] = sizeof x[0] == 4 ? __builtin_sqrtf(x[i]) : __builtin_sqrt(x[i]);
  return x;
}
#endif
