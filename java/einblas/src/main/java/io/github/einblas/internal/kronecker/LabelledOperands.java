// Kronecker: the einsums that products of an operator are.
package io.github.einblas.internal.kronecker;

import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.plan.Contraction;
import io.github.einblas.internal.plan.PlanCache;
import io.github.einblas.internal.report.Explanation;
import io.github.einblas.internal.report.ReportText;
import io.github.einblas.internal.tensor.Strided;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Operands of an einsum and their labels, gathered one by one; plans are cached. */
final class LabelledOperands {
  private final List<Strided> tensors = new ArrayList<>();
  private final List<int[]> labels = new ArrayList<>();

  void add(Strided tensor, int[] its) {
    tensors.add(tensor);
    labels.add(its);
  }

  /** Whether an operand has this label. */
  boolean has(int label) {
    return labels.stream().anyMatch(l -> Arrays.stream(l).anyMatch(i -> i == label));
  }

  boolean isEmpty() {
    return tensors.isEmpty();
  }

  /** Repeats the first operand along the labels that none has, in place: nothing is multiplied. */
  void repeat(int[] output, long[] lengths) {
    Strided first = tensors.get(0);
    int[] its = labels.get(0);
    for (int d = 0; d < output.length; d++) {
      int label = output[d];
      if (!has(label)) {
        long[] shape = new long[first.rank() + 1];
        shape[0] = lengths[d];
        System.arraycopy(first.shape(), 0, shape, 1, first.rank());
        first = first.broadcastTo(shape);
        its = FactorLabels.join(new int[] {label}, its);
      }
    }
    tensors.set(0, first);
    labels.set(0, its);
  }

  /** The only operand: a view with its axes in this order, repeated along those that it lacks. */
  Strided aligned(int[] output, long[] lengths) {
    repeat(output, lengths);
    List<Integer> its = Arrays.stream(labels.get(0)).boxed().toList();
    return tensors.get(0).permute(Arrays.stream(output).map(its::indexOf).toArray());
  }

  private Strided[] tensors() {
    return tensors.toArray(Strided[]::new);
  }

  private PlanCache.Entry planned(int[] output) {
    return PlanCache.get(new Equation.Numbers(labels.toArray(int[][]::new), output), tensors());
  }

  /** The result over these labels, a new tensor. */
  Strided run(int[] output) {
    return planned(output).plan().run(tensors());
  }

  /** {@code out = alpha * result + beta * out}. */
  void runInto(int[] output, Strided out, double alpha, double beta) {
    Contraction plan = planned(output).plan();
    if (tensors.size() == 2) {
      plan.runInto(out, alpha, beta, tensors.get(0), tensors.get(1));
    } else {
      plan.runInto(out, alpha, beta, tensors());
    }
  }

  /** New gradients for all operands, from that of the result. */
  Strided[] gradients(int[] output, Strided upstream) {
    PlanCache.Entry planned = planned(output);
    Strided[] own = planned.plan().checks().openOperands(tensors());
    planned.plan().checks().output(upstream);
    return planned.gradients().run(upstream, own);
  }

  /** The plan for the strides of these operands, in words. */
  String explain(int[] output) {
    Contraction plan = planned(output).plan();
    Strided[] own = plan.checks().openOperands(tensors());
    return ReportText.of(Explanation.report(plan, plan.layouts().of(own), null));
  }
}
