// Plans: figures of what a type rounds.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;

/**
 * Rounding of a floating-point type, of each part of a complex one.
 *
 * @param unit most relative error
 * @param least smallest positive number
 * @param most largest finite number
 */
record Rounding(double unit, double least, double most) {
  private static final Rounding SINGLE = new Rounding(0x1p-24, Float.MIN_VALUE, Float.MAX_VALUE);
  private static final Rounding DOUBLE = new Rounding(0x1p-53, Double.MIN_VALUE, Double.MAX_VALUE);
  private static final Rounding BRAIN = new Rounding(0x1p-8, 0x1p-133, 0x1.fep127);
  private static final Rounding HALF = new Rounding(0x1p-11, 0x1p-24, 65504);

  static Rounding of(DType type) {
    return switch (type) {
      case F32, C64 -> SINGLE;
      case F64, C128 -> DOUBLE;
      case BF16 -> BRAIN;
      case F16 -> HALF;
      case I8, U8, I16, I32, I64, BOOL ->
          throw new IllegalArgumentException(type + " is not rounded");
    };
  }
}
