// Door to the native library: functions of elements and of rows, and moves by index.
package io.github.einblas.internal.natives;

import io.github.einblas.DType;
import io.github.einblas.nativelib.einblas;
import java.util.function.IntSupplier;

/** Calls of {@link Native} around products (see einblas.h); callers have checked what they pass. */
public final class NativeMaps {
  private NativeMaps() {}

  /** Functions of elements; the number of each in the library. */
  public enum Map {
    COPY(einblas.EINBLAS_MAP_COPY),
    SCALE(einblas.EINBLAS_MAP_SCALE),
    SHIFT(einblas.EINBLAS_MAP_SHIFT),
    AFFINE(einblas.EINBLAS_MAP_AFFINE),
    ADD(einblas.EINBLAS_MAP_ADD),
    SUBTRACT(einblas.EINBLAS_MAP_SUBTRACT),
    MULTIPLY(einblas.EINBLAS_MAP_MULTIPLY),
    DIVIDE(einblas.EINBLAS_MAP_DIVIDE),
    ABS(einblas.EINBLAS_MAP_ABS),
    SIGN(einblas.EINBLAS_MAP_SIGN),
    EXP(einblas.EINBLAS_MAP_EXP),
    LOG(einblas.EINBLAS_MAP_LOG),
    SQRT(einblas.EINBLAS_MAP_SQRT),
    TANH(einblas.EINBLAS_MAP_TANH),
    SIGMOID(einblas.EINBLAS_MAP_SIGMOID),
    RELU(einblas.EINBLAS_MAP_RELU),
    GELU(einblas.EINBLAS_MAP_GELU),
    MAXIMUM(einblas.EINBLAS_MAP_MAXIMUM),
    MINIMUM(einblas.EINBLAS_MAP_MINIMUM),
    EQUAL(einblas.EINBLAS_MAP_EQUAL),
    NOT_EQUAL(einblas.EINBLAS_MAP_NOT_EQUAL),
    LESS(einblas.EINBLAS_MAP_LESS),
    LESS_EQUAL(einblas.EINBLAS_MAP_LESS_EQUAL),
    WHERE(einblas.EINBLAS_MAP_WHERE);

    private final int code;

    Map(int code) {
      this.code = code;
    }
  }

  /** Reductions that are no sums, in the library's order. */
  public enum Reduction {
    MAX,
    MIN,
    LOG_SUM_EXP
  }

  /** Functions of rows, in the library's order. */
  public enum Rows {
    SOFTMAX,
    SOFTMAX_GRADIENT,
    LAYER_NORM,
    LAYER_NORM_GRADIENT,
    CUMULATIVE_SUM,
    ARG_MAX,
    ARG_MIN
  }

  /** Elements that depend on their place alone, in the library's order. */
  public enum Series {
    STEPS,
    BETWEEN,
    UNIFORM,
    NORMAL
  }

  private static int[] codes(DType[] types) {
    int[] codes = new int[types.length];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = Native.code(types[i]);
    }
    return codes;
  }

  /**
   * out[i] = f(x[i]...).
   *
   * @param types of the operands, then of the output
   * @param conjugated bit i is set where operand i is conjugated
   * @param strides of the operands, then of the output
   * @param addresses of up to three operands, and last of the output
   */
  public static void map(
      Map what,
      DType compute,
      DType[] types,
      int conjugated,
      long[] lengths,
      long[] strides,
      long[] addresses,
      double... scalars) {
    Native.require();
    int[] codes = codes(types);
    run(
        () ->
            einblas.einblas_map(
                what.code,
                Native.code(compute),
                codes,
                conjugated,
                lengths.length,
                lengths,
                strides,
                addresses[0],
                addresses[1],
                addresses[2],
                addresses[3],
                scalars,
                0),
        what);
  }

  /** Reduces the axes behind the first {@code outer}. */
  public static void reduce(
      Reduction what,
      DType compute,
      DType from,
      DType to,
      int outer,
      long[] lengths,
      long x,
      long[] strides,
      long out,
      long[] outStrides) {
    Native.require();
    int[] codes = codes(new DType[] {from, to});
    run(
        () ->
            einblas.einblas_map_reduce(
                what.ordinal(),
                Native.code(compute),
                codes,
                lengths.length,
                outer,
                lengths,
                x,
                strides,
                out,
                outStrides,
                0),
        what);
  }

  /**
   * Functions of the rows along the last axis.
   *
   * @param types of two operands, weight, bias and output; addresses the same, 0 where there is
   *     none
   * @param strides of two operands and the output, then one each of weight and bias
   */
  public static void rows(
      Rows what,
      DType compute,
      DType[] types,
      int conjugated,
      long[] lengths,
      long[] addresses,
      long[] strides,
      double scalar) {
    Native.require();
    int[] codes = codes(types);
    run(
        () ->
            einblas.einblas_map_rows(
                what.ordinal(),
                Native.code(compute),
                codes,
                conjugated,
                lengths.length,
                lengths,
                addresses,
                strides,
                scalar,
                0),
        what);
  }

  /** Rows found by index, or added by index. */
  public static void move(
      boolean add,
      DType from,
      DType to,
      boolean conjugated,
      int axis,
      long[] lengths,
      long[] indices,
      long x,
      long[] strides,
      long out,
      long[] outStrides) {
    Native.require();
    int[] codes = codes(new DType[] {from, to});
    run(
        () ->
            einblas.einblas_map_move(
                add ? 1 : 0,
                codes,
                conjugated ? 1 : 0,
                lengths.length,
                axis,
                lengths,
                indices,
                x,
                strides,
                out,
                outStrides,
                0),
        add ? "scatterAdd" : "take");
  }

  /** Whether all elements are close; two addresses, the strides of a, then of b. */
  public static boolean close(
      DType typeA,
      DType typeB,
      int conjugated,
      long[] lengths,
      long a,
      long[] stridesA,
      long b,
      long[] stridesB,
      double relative,
      double absolute,
      boolean nan) {
    Native.require();
    int[] codes = codes(new DType[] {typeA, typeB});
    int[] close = new int[1];
    run(
        () ->
            einblas.einblas_map_close(
                codes,
                conjugated,
                lengths.length,
                lengths,
                a,
                stridesA,
                b,
                stridesB,
                relative,
                absolute,
                nan ? 1 : 0,
                close,
                0),
        "allClose");
    return close[0] != 0;
  }

  /** Writes n elements that lie side by side. */
  public static void series(
      Series what, DType type, long n, long out, double first, double second, long seed) {
    Native.require();
    run(
        () ->
            einblas.einblas_map_series(
                what.ordinal(), Native.code(type), n, out, first, second, seed, 0),
        what);
  }

  private static void run(IntSupplier call, Object what) {
    Native.run(call, what.toString());
  }
}
