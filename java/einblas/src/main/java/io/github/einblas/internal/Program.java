// Planner, third stage: the native steps of a contraction, with a workspace layout for
// intermediates.
package io.github.einblas.internal;

import io.github.einblas.PlanOptions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The steps of a plan. Slots 0..operands-1 are the operands, later ones intermediates, the last
 * step's output is the result. Labels whose length is 1 are left out everywhere. Knows labels and
 * lengths; strides come when a step is made.
 */
public final class Program {
  /**
   * One native step: axes are {@code outer} then {@code reduced} labels; unary, binary or ternary
   * by its inputs.
   */
  public record Step(int[] inputs, int output, int[] outer, int[] reduced) {}

  /** An intermediate beyond this is beyond any address space: 2^48 bytes of F32. */
  private static final double MOST_ELEMENTS = 0x1p46;

  private final Equation equation;
  private final Map<Integer, Long> lengths;
  private final int operands;
  private final PathChoice choice;
  private final List<Step> steps;
  private final List<int[]> slotLabels;
  private final long[] offsets;
  private final long workspace;

  private Program(
      Equation equation, Map<Integer, Long> lengths, PathChoice choice, Lowering lowering) {
    this.equation = equation;
    this.lengths = lengths;
    this.operands = equation.operandCount();
    this.choice = choice;
    this.steps = lowering.steps();
    this.slotLabels = lowering.slotLabels();
    this.offsets = new long[slotLabels.size()];
    this.workspace = layOutWorkspace();
  }

  /**
   * Lowers an equation.
   *
   * @throws IllegalArgumentException if shapes or a given path do not fit the equation
   */
  public static Program of(Equation equation, long[][] shapes, PlanOptions options) {
    Map<Integer, Long> lengths = equation.lengths(shapes);
    Labels labels = new Labels(equation, lengths, shapes);
    PathChoice choice = PathChoice.of(labels, options);
    int[] result = Arrays.stream(equation.output()).filter(l -> lengths.get(l) != 1).toArray();
    Lowering lowering = new Lowering(labels, result);
    if (labels.summed().stream().anyMatch(i -> labels.lengths[i] == 0)) {
      lowering.emptySum();
    } else {
      // One fused step of three moves less, but multiplies more.
      boolean ternary =
          options.path() == null && options.costModel() != PlanOptions.CostModel.FLOPS;
      lowering.run(choice.pairs(), ternary);
    }
    return new Program(equation, lengths, choice, lowering);
  }

  /**
   * Gives intermediates places in one workspace; a place is used again once its last reader has
   * run.
   */
  private long layOutWorkspace() {
    int[] lastUse = new int[slotLabels.size()];
    for (int s = 0; s < steps.size(); s++) {
      for (int slot : steps.get(s).inputs) {
        lastUse[slot] = s;
      }
    }
    WorkspaceLayout layout = new WorkspaceLayout();
    for (int s = 0; s < steps.size() - 1; s++) {
      Step step = steps.get(s);
      offsets[step.output] = layout.take(intermediateElements(s));
      for (int slot : step.inputs) {
        if (slot >= operands && lastUse[slot] == s) {
          layout.give(offsets[slot], elementsOf(slot));
        }
      }
    }
    return layout.size();
  }

  private long intermediateElements(int step) {
    int[] outer = steps.get(step).outer;
    double size = Arrays.stream(outer).mapToDouble(lengths::get).reduce(1, (x, y) -> x * y);
    if (size > MOST_ELEMENTS) {
      throw new IllegalArgumentException(
          String.format(
              java.util.Locale.ROOT,
              "equation \"%s\": step %d of %d would need an intermediate of %.3g elements"
                  + " (labels %s); give another path or contract parts of it",
              Equation.abbreviated(equation.toString()),
              step + 1,
              steps.size(),
              size,
              equation.names(outer)));
    }
    return elements(outer);
  }

  private long elements(int[] ids) {
    return Views.size(Arrays.stream(ids).mapToLong(lengths::get).toArray());
  }

  /** The steps in order; the last one writes the result. */
  public List<Step> steps() {
    return steps;
  }

  /** The pairs contracted, by slots. */
  public int[][] path() {
    return choice.pairs();
  }

  /** Who chose the path, in words. */
  public String pathOrigin() {
    return choice.origin();
  }

  /** Length of a label. */
  public long length(int label) {
    return lengths.get(label);
  }

  /** Labels of a slot, without those of length 1. */
  public int[] labelsOf(int slot) {
    return slotLabels.get(slot);
  }

  /** Elements of all intermediates together, as laid out. */
  public long workspaceElements() {
    return workspace;
  }

  /** Place of an intermediate in the workspace, in elements. */
  public long offset(int slot) {
    return offsets[slot];
  }

  /** Shape of the result. */
  public long[] outputShape() {
    return Arrays.stream(equation.output()).mapToLong(lengths::get).toArray();
  }

  /** Elements of a slot's tensor. */
  public long elementsOf(int slot) {
    return elements(slotLabels.get(slot));
  }

  /** Lengths of a step's axes, outer first. */
  public long[] axisLengths(Step step) {
    long[] result = new long[step.outer.length + step.reduced.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = lengths.get(axis(step, i));
    }
    return result;
  }

  private static int axis(Step step, int i) {
    return i < step.outer.length ? step.outer[i] : step.reduced[i - step.outer.length];
  }

  /**
   * Strides of a step's axes, operand by operand, then the output's.
   *
   * @param shapes shapes of the plan's operands
   * @param strides strides of the plan's operands
   * @param outputStrides strides of the plan's result
   */
  public long[] axisStrides(Step step, long[][] shapes, long[][] strides, long[] outputStrides) {
    int axes = step.outer.length + step.reduced.length;
    long[] all = new long[axes * (step.inputs.length + 1)];
    for (int t = 0; t < step.inputs.length; t++) {
      int slot = step.inputs[t];
      for (int i = 0; i < axes; i++) {
        all[t * axes + i] =
            slot < operands
                ? operandStride(equation.operand(slot), shapes[slot], strides[slot], axis(step, i))
                : intermediateStride(slot, axis(step, i));
      }
    }
    boolean last = step.output == steps.get(steps.size() - 1).output;
    for (int i = 0; i < step.outer.length; i++) {
      all[step.inputs.length * axes + i] =
          last
              ? outputStrides[indexIn(equation.output(), step.outer[i])]
              : intermediateStride(step.output, step.outer[i]);
    }
    return all;
  }

  /**
   * The sum of the strides of all axes that carry the label: a repeated label walks the diagonal.
   */
  private static long operandStride(int[] labels, long[] shape, long[] strides, int label) {
    long stride = 0;
    for (int d = 0; d < labels.length; d++) {
      if (labels[d] == label && shape[d] != 1) {
        stride = Math.addExact(stride, strides[d]);
      }
    }
    return stride;
  }

  private long intermediateStride(int slot, int label) {
    long stride = 1;
    int[] ids = slotLabels.get(slot);
    for (int i = ids.length - 1; i >= 0; i--) {
      if (ids[i] == label) {
        return stride;
      }
      stride *= lengths.get(ids[i]);
    }
    return 0;
  }

  private static int indexIn(int[] ids, int id) {
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] == id) {
        return i;
      }
    }
    throw new IllegalStateException("label " + id + " is not in the output (a defect)");
  }
}
