// Public API: which weight blocks a block-sparse product uses, checked and bucketed once.
package io.github.einblas;

import io.github.einblas.internal.Native;
import java.lang.ref.Cleaner;
import java.util.Arrays;
import java.util.Objects;

/**
 * Two index matrices of a block-sparse product: term (b, i, j) uses the weight block
 * (inputIndex[b][i], outputIndex[b][j]). Immutable, and usable by many threads at once; the indices
 * are copied when it is made. Its native part is freed when nothing refers to it any more.
 */
public final class BlockPattern {
  private static final Cleaner CLEANER = Cleaner.create();

  final long batch;
  final long inputWindow;
  final long outputWindow;
  final long inputBlocks;
  final long outputBlocks;
  private final long[] outputIndex;
  private final long handle;

  private BlockPattern(
      long batch,
      long[] input,
      long inputBlocks,
      long[] output,
      long outputBlocks,
      long[] windows) {
    this.batch = batch;
    this.inputWindow = windows[0];
    this.outputWindow = windows[1];
    this.inputBlocks = inputBlocks;
    this.outputBlocks = outputBlocks;
    this.outputIndex = output;
    this.handle =
        Native.createPattern(
            batch, inputWindow, outputWindow, inputBlocks, outputBlocks, input, output);
    long address = handle;
    CLEANER.register(this, () -> Native.destroyPattern(address));
  }

  static BlockPattern of(long[][] input, long[][] output, long inputBlocks, long outputBlocks) {
    Objects.requireNonNull(input, "inputIndex");
    Objects.requireNonNull(output, "outputIndex");
    if (input.length != output.length) {
      throw new IllegalArgumentException(
          "inputIndex has a batch of " + input.length + " and outputIndex one of " + output.length);
    }
    long[] in = flat("inputIndex", input, inputBlocks);
    long[] out = flat("outputIndex", output, outputBlocks);
    int batch = input.length;
    // Of the copies: the caller's arrays may have changed since.
    long[] windows = {batch == 0 ? 0 : in.length / batch, batch == 0 ? 0 : out.length / batch};
    return new BlockPattern(batch, in, inputBlocks, out, outputBlocks, windows);
  }

  /** The indices in C order, each checked. */
  private static long[] flat(String name, long[][] index, long blocks) {
    if (blocks < 0 || blocks > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          name + ": blocks must be from 0 to 2^31 - 1, got " + blocks);
    }
    int window = index.length == 0 ? 0 : Objects.requireNonNull(index[0], name + "[0]").length;
    if ((long) window * index.length > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          name + ": more than 2^31 - 1 indices: " + index.length + " times " + window);
    }
    long[] flat = new long[window * index.length];
    for (int b = 0; b < index.length; b++) {
      long[] row = Objects.requireNonNull(index[b], name + "[" + b + "]");
      if (row.length != window) {
        throw new IllegalArgumentException(
            name + "[" + b + "] has " + row.length + " indices, " + name + "[0] has " + window);
      }
      // Copied before it is checked: what another thread writes meanwhile is not seen.
      System.arraycopy(row, 0, flat, b * window, window);
    }
    for (int i = 0; i < flat.length; i++) {
      if (flat[i] < 0 || flat[i] >= blocks) {
        throw new IndexOutOfBoundsException(
            name
                + "["
                + i / window
                + "]["
                + i % window
                + "] is "
                + flat[i]
                + ", but there are "
                + blocks
                + " blocks: 0 to "
                + (blocks - 1));
      }
    }
    return flat;
  }

  static long[][] widened(String name, int[][] index) {
    Objects.requireNonNull(index, name);
    long[][] wide = new long[index.length][];
    for (int b = 0; b < index.length; b++) {
      wide[b] =
          Arrays.stream(Objects.requireNonNull(index[b], name + "[" + b + "]"))
              .asLongStream()
              .toArray();
    }
    return wide;
  }

  long handle() {
    return handle;
  }

  /** The pattern that adds row (b, j) to row outputIndex[b][j]: for the gradient of a bias. */
  BlockPattern ofBias() {
    return new BlockPattern(
        batch,
        new long[Math.toIntExact(batch)],
        1,
        outputIndex,
        outputBlocks,
        new long[] {1, outputWindow});
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
