// Planner, second stage: one greedy contraction path, for more operands than an exact search can
// take.
package io.github.einblas.internal.path;

import io.github.einblas.internal.path.Network.Node;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * Contracts, again and again, the pair of neighbours (tensors with a common label) that looks best;
 * among equals the one of fewest operations, then the oldest. Tensors without a neighbour are
 * multiplied last, smallest first. Used once.
 *
 * <p>Each tensor waits in a heap with the best of the pairs with older ones; when the other tensor
 * of that pair is gone, its next best is looked for. So the heap never holds more than there are
 * tensors, and a pair's size comes from the labels that its two tensors share.
 */
final class GreedyPath {
  private final Network network;
  private final PathCost model;
  private final double weight;
  private final double noise;
  private final boolean patient;
  private final SplittableRandom random;
  private final Node[] slots;

  /** Live tensors that have label l: from {@code start[l]} on, {@code held[l]} of them. */
  private final int[] holders;

  private final int[] start;
  private final int[] held;
  private final int[] users;

  /** The slot whose pairs were last looked at, and the lengths shared with it and summed. */
  private final int[] seen;

  private final double[] shared;
  private final double[] summed;
  private final int[] met;
  private int looks;

  /** The best pair of a slot with an older one: the older, its score, its operations. */
  private final int[] partner;

  private final double[] score;
  private final double[] all;

  /** Slots as a binary heap, the best pair first. */
  private final int[] heap;

  private int waiting;
  private int visits;
  private final Node root;

  /**
   * Searches.
   *
   * @param weight what an element of the operands counts against one of the result: 1 takes the
   *     pair that shrinks the data most, 0 the smallest result
   * @param noise how far chance goes, in factors of e of that score; 0 for none
   */
  GreedyPath(Network network, PathCost model, double weight, double noise, long seed) {
    this(network, model, weight, noise, seed, true);
  }

  /**
   * The search as opt_einsum's {@code greedy} goes (its {@code ssa_greedy_optimize}): what it finds
   * is never missed.
   */
  static GreedyPath asOptEinsum(Network network, PathCost model) {
    return new GreedyPath(network, model, 1, 0, 0, false);
  }

  /** A search with a weight and a noise drawn by chance. */
  static GreedyPath drawn(Network network, PathCost model, long seed) {
    var random = new SplittableRandom(seed);
    double weight = Math.exp(random.nextDouble(Math.log(0.05), Math.log(4)));
    double noise = Math.exp(random.nextDouble(Math.log(0.01), Math.log(1)));
    return new GreedyPath(network, model, weight, noise, seed);
  }

  /**
   * Searches.
   *
   * @param patient whether a product whose best partner is gone looks for the next best, instead of
   *     waiting until a later product chooses it; and whether of equal pairs the one of fewest
   *     operations is taken, instead of the oldest
   */
  private GreedyPath(
      Network network, PathCost model, double weight, double noise, long seed, boolean patient) {
    this.patient = patient;
    this.network = network;
    this.model = model;
    this.weight = weight;
    this.noise = noise;
    this.random = noise > 0 ? new SplittableRandom(seed) : null;
    int n = network.leaves.length;
    slots = new Node[2 * n - 1];
    seen = new int[2 * n - 1];
    shared = new double[2 * n - 1];
    summed = new double[2 * n - 1];
    met = new int[2 * n - 1];
    partner = new int[2 * n - 1];
    score = new double[2 * n - 1];
    all = new double[2 * n - 1];
    heap = new int[n + 1];
    users = network.users.clone();
    held = new int[users.length];
    start = new int[users.length];
    int entries = 0;
    for (int l = 0; l < users.length; l++) {
      start[l] = entries;
      entries += users[l];
    }
    holders = new int[entries];
    for (int i = 0; i < n; i++) {
      add(i, network.leaves[i]);
    }
    int next = n;
    while (waiting > 0) {
      int b = poll();
      if (slots[b] == null) {
        continue;
      }
      int a = partner[b];
      if (slots[a] == null) {
        if (patient || b < n) {
          look(b);
        }
        continue;
      }
      Node pair = network.contract(slots[a], slots[b], users, model);
      remove(a);
      remove(b);
      add(next++, pair);
    }
    root = multiplyRest();
  }

