// Planner, third stage: steps that compute what another one has computed.
package io.github.einblas.internal.plan;

import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.tensor.Strided;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Numbers slots by value: an operand's is the first operand that is the same tensor; two steps have
 * one value where their operands have, and their labels are equal up to names. Used once, for one
 * lowering.
 */
final class Reuse {
  /** A product of two is one step but for lone sums: it spends no time on what is the same. */
  private static final int FEWEST = 3;

  /** Up to so many tensors are compared each with each. */
  private static final int FEW = 8;

  private final long[][] shapes;
  private final Equation equation;

  /** Of each slot; -1 where nothing can be equal. */
  private final List<Integer> values = new ArrayList<>();

  private final Map<IntBuffer, Known> known = new HashMap<>();

  /** A value that was computed: by which slot, and its labels as numbers of first appearance. */
  private record Known(int slot, int value, int[] order) {}

  /** What a step is equal to: the slot that has it, and its axes in the step's own labels. */
  record Found(int slot, int[] labels) {}

  /**
   * Prepares.
   *
   * @param same for each operand the first that is the same tensor
   */
  Reuse(int[] same, long[][] shapes, Equation equation) {
    this.shapes = shapes;
    this.equation = equation;
    Arrays.stream(same).forEach(values::add);
  }

  /**
   * The slot that holds what a step would compute; the step's slot is numbered in any case.
   *
   * @param labels of the inputs
   * @param outer of the step, in the order in which it would write them
   * @return null where nothing known has it: the step's slot does from now on
   */
  Found find(int[] inputs, int[][] labels, int[] outer) {
    int slot = values.size();
    int a = 0;
    int b = inputs.length - 1;
    int order = Integer.compare(values.get(inputs[a]), values.get(inputs[b]));
    Key key = order <= 0 ? key(inputs, labels, outer, a, b) : key(inputs, labels, outer, b, a);
    Known found = known.get(key.text);
    if (found == null && order == 0 && a != b) {
      // One value twice: either may be the first.
      Key other = key(inputs, labels, outer, b, a);
      found = known.get(other.text);
      key = found == null ? key : other;
    }
    int[] names = key.names;
    if (found != null) {
      values.add(found.value);
      return new Found(found.slot, Arrays.stream(found.order).map(n -> names[n]).toArray());
    }
    values.add(slot);
    int[] own = Arrays.stream(outer).map(l -> indexIn(names, names.length, l)).toArray();
    known.put(key.text, new Known(slot, slot, own));
    return null;
  }

  /** A step as numbers that are the same for equal ones, and the labels that they stand for. */
  private record Key(IntBuffer text, int[] names) {}

  private Key key(int[] inputs, int[][] labels, int[] outer, int first, int second) {
    int[][] axes = {axes(inputs[first], labels[first]), axes(inputs[second], labels[second])};
    int count = first == second ? 1 : 2;
    int[] names = new int[axes[0].length + axes[1].length];
    int[] text = new int[names.length + outer.length + 2 * count + 1];
    int seen = 0;
    int n = 0;
    text[n++] = count;
    for (int t = 0; t < count; t++) {
      text[n++] = values.get(inputs[t == 0 ? first : second]);
      text[n++] = axes[t].length;
      for (int label : axes[t]) {
        int number = indexIn(names, seen, label);
        if (number == seen) {
          names[seen++] = label;
        }
        text[n++] = number;
      }
    }
    int from = n;
    for (int label : outer) {
      text[n++] = indexIn(names, seen, label);
    }
    Arrays.sort(text, from, n);
    return new Key(IntBuffer.wrap(text, 0, n), Arrays.copyOf(names, seen));
  }

  /** Where a label is among the first so many; their number where it is not. */
  private static int indexIn(int[] names, int count, int label) {
    int i = 0;
    while (i < count && names[i] != label) {
      i++;
    }
    return i;
  }

  /** Labels of a slot's axes; an operand's may be there twice. */
  private int[] axes(int slot, int[] labels) {
    if (slot >= shapes.length) {
      return labels;
    }
    int[] all = equation.operand(slot);
    int[] axes = new int[all.length];
    int n = 0;
    for (int d = 0; d < all.length; d++) {
      if (shapes[slot][d] != 1) {
        axes[n++] = all[d];
      }
    }
    return Arrays.copyOf(axes, n);
  }

  // ---- which operands are the same

