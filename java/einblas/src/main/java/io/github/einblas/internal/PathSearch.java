// Planner, second stage: the order in which operands are contracted in pairs.
package io.github.einblas.internal;

import java.util.ArrayList;
import java.util.List;

/**
 * Contraction paths. A path is a list of pairs of slots: operands have slots 0..n-1, and the result
 * of pair i has slot n+i. The cost of a pair is the number of multiplications, the product of the
 * lengths of all labels of both.
 */
public final class PathSearch {
  /** Optimal search visits 3^n pairs of subsets: 60,000 at 10 operands, a millisecond. */
  static final int OPTIMAL_UP_TO = 10;

  /** What writing an element costs, in multiplications. */
  static final double WRITE_COST = 0.5;

  private static final double[] SHRINK_WEIGHTS = {1, 0.5, 0.1, 0, 4};

  private final Labels labels;

  PathSearch(Labels labels) {
    this.labels = labels;
  }

  /** Pairs from the left. */
  static int[][] leftToRight(int operands) {
    int[][] path = new int[operands - 1][];
    for (int i = 0; i < path.length; i++) {
      path[i] = new int[] {i == 0 ? 0 : operands + i - 1, i + 1};
    }
    return path;
  }

  /** The cheapest of all orders, by dynamic programming over subsets; needs at most 64 labels. */
  int[][] optimal() {
    int n = labels.operands.length;
    int full = (1 << n) - 1;
    long[] masks = new long[1 << n];
    for (int i = 0; i < n; i++) {
      masks[1 << i] = labels.operands[i].isEmpty() ? 0 : labels.operands[i].toLongArray()[0];
    }
    long out = labels.output.isEmpty() ? 0 : labels.output.toLongArray()[0];
    long[] union = new long[1 << n];
    for (int s = 1; s <= full; s++) {
      int low = Integer.lowestOneBit(s);
      union[s] = union[s ^ low] | masks[low];
    }
    double[] cost = new double[1 << n];
    int[] split = new int[1 << n];
    for (int s = 1; s <= full; s++) {
      masks[s] = union[s] & (out | union[full ^ s]);
      if (Integer.bitCount(s) < 2) {
        continue;
      }
      cost[s] = Double.POSITIVE_INFINITY;
      int low = Integer.lowestOneBit(s);
      for (int a = (s - 1) & s; a > 0; a = (a - 1) & s) {
        if ((a & low) == 0) {
          continue;
        }
        int b = s ^ a;
        double c = cost[a] + cost[b];
        if (c < cost[s]) {
          // A pair costs its multiplications, and a little for the elements that it writes.
          c += size(masks[a] | masks[b]) + WRITE_COST * size(masks[s]);
        }
        if (c < cost[s]) {
          cost[s] = c;
          split[s] = a;
        }
      }
    }
    List<int[]> path = new ArrayList<>();
    emit(full, split, n, path);
    return path.toArray(int[][]::new);
  }

  private double size(long mask) {
    double size = 1;
    for (long rest = mask; rest != 0; rest &= rest - 1) {
      size *= labels.lengths[Long.numberOfTrailingZeros(rest)];
    }
    return size;
  }

  private static int emit(int s, int[] split, int n, List<int[]> path) {
    if (Integer.bitCount(s) == 1) {
      return Integer.numberOfTrailingZeros(s);
    }
    int a = emit(split[s], split, n, path);
    int b = emit(s ^ split[s], split, n, path);
    path.add(new int[] {Math.min(a, b), Math.max(a, b)});
    return n + path.size() - 1;
  }

  /**
   * Always the pair that shrinks the data most, for several opinions on what the shrinking of the
   * operands counts against the size of the result; the cheapest path of all is taken.
   */
  int[][] greedy() {
    int[][] best = null;
    double least = Double.POSITIVE_INFINITY;
    for (double weight : SHRINK_WEIGHTS) {
      GreedyPath greedy = new GreedyPath(labels, weight);
      if (best == null || greedy.cost() < least) {
        best = greedy.path();
        least = greedy.cost();
      }
    }
    return best;
  }
}
