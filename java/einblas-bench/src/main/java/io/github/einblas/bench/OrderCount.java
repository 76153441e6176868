// Benchmarks: what an order costs, as the field counts it.
package io.github.einblas.bench;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Sums over the steps of an order, in which each step multiplies two tensors.
 *
 * @param operations product of the lengths of all labels of a step, twice that where it sums:
 *     opt_einsum's count for real numbers
 * @param points the same, each once: 2 to OMEinsum's {@code tc}
 * @param largest elements of the largest result of a step
 */
public record OrderCount(double operations, double points, double largest) {

  /** The count of pairs of slots. */
  public static OrderCount of(OrderInstance instance, int[][] pairs) {
    int n = instance.labels().length;
    int[][] labels = Arrays.copyOf(instance.labels(), n + pairs.length);
    int[] users = new int[instance.sizes().length]; // tensors that are left, and the output
    for (int[] own : instance.labels()) {
      count(users, own, 1);
    }
    count(users, instance.output(), 1);
    double operations = 0;
    double points = 0;
    double largest = 0;
    for (int i = 0; i < pairs.length; i++) {
      int[] a = labels[pairs[i][0]];
      int[] b = labels[pairs[i][1]];
      count(users, a, -1);
      count(users, b, -1);
      int[] all = IntStream.concat(Arrays.stream(a), Arrays.stream(b)).distinct().toArray();
      int[] result = Arrays.stream(all).filter(l -> users[l] > 0).toArray();
      double step = elements(instance, all);
      points += step;
      operations += result.length < all.length ? 2 * step : step;
      largest = Math.max(largest, elements(instance, result));
      labels[n + i] = result;
      count(users, result, 1);
    }
    return new OrderCount(operations, points, largest);
  }

  private static void count(int[] users, int[] labels, int by) {
    Arrays.stream(labels).distinct().forEach(l -> users[l] += by);
  }

  private static double elements(OrderInstance instance, int[] labels) {
    return Arrays.stream(labels).mapToDouble(l -> instance.sizes()[l]).reduce(1, (x, y) -> x * y);
  }

  /** These operations over the published ones, in their convention; NaN without any. */
  public double over(OrderInstance.Published published) {
    return published == null
        ? Double.NaN
        : (published.doubled() ? operations : points) / Math.pow(10, published.log10());
  }
}
