// Planner, third stage: the native steps of a contraction, with a workspace layout for
// intermediates.
package io.github.einblas.internal.plan;

import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.equation.Labels;
import io.github.einblas.internal.path.PathChoice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The steps of a plan. Slots 0..operands-1 are the operands, later ones intermediates, the last
 * step's output is the result. Labels whose length is 1 are left out everywhere. Knows labels and
 * lengths; strides come when a step is made.
 */
public final class Program {
  /** Intermediates beyond this are beyond any address space: 2^48 bytes of F32. */
  private static final double MOST_ELEMENTS = 0x1p46;

  /** Larger numbers are not told apart; sums of them are no infinity. */
  private static final double MOST_COUNTED = 1e300;

  /** Levels of operands and steps: what a step must be run again for. */
  static final int CONSTANT = 0;

  static final int EACH_RUN = 1;
  static final int EACH_SLICE = 2;

  private final Equation equation;
  private final Map<Integer, Long> lengths;
  private final int operands;
  private final PathChoice choice;
  private final List<Step> steps;
  private final List<int[]> slotLabels;
  private final List<Step> reused;

  /** Steps of lower levels come first; level i ends before step {@code ends[i]}. */
  private final int[] ends;

  private final long[] offsets;
  private final long held;
  private final long workspace;

  /** Most elements of intermediates at a time, which need not fit a long. */
  private double taken;

  /** The first step whose result no address space holds beside those that are kept, or -1. */
  private int tooLarge = -1;

  private Program(
      Equation equation,
      Map<Integer, Long> lengths,
      PathChoice choice,
      Lowering lowering,
      int[] operandLevels) {
    this.equation = equation;
    this.lengths = lengths;
    this.operands = equation.operandCount();
    this.choice = choice;
    this.steps = new ArrayList<>();
    this.slotLabels = new ArrayList<>();
    this.reused = new ArrayList<>();
    this.ends = new int[EACH_SLICE + 1];
    sortByLevel(lowering, operandLevels);
    this.offsets = new long[slotLabels.size()];
    int[] lastUse = lastUse();
    this.held = layOut(0, ends[CONSTANT], lastUse, 0);
    this.workspace = layOut(ends[CONSTANT], steps.size() - 1, lastUse, held);
  }

  private Program(Program longer, Map<Integer, Long> lengths) {
    this.equation = longer.equation;
    this.lengths = lengths;
    this.operands = longer.operands;
    this.choice = longer.choice;
    this.steps = longer.steps;
    this.slotLabels = longer.slotLabels;
    this.reused = longer.reused;
    this.ends = longer.ends;
    this.offsets = longer.offsets;
    this.held = longer.held;
    this.workspace = longer.workspace;
    this.taken = longer.taken;
    this.tooLarge = longer.tooLarge;
  }

  private Program(Program slice) {
    this.equation = slice.equation;
    this.lengths = slice.lengths;
    this.operands = slice.operands;
    this.choice = slice.choice;
    this.steps = slice.steps;
    this.slotLabels = slice.slotLabels;
    this.reused = slice.reused;
    this.ends = new int[] {0, steps.size(), steps.size()};
    this.offsets = new long[slotLabels.size()];
    this.held = 0;
    this.workspace = layOut(0, steps.size() - 1, lastUse(), 0);
  }

  /** The same steps, all of them to be run by each run. */
  Program alone() {
    return new Program(this);
  }

  /**
   * The same steps in the same places for shorter lengths. What does not depend on the shortened
   * labels lies where this program's steps put it, in the same order of axes.
   *
   * @param shorter for each label a length from 1 to this program's
   */
  Program shortened(Map<Integer, Long> shorter) {
    return new Program(this, shorter);
  }

  /**
   * Lowers an equation along a path.
   *
   * @param fuse whether an elementwise product of three may be one step
   * @param operandLevels what each operand is new for: {@link #CONSTANT}, {@link #EACH_RUN} or
   *     {@link #EACH_SLICE}; steps are run as seldom as their operands allow
   * @param same for each operand the first that is the same tensor, of one level and cut in the
   *     same labels; null where all differ
   */
  static Program of(
      Equation equation,
      long[][] shapes,
      PathChoice choice,
      boolean fuse,
      int[] operandLevels,
      int[] same) {
    Map<Integer, Long> lengths = equation.lengths(shapes);
    Labels labels = new Labels(equation, lengths, shapes);
    int[] result = Arrays.stream(equation.output()).filter(l -> lengths.get(l) != 1).toArray();
    Reuse reuse = same == null ? null : new Reuse(same, shapes, equation);
    Lowering lowering = new Lowering(labels, equation, result, reuse);
    if (labels.summed().stream().anyMatch(i -> labels.lengths[i] == 0)) {
      lowering.emptySum();
    } else {
      lowering.run(choice.pairs(), fuse);
    }
    return new Program(equation, lengths, choice, lowering, operandLevels);
  }

