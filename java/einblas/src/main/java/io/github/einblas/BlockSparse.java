// Public API: Theano's block-sparse products and their gradients.
package io.github.einblas;

import io.github.einblas.BlockProduct.Names;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

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
 * closed tensor, {@link NativeMemoryException} where the pattern's terms do not fit the memory.
 *
 * <p>Index matrices are given in each call (arrays, or tensors of I32 or I64, (batch, window); rank
 * 1 is one example), or once as a {@link BlockPattern}, which checks and orders them for all calls
 * that use it. Both give the same bits.
 */
public final class BlockSparse {
  private static final Names GEMV = new Names("block gemv", "o", "w", "h");
  private static final Names DOT = new Names("block dot", "out", "w", "h");
  private static final Names OUTER = new Names("block outer", "o", "x", "y");

  private static final String OUTER_GRADIENT = "block outer gradient";
  private static final String INPUT = "inputIndex";
  private static final String OUTPUT = "outputIndex";

  private BlockSparse() {}

  // ---- patterns

  /**
   * Checks index matrices once, for use with many operands.
   *
   * @param inputIndex (batch, inputWindow), from 0 to inputBlocks - 1
   * @param outputIndex (batch, outputWindow), from 0 to outputBlocks - 1
   * @throws IndexOutOfBoundsException naming the index that is out of range
   */
  public static BlockPattern pattern(
      long[][] inputIndex, long[][] outputIndex, long inputBlocks, long outputBlocks) {
    return BlockPattern.of(
        BlockIndex.of(INPUT, inputIndex),
        BlockIndex.of(OUTPUT, outputIndex),
        inputBlocks,
        outputBlocks);
  }

  /** As {@link #pattern(long[][], long[][], long, long)}. */
  public static BlockPattern pattern(
      int[][] inputIndex, int[][] outputIndex, long inputBlocks, long outputBlocks) {
    return BlockPattern.of(
        BlockIndex.of(INPUT, inputIndex),
        BlockIndex.of(OUTPUT, outputIndex),
        inputBlocks,
        outputBlocks);
  }

  /** As {@link #pattern(long[][], long[][], long, long)}, from tensors of I32 or I64. */
  public static BlockPattern pattern(
      Tensor inputIndex, Tensor outputIndex, long inputBlocks, long outputBlocks) {
    return BlockPattern.of(
        BlockIndex.of(INPUT, inputIndex),
        BlockIndex.of(OUTPUT, outputIndex),
        inputBlocks,
        outputBlocks);
  }

  /**
   * A call by the pattern of its own indices (all of one kind that {@link BlockIndex} takes): its
   * blocks are those of the weights' first axes.
   */
  private static <R> R get(
      Names names, String which, Tensor weights, Object in, Object out, Use<R> use) {
    BlockProduct.requireRank(names, which, weights, 4);
    boolean layer = which.equals("w");
    BlockPattern pattern =
        BlockPattern.once(
            BlockIndex.ofAny(layer ? INPUT : "xIndex", in),
            BlockIndex.ofAny(layer ? OUTPUT : "yIndex", out),
            weights.length(0),
            weights.length(1));
    try {
      return use.with(pattern);
    } finally {
      pattern.free();
    }
  }

  private static void run(
      Names names,
      String which,
      Tensor weights,
      Object in,
      Object out,
      Consumer<BlockPattern> use) {
    Use<Void> body =
        p -> {
          use.accept(p);
          return null;
        };
    get(names, which, weights, in, out, body);
  }

  /** A body that uses a pattern for one call. */
  private interface Use<R> {
    R with(BlockPattern pattern);
  }

  // ---- gemv

  /**
   * {@code o[b,j,:] + sum_i h[b,i,:] . W[inputIndex[b,i], outputIndex[b,j], :, :]}, a new tensor.
   */
  public static Tensor gemv(Tensor o, Tensor w, Tensor h, BlockPattern pattern) {
    return added(o, result -> gemvInPlace(result, w, h, pattern));
  }

