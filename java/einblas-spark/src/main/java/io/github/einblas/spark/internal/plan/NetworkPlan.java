// The order in which any number of operands are contracted on a cluster.
package io.github.einblas.spark.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.spark.SparkOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;

/**
 * Steps over slots: the operands, then the result of each step.
 *
 * @param steps in order
 */
public record NetworkPlan(List<Step> steps) {
  /**
   * One step.
   *
   * @param inputs slots, one or two
   * @param plan of the step
   */
  public record Step(int[] inputs, StepPlan plan) {}

  /** Plans a network: pairs by work and bytes, each with the cut that suits it. */
  public static NetworkPlan of(
      Labelling labelling,
      SparkOptions options,
      Site.Cluster cluster,
      List<Site.Operand> operands) {
    StepPlanner planner = new StepPlanner(labelling, options, cluster);
    DType type = labelling.whole().dtype();
    List<Step> steps = new ArrayList<>();
    if (operands.size() == 1) {
      steps.add(new Step(new int[] {0}, planner.plan(operands, labelling.output(), type)));
      return new NetworkPlan(steps);
    }
    int[][] path =
        operands.size() == 2
            ? new int[][] {{0, 1}}
            : PairOrder.of(labelling, options, cluster, operands);
    List<Site.Operand> slots = new ArrayList<>(operands);
    List<Integer> open = new ArrayList<>();
    for (int i = 0; i < operands.size(); i++) {
      open.add(i);
    }
    for (int[] pair : path) {
      open.removeAll(List.of(pair[0], pair[1]));
      boolean last = open.isEmpty();
      Site.Operand a = slots.get(pair[0]);
      Site.Operand b = slots.get(pair[1]);
      int[] output = last ? labelling.output() : kept(labelling, a, b, open, slots);
      DType own = last ? type : between(a.type(), b.type(), type);
      StepPlan plan = planner.plan(List.of(a, b), output, own);
      steps.add(new Step(pair.clone(), plan));
      open.add(slots.size());
      slots.add(new Site.Operand(output, own, false, plan.placement()));
    }
    return new NetworkPlan(List.copyOf(steps));
  }

  /** Labels that are needed after a pair, in the order in which the pair has them. */
  private static int[] kept(
      Labelling labelling,
      Site.Operand a,
      Site.Operand b,
      List<Integer> open,
      List<Site.Operand> slots) {
    TreeSet<Integer> needed = new TreeSet<>();
    Arrays.stream(labelling.output()).forEach(needed::add);
    for (int slot : open) {
      Arrays.stream(slots.get(slot).labels()).forEach(needed::add);
    }
    List<Integer> kept = new ArrayList<>();
    for (int[] labels : List.of(a.labels(), b.labels())) {
      for (int label : labels) {
        if (label != Labelling.BROADCAST && needed.contains(label) && !kept.contains(label)) {
          kept.add(label);
        }
      }
    }
    return kept.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Type of an intermediate: what its operands promote to, no narrower than sums need. */
  private static DType between(DType a, DType b, DType result) {
    DType own = DType.promote(a, b);
    DType wanted = own.isComplex() || !result.isComplex() ? result : result.partType();
    DType wide = DType.promote(own, wanted);
    return wide.isFloating() || wide.isComplex() ? wide.computeType() : wide;
  }

  /** A figure of all steps together. */
  public double sum(ToDoubleFunction<StepPlan> figure) {
    return steps.stream().map(Step::plan).mapToDouble(figure).sum();
  }

  /** Predicted time. */
  public double seconds() {
    return sum(s -> s.cost().seconds());
  }

  /** Native bytes of the largest task. */
  public double taskBytes() {
    return steps.stream().mapToDouble(s -> s.plan().cost().nativeBytes()).max().orElse(0);
  }

  /** The step that makes the result. */
  public StepPlan last() {
    return steps.get(steps.size() - 1).plan();
  }
}
