// Planner, second stage: an equation as the path search sees it.
package io.github.einblas.internal.path;

import io.github.einblas.internal.equation.Labels;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;

/**
 * Operands as sorted sets of labels, reduced to what the order of contractions can depend on.
 *
 * <p>Labels that occur in one operand alone are gone (they are summed first, whatever the order).
 * Labels with the same operands count as one of their lengths' product. Labels of all operands and
 * the output are gone too: they multiply every size by {@link #scale}.
 */
public final class Network {
  /** Pairs of constants are computed once: they decide between equals only. */
  static final double CONSTANT_COST = 1e-6;

  /** Product of the lengths of the labels that everything has. */
  final double scale;

  /** Lengths of the labels that are left. */
  final double[] lengths;

  /** How many operands, and the output, have each label. */
  final int[] users;

  /** The first of the equation's labels (or of the network's, of which this is made) in each. */
  final int[] first;

  /** The operands. */
  final Node[] leaves;

  /** Labels of the output, sorted. */
  final int[] output;

  public Network(Labels labels) {
    this(labels, new boolean[labels.operands.length]);
  }

  Network(Labels labels, boolean[] constant) {
    this(labels.operands, labels.output, labels.lengths, 1, constant, true);
  }

  private Network(Network of, double[] lengths) {
    scale = of.scale;
    this.lengths = lengths;
    users = of.users;
    first = of.first;
    output = of.output;
    leaves = new Node[of.leaves.length];
    for (int i = 0; i < leaves.length; i++) {
      Node leaf = of.leaves[i];
      leaves[i] = new Node(i, leaf.set, size(leaf.set), leaf.constant);
    }
  }

  /** With each label of two tensors and more apart, whoever else has the same. */
  static Network apart(Labels labels, boolean[] constant) {
    return new Network(labels.operands, labels.output, labels.lengths, 1, constant, false);
  }

  /** The same tensors with other lengths. */
  Network with(double[] newLengths) {
    return new Network(this, newLengths);
  }

  private Network(
      BitSet[] operands,
      BitSet result,
      double[] allLengths,
      double factor,
      boolean[] constant,
      boolean merged) {
    int n = operands.length;
    int count = allLengths.length;
    int[] holders = new int[count];
    // Who holds a label, as a sum of random words: equal sums are equal holders but for one chance
    // in 2^64, which would cost a worse path and nothing else.
    long[] sums = new long[count];
    for (int l = 0; l < count && !merged; l++) {
      sums[l] = random(n + 1 + l);
    }
    for (int i = 0; i <= n; i++) {
      BitSet set = i < n ? operands[i] : result;
      long word = random(i);
      for (int l = set.nextSetBit(0); l >= 0; l = set.nextSetBit(l + 1)) {
        holders[l]++;
        sums[l] += word;
      }
    }
    // An open hash table from sums to the classes, which are numbered from 1 there.
    int[] table = new int[4 * Integer.highestOneBit(count + 1)];
    int[] firsts = new int[count];
    int classes = 0;
    double[] product = new double[count];
    double common = factor;
    for (int l = 0; l < count; l++) {
      if (holders[l] == n + 1 && merged) {
        common *= allLengths[l];
      } else if (holders[l] > 1) {
        int at = (int) (sums[l] >>> 33) & (table.length - 1);
        while (table[at] != 0 && sums[firsts[table[at] - 1]] != sums[l]) {
          at = (at + 1) & (table.length - 1);
        }
        if (table[at] == 0) {
          firsts[classes] = l;
          product[classes++] = 1;
          table[at] = classes;
        }
        product[table[at] - 1] *= allLengths[l];
      }
    }
    scale = common;
    lengths = Arrays.copyOf(product, classes);
    users = new int[classes];
    first = Arrays.copyOf(firsts, classes);
    int[] classOf = new int[count];
    for (int c = 0; c < classes; c++) {
      users[c] = holders[firsts[c]];
      classOf[firsts[c]] = c + 1;
    }
    leaves = new Node[n];
    for (int i = 0; i < n; i++) {
      int[] set = classes(operands[i], classOf);
      leaves[i] = new Node(i, set, size(set), constant[i]);
    }
    output = classes(result, classOf);
  }

  /**
   * The network of some tensors of this one, which become its operands.
   *
   * @param parts trees that together have every operand once
   * @param merged whether labels of the same tensors count as one
   */
  Network of(Node[] parts, boolean merged) {
    BitSet[] operands = new BitSet[parts.length];
    boolean[] constant = new boolean[parts.length];
    for (int i = 0; i < parts.length; i++) {
      operands[i] = bits(parts[i].set);
      constant[i] = parts[i].constant;
    }
    return new Network(operands, bits(output), lengths, scale, constant, merged);
  }