  /** As {@link #gemv(Tensor, Tensor, Tensor, BlockPattern)}, the indices from arrays. */
  public static Tensor gemv(Tensor o, Tensor w, Tensor h, int[][] inputIndex, int[][] outputIndex) {
    return get(GEMV, "w", w, inputIndex, outputIndex, p -> gemv(o, w, h, p));
  }

  /** As {@link #gemv(Tensor, Tensor, Tensor, BlockPattern)}, the indices from arrays. */
  public static Tensor gemv(
      Tensor o, Tensor w, Tensor h, long[][] inputIndex, long[][] outputIndex) {
    return get(GEMV, "w", w, inputIndex, outputIndex, p -> gemv(o, w, h, p));
  }

  /**
   * As {@link #gemv(Tensor, Tensor, Tensor, BlockPattern)}, the indices from tensors of I32 or I64.
   */
  public static Tensor gemv(Tensor o, Tensor w, Tensor h, Tensor inputIndex, Tensor outputIndex) {
    return get(GEMV, "w", w, inputIndex, outputIndex, p -> gemv(o, w, h, p));
  }

  /** As {@link #gemv(Tensor, Tensor, Tensor, BlockPattern)}, into {@code o}. */
  public static void gemvInPlace(Tensor o, Tensor w, Tensor h, BlockPattern pattern) {
    gemvInto(o, 1, 1, w, h, pattern);
  }

  /**
   * As {@link #gemv(Tensor, Tensor, Tensor, BlockPattern)}, into {@code o}, the indices from
   * arrays.
   */
  public static void gemvInPlace(
      Tensor o, Tensor w, Tensor h, int[][] inputIndex, int[][] outputIndex) {
    run(GEMV, "w", w, inputIndex, outputIndex, p -> gemvInPlace(o, w, h, p));
  }

  /**
   * As {@link #gemv(Tensor, Tensor, Tensor, BlockPattern)}, into {@code o}, the indices from
   * arrays.
   */
  public static void gemvInPlace(
      Tensor o, Tensor w, Tensor h, long[][] inputIndex, long[][] outputIndex) {
    run(GEMV, "w", w, inputIndex, outputIndex, p -> gemvInPlace(o, w, h, p));
  }

  /**
   * As {@link #gemv(Tensor, Tensor, Tensor, BlockPattern)}, into {@code o}, the indices from
   * tensors of I32 or I64.
   */
  public static void gemvInPlace(
      Tensor o, Tensor w, Tensor h, Tensor inputIndex, Tensor outputIndex) {
    run(GEMV, "w", w, inputIndex, outputIndex, p -> gemvInPlace(o, w, h, p));
  }

  /**
   * {@code out[b,j,:] = alpha * sum_i h[b,i,:] . W[inputIndex[b,i], outputIndex[b,j], :, :] + beta
   * * out[b,j,:]}; beta = 0 does not read {@code out}, alpha = 0 reads no operand.
   */
  public static void gemvInto(
      Tensor out, double alpha, double beta, Tensor w, Tensor h, BlockPattern pattern) {
    Objects.requireNonNull(out, "out");
    BlockProduct.gemv(GEMV, out, alpha, beta, w, h, null, pattern, false);
  }

  /**
   * As {@link #gemvInto(Tensor, double, double, Tensor, Tensor, BlockPattern)}, the indices from
   * arrays.
   */
  public static void gemvInto(
      Tensor out,
      double alpha,
      double beta,
      Tensor w,
      Tensor h,
      int[][] inputIndex,
      int[][] outputIndex) {
    run(GEMV, "w", w, inputIndex, outputIndex, p -> gemvInto(out, alpha, beta, w, h, p));
  }

  /**
   * As {@link #gemvInto(Tensor, double, double, Tensor, Tensor, BlockPattern)}, the indices from
   * arrays.
   */
  public static void gemvInto(
      Tensor out,
      double alpha,
      double beta,
      Tensor w,
      Tensor h,
      long[][] inputIndex,
      long[][] outputIndex) {
    run(GEMV, "w", w, inputIndex, outputIndex, p -> gemvInto(out, alpha, beta, w, h, p));
  }

