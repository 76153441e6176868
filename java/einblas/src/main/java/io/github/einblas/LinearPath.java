// Orders of contractions as opt_einsum counts them.
package io.github.einblas;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Pairs of places in a list that shrinks, as pairs of slots that stay. */
final class LinearPath {
  private LinearPath() {}

  /** The slots of pairs of places; n - 1 pairs are of n operands. */
  static int[][] slots(int[][] linear) {
    List<Integer> left = new ArrayList<>();
    for (int i = 0; i <= linear.length; i++) {
      left.add(i);
    }
    int[][] path = new int[linear.length][];
    for (int p = 0; p < path.length; p++) {
      int[] pair = linear[p];
      if (pair == null || pair.length != 2) {
        throw new IllegalArgumentException(
            "step " + p + " of the path must be a pair of places, got " + Arrays.toString(pair));
      }
      int low = Math.min(pair[0], pair[1]);
      int high = Math.max(pair[0], pair[1]);
      if (low < 0 || high >= left.size() || low == high) {
        throw new IllegalArgumentException(
            "step "
                + p
                + " of the path must be two different places from 0 to "
                + (left.size() - 1)
                + ", got "
                + Arrays.toString(pair));
      }
      path[p] = new int[] {left.get(pair[0]), left.get(pair[1])};
      left.remove(high);
      left.remove(low);
      left.add(linear.length + 1 + p);
    }
    return path;
  }
}
