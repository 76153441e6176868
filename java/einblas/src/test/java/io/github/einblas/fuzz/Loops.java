// Test support: a contraction as one loop nest, into any one of its tensors. Shares no code with
// the library.
package io.github.einblas.fuzz;

import java.util.Arrays;

/** Tensors by the numbers of their axes' labels; an axis of length 1 is broadcast. */
record Loops(int labels, int[][] axes, long[][] shapes) {
  /** Length of each label. */
  long[] lengths() {
    long[] lengths = new long[labels];
    Arrays.fill(lengths, 1);
    for (int t = 0; t < axes.length; t++) {
      for (int d = 0; d < axes[t].length; d++) {
        if (shapes[t][d] != 1) {
          lengths[axes[t][d]] = shapes[t][d];
        }
      }
    }
    return lengths;
  }

  /** Steps of the loop nest. */
  static double steps(long[] lengths) {
    return Arrays.stream(lengths).asDoubleStream().reduce(1, (x, y) -> x * y);
  }

  /** Elements of a tensor of that shape. */
  static int size(long[] shape) {
    return (int) Arrays.stream(shape).reduce(1, (x, y) -> x * y);
  }

  /**
   * The sum, over all labels, of the products of all tensors but the target, at the target's
   * places: the last tensor as target is the result, another one its gradient.
   */
  double[] into(int target, double[][] data) {
    long[] lengths = lengths();
    double[] result = new double[size(shapes[target])];
    if (Arrays.stream(lengths).anyMatch(l -> l == 0)) {
      return result;
    }
    int[][] strides = new int[axes.length][labels];
    for (int t = 0; t < axes.length; t++) {
      int stride = 1;
      for (int d = axes[t].length - 1; d >= 0; d--) {
        strides[t][axes[t][d]] += shapes[t][d] == 1 ? 0 : stride;
        stride *= (int) shapes[t][d];
      }
    }
    int[] at = new int[axes.length];
    long[] index = new long[labels];
    while (true) {
      double product = 1;
      for (int t = 0; t < at.length; t++) {
        product *= t == target ? 1 : data[t][at[t]];
      }
      result[at[target]] += product;
      int l = labels - 1;
      while (l >= 0 && ++index[l] == lengths[l]) {
        for (int t = 0; t < at.length; t++) {
          at[t] -= (int) (strides[t][l] * (lengths[l] - 1));
        }
        index[l--] = 0;
      }
      if (l < 0) {
        return result;
      }
      for (int t = 0; t < at.length; t++) {
        at[t] += strides[t][l];
      }
    }
  }
}