  /**
   * As {@link #gemvInto(Tensor, double, double, Tensor, Tensor, BlockPattern)}, the indices from
   * tensors of I32 or I64.
   */
  public static void gemvInto(
      Tensor out,
      double alpha,
      double beta,
      Tensor w,
      Tensor h,
      Tensor inputIndex,
      Tensor outputIndex) {
    run(GEMV, "w", w, inputIndex, outputIndex, p -> gemvInto(out, alpha, beta, w, h, p));
  }

  // ---- dot

  /**
   * {@code bias[outputIndex[b,j],:] + sum_i h[b,i,:] . W[inputIndex[b,i], outputIndex[b,j], :, :]},
   * a new tensor (batch, outputWindow, outputSize). An h of rank 2 is a batch of one, as in Theano.
   *
   * @param bias (outputBlocks, outputSize)
   */
  public static Tensor dot(Tensor w, Tensor h, Tensor bias, BlockPattern pattern) {
    BlockProduct.requireRank(DOT, "w", w, 4);
    Objects.requireNonNull(pattern, "pattern");
    DType type = requireFloating(DOT, w);
    return filled(
        Tensor.empty(type, pattern.batch, pattern.outputWindow, w.length(3)),
        result -> dotInto(result, w, h, bias, pattern));
  }

  /** As {@link #dot(Tensor, Tensor, Tensor, BlockPattern)}, the indices from arrays. */
  public static Tensor dot(
      Tensor w, Tensor h, Tensor bias, int[][] inputIndex, int[][] outputIndex) {
    return get(DOT, "w", w, inputIndex, outputIndex, p -> dot(w, h, bias, p));
  }

  /** As {@link #dot(Tensor, Tensor, Tensor, BlockPattern)}, the indices from arrays. */
  public static Tensor dot(
      Tensor w, Tensor h, Tensor bias, long[][] inputIndex, long[][] outputIndex) {
    return get(DOT, "w", w, inputIndex, outputIndex, p -> dot(w, h, bias, p));
  }

  /**
   * As {@link #dot(Tensor, Tensor, Tensor, BlockPattern)}, the indices from tensors of I32 or I64.
   */
  public static Tensor dot(Tensor w, Tensor h, Tensor bias, Tensor inputIndex, Tensor outputIndex) {
    return get(DOT, "w", w, inputIndex, outputIndex, p -> dot(w, h, bias, p));
  }

  /** As {@link #dot(Tensor, Tensor, Tensor, BlockPattern)}, into {@code out}. */
  public static void dotInto(Tensor out, Tensor w, Tensor h, Tensor bias, BlockPattern pattern) {
    Objects.requireNonNull(out, "out");
    Objects.requireNonNull(bias, "bias");
    BlockProduct.gemv(DOT, out, 1, 0, w, batched(h), bias, pattern, false);
  }

  /**
   * As {@link #dot(Tensor, Tensor, Tensor, BlockPattern)}, into {@code out}, the indices from
   * arrays.
   */
  public static void dotInto(
      Tensor out, Tensor w, Tensor h, Tensor bias, int[][] inputIndex, int[][] outputIndex) {
    run(DOT, "w", w, inputIndex, outputIndex, p -> dotInto(out, w, h, bias, p));
  }

  /**
   * As {@link #dot(Tensor, Tensor, Tensor, BlockPattern)}, into {@code out}, the indices from
   * arrays.
   */
  public static void dotInto(
      Tensor out, Tensor w, Tensor h, Tensor bias, long[][] inputIndex, long[][] outputIndex) {
    run(DOT, "w", w, inputIndex, outputIndex, p -> dotInto(out, w, h, bias, p));
  }

  /**
   * As {@link #dot(Tensor, Tensor, Tensor, BlockPattern)}, into {@code out}, the indices from
   * tensors of I32 or I64.
   */
  public static void dotInto(
      Tensor out, Tensor w, Tensor h, Tensor bias, Tensor inputIndex, Tensor outputIndex) {
    run(DOT, "w", w, inputIndex, outputIndex, p -> dotInto(out, w, h, bias, p));
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
    return added(o, result -> outerInPlace(result, x, y, pattern, alpha));
  }