  /** Puts steps of lower levels first, in their order, and numbers their results anew. */
  private void sortByLevel(Lowering lowering, int[] operandLevels) {
    List<Step> order = lowering.steps();
    int slots = lowering.slotLabels().size();
    int[] level = Arrays.copyOf(operandLevels, slots);
    for (Step step : order) {
      for (int slot : step.inputs()) {
        level[step.output()] = Math.max(level[step.output()], level[slot]);
      }
    }
    // The last step writes the result of every run, or its part of every slice, whatever it reads.
    Step last = order.get(order.size() - 1);
    boolean sliced = Arrays.stream(operandLevels).anyMatch(l -> l == EACH_SLICE);
    level[last.output()] = sliced ? EACH_SLICE : EACH_RUN;
    int[] number = new int[slots];
    for (int i = 0; i < operands; i++) {
      number[i] = i;
      slotLabels.add(lowering.slotLabels().get(i));
    }
    for (int l = CONSTANT; l <= EACH_SLICE; l++) {
      for (Step step : order) {
        if (level[step.output()] == l) {
          number[step.output()] = slotLabels.size();
          slotLabels.add(lowering.slotLabels().get(step.output()));
          steps.add(numbered(step, number));
        }
      }
      ends[l] = steps.size();
    }
    for (Step step : lowering.reused()) {
      reused.add(numbered(step, number));
    }
  }

  private static Step numbered(Step step, int[] number) {
    int[] inputs = Arrays.stream(step.inputs()).map(i -> number[i]).toArray();
    return new Step(inputs, number[step.output()], step.outer(), step.reduced(), step.labels());
  }

  /** The last step that reads a slot; none while a later level, which runs again, reads it. */
  private int[] lastUse() {
    int[] lastUse = new int[slotLabels.size()];
    for (int s = 0; s < steps.size(); s++) {
      for (int slot : steps.get(s).inputs()) {
        boolean again = slot >= operands && levelOf(s) > levelOf(slot - operands);
        lastUse[slot] = again || lastUse[slot] < 0 ? -1 : s;
      }
    }
    return lastUse;
  }

  private int levelOf(int step) {
    return step < ends[CONSTANT] ? CONSTANT : step < ends[EACH_RUN] ? EACH_RUN : EACH_SLICE;
  }

  /**
   * Gives the results of some steps places in one block; a place is used again once its last reader
   * has run. A place of what no machine holds has {@link #MOST_ELEMENTS}.
   *
   * @param beside elements of another block that is there at the same time
   * @return elements of the block
   */
  private long layOut(int from, int to, int[] lastUse, long beside) {
    WorkspaceLayout layout = new WorkspaceLayout();
    double before = taken;
    double now = before;
    for (int s = from; s < to; s++) {
      Step step = steps.get(s);
      double own = elementsOf(step.output());
      offsets[step.output()] = layout.take((long) Math.min(own, MOST_ELEMENTS));
      now += own;
      taken = Math.max(taken, now);
      if (tooLarge < 0 && (own > MOST_ELEMENTS || beside + layout.size() > MOST_ELEMENTS)) {
        tooLarge = s;
      }
      for (int slot : step.inputs()) {
        if (slot >= operands + from && lastUse[slot] == s) {
          double other = elementsOf(slot);
          layout.give(offsets[slot], (long) Math.min(other, MOST_ELEMENTS));
          now = Math.max(before, now - other);
          lastUse[slot] = -1; // given once, by a product with itself too
        }
      }
    }
    return layout.size();
  }

  private double size(int[] labels) {
    double size = 1;
    for (int label : labels) {
      size = Math.min(size * lengths.get(label), MOST_COUNTED);
    }
    return size;
  }

  /** Whether some address space could hold all intermediates. */
  public boolean isPossible() {
    return tooLarge < 0;
  }

  /** Most elements of intermediates at a time, even where no machine holds them. */
  double elementsTaken() {
    return taken;
  }

