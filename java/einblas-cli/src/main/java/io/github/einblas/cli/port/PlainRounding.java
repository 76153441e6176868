// Port: how much one rounding may be off.
package io.github.einblas.cli.port;

import io.github.einblas.DType;

/**
 * Rounding of the library's type and of the loops, which compute in double.
 *
 * @param unit largest relative error of both
 * @param least largest absolute error where a result is subnormal
 */
record PlainRounding(double unit, double least) {
  private static final double UNIT_F64 = 0x1p-53;

  static PlainRounding of(DType type) {
    return switch (type) {
      case F32 -> new PlainRounding(0x1p-24 + UNIT_F64, 0x1p-149);
      case F64 -> new PlainRounding(2 * UNIT_F64, Double.MIN_VALUE);
      case BF16 -> new PlainRounding(0x1p-8 + UNIT_F64, 0x1p-133);
      case F16 -> new PlainRounding(0x1p-11 + UNIT_F64, 0x1p-25);
      case C64, C128, I8, U8, I16, I32, I64, BOOL ->
          throw new IllegalArgumentException(
              "operands are of F32, F64, F16 or BF16, not " + type + "; --dtype gives their type");
    };
  }

  /** The bound of a result that was off by an error before it was rounded. */
  double after(double value, double error) {
    return times(1, value, error);
  }

  /** The bound after some roundings of a value and what was off before. */
  double times(double roundings, double value, double error) {
    return 1.01 * (error + roundings * unit * (Math.abs(value) + error)) + least;
  }
}
