// Planner, second stage: one greedy contraction path, for more operands than an exact search can
// take.
package io.github.einblas.internal;

import io.github.einblas.internal.Network.Node;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * Contracts, again and again, the pair of neighbours (tensors with a common label) that looks best;
 * tensors without a neighbour are multiplied last, smallest first. Used once.
 */
final class GreedyPath {
  /** A pair of slots, a before b; among equals the one of fewest operations, then the oldest. */
  private record Candidate(double score, double all, int a, int b)
      implements Comparable<Candidate> {
    @Override
    public int compareTo(Candidate other) {
      int c = Double.compare(score, other.score);
      c = c != 0 ? c : Double.compare(all, other.all);
      c = c != 0 ? c : Integer.compare(b, other.b);
      return c != 0 ? c : Integer.compare(a, other.a);
    }
  }

  private final Network network;
  private final PathCost model;
  private final double weight;
  private final double noise;
  private final SplittableRandom random;
  private final Node[] slots;

  /** Live tensors that have a label, by label: the first {@code held[l]} of {@code holders[l]}. */
  private final int[][] holders;

  private final int[] held;
  private final int[] users;

  /** The slot for which a tensor was last looked at. */
  private final int[] seen;

  private final PriorityQueue<Candidate> queue = new PriorityQueue<>();
  private final Node root;

  /**
   * Searches.
   *
   * @param weight what an element of the operands counts against one of the result: 1 takes the
   *     pair that shrinks the data most, 0 the smallest result
   * @param noise how far chance goes, in factors of e of that score; 0 for none
   */
  GreedyPath(Network network, PathCost model, double weight, double noise, long seed) {
    this.network = network;
    this.model = model;
    this.weight = weight;
    this.noise = noise;
    this.random = new SplittableRandom(seed);
    int n = network.leaves.length;
    slots = new Node[2 * n - 1];
    seen = new int[2 * n - 1];
    holders = new int[network.lengths.length][4];
    held = new int[network.lengths.length];
    users = network.users.clone();
    for (int i = 0; i < n; i++) {
      add(i, network.leaves[i]);
    }
    int next = n;
    for (Candidate c = queue.poll(); c != null; c = queue.poll()) {
      if (slots[c.a] != null && slots[c.b] != null) {
        Node pair = contract(slots[c.a], slots[c.b]);
        remove(c.a);
        remove(c.b);
        add(next++, pair);
      }
    }
    root = multiplyRest();
  }

  /** The tree found. */
  Node root() {
    return root;
  }

  private Node contract(Node a, Node b) {
    return network.pair(a, b, Network.contract(a, b, users), model);
  }

  private void remove(int slot) {
    for (int l : slots[slot].set) {
      int[] list = holders[l];
      int at = 0;
      while (list[at] != slot) {
        at++;
      }
      list[at] = list[--held[l]];
    }
    slots[slot] = null;
  }

  private void add(int slot, Node node) {
    slots[slot] = node;
    seen[slot] = slot;
    for (int l : node.set) {
      for (int i = 0; i < held[l]; i++) {
        int other = holders[l][i];
        if (seen[other] != slot) {
          seen[other] = slot;
          queue.add(candidate(other, slot));
        }
      }
      if (held[l] == holders[l].length) {
        holders[l] = Arrays.copyOf(holders[l], 2 * held[l]);
      }
      holders[l][held[l]++] = slot;
    }
  }

  private Candidate candidate(int i, int j) {
    Node a = slots[i];
    Node b = slots[j];
    double all = network.scale;
    double result = network.scale;
    int x = 0;
    int y = 0;
    while (x < a.set.length || y < b.set.length) {
      int l;
      int own = 1;
      if (y == b.set.length || (x < a.set.length && a.set[x] < b.set[y])) {
        l = a.set[x++];
      } else if (x == a.set.length || b.set[y] < a.set[x]) {
        l = b.set[y++];
      } else {
        l = a.set[x++];
        y++;
        own = 2;
      }
      all *= network.lengths[l];
      if (users[l] > own) {
        result *= network.lengths[l];
      }
    }
    double score = result - weight * (a.size + b.size);
    if (noise > 0) {
      // The order of the scores is kept; Gumbel noise on their logarithm draws a pair with a
      // probability that falls with it.
      double log = Math.log1p(Math.abs(score));
      score = (score < 0 ? -log : log) + noise * Math.log(-Math.log(1 - random.nextDouble()));
    }
    return new Candidate(score, all, i, j);
  }

  private Node multiplyRest() {
    List<Node> rest = new ArrayList<>();
    for (Node slot : slots) {
      if (slot != null) {
        rest.add(slot);
      }
    }
    PriorityQueue<Node> smallest =
        new PriorityQueue<>(rest.size(), (a, b) -> Double.compare(a.size, b.size));
    smallest.addAll(rest);
    while (smallest.size() > 1) {
      smallest.add(contract(smallest.poll(), smallest.poll()));
    }
    return smallest.poll();
  }
}
