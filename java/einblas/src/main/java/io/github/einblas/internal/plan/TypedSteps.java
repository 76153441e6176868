// Planner, last stage: a native step with a type for each tensor.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.Native;

/** Makes native steps. */
final class TypedSteps {
  private TypedSteps() {}

  /**
   * A step of one type.
   *
   * @param types of each operand, of the output, and in which sums are added up
   */
  static long create(
      DType[] types,
      int conjugated,
      int outerAxes,
      long[] lengths,
      long[] strides,
      String kernel,
      long bytes) {
    if (conjugated != 0) {
      throw new IllegalStateException("a conjugated step (a defect)");
    }
    return Native.createStep(
        types[0], types.length - 2, outerAxes, lengths, strides, kernel, bytes);
  }
}
