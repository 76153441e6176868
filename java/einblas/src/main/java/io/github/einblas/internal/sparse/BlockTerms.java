// Block-sparse: which weight blocks a product uses, checked, and their native form.
package io.github.einblas.internal.sparse;

import io.github.einblas.internal.natives.Handle;
import io.github.einblas.internal.natives.NativeSparse;
import java.lang.ref.Reference;

/**
 * Terms (b, i, j) of a block-sparse product: each uses the weight block (input[b][i],
 * output[b][j]). The first call makes the native form for itself and frees it, so that a pattern
 * for one call leaves nothing behind; the second call makes the one that is kept. Immutable but for
 * that.
 */
public final class BlockTerms {
  /** Bytes of a term in native memory, in one direction. */
  private static final int TERM_BYTES = 12;

  private final BlockIndex input;
  private final BlockIndex output;
  private final long inputBlocks;
  private final long outputBlocks;
  private final boolean batchInvariance;

  /** Whether a call has had its own native form; guarded by this. */
  private boolean used;

  private volatile Handle kept;
  private volatile BlockTerms ofBias;

  private BlockTerms(
      BlockIndex input,
      BlockIndex output,
      long inputBlocks,
      long outputBlocks,
      boolean batchInvariance) {
    this.input = input;
    this.output = output;
    this.inputBlocks = inputBlocks;
    this.outputBlocks = outputBlocks;
    this.batchInvariance = batchInvariance;
  }

  /**
   * Checks two index matrices.
   *
   * @throws IndexOutOfBoundsException naming an index that is no block
   */
  public static BlockTerms of(
      BlockIndex input, BlockIndex output, long inputBlocks, long outputBlocks) {
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
    return new BlockTerms(
        input.within(inputBlocks), output.within(outputBlocks), inputBlocks, outputBlocks, false);
  }

  /** The same terms, whose examples have the same bits whatever examples are beside them or not. */
  public BlockTerms withBatchInvariance(boolean invariant) {
    return new BlockTerms(input, output, inputBlocks, outputBlocks, invariant);
  }

  /** Whether an example has the same bits whatever examples are beside it. */
  public boolean batchInvariance() {
    return batchInvariance;
  }

  /** Number of examples. */
  public long batch() {
    return input.batch();
  }

  /** Blocks of the input that each example uses. */
  public long inputWindow() {
    return input.window();
  }

  /** Blocks of the output that each example uses. */
  public long outputWindow() {
    return output.window();
  }

  /** Blocks that there are on the input's side. */
  public long inputBlocks() {
    return inputBlocks;
  }

  /** Blocks that there are on the output's side. */
  public long outputBlocks() {
    return outputBlocks;
  }

  /** Bytes that the terms take in native memory, in one direction. */
  long bytes() {
    return Math.multiplyExact(batch() * inputWindow(), outputWindow()) * TERM_BYTES;
  }

  /** The terms that add row (b, j) to row output[b][j]: for the gradient of a bias. */
  public BlockTerms ofBias() {
    BlockTerms made = ofBias;
    if (made == null) {
      BlockIndex zeros = new BlockIndex("zeros", new long[input.batch()], input.batch(), 1);
      made = of(zeros, output, 1, outputBlocks);
      ofBias = made;
    }
    return made;
  }

  // ---- the native form

  private long create() {
    return NativeSparse.createPattern(
        batch(),
        inputWindow(),
        outputWindow(),
        inputBlocks,
        outputBlocks,
        input.values(),
        output.values(),
        batchInvariance);
  }

  /** The native form that is kept; null for the first call, which makes one of its own. */
  private Handle kept() {
    Handle known = kept;
    if (known != null) {
      return known;
    }
    synchronized (this) {
      if (used && kept == null) {
        kept = new Handle(NativeSparse::destroyPattern, create());
      }
      used = true;
      return kept;
    }
  }

  /** For the products of one call. */
  public Lent lend() {
    return new Lent(this);
  }

  /** The native form while a call runs, made when a product first needs it. */
  public static final class Lent implements AutoCloseable {
    private final BlockTerms terms;
    private Handle kept;
    private long own;

    private Lent(BlockTerms terms) {
      this.terms = terms;
    }

    /** Whose it is. */
    public BlockTerms terms() {
      return terms;
    }

    long handle() {
      if (own != 0) {
        return own;
      }
      if (kept == null) {
        kept = terms.kept();
        if (kept == null) {
          own = terms.create();
          return own;
        }
      }
      return kept.value();
    }

    @Override
    public void close() {
      try {
        if (own != 0) {
          NativeSparse.destroyPattern(own);
          own = 0;
        }
      } finally {
        Reference.reachabilityFence(kept);
      }
    }
  }
}
