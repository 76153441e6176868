// Planner, second stage: label sets of a small group of tensors as bit masks, with fast products of
// lengths.
package io.github.einblas.internal;

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

  /** Products of the lengths of each byte of a mask. */
  private final double[][] products;

  private final double scale;

  LabelMasks(Network network, Network.Node[] tensors, int[] keep) {
    this.scale = network.scale;
    int entries = 0;
    for (Network.Node t : tensors) {
      entries += t.set.length;
    }
    // Label and tensor in one number: sorting brings the holders of a label together.
    long[] pairs = new long[entries];
    int n = 0;
    for (int t = 0; t < tensors.length; t++) {
      for (int l : tensors[t].set) {
        pairs[n++] = (long) l << 8 | t;
      }
    }
    Arrays.sort(pairs);
    long[] mask = new long[entries];
    boolean[] kept = new boolean[entries];
    double[] length = new double[entries];
    int count = 0;
    for (int i = 0; i < entries; ) {
      int label = (int) (pairs[i] >> 8);
      long own = 0;
      for (; i < entries && pairs[i] >> 8 == label; i++) {
        own |= 1L << (pairs[i] & 0xff);
      }
      boolean stay = Arrays.binarySearch(keep, label) >= 0;
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
    products = products(length, count);
  }

  private static double[][] products(double[] length, int count) {
    double[][] products = new double[(count + 7) / 8][];
    for (int chunk = 0; chunk < products.length; chunk++) {
      int bits = Math.min(8, count - 8 * chunk);
      double[] table = new double[1 << bits];
      table[0] = 1;
      for (int m = 1; m < table.length; m++) {
        int low = Integer.numberOfTrailingZeros(m);
        table[m] = table[m & (m - 1)] * length[8 * chunk + low];
      }
      products[chunk] = table;
    }
    return products;
  }

  /** Elements of a tensor with the labels of word w; words multiply, the first has the scale. */
  double size(long mask, int w) {
    double size = w == 0 ? scale : 1;
    int chunk = 8 * w;
    for (long rest = mask; rest != 0; rest >>>= 8) {
      size *= products[chunk++][(int) (rest & 0xff)];
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

  /** Takes out of a set the labels that only tensors of the group have and nobody needs. */
  void drop(long[] set, int at, long group) {
    for (int w = 0; w < words; w++) {
      for (long rest = set[at + w]; rest != 0; rest &= rest - 1) {
        int l = 64 * w + Long.numberOfTrailingZeros(rest);
        if (!stays[l] && (holders[l] & ~group) == 0) {
          set[at + w] &= ~(1L << l);
        }
      }
    }
  }
}
