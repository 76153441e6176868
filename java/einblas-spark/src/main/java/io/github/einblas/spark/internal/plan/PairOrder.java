// Which pairs of a network are contracted, in which order.
package io.github.einblas.spark.internal.plan;

import io.github.einblas.Einblas;
import io.github.einblas.spark.SparkOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Up to {@link #ALL} operands: the best of all trees by predicted time, that of the work and that
 * of the bytes which the pair has to move. Beyond, and where the options give a path, the planner's
 * of one machine.
 */
final class PairOrder {
  static final int ALL = 10;

  private final Labelling labelling;
  private final SparkOptions options;
  private final Site.Cluster cluster;
  private final List<Site.Operand> operands;
  private final double peak;

  private PairOrder(
      Labelling labelling,
      SparkOptions options,
      Site.Cluster cluster,
      List<Site.Operand> operands) {
    this.labelling = labelling;
    this.options = options;
    this.cluster = cluster;
    this.operands = operands;
    this.peak =
        options.flopsPerSecond() > 0
            ? options.flopsPerSecond()
            : Math.max(1e9, labelling.whole().report().peakFlops() / Einblas.threads());
  }

  /** Pairs of slots. */
  static int[][] of(
      Labelling labelling,
      SparkOptions options,
      Site.Cluster cluster,
      List<Site.Operand> operands) {
    if (operands.size() > ALL || options.planOptions().path() != null) {
      return labelling.whole().path();
    }
    return new PairOrder(labelling, options, cluster, operands).search();
  }

  private int[][] search() {
    int n = operands.size();
    int all = (1 << n) - 1;
    double[] cost = new double[all + 1];
    int[] left = new int[all + 1];
    Arrays.fill(cost, Double.POSITIVE_INFINITY);
    for (int i = 0; i < n; i++) {
      cost[1 << i] = 0;
    }
    for (int set = 1; set <= all; set++) {
      for (int a = (set - 1) & set; a > 0; a = (a - 1) & set) {
        int b = set & ~a;
        if (a > b) {
          double total = cost[a] + cost[b] + seconds(a, b);
          if (total < cost[set]) {
            cost[set] = total;
            left[set] = a;
          }
        }
      }
    }
    List<int[]> path = new ArrayList<>();
    emit(all, left, path);
    return path.toArray(int[][]::new);
  }

  private int emit(int set, int[] left, List<int[]> path) {
    if (Integer.bitCount(set) == 1) {
      return Integer.numberOfTrailingZeros(set);
    }
    int a = emit(left[set], left, path);
    int b = emit(set & ~left[set], left, path);
    path.add(new int[] {a, b});
    return operands.size() + path.size() - 1;
  }

  private double seconds(int a, int b) {
    double flops = 2;
    long seen = 0;
    for (int label : labels(a, true)) {
      seen |= 1L << label;
      flops *= labelling.length(label);
    }
    for (int label : labels(b, true)) {
      if ((seen & 1L << label) == 0) {
        flops *= labelling.length(label);
      }
    }
    double first = bytes(a);
    double second = bytes(b);
    double both = Math.min(first, second);
    double grid = 2 * Math.sqrt(cluster.places() * first * second);
    double moved =
        both <= options.broadcastLimit()
            ? Math.min(both * cluster.places(), grid)
            : Math.max(grid, first + second);
    double busy = cluster.places();
    return flops / (peak * busy) + moved / (cluster.bytesPerSecond() * busy);
  }

  private double bytes(int set) {
    double bytes = labelling.whole().dtype().bytes();
    for (int label : labels(set, Integer.bitCount(set) == 1)) {
      bytes *= labelling.length(label);
    }
    return bytes;
  }

  /** Labels of a set's result: those that others, or the output, have as well. */
  private int[] labels(int set, boolean whole) {
    long inside = 0;
    long outside = 0;
    for (int i = 0; i < operands.size(); i++) {
      for (int label : operands.get(i).labels()) {
        if (label != Labelling.BROADCAST) {
          if ((set >> i & 1) == 1) {
            inside |= 1L << label;
          } else {
            outside |= 1L << label;
          }
        }
      }
    }
    for (int label : labelling.output()) {
      outside |= 1L << label;
    }
    long kept = whole && Integer.bitCount(set) == 1 ? inside : inside & outside;
    int[] labels = new int[Long.bitCount(kept)];
    for (int n = 0; kept != 0; kept &= kept - 1) {
      labels[n++] = Long.numberOfTrailingZeros(kept);
    }
    return labels;
  }
}