  /** As {@link #outer(Tensor, Tensor, Tensor, BlockPattern, double)}, the indices from arrays. */
  public static Tensor outer(
      Tensor o, Tensor x, Tensor y, int[][] xIndex, int[][] yIndex, double alpha) {
    return get(OUTER, "o", o, xIndex, yIndex, p -> outer(o, x, y, p, alpha));
  }

  /** As {@link #outer(Tensor, Tensor, Tensor, BlockPattern, double)}, the indices from arrays. */
  public static Tensor outer(
      Tensor o, Tensor x, Tensor y, long[][] xIndex, long[][] yIndex, double alpha) {
    return get(OUTER, "o", o, xIndex, yIndex, p -> outer(o, x, y, p, alpha));
  }

  /**
   * As {@link #outer(Tensor, Tensor, Tensor, BlockPattern, double)}, the indices from tensors of
   * I32 or I64.
   */
  public static Tensor outer(
      Tensor o, Tensor x, Tensor y, Tensor xIndex, Tensor yIndex, double alpha) {
    return get(OUTER, "o", o, xIndex, yIndex, p -> outer(o, x, y, p, alpha));
  }

  /**
   * As {@link #outer(Tensor, Tensor, Tensor, BlockPattern, double)}, into {@code o}. With x the
   * input of a layer, y the gradient of its output and alpha = -rate this is a step of training,
   * {@code W += -rate * d_W}, in one pass. alpha = 0 reads no operand.
   */
  public static void outerInPlace(
      Tensor o, Tensor x, Tensor y, BlockPattern pattern, double alpha) {
    Objects.requireNonNull(o, "o");
    BlockProduct.outer(OUTER, o, x, y, pattern, alpha);
  }

  /**
   * As {@link #outer(Tensor, Tensor, Tensor, BlockPattern, double)}, into {@code o}, the indices
   * from arrays.
   */
  public static void outerInPlace(
      Tensor o, Tensor x, Tensor y, int[][] xIndex, int[][] yIndex, double alpha) {
    run(OUTER, "o", o, xIndex, yIndex, p -> outerInPlace(o, x, y, p, alpha));
  }

  /**
   * As {@link #outer(Tensor, Tensor, Tensor, BlockPattern, double)}, into {@code o}, the indices
   * from arrays.
   */
  public static void outerInPlace(
      Tensor o, Tensor x, Tensor y, long[][] xIndex, long[][] yIndex, double alpha) {
    run(OUTER, "o", o, xIndex, yIndex, p -> outerInPlace(o, x, y, p, alpha));
  }