  /** Whether what is the same may be taken for the same. */
  interface Alike {
    boolean test(int operand, int other);
  }

  /**
   * For each tensor the first that is the same: the same elements in the same places.
   *
   * @param tensors some of an array: so many from one on; null is the same as nothing
   * @return null where all differ, or where there are but two
   */
  static int[] same(Strided[] tensors, int from, int count) {
    int[] same = null;
    if (count < FEWEST) {
      return null;
    }
    // Those met so far, by their addresses, at the first free place from there on; 0 is free.
    int[] met = count <= FEW ? null : new int[Integer.highestOneBit(count) << 2];
    for (int i = 0; i < count; i++) {
      Strided t = tensors[from + i];
      int first = i;
      if (met != null && t != null) {
        int at = Long.hashCode(t.address() * 0x9E3779B97F4A7C15L) & met.length - 1;
        while (met[at] != 0 && !t.isSame(tensors[from + met[at] - 1])) {
          at = at + 1 & met.length - 1;
        }
        first = met[at] == 0 ? i : met[at] - 1;
        met[at] = first + 1;
      } else if (t != null) {
        first = 0;
        while (first < i && !isSame(t, tensors[from + first])) {
          first++;
        }
      }
      if (first < i) {
        same = same == null ? identity(count) : same;
        same[i] = first;
      }
    }
    return same;
  }

  /** As above, of all. */
  static int[] same(Strided[] tensors) {
    return same(tensors, 0, tensors.length);
  }

  private static boolean isSame(Strided a, Strided b) {
    return b != null && a.isSame(b);
  }

  private static int[] identity(int count) {
    int[] same = new int[count];
    Arrays.setAll(same, i -> i);
    return same;
  }

  /** The same without those that are not alike; null where nothing is left. */
  static int[] refined(int[] same, Alike alike) {
    if (same == null) {
      return null;
    }
    int[] own = identity(same.length);
    boolean some = false;
    for (int i = 0; i < own.length; i++) {
      for (int k = same[i]; k < i; k++) {
        if (own[k] == k && same[k] == same[i] && alike.test(i, k)) {
          own[i] = k;
          some = true;
          break;
        }
      }
    }
    return some ? own : null;
  }

  /** Whether all that a pattern takes for the same is so in another one. */
  static boolean holds(int[] pattern, int[] other) {
    for (int i = 0; pattern != null && i < pattern.length; i++) {
      if (pattern[i] != i && (other == null || other[i] != other[pattern[i]])) {
        return false;
      }
    }
    return true;
  }

  /** A pattern as groups of operands. */
  static int[][] groups(int[] same) {
    if (same == null) {
      return new int[0][];
    }
    Map<Integer, List<Integer>> groups = new TreeMap<>();
    for (int i = 0; i < same.length; i++) {
      groups.computeIfAbsent(same[i], k -> new ArrayList<>()).add(i);
    }
    return groups.values().stream()
        .filter(g -> g.size() > 1)
        .map(g -> g.stream().mapToInt(i -> i).toArray())
        .toArray(int[][]::new);
  }

  /**
   * The pattern of groups that a caller declared.
   *
   * @throws IllegalArgumentException if an operand is not there, or differs in shape or type
   */
  static int[] declared(int[][] groups, Equation equation, long[][] shapes, PlanTypes types) {
    if (groups.length == 0) {
      return null;
    }
    String where = "plan of \"" + equation + "\": ";
    int[] same = identity(shapes.length);
    for (int[] group : groups) {
      for (int i : group) {
        if (i >= shapes.length) {
          throw new IllegalArgumentException(
              where
                  + "operand "
                  + i
                  + " is declared the same as others; operands are numbered 0 to "
                  + (shapes.length - 1));
        }
        int first = group[0];
        if (!Arrays.equals(shapes[i], shapes[first]) || types.operand(i) != types.operand(first)) {
          throw new IllegalArgumentException(
              where
                  + "operands "
                  + first
                  + " and "
                  + i
                  + " are declared the same, but are "
                  + Arrays.toString(shapes[first])
                  + " of "
                  + types.operand(first)
                  + " and "
                  + Arrays.toString(shapes[i])
                  + " of "
                  + types.operand(i));
        }
        same[i] = Math.min(i, Arrays.stream(group).min().getAsInt());
      }
    }
    return shapes.length < FEWEST ? null : refined(same, (i, k) -> true);
  }
}
