// Public API: which weight blocks a block-sparse product uses, checked and bucketed once.
package io.github.einblas;

import io.github.einblas.internal.natives.NativeSparse;
import io.github.einblas.internal.natives.Reclaim;

/**
 * Two index matrices of a block-sparse product: term (b, i, j) uses the weight block
 * (inputIndex[b][i], outputIndex[b][j]). Immutable, and usable by many threads at once; the indices
 * are copied when it is made. Its native part is freed when nothing refers to it any more.
 *
 * <p>The terms are ordered by weight block when a direction is first used: 12 bytes per term (batch
 * * inputWindow * outputWindow of them).
 */
public final class BlockPattern {
  final long batch;
  final long inputWindow;
  final long outputWindow;
  final long inputBlocks;
  final long outputBlocks;
  private final BlockIndex output;
  private final long handle;
  private volatile BlockPattern ofBias;

  private BlockPattern(
      BlockIndex input, long inputBlocks, BlockIndex output, long outputBlocks, boolean kept) {
    if (input.batch() != output.batch()) {
      throw new IllegalArgumentException(
          input.name()
              + " has a batch of "
              + input.batch()
              + " and "
              + output.name()
              + " one of "
              + output.batch());
    }
    this.batch = input.batch();
    this.inputWindow = input.window();
    this.outputWindow = output.window();
    this.inputBlocks = inputBlocks;
    this.outputBlocks = outputBlocks;
    this.output = output;
    this.handle =
        NativeSparse.createPattern(
            batch,
            inputWindow,
            outputWindow,
            inputBlocks,
            outputBlocks,
            input.within(inputBlocks).values(),
            output.within(outputBlocks).values());
    if (kept) {
      long address = handle;
      Reclaim.register(this, () -> NativeSparse.destroyPattern(address));
    }
  }

  /** A pattern for many calls. */
  static BlockPattern of(BlockIndex input, BlockIndex output, long inputBlocks, long outputBlocks) {
    return new BlockPattern(input, inputBlocks, output, outputBlocks, true);
  }

  /** A pattern for one call, which frees it. */
  static BlockPattern once(
      BlockIndex input, BlockIndex output, long inputBlocks, long outputBlocks) {
    return new BlockPattern(input, inputBlocks, output, outputBlocks, false);
  }

  /** Frees a pattern made by {@link #once}. */
  void free() {
    NativeSparse.destroyPattern(handle);
  }

  long handle() {
    return handle;
  }

  /** Bytes that its terms take in native memory, in one direction. */
  long bytes() {
    return Math.multiplyExact(batch * inputWindow, outputWindow) * 12;
  }

  /** The pattern that adds row (b, j) to row outputIndex[b][j]: for the gradient of a bias. */
  BlockPattern ofBias() {
    BlockPattern made = ofBias;
    if (made == null) {
      BlockIndex zeros = new BlockIndex("zeros", new long[(int) batch], (int) batch, 1);
      made = of(zeros, output, 1, outputBlocks);
      ofBias = made;
    }
    return made;
  }

  @Override
  public String toString() {
    return "BlockPattern(batch="
        + batch
        + ", windows="
        + inputWindow
        + " and "
        + outputWindow
        + ", blocks="
        + inputBlocks
        + " x "
        + outputBlocks
        + ")";
  }
}
