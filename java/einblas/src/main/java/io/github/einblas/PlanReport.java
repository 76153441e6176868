// Public API: what a plan does, step by step, as data, text, JSON and pictures.
package io.github.einblas;

import io.github.einblas.internal.report.Report;
import io.github.einblas.internal.report.ReportGraph;
import io.github.einblas.internal.report.ReportHtml;
import io.github.einblas.internal.report.ReportJson;
import io.github.einblas.internal.report.ReportText;
import java.util.Arrays;
import java.util.List;

/**
 * A plan explained: immutable, independent of the plan.
 *
 * <pre>{@code
 * PlanReport report = Einsum.plan("ij,jk,kl->il", x, x, x).report();
 * System.out.println(report.steps().size()); // 2
 * System.out.println(report.text().startsWith("equation  ij,jk,kl->il")); // true
 * }</pre>
 */
public final class PlanReport {
  private final Report report;
  private final List<Step> steps;

  PlanReport(Report report) {
    this.report = report;
    this.steps = report.steps().stream().map(Step::new).toList();
  }

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
   * @param flops operations on real numbers of all its runs, as {@link EinsumPlan#flops} counts
   * @param bytes bytes of its tensors, each counted once, times its runs
   * @param workspaceBytes bytes that it takes beside its tensors, with the plan's threads
   * @param predictedSeconds time of all its runs at this machine's measured speed
   * @param measuredSeconds measured time of all its runs; NaN without a profile
   * @param equal equations of the steps that are equal to it, and therefore left out
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
      double measuredSeconds,
      List<String> equal) {
    Step(Report.Step s) {
      this(
          s.number(),
          s.inputs(),
          s.output(),
          s.equation(),
          s.lengths(),
          s.shape(),
          s.kernel(),
          s.description(),
          s.runs(),
          s.flops(),
          s.bytes(),
          s.workspaceBytes(),
          s.predictedSeconds(),
          s.measuredSeconds(),
          s.equal());
    }

    /** {@return the slots read} */
    @Override
    public int[] inputs() {
      return inputs.clone();
    }

    /** {@return shape of what the step writes} */
    @Override
    public long[] shape() {
      return shape.clone();
    }
  }

  /** {@return the equation as given} */
  public String equation() {
    return report.equation();
  }

  /** {@return type of the result} */
  public DType dtype() {
    return report.dtype();
  }

  /** {@return types of the operands} */
  public List<DType> operandTypes() {
    return report.types();
  }

  /** {@return type that products and sums are computed in, and that intermediates have} */
  public DType computeType() {
    return report.computeType();
  }

  /** {@return shapes of the operands} */
  public long[][] shapes() {
    return Arrays.stream(report.shapes()).map(long[]::clone).toArray(long[][]::new);
  }

  /** {@return shape of the result} */
  public long[] resultShape() {
    return report.resultShape().clone();
  }

  /** {@return pairs contracted, by slots: operands are 0..n-1, the result of pair i is n+i} */
  public int[][] path() {
    return Arrays.stream(report.path()).map(int[]::clone).toArray(int[][]::new);
  }

  /** {@return who chose the path, in words} */
  public String pathOrigin() {
    return report.pathOrigin();
  }

  /**
   * {@return whether runs check integers ({@link PlanOptions#withCheckedIntegers}); false where the
   * result is of another kind} Measured times include the checks, predicted ones do not.
   */
  public boolean checkedIntegers() {
    return report.checked();
  }

  /** {@return threads per run} */
  public int threads() {
    return report.threads();
  }

  /** {@return operations on real numbers of a run, as {@link EinsumPlan#flops} counts} */
  public double flops() {
    return report.flops();
  }

  /** {@return the same of one loop nest over all labels} */
  public double naiveFlops() {
    return report.naiveFlops();
  }

  /** {@return bytes that the steps read and write, each tensor once per run of a step} */
  public double bytesMoved() {
    return report.bytesMoved();
  }

  /** {@return bytes of all intermediates, as laid out} */
  public long intermediateBytes() {
    return report.intermediateBytes();
  }

  /** {@return bytes of the largest intermediate} */
  public long largestBytes() {
    return report.largestBytes();
  }

  /** {@return number of the step that makes it; 0 if there is none} */
  public int largestStep() {
    return report.largestStep();
  }

  /** {@return most native bytes of a run at a time: result, intermediates and workspaces} */
  public long peakBytes() {
    return report.peakBytes();
  }

  /** {@return labels that the memory limit cuts, as text, such as {@code k in pieces of 128}} */
  public List<String> cuts() {
    return report.cuts();
  }

  /**
   * {@return operations of all slices over those of the same order uncut: 1 where nothing is
   * repeated}
   */
  public double sliceOverhead() {
    return report.sliceOverhead();
  }

  /** {@return number of slices of a run} */
  public long slices() {
    return report.slices();
  }

  /** {@return sum over steps of the time at this machine's measured speed} */
  public double predictedSeconds() {
    return report.predictedSeconds();
  }

  /** {@return sum of the steps' measured times; NaN without a profile} */
  public double measuredSeconds() {
    return report.measuredSeconds();
  }

  /** {@return this machine's operations per second, measured by a matrix product} */
  public double peakFlops() {
    return report.peakFlops();
  }

  /** {@return this machine's bytes per second of a copy of as many as the plan's tensors have} */
  public double bandwidth() {
    return report.bandwidth();
  }

  /**
   * {@return whether predictions can be relied on: false where repeats of a measurement of the
   * machine's speed took different times, as on one that is busy now and then} On a machine that is
   * busy all the time they take the same, longer time, and predictions are of that.
   */
  public boolean reliable() {
    return report.reliable();
  }

  /** {@return the steps in order} */
  public List<Step> steps() {
    return steps;
  }

  /** {@return whether steps were timed} */
  public boolean isProfile() {
    return report.isProfile();
  }

  /** {@return a numbered list of steps, for people} */
  public String text() {
    return ReportText.of(report);
  }

  /** {@return all of this as a JSON object; names are those of the components} */
  public String json() {
    return ReportJson.of(report);
  }

  /** {@return the contraction tree in Graphviz' language: {@code dot -Tsvg} draws it} */
  public String dot() {
    return ReportGraph.dot(report);
  }

  /** {@return the contraction tree as a Mermaid flowchart, for Markdown} */
  public String mermaid() {
    return ReportGraph.mermaid(report);
  }

  /**
   * {@return all of this as one page for a browser, which needs nothing else: the contraction tree
   * with hot steps large and red, labels and bytes on its lines, memory over the steps, each step
   * below the machine's roofline, and a table} It is XML too, and has no scripts.
   *
   * <pre>{@code
   * Files.writeString(Path.of("plan.html"), plan.report().html());
   * }</pre>
   */
  public String html() {
    return ReportHtml.of(report);
  }

  @Override
  public String toString() {
    return text();
  }
}
