// Planner, second stage: pairs that cost next to nothing are contracted before the search.
package io.github.einblas.internal.path;

import io.github.einblas.internal.path.Network.Node;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Contracts pairs of which the result is no larger than the larger tensor, while that is cheap:
 * vectors into matrices, gates of one qubit into the next. And pairs whose labels are all
 * neighbours of each other: some step of every order has all of them in its loop nest, so that no
 * larger one comes of it. What is left is searched many times faster. Used once.
 */
final class Simplification {
  /** Tensors with a label that more have are not looked for by that label. */
  private static final int MOST_HOLDERS = 64;

  private final Network network;
  private final PathCost model;
  private final double most;
  private final int[] live;
  private final List<Set<Node>> holders = new ArrayList<>();

  /** Labels that some tensor has beside each label. */
  private final BitSet[] neighbours;

  private Simplification(Network network, PathCost model, double most) {
    this.network = network;
    this.model = model;
    this.most = most;
    live = network.users.clone();
    for (int l = 0; l < live.length; l++) {
      holders.add(new LinkedHashSet<>());
    }
    neighbours = new BitSet[live.length];
    Arrays.setAll(neighbours, l -> new BitSet());
  }

  /**
   * The tensors that are left: trees that together have every operand once.
   *
   * @param most points that the loop nest of such a pair may have
   */
  static Node[] parts(Network network, PathCost model, double most) {
    return new Simplification(network, model, most).parts();
  }

  private Node[] parts() {
    Set<Node> todo = new LinkedHashSet<>();
    Node[] smallestFirst = network.leaves.clone();
    Arrays.sort(smallestFirst, Comparator.comparingDouble(leaf -> leaf.size));
    // Nodes are what they are by identity, and their order is that in which they were made.
    Set<Node> alive = new LinkedHashSet<>(Arrays.asList(network.leaves));
    for (Node leaf : smallestFirst) {
      hold(leaf);
      todo.add(leaf);
    }
    while (!todo.isEmpty()) {
      Node a = todo.iterator().next();
      todo.remove(a);
      Node b = alive.contains(a) ? mate(a) : null;
      if (b != null) {
        for (Node gone : List.of(a, b)) {
          alive.remove(gone);
          for (int l : gone.set) {
            holders.get(l).remove(gone);
          }
        }
        Node pair = network.contract(a, b, live, model);
        alive.add(pair);
        hold(pair);
        todo.add(pair);
        for (int l : pair.set) {
          if (holders.get(l).size() <= MOST_HOLDERS) {
            todo.addAll(holders.get(l));
          }
        }
      }
    }
    return alive.toArray(Node[]::new);
  }

  private void hold(Node node) {
    for (int l : node.set) {
      holders.get(l).add(node);
      for (int m : node.set) {
        neighbours[l].set(m);
      }
    }
  }

  /** The neighbour with which a gives the smallest result that is small enough, or null. */
  private Node mate(Node a) {
    Node best = null;
    double bestSize = 0;
    double bestAll = 0;
    for (int l : a.set) {
      if (holders.get(l).size() > MOST_HOLDERS) {
        continue;
      }
      for (Node b : holders.get(l)) {
        if (b == a) {
          continue;
        }
        double all = network.scale;
        double size = network.scale;
        int[] union = Network.union(a.set, b.set);
        for (int m : union) {
          int both = (has(a, m) ? 1 : 0) + (has(b, m) ? 1 : 0);
          all *= network.lengths[m];
          size *= live[m] > both ? network.lengths[m] : 1;
        }
        if (all <= most
            && (best == null || size < bestSize || (size == bestSize && all < bestAll))
            && (size <= Math.max(a.size, b.size) || areNeighbours(union))) {
          best = b;
          bestSize = size;
          bestAll = all;
        }
      }
    }
    return best;
  }

  private boolean areNeighbours(int[] labels) {
    for (int l : labels) {
      for (int m : labels) {
        if (!neighbours[l].get(m)) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean has(Node node, int label) {
    return Arrays.binarySearch(node.set, label) >= 0;
  }

  /** The tree over a network's operands that a tree over {@link #parts} stands for. */
  static Node expanded(Network network, Node tree, Node[] parts, PathCost cost) {
    int[] live = network.users.clone();
    ArrayDeque<Node> made = new ArrayDeque<>();
    for (Node node : tree.branchesFirst()) {
      for (Node n : node.isLeaf() ? parts[node.leaf].branchesFirst() : List.of(node)) {
        if (n.isLeaf()) {
          made.push(network.leaves[n.leaf]);
        } else {
          Node right = made.pop();
          made.push(network.contract(made.pop(), right, live, cost));
        }
      }
    }
    return made.pop();
  }

  /**
   * The tree over parts that is most like one over their operands: each is where its largest is.
   *
   * @param smaller the network of the parts
   */
  static Node pruned(Network smaller, Node tree, Node[] parts, PathCost cost) {
    List<Node> nodes = tree.branchesFirst();
    int[] partOf = new int[nodes.size() / 2 + 1];
    Arrays.fill(partOf, -1);
    for (int i = 0; i < parts.length; i++) {
      Node largest = null;
      for (Node n : parts[i].branchesFirst()) {
        largest = n.isLeaf() && (largest == null || n.size > largest.size) ? n : largest;
      }
      partOf[largest.leaf] = i;
    }
    int[] live = smaller.users.clone();
    Node[] made = new Node[nodes.size()];
    int count = 0;
    for (Node n : nodes) {
      if (n.isLeaf()) {
        made[count++] = partOf[n.leaf] < 0 ? null : smaller.leaves[partOf[n.leaf]];
      } else {
        Node right = made[--count];
        Node left = made[--count];
        boolean both = left != null && right != null;
        Node one = left == null ? right : left;
        made[count++] = both ? smaller.contract(left, right, live, cost) : one;
      }
    }
    return made[0];
  }
}
