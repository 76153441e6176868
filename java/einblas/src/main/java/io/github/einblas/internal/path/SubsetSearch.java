// Planner, second stage: the cheapest of all orders of a few tensors.
package io.github.einblas.internal.path;

import io.github.einblas.internal.path.Network.Node;
import java.util.Arrays;

/**
 * Dynamic programming over all subsets, outer products included: 3^n / 2 pairs of subsets. The
 * tensors may themselves be trees; what they cost counts for nothing here.
 */
final class SubsetSearch {
  /** All orders of 8 operands are 3,280 pairs: 13 to 60 us. */
  static final int ALL_ORDERS_UP_TO = 8;

  /** Beyond this the search would take seconds: 21 million pairs at 16. */
  static final int MOST = 16;

  private final Network network;
  private final PathCost model;
  private final Node[] tensors;
  private final LabelMasks masks;
  private final double[] cost;
  private final int[] split;

  private SubsetSearch(Network network, PathCost model, Node[] tensors, int[] keep) {
    this.network = network;
    this.model = model;
    this.tensors = tensors;
    this.masks = new LabelMasks(network, tensors, keep);
    int subsets = 1 << tensors.length;
    this.cost = new double[subsets];
    this.split = new int[subsets];
    search();
  }

  /**
   * The cheapest tree.
   *
   * @param tensors at most {@link #MOST}
   * @param keep labels of the result, sorted
   */
  static Node best(Network network, PathCost model, Node[] tensors, int[] keep) {
    SubsetSearch search = new SubsetSearch(network, model, tensors, keep);
    return search.tree((1 << tensors.length) - 1, keep);
  }

  private void search() {
    int constants = 0;
    for (int i = 0; i < tensors.length; i++) {
      constants |= tensors[i].constant ? 1 << i : 0;
    }
    int words = masks.words;
    int subsets = cost.length;
    long[] sets = new long[subsets * words];
    double[] sizes = new double[subsets];
    for (int s = 1; s < subsets; s++) {
      int low = s & -s;
      int rest = s ^ low;
      int first = Integer.numberOfTrailingZeros(s);
      for (int w = 0; w < words; w++) {
        // A label that the rest has dropped is held by nobody else: low does not have it.
        sets[s * words + w] = sets[rest * words + w] | masks.sets[first * words + w];
      }
      if (rest != 0) {
        // What low does not have and nobody else needs was dropped from the rest already.
        masks.drop(sets, s * words, s, masks.sets, first * words);
      }
      sizes[s] = masks.size(sets, s * words);
      if (rest == 0) {
        continue;
      }
      double best = Double.POSITIVE_INFINITY;
      for (int b = rest; b > 0; b = (b - 1) & rest) {
        int a = s ^ b;
        double c = cost[a] + cost[b];
        if (c < best || split[s] == 0) {
          double all =
              words == 1
                  ? masks.size(sets[a] | sets[b], 0)
                  : masks.unionSize(sets, a * words, sets, b * words);
          double own = model.pair(all, sizes[a], sizes[b], sizes[s]);
          c += (s & ~constants) == 0 ? Network.CONSTANT_COST * own : own;
          if (c < best || split[s] == 0) {
            best = c;
            split[s] = a;
          }
        }
      }
      cost[s] = best;
    }
  }

  private Node tree(int s, int[] keep) {
    if ((s & (s - 1)) == 0) {
      return tensors[Integer.numberOfTrailingZeros(s)];
    }
    int a = split[s];
    int b = s ^ a;
    Node left = tree(a, needed(a, b, keep));
    Node right = tree(b, needed(b, a, keep));
    int[] result = Network.union(left.set, right.set);
    int kept = 0;
    for (int l : result) {
      if (Arrays.binarySearch(keep, l) >= 0) {
        result[kept++] = l;
      }
    }
    return network.pair(left, right, Arrays.copyOf(result, kept), model);
  }

  /** Labels that a part must keep: those asked for, and those that the other part has. */
  private int[] needed(int part, int other, int[] keep) {
    if ((part & (part - 1)) == 0) {
      return keep;
    }
    int[] needed = keep;
    for (int rest = other; rest != 0; rest &= rest - 1) {
      needed = Network.union(needed, tensors[Integer.numberOfTrailingZeros(rest)].set);
    }
    return needed;
  }
}
