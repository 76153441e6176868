// Planner, second stage: contraction trees from orders in which labels are eliminated.
package io.github.einblas.internal.path;

import io.github.einblas.internal.path.Network.Node;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/**
 * Eliminates one label after the other: all tensors that have it are contracted, the pair of the
 * smallest loop nest first. The label comes next that connects the fewest pairs of labels that were
 * not connected (min-fill) or whose neighbours have the smallest product of lengths (min-degree),
 * or a mixture, with chance. Good where many tensors share a label, as in graphical models. Used
 * once.
 */
final class Elimination {
  /** Buckets of more tensors are contracted smallest first. */
  private static final int MOST_PAIRED = 40;

  private final Network network;
  private final PathCost model;
  private final double fill;
  private final double noise;
  private final SplittableRandom random;
  private final int words;
  private final long[][] neighbours;
  private final double[] logLength;
  private final boolean[] gone;
  private final List<List<Node>> holders = new ArrayList<>();
  private final int[] live;

  /** Words of neighbours that may still be looked at. */
  private long left;

  private final IndexedHeap waiting;

  /** Scalars and what has labels of the output only, multiplied last. */
  private Node rest;

  /**
   * Prepares.
   *
   * @param fill what a pair of labels that gets connected counts beside a neighbour
   * @param noise share of a score that is chance
   * @param work words of labels that may be looked at, before it is given up
   */
  Elimination(
      Network network,
      PathCost model,
      double fill,
      double noise,
      SplittableRandom random,
      long work) {
    this.network = network;
    this.model = model;
    this.fill = fill;
    this.noise = noise;
    this.random = random;
    this.left = work;
    int labels = network.lengths.length;
    words = (labels + 63) / 64;
    neighbours = new long[labels][words];
    logLength = new double[labels];
    gone = new boolean[labels];
    waiting = new IndexedHeap(labels);
    live = network.users.clone();
  }

  /** The tree, or null where it would take too much work, or is stopped. */
  Node tree(BooleanSupplier stop) {
    int labels = network.lengths.length;
    for (int l = 0; l < labels; l++) {
      holders.add(new ArrayList<>());
      logLength[l] = Math.log(network.lengths[l]);
    }
    for (Node leaf : network.leaves) {
      left -= (long) leaf.set.length * leaf.set.length;
      if (left < 0) {
        return null;
      }
      for (int l : leaf.set) {
        holders.get(l).add(leaf);
        for (int m : leaf.set) {
          neighbours[l][m >> 6] |= 1L << m;
        }
      }
    }
    // Labels of the output stay: those are gone from the start.
    for (int l : network.output) {
      gone[l] = true;
    }
    for (int l = 0; l < labels && left >= 0; l++) {
      if (!gone[l]) {
        rate(l);
      }
    }
    while (waiting.size() > 0 && left >= 0) {
      if (stop.getAsBoolean()) {
        return null;
      }
      int label = waiting.poll();
      gone[label] = true;
      if (!holders.get(label).isEmpty()) {
        eliminate(label);
      }
      connect(label);
    }
    return left < 0 ? null : multiplyRest();
  }

  private void eliminate(int label) {
    List<Node> bucket = holders.get(label);
    Node result = contract(bucket);
    for (Node tensor : bucket) {
      for (int l : tensor.set) {
        if (l != label) {
          holders.get(l).remove(tensor);
        }
      }
    }
    holders.set(label, List.of());
    for (int l : result.set) {
      holders.get(l).add(result);
    }
    rest = result.set.length == 0 ? joined(rest, result) : rest;
  }

  private Node joined(Node a, Node b) {
    return a == null ? b : network.contract(a, b, live, model);
  }

  private Node multiplyRest() {
    List<Node> tensors = new ArrayList<>();
    for (Node leaf : network.leaves) {
      if (leaf.set.length == 0) {
        tensors.add(leaf);
      }
    }
    for (int l : network.output) {
      for (Node tensor : holders.get(l)) {
        if (!tensors.contains(tensor)) {
          tensors.add(tensor);
        }
      }
    }
    if (rest != null) {
      tensors.add(rest);
    }
    return contract(tensors);
  }

  private Node contract(List<Node> bucket) {
    List<Node> tensors = new ArrayList<>(bucket);
    if (tensors.size() > MOST_PAIRED) {
      var smallest = new PriorityQueue<Node>(Comparator.comparingDouble(tensor -> tensor.size));
      smallest.addAll(tensors);
      while (smallest.size() > MOST_PAIRED) {
        smallest.add(network.contract(smallest.poll(), smallest.poll(), live, model));
      }
      tensors = new ArrayList<>(smallest);
    }
    while (tensors.size() > 1) {
      int first = 0;
      int second = 1;
      double least = Double.POSITIVE_INFINITY;
      for (int i = 0; i < tensors.size(); i++) {
        for (int j = i + 1; j < tensors.size(); j++) {
          double all = network.size(Network.union(tensors.get(i).set, tensors.get(j).set));
          if (all < least) {
            least = all;
            first = i;
            second = j;
          }
        }
      }
      Node b = tensors.remove(second);
      Node a = tensors.remove(first);
      tensors.add(network.contract(a, b, live, model));
    }
    return tensors.get(0);
  }

  /** Neighbours of a label that is gone become each other's. */
  private void connect(int label) {
    long[] around = neighbours[label];
    long[] changed = around.clone();
    for (int w = 0; w < words; w++) {
      for (long rest = around[w]; rest != 0; rest &= rest - 1) {
        int l = (w << 6) + Long.numberOfTrailingZeros(rest);
        if (l != label) {
          long[] own = neighbours[l];
          for (int k = 0; k < words; k++) {
            own[k] |= around[k];
            changed[k] |= fill > 0 ? own[k] : 0;
          }
          own[label >> 6] &= ~(1L << label);
          left -= words;
        }
      }
    }
    for (int w = 0; w < words; w++) {
      for (long rest = changed[w]; rest != 0; rest &= rest - 1) {
        int l = (w << 6) + Long.numberOfTrailingZeros(rest);
        if (!gone[l]) {
          rate(l);
        }
      }
    }
  }

  private void rate(int label) {
    long[] own = neighbours[label];
    double degree = 0;
    double missing = 0;
    for (int w = 0; w < words; w++) {
      for (long rest = own[w]; rest != 0; rest &= rest - 1) {
        int l = (w << 6) + Long.numberOfTrailingZeros(rest);
        degree += logLength[l];
        if (fill > 0 && l != label) {
          long[] other = neighbours[l];
          for (int k = 0; k < words; k++) {
            missing += Long.bitCount(own[k] & ~other[k]);
          }
          left -= words;
        }
      }
    }
    left -= words;
    double points = degree + fill * missing;
    waiting.put(
        label, points * (1 + noise * (random.nextDouble() - 0.5)) + noise * random.nextDouble());
  }
}
