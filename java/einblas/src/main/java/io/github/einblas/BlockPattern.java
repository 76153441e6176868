// Public API: which weight blocks a block-sparse product uses, checked once.
package io.github.einblas;

import io.github.einblas.internal.sparse.BlockIndex;
import io.github.einblas.internal.sparse.BlockTerms;
import java.util.Objects;

/**
 * Two index matrices of a block-sparse product: term (b, i, j) uses the weight block
 * (inputIndex[b][i], outputIndex[b][j]). Immutable, and usable by many threads at once; the indices
 * are copied and checked when it is made.
 *
 * <pre>{@code
 * BlockPattern p = BlockPattern.of(new int[][] {{0, 2}}, new int[][] {{1}}, 3, 4);
 * BlockSparse.gemvInto(o, 1, 0, w, h, p);                                // for many calls
 * BlockSparse.gemvInto(o, 1, 0, w, h, BlockPattern.of(in, out, 3, 4));   // or for one
 * }</pre>
 *
 * <p>The terms are ordered by weight block, in 12 bytes of native memory for each (batch *
 * inputWindow * outputWindow of them) and direction. The first call orders them for itself and
 * frees them at its end, the second keeps them for all later calls; they are freed when nothing
 * refers to the pattern any more.
 */
public final class BlockPattern {
  private static final String INPUT = "inputIndex";
  private static final String OUTPUT = "outputIndex";

  private final BlockTerms terms;

  private BlockPattern(BlockTerms terms) {
    this.terms = terms;
  }

  /**
   * From arrays.
   *
   * @param inputIndex (batch, inputWindow), from 0 to inputBlocks - 1
   * @param outputIndex (batch, outputWindow), from 0 to outputBlocks - 1
   * @param inputBlocks number of blocks of the input
   * @param outputBlocks number of blocks of the output
   * @return the pattern
   * @throws IllegalArgumentException if rows have several lengths or the batches differ
   * @throws IndexOutOfBoundsException naming the index that is out of range
   */
  public static BlockPattern of(
      int[][] inputIndex, int[][] outputIndex, long inputBlocks, long outputBlocks) {
    return of(
        BlockIndex.of(INPUT, inputIndex),
        BlockIndex.of(OUTPUT, outputIndex),
        inputBlocks,
        outputBlocks);
  }

  /**
   * As {@link #of(int[][], int[][], long, long)}.
   *
   * @param inputIndex (batch, inputWindow), from 0 to inputBlocks - 1
   * @param outputIndex (batch, outputWindow), from 0 to outputBlocks - 1
   * @param inputBlocks number of blocks of the input
   * @param outputBlocks number of blocks of the output
   * @return the pattern
   */
  public static BlockPattern of(
      long[][] inputIndex, long[][] outputIndex, long inputBlocks, long outputBlocks) {
    return of(
        BlockIndex.of(INPUT, inputIndex),
        BlockIndex.of(OUTPUT, outputIndex),
        inputBlocks,
        outputBlocks);
  }

  /**
   * As {@link #of(int[][], int[][], long, long)}, from tensors of I32 or I64; of rank 1 they are
   * one example.
   *
   * @param inputIndex (batch, inputWindow), from 0 to inputBlocks - 1
   * @param outputIndex (batch, outputWindow), from 0 to outputBlocks - 1
   * @param inputBlocks number of blocks of the input
   * @param outputBlocks number of blocks of the output
   * @return the pattern
   */
  public static BlockPattern of(
      Tensor inputIndex, Tensor outputIndex, long inputBlocks, long outputBlocks) {
    return of(
        BlockIndex.of(INPUT, Objects.requireNonNull(inputIndex, INPUT).strided()),
        BlockIndex.of(OUTPUT, Objects.requireNonNull(outputIndex, OUTPUT).strided()),
        inputBlocks,
        outputBlocks);
  }

  private static BlockPattern of(
      BlockIndex input, BlockIndex output, long inputBlocks, long outputBlocks) {
    return new BlockPattern(BlockTerms.of(input, output, inputBlocks, outputBlocks));
  }

  /**
   * {@return this pattern with batch invariance or without: each example of {@code gemv}, {@code
   * dot} and the gradient of h gets the same bits whatever other examples are in the batch, alone
   * too, from any strides and with any number of threads, on one instruction set} Gradients of
   * weights and {@code outer} add up over the batch: they have no examples.
   *
   * <pre>{@code
   * BlockPattern same = BlockPattern.of(in, out, 3, 4).withBatchInvariance(true);
   * }</pre>
   *
   * <p>It costs time where few examples share a weight block that is in cache; docs/decisions/006
   * says how much.
   *
   * @param invariant whether an element has the same bits whatever is computed beside it
   */
  public BlockPattern withBatchInvariance(boolean invariant) {
    return new BlockPattern(terms.withBatchInvariance(invariant));
  }

  /**
   * {@return whether examples have the same bits whatever is beside them: {@link
   * #withBatchInvariance}}
   */
  public boolean batchInvariance() {
    return terms.batchInvariance();
  }

  BlockTerms terms() {
    return terms;
  }

  @Override
  public String toString() {
    return "BlockPattern(batch="
        + terms.batch()
        + ", windows="
        + terms.inputWindow()
        + " and "
        + terms.outputWindow()
        + ", blocks="
        + terms.inputBlocks()
        + " x "
        + terms.outputBlocks()
        + (batchInvariance() ? ", batchInvariance)" : ")");
  }
}
