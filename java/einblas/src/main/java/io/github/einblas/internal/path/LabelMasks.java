// Planner, second stage: label sets of a small group of tensors as bit masks, with fast products of
// lengths.
package io.github.einblas.internal.path;

import java.util.Arrays;

/**
 * Labels of up to 62 tensors, numbered by which of the tensors have them: labels with the same
 * holders and the same fate count as one. Sets of labels are words of 64 bits, as many as needed.
 */
final class LabelMasks {
  /** Number of words of a set. */
  final int words;

  /** Holders of each label, a bit per tensor. */
  final long[] holders;

  /** Whether each label stays when all tensors have been contracted. */
  final boolean[] stays;

  /** Labels of each tensor, {@link #words} words each. */
  final long[] sets;

  /** Few pairs do not pay for tables of 256 products: up to so many tensors they have 16. */
  private static final int SMALL = 5;

  /** Products of the lengths of each piece of a mask, one table after the other. */
  private final double[] products;

  /** Bits of a piece. */
  private final int bits;

  private final double scale;

  LabelMasks(Network network, Network.Node[] tensors, int[] keep) {
    this.scale = network.scale;
    int entries = 0;
    for (Network.Node t : tensors) {
      entries += t.set.length;
    }
    long[] mask = new long[entries];
    boolean[] kept = new boolean[entries];
    double[] length = new double[entries];
    int[] next = new int[tensors.length];
    int count = 0;
    int k = 0;
    for (int label = first(tensors, next); label >= 0; label = first(tensors, next)) {
      long own = 0;
      for (int t = 0; t < tensors.length; t++) {
        int[] set = tensors[t].set;
        if (next[t] < set.length && set[next[t]] == label) {
          own |= 1L << t;
          next[t]++;
        }
      }
      while (k < keep.length && keep[k] < label) {
        k++;
      }
      boolean stay = k < keep.length && keep[k] == label;
      int at = 0;
      while (at < count && (mask[at] != own || kept[at] != stay)) {
        at++;
      }
      if (at == count) {
        mask[count] = own;
        kept[count] = stay;
        length[count++] = 1;
      }
      length[at] *= network.lengths[label];
    }
    holders = Arrays.copyOf(mask, count);
    stays = Arrays.copyOf(kept, count);
    words = Math.max(1, (count + 63) / 64);
    sets = new long[tensors.length * words];
    for (int l = 0; l < count; l++) {
      for (long rest = holders[l]; rest != 0; rest &= rest - 1) {
        sets[Long.numberOfTrailingZeros(rest) * words + l / 64] |= 1L << l;
      }
    }
    bits = tensors.length <= SMALL ? 4 : 8;
    products = products(length, count, bits);
  }

  /** The smallest of the labels that come next, or -1. */
  private static int first(Network.Node[] tensors, int[] next) {
    int first = Integer.MAX_VALUE;
    for (int t = 0; t < tensors.length; t++) {
      int[] set = tensors[t].set;
      if (next[t] < set.length && set[next[t]] < first) {
        first = set[next[t]];
      }
    }
    return first == Integer.MAX_VALUE ? -1 : first;
  }

  private static double[] products(double[] length, int count, int bits) {
    double[] products = new double[((count + bits - 1) / bits) << bits];
    for (int from = 0; from < count; from += bits) {
      int base = (from / bits) << bits;
      int size = 1 << Math.min(bits, count - from);
      products[base] = 1;
      for (int m = 1; m < size; m++) {
        products[base + m] =
            products[base + (m & (m - 1))] * length[from + Integer.numberOfTrailingZeros(m)];
      }
    }
    return products;
  }

  /** Elements of a tensor with the labels of word w; words multiply, the first has the scale. */
  double size(long mask, int w) {
    double size = w == 0 ? scale : 1;
    int base = (w * 64 / bits) << bits;
    int low = (1 << bits) - 1;
    for (long rest = mask; rest != 0; rest >>>= bits) {
      size *= products[base + (int) (rest & low)];
      base += low + 1;
    }
    return size;
  }

  /** Elements of a tensor with the labels of both sets. */
  double unionSize(long[] a, int i, long[] b, int j) {
    double size = size(a[i] | b[j], 0);
    for (int w = 1; w < words; w++) {
      size *= size(a[i + w] | b[j + w], w);
    }
    return size;
  }

  /** Elements of a tensor with the labels of a set. */
  double size(long[] a, int i) {
    double size = size(a[i], 0);
    for (int w = 1; w < words; w++) {
      size *= size(a[i + w], w);
    }
    return size;
  }

  /**
   * Takes out of a set the labels that only tensors of the group have and nobody needs.
   *
   * @param some labels of which some may be such; all others of the set stay, {@link #words} words
   * @param from where they begin
   */
  void drop(long[] set, int at, long group, long[] some, int from) {
    for (int w = 0; w < words; w++) {
      for (long rest = some[from + w]; rest != 0; rest &= rest - 1) {
        int l = 64 * w + Long.numberOfTrailingZeros(rest);
        if (!stays[l] && (holders[l] & ~group) == 0) {
          set[at + w] &= ~(1L << l);
        }
      }
    }
  }
}
