// Public API: Theano's block-sparse products and their gradients.
package io.github.einblas;

import io.github.einblas.internal.Native;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Products with a matrix of weight blocks of which each example uses a few: Theano's {@code
 * SparseBlockGemv}, {@code SparseBlockOuter} and {@code sparse_block_dot} (its documentation is the
 * source of the formulae). W has shape (inputBlocks, outputBlocks, inputSize, outputSize), h
 * (batch, inputWindow, inputSize), o (batch, outputWindow, outputSize); every operand may have any
 * strides.
 *
 * <p>Blocks that a pattern repeats accumulate; an empty batch or window adds nothing. The result
 * has the same bits for any number of threads. Every method checks all it is given before it
 * writes: {@link IllegalArgumentException} for shapes, types or an output that shares elements with
 * an operand, {@link IndexOutOfBoundsException} for an index, {@link IllegalStateException} for a
 * closed tensor.
 */
public final class BlockSparse {
  private static final int[] SWAPPED = {1, 0, 3, 2};

  private BlockSparse() {}

  /**
   * Checks and buckets index matrices once, for use with many operands.
   *
   * @param inputIndex (batch, inputWindow), from 0 to inputBlocks - 1
   * @param outputIndex (batch, outputWindow), from 0 to outputBlocks - 1
   * @throws IndexOutOfBoundsException naming the index that is out of range
   */
  public static BlockPattern pattern(
      long[][] inputIndex, long[][] outputIndex, long inputBlocks, long outputBlocks) {
    return BlockPattern.of(inputIndex, outputIndex, inputBlocks, outputBlocks);
  }

  /** As {@link #pattern(long[][], long[][], long, long)}. */
  public static BlockPattern pattern(
      int[][] inputIndex, int[][] outputIndex, long inputBlocks, long outputBlocks) {
    return BlockPattern.of(
        BlockPattern.widened("inputIndex", inputIndex),
        BlockPattern.widened("outputIndex", outputIndex),
        inputBlocks,
        outputBlocks);
  }

  // ---- gemv

  /**
   * {@code o[b,j,:] + sum_i h[b,i,:] . W[inputIndex[b,i], outputIndex[b,j], :, :]}, a new tensor.
   */
  public static Tensor gemv(Tensor o, Tensor w, Tensor h, BlockPattern pattern) {
    Objects.requireNonNull(o, "o");
    Tensor result = o.copy();
    try {
      gemvInto(result, 1, 1, w, h, pattern);
      return result;
    } catch (RuntimeException | Error e) {
      result.close();
      throw e;
    }
  }

  /** As {@link #gemv(Tensor, Tensor, Tensor, BlockPattern)}, into {@code o}. */
  public static void gemvInPlace(Tensor o, Tensor w, Tensor h, BlockPattern pattern) {
    gemvInto(o, 1, 1, w, h, pattern);
  }

  /**
   * {@code out[b,j,:] = alpha * sum_i h[b,i,:] . W[inputIndex[b,i], outputIndex[b,j], :, :] + beta
   * * out[b,j,:]}; beta = 0 does not read {@code out}.
   */
  public static void gemvInto(
      Tensor out, double alpha, double beta, Tensor w, Tensor h, BlockPattern pattern) {
    run("block gemv", out, alpha, beta, w, h, null, pattern, false);
  }

  /**
   * {@code bias[outputIndex[b,j],:] + sum_i h[b,i,:] . W[inputIndex[b,i], outputIndex[b,j], :, :]},
   * a new tensor (batch, outputWindow, outputSize). An h of rank 2 is a batch of one, as in Theano.
   *
   * @param bias (outputBlocks, outputSize)
   */
  public static Tensor dot(Tensor w, Tensor h, Tensor bias, BlockPattern pattern) {
    requireRank("block dot", "w", w, 4);
    Objects.requireNonNull(pattern, "pattern");
    Tensor result = Tensor.empty(w.dtype(), pattern.batch, pattern.outputWindow, w.length(3));
    try {
      dotInto(result, w, h, bias, pattern);
      return result;
    } catch (RuntimeException | Error e) {
      result.close();
      throw e;
    }
  }

  /** As {@link #dot}, into {@code out}. */
  public static void dotInto(Tensor out, Tensor w, Tensor h, Tensor bias, BlockPattern pattern) {
    Objects.requireNonNull(bias, "bias");
    run("block dot", out, 1, 0, w, batched(h), bias, pattern, false);
  }

