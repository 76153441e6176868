// Planner, third stage: an equation and a path lowered to native steps over labels.
package io.github.einblas.internal.plan;

import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.equation.Labels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/** Makes a program's steps and the labels of its slots. Used once. */
final class Lowering {
  private final Labels labels;
  private final int[] result;
  private final List<BitSet> sets = new ArrayList<>();
  private final int[] users;
  private final List<Step> steps = new ArrayList<>();
  private final List<int[]> slotLabels = new ArrayList<>();

  /** The slot that holds what a slot stands for: another's where that is equal. */
  private final List<Integer> sources = new ArrayList<>();

  /** What other steps have computed. */
  private final List<Step> reused = new ArrayList<>();

  private final Reuse reuse;

  /**
   * Prepares.
   *
   * @param result labels of the result in its order, those of length 1 left out
   * @param reuse null where nothing is computed once for several
   */
  Lowering(Labels labels, Equation equation, int[] result, Reuse reuse) {
    this.labels = labels;
    this.reuse = reuse;
    this.result = result;
    this.users = labels.users();
    for (int i = 0; i < labels.operands.length; i++) {
      BitSet set = labels.operands[i];
      sets.add(set);
      sources.add(i);
      slotLabels.add(
          Arrays.stream(equation.operand(i))
              .distinct()
              .filter(id -> set.get(indexOf(id)))
              .toArray());
    }
  }

  /** The steps in order; the last one writes the result. */
  List<Step> steps() {
    return steps;
  }

  /** Steps that are left out, as their output's step computes the same. */
  List<Step> reused() {
    return reused;
  }

  /** Labels of each slot, in the order of its axes where it is an intermediate. */
  List<int[]> slotLabels() {
    return slotLabels;
  }

  /** A sum of no terms is 0 whatever the operands hold, so none is read: beta * output. */
  void emptySum() {
    BitSet empty = labels.summed();
    empty.stream().filter(i -> labels.lengths[i] != 0).forEach(empty::clear);
    steps.add(new Step(new int[0], sets.size(), result, labels.idsOf(empty), new int[0][]));
    slotLabels.add(result);
  }

  /**
   * Lowers a path.
   *
   * @param ternary whether an elementwise product of three may be one step
   */
  void run(int[][] path, boolean ternary) {
    int n = labels.operands.length;
    if (n == 1) {
      emit(new int[] {0}, result);
      return;
    }
    BitSet all = new BitSet();
    sets.forEach(all::or);
    if (n == 3 && ternary && all.equals(labels.output)) {
      emit(new int[] {0, 1, 2}, result);
      return;
    }
    int[] slotOf = new int[2 * n];
    Arrays.setAll(slotOf, i -> i);
    int[] partners = partners(path, n);
    for (int i = 0; i < path.length; i++) {
      int partner = partners[n + i];
      // What it will meet, where that is there already.
      int meets = partner < 0 || partner >= n + i ? -1 : slotOf[partner];
      // The order within a pair means nothing: steps read the earlier slot first, so that the two
      // operands of a lone step stand as a run hands them over.
      int first = Math.min(path[i][0], path[i][1]);
      int second = Math.max(path[i][0], path[i][1]);
      slotOf[n + i] = pair(slotOf[first], slotOf[second], i == path.length - 1, meets);
    }
  }

  /** For each slot of a path the one that it is contracted with, or -1. */
  private static int[] partners(int[][] path, int operands) {
    int[] partners = new int[operands + path.length];
    Arrays.fill(partners, -1);
    for (int[] pair : path) {
      partners[pair[0]] = pair[1];
      partners[pair[1]] = pair[0];
    }
    return partners;
  }

  private int pair(int a, int b, boolean last, int meets) {
    BitSet keep = (BitSet) sets.get(a).clone();
    keep.or(sets.get(b));
    for (int l = keep.nextSetBit(0); l >= 0; l = keep.nextSetBit(l + 1)) {
      int own = (sets.get(a).get(l) ? 1 : 0) + (sets.get(b).get(l) ? 1 : 0);
      if (users[l] == own) {
        keep.clear(l);
      }
    }
    int x = reduceAlone(a, sets.get(b), keep);
    int y = reduceAlone(b, sets.get(a), keep);
    for (int slot : new int[] {a, b}) {
      sets.get(slot).stream().forEach(l -> users[l]--);
    }
    keep.stream().forEach(l -> users[l]++);
    return emit(new int[] {x, y}, last ? result : aligned(ordered(x, y, keep), x, y, meets));
  }

