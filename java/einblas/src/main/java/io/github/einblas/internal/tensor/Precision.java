// What differs between the floating-point types in Java.
package io.github.einblas.internal.tensor;

import io.github.einblas.DType;

/**
 * Figures of a floating-point type.
 *
 * @param unit most relative error of a rounding
 * @param least smallest positive number
 * @param most largest finite number
 * @param digits printed behind the point
 */
public record Precision(double unit, double least, double most, int digits) {
  private static final Precision SINGLE =
      new Precision(0x1p-24, Float.MIN_VALUE, Float.MAX_VALUE, 7);
  private static final Precision DOUBLE =
      new Precision(0x1p-53, Double.MIN_VALUE, Double.MAX_VALUE, 8);
  private static final Precision BFLOAT = new Precision(0x1p-8, 0x1p-133, 0x1.fep127, 3);
  private static final Precision HALF = new Precision(0x1p-11, 0x1p-24, 65504, 4);

  /** Those of a floating-point type, or of the parts of a complex one. */
  public static Precision of(DType type) {
    return switch (type) {
      case F32, C64 -> SINGLE;
      case F64, C128 -> DOUBLE;
      case BF16 -> BFLOAT;
      case F16 -> HALF;
      case I32, I64, I8, U8, I16, BOOL ->
          throw new IllegalArgumentException(type + " is no floating-point type");
    };
  }
}
