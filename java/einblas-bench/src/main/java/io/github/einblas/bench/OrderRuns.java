// Benchmarks: runs of an instance in two orders, in turns.
package io.github.einblas.bench;

import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** With one thread; each order is run a few times, and its median taken. */
final class OrderRuns {
  private static final int REPEATS = 7;
  private static final long GROUP_NANOS = 5_000_000;

  private final double mostSeconds;

  OrderRuns(double mostSeconds) {
    this.mostSeconds = mostSeconds;
  }

  /** Seconds of the own and of the published order; a problem where they cannot be run. */
  OrderRow.Run run(OrderInstance instance, int[][] own, double numpy) {
    if (instance.planOnly()) {
      return new OrderRow.Run(Double.NaN, Double.NaN, Double.NaN, "too large to run");
    }
    int[][] published = published(instance);
    EinsumPlan mine = plan(instance, own);
    EinsumPlan theirs = published == null ? null : plan(instance, published);
    double seconds = predicted(mine) + (theirs == null ? 0 : predicted(theirs));
    if (seconds > mostSeconds) {
      return problem(String.format("some %.0f s a run: --run-seconds", seconds));
    }
    long peak = Math.max(mine.peakBytes(), theirs == null ? 0 : theirs.peakBytes());
    if (2 * peak + mine.bytes() / 8 > Einblas.nativeBytesAvailable()) {
      return problem(String.format("needs %.1f GB", peak * 1e-9));
    }
    Tensor[] operands = operands(instance);
    try (Tensor out = mine.run(operands)) {
      if (theirs != null) {
        compare(out, theirs, operands);
      }
      List<Double> first = new ArrayList<>();
      List<Double> second = new ArrayList<>();
      long end = System.nanoTime() + (long) (mostSeconds * 1e9);
      for (int i = 0; i < REPEATS && (i == 0 || System.nanoTime() < end); i++) {
        first.add(time(mine, out, operands));
        if (theirs != null) {
          second.add(time(theirs, out, operands));
        }
      }
      return new OrderRow.Run(median(first), median(second), numpy, null);
    } finally {
      Arrays.stream(operands).forEach(Tensor::close);
    }
  }

  private static double predicted(EinsumPlan plan) {
    return plan.report().predictedSeconds();
  }

  private static OrderRow.Run problem(String text) {
    return new OrderRow.Run(Double.NaN, Double.NaN, Double.NaN, text);
  }

  private static EinsumPlan plan(OrderInstance instance, int[][] path) {
    PlanOptions options = PlanOptions.DEFAULT.withThreads(1).withPath(path);
    return Einsum.plan(instance.equation(), options, instance.dtype(), instance.shapes());
  }

  /** The published order of fewest operations, or null. */
  static int[][] published(OrderInstance instance) {
    int[][] best = null;
    double least = Double.POSITIVE_INFINITY;
    for (int[][] path : instance.paths().values()) {
      double operations = OrderCount.of(instance, path).operations();
      best = operations < least ? path : best;
      least = Math.min(least, operations);
    }
    return best;
  }

  /** Values whose products and sums stay near 1, whatever the order. */
  private static Tensor[] operands(OrderInstance instance) {
    int[] users = new int[instance.sizes().length];
    for (int[] own : instance.labels()) {
      Arrays.stream(own).distinct().forEach(l -> users[l]++);
    }
    for (int label : instance.output()) {
      users[label] = 0; // is not summed
    }
    long[][] shapes = instance.shapes();
    Tensor[] operands = new Tensor[shapes.length];
    for (int i = 0; i < operands.length; i++) {
      double scale =
          Arrays.stream(instance.labels()[i])
              .distinct()
              .filter(l -> users[l] > 0)
              .mapToDouble(l -> Math.pow((double) instance.sizes()[l], -1.0 / users[l]))
              .reduce(instance.dtype().isComplex() ? Math.sqrt(0.5) : 1, (x, y) -> x * y);
      operands[i] = Values.tensor(instance.dtype(), i, scale, shapes[i]);
    }
    return operands;
  }

  /** Both orders must give the same. */
  private static void compare(Tensor own, EinsumPlan theirs, Tensor[] operands) {
    try (Tensor other = theirs.run(operands)) {
      long[] index = new long[own.shape().length];
      double a = first(own, index);
      double b = first(other, index);
      if (!(Math.abs(a - b) <= 1e-2 * Math.max(Math.abs(a), Math.abs(b)))) {
        throw new IllegalStateException("the orders give " + a + " and " + b);
      }
    }
  }

  private static double first(Tensor t, long[] index) {
    return t.dtype().isComplex() ? t.getReal(index) : t.get(index);
  }

  /** Seconds of a run; short ones in groups, as the clock's ticks and a call's cost are too. */
  private static double time(EinsumPlan plan, Tensor out, Tensor[] operands) {
    long start = System.nanoTime();
    long now;
    int runs = 0;
    do {
      plan.runInto(out, operands);
      runs++;
      now = System.nanoTime();
    } while (now - start < GROUP_NANOS);
    return (now - start) * 1e-9 / runs;
  }

  private static double median(List<Double> seconds) {
    double[] sorted = seconds.stream().mapToDouble(s -> s).sorted().toArray();
    return sorted.length == 0 ? Double.NaN : sorted[sorted.length / 2];
  }
}
