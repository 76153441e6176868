// Elements of a tensor, read and written one at a time.
package io.github.einblas.internal.tensor;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.Native;

/** Single elements by their index; a negative index counts from the end. */
public final class Elements {
  private Elements() {}

  /** The element at an index; an I64 beyond 2^53 is rounded. */
  public static double get(Strided t, long[] index) {
    long at = t.address(index);
    t.acquire();
    try {
      return Native.peek(at, t.dtype());
    } finally {
      t.release();
    }
  }

  /** The element at an index of an integer tensor. */
  public static long getLong(Strided t, long[] index) {
    if (t.dtype().isFloating()) {
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

  /** Sets the element at an index. */
  public static void set(Strided t, double value, long[] index) {
    requireInteger(t.dtype(), value);
    t.requireNotReadOnly("set");
    long at = t.address(index);
    t.acquire();
    try {
      Native.poke(at, t.dtype(), value);
    } finally {
      t.release();
    }
  }

  /** Sets the element at an index of an integer tensor. */
  public static void setLong(Strided t, long value, long[] index) {
    DType dtype = t.dtype();
    if (!holds(dtype, value)) {
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

  private static boolean holds(DType dtype, long value) {
    return switch (dtype) {
      case I32 -> value == (int) value;
      case I64 -> true;
      case F32, F64, BF16, F16, I8, U8, I16, BOOL, C64, C128 -> false; // by setLong
    };
  }

  /** Refuses a value that an integer type cannot hold. */
  static void requireInteger(DType dtype, double value) {
    double limit =
        switch (dtype) {
          case I32 -> 0x1p31;
          case I64 -> 0x1p63;
          case F32, F64 -> Double.NaN; // any value
          case BF16, F16, I8, U8, I16, BOOL, C64, C128 ->
              throw new IllegalArgumentException(
                  "elements of type " + dtype + " cannot be set");
        };
    if (!dtype.isFloating() && (value != Math.rint(value) || value < -limit || value >= limit)) {
      throw new IllegalArgumentException(
          "a tensor of type " + dtype + " cannot hold the value " + value);
    }
  }
}
