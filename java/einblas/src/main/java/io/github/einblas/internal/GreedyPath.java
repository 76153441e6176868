// Planner, second stage: one greedy contraction path, for more operands than an optimal search can
// take.
package io.github.einblas.internal;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Contracts, again and again, the pair of neighbours (slots with a common label) that looks best;
 * slots without a neighbour are multiplied last, smallest first. Used once.
 */
final class GreedyPath {
  private record Candidate(double score, double flops, int a, int b)
      implements Comparable<Candidate> {
    @Override
    public int compareTo(Candidate other) {
      int c = Double.compare(score, other.score);
      c = c != 0 ? c : Double.compare(flops, other.flops);
      c = c != 0 ? c : Integer.compare(a, other.a);
      return c != 0 ? c : Integer.compare(b, other.b);
    }
  }

  private final Labels labels;
  private final double weight;
  private final BitSet[] sets;
  private final double[] sizes;

  /** Live slots that have a label, by label. */
  private final BitSet[] holders;

  /** How many live slots, and the output, have a label. */
  private final int[] users;

  private final BitSet alive = new BitSet();
  private final PriorityQueue<Candidate> queue = new PriorityQueue<>();
  private final List<int[]> path = new ArrayList<>();
  private double cost;

  /**
   * Searches.
   *
   * @param weight what an element of the operands counts against one of the result: 1 takes the
   *     pair that shrinks the data most, 0 the smallest result
   */
  GreedyPath(Labels labels, double weight) {
    this.labels = labels;
    this.weight = weight;
    int n = labels.operands.length;
    sets = new BitSet[2 * n];
    sizes = new double[2 * n];
    holders = new BitSet[labels.ids.length];
    users = labels.users();
    for (int l = 0; l < holders.length; l++) {
      holders[l] = new BitSet(2 * n);
    }
    for (int i = 0; i < n; i++) {
      add(i, alone(labels.operands[i]));
    }
    while (path.size() < n - 1) {
      contract(next(), n + path.size());
    }
  }

  /** The pairs in order. */
  int[][] path() {
    return path.toArray(int[][]::new);
  }

  /** Multiplications and half the elements written, as {@link PathSearch} counts them. */
  double cost() {
    return cost;
  }

  /** An operand without the labels that nobody else has: lowering sums them first. */
  private BitSet alone(BitSet operand) {
    BitSet set = (BitSet) operand.clone();
    for (int l = set.nextSetBit(0); l >= 0; l = set.nextSetBit(l + 1)) {
      if (users[l] == 1) {
        set.clear(l);
      }
    }
    return set;
  }

  private void add(int slot, BitSet set) {
    sets[slot] = set;
    sizes[slot] = labels.size(set);
    BitSet neighbours = new BitSet();
    for (int l = set.nextSetBit(0); l >= 0; l = set.nextSetBit(l + 1)) {
      neighbours.or(holders[l]);
      holders[l].set(slot);
    }
    alive.set(slot);
    for (int s = neighbours.nextSetBit(0); s >= 0; s = neighbours.nextSetBit(s + 1)) {
      queue.add(candidate(s, slot));
    }
  }

  private Candidate candidate(int a, int b) {
    double result = labels.size(kept(a, b));
    double score = result - weight * (sizes[a] + sizes[b]);
    return new Candidate(score, labels.size(union(a, b)), a, b);
  }

  private BitSet union(int a, int b) {
    BitSet union = (BitSet) sets[a].clone();
    union.or(sets[b]);
    return union;
  }

  /** Labels of a and b that the output or another live slot has. */
  private BitSet kept(int a, int b) {
    BitSet kept = union(a, b);
    for (int l = kept.nextSetBit(0); l >= 0; l = kept.nextSetBit(l + 1)) {
      int own = (sets[a].get(l) ? 1 : 0) + (sets[b].get(l) ? 1 : 0);
      if (users[l] == own) {
        kept.clear(l);
      }
    }
    return kept;
  }

  private int[] next() {
    Candidate best = queue.poll();
    while (best != null && !(alive.get(best.a) && alive.get(best.b))) {
      best = queue.poll();
    }
    return best == null ? smallestPair() : new int[] {best.a, best.b};
  }

  private void contract(int[] pair, int slot) {
    BitSet result = kept(pair[0], pair[1]);
    cost += labels.size(union(pair[0], pair[1])) + PathSearch.WRITE_COST * labels.size(result);
    for (int s : pair) {
      alive.clear(s);
      for (int l = sets[s].nextSetBit(0); l >= 0; l = sets[s].nextSetBit(l + 1)) {
        users[l]--;
        holders[l].clear(s);
      }
    }
    for (int l = result.nextSetBit(0); l >= 0; l = result.nextSetBit(l + 1)) {
      users[l]++;
    }
    path.add(pair);
    add(slot, result);
  }

  private int[] smallestPair() {
    int best = -1;
    int second = -1;
    for (int s = alive.nextSetBit(0); s >= 0; s = alive.nextSetBit(s + 1)) {
      if (best < 0 || sizes[s] < sizes[best]) {
        second = best;
        best = s;
      } else if (second < 0 || sizes[s] < sizes[second]) {
        second = s;
      }
    }
    return new int[] {Math.min(best, second), Math.max(best, second)};
  }
}
