// Public API: one slice of a contraction, a plan of its own.
package io.github.einblas;

import io.github.einblas.internal.equation.Equation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

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

  PlanSlice(
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

  /** Its number, from 0. */
  public long index() {
    return index;
  }

  /**
   * Its number and the cut that it is of, for {@link EinsumPlan#slice(String)} in any process: such
   * as {@code 7@9f86d081884c7d65}.
   */
  public String id() {
    return index + "@" + whole.cutFingerprint();
  }

  /**
   * A part of an axis.
   *
   * @param label of the axis, as in the equation; {@code <d>} for axis d from the end under an
   *     ellipsis
   * @param from the first index
   * @param to the one behind the last
   */
  public record Range(String label, long from, long to) {
    /** Number of indices. */
    public long length() {
      return to - from;
    }
  }

  /** This slice's parts of the labels that are cut; of all other labels it takes everything. */
  public List<Range> ranges() {
    List<Range> ranges = new ArrayList<>();
    for (int k = 0; k < labels.length; k++) {
      ranges.add(new Range(equation.names(new int[] {labels[k]}), from[k], to[k]));
    }
    return List.copyOf(ranges);
  }

  /**
   * This slice's part of an operand, axis by axis: what a program must have at hand that computes
   * the slice by {@link #plan}. Of an operand of shape (300, 800) whose second axis is cut it is,
   * say, 0 to 300 and 400 to 800.
   *
   * @throws IndexOutOfBoundsException if there is no such operand
   */
  public List<Range> operandRanges(int i) {
    long[][] shapes = whole.shapes();
    Objects.checkIndex(i, shapes.length);
    return ranges(shapes[i], equation.operand(i));
  }

  /** This slice's part of the result, axis by axis. */
  public List<Range> outputRanges() {
    return ranges(whole.outputShapeRef(), equation.output());
  }

  private List<Range> ranges(long[] shape, int[] own) {
    List<Range> ranges = new ArrayList<>();
    for (int d = 0; d < own.length; d++) {
      int cut = cutOf(own[d], shape[d]);
      ranges.add(
          new Range(
              equation.names(new int[] {own[d]}),
              cut < 0 ? 0 : from[cut],
              cut < 0 ? shape[d] : to[cut]));
    }
    return List.copyOf(ranges);
  }

  /** Number of an axis's label among those that are cut, or -1; length 1 stands for any length. */
  private int cutOf(int label, long length) {
    for (int k = 0; k < labels.length; k++) {
      if (labels[k] == label && length != 1) {
        return k;
      }
    }
    return -1;
  }

  /** The contraction of this slice's parts of the operands: {@link #operandRanges}. */
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
    // Each element of the caller's array is read once.
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
   * Computes this slice and adds it to its part of the output. {@link EinsumPlan#runSlices} does so
   * for several and computes once what they share.
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
    for (int d = 0; d < own.length; d++) {
      int cut = cutOf(own[d], shape[d]);
      view = cut < 0 ? view : view.slice(d, from[cut], to[cut]);
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