  /**
   * Refuses what no machine can hold.
   *
   * @param elementBytes bytes of an element of an intermediate
   * @throws IllegalArgumentException naming step, labels, sizes, and what would help
   */
  void requirePossible(int elementBytes) {
    if (tooLarge < 0) {
      return;
    }
    Step step = steps.get(tooLarge);
    double own = elementsOf(step.output());
    boolean alone = own > MOST_ELEMENTS;
    double slices = Math.ceil(taken / MOST_ELEMENTS);
    throw new IllegalArgumentException(
        String.format(
            Locale.ROOT,
            "equation \"%s\": step %d of %d (%s) would need an intermediate of %s%.3g elements, %.3g"
                + " bytes%s, more than any address space holds; PlanOptions.withMemoryLimit or"
                + " withSlices cuts labels, here into at least %s slices; another order may need"
                + " less",
            Equation.abbreviated(equation.toString()),
            tooLarge + 1,
            steps.size(),
            Equation.abbreviated(equationOf(step)),
            own < MOST_COUNTED ? "" : "over ",
            own,
            own * elementBytes,
            alone ? "" : String.format(Locale.ROOT, " (with others kept: %.3g elements)", taken),
            String.format(Locale.ROOT, slices < 1e6 ? "%.0f" : "%.3g", slices)));
  }

  /** The steps in order; the last one writes the result. */
  public List<Step> steps() {
    return steps;
  }

  /** Steps that are left out: what each one's output holds is what it would compute. */
  public List<Step> reused() {
    return reused;
  }

  /** The pairs contracted, by slots. */
  public int[][] path() {
    return choice.pairs();
  }

  /** The path and who chose it. */
  PathChoice choice() {
    return choice;
  }

  /** Who chose the path, in words. */
  public String pathOrigin() {
    return choice.origin();
  }

  /** A step's own equation. */
  public String equationOf(Step step) {
    StringBuilder s = new StringBuilder();
    for (int[] labels : step.labels()) {
      s.append(s.length() == 0 ? "" : ",").append(equation.names(labels));
    }
    return s.append("->").append(equation.names(step.outer())).toString();
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

  /** Elements of the results that constant operands alone decide, as laid out. */
  public long heldElements() {
    return held;
  }

  /** Whether an intermediate lies among those that constant operands alone decide. */
  boolean isHeld(int slot) {
    return slot >= operands && slot - operands < ends[CONSTANT];
  }

  /** The first step of a level; that of {@link #EACH_SLICE} + 1 is the number of steps. */
  int firstOf(int level) {
    return level == CONSTANT ? 0 : ends[level - 1];
  }

  /** Place of an intermediate in the workspace or among those held, in elements. */
  public long offset(int slot) {
    return offsets[slot];
  }

  /** Shape of the result. */
  public long[] outputShape() {
    return Arrays.stream(equation.output()).mapToLong(lengths::get).toArray();
  }

  /** Elements of a slot's tensor, which need not fit a long. */
  public double elementsOf(int slot) {
    return size(slotLabels.get(slot));
  }

  /** Lengths of a step's axes, outer first. */
  public long[] axisLengths(Step step) {
    long[] result = new long[step.outer().length + step.reduced().length];
    for (int i = 0; i < result.length; i++) {
      result[i] = lengths.get(axis(step, i));
    }
    return result;
  }

  private static int axis(Step step, int i) {
    return i < step.outer().length ? step.outer()[i] : step.reduced()[i - step.outer().length];
  }

  /**
   * Strides of a step's axes, operand by operand, then the output's.
   *
   * @param shapes shapes of the plan's operands
   * @param strides strides of the plan's operands
   * @param outputStrides strides of the plan's result
   */
  public long[] axisStrides(Step step, long[][] shapes, long[][] strides, long[] outputStrides) {
    int axes = step.outer().length + step.reduced().length;
    long[] all = new long[axes * (step.inputs().length + 1)];
    for (int t = 0; t < step.inputs().length; t++) {
      int slot = step.inputs()[t];
      for (int i = 0; i < axes; i++) {
        all[t * axes + i] =
            slot < operands
                ? operandStride(equation.operand(slot), shapes[slot], strides[slot], axis(step, i))
                : intermediateStride(step.labels()[t], axis(step, i));
      }
    }
    boolean last = step.output() == steps.get(steps.size() - 1).output();
    for (int i = 0; i < step.outer().length; i++) {
      all[step.inputs().length * axes + i] =
          last
              ? outputStrides[indexIn(equation.output(), step.outer()[i])]
              : intermediateStride(step.outer(), step.outer()[i]);
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
        // Beyond a long only where the tensor has no elements: then none is read.
        stride += strides[d];
      }
    }
    return stride;
  }

  private long intermediateStride(int[] ids, int label) {
    long stride = 1;
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
