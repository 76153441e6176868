// Planner, second stage: dynamic programming over connected groups of tensors.
package io.github.einblas.internal.path;

import io.github.einblas.internal.path.Network.Node;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;

/**
 * The cheapest order without outer products of up to {@link #MOST} tensors that common labels
 * connect. Visits each pair of neighbouring connected groups once, in the order of Moerkotte and
 * Neumann's DPccp (VLDB 2006): n^3 / 6 pairs for a chain, 3^n / 2 where all are neighbours.
 */
final class ConnectedSearch {
  /** Groups are bits of a long; LabelMasks gives tensors eight bits. */
  static final int MOST = 62;

  private final Network network;
  private final PathCost model;
  private final Node[] tensors;
  private final int[] keep;
  private final LabelMasks masks;
  private final long[] neighbours;
  private long constants;
  private final long mostPairs;

  /** Pairs and groups looked at: some groups of a tree have no partner that is not counted yet. */
  private long pairs;

  // An open hash table of groups; entries are numbered in the order in which they are met.
  private int[] table = new int[256];
  private long[] group = new long[128];
  private double[] cost = new double[128];
  private double[] size = new double[128];
  private int[] left = new int[128];
  private int[] right = new int[128];
  private long[] sets;
  private int count;

  /** The cheapest tree without outer products where labels connect; null when that is too much. */
  static Node tree(Network network, PathCost model, long pairs) {
    List<Node> results = new ArrayList<>();
    for (Node[] part : parts(network)) {
      Node root = null;
      if (part.length <= MOST) {
        root = part.length == 1 ? part[0] : best(network, model, part, network.output, pairs);
      }
      if (root == null) {
        return null;
      }
      results.add(root);
    }
    if (results.size() <= SubsetSearch.ALL_ORDERS_UP_TO) {
      return SubsetSearch.best(network, model, results.toArray(Node[]::new), network.output);
    }
    // Smallest first: all that is left are outer products.
    var smallest = new PriorityQueue<Node>((a, b) -> Double.compare(a.size, b.size));
    smallest.addAll(results);
    while (smallest.size() > 1) {
      Node a = smallest.poll();
      Node b = smallest.poll();
      smallest.add(network.pair(a, b, Network.union(a.set, b.set), model));
    }
    return smallest.poll();
  }

  /** Groups of operands that labels connect. */
  private static List<Node[]> parts(Network network) {
    int n = network.leaves.length;
    int[] part = new int[n];
    Arrays.setAll(part, i -> i);
    int[] first = new int[network.lengths.length];
    Arrays.fill(first, -1);
    for (int i = 0; i < n; i++) {
      for (int l : network.leaves[i].set) {
        if (first[l] < 0) {
          first[l] = i;
        } else {
          part[root(part, i)] = root(part, first[l]);
        }
      }
    }
    List<Node[]> parts = new ArrayList<>();
    for (int p = 0; p < n; p++) {
      if (root(part, p) == p) {
        int own = p;
        parts.add(
            Arrays.stream(network.leaves)
                .filter(leaf -> root(part, leaf.leaf) == own)
                .toArray(Node[]::new));
      }
    }
    return parts;
  }

  private static int root(int[] part, int i) {
    int at = i;
    while (part[at] != at) {
      part[at] = part[part[at]];
      at = part[at];
    }
    return at;
  }

  private ConnectedSearch(
      Network network, PathCost model, Node[] tensors, int[] keep, long mostPairs) {
    this.network = network;
    this.model = model;
    this.tensors = tensors;
    this.keep = keep;
    this.mostPairs = mostPairs;
    masks = new LabelMasks(network, tensors, keep);
    sets = new long[128 * masks.words];
    neighbours = new long[tensors.length];
    for (long holders : masks.holders) {
      for (long rest = holders; rest != 0; rest &= rest - 1) {
        neighbours[Long.numberOfTrailingZeros(rest)] |= holders;
      }
    }
    Arrays.fill(table, -1);
    for (int i = 0; i < tensors.length; i++) {
      constants |= tensors[i].constant ? 1L << i : 0;
    }
  }

  /**
   * The cheapest tree, or null when it would take more pairs than allowed.
   *
   * @param tensors connected by common labels
   * @param keep labels of the result, sorted
   */
  static Node best(Network network, PathCost model, Node[] tensors, int[] keep, long mostPairs) {
    ConnectedSearch search = new ConnectedSearch(network, model, tensors, keep, mostPairs);
    return search.search() ? search.tree() : null;
  }

  private boolean search() {
    int n = tensors.length;
    for (int i = 0; i < n; i++) {
      int entry = entry(1L << i);
      cost[entry] = 0;
      System.arraycopy(masks.sets, i * masks.words, sets, entry * masks.words, masks.words);
      size[entry] = masks.size(sets, entry * masks.words);
    }
    for (int i = n - 1; i >= 0 && pairs <= mostPairs; i--) {
      partners(1L << i);
      grow(1L << i, (2L << i) - 1);
    }
    return pairs <= mostPairs;
  }

