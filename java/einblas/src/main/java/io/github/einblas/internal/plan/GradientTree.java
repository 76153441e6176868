// Plans: gradients for all operands, backwards through the pairs of a contraction.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.PlanOptions;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.natives.Stop;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reverse-mode differentiation of a contraction tree: the pairs forward, then for each pair, from
 * the last, the gradients of its two tensors. Immutable.
 */
final class GradientTree {
  private static final double MOST_ELEMENTS = 0x1p46;

  private final int operands;
  private final int[][] path;

  /** For each pair: forward, gradient for its first and for its second tensor. */
  private final Contraction[] forward;

  private final Contraction[][] backward;
  private final Contraction alone;

  /** Shapes of all slots. */
  private final long[][] lengths;

  private final PlanTypes types;

  /** Whether all tensors between the pairs can be counted. */
  private boolean possible = true;

  GradientTree(
      Equation equation, PlanTypes types, long[][] shapes, PlanOptions options, int[][] path) {
    this.operands = shapes.length;
    this.path = path;
    this.forward = new Contraction[path.length];
    this.backward = new Contraction[path.length][2];
    this.types = types;
    this.lengths = Arrays.copyOf(shapes, operands + path.length);
    PlanOptions pair =
        options
            .withPath(null)
            .withMemoryLimit(Long.MAX_VALUE)
            .withSliceMemoryLimit(Long.MAX_VALUE)
            .withSlices(1)
            .withSameOperands();
    this.alone = operands == 1 ? new Contraction(equation, types, shapes, pair).gradient(0) : null;
    Map<Integer, Integer> users = new TreeMap<>();
    int[][] labels = Arrays.copyOf(new int[0][], operands + path.length);
    for (int i = 0; i < operands; i++) {
      labels[i] = equation.operand(i);
      count(users, labels[i], 1);
    }
    count(users, equation.output(), 1);
    for (int p = 0; p < path.length; p++) {
      int a = path[p][0];
      int b = path[p][1];
      count(users, labels[a], -1);
      count(users, labels[b], -1);
      int[] result = p == path.length - 1 ? equation.output() : kept(users, labels[a], labels[b]);
      Equation own = equation.pair(labels[a], labels[b], result);
      if (p < path.length - 1 && !isCounted(own, lengths[a], lengths[b])) {
        possible = false;
        return;
      }
      DType output = p == path.length - 1 ? types.result() : types.compute();
      PlanTypes of = PlanTypes.of(own, new DType[] {types.ofSlot(a), types.ofSlot(b)}, output);
      forward[p] = new Contraction(own, of, new long[][] {lengths[a], lengths[b]}, pair);
      backward[p] = new Contraction[] {forward[p].gradient(0), forward[p].gradient(1)};
      labels[operands + p] = result;
      lengths[operands + p] = forward[p].outputShape();
      count(users, result, 1);
    }
  }

  private static boolean isCounted(Equation pair, long[] a, long[] b) {
    Map<Integer, Long> all = pair.lengths(new long[][] {a, b});
    double elements = 1;
    for (int label : pair.output()) {
      elements *= all.get(label);
    }
    return elements < MOST_ELEMENTS;
  }

  /** Whether there is a run: where some tensor is beyond any address space there is none. */
  boolean isPossible() {
    return possible;
  }

  private static void count(Map<Integer, Integer> users, int[] labels, int change) {
    Arrays.stream(labels).distinct().forEach(l -> users.merge(l, change, Integer::sum));
  }

  private static int[] kept(Map<Integer, Integer> users, int[] a, int[] b) {
    return java.util.stream.IntStream.concat(Arrays.stream(a), Arrays.stream(b))
        .distinct()
        .filter(l -> users.get(l) > 0)
        .toArray();
  }