  /**
   * As {@link #outer(Tensor, Tensor, Tensor, BlockPattern, double)}, into {@code o}, the indices
   * from tensors of I32 or I64.
   */
  public static void outerInPlace(
      Tensor o, Tensor x, Tensor y, Tensor xIndex, Tensor yIndex, double alpha) {
    run(OUTER, "o", o, xIndex, yIndex, p -> outerInPlace(o, x, y, p, alpha));
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
   * Gradients of {@link #dot(Tensor, Tensor, Tensor, BlockPattern)}; each is a new tensor.
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
   * Gradients of {@link #outer(Tensor, Tensor, Tensor, BlockPattern, double)}; each tensor is new.
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
   * outer product of h and g ({@link #outerInPlace(Tensor, Tensor, Tensor, BlockPattern, double)}
   * adds it to W without making it), {@code d_h} the block gemv of g with W's axes (1, 0, 3, 2).
   */
  public static GemvGradient gemvGradient(Tensor w, Tensor h, Tensor g, BlockPattern pattern) {
    String name = "block gemv gradient";
    Made made = new Made();
    try {
      Tensor dw = made.add(weightGradient(name, w, h, g, pattern));
      Tensor dh = made.add(inputGradient(name, w, h, g, pattern));
      return new GemvGradient(made.add(g.copy()), dw, dh);
    } catch (RuntimeException | Error e) {
      made.close();
      throw e;
    }
  }

  /**
   * As {@link #gemvGradient(Tensor, Tensor, Tensor, BlockPattern)}, the indices from tensors of I32
   * or I64.
   */
  public static GemvGradient gemvGradient(
      Tensor w, Tensor h, Tensor g, Tensor inputIndex, Tensor outputIndex) {
    return get(
        new Names("block gemv gradient", "", "", ""),
        "w",
        w,
        inputIndex,
        outputIndex,
        p -> gemvGradient(w, h, g, p));
  }

  /** Gradients of dot for the upstream gradient {@code g} of its result. */
  public static DotGradient dotGradient(Tensor w, Tensor h, Tensor g, BlockPattern pattern) {
    String name = "block dot gradient";
    Tensor input = batched(h);
    Made made = new Made();
    try {
      Tensor dw = made.add(weightGradient(name, w, input, g, pattern));
      Tensor dh = made.add(inputGradient(name, w, input, g, pattern));
      Tensor bias = made.add(Tensor.zeros(g.dtype(), pattern.outputBlocks, g.length(2)));
      addBiasGradient(name, bias, 1, g, pattern);
      return new DotGradient(dw, h.rank() == 2 ? dh.reshapeInPlace(h.shape()) : dh, bias);
    } catch (RuntimeException | Error e) {
      made.close();
      throw e;
    }
  }

  /**
   * Adds {@code scale} times the gradients of dot to W and bias, in one pass and without making
   * them: with scale = -rate, a step of training.
   *
   * @param w (inputBlocks, outputBlocks, inputSize, outputSize), changed
   * @param bias (outputBlocks, outputSize), changed
   * @param h what dot was given, (batch, inputWindow, inputSize) or of rank 2
   * @param g upstream gradient, (batch, outputWindow, outputSize)
   */
  public static void addDotGradient(
      Tensor w, Tensor bias, double scale, Tensor h, Tensor g, BlockPattern pattern) {
    Names names = new Names("block dot gradient", "w", "h", "g");
    Names biasNames = new Names(names.operation(), "bias", "w", "h");
    Tensor input = batched(h);
    BlockProduct.checkOuter(names, w, input, g, pattern);
    BlockProduct.requireRank(names, "bias", bias, 2);
    BlockProduct.requireApart(names, w, new Tensor[] {input, g});
    BlockProduct.requireApart(biasNames, bias, new Tensor[] {w, input});
    if (w.isClosed() || input.isClosed()) {
      throw new IllegalStateException(
          names.operation() + ": " + (w.isClosed() ? "w" : "h") + " is closed");
    }
    // The bias first: what it is refused for is found before it is written, and W was checked
    // above.
    addBiasGradient(names.operation(), bias, scale, g, pattern);
    BlockProduct.outer(names, w, input, g, pattern, scale);
  }

  /** Rows of g added to their output block's row of bias: an outer product with ones. */
  private static void addBiasGradient(
      String name, Tensor bias, double scale, Tensor g, BlockPattern pattern) {
    Names names = new Names(name, "bias", "ones", "g");
    if (bias.length(0) != pattern.outputBlocks || bias.length(1) != g.length(2)) {
      throw new IllegalArgumentException(
          name
              + ": bias must have shape ["
              + pattern.outputBlocks
              + ", "
              + g.length(2)
              + "], got "
              + bias.describe());
    }
    try (Tensor one = Tensor.ones(requireFloating(names, g), 1, 1, 1);
        Tensor ones = one.broadcastTo(pattern.batch, 1, 1);
        Tensor row = bias.unsqueeze(0);
        Tensor blocks = row.unsqueeze(2)) {
      BlockProduct.outer(names, blocks, ones, g, pattern.ofBias(), scale);
    }
  }

  /**
   * As {@link #dotGradient(Tensor, Tensor, Tensor, BlockPattern)}, the indices from tensors of I32
   * or I64.
   */
  public static DotGradient dotGradient(
      Tensor w, Tensor h, Tensor g, Tensor inputIndex, Tensor outputIndex) {
    return get(
        new Names("block dot gradient", "", "", ""),
        "w",
        w,
        inputIndex,
        outputIndex,
        p -> dotGradient(w, h, g, p));
  }

  /**
   * Gradients of outer for the upstream gradient {@code g} of its result, of o's shape: {@code d_x
   * = alpha * sum_j g[block] . y}, {@code d_y = alpha * sum_i x . g[block]}, {@code d_alpha = sum
   * of x . g . y}.
   */
  public static OuterGradient outerGradient(
      Tensor x, Tensor y, Tensor g, BlockPattern pattern, double alpha) {
    Names dxNames = new Names(OUTER_GRADIENT, "the gradient of x", "g", "y");
    Names dyNames = new Names(OUTER_GRADIENT, "the gradient of y", "g", "x");
    BlockProduct.requireRank(dxNames, "g", g, 4);
    BlockProduct.requireRank(dxNames, "x", x, 3);
    BlockProduct.requireRank(dxNames, "y", y, 3);
    requireFloating(dxNames, g);
    Made made = new Made();
    try {
      Tensor dx = made.add(Tensor.empty(x.dtype(), x.shape()));
      BlockProduct.gemv(dxNames, dx, alpha, 0, g, y, null, pattern, true);
      Tensor dy = made.add(Tensor.empty(y.dtype(), y.shape()));
      BlockProduct.gemv(dyNames, dy, 1, 0, g, x, null, pattern, false);
      double dalpha;
      try (Tensor product = Einsum.einsum("bjs,bjs->", dy, y)) {
        dalpha = product.item();
      }
      BlockProduct.gemv(dyNames, dy, alpha, 0, g, x, null, pattern, false);
      return new OuterGradient(made.add(g.copy()), dx, dy, dalpha);
    } catch (RuntimeException | Error e) {
      made.close();
      throw e;
    }
  }

  /**
   * As {@link #outerGradient(Tensor, Tensor, Tensor, BlockPattern, double)}, the indices from
   * tensors of I32 or I64.
   */
  public static OuterGradient outerGradient(
      Tensor x, Tensor y, Tensor g, Tensor xIndex, Tensor yIndex, double alpha) {
    return get(
        new Names(OUTER_GRADIENT, "", "", ""),
        "g",
        g,
        xIndex,
        yIndex,
        p -> outerGradient(x, y, g, p, alpha));
  }

  private static Tensor weightGradient(
      String name, Tensor w, Tensor h, Tensor g, BlockPattern pattern) {
    Names names = new Names(name, "w", "h", "g");
    BlockProduct.requireRank(names, "w", w, 4);
    BlockProduct.requireRank(names, "h", h, 3);
    BlockProduct.requireRank(names, "g", g, 3);
    return filled(
        Tensor.zeros(requireFloating(names, w), w.shape()),
        dw -> BlockProduct.outer(names, dw, h, g, pattern, 1));
  }

  private static Tensor inputGradient(
      String name, Tensor w, Tensor h, Tensor g, BlockPattern pattern) {
    Names names = new Names(name, "h", "w", "g");
    return filled(
        Tensor.empty(h.dtype(), h.shape()),
        dh -> BlockProduct.gemv(names, dh, 1, 0, w, g, null, pattern, true));
  }

  private static DType requireFloating(Names names, Tensor t) {
    if (!t.dtype().isFloating()) {
      throw new IllegalArgumentException(
          names.operation() + ": products are computed in F32 and F64, got " + t.dtype());
    }
    return t.dtype();
  }

  // ---- results

  private static Tensor added(Tensor o, Consumer<Tensor> add) {
    return filled(Objects.requireNonNull(o, "o").copy(), add);
  }

  /** A new tensor that {@code fill} writes; closed when that fails. */
  private static Tensor filled(Tensor result, Consumer<Tensor> fill) {
    try {
      fill.accept(result);
      return result;
    } catch (RuntimeException | Error e) {
      result.close();
      throw e;
    }
  }

  private static void closeAll(Tensor... tensors) {
    Arrays.stream(tensors).forEach(Tensor::close);
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
