// Explanations: what flows between the steps of a report: bytes, time below, lives of
// intermediates.
package io.github.einblas.internal.report;

import io.github.einblas.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A report's steps as a tree, by their places in the list. */
final class ReportFlow {
  private final Report report;
  private final int[] parent;
  private final int[] lastUse;
  private final List<List<Integer>> children = new ArrayList<>();
  private final double[] below;
  private final int[] stepsBelow;
  private final Map<Integer, Integer> makers = new HashMap<>();
  private final double total;
  private double largest;

  ReportFlow(Report report) {
    this.report = report;
    int count = report.steps().size();
    parent = new int[count];
    lastUse = new int[count];
    below = new double[count];
    stepsBelow = new int[count];
    Arrays.fill(parent, -1);
    for (int s = 0; s < count; s++) {
      List<Integer> own = new ArrayList<>();
      below[s] = seconds(s);
      stepsBelow[s] = 1;
      lastUse[s] = s;
      for (int slot : report.steps().get(s).inputs()) {
        int maker = maker(slot);
        if (maker >= 0) {
          lastUse[maker] = s;
          if (parent[maker] < 0) { // one that is read again belongs to its first reader
            parent[maker] = s;
            own.add(maker);
            below[s] += below[maker];
            stepsBelow[s] += stepsBelow[maker];
          }
        }
        largest = Math.max(largest, bytes(slot));
      }
      children.add(own);
      makers.put(report.steps().get(s).output(), s);
    }
    largest = Math.max(largest, resultBytes());
    double sum = 0;
    for (int s = 0; s < count; s++) {
      sum += seconds(s);
    }
    total = sum;
  }

  /** Measured time of a step, or predicted where none was measured. */
  double seconds(int step) {
    Report.Step s = report.steps().get(step);
    return Double.isNaN(s.measuredSeconds()) ? s.predictedSeconds() : s.measuredSeconds();
  }

  double total() {
    return total;
  }

  /** Of the time of all steps, 0 to 1. */
  double share(int step) {
    return total > 0 ? seconds(step) / total : 0;
  }

  static String percent(double share) {
    return share > 0 && share < 0.001
        ? "<0.1 %"
        : String.format(Locale.ROOT, share < 0.0995 ? "%.1f %%" : "%.0f %%", 100 * share);
  }

  /** The step that makes a slot; -1 for an operand. */
  int maker(int slot) {
    return makers.getOrDefault(slot, -1);
  }

  /** The step that first reads what a step makes; -1 for the last. */
  int parent(int step) {
    return parent[step];
  }

  /** The steps whose results a step is the first to read. */
  List<Integer> children(int step) {
    return children.get(step);
  }

  /** Seconds of a step and all below it. */
  double below(int step) {
    return below[step];
  }

  int stepsBelow(int step) {
    return stepsBelow[step];
  }

  // ---- bytes

  /** Bytes of an operand or an intermediate; those of slices are of one slice. */
  double bytes(int slot) {
    int maker = maker(slot);
    return maker < 0
        ? bytes(report.shapes()[slot], report.types().get(slot))
        : bytes(report.steps().get(maker).shape(), report.computeType());
  }

  double resultBytes() {
    return bytes(report.resultShape(), report.dtype());
  }

  /** Bytes of the largest tensor. */
  double largest() {
    return largest;
  }

  private static double bytes(long[] shape, DType type) {
    return Arrays.stream(shape).asDoubleStream().reduce(type.bytes(), (x, y) -> x * y);
  }

  /** Bytes of the intermediates that are alive while each step runs, what it writes included. */
  double[] live() {
    int count = report.steps().size();
    double[] change = new double[count + 1];
    for (int s = 0; s < count - 1; s++) {
      double bytes = bytes(report.steps().get(s).shape(), report.computeType());
      change[s] += bytes;
      change[lastUse[s] + 1] -= bytes;
    }
    double[] live = new double[count];
    double now = 0;
    for (int s = 0; s < count; s++) {
      now += change[s];
      live[s] = now;
    }
    return live;
  }
}
