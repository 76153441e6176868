// Planner, third stage: an equation and a path lowered to native steps, with a workspace layout for
// intermediates.
package io.github.einblas.internal;

import io.github.einblas.PlanOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
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
  private final List<Step> steps = new ArrayList<>();
  private final List<int[]> slotLabels = new ArrayList<>();
  private final int operands;
  private int[][] path;
  private String pathOrigin;
  private long[] offsets;
  private long workspace;

  private Program(Equation equation, Map<Integer, Long> lengths) {
    this.equation = equation;
    this.lengths = lengths;
    this.operands = equation.operandCount();
  }

  /**
   * Lowers an equation.
   *
   * @param givenPath pairs of slots, or null to search one by {@code strategy}
   */
  public static Program of(
      Equation equation, long[][] shapes, PlanOptions.Strategy strategy, int[][] givenPath) {
    Map<Integer, Long> lengths = equation.lengths(shapes);
    Program p = new Program(equation, lengths);
    Labels labels = new Labels(equation, lengths, shapes);
    p.choosePath(labels, strategy, givenPath);
    Lowering lowering = new Lowering(p, labels);
    BitSet summed = labels.summed();
    if (summed.stream().anyMatch(i -> labels.lengths[i] == 0)) {
      lowering.emptySum();
    } else {
      lowering.run(givenPath == null);
    }
    p.layOutWorkspace();
    return p;
  }

  private void choosePath(Labels labels, PlanOptions.Strategy strategy, int[][] given) {
    int n = operands;
    boolean canBeOptimal = labels.ids.length <= 64 && n <= 14;
    if (given != null) {
      path = checkedPath(equation, given);
      pathOrigin = "as given";
    } else if (n <= 2) {
      path = PathSearch.leftToRight(n);
      pathOrigin = "nothing to choose";
    } else if (strategy == PlanOptions.Strategy.LEFT_TO_RIGHT) {
      path = PathSearch.leftToRight(n);
      pathOrigin = "from the left, as asked";
    } else if (strategy == PlanOptions.Strategy.OPTIMAL && !canBeOptimal) {
      throw new IllegalArgumentException(
          "an optimal path is searched for up to 14 operands and 64 labels, this equation has "
              + n
              + " and "
              + labels.ids.length);
    } else if (strategy == PlanOptions.Strategy.OPTIMAL
        || (strategy == PlanOptions.Strategy.AUTO
            && canBeOptimal
            && n <= PathSearch.OPTIMAL_UP_TO)) {
      path = new PathSearch(labels).optimal();
      pathOrigin = "the cheapest of all orders";
    } else {
      path = new PathSearch(labels).greedy();
      pathOrigin = "greedy";
    }
  }

  private static int[][] checkedPath(Equation equation, int[][] path) {
    int n = equation.operandCount();
    if (path.length != n - 1) {
      throw new IllegalArgumentException(
          "a path for " + n + " operands needs " + (n - 1) + " pairs, got " + path.length);
    }
    boolean[] used = new boolean[2 * n];
    for (int i = 0; i < path.length; i++) {
      int[] pair = path[i];
      if (pair == null || pair.length != 2 || pair[0] == pair[1]) {
        throw new IllegalArgumentException(
            "path: pair " + i + " must be two different slots, got " + Arrays.toString(pair));
      }
      for (int slot : pair) {
        if (slot < 0 || slot >= n + i || used[slot]) {
          throw new IllegalArgumentException(
              "path: pair "
                  + i
                  + " names slot "
                  + slot
                  + (slot >= 0 && slot < n + i
                      ? ", which is used up"
                      : ", which does not exist yet"));
        }
        used[slot] = true;
      }
    }
    return path;
  }

  private static final class Lowering {
    private final Program p;
    private final Labels labels;
    private final List<BitSet> sets = new ArrayList<>();
    private final int[] users;

    Lowering(Program p, Labels labels) {
      this.p = p;
      this.labels = labels;
      this.users = labels.users();
      for (int i = 0; i < labels.operands.length; i++) {
        BitSet set = labels.operands[i];
        sets.add(set);
        p.slotLabels.add(labels.idsOf(set));
      }
    }

    /** A sum of no terms is 0 whatever the operands hold, so none is read: beta * output. */
    void emptySum() {
      BitSet empty = labels.summed();
      empty.stream().filter(i -> labels.lengths[i] != 0).forEach(empty::clear);
      p.steps.add(new Step(new int[0], p.operands, finalLabels(), labels.idsOf(empty)));
      p.slotLabels.add(finalLabels());
    }

    void run(boolean ternary) {
      int n = p.operands;
      if (n == 1) {
        emit(new int[] {0}, finalLabels());
        return;
      }
      BitSet all = new BitSet();
      sets.forEach(all::or);
      if (n == 3 && ternary && all.equals(labels.output)) {
        emit(new int[] {0, 1, 2}, finalLabels());
        return;
      }
      int[] slotOf = new int[2 * n];
      Arrays.setAll(slotOf, i -> i);
      for (int i = 0; i < p.path.length; i++) {
        slotOf[n + i] = pair(slotOf[p.path[i][0]], slotOf[p.path[i][1]], i == p.path.length - 1);
      }
    }

    private int[] finalLabels() {
      return Arrays.stream(p.equation.output()).filter(l -> p.lengths.get(l) != 1).toArray();
    }

    private int pair(int a, int b, boolean last) {
      BitSet keep = new BitSet();
      for (int l = 0; l < users.length; l++) {
        int own = (sets.get(a).get(l) ? 1 : 0) + (sets.get(b).get(l) ? 1 : 0);
        if (own > 0 && users[l] > own) {
          keep.set(l);
        }
      }
      int x = reduceAlone(a, sets.get(b), keep);
      int y = reduceAlone(b, sets.get(a), keep);
      for (int slot : new int[] {a, b}) {
        sets.get(slot).stream().forEach(l -> users[l]--);
      }
      keep.stream().forEach(l -> users[l]++);
      return emit(new int[] {x, y}, last ? finalLabels() : ordered(x, y, keep));
    }

    /**
     * Sums labels that only this slot has and nobody needs: in a step of its own, over the smaller
     * data.
     */
    private int reduceAlone(int slot, BitSet partner, BitSet keep) {
      BitSet rest = (BitSet) sets.get(slot).clone();
      BitSet wanted = (BitSet) partner.clone();
      wanted.or(keep);
      rest.and(wanted);
      if (rest.equals(sets.get(slot))) {
        return slot;
      }
      int[] order =
          Arrays.stream(p.slotLabels.get(slot)).filter(id -> rest.get(indexOf(id))).toArray();
      return emit(new int[] {slot}, order);
    }

    private int indexOf(int id) {
      return Arrays.binarySearch(labels.ids, id);
    }

    /**
     * Labels of an intermediate: those that stay of the first operand in its order, then the
     * second's.
     */
    private int[] ordered(int a, int b, BitSet keep) {
      List<Integer> order = new ArrayList<>();
      for (int slot : new int[] {a, b}) {
        for (int id : p.slotLabels.get(slot)) {
          if (keep.get(indexOf(id)) && !order.contains(id)) {
            order.add(id);
          }
        }
      }
      return order.stream().mapToInt(Integer::intValue).toArray();
    }

    private int emit(int[] inputs, int[] outer) {
      BitSet reduced = new BitSet();
      for (int slot : inputs) {
        reduced.or(sets.get(slot));
      }
      BitSet out = new BitSet();
      for (int id : outer) {
        out.set(indexOf(id));
      }
      reduced.andNot(out);
      int slot = p.slotLabels.size();
      p.steps.add(new Step(inputs, slot, outer, labels.idsOf(reduced)));
      p.slotLabels.add(outer);
      sets.add(out);
      return slot;
    }
  }

  /**
   * Gives intermediates places in one workspace; a place is used again once its last reader has
   * run.
   */
  private void layOutWorkspace() {
    int slots = slotLabels.size();
    offsets = new long[slots];
    int[] lastUse = new int[slots];
    for (int s = 0; s < steps.size(); s++) {
      for (int slot : steps.get(s).inputs) {
        lastUse[slot] = s;
      }
    }
    List<long[]> live = new ArrayList<>();
    for (int s = 0; s < steps.size() - 1; s++) {
      int now = s;
      live.removeIf(block -> block[2] < now);
      // 16 elements of F32 are a cache line; of F64 two.
      long size = Math.addExact(intermediateElements(s), 15) / 16 * 16;
      live.sort((x, y) -> Long.compare(x[0], y[0]));
      long at = 0;
      for (long[] block : live) {
        if (at + size <= block[0]) {
          break;
        }
        at = Math.max(at, block[0] + block[1]);
      }
      int slot = steps.get(s).output;
      live.add(new long[] {at, size, lastUse[slot]});
      offsets[slot] = at;
      workspace = Math.max(workspace, Math.addExact(at, size));
    }
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
    return path;
  }

  /** Who chose the path, in words. */
  public String pathOrigin() {
    return pathOrigin;
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
