// Public API: what a plan does, step by step, as data, text, JSON and pictures.
package io.github.einblas;

import io.github.einblas.internal.report.ReportGraph;
import io.github.einblas.internal.report.ReportJson;
import io.github.einblas.internal.report.ReportText;
import java.util.Arrays;
import java.util.List;

/**
 * A plan explained: immutable, independent of the plan.
 *
 * @param equation the equation as given
 * @param dtype type of all tensors
 * @param shapes shapes of the operands
 * @param resultShape shape of the result
 * @param path pairs contracted, by slots: operands are 0..n-1, the result of pair i is n+i
 * @param pathOrigin who chose the path, in words
 * @param threads threads per run
 * @param flops floating-point operations of a run
 * @param naiveFlops operations of one loop nest over all labels
 * @param bytesMoved bytes that the steps read and write, each tensor once per run of a step
 * @param intermediateBytes bytes of all intermediates, as laid out
 * @param largestBytes bytes of the largest intermediate
 * @param largestStep number of the step that makes it; 0 if there is none
 * @param peakBytes most native bytes of a run at a time: result, intermediates and workspaces
 * @param cuts labels that the memory limit cuts, as text, such as {@code k in pieces of 128}
 * @param slices number of slices of a run
 * @param predictedSeconds sum over steps of the time at this machine's measured speed
 * @param measuredSeconds sum of the steps' measured times; NaN without a profile
 * @param peakFlops this machine's operations per second, measured by a matrix product
 * @param bandwidth this machine's bytes per second from and to memory, measured by a copy
 * @param steps the steps in order
 */
public record PlanReport(
    String equation,
    DType dtype,
    long[][] shapes,
    long[] resultShape,
    int[][] path,
    String pathOrigin,
    int threads,
    double flops,
    double naiveFlops,
    double bytesMoved,
    long intermediateBytes,
    long largestBytes,
    int largestStep,
    long peakBytes,
    List<String> cuts,
    long slices,
    double predictedSeconds,
    double measuredSeconds,
    double peakFlops,
    double bandwidth,
    List<Step> steps) {

  /**
   * One step: one call of a native kernel.
   *
   * @param number 1 for the first
   * @param inputs slots read: operands are 0..n-1
   * @param output slot written; -1 for the result
   * @param equation the step's own equation
   * @param lengths its labels and their lengths, in words
   * @param shape shape of what it writes
   * @param kernel name of the native kernel
   * @param description folded shape, tiles, and what is packed or copied and why
   * @param runs how often it is run, for sliced plans
   * @param flops floating-point operations of all its runs
   * @param bytes bytes of its tensors, each counted once, times its runs
   * @param workspaceBytes bytes that it takes beside its tensors, with the plan's threads
   * @param predictedSeconds time of all its runs at this machine's measured speed
   * @param measuredSeconds measured time of all its runs; NaN without a profile
   */
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
      double measuredSeconds) {
    /** The slots read. */
    @Override
    public int[] inputs() {
      return inputs.clone();
    }

    /** Shape of what the step writes. */
    @Override
    public long[] shape() {
      return shape.clone();
    }
  }

  /** Shapes of the operands. */
  @Override
  public long[][] shapes() {
    return Arrays.stream(shapes).map(long[]::clone).toArray(long[][]::new);
  }

  /** Shape of the result. */
  @Override
  public long[] resultShape() {
    return resultShape.clone();
  }

  /** The pairs contracted, by slots. */
  @Override
  public int[][] path() {
    return Arrays.stream(path).map(int[]::clone).toArray(int[][]::new);
  }

  /** Whether steps were timed. */
  public boolean isProfile() {
    return !Double.isNaN(measuredSeconds);
  }

  /** A numbered list of steps, for people. */
  public String text() {
    return ReportText.of(this);
  }

  /** All of this as a JSON object; names are those of the components. */
  public String json() {
    return ReportJson.of(this);
  }

  /** The contraction tree in Graphviz' language: {@code dot -Tsvg} draws it. */
  public String dot() {
    return ReportGraph.dot(this);
  }

  /** The contraction tree as a Mermaid flowchart, for Markdown. */
  public String mermaid() {
    return ReportGraph.mermaid(this);
  }

  @Override
  public String toString() {
    return text();
  }
}
