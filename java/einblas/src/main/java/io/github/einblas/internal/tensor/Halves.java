// 16-bit floating point: BF16 and F16 as bits, from wider numbers in one rounding, and back.
package io.github.einblas.internal.tensor;

/**
 * Rounds to nearest, ties to even. Subnormals are kept, what is too large becomes infinite, and NaN
 * stays a quiet NaN.
 */
final class Halves {
  private static final int MAGNITUDE = 0x7fffffff;
  private static final int INFINITE = 0x7f800000;

  /** Exponent bias of F32 less that of F16, in its place. */
  private static final int REBIAS = (127 - 15) << 23;

  /** The smallest normal number of F16 as an F32. */
  private static final int LEAST_NORMAL = (127 - 14) << 23;

  /** From here on an F16 is infinite whatever the rounding: 65536 as an F32. */
  private static final int TOO_LARGE = (127 + 16) << 23;

  private Halves() {}

  /** The nearest BF16. */
  static short bfloat(double v) {
    int bits = Float.floatToRawIntBits(odd(v));
    if ((bits & MAGNITUDE) > INFINITE) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
  }

  /** The nearest BF16. */
  static short bfloat(long v) {
    return bfloat(odd(v));
  }

  /** The value of a BF16. */
  static float ofBfloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** The nearest F16. */
  static short half(double v) {
    float f = odd(v);
    int bits = Float.floatToRawIntBits(f);
    int sign = bits >>> 16 & 0x8000;
    int magnitude = bits & MAGNITUDE;
    if (magnitude > INFINITE) {
      return (short) (sign | 0x7e00 | (magnitude >>> 13 & 0x1ff));
    }
    if (magnitude >= TOO_LARGE) {
      return (short) (sign | 0x7c00);
    }
    if (magnitude < LEAST_NORMAL) {
      // In units of the smallest subnormal, exactly.
      return (short) (sign | (int) Math.rint(Math.abs(f) * 0x1p24));
    }
    int rounded = magnitude - REBIAS + 0xfff + (magnitude >>> 13 & 1);
    return (short) (sign | rounded >>> 13);
  }

  /** The nearest F16. */
  static short half(long v) {
    return half(odd(v));
  }

  /** The value of an F16. */
  static float ofHalf(short bits) {
    int sign = (bits & 0x8000) << 16;
    int exponent = bits >>> 10 & 0x1f;
    int fraction = bits & 0x3ff;
    if (exponent == 0) {
      float v = fraction * 0x1p-24f;
      return sign == 0 ? v : -v;
    }
    int wide = exponent == 31 ? 0xff : exponent + 127 - 15;
    return Float.intBitsToFloat(sign | wide << 23 | fraction << 13);
  }

  /**
   * The float next to a number towards 0, its last bit set where the number lies between two
   * floats. Rounding that to fewer bits gives what rounding the number gives.
   */
  private static float odd(double v) {
    float f = (float) v;
    if (f == v || Double.isNaN(v)) {
      return f;
    }
    int bits = Float.floatToRawIntBits(f);
    int towardsZero = Math.abs((double) f) > Math.abs(v) ? bits - 1 : bits;
    return Float.intBitsToFloat(towardsZero | 1);
  }

  /** As {@link #odd(double)}: a double of at most 53 bits. */
  private static double odd(long v) {
    boolean exact = Math.abs(v) < 1L << 53 || (v & 0x7ff) == 0;
    return exact ? (double) v : (double) ((v & ~0x7ffL) | 0x800);
  }
}
