// Test support: einsum as one loop nest over all labels, in double precision. Right, slow, and
// shares no
// code with the library.
package io.github.einblas.reference;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** The definition of einsum, element by element. */
public final class NaiveEinsum {
  private NaiveEinsum() {}

  /**
   * The result in row-major order.
   *
   * @param operands labels of each operand's axes
   * @param output labels of the result
   * @param shapes shapes of the operands; a length of 1 broadcasts
   * @param data elements of the operands in row-major order
   */
  public static double[] evaluate(
      int[][] operands, int[] output, long[][] shapes, double[][] data) {
    Map<Integer, Integer> position = new LinkedHashMap<>();
    for (int label : output) {
      position.putIfAbsent(label, position.size());
    }
    for (int[] labels : operands) {
      for (int label : labels) {
        position.putIfAbsent(label, position.size());
      }
    }
    long[] lengths = new long[position.size()];
    Arrays.fill(lengths, 1);
    long[][] strides = new long[operands.length + 1][lengths.length];
    for (int t = 0; t < operands.length; t++) {
      long stride = 1;
      for (int d = operands[t].length - 1; d >= 0; d--) {
        int at = position.get(operands[t][d]);
        if (shapes[t][d] != 1) {
          lengths[at] = shapes[t][d];
          strides[t][at] += stride;
        }
        stride *= shapes[t][d];
      }
    }
    long size = 1;
    for (int d = output.length - 1; d >= 0; d--) {
      strides[operands.length][d] = size;
      size *= lengths[d];
    }
    double[] result = new double[(int) size];
    if (Arrays.stream(lengths).noneMatch(l -> l == 0)) {
      loop(lengths, strides, data, result);
    }
    return result;
  }

  private static void loop(long[] lengths, long[][] strides, double[][] data, double[] result) {
    long[] index = new long[lengths.length];
    while (true) {
      double product = 1;
      for (int t = 0; t < data.length; t++) {
        product *= data[t][at(index, strides[t])];
      }
      result[at(index, strides[data.length])] += product;
      int a = index.length - 1;
      while (a >= 0 && ++index[a] == lengths[a]) {
        index[a--] = 0;
      }
      if (a < 0) {
        return;
      }
    }
  }

  private static int at(long[] index, long[] strides) {
    long at = 0;
    for (int a = 0; a < index.length; a++) {
      at += index[a] * strides[a];
    }
    return (int) at;
  }
}
