// Elements of a tensor, read and written one at a time.
package io.github.einblas.internal.tensor;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.Native;

/** Single elements by their index; a negative index counts from the end. */
public final class Elements {
  private Elements() {}

  /** The element at an index of a tensor of real numbers; an I64 beyond 2^53 is rounded. */
  public static double get(Strided t, long[] index) {
    if (t.dtype().isComplex()) {
      throw new IllegalArgumentException(
          "get needs a tensor of real numbers, this has "
              + t.dtype()
              + "; getReal and getImag read the parts");
    }
    return real(t, index);
  }

  /** The real part of the element at an index. */
  public static double real(Strided t, long[] index) {
    long at = t.address(index);
    t.acquire();
    try {
      return Native.peek(at, t.dtype());
    } finally {
      t.release();
    }
  }

  /** The imaginary part of the element at an index; 0 of a real number. */
  public static double imaginary(Strided t, long[] index) {
    DType part = t.dtype().partType();
    long at = t.address(index) + part.bytes();
    t.acquire();
    try {
      double im = t.dtype().isComplex() ? Native.peek(at, part) : 0;
      return t.isConjugate() ? -im : im;
    } finally {
      t.release();
    }
  }

  /** The element at an index of a tensor of integers or BOOL. */
  public static long getLong(Strided t, long[] index) {
    if (!isWhole(t.dtype())) {
      throw new IllegalArgumentException(
          "getLong needs a tensor of integers, this has " + t.dtype());
    }
    long at = t.address(index);
    t.acquire();
    try {
      return Native.peekInteger(at, t.dtype());
    } finally {
      t.release();
    }
  }

  /** Sets the element at an index; of a complex tensor to a number without an imaginary part. */
  public static void set(Strided t, double value, long[] index) {
    requireHeld(t.dtype(), value);
    t.requireNotReadOnly("set");
    long at = t.address(index);
    t.acquire();
    try {
      Native.poke(at, t.dtype(), value);
    } finally {
      t.release();
    }
  }

  /** Sets the element at an index of a complex tensor. */
  public static void setComplex(Strided t, double re, double im, long[] index) {
    if (!t.dtype().isComplex()) {
      throw new IllegalArgumentException(
          "setComplex needs a tensor of C64 or C128, this has " + t.dtype());
    }
    t.requireNotReadOnly("setComplex");
    DType part = t.dtype().partType();
    long at = t.address(index);
    t.acquire();
    try {
      Native.poke(at, part, re);
      Native.poke(at + part.bytes(), part, im);
    } finally {
      t.release();
    }
  }

  /** Sets the element at an index of a tensor of integers or BOOL. */
  public static void setLong(Strided t, long value, long[] index) {
    DType dtype = t.dtype();
    if (!isWhole(dtype) || !holds(dtype, value)) {
      throw new IllegalArgumentException(
          "setLong needs a tensor of integers that can hold " + value + ", this has " + dtype);
    }
    t.requireNotReadOnly("setLong");
    long at = t.address(index);
    t.acquire();
    try {
      Native.pokeInteger(at, dtype, value);
    } finally {
      t.release();
    }
  }

  private static boolean isWhole(DType type) {
    return type.isInteger() || type.isBool();
  }

  /** Refuses a value that an integer type, or BOOL with its 0 and 1, cannot hold. */
  public static void requireHeld(DType dtype, double value) {
    if (!isWhole(dtype)) {
      return;
    }
    boolean whole = value == Math.rint(value) && value >= -0x1p63 && value < 0x1p63;
    if (!whole || !holds(dtype, (long) value)) {
      throw new IllegalArgumentException(
          "a tensor of type " + dtype + " cannot hold the value " + value);
    }
  }

  /** Whether an integer type, or BOOL with its 0 and 1, has a value. */
  private static boolean holds(DType type, long v) {
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
    return low <= v && v <= high;
  }
}