  private static Tensor batched(Tensor h) {
    return Objects.requireNonNull(h, "h").rank() == 2 ? h.unsqueeze(0) : h;
  }

  // ---- outer

  /**
   * {@code o} with {@code alpha * outer(x[b,i,:], y[b,j,:])} added to its block (inputIndex[b,i],
   * outputIndex[b,j]), a new tensor.
   *
   * @param o (inputBlocks, outputBlocks, xSize, ySize)
   * @param x (batch, inputWindow, xSize)
   * @param y (batch, outputWindow, ySize)
   */
  public static Tensor outer(Tensor o, Tensor x, Tensor y, BlockPattern pattern, double alpha) {
    Objects.requireNonNull(o, "o");
    Tensor result = o.copy();
    try {
      outerInPlace(result, x, y, pattern, alpha);
      return result;
    } catch (RuntimeException | Error e) {
      result.close();
      throw e;
    }
  }

  /**
   * As {@link #outer}, into {@code o}. With x the input of a layer, y the gradient of its output
   * and alpha = -rate this is a step of training, {@code W += -rate * d_W}, in one pass.
   */
  public static void outerInPlace(
      Tensor o, Tensor x, Tensor y, BlockPattern pattern, double alpha) {
    String name = "block outer";
    Objects.requireNonNull(pattern, "pattern");
    requireRank(name, "o", o, 4);
    requireShape(name, "o", o, pattern.inputBlocks, pattern.outputBlocks, o.length(2), o.length(3));
    requireShape(name, "x", x, pattern.batch, window(pattern, x, pattern.inputWindow), o.length(2));
    requireShape(
        name, "y", y, pattern.batch, window(pattern, y, pattern.outputWindow), o.length(3));
    requireOutput(name, o, x, y);
    InUse use = new InUse(name, o, x, y);
    try {
      requireApart(name, o, x, y);
      if (alpha == 0) {
        return; // nothing is added, and no operand is read
      }
      Native.blockOuter(
          pattern.handle(),
          o.dtype().ordinal(),
          new long[] {o.length(2), o.length(3)},
          new long[] {x.address(), y.address(), o.address()},
          joined(x, y, o),
          alpha);
    } finally {
      use.end();
      Reference.reachabilityFence(pattern);
    }
  }

  // ---- gradients

  /**
   * Gradients of {@link #gemv(Tensor, Tensor, Tensor, BlockPattern)}; each is a new tensor.
   *
   * @param o gradient of o: a copy of the upstream gradient
   * @param w gradient of W
   * @param h gradient of h
   */
  public record GemvGradient(Tensor o, Tensor w, Tensor h) implements AutoCloseable {
    @Override
    public void close() {
      closeAll(o, w, h);
    }
  }

  /**
   * Gradients of {@link #dot}; each is a new tensor.
   *
   * @param w gradient of W
   * @param h gradient of h, of the rank of h
   * @param bias gradient of the bias
   */
  public record DotGradient(Tensor w, Tensor h, Tensor bias) implements AutoCloseable {
    @Override
    public void close() {
      closeAll(w, h, bias);
    }
  }

  /**
   * Gradients of {@link #outer}; each tensor is new.
   *
   * @param o gradient of o: a copy of the upstream gradient
   * @param x gradient of x
   * @param y gradient of y
   * @param alpha gradient of alpha
   */
  public record OuterGradient(Tensor o, Tensor x, Tensor y, double alpha) implements AutoCloseable {
    @Override
    public void close() {
      closeAll(o, x, y);
    }
  }

  /**
   * Gradients of gemv for the upstream gradient {@code g} of its result: {@code d_W} is the block
   * outer product of h and g, {@code d_h} the block gemv of g with W's axes (1, 0, 3, 2).
   */
  public static GemvGradient gemvGradient(Tensor w, Tensor h, Tensor g, BlockPattern pattern) {
    Made made = new Made();
    try {
      Tensor dw = made.add(weightGradient("block gemv gradient", w, h, g, pattern));
      Tensor dh = made.add(inputGradient("block gemv gradient", w, h, g, pattern));
      return new GemvGradient(made.add(g.copy()), dw, dh);
    } catch (RuntimeException | Error e) {
      made.close();
      throw e;
    }
  }