  private static BitSet bits(int[] set) {
    BitSet bits = new BitSet();
    for (int l : set) {
      bits.set(l);
    }
    return bits;
  }

  private static long random(int i) {
    return mixed((i + 1) * 0x9E3779B97F4A7C15L);
  }

  /** The finalizer of SplitMix64. */
  static long mixed(long x) {
    long z = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** Classes whose first label is in a set: their numbers rise with those of the labels. */
  private static int[] classes(BitSet set, int[] classOf) {
    int count = 0;
    for (int l = set.nextSetBit(0); l >= 0; l = set.nextSetBit(l + 1)) {
      count += classOf[l] > 0 ? 1 : 0;
    }
    int[] result = new int[count];
    count = 0;
    for (int l = set.nextSetBit(0); l >= 0; l = set.nextSetBit(l + 1)) {
      if (classOf[l] > 0) {
        result[count++] = classOf[l] - 1;
      }
    }
    return result;
  }

  /** Elements of a tensor with these labels. */
  double size(int[] set) {
    double size = scale;
    for (int l : set) {
      size *= lengths[l];
    }
    return size;
  }

  /** Labels of either set, sorted. */
  static int[] union(int[] a, int[] b) {
    int[] result = new int[a.length + b.length];
    int count = 0;
    int i = 0;
    int j = 0;
    while (i < a.length && j < b.length) {
      int x = a[i];
      int y = b[j];
      result[count++] = Math.min(x, y);
      i += x <= y ? 1 : 0;
      j += y <= x ? 1 : 0;
    }
    while (i < a.length) {
      result[count++] = a[i++];
    }
    while (j < b.length) {
      result[count++] = b[j++];
    }
    return count == result.length ? result : Arrays.copyOf(result, count);
  }

  /** A tensor of a contraction tree: an operand, or the product of two others. */
  public static final class Node {
    /** Number of the operand, or -1. */
    final int leaf;

    /** Labels, sorted. */
    final int[] set;

    /** Elements. */
    final double size;

    /** Whether constant operands alone decide it. */
    final boolean constant;

    public final Node left;
    public final Node right;

    /** Product of the lengths of all labels of the pair. */
    final double all;

    /** Cost of the pair alone. */
    final double own;

    /** Cost of the pair and of all below it. */
    public final double cost;

    /** Most elements of intermediates alive while it is computed, its result included. */
    private final double peak;

    Node(int leaf, int[] set, double size, boolean constant) {
      this.constant = constant;
      this.leaf = leaf;
      this.set = set;
      this.size = size;
      this.left = null;
      this.right = null;
      this.all = size;
      this.own = 0;
      this.cost = 0;
      this.peak = 0;
    }

    Node(Node left, Node right, int[] set, double all, double size, double own) {
      this.leaf = -1;
      this.set = set;
      this.size = size;
      this.left = left;
      this.right = right;
      this.all = all;
      this.own = own;
      this.cost = own + left.cost + right.cost;
      this.constant = left.constant && right.constant;
      double x = left.held();
      double y = right.held();
      double inner =
          Math.min(Math.max(left.peak, x + right.peak), Math.max(right.peak, y + left.peak));
      this.peak = Math.max(inner, x + y + size);
    }

    public boolean isLeaf() {
      return leaf >= 0;
    }

    /** The same pair over branches of the same labels. */
    public Node with(Node newLeft, Node newRight) {
      return newLeft == left && newRight == right
          ? this
          : new Node(newLeft, newRight, set, all, size, own);
    }

    /** Most elements of intermediates alive at a time while it is computed. */
    double peak() {
      return peak;
    }

    /** Elements of the largest result of a pair. */
    double largest() {
      double largest = 0;
      for (Node n : branchesFirst()) {
        largest = Math.max(largest, n.isLeaf() ? 0 : n.size);
      }
      return largest;
    }

    /** Elements of the result where it is an intermediate. */
    private double held() {
      return isLeaf() ? 0 : size;
    }

    /** What computing it takes beyond the result, in elements alive at a time. */
    private double spare() {
      return peak - held();
    }

    /** Cost of the tree by another model. */
    public double costBy(PathCost model) {
      double cost = 0;
      for (Node n : branchesFirst()) {
        if (!n.isLeaf()) {
          double pair = model.pair(n.all, n.left.size, n.right.size, n.size);
          cost += n.constant ? CONSTANT_COST * pair : pair;
        }
      }
      return cost;
    }

    /**
     * All tensors of the tree, branches before what is made of them, the left one's first. A walk
     * over a tree must not call itself: a chain of 12,000 operands is a tree of that depth.
     */
    List<Node> branchesFirst() {
      List<Node> order = new ArrayList<>();
      ArrayDeque<Node> todo = new ArrayDeque<>();
      todo.push(this);
      while (!todo.isEmpty()) {
        Node n = todo.pop();
        order.add(n);
        if (!n.isLeaf()) {
          todo.push(n.left);
          todo.push(n.right);
        }
      }
      Collections.reverse(order);
      return order;
    }
  }

  /** The pair of two tensors, whose result has these labels. */
  Node pair(Node a, Node b, int[] result, PathCost cost) {
    return pair(a, b, result, unionSize(a.set, b.set), size(result), cost);
  }

  private static Node pair(Node a, Node b, int[] result, double all, double size, PathCost cost) {
    double own = cost.pair(all, a.size, b.size, size);
    return new Node(a, b, result, all, size, a.constant && b.constant ? CONSTANT_COST * own : own);
  }

  /** Elements of a tensor with the labels of either set. */
  private double unionSize(int[] a, int[] b) {
    double size = scale;
    int i = 0;
    int j = 0;
    while (i < a.length && j < b.length) {
      int x = a[i];
      int y = b[j];
      size *= lengths[Math.min(x, y)];
      i += x <= y ? 1 : 0;
      j += y <= x ? 1 : 0;
    }
    while (i < a.length) {
      size *= lengths[a[i++]];
    }
    while (j < b.length) {
      size *= lengths[b[j++]];
    }
    return size;
  }

  /** The pair of two live tensors; the numbers of users are brought up to date. */
  Node contract(Node a, Node b, int[] live, PathCost cost) {
    int[] x = a.set;
    int[] y = b.set;
    int[] kept = new int[x.length + y.length];
    int count = 0;
    double all = scale;
    double size = scale;
    int i = 0;
    int j = 0;
    while (i < x.length || j < y.length) {
      int l;
      int own = 1;
      if (j == y.length || (i < x.length && x[i] < y[j])) {
        l = x[i++];
      } else if (i == x.length || y[j] < x[i]) {
        l = y[j++];
      } else {
        l = x[i++];
        j++;
        own = 2;
      }
      all *= lengths[l];
      live[l] -= own;
      if (live[l] > 0) {
        live[l]++;
        kept[count++] = l;
        size *= lengths[l];
      }
    }
    return pair(a, b, Arrays.copyOf(kept, count), all, size, cost);
  }

  /** The tree costed by another model. */
  Node costed(Node tree, PathCost cost) {
    ArrayDeque<Node> made = new ArrayDeque<>();
    for (Node n : tree.branchesFirst()) {
      if (n.isLeaf()) {
        made.push(n);
      } else {
        Node right = made.pop();
        made.push(pair(made.pop(), right, n.set, n.all, n.size, cost));
      }
    }
    return made.pop();
  }

  /** The tree of a path, costed. */
  public Node tree(int[][] path, PathCost cost) {
    int n = leaves.length;
    Node[] slots = Arrays.copyOf(leaves, 2 * n - 1);
    int[] live = users.clone();
    for (int i = 0; i < path.length; i++) {
      Node a = slots[path[i][0]];
      Node b = slots[path[i][1]];
      slots[n + i] = contract(a, b, live, cost);
    }
    return slots[2 * n - 2];
  }

  /**
   * The pairs of a tree in an order that keeps little alive: of two branches the one that needs
   * more beyond its result goes first.
   */
  public int[][] path(Node root) {
    int n = leaves.length;
    int[][] path = new int[n - 1][];
    // Backwards: the last pair first, and of its branches the one that is computed later.
    Node[] order = new Node[n - 1];
    ArrayDeque<Node> todo = new ArrayDeque<>();
    todo.push(root);
    for (int p = n - 2; p >= 0; ) {
      Node node = todo.pop();
      if (!node.isLeaf()) {
        order[p--] = node;
        boolean leftFirst = node.left.spare() >= node.right.spare();
        todo.push(leftFirst ? node.left : node.right);
        todo.push(leftFirst ? node.right : node.left);
      }
    }
    int[] waiting = new int[n];
    int count = 0;
    for (int p = 0; p < order.length; p++) {
      boolean leftFirst = order[p].left.spare() >= order[p].right.spare();
      Node first = leftFirst ? order[p].left : order[p].right;
      Node second = leftFirst ? order[p].right : order[p].left;
      int b = second.isLeaf() ? second.leaf : waiting[--count];
      int a = first.isLeaf() ? first.leaf : waiting[--count];
      path[p] = new int[] {Math.min(a, b), Math.max(a, b)};
      waiting[count++] = n + p;
    }
    return path;
  }
}
