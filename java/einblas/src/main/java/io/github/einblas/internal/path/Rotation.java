// Planner, second stage: the smallest change of a contraction tree.
package io.github.einblas.internal.path;

import io.github.einblas.internal.path.Network.Node;

/** The three orders of three branches: (x y) z, (x z) y and (y z) x. */
public final class Rotation {
  private Rotation() {}

  /** Nanoseconds of looking at one, measured: 50 for matrices. */
  static double nanos(Node top, Node inner, Node z) {
    return 20
        + 5.0 * (top.set.length + inner.left.set.length + inner.right.set.length + z.set.length);
  }

  /**
   * The cheapest of three orders.
   *
   * @param top the pair of inner and z
   * @param inner the pair of x and y
   * @return top itself where nothing is cheaper; else its left branch is the new inner pair
   */
  static Node best(Network network, PathCost model, Node top, Node inner, Node z) {
    double xz = cost(network, model, top, inner.left, z, inner.right);
    double yz = cost(network, model, top, inner.right, z, inner.left);
    double now = top.own + inner.own;
    if (!(Math.min(xz, yz) < now)) {
      return top;
    }
    Node turned =
        xz <= yz
            ? turned(network, model, top, inner.left, z, inner.right)
            : turned(network, model, top, inner.right, z, inner.left);
    // Products in another order are rounded otherwise: what does not gain would be turned for ever.
    return turned.own + turned.left.own < now ? turned : top;
  }

  /** What (a b) c costs, without what its branches cost. */
  private static double cost(Network network, PathCost model, Node top, Node a, Node b, Node c) {
    int[] p = a.set;
    int[] q = b.set;
    double[] lengths = network.lengths;
    double all = network.scale;
    double size = network.scale;
    double rest = 1;
    int i = 0;
    int j = 0;
    int k = 0;
    int t = 0;
    while (i < p.length || j < q.length) {
      int x = i < p.length ? p[i] : Integer.MAX_VALUE;
      int y = j < q.length ? q[j] : Integer.MAX_VALUE;
      int l = Math.min(x, y);
      i += x <= y ? 1 : 0;
      j += y <= x ? 1 : 0;
      while (k < c.set.length && c.set[k] < l) {
        rest *= lengths[c.set[k++]];
      }
      while (t < top.set.length && top.set[t] < l) {
        t++;
      }
      boolean inC = k < c.set.length && c.set[k] == l;
      double length = lengths[l];
      all *= length;
      if (inC || (t < top.set.length && top.set[t] == l)) {
        size *= length;
      }
      k += inC ? 1 : 0;
    }
    while (k < c.set.length) {
      rest *= lengths[c.set[k++]];
    }
    double first = model.pair(all, a.size, b.size, size);
    double second = model.pair(size * rest, size, c.size, top.size);
    return (a.constant && b.constant ? Network.CONSTANT_COST * first : first)
        + (top.constant ? Network.CONSTANT_COST * second : second);
  }

  public static Node turned(Network network, PathCost model, Node top, Node a, Node b, Node c) {
    int[] union = Network.union(a.set, b.set);
    int kept = 0;
    for (int l : union) {
      if (holds(c.set, l) || holds(top.set, l)) {
        union[kept++] = l;
      }
    }
    Node inner = network.pair(a, b, java.util.Arrays.copyOf(union, kept), model);
    return network.pair(inner, c, top.set, model);
  }

  private static boolean holds(int[] set, int label) {
    return java.util.Arrays.binarySearch(set, label) >= 0;
  }
}
