// What differs between the floating-point types in Java.
package io.github.einblas.internal.tensor;

import io.github.einblas.DType;

/**
 * Figures of a floating-point type.
 *
 * @param unit most relative error of a rounding
 * @param least smallest positive number
 * @param digits printed behind the point
 * @param isDouble whether no type is wider: what checks it computes in it, too
 */
public record Precision(double unit, double least, int digits, boolean isDouble) {
  private static final Precision SINGLE = new Precision(0x1p-24, Float.MIN_VALUE, 7, false);
  private static final Precision DOUBLE = new Precision(0x1p-53, Double.MIN_VALUE, 8, true);

  /** Those of a type that products are computed in. */
  public static Precision of(DType type) {
    return switch (type) {
      case F32 -> SINGLE;
      case F64 -> DOUBLE;
      case I32, I64, BF16, F16, I8, U8, I16, BOOL, C64, C128 ->
          throw new IllegalArgumentException(type + " is no floating-point type");
    };
  }
}