  /** Gradients of dot for the upstream gradient {@code g} of its result. */
  public static DotGradient dotGradient(Tensor w, Tensor h, Tensor g, BlockPattern pattern) {
    String name = "block dot gradient";
    Tensor input = batched(h);
    Made made = new Made();
    try {
      Tensor dw = made.add(weightGradient(name, w, input, g, pattern));
      Tensor dh = made.add(inputGradient(name, w, input, g, pattern));
      // Rows of g added up by output block: an outer product with ones.
      Tensor bias = made.add(Tensor.zeros(g.dtype(), 1, pattern.outputBlocks, 1, g.length(2)));
      try (Tensor one = Tensor.ones(g.dtype(), 1, 1, 1);
          Tensor ones = one.broadcastTo(pattern.batch, 1, 1)) {
        outerInPlace(bias, ones, g, pattern.ofBias(), 1);
      }
      return new DotGradient(
          dw,
          h.rank() == 2 ? dh.reshapeInPlace(h.shape()) : dh,
          bias.reshapeInPlace(new long[] {pattern.outputBlocks, g.length(2)}));
    } catch (RuntimeException | Error e) {
      made.close();
      throw e;
    }
  }

  /**
   * Gradients of outer for the upstream gradient {@code g} of its result, of o's shape: {@code d_x
   * = alpha * sum_j g[block] . y}, {@code d_y = alpha * sum_i x . g[block]}, {@code d_alpha = sum
   * of x . g . y}.
   */
  public static OuterGradient outerGradient(
      Tensor x, Tensor y, Tensor g, BlockPattern pattern, double alpha) {
    String name = "block outer gradient";
    requireRank(name, "g", g, 4);
    requireRank(name, "x", x, 3);
    requireRank(name, "y", y, 3);
    Made made = new Made();
    try {
      Tensor dx = made.add(Tensor.empty(x.dtype(), x.shape()));
      run(name, dx, alpha, 0, g, y, null, pattern, true);
      Tensor dy = made.add(Tensor.empty(y.dtype(), y.shape()));
      run(name, dy, 1, 0, g, x, null, pattern, false);
      double dalpha;
      try (Tensor product = Einsum.einsum("bjs,bjs->", dy, y)) {
        dalpha = product.item();
      }
      Tensor scaled = made.add(Tensor.empty(y.dtype(), y.shape()));
      Einsum.plan("bjs->bjs", dy).runInto(scaled, alpha, 0, dy);
      dy.close();
      return new OuterGradient(made.add(g.copy()), dx, scaled, dalpha);
    } catch (RuntimeException | Error e) {
      made.close();
      throw e;
    }
  }

  private static Tensor weightGradient(
      String name, Tensor w, Tensor h, Tensor g, BlockPattern pattern) {
    requireRank(name, "w", w, 4);
    requireRank(name, "h", h, 3);
    requireRank(name, "g", g, 3);
    Tensor dw = Tensor.zeros(w.dtype(), w.shape());
    try {
      outerInPlace(dw, h, g, pattern, 1);
      return dw;
    } catch (RuntimeException | Error e) {
      dw.close();
      throw e;
    }
  }

  private static Tensor inputGradient(
      String name, Tensor w, Tensor h, Tensor g, BlockPattern pattern) {
    Tensor dh = Tensor.empty(h.dtype(), h.shape());
    try {
      run(name, dh, 1, 0, w, g, null, pattern, true);
      return dh;
    } catch (RuntimeException | Error e) {
      dh.close();
      throw e;
    }
  }

  // ---- the native call, and its checks

