// Command line: runs a plan, and says before what --profile asks for.
package io.github.einblas.cli;

import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanReport;
import io.github.einblas.Tensor;
import java.util.Locale;

/** One run of a plan. */
final class PlannedRun {
  private final Streams io;
  private final EinsumPlan plan;
  private double seconds;

  PlannedRun(EinsumPlan plan, Streams io) {
    this.io = io;
    this.plan = plan;
  }

  /**
   * The result.
   *
   * @param shape of it, where it has the elements of the plan's result in other axes; else null
   */
  Tensor run(boolean profile, PageArgument page, long[] shape, Tensor... operands) {
    PlanReport report =
        profile ? plan.profile(operands) : page.isGiven() ? plan.report(operands) : null;
    if (profile) {
      io.err().println(report.text().stripTrailing());
    }
    page.write(report, io);
    long start = System.nanoTime();
    Tensor result = shape == null ? run(operands) : into(shape, operands);
    seconds = (System.nanoTime() - start) * 1e-9;
    return result;
  }

  private Tensor into(long[] shape, Tensor... operands) {
    Tensor out = Tensor.empty(plan.dtype(), shape);
    boolean done = false;
    try (Tensor axes = out.reshape(plan.outputShape())) {
      plan.runInto(axes, operands);
      done = true;
      return out;
    } finally {
      if (!done) {
        out.close();
      }
    }
  }

  String explanation(Tensor... operands) {
    return plan.explain(operands);
  }

  /** What --time says of the run. */
  String details() {
    return String.format(
        Locale.ROOT, " (run %.6f s, %.2f GFLOP/s)", seconds, plan.flops() / seconds * 1e-9);
  }

  private Tensor run(Tensor... operands) {
    if (plan.sliceCount() == 1) {
      return plan.run(operands);
    }
    try (Progress progress = new Progress(io, "slices", plan.sliceCount())) {
      return plan.run(
          done -> {
            if (progress.isTime()) {
              progress.now(done + " of " + plan.sliceCount());
            }
            progress.step();
          },
          operands);
    }
  }
}
