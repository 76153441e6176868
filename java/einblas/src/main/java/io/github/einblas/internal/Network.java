// Planner, second stage: an equation as the path search sees it.
package io.github.einblas.internal;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Operands as sorted sets of labels, reduced to what the order of contractions can depend on.
 *
 * <p>Labels that occur in one operand alone are gone (they are summed first, whatever the order).
 * Labels with the same operands count as one of their lengths' product. Labels of all operands and
 * the output are gone too: they multiply every size by {@link #scale}.
 */
final class Network {
  /** Pairs of constants are computed once: they decide between equals only. */
  static final double CONSTANT_COST = 1e-6;

  /** Product of the lengths of the labels that everything has. */
  final double scale;

  /** Lengths of the labels that are left. */
  final double[] lengths;

  /** How many operands, and the output, have each label. */
  final int[] users;

  /** The operands. */
  final Node[] leaves;

  /** Labels of the output, sorted. */
  final int[] output;

  Network(Labels labels) {
    this(labels, new boolean[labels.operands.length]);
  }

  Network(Labels labels, boolean[] constant) {
    int n = labels.operands.length;
    BitSet[] holders = new BitSet[labels.ids.length];
    for (int l = 0; l < holders.length; l++) {
      holders[l] = new BitSet(n + 1);
    }
    for (int i = 0; i < n; i++) {
      int operand = i;
      labels.operands[i].stream().forEach(l -> holders[l].set(operand));
    }
    labels.output.stream().forEach(l -> holders[l].set(n));
    Map<BitSet, Integer> classes = new HashMap<>();
    double[] product = new double[holders.length];
    int[] count = new int[holders.length];
    double common = 1;
    int[][] sets = new int[n + 1][8];
    int[] ranks = new int[n + 1];
    for (int l = 0; l < holders.length; l++) {
      int users = holders[l].cardinality();
      if (users == n + 1) {
        common *= labels.lengths[l];
      } else if (users > 1) {
        Integer known = classes.putIfAbsent(holders[l], classes.size());
        if (known != null) {
          product[known] *= labels.lengths[l];
          continue;
        }
        int own = classes.size() - 1;
        product[own] = labels.lengths[l];
        count[own] = users;
        for (int i = holders[l].nextSetBit(0); i >= 0; i = holders[l].nextSetBit(i + 1)) {
          if (ranks[i] == sets[i].length) {
            sets[i] = Arrays.copyOf(sets[i], 2 * ranks[i]);
          }
          sets[i][ranks[i]++] = own;
        }
      }
    }
    scale = common;
    lengths = Arrays.copyOf(product, classes.size());
    users = Arrays.copyOf(count, classes.size());
    leaves = new Node[n];
    for (int i = 0; i < n; i++) {
      int[] set = Arrays.copyOf(sets[i], ranks[i]);
      leaves[i] = new Node(i, set, size(set), constant[i]);
    }
    output = Arrays.copyOf(sets[n], ranks[n]);
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
  static final class Node {
    /** Number of the operand, or -1. */
    final int leaf;

    /** Labels, sorted. */
    final int[] set;

    /** Elements. */
    final double size;

    /** Whether constant operands alone decide it. */
    final boolean constant;

    final Node left;
    final Node right;

    /** Cost of the pair alone. */
    final double own;

    /** Cost of the pair and of all below it. */
    final double cost;

    Node(int leaf, int[] set, double size, boolean constant) {
      this.constant = constant;
      this.leaf = leaf;
      this.set = set;
      this.size = size;
      this.left = null;
      this.right = null;
      this.own = 0;
      this.cost = 0;
    }

    Node(Node left, Node right, int[] set, double size, double own) {
      this.leaf = -1;
      this.set = set;
      this.size = size;
      this.left = left;
      this.right = right;
      this.own = own;
      this.cost = own + left.cost + right.cost;
      this.constant = left.constant && right.constant;
    }

    boolean isLeaf() {
      return leaf >= 0;
    }
  }

  /** The pair of two tensors, whose result has these labels. */
  Node pair(Node a, Node b, int[] result, PathCost cost) {
    double size = size(result);
    double own = cost.pair(size(union(a.set, b.set)), a.size, b.size, size);
    return new Node(a, b, result, size, a.constant && b.constant ? CONSTANT_COST * own : own);
  }

  /** The tree of a path, costed. */
  Node tree(int[][] path, PathCost cost) {
    int n = leaves.length;
    Node[] slots = Arrays.copyOf(leaves, 2 * n - 1);
    int[] live = users.clone();
    for (int i = 0; i < path.length; i++) {
      Node a = slots[path[i][0]];
      Node b = slots[path[i][1]];
      slots[n + i] = pair(a, b, contract(a, b, live), cost);
    }
    return slots[2 * n - 2];
  }

  /** Labels of the product of two live tensors; the numbers of users are brought up to date. */
  static int[] contract(Node a, Node b, int[] live) {
    int[] union = union(a.set, b.set);
    for (int l : a.set) {
      live[l]--;
    }
    for (int l : b.set) {
      live[l]--;
    }
    int count = 0;
    for (int l : union) {
      if (live[l] > 0) {
        live[l]++;
        union[count++] = l;
      }
    }
    return Arrays.copyOf(union, count);
  }

  /**
   * The pairs of a tree in an order that keeps little alive: of two branches the one that needs
   * more beyond its result goes first.
   */
  int[][] path(Node root) {
    int[][] path = new int[leaves.length - 1][];
    if (path.length > 0) {
      new Order(path).emit(root);
    }
    return path;
  }

  private final class Order {
    private final int[][] path;
    private final Map<Node, Double> peaks = new HashMap<>();
    private int count;

    Order(int[][] path) {
      this.path = path;
    }

    /** Most elements of intermediates alive while a branch is computed, its result included. */
    private double peak(Node node) {
      if (node.isLeaf()) {
        return 0;
      }
      Double known = peaks.get(node);
      if (known == null) {
        double l = peak(node.left);
        double r = peak(node.right);
        double heldLeft = node.left.isLeaf() ? 0 : node.left.size;
        double heldRight = node.right.isLeaf() ? 0 : node.right.size;
        double inner = Math.min(Math.max(l, heldLeft + r), Math.max(r, heldRight + l));
        known = Math.max(inner, heldLeft + heldRight + node.size);
        peaks.put(node, known);
      }
      return known;
    }

    private int emit(Node node) {
      if (node.isLeaf()) {
        return node.leaf;
      }
      boolean leftFirst =
          peak(node.left) - (node.left.isLeaf() ? 0 : node.left.size)
              >= peak(node.right) - (node.right.isLeaf() ? 0 : node.right.size);
      int a = emit(leftFirst ? node.left : node.right);
      int b = emit(leftFirst ? node.right : node.left);
      path[count++] = new int[] {Math.min(a, b), Math.max(a, b)};
      return leaves.length + count - 1;
    }
  }
}
