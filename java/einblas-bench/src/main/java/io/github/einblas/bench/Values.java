// Benchmarks: the operands' values, the same for every implementation and in numpy_cases.py.
package io.github.einblas.bench;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.util.Arrays;

/**
 * Element i of operand t is 0.5 + h / 1024, h the top ten bits of (2654435761 i + 40503 (t + 1))
 * mod 2^32: exact in float, and positive, so that a sum loses nothing to cancellation.
 */
public final class Values {
  private static final long MIX = 2654435761L;

  private Values() {}

  /** Element of an operand, in C order. */
  public static float at(int operand, long index) {
    return 0.5f + (((index * MIX + 40503L * (operand + 1)) & 0xffffffffL) >>> 22) / 1024f;
  }

  /**
   * All elements of an operand in a type, times a power of two: integers are 1 to 7 and not scaled,
   * BOOL is one of two, complex ones have two of the values.
   */
  public static Tensor tensor(DType dtype, int operand, double scale, long... shape) {
    long size = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    int n = Math.toIntExact(size);
    try (Tensor flat =
            switch (dtype.kind()) {
              case BOOL -> Tensor.of(whole(operand, n, 2));
              case INTEGER -> Tensor.of(whole(operand, n, 7));
              case REAL -> Tensor.of(scaled(operand, n, scale));
              case COMPLEX -> Tensor.ofComplex(scaled(operand, Math.multiplyExact(2, n), scale));
            };
        Tensor own = flat.to(dtype);
        Tensor shaped = own.reshape(shape)) {
      return shaped.copy();
    }
  }

  private static double[] scaled(int operand, int n, double scale) {
    double[] values = new double[n];
    Arrays.setAll(values, i -> (float) (at(operand, i) * scale));
    return values;
  }

  private static int[] whole(int operand, int n, int most) {
    int[] values = new int[n];
    Arrays.setAll(values, i -> (int) ((at(operand, i) - 0.5f) * 1024) % most + (most > 2 ? 1 : 0));
    return values;
  }

  /** All elements of an operand. */
  public static float[] floats(int operand, long size) {
    float[] values = new float[Math.toIntExact(size)];
    for (int i = 0; i < values.length; i++) {
      values[i] = at(operand, i);
    }
    return values;
  }

  /** All elements of an operand. */
  public static double[] doubles(int operand, long size) {
    double[] values = new double[Math.toIntExact(size)];
    for (int i = 0; i < values.length; i++) {
      values[i] = at(operand, i);
    }
    return values;
  }
}
