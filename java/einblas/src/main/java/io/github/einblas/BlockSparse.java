// Public API: Theano's block-sparse products and their gradients.
package io.github.einblas;

import io.github.einblas.internal.sparse.BlockProduct;
import io.github.einblas.internal.sparse.BlockProduct.Names;
import io.github.einblas.internal.sparse.BlockTerms;
import io.github.einblas.internal.tensor.Strided;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Products with a matrix of weight blocks of which each example uses a few: Theano's {@code
 * SparseBlockGemv}, {@code SparseBlockOuter} and {@code sparse_block_dot} (its documentation is the
 * source of the formulae). W has shape (inputBlocks, outputBlocks, inputSize, outputSize), h
 * (batch, inputWindow, inputSize), o (batch, outputWindow, outputSize); every operand may have any
 * strides. Which blocks an example uses says a {@link BlockPattern}:
 *
 * <pre>{@code
 * BlockPattern p = BlockPattern.of(inputIndex, outputIndex, inputBlocks, outputBlocks);
 * Tensor y = BlockSparse.dot(w, h, bias, p);
 * BlockSparse.DotGradient d = BlockSparse.dotGradient(w, h, dy, p);
 * }</pre>
 *
 * <p>All tensors of a call have one type: F32, F64, C64 or C128, or BF16 or F16, whose sums are
 * kept in F32 and rounded once, at the end. {@code Tensor.conj()} of a complex operand is read
 * where it lies. Gradients of complex tensors are dL/dRe + i dL/dIm of a real loss, PyTorch's
 * convention.
 *
 * <p>Blocks that a pattern repeats accumulate; an empty batch or window adds nothing. The result
 * has the same bits for any number of threads. Every method checks all it is given before it
 * writes: {@link IllegalArgumentException} for shapes, types or an output that shares elements with
 * an operand, {@link IllegalStateException} for a closed tensor, {@link NativeMemoryException}
 * where the pattern's terms do not fit the memory.
 */
public final class BlockSparse {
  private static final Names GEMV = new Names("block gemv", "o", "w", "h");
  private static final Names DOT = new Names("block dot", "out", "w", "h");
  private static final Names OUTER = new Names("block outer", "o", "x", "y");

  private static final String GEMV_GRADIENT = "block gemv gradient";
  private static final String DOT_GRADIENT = "block dot gradient";
  private static final String OUTER_GRADIENT = "block outer gradient";

  private BlockSparse() {}

  // ---- gemv

  /**
   * {@code o[b,j,:] + sum_i h[b,i,:] . W[inputIndex[b,i], outputIndex[b,j], :, :]}, a new tensor.
   *
   * @param o output (batch, outputWindow, outputSize)
   * @param w weights (inputBlocks, outputBlocks, inputSize, outputSize)
   * @param h input (batch, inputWindow, inputSize)
   * @param pattern which blocks each example uses
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor gemv(Tensor o, Tensor w, Tensor h, BlockPattern pattern) {
    return added(o, result -> gemvInPlace(result, w, h, pattern));
  }

  /**
   * As {@link #gemv}, into {@code o}.
   *
   * @param o output (batch, outputWindow, outputSize)
   * @param w weights (inputBlocks, outputBlocks, inputSize, outputSize)
   * @param h input (batch, inputWindow, inputSize)
   * @param pattern which blocks each example uses
   */
  public static void gemvInPlace(Tensor o, Tensor w, Tensor h, BlockPattern pattern) {
    gemvInto(o, 1, 1, w, h, pattern);
  }

  /**
   * {@code out[b,j,:] = sum_i h[b,i,:] . W[inputIndex[b,i], outputIndex[b,j], :, :]}.
   *
   * @param out output (batch, outputWindow, outputSize)
   * @param w weights (inputBlocks, outputBlocks, inputSize, outputSize)
   * @param h input (batch, inputWindow, inputSize)
   * @param pattern which blocks each example uses
   */
  public static void gemvInto(Tensor out, Tensor w, Tensor h, BlockPattern pattern) {
    gemvInto(out, 1, 0, w, h, pattern);
  }

