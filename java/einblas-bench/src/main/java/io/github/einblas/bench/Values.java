// Benchmarks: the operands' values, the same for every implementation and in numpy_cases.py.
package io.github.einblas.bench;

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