  /**
   * Most native bytes that {@link #run} takes at a time, the gradients included.
   *
   * @param upstream strides of the upstream gradient
   * @param given strides of the operands
   */
  long peakBytes(long[] upstream, long[][] given, int threads) {
    if (alone != null) {
      return alone.peakBytes(new long[][] {upstream}, threads);
    }
    int slots = operands + path.length;
    long[][] strides = Arrays.copyOf(given, slots);
    for (int slot = operands; slot < slots; slot++) {
      strides[slot] = Views.contiguous(lengths[slot]);
    }
    double taken = 0;
    double most = 0;
    for (int p = 0; p < path.length - 1; p++) {
      long own =
          forward[p].peakBytes(new long[][] {strides[path[p][0]], strides[path[p][1]]}, threads);
      most = Math.max(most, taken + own);
      taken += bytes(operands + p);
    }
    for (int p = path.length - 1; p >= 0; p--) {
      long[] above = p == path.length - 1 ? upstream : strides[operands + p];
      for (int side = 0; side < 2; side++) {
        long[][] in = {above, strides[path[p][1 - side]]};
        long own = backward[p][side].peakBytes(in, threads);
        most = Math.max(most, taken + own);
        taken += bytes(path[p][side]);
      }
      taken -= p < path.length - 1 ? bytes(operands + p) : 0;
      for (int slot : path[p]) {
        taken -= slot >= operands ? bytes(slot) : 0;
      }
    }
    return (long) most;
  }

  private double bytes(int slot) {
    return (double) Views.size(lengths[slot]) * types.ofSlot(slot).bytes();
  }

  /** The most threads, up to the given number, with which a run takes no more than a limit. */
  int threadsWithin(long limit, long[] upstream, long[][] given, int threads) {
    int low = 1;
    int high = threads;
    while (low < high) {
      int middle = (low + high + 1) / 2;
      boolean fits = peakBytes(upstream, given, middle) <= limit;
      low = fits ? middle : low;
      high = fits ? high : middle - 1;
    }
    return low;
  }

  /**
   * Gradients of the operands, for a checked upstream gradient.
   *
   * @param threads in place of the options', or 0
   */
  Strided[] run(Strided upstream, Strided[] given, int threads) {
    if (alone != null) {
      return new Strided[] {alone.runBy(threads, upstream)};
    }
    int slots = operands + path.length;
    Strided[] values = Arrays.copyOf(given, slots);
    Strided[] gradients = new Strided[slots];
    gradients[slots - 1] = upstream;
    boolean done = false;
    try {
      for (int p = 0; p < path.length - 1; p++) {
        stopBefore(p);
        values[operands + p] = forward[p].runBy(threads, values[path[p][0]], values[path[p][1]]);
      }
      for (int p = path.length - 1; p >= 0; p--) {
        stopBefore(2 * path.length - 2 - p);
        Strided own = gradients[operands + p];
        for (int side = 0; side < 2; side++) {
          gradients[path[p][side]] =
              backward[p][side].runBy(threads, own, values[path[p][1 - side]]);
        }
        if (p < path.length - 1) {
          own.close();
        }
        // Nothing before this pair needs what it was made of.
        closeOwn(values, path[p][0]);
        closeOwn(values, path[p][1]);
      }
      done = true;
    } finally {
      for (int slot = 0; !done && slot < slots; slot++) {
        closeOwn(values, slot);
        if (gradients[slot] != null && gradients[slot] != upstream) {
          gradients[slot].close();
        }
      }
    }
    return Arrays.copyOf(gradients, operands);
  }

  /** Pairs are gone through forwards, then backwards. */
  private void stopBefore(int pair) {
    if (pair > 0) {
      Stop.check(pair, 2 * path.length - 1, "pairs", "there are no gradients");
    }
  }

  /** Closes the value of a pair; operands are the caller's. */
  private void closeOwn(Strided[] values, int slot) {
    if (slot >= operands && values[slot] != null) {
      values[slot].close();
    }
  }

  @Override
  public String toString() {
    return "GradientTree(" + operands + " operands)";
  }
}
