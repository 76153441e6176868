// Some labels taken together: one number for a block along all of them.
package io.github.einblas.spark.internal.plan;

import io.github.einblas.spark.BlockIndex;
import java.io.Serializable;

/**
 * Labels in an order, with the chunks of each; a block's place along them is one number, the last
 * label fastest.
 *
 * @param labels the labels
 * @param pieces number of chunks of each
 */
public record LabelGroup(int[] labels, int[] pieces) implements Serializable {
  private static final long serialVersionUID = 1;

  static LabelGroup of(Labelling labelling, int[] labels) {
    int[] pieces = new int[labels.length];
    for (int i = 0; i < labels.length; i++) {
      pieces[i] = labelling.pieces(labels[i]);
    }
    return new LabelGroup(labels, pieces);
  }

  /** Number of blocks along all labels. */
  public long blocks() {
    long blocks = 1;
    for (int p : pieces) {
      blocks = Math.multiplyExact(blocks, p);
    }
    return blocks;
  }

  /** The place of a block whose axes have these labels. */
  public long number(BlockIndex block, int[] axes) {
    long number = 0;
    for (int i = 0; i < labels.length; i++) {
      number = number * pieces[i] + block.get(axis(axes, labels[i]));
    }
    return number;
  }

  /** Writes the chunk numbers of a place to the axes that have its labels. */
  public void place(long number, int[] axes, int[] at) {
    long rest = number;
    for (int i = labels.length - 1; i >= 0; i--) {
      int chunk = (int) (rest % pieces[i]);
      rest /= pieces[i];
      for (int d = 0; d < axes.length; d++) {
        if (axes[d] == labels[i]) {
          at[d] = chunk;
        }
      }
    }
  }

  /** The first axis with a label. */
  static int axis(int[] axes, int label) {
    for (int d = 0; d < axes.length; d++) {
      if (axes[d] == label) {
        return d;
      }
    }
    throw new IllegalStateException("no axis with label " + label);
  }
}
