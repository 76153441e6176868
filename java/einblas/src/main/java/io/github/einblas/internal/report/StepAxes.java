// Explanations: what a step's time depends on, from its axes.
package io.github.einblas.internal.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** Axes of a step, those that all tensors walk as one merged. The output is the last tensor. */
final class StepAxes {
  /** Bytes that memory and caches move at a time. */
  static final int LINE = 64;

  /** By which tensors of a product have an axis. */
  enum Group {
    BATCH,
    M,
    N,
    K
  }

  /**
   * An axis.
   *
   * @param strides of each tensor; 0 where it lacks the axis
   */
  record Axis(long length, long[] strides, boolean outer) {
    private Axis with(long times) {
      return new Axis(length * times, strides, outer);
    }

    /** Whether it comes right after the other one in all tensors. */
    private boolean continues(Axis other) {
      if (outer != other.outer) {
        return false;
      }
      for (int t = 0; t < strides.length; t++) {
        if (strides[t] != other.strides[t] * other.length) {
          return false;
        }
      }
      return true;
    }
  }

  private final List<Axis> axes;
  private final int[] bytes;
  private final int output;

  /**
   * Strides tensor by tensor, the output's last.
   *
   * @param bytes of an element of each tensor
   */
  StepAxes(int[] bytes, int outer, long[] lengths, long[] strides) {
    int operands = bytes.length - 1;
    this.bytes = bytes;
    this.output = operands;
    List<Axis> own = new ArrayList<>();
    for (int a = 0; a < lengths.length; a++) {
      long[] of = new long[operands + 1];
      for (int t = 0; t <= operands; t++) {
        of[t] = strides[t * lengths.length + a];
      }
      if (lengths[a] != 1) {
        own.add(new Axis(lengths[a], of, a < outer));
      }
    }
    this.axes = merged(own);
  }

  private static List<Axis> merged(List<Axis> given) {
    List<Axis> own = new ArrayList<>(given);
    for (int i = 0; i < own.size(); i++) {
      for (int j = 0; j < own.size(); j++) {
        if (i != j && own.get(i).continues(own.get(j))) {
          own.set(j, own.get(j).with(own.get(i).length));
          own.remove(i);
          return merged(own);
        }
      }
    }
    return own;
  }

  int operands() {
    return output;
  }

  /** Points of the loop nest. */
  double points() {
    return axes.stream().mapToDouble(Axis::length).reduce(1, (x, y) -> x * y);
  }

  /** Elements of a tensor. */
  double elements(int tensor) {
    return axes.stream()
        .filter(a -> a.strides[tensor] != 0)
        .mapToDouble(Axis::length)
        .reduce(1, (x, y) -> x * y);
  }

  /** Product of the lengths of a group. */
  double elements(Group group) {
    return axes.stream()
        .filter(a -> group(a) == group)
        .mapToDouble(Axis::length)
        .reduce(1, (x, y) -> x * y);
  }

  Group group(Axis a) {
    if (!a.outer) {
      return Group.K;
    }
    if (a.strides[0] != 0 && a.strides[1] != 0) {
      return Group.BATCH;
    }
    return a.strides[1] != 0 ? Group.N : Group.M;
  }

  /** The axis of a tensor at unit stride, or null. */
  Axis line(int tensor) {
    return axes.stream().filter(a -> Math.abs(a.strides[tensor]) == 1).findFirst().orElse(null);
  }

  /** Its length, or 1. */
  double lineLength(int tensor) {
    Axis line = line(tensor);
    return line == null ? 1 : line.length;
  }

  /** Elements of an operand that are read across the order in which the output is written. */
  double across(int tensor) {
    Axis line = line(tensor);
    if (line == null) {
      return elements(tensor);
    }
    Group group = group(line);
    long closest =
        axes.stream()
            .filter(a -> group(a) == group)
            .mapToLong(a -> Math.abs(a.strides[output]))
            .min()
            .orElse(0);
    return group == Group.K || Math.abs(line.strides[output]) == closest ? 0 : elements(tensor);
  }

  /** Bytes of a tensor, in whole cache lines where it has gaps. */
  double touched(int tensor) {
    Axis[] own =
        axes.stream()
            .filter(a -> a.strides[tensor] != 0)
            .sorted(Comparator.comparingLong(a -> Math.abs(a.strides[tensor])))
            .toArray(Axis[]::new);
    double run = 1;
    for (Axis a : own) {
      if (Math.abs(a.strides[tensor]) != run) {
        break;
      }
      run *= a.length;
    }
    double all = Arrays.stream(own).mapToDouble(Axis::length).reduce(1, (x, y) -> x * y);
    // A run begins anywhere in a line.
    int each = bytes[tensor];
    return run < all ? all / run * (run * each - each + LINE) : all * each;
  }

  double touched() {
    double sum = 0;
    for (int t = 0; t <= output; t++) {
      sum += touched(t);
    }
    return sum;
  }
}