  /** Neighbours of a group outside of it. */
  private long around(long s) {
    long around = 0;
    for (long rest = s; rest != 0; rest &= rest - 1) {
      around |= neighbours[Long.numberOfTrailingZeros(rest)];
    }
    return around & ~s;
  }

  /** All connected groups that contain s and none of the others that are excluded. */
  private void grow(long s, long excluded) {
    long around = around(s) & ~excluded;
    for (long more = around & -around; more != 0; more = (more - around) & around) {
      if (pairs > mostPairs) {
        return;
      }
      partners(s | more);
    }
    for (long more = around & -around; more != 0; more = (more - around) & around) {
      if (pairs > mostPairs) {
        return;
      }
      grow(s | more, excluded | around);
    }
  }

  /** All connected groups beside s, each pair of groups in one direction only. */
  private void partners(long s) {
    pairs++;
    int own = find(s);
    long excluded = s | (((s & -s) << 1) - 1);
    long around = around(s) & ~excluded;
    for (long rest = around; rest != 0; ) {
      int i = 63 - Long.numberOfLeadingZeros(rest);
      rest ^= 1L << i;
      pair(own, find(1L << i));
      growPartner(own, 1L << i, excluded | (around & ((2L << i) - 1)));
    }
  }

  private void growPartner(int own, long s, long excluded) {
    long around = around(s) & ~excluded;
    for (long more = around & -around; more != 0; more = (more - around) & around) {
      if (pairs > mostPairs) {
        return;
      }
      pair(own, find(s | more));
    }
    for (long more = around & -around; more != 0; more = (more - around) & around) {
      if (pairs > mostPairs) {
        return;
      }
      growPartner(own, s | more, excluded | around);
    }
  }

  private void pair(int a, int b) {
    pairs++;
    int s = entry(group[a] | group[b]);
    int words = masks.words;
    if (size[s] < 0) {
      for (int w = 0; w < words; w++) {
        sets[s * words + w] = sets[a * words + w] | sets[b * words + w];
      }
      masks.drop(sets, s * words, group[s], sets, s * words);
      size[s] = masks.size(sets, s * words);
    }
    double c = cost[a] + cost[b];
    if (c < cost[s] || left[s] < 0) {
      double all = masks.unionSize(sets, a * words, sets, b * words);
      double own = model.pair(all, size[a], size[b], size[s]);
      c += (group[s] & ~constants) == 0 ? Network.CONSTANT_COST * own : own;
      if (c < cost[s] || left[s] < 0) {
        cost[s] = c;
        left[s] = a;
        right[s] = b;
      }
    }
  }

  private int find(long s) {
    int at = slot(s, table.length);
    while (group[table[at]] != s) {
      at = (at + 1) & (table.length - 1);
    }
    return table[at];
  }

  private int entry(long s) {
    int at = slot(s, table.length);
    while (table[at] >= 0) {
      if (group[table[at]] == s) {
        return table[at];
      }
      at = (at + 1) & (table.length - 1);
    }
    if (count == group.length) {
      enlarge();
      return entry(s);
    }
    table[at] = count;
    group[count] = s;
    cost[count] = Double.POSITIVE_INFINITY;
    size[count] = -1;
    left[count] = -1;
    return count++;
  }

  private static int slot(long s, int length) {
    return (int) ((s * 0x9E3779B97F4A7C15L) >>> 32) & (length - 1);
  }

  private void enlarge() {
    int twice = 2 * count;
    group = Arrays.copyOf(group, twice);
    cost = Arrays.copyOf(cost, twice);
    size = Arrays.copyOf(size, twice);
    left = Arrays.copyOf(left, twice);
    right = Arrays.copyOf(right, twice);
    sets = Arrays.copyOf(sets, twice * masks.words);
    table = new int[2 * twice];
    Arrays.fill(table, -1);
    for (int e = 0; e < count; e++) {
      int at = slot(group[e], table.length);
      while (table[at] >= 0) {
        at = (at + 1) & (table.length - 1);
      }
      table[at] = e;
    }
  }

  private Node tree() {
    // All entries have their labels as masks; trees want them as the network's numbers.
    int[] live = new int[network.lengths.length];
    for (Node t : tensors) {
      for (int l : t.set) {
        live[l]++;
      }
    }
    for (int l : keep) {
      live[l]++;
    }
    return tree(find(tensors.length == 64 ? -1L : (1L << tensors.length) - 1), live);
  }

  private Node tree(int entry, int[] live) {
    if (left[entry] < 0) {
      return tensors[Long.numberOfTrailingZeros(group[entry])];
    }
    Node a = tree(left[entry], live);
    Node b = tree(right[entry], live);
    return network.contract(a, b, live, model);
  }
}
