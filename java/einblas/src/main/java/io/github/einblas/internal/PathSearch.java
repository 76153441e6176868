// Planner, second stage: the order in which operands are contracted in pairs.
package io.github.einblas.internal;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * Contraction paths. A path is a list of pairs of slots: operands have slots 0..n-1, and the result
 * of pair i has slot n+i. The cost of a pair is the number of multiplications, the product of the
 * lengths of all labels of both.
 */
public final class PathSearch {
  /** Optimal search visits 3^n pairs of subsets: 20,000 at 9 operands, some ms. */
  static final int OPTIMAL_UP_TO = 9;

  private final Labels labels;

  /** Labels kept after a contraction: those of the output or of an operand not yet contracted. */
  private final int[] users;

  PathSearch(Labels labels) {
    this.labels = labels;
    this.users = new int[labels.ids.length];
    for (BitSet operand : labels.operands) {
      operand.stream().forEach(i -> users[i]++);
    }
    labels.output.stream().forEach(i -> users[i]++);
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
    Map<Long, Double> sizes = new HashMap<>();
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
          c += size(masks[a] | masks[b], sizes) + 0.5 * size(masks[s], sizes);
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

  private double size(long mask, Map<Long, Double> sizes) {
    return sizes.computeIfAbsent(mask, m -> labels.size(BitSet.valueOf(new long[] {m})));
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

  private record Candidate(double gain, double flops, int a, int b)
      implements Comparable<Candidate> {
    @Override
    public int compareTo(Candidate other) {
      int c = Double.compare(gain, other.gain);
      c = c != 0 ? c : Double.compare(flops, other.flops);
      c = c != 0 ? c : Integer.compare(a, other.a);
      return c != 0 ? c : Integer.compare(b, other.b);
    }
  }

  /** Always the pair that shrinks the data most; outer products last, smallest first. */
  int[][] greedy() {
    int n = labels.operands.length;
    BitSet[] sets = new BitSet[2 * n];
    List<BitSet> holders = new ArrayList<>();
    for (int i = 0; i < labels.ids.length; i++) {
      holders.add(new BitSet());
    }
    int[] left = users.clone();
    PriorityQueue<Candidate> queue = new PriorityQueue<>();
    BitSet alive = new BitSet();
    for (int i = 0; i < n; i++) {
      add(i, labels.operands[i], sets, holders, alive, left, queue);
    }
    List<int[]> path = new ArrayList<>();
    while (path.size() < n - 1) {
      Candidate next = queue.poll();
      while (next != null && !(alive.get(next.a) && alive.get(next.b))) {
        next = queue.poll();
      }
      int[] pair = next == null ? smallestPair(alive, sets) : new int[] {next.a, next.b};
      contract(pair, n + path.size(), sets, holders, alive, left, queue);
      path.add(pair);
    }
    return path.toArray(int[][]::new);
  }

  private void add(
      int slot,
      BitSet set,
      BitSet[] sets,
      List<BitSet> holders,
      BitSet alive,
      int[] left,
      PriorityQueue<Candidate> queue) {
    sets[slot] = set;
    BitSet neighbours = new BitSet();
    set.stream()
        .forEach(
            i -> {
              neighbours.or(holders.get(i));
              holders.get(i).set(slot);
            });
    neighbours.and(alive);
    alive.set(slot);
    neighbours.stream().forEach(other -> queue.add(candidate(other, slot, sets, left)));
  }

  private Candidate candidate(int a, int b, BitSet[] sets, int[] left) {
    BitSet union = (BitSet) sets[a].clone();
    union.or(sets[b]);
    double result = labels.size(kept(sets[a], sets[b], left));
    return new Candidate(
        result - labels.size(sets[a]) - labels.size(sets[b]), labels.size(union), a, b);
  }

  /** Labels of a and b that the output or another live slot has. */
  private static BitSet kept(BitSet a, BitSet b, int[] left) {
    BitSet kept = (BitSet) a.clone();
    kept.or(b);
    for (int i = kept.nextSetBit(0); i >= 0; i = kept.nextSetBit(i + 1)) {
      int own = (a.get(i) ? 1 : 0) + (b.get(i) ? 1 : 0);
      if (left[i] == own) {
        kept.clear(i);
      }
    }
    return kept;
  }

  private void contract(
      int[] pair,
      int slot,
      BitSet[] sets,
      List<BitSet> holders,
      BitSet alive,
      int[] left,
      PriorityQueue<Candidate> queue) {
    BitSet a = sets[pair[0]];
    BitSet b = sets[pair[1]];
    BitSet result = kept(a, b, left);
    for (int s : pair) {
      alive.clear(s);
      sets[s].stream()
          .forEach(
              i -> {
                left[i]--;
                holders.get(i).clear(s);
              });
    }
    result.stream().forEach(i -> left[i]++);
    add(slot, result, sets, holders, alive, left, queue);
  }

  private int[] smallestPair(BitSet alive, BitSet[] sets) {
    int best = -1;
    int second = -1;
    for (int s = alive.nextSetBit(0); s >= 0; s = alive.nextSetBit(s + 1)) {
      if (best < 0 || labels.size(sets[s]) < labels.size(sets[best])) {
        second = best;
        best = s;
      } else if (second < 0 || labels.size(sets[s]) < labels.size(sets[second])) {
        second = s;
      }
    }
    return new int[] {Math.min(best, second), Math.max(best, second)};
  }
}
