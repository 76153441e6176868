// Explanations: the data of a report.
package io.github.einblas.internal.report;

import io.github.einblas.DType;
import java.util.List;

/** What PlanReport hands out; it says what each component means. Arrays are never changed. */
public record Report(
    String equation,
    List<DType> types,
    DType dtype,
    DType computeType,
    long[][] shapes,
    long[] resultShape,
    int[][] path,
    String pathOrigin,
    int threads,
    boolean checked,
    String epilogue,
    double flops,
    double naiveFlops,
    double bytesMoved,
    long intermediateBytes,
    long largestBytes,
    int largestStep,
    long peakBytes,
    List<String> cuts,
    long slices,
    double sliceOverhead,
    double predictedSeconds,
    double measuredSeconds,
    double peakFlops,
    double bandwidth,
    boolean reliable,
    List<Step> steps) {

  /** One step: one call of a native kernel. */
  public record Step(
      int number,
      int[] inputs,
      int output,
      String equation,
      String lengths,
      long[] shape,
      String kernel,
      String description,
      double runs,
      double flops,
      double bytes,
      long workspaceBytes,
      double predictedSeconds,
      double measuredSeconds,
      List<String> equal) {}

  /** Whether steps were timed. */
  public boolean isProfile() {
    return !Double.isNaN(measuredSeconds);
  }
}
