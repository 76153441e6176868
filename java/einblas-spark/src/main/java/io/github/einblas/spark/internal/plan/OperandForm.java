// One operand of a step: what its axes are, and where each block goes.
package io.github.einblas.spark.internal.plan;

import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.Chunks;
import java.io.Serializable;
import java.util.Arrays;

/**
 * Labels of an operand by what a step does with them. Blocks are brought into a plain form first:
 * diagonals taken, axes of one element that stand for more dropped, labels that nobody else has
 * summed.
 *
 * @param axes label of each axis, as the tensor has them
 * @param plain labels of the plain form, each once
 * @param chunks of the tensor
 * @param batch labels of both operands that the result has
 * @param sum labels of both operands that it has not
 * @param free labels of this operand that it has
 * @param alone labels of this operand that nobody else has
 */
public record OperandForm(
    int[] axes,
    int[] plain,
    Chunks chunks,
    LabelGroup batch,
    LabelGroup sum,
    LabelGroup free,
    LabelGroup alone)
    implements Serializable {
  private static final long serialVersionUID = 1;

  /** Whether a block is needed at all: of a repeated label only the diagonal is. */
  public boolean isNeeded(BlockIndex block) {
    for (int d = 0; d < axes.length; d++) {
      for (int e = d + 1; e < axes.length; e++) {
        if (axes[d] != Labelling.BROADCAST && axes[d] == axes[e] && block.get(d) != block.get(e)) {
          return false;
        }
      }
    }
    return true;
  }

  /** The block at a place along each group. */
  public BlockIndex block(long atBatch, long atSum, long atFree, long atAlone) {
    int[] at = new int[axes.length];
    batch.place(atBatch, axes, at);
    sum.place(atSum, axes, at);
    free.place(atFree, axes, at);
    alone.place(atAlone, axes, at);
    return BlockIndex.of(at);
  }

  /** Whether blocks are in plain form as they are. */
  public boolean isPlain() {
    return Arrays.equals(axes, plain);
  }

  /** The form of blocks that came in plain form. */
  OperandForm prepared() {
    return new OperandForm(plain, plain, chunks, batch, sum, free, alone);
  }

  /** The equation that brings a block into plain form. */
  public String preparation() {
    return Labelling.letters(axes) + "->" + Labelling.letters(plain);
  }

  /** The shape in which a block enters {@link #preparation}: without repeated axes' ones. */
  public long[] squeezed(long[] shape) {
    long[] kept = new long[shape.length];
    int n = 0;
    for (int d = 0; d < shape.length; d++) {
      if (axes[d] != Labelling.BROADCAST) {
        kept[n++] = shape[d];
      }
    }
    return Arrays.copyOf(kept, n);
  }

  /** Number of blocks that are needed. */
  public double blocks() {
    return (double) batch.blocks() * sum.blocks() * free.blocks() * alone.blocks();
  }

  /** Elements of the largest block in plain form. */
  public double plainElements() {
    double elements = 1;
    for (int label : plain) {
      elements *= chunks.chunk(LabelGroup.axis(axes, label));
    }
    return elements;
  }

  /** The length of a label. */
  double length(int label) {
    return chunks.length(LabelGroup.axis(axes, label));
  }
}
