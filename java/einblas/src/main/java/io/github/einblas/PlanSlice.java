// Public API: one slice of a contraction, a plan of its own.
package io.github.einblas;

import io.github.einblas.internal.Equation;
import io.github.einblas.internal.SlicedProgram;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A part of a sliced contraction: ranges of the labels that were cut. It can be computed anywhere
 * from its parts of the operands; all slices' results, added to their parts of an output that
 * starts as zeros, are the result.
 */
public final class PlanSlice {
  private final EinsumPlan whole;
  private final EinsumPlan plan;
  private final Equation equation;
  private final long index;
  private final int[] labels;
  private final long[] from;
  private final long[] to;

  private PlanSlice(
      EinsumPlan whole,
      EinsumPlan plan,
      Equation equation,
      long index,
      int[] labels,
      long[] from,
      long[] to) {
    this.whole = whole;
    this.plan = plan;
    this.equation = equation;
    this.index = index;
    this.labels = labels;
    this.from = from;
    this.to = to;
  }

  /** All slices of a plan, made when they are asked for. */
  static List<PlanSlice> all(EinsumPlan whole, Equation equation, SlicedProgram slices) {
    int[] labels = new int[slices.cuts()];
    Arrays.setAll(labels, slices::label);
    ConcurrentHashMap<Integer, EinsumPlan> plans = new ConcurrentHashMap<>();
    int size = Math.toIntExact(slices.slices());
    return new AbstractList<>() {
      @Override
      public PlanSlice get(int i) {
        Objects.checkIndex(i, size);
        long[] from = slices.starts(i);
        long[] to = slices.lengthsOf(from);
        Arrays.setAll(to, k -> from[k] + to[k]);
        int variant = slices.variant(from);
        EinsumPlan plan =
            plans.computeIfAbsent(variant, v -> whole.forSlice(slices.shapesOf(variant)));
        return new PlanSlice(whole, plan, equation, i, labels, from, to);
      }

      @Override
      public int size() {
        return size;
      }
    };
  }

  /** Its number, from 0. */
  public long index() {
    return index;
  }

  /** The contraction of this slice's parts of the operands. */
  public EinsumPlan plan() {
    return plan;
  }

  /**
   * This slice's parts of the operands, as views.
   *
   * @throws IllegalArgumentException if number or shapes are not the whole plan's
   */
  public Tensor[] operands(Tensor... operands) {
    Objects.requireNonNull(operands, "operands");
    long[][] shapes = whole.shapes();
    if (operands.length != shapes.length) {
      throw new IllegalArgumentException(
          "the plan has " + shapes.length + " operands, got " + operands.length);
    }
    Tensor[] parts = new Tensor[operands.length];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = part(operands[i], shapes[i], equation.operand(i), "operand " + i);
    }
    return parts;
  }

  /**
   * The part of the output that this slice adds to, as a view.
   *
   * @throws IllegalArgumentException if the shape is not the whole plan's
   */
  public Tensor output(Tensor out) {
    return part(out, whole.outputShapeRef(), equation.output(), "the output");
  }

  /**
   * Computes this slice and adds it to its part of the output.
   *
   * @param out of the whole result's shape
   * @param operands the whole operands
   */
  public void addTo(Tensor out, Tensor... operands) {
    plan.runInto(output(out), 1, 1, operands(operands));
  }

  private Tensor part(Tensor tensor, long[] shape, int[] own, String what) {
    if (tensor == null) {
      throw new NullPointerException(what + " is null");
    }
    if (!Arrays.equals(tensor.shape(), shape)) {
      throw new IllegalArgumentException(
          what + " must have shape " + Arrays.toString(shape) + ", got " + tensor.describe());
    }
    Tensor view = tensor;
    for (int k = 0; k < labels.length; k++) {
      for (int d = 0; d < own.length; d++) {
        if (own[d] == labels[k] && shape[d] != 1) {
          view = view.slice(d, from[k], to[k]);
        }
      }
    }
    return view;
  }

  @Override
  public String toString() {
    StringBuilder s = new StringBuilder("PlanSlice " + index + " of \"" + equation + "\"");
    for (int k = 0; k < labels.length; k++) {
      s.append(k == 0 ? ": " : ", ").append(equation.name(labels[k]));
      s.append(" from ").append(from[k]).append(" to ").append(to[k]);
    }
    return s.toString();
  }
}