  /**
   * {@code out[b,j,:] = alpha * sum_i h[b,i,:] . W[inputIndex[b,i], outputIndex[b,j], :, :] + beta
   * * out[b,j,:]}; beta = 0 does not read {@code out}, alpha = 0 reads no operand.
   *
   * @param out output (batch, outputWindow, outputSize)
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param w weights (inputBlocks, outputBlocks, inputSize, outputSize)
   * @param h input (batch, inputWindow, inputSize)
   * @param pattern which blocks each example uses
   */
  public static void gemvInto(
      Tensor out, double alpha, double beta, Tensor w, Tensor h, BlockPattern pattern) {
    Objects.requireNonNull(out, "out");
    try (BlockTerms.Lent terms = lend(pattern)) {
      gemv(GEMV, out, alpha, beta, w, h, null, terms, false);
    }
  }

  // ---- dot

  /**
   * {@code bias[outputIndex[b,j],:] + sum_i h[b,i,:] . W[inputIndex[b,i], outputIndex[b,j], :, :]},
   * a new tensor (batch, outputWindow, outputSize). An h of rank 2 is a batch of one, as in Theano.
   *
   * @param w weights (inputBlocks, outputBlocks, inputSize, outputSize)
   * @param h input (batch, inputWindow, inputSize)
   * @param bias (outputBlocks, outputSize)
   * @param pattern which blocks each example uses
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor dot(Tensor w, Tensor h, Tensor bias, BlockPattern pattern) {
    Strided weights = strided("w", w);
    BlockProduct.requireRank(DOT, "w", weights, 4);
    BlockTerms terms = Objects.requireNonNull(pattern, "pattern").terms();
    BlockProduct.requireProducts(DOT, weights);
    return filled(
        Tensor.empty(w.dtype(), terms.batch(), terms.outputWindow(), w.length(3)),
        result -> dotInto(result, w, h, bias, pattern));
  }

  /**
   * As {@link #dot}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param w weights (inputBlocks, outputBlocks, inputSize, outputSize)
   * @param h input (batch, inputWindow, inputSize)
   * @param bias (outputBlocks, outputSize)
   * @param pattern which blocks each example uses
   */
  public static void dotInto(Tensor out, Tensor w, Tensor h, Tensor bias, BlockPattern pattern) {
    Objects.requireNonNull(out, "out");
    Objects.requireNonNull(bias, "bias");
    try (BlockTerms.Lent terms = lend(pattern)) {
      gemv(DOT, out, 1, 0, w, batched(h), bias, terms, false);
    }
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
   * @param pattern which blocks each example uses
   * @param alpha factor of the products
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor outer(Tensor o, double alpha, Tensor x, Tensor y, BlockPattern pattern) {
    return added(o, result -> outerInPlace(result, alpha, x, y, pattern));
  }

  /**
   * As above, with alpha = 1.
   *
   * @param o output (batch, outputWindow, outputSize)
   * @param x dense operand of any strides
   * @param y output (batch, outputWindow, outputSize)
   * @param pattern which blocks each example uses
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor outer(Tensor o, Tensor x, Tensor y, BlockPattern pattern) {
    return outer(o, 1, x, y, pattern);
  }

  /**
   * As {@link #outer}, into {@code o}. With x the input of a layer, y the gradient of its output
   * and alpha = -rate this is a step of training, {@code W += -rate * d_W}, in one pass. alpha = 0
   * reads no operand.
   *
   * @param o weights (inputBlocks, outputBlocks, inputSize, outputSize)
   * @param x input (batch, inputWindow, inputSize)
   * @param y output (batch, outputWindow, outputSize)
   * @param pattern which blocks each example uses
   * @param alpha factor of the products
   */
  public static void outerInPlace(
      Tensor o, double alpha, Tensor x, Tensor y, BlockPattern pattern) {
    Objects.requireNonNull(o, "o");
    try (BlockTerms.Lent terms = lend(pattern)) {
      outer(OUTER, o, x, y, terms, alpha);
    }
  }

  /**
   * As above, with alpha = 1.
   *
   * @param o weights (inputBlocks, outputBlocks, inputSize, outputSize)
   * @param x input (batch, inputWindow, inputSize)
   * @param y output (batch, outputWindow, outputSize)
   * @param pattern which blocks each example uses
   */
  public static void outerInPlace(Tensor o, Tensor x, Tensor y, BlockPattern pattern) {
    outerInPlace(o, 1, x, y, pattern);
  }

  // ---- gradients

  /**
   * Gradients of {@link #gemv}; each is a new tensor.
   *
   * @param o gradient of o: a copy of the upstream gradient
   * @param w gradient of W
   * @param h gradient of h
   */
  public record GemvGradient(Tensor o, Tensor w, Tensor h) implements AutoCloseable {
    @Override
    public void close() {
      closeAll(List.of(o, w, h));
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
      closeAll(List.of(w, h, bias));
    }
  }

  /**
   * Gradients of {@link #outer}; each tensor is new.
   *
   * @param o gradient of o: a copy of the upstream gradient
   * @param x gradient of x
   * @param y gradient of y
   * @param alpha gradient of alpha; the sum over BF16 and F16 is of rounded gradients of y
   */
  public record OuterGradient(Tensor o, Tensor x, Tensor y, double alpha) implements AutoCloseable {
    @Override
    public void close() {
      closeAll(List.of(o, x, y));
    }
  }

  /**
   * {@return gradients of gemv for the upstream gradient {@code g} of its result: {@code d_W} is
   * the block outer product of conj(h) and g ({@link #outerInPlace} adds it to W without making
   * it), {@code d_h} the block gemv of g with the conjugates of W's axes (1, 0, 3, 2)}
   *
   * @param w weights (inputBlocks, outputBlocks, inputSize, outputSize)
   * @param h input (batch, inputWindow, inputSize)
   * @param g gradient of a loss for the result, of its shape and type
   * @param pattern which blocks each example uses
   */
  public static GemvGradient gemvGradient(Tensor w, Tensor h, Tensor g, BlockPattern pattern) {
    List<Tensor> made = new ArrayList<>();
    boolean done = false;
    try (BlockTerms.Lent terms = lend(pattern)) {
      Tensor dw = kept(made, weightGradient(GEMV_GRADIENT, w, h, g, terms));
      Tensor dh = kept(made, inputGradient(GEMV_GRADIENT, w, h, g, terms));
      GemvGradient all = new GemvGradient(kept(made, g.copy()), dw, dh);
      done = true;
      return all;
    } finally {
      closeUnless(done, made);
    }
  }

  /**
   * {@return gradients of dot for the upstream gradient {@code g} of its result}
   *
   * @param w weights (inputBlocks, outputBlocks, inputSize, outputSize)
   * @param h input (batch, inputWindow, inputSize)
   * @param g gradient of a loss for the result, of its shape and type
   * @param pattern which blocks each example uses
   */
  public static DotGradient dotGradient(Tensor w, Tensor h, Tensor g, BlockPattern pattern) {
    Tensor input = batched(h);
    List<Tensor> made = new ArrayList<>();
    boolean done = false;
    try (BlockTerms.Lent terms = lend(pattern)) {
      Tensor dw = kept(made, weightGradient(DOT_GRADIENT, w, input, g, terms));
      Tensor dh = kept(made, inputGradient(DOT_GRADIENT, w, input, g, terms));
      Tensor bias = kept(made, Tensor.zeros(g.dtype(), terms.terms().outputBlocks(), g.length(2)));
      addBiasGradient(bias, 1, g, terms.terms());
      if (h.rank() == 2) {
        dh = new Tensor(dh.strided().reshapeInPlace(h.shape()));
      }
      DotGradient all = new DotGradient(dw, dh, bias);
      done = true;
      return all;
    } finally {
      closeUnless(done, made);
    }
  }

  /**
   * Adds {@code scale} times the gradients of dot to W and bias, in one pass and without making
   * them: with scale = -rate, a step of training.
   *
   * @param w (inputBlocks, outputBlocks, inputSize, outputSize), changed
   * @param bias (outputBlocks, outputSize), changed
   * @param scale factor of the gradients
   * @param h what dot was given, (batch, inputWindow, inputSize) or of rank 2
   * @param g upstream gradient, (batch, outputWindow, outputSize)
   * @param pattern which blocks each example uses
   */
  public static void addDotGradient(
      Tensor w, Tensor bias, double scale, Tensor h, Tensor g, BlockPattern pattern) {
    Names names = new Names(DOT_GRADIENT, "w", "h", "g");
    Tensor input = batched(h);
    try (BlockTerms.Lent terms = lend(pattern)) {
      BlockProduct.checkOuter(
          names, strided("w", w), input.strided(), strided("g", g), terms.terms());
      BlockProduct.requireRank(names, "bias", strided("bias", bias), 2);
      BlockProduct.requireApart(names, w.strided(), input.strided(), g.strided());
      BlockProduct.requireApart(
          new Names(DOT_GRADIENT, "bias", "w", "h"), bias.strided(), w.strided(), input.strided());
      // The bias first: what it is refused for is found before it is written, and W was checked
      // above.
      addBiasGradient(bias, scale, g, terms.terms());
      try (Tensor conjugate = input.conj()) {
        outer(names, w, conjugate, g, terms, scale);
      }
    }
  }

  /** Rows of g added to their output block's row of bias: an outer product with ones. */
  private static void addBiasGradient(Tensor bias, double scale, Tensor g, BlockTerms terms) {
    Names names = new Names(DOT_GRADIENT, "bias", "ones", "g");
    BlockProduct.requireShape(names, "bias", bias.strided(), terms.outputBlocks(), g.length(2));
    BlockProduct.requireProducts(names, g.strided());
    try (Tensor one = Tensor.ones(g.dtype(), 1, 1, 1);
        Tensor ones = one.broadcastTo(terms.batch(), 1, 1);
        Tensor row = bias.unsqueeze(0);
        Tensor blocks = row.unsqueeze(2);
        BlockTerms.Lent ofBias = terms.ofBias().lend()) {
      outer(names, blocks, ones, g, ofBias, scale);
    }
  }

  /**
   * {@return gradients of outer for the upstream gradient {@code g} of its result, of o's shape:
   * {@code d_x = alpha * sum_j g[block] . conj(y)}, {@code d_y = alpha * sum_i conj(x) . g[block]},
   * {@code d_alpha = Re(sum of conj(x) . g . conj(y))}}
   *
   * @param x input (batch, inputWindow, inputSize)
   * @param y output (batch, outputWindow, outputSize)
   * @param g gradient of a loss for the result, of its shape and type
   * @param pattern which blocks each example uses
   * @param alpha factor of the products
   */
  public static OuterGradient outerGradient(
      Tensor x, Tensor y, Tensor g, BlockPattern pattern, double alpha) {
    Names dxNames = new Names(OUTER_GRADIENT, "the gradient of x", "g", "y");
    Names dyNames = new Names(OUTER_GRADIENT, "the gradient of y", "g", "x");
    BlockProduct.requireRank(dxNames, "g", strided("g", g), 4);
    BlockProduct.requireRank(dxNames, "x", strided("x", x), 3);
    BlockProduct.requireRank(dxNames, "y", strided("y", y), 3);
    BlockProduct.requireProducts(dxNames, g.strided());
    List<Tensor> made = new ArrayList<>();
    boolean done = false;
    try (BlockTerms.Lent terms = lend(pattern);
        Tensor conjX = x.conj();
        Tensor conjY = y.conj()) {
      Tensor dx = kept(made, Tensor.empty(x.dtype(), x.shape()));
      gemv(dxNames, dx, alpha, 0, g, conjY, null, terms, true);
      Tensor dy = kept(made, Tensor.empty(y.dtype(), y.shape()));
      gemv(dyNames, dy, 1, 0, g, conjX, null, terms, false);
      double dalpha = realDot(dy, conjY);
      gemv(dyNames, dy, alpha, 0, g, conjX, null, terms, false);
      OuterGradient all = new OuterGradient(kept(made, g.copy()), dx, dy, dalpha);
      done = true;
      return all;
    } finally {
      closeUnless(done, made);
    }
  }

  /** The real part of the sum of products, not rounded to 16 bits. */
  private static double realDot(Tensor a, Tensor b) {
    PlanOptions options = PlanOptions.DEFAULT.withOutputType(a.dtype().computeType());
    try (Tensor product = Einsum.plan("bjs,bjs->", options, a, b).run(a, b);
        Tensor real = product.real()) {
      return real.item();
    }
  }

  private static Tensor weightGradient(
      String name, Tensor w, Tensor h, Tensor g, BlockTerms.Lent terms) {
    Names names = new Names(name, "w", "h", "g");
    BlockProduct.requireRank(names, "w", strided("w", w), 4);
    BlockProduct.requireRank(names, "h", strided("h", h), 3);
    BlockProduct.requireRank(names, "g", strided("g", g), 3);
    BlockProduct.requireProducts(names, w.strided());
    return filled(
        Tensor.zeros(w.dtype(), w.shape()),
        dw -> {
          try (Tensor conjugate = h.conj()) {
            outer(names, dw, conjugate, g, terms, 1);
          }
        });
  }

  private static Tensor inputGradient(
      String name, Tensor w, Tensor h, Tensor g, BlockTerms.Lent terms) {
    Names names = new Names(name, "h", "w", "g");
    return filled(
        Tensor.empty(h.dtype(), h.shape()),
        dh -> {
          try (Tensor conjugate = w.conj()) {
            gemv(names, dh, 1, 0, conjugate, g, null, terms, true);
          }
        });
  }

  // ---- to the implementation

  private static Strided strided(String name, Tensor t) {
    return Objects.requireNonNull(t, name).strided();
  }

  private static BlockTerms.Lent lend(BlockPattern pattern) {
    return Objects.requireNonNull(pattern, "pattern").terms().lend();
  }

  private static void gemv(
      Names names,
      Tensor out,
      double alpha,
      double beta,
      Tensor w,
      Tensor h,
      Tensor bias,
      BlockTerms.Lent terms,
      boolean backwards) {
    BlockProduct.gemv(
        names,
        out.strided(),
        alpha,
        beta,
        strided(names.first(), w),
        strided(names.second(), h),
        bias == null ? null : bias.strided(),
        terms,
        backwards);
  }

  private static void outer(
      Names names, Tensor o, Tensor x, Tensor y, BlockTerms.Lent terms, double alpha) {
    BlockProduct.outer(
        names, o.strided(), strided(names.first(), x), strided(names.second(), y), terms, alpha);
  }

  // ---- results

  private static Tensor added(Tensor o, Consumer<Tensor> add) {
    return filled(Objects.requireNonNull(o, "o").copy(), add);
  }

  /** A new tensor that {@code fill} writes; closed when that fails. */
  private static Tensor filled(Tensor result, Consumer<Tensor> fill) {
    boolean done = false;
    try {
      fill.accept(result);
      done = true;
      return result;
    } finally {
      closeUnless(done, List.of(result));
    }
  }

  private static Tensor kept(List<Tensor> made, Tensor t) {
    made.add(t);
    return t;
  }

  private static void closeUnless(boolean done, List<Tensor> tensors) {
    if (!done) {
      closeAll(tensors);
    }
  }

  private static void closeAll(List<Tensor> tensors) {
    tensors.forEach(Tensor::close);
  }
}