  /**
   * Sums labels that only this slot has and nobody needs: in a step of its own, over the smaller
   * data.
   */
  private int reduceAlone(int slot, BitSet partner, BitSet keep) {
    BitSet rest = (BitSet) partner.clone();
    rest.or(keep);
    rest.and(sets.get(slot));
    if (rest.equals(sets.get(slot))) {
      return slot;
    }
    int[] order = Arrays.stream(slotLabels.get(slot)).filter(id -> rest.get(indexOf(id))).toArray();
    return emit(new int[] {slot}, order);
  }

  private int indexOf(int id) {
    return Arrays.binarySearch(labels.ids, id);
  }

  /**
   * Labels of an intermediate: those of the larger operand in their order, with the labels that the
   * smaller one brings where the first summed one was. A step then moves along whole pieces of the
   * larger one, which need no packing (step/gemm/gemm_items.cpp).
   */
  private int[] ordered(int a, int b, BitSet keep) {
    boolean firstLarger = labels.size(sets.get(a)) >= labels.size(sets.get(b));
    int large = firstLarger ? a : b;
    int small = firstLarger ? b : a;
    int[] order = new int[keep.cardinality()];
    int n = 0;
    boolean placed = false;
    for (int id : slotLabels.get(large)) {
      if (keep.get(indexOf(id))) {
        order[n++] = id;
      } else if (!placed) {
        placed = true;
        n = addNew(small, large, keep, order, n);
      }
    }
    return placed ? order : before(order, n, small, large, keep);
  }

  /**
   * Puts the labels that the result shares with what it meets next into the order that they have
   * there, in the places that they have here: they are walked as one then. {@code h,i->hi} before
   * {@code dhi,hi->d} of length 40: 36 us with the order ih, 5 so. A larger result keeps its own
   * order: the smaller of the two is the one to be turned.
   */
  private int[] aligned(int[] order, int a, int b, int meets) {
    if (meets < 0 || order.length < 2) {
      return order;
    }
    BitSet other = sets.get(meets);
    double size =
        Arrays.stream(order)
            .mapToDouble(id -> labels.lengths[indexOf(id)])
            .reduce(1, (x, y) -> x * y);
    boolean outer = size >= labels.size(sets.get(a)) * labels.size(sets.get(b));
    if (!outer && size > labels.size(other)) {
      return order;
    }
    int[] shared =
        Arrays.stream(slotLabels.get(meets))
            .filter(id -> Arrays.stream(order).anyMatch(own -> own == id))
            .toArray();
    int[] turned = order.clone();
    for (int i = 0, n = 0; i < turned.length; i++) {
      if (other.get(indexOf(turned[i]))) {
        turned[i] = shared[n++];
      }
    }
    // What lies closest stays there: a step that scatters costs more than the next one gains.
    int closest = order.length - 1;
    return !outer && turned[closest] != order[closest] ? order : turned;
  }

  /** Appends the labels that a slot brings. */
  private int addNew(int slot, int beside, BitSet keep, int[] order, int from) {
    int n = from;
    for (int id : slotLabels.get(slot)) {
      int l = indexOf(id);
      if (keep.get(l) && !sets.get(beside).get(l)) {
        order[n++] = id;
      }
    }
    return n;
  }

  /** Nothing of the larger operand was summed: what the smaller one brings comes first. */
  private int[] before(int[] own, int count, int small, int large, BitSet keep) {
    int[] order = new int[own.length];
    int n = addNew(small, large, keep, order, 0);
    System.arraycopy(own, 0, order, n, count);
    return order;
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
    int slot = slotLabels.size();
    int[] from = new int[inputs.length];
    int[][] own = new int[inputs.length][];
    for (int i = 0; i < inputs.length; i++) {
      from[i] = sources.get(inputs[i]);
      own[i] = slotLabels.get(inputs[i]);
    }
    // The result is of all operands, hence like nothing before it.
    Reuse.Found found = reuse == null || outer == result ? null : reuse.find(inputs, own, outer);
    int source = found == null ? slot : found.slot();
    Step step = new Step(from, source, outer, labels.idsOf(reduced), own);
    (found == null ? steps : reused).add(step);
    sources.add(source);
    slotLabels.add(found == null ? outer : found.labels());
    sets.add(out);
    return slot;
  }
}
