// Single elements of any type as bytes: what a number becomes in a type, and back.
package io.github.einblas.internal.tensor;

import io.github.einblas.DType;
import java.nio.ByteBuffer;

/** Elements in a buffer in native byte order, at a place in bytes. */
final class Cell {
  private Cell() {}

  /** The value, of a complex number the real part; an I64 beyond 2^53 is rounded. */
  static double real(ByteBuffer from, int at, DType type) {
    return switch (type) {
      case F32, C64 -> from.getFloat(at);
      case F64, C128 -> from.getDouble(at);
      case BF16 -> Halves.ofBfloat(from.getShort(at));
      case F16 -> Halves.ofHalf(from.getShort(at));
      case I32, I64, I8, U8, I16, BOOL -> (double) integer(from, at, type);
    };
  }

  /** The imaginary part; 0 of what is no complex number. */
  static double imaginary(ByteBuffer from, int at, DType type) {
    return switch (type) {
      case C64 -> from.getFloat(at + 4);
      case C128 -> from.getDouble(at + 8);
      case F32, F64, BF16, F16, I32, I64, I8, U8, I16, BOOL -> 0;
    };
  }

  /** The value of an integer, or of a BOOL as 0 or 1. */
  static long integer(ByteBuffer from, int at, DType type) {
    return switch (type) {
      case I32 -> from.getInt(at);
      case I64 -> from.getLong(at);
      case I8 -> from.get(at);
      case U8 -> from.get(at) & 0xff;
      case I16 -> from.getShort(at);
      case BOOL -> from.get(at) != 0 ? 1 : 0;
      case F32, F64, BF16, F16, C64, C128 -> throw new AssertionError(type);
    };
  }

  /**
   * Puts a number: rounded to nearest in a floating-point type, towards 0 and clipped to the range
   * in an integer type (NaN becomes 0), true in BOOL unless it is 0, without an imaginary part in a
   * complex type.
   */
  static ByteBuffer put(ByteBuffer to, int at, DType type, double v) {
    return switch (type) {
      case F32 -> to.putFloat(at, (float) v);
      case F64 -> to.putDouble(at, v);
      case BF16 -> to.putShort(at, Halves.bfloat(v));
      case F16 -> to.putShort(at, Halves.half(v));
      case BOOL -> to.put(at, truth(v != 0));
      case I32 -> to.putInt(at, (int) v);
      case I64 -> to.putLong(at, (long) v);
      case I8, U8 -> to.put(at, (byte) clipped(type, (long) v));
      case I16 -> to.putShort(at, (short) clipped(type, (long) v));
      case C64, C128 -> put(to, at, type, v, 0);
    };
  }

  private static byte truth(boolean v) {
    return (byte) (v ? 1 : 0);
  }

  /** Puts a complex number; in BOOL whether it is not 0. */
  static ByteBuffer put(ByteBuffer to, int at, DType type, double re, double im) {
    return switch (type) {
      case C64 -> to.putFloat(at, (float) re).putFloat(at + 4, (float) im);
      case C128 -> to.putDouble(at, re).putDouble(at + 8, im);
      case BOOL -> to.put(at, truth(re != 0 || im != 0));
      case F32, F64, BF16, F16, I32, I64, I8, U8, I16 -> throw new AssertionError(type);
    };
  }

  /**
   * Puts an integer: rounded to nearest in a floating-point type, true in BOOL unless it is 0.
   *
   * @return false, and nothing is put, if an integer type does not hold it
   */
  static boolean putInteger(ByteBuffer to, int at, DType type, long v) {
    if (type.isInteger() && !holds(type, v)) {
      return false;
    }
    ByteBuffer unused =
        switch (type) {
          case F32 -> to.putFloat(at, (float) v);
          case F64 -> to.putDouble(at, (double) v);
          case BF16 -> to.putShort(at, Halves.bfloat(v));
          case F16 -> to.putShort(at, Halves.half(v));
          case I32 -> to.putInt(at, (int) v);
          case I64 -> to.putLong(at, v);
          case I8, U8 -> to.put(at, (byte) v);
          case I16 -> to.putShort(at, (short) v);
          case BOOL -> to.put(at, truth(v != 0));
          case C64 -> to.putFloat(at, (float) v).putFloat(at + 4, 0);
          case C128 -> to.putDouble(at, (double) v).putDouble(at + 8, 0);
        };
    return true;
  }

  /** Whether an integer type, or BOOL with its 0 and 1, has a value. */
  static boolean holds(DType type, long v) {
    return v == clipped(type, v);
  }

  /** The nearest value that an integer type has. */
  private static long clipped(DType type, long v) {
    long low =
        switch (type) {
          case I8 -> Byte.MIN_VALUE;
          case I16 -> Short.MIN_VALUE;
          case I32 -> Integer.MIN_VALUE;
          case I64 -> Long.MIN_VALUE;
          case U8, BOOL -> 0;
          case F32, F64, BF16, F16, C64, C128 -> throw new AssertionError(type);
        };
    long high =
        switch (type) {
          case I8 -> Byte.MAX_VALUE;
          case U8 -> 0xff;
          case I16 -> Short.MAX_VALUE;
          case I32 -> Integer.MAX_VALUE;
          case I64 -> Long.MAX_VALUE;
          case BOOL -> 1;
          case F32, F64, BF16, F16, C64, C128 -> throw new AssertionError(type);
        };
    return Math.max(low, Math.min(high, v));
  }
}
