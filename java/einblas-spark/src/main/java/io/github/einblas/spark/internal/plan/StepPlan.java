// A step with its method and what it costs.
package io.github.einblas.spark.internal.plan;

import io.github.einblas.spark.SparkOptions.Method;
import java.util.List;

/**
 * A planned step.
 *
 * @param method by name
 * @param step and its cut
 * @param feeds of the step's operands
 * @param order which input each operand of the step is
 * @param cost predicted
 * @param bound bytes that no cut into so many tasks goes below
 */
public record StepPlan(
    Method method, PairStep step, List<Feed> feeds, int[] order, StepCost cost, double bound) {
  /** Which partition has which block of the result, where that is a run along some axes. */
  public Placement placement() {
    int axes = step.output().length;
    if (feeds.contains(Feed.EACH)) {
      return null;
    }
    if (step.sumPieces() > 1) {
      return Placement.rows(step.result(), (int) Math.min(step.result().blocks(), step.tasks()));
    }
    OperandForm first = step.operands().get(0);
    LabelGroup along =
        step.p() == 1 && step.q() == 1
            ? first.batch()
            : step.batchPieces() == 1 && step.q() == 1 ? first.free() : null;
    if (along == null) {
      return null;
    }
    int[] at = new int[along.labels().length];
    for (int i = 0; i < at.length; i++) {
      for (int d = 0; d < axes; d++) {
        if (step.output()[d] == along.labels()[i]) {
          at[i] = d;
        }
      }
    }
    return Placement.leading(at, along.pieces(), step.tasks());
  }

  /** By predicted time; what differs by less than a percent, by bytes that move, then by tasks. */
  boolean isBetterThan(StepPlan other) {
    double a = cost.seconds();
    double b = other.cost.seconds();
    if (Math.abs(a - b) > 0.01 * Math.max(a, b)) {
      return a < b;
    }
    double moved = moved();
    double others = other.moved();
    return moved != others ? moved < others : step.tasks() < other.step.tasks();
  }

  private double moved() {
    return cost.shuffled() + cost.broadcast() + cost.read();
  }
}
