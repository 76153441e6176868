// Plans: an equation's output as a part of a larger result.
package io.github.einblas.internal.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Which axes of a result carry each label of an equation's output; several make a diagonal. */
final class OutputForm {
  private final long[] shape;
  private final int[][] axes;

  private OutputForm(long[] shape, int[][] axes) {
    this.shape = shape;
    this.axes = axes;
  }

  /**
   * The form of a result.
   *
   * @param output labels of the equation's output
   * @param labels labels of the result's axes; those of length 1 carry none
   * @param shape the result's shape
   */
  static OutputForm of(int[] output, int[] labels, long[] shape) {
    int[][] axes = new int[output.length][];
    for (int o = 0; o < output.length; o++) {
      List<Integer> own = new ArrayList<>();
      for (int d = 0; d < labels.length; d++) {
        if (labels[d] == output[o] && shape[d] != 1) {
          own.add(d);
        }
      }
      axes[o] = own.stream().mapToInt(Integer::intValue).toArray();
    }
    return new OutputForm(shape.clone(), axes);
  }

  /** The result's shape. */
  long[] shape() {
    return shape;
  }

  /** Whether there are elements that the equation does not reach. */
  boolean isDiagonal() {
    return Arrays.stream(axes).anyMatch(own -> own.length > 1);
  }

  /** Strides of the equation's output in a result of these strides. */
  long[] strides(long[] result) {
    long[] strides = new long[axes.length];
    for (int o = 0; o < axes.length; o++) {
      for (int axis : axes[o]) {
        strides[o] += result[axis];
      }
    }
    return strides;
  }
}