  /**
   * out = beta * out + bias + alpha * sum; backwards: from the output window to the input window,
   * with W's axes (1, 0, 3, 2) where they lie.
   */
  private static void run(
      String name,
      Tensor out,
      double alpha,
      double beta,
      Tensor w,
      Tensor h,
      Tensor bias,
      BlockPattern pattern,
      boolean backwards) {
    Objects.requireNonNull(out, "out");
    Objects.requireNonNull(pattern, "pattern");
    requireRank(name, "w", w, 4);
    long source = w.length(backwards ? 3 : 2);
    long target = w.length(backwards ? 2 : 3);
    requireShape(name, "w", w, pattern.inputBlocks, pattern.outputBlocks, w.length(2), w.length(3));
    long from = backwards ? pattern.outputWindow : pattern.inputWindow;
    long to = backwards ? pattern.inputWindow : pattern.outputWindow;
    requireShape(name, backwards ? "g" : "h", h, pattern.batch, window(pattern, h, from), source);
    requireShape(name, "out", out, pattern.batch, window(pattern, out, to), target);
    Tensor[] operands = bias == null ? new Tensor[] {w, h} : new Tensor[] {w, h, bias};
    if (bias != null) {
      requireShape(name, "bias", bias, pattern.outputBlocks, target);
    }
    requireOutput(name, out, operands);
    InUse use = new InUse(name, out, operands);
    try (Tensor view = backwards ? w.permute(SWAPPED) : w.permute(0, 1, 2, 3)) {
      requireApart(name, out, operands);
      if (alpha == 0 && bias == null) {
        scale(out, beta);
        return;
      }
      long[] strides = Arrays.copyOf(joined(h, view, out), 12);
      if (bias != null) {
        System.arraycopy(bias.stridesRef(), 0, strides, 10, 2);
      }
      Native.blockGemv(
          pattern.handle(),
          out.dtype().ordinal(),
          backwards,
          new long[] {source, target},
          new long[] {
            h.address(), view.address(), out.address(), bias == null ? 0 : bias.address()
          },
          strides,
          alpha,
          beta);
    } finally {
      use.end();
      Reference.reachabilityFence(pattern);
    }
  }

  /** out = beta * out, without reading an operand. */
  private static void scale(Tensor out, double beta) {
    try (Tensor zero = Tensor.zeros(out.dtype(), 1, 1, 1);
        Tensor zeros = zero.broadcastTo(out.shape())) {
      Einsum.plan("bjs->bjs", zeros).runInto(out, 1, beta, zeros);
    }
  }

  /** The window that a tensor must have: with no example at all, whichever it has. */
  private static long window(BlockPattern pattern, Tensor t, long window) {
    return pattern.batch == 0 && t != null && t.rank() == 3 ? t.length(1) : window;
  }

  private static long[] joined(Tensor... tensors) {
    return Arrays.stream(tensors).flatMapToLong(t -> Arrays.stream(t.stridesRef())).toArray();
  }

  private static void requireRank(String name, String which, Tensor t, int rank) {
    Objects.requireNonNull(t, which);
    if (t.rank() != rank) {
      throw new IllegalArgumentException(
          name + ": " + which + " must have rank " + rank + ", got " + t.describe());
    }
  }

  private static void requireShape(String name, String which, Tensor t, long... shape) {
    Objects.requireNonNull(t, which);
    if (!Arrays.equals(t.shapeRef(), shape)) {
      throw new IllegalArgumentException(
          name
              + ": "
              + which
              + " must have shape "
              + Arrays.toString(shape)
              + ", got "
              + t.describe());
    }
  }

  private static void requireOutput(String name, Tensor out, Tensor... operands) {
    for (Tensor t : operands) {
      if (t.dtype() != out.dtype()) {
        throw new IllegalArgumentException(
            name + ": all tensors must be of one type, got " + out.dtype() + " and " + t.dtype());
      }
    }
    out.requireWritable(name);
  }

  private static void requireApart(String name, Tensor out, Tensor... operands) {
    for (Tensor t : operands) {
      if (out.sharesElements(t)) {
        throw new IllegalArgumentException(
            name + ": the output shares elements with the operand " + t.describe());
      }
    }
  }

  private static void closeAll(Tensor... tensors) {
    Arrays.stream(tensors).forEach(Tensor::close);
  }

  /** Tensors that a running call uses: a close meanwhile waits. */
  private static final class InUse {
    private final Tensor[] tensors;
    private int acquired;

    InUse(String name, Tensor out, Tensor... operands) {
      tensors = Arrays.copyOf(operands, operands.length + 1);
      tensors[operands.length] = out;
      try {
        for (; acquired < tensors.length; acquired++) {
          tensors[acquired].acquire();
        }
      } catch (IllegalStateException e) {
        end();
        throw new IllegalStateException(name + ": a tensor is closed", e);
      }
    }

    void end() {
      for (int i = 0; i < acquired; i++) {
        tensors[i].release();
      }
    }
  }

  /** Results made so far, closed when a later one fails. */
  private static final class Made {
    private final List<Tensor> tensors = new ArrayList<>();

    Tensor add(Tensor t) {
      tensors.add(t);
      return t;
    }

    void close() {
      tensors.forEach(Tensor::close);
    }
  }
}