  /** The tree found. */
  Node root() {
    return root;
  }

  /** Nanoseconds that it took, estimated from its work: 60 per operand and 10 per meeting. */
  double nanos() {
    return 30.0 * slots.length + 10.0 * visits;
  }

  private void remove(int slot) {
    for (int l : slots[slot].set) {
      int at = start[l];
      while (holders[at] != slot) {
        at++;
      }
      holders[at] = holders[start[l] + --held[l]];
    }
    slots[slot] = null;
  }

  private void add(int slot, Node node) {
    slots[slot] = node;
    look(slot);
    for (int l : node.set) {
      holders[start[l] + held[l]++] = slot;
    }
  }

  /** Finds the best pair of a slot with an older one and puts it on the heap. */
  private void look(int slot) {
    Node node = slots[slot];
    int stamp = ++looks;
    int count = 0;
    for (int l : node.set) {
      double length = network.lengths[l];
      double gone = users[l] == 2 ? length : 1;
      visits += held[l];
      for (int at = start[l]; at < start[l] + held[l]; at++) {
        int other = holders[at];
        if (other >= slot) {
          continue;
        }
        if (seen[other] != stamp) {
          seen[other] = stamp;
          shared[other] = length;
          summed[other] = gone;
          met[count++] = other;
        } else {
          shared[other] *= length;
          summed[other] *= gone;
        }
      }
    }
    if (count == 0) {
      return;
    }
    int best = -1;
    for (int i = 0; i < count; i++) {
      int other = met[i];
      double points = number(slots[other].size / (network.scale * shared[other]) * node.size);
      double loop = patient ? points : 0;
      double s = number(number(points / summed[other]) - weight * (node.size + slots[other].size));
      if (noise > 0) {
        // The order of the scores is kept; Gumbel noise on their logarithm draws a pair with a
        // probability that falls with it.
        double log = Math.log1p(Math.abs(s));
        s = (s < 0 ? -log : log) + noise * Math.log(-Math.log(1 - random.nextDouble()));
      }
      if (best < 0
          || s < score[slot]
          || (s == score[slot] && (loop < all[slot] || (loop == all[slot] && other < best)))) {
        best = other;
        score[slot] = s;
        all[slot] = loop;
      }
    }
    partner[slot] = best;
    push(slot);
  }

  /** Beyond any double, or 0/0 of an empty tensor. */
  private static double number(double x) {
    return Double.isNaN(x) ? Double.POSITIVE_INFINITY : x;
  }

  private boolean before(int x, int y) {
    if (score[x] != score[y]) {
      return score[x] < score[y];
    }
    return all[x] != all[y] ? all[x] < all[y] : x < y;
  }

  private void push(int slot) {
    int at = waiting++;
    while (at > 0 && before(slot, heap[(at - 1) >> 1])) {
      heap[at] = heap[(at - 1) >> 1];
      at = (at - 1) >> 1;
    }
    heap[at] = slot;
  }

  private int poll() {
    int first = heap[0];
    int last = heap[--waiting];
    int at = 0;
    for (int child = 1; child < waiting; child = 2 * at + 1) {
      if (child + 1 < waiting && before(heap[child + 1], heap[child])) {
        child++;
      }
      if (!before(heap[child], last)) {
        break;
      }
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return first;
  }

  private Node multiplyRest() {
    Node single = null;
    int rest = 0;
    for (Node slot : slots) {
      if (slot != null) {
        single = slot;
        rest++;
      }
    }
    if (rest == 1) {
      return single;
    }
    PriorityQueue<Node> smallest =
        new PriorityQueue<>(rest, (a, b) -> Double.compare(a.size, b.size));
    for (Node slot : slots) {
      if (slot != null) {
        smallest.add(slot);
      }
    }
    while (smallest.size() > 1) {
      smallest.add(network.contract(smallest.poll(), smallest.poll(), users, model));
    }
    return smallest.poll();
  }
}
