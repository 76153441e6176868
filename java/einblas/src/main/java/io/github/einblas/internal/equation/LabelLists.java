// Equations: lists of labels, as operations are made of.
package io.github.einblas.internal.equation;

import java.util.Arrays;

/** Lists of labels. */
public final class LabelLists {
  private LabelLists() {}

  /** Labels from one on. */
  public static int[] range(int from, int count) {
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      labels[i] = from + i;
    }
    return labels;
  }

  /** The first list, then the second. */
  public static int[] join(int[] first, int[] second) {
    int[] all = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }

  /** The labels at the places that are not marked. */
  public static int[] without(int[] labels, boolean[] marked) {
    int[] rest = new int[labels.length];
    int n = 0;
    for (int i = 0; i < labels.length; i++) {
      if (!marked[i]) {
        rest[n++] = labels[i];
      }
    }
    return Arrays.copyOf(rest, n);
  }
}
