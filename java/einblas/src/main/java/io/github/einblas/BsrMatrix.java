// Public API: sparse matrices of dense blocks (BSR), and their products with dense ones.
package io.github.einblas;

import io.github.einblas.internal.io.Npy;
import io.github.einblas.internal.sparse.Bsr;
import io.github.einblas.internal.sparse.Indices;
import io.github.einblas.internal.sparse.SparseNpz;
import io.github.einblas.internal.tensor.Scope;
import io.github.einblas.internal.tensor.Strided;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * A sparse matrix of which blocks of r x c elements are stored, SciPy's {@code bsr_matrix}. Where
 * they lie is fixed and checked when it is made; their values may change, through {@link #blocks}.
 *
 * <p>Elements are BF16, F16, F32, F64, C64 or C128. BF16 and F16 are multiplied and added up in
 * F32, with alpha and beta, and rounded once, to nearest even.
 *
 * <p>Products take dense tensors of the same type, of any strides, and vectors. Results have the
 * same bits for any number of threads.
 *
 * <p>Memory: the blocks are a tensor in native memory, freed by {@link #close}, else when
 * unreachable.
 *
 * <pre>{@code
 * Tensor blocks = Tensor.of(new double[] {1, 2, 3, 4}, 1, 2, 2);
 * BsrMatrix a = BsrMatrix.of(blocks, new int[] {0}, new int[] {0, 1}, 2, 4);
 * System.out.println(a.times(Tensor.ones(DType.F64, 4))); // [3., 7.] shape=[2] dtype=F64
 * }</pre>
 */
public final class BsrMatrix implements AutoCloseable, MatrixOperator {
  private final Bsr core;

  private BsrMatrix(Bsr core) {
    this.core = core;
    Scope.made(core.blocks());
  }

  /** What the implementation knows of this matrix. */
  Bsr core() {
    return core;
  }

  // ---- making

  /**
   * From SciPy's three arrays, which are copied: blocks {@code indptr[i]} to {@code indptr[i+1] -
   * 1} belong to block row i, block b to block column {@code indices[b]}. They may come in any
   * order; repeated ones are added up.
   *
   * <pre>{@code
   * // A 4 x 4 matrix of two blocks of 2 x 2 on its diagonal.
   * Tensor values = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2);
   * BsrMatrix a = BsrMatrix.of(values, new int[] {0, 1}, new int[] {0, 1, 2}, 4, 4);
   * }</pre>
   *
   * @param values (number of blocks, r, c), of a real or complex type, of any strides
   * @param indices block column of each block
   * @param indptr where each block row begins, and the number of blocks at the end
   * @param rows of the matrix, a multiple of r
   * @param columns of the matrix, a multiple of c
   * @return the matrix
   * @throws IllegalArgumentException if lengths do not fit each other or indptr falls
   * @throws IndexOutOfBoundsException naming the block whose column is out of range
   */
  public static BsrMatrix of(
      Tensor values, long[] indices, long[] indptr, long rows, long columns) {
    // Copied before they are checked: what another thread writes meanwhile is not seen.
    return new BsrMatrix(
        Bsr.of(
            strided("values", values),
            Objects.requireNonNull(indices, "indices").clone(),
            Objects.requireNonNull(indptr, "indptr").clone(),
            rows,
            columns));
  }

  /**
   * As {@link #of(Tensor, long[], long[], long, long)}.
   *
   * @param values blocks, of shape (number, r, c)
   * @param indices block column of each block
   * @param indptr where each block row begins, and the number of blocks at the end
   * @param rows number of rows
   * @param columns number of columns
   * @return the matrix
   */
  public static BsrMatrix of(Tensor values, int[] indices, int[] indptr, long rows, long columns) {
    return new BsrMatrix(
        Bsr.of(
            strided("values", values),
            Indices.of("indices", indices),
            Indices.of("indptr", indptr),
            rows,
            columns));
  }

  /**
   * As {@link #of(Tensor, long[], long[], long, long)}, from tensors of I32 or I64, of rank 1 and
   * any stride.
   *
   * @param values blocks, of shape (number, r, c)
   * @param indices block column of each block
   * @param indptr where each block row begins, and the number of blocks at the end
   * @param rows number of rows
   * @param columns number of columns
   * @return the matrix
   */
  public static BsrMatrix of(
      Tensor values, Tensor indices, Tensor indptr, long rows, long columns) {
    return new BsrMatrix(
        Bsr.of(
            strided("values", values),
            strided("indices", indices),
            strided("indptr", indptr),
            rows,
            columns));
  }

  private static Strided strided(String name, Tensor t) {
    return Objects.requireNonNull(t, name).strided();
  }

  /**
   * Of the blocks of a dense matrix (rows, columns) that hold anything but zeros; NaN is not zero.
   *
   * @param dense matrix of any strides
   * @param r rows of a block, a divisor of the rows
   * @param c columns of a block, a divisor of the columns
   * @return the matrix
   */
  public static BsrMatrix ofDense(Tensor dense, long r, long c) {
    return new BsrMatrix(Bsr.ofDense(strided("dense", dense), r, c));
  }

  /**
   * Reads a file of {@code scipy.sparse.save_npz} of format bsr, with real or complex values. Its
   * arrays are checked as those of {@link Tensor#readNpz(Path, String)}.
   *
   * @param file path of the file
   * @return the matrix
   * @throws NpyFormatException if the file is no such file, or its arrays are no matrix
   */
  public static BsrMatrix readNpz(Path file) throws IOException {
    return new BsrMatrix(SparseNpz.readBsr(Objects.requireNonNull(file, "file")));
  }

  /**
   * Writes a file that {@code scipy.sparse.load_npz} reads, format bsr, uncompressed, in the way of
   * {@link Tensor#writeNpy(Path, WriteOption...)}.
   *
   * @param file path of the file
   * @param options {@link WriteOption#SYNC}, or none
   * @throws IllegalStateException if this matrix is closed
   * @throws IOException if it cannot be written
   */
  public void writeNpz(Path file, WriteOption... options) throws IOException {
    SparseNpz.write(core, Objects.requireNonNull(file, "file"), Npy.sync(options));
  }

  /** The transposed matrix: a view of the same blocks. */
  @Override
  public BsrMatrix transpose() {
    return new BsrMatrix(core.transpose());
  }

  /**
   * {@return the conjugates of the elements: a view of the same blocks} Products read it as such,
   * without a copy. Of real elements the elements themselves.
   */
  public BsrMatrix conj() {
    return new BsrMatrix(core.conj());
  }

  /**
   * {@return the transposed matrix of conjugates: a view of the same blocks}
   *
   * <pre>{@code
   * Tensor y = a.adjoint().times(x); // A^H x
   * }</pre>
   */
  public BsrMatrix adjoint() {
    return new BsrMatrix(core.transpose().conj());
  }

  /** A dense copy, (rows, columns). */
  @Override
  public Tensor toDense() {
    return new Tensor(core.toDense());
  }

  // ---- what it is

  /** Type of the elements. */
  @Override
  public DType dtype() {
    return core.dtype();
  }

  /** Rows and columns. */
  @Override
  public long[] shape() {
    return new long[] {rows(), columns()};
  }

  @Override
  public long rows() {
    return core.rows();
  }

  @Override
  public long columns() {
    return core.columns();
  }

  /** {@return rows and columns of a block} */
  public long[] blockShape() {
    return core.blockShape();
  }

  /** {@return number of stored blocks} */
  public long blockCount() {
    return core.blockCount();
  }

  /** {@return whether this is a transposed view of the matrix that is stored} */
  public boolean isTransposed() {
    return core.transposed();
  }

  /**
   * {@return the stored values, (blocks, r, c) sorted by block row and column of the stored matrix:
   * a view, to read and to change} That of a transposed view has its blocks transposed, in the same
   * order; that of {@link #conj} is a {@linkplain Tensor#conj conjugate} view, which is read only.
   */
  public Tensor blocks() {
    Strided blocks = core.blocks();
    return new Tensor(core.transposed() ? blocks.permute(0, 2, 1) : blocks.permute(0, 1, 2));
  }

  /**
   * {@return block column of each stored block: a new I32 tensor; of the stored matrix, as blocks
   * are}
   */
  public Tensor indices() {
    return new Tensor(core.indices());
  }

  /**
   * {@return first block of each block row, and their number: a new I64 tensor, as {@link
   * #indices}}
   */
  public Tensor indptr() {
    return new Tensor(core.indptr());
  }

  // ---- products

  @Override
  public Tensor times(Tensor x) {
    return new Tensor(core.times(strided("x", x)));
  }

  @Override
  public void timesInto(Tensor out, double alpha, double beta, Tensor x) {
    core.timesInto(strided("out", out), alpha, beta, strided("x", x));
  }

  @Override
  public Tensor timesLeft(Tensor x) {
    return new Tensor(core.timesLeft(strided("x", x)));
  }

  @Override
  public void timesLeftInto(Tensor out, double alpha, double beta, Tensor x) {
    core.timesLeftInto(strided("out", out), alpha, beta, strided("x", x));
  }

  /**
   * {@return the blocks of the dense product {@code a b} that {@code pattern} stores, a new matrix
   * with the same pattern}
   *
   * @param pattern matrix whose blocks are computed
   * @param a (rows of the pattern, k), of any strides
   * @param b (k, columns of the pattern), of any strides
   */
  public static BsrMatrix sampledMatmul(BsrMatrix pattern, Tensor a, Tensor b) {
    return new BsrMatrix(
        Objects.requireNonNull(pattern, "pattern").core.sampled(strided("a", a), strided("b", b)));
  }

  /**
   * {@code out = alpha * (a b where out stores blocks) + beta * out}, in place; beta = 0 does not
   * read {@code out}. With a the gradient of {@code W x}, b = x transposed, alpha = -rate and beta
   * = 1 this is a step of training in one pass.
   *
   * @param out matrix whose blocks are computed and written
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param a first operand
   * @param b second operand
   */
  public static void sampledMatmulInto(
      BsrMatrix out, double alpha, double beta, Tensor a, Tensor b) {
    Objects.requireNonNull(out, "out")
        .core
        .sampledInto(alpha, beta, strided("a", a), strided("b", b));
  }

  /**
   * {@code out = a b where out stores blocks}, in place.
   *
   * @param out matrix whose blocks are computed and written
   * @param a first operand
   * @param b second operand
   */
  public static void sampledMatmulInto(BsrMatrix out, Tensor a, Tensor b) {
    sampledMatmulInto(out, 1, 0, a, b);
  }

  /**
   * Gradients of a product; each is new.
   *
   * @param x gradient of the dense operand
   * @param matrix gradient of the stored blocks, with the matrix's pattern
   */
  public record Gradient(Tensor x, BsrMatrix matrix) implements AutoCloseable {
    @Override
    public void close() {
      x.close();
      matrix.close();
    }
  }

  /**
   * {@return gradients of {@link #times} at x for the upstream gradient g of its result: {@code A^T
   * g}, and {@code g x^T} at the stored blocks; with the conjugates of A and x where they are
   * complex, by PyTorch's convention}
   *
   * @param x dense operand of any strides
   * @param g gradient of a loss for the result, of its shape and type
   */
  public Gradient timesGradient(Tensor x, Tensor g) {
    core.requireOperand(strided("x", x));
    core.requireShape("g", strided("g", g), core.resultShape(x.strided()));
    try (Tensor left = g.rank() == 1 ? g.unsqueeze(1) : g.permute(0, 1);
        Tensor right = x.rank() == 1 ? x.unsqueeze(0) : x.transpose();
        Tensor conjugate = right.conj();
        BsrMatrix back = adjoint()) {
      return gradient(sampledMatmul(this, left, conjugate), () -> back.times(g));
    }
  }

  /**
   * {@return gradients of {@link #timesLeft} at x for the upstream gradient g of its result: {@code
   * g A^T}, and {@code x^T g} at the stored blocks; conjugated as in {@link #timesGradient}}
   *
   * @param x dense operand of any strides
   * @param g gradient of a loss for the result, of its shape and type
   */
  public Gradient timesLeftGradient(Tensor x, Tensor g) {
    core.requireLeftOperand(strided("x", x));
    core.requireShape("g", strided("g", g), core.leftResultShape(x.strided()));
    try (Tensor left = x.rank() == 1 ? x.unsqueeze(1) : x.transpose();
        Tensor conjugate = left.conj();
        Tensor right = g.rank() == 1 ? g.unsqueeze(0) : g.permute(0, 1);
        BsrMatrix back = adjoint()) {
      return gradient(sampledMatmul(this, conjugate, right), () -> back.timesLeft(g));
    }
  }

  private static Gradient gradient(BsrMatrix matrix, Supplier<Tensor> dense) {
    try {
      return new Gradient(dense.get(), matrix);
    } catch (RuntimeException | Error e) {
      matrix.close();
      throw e;
    }
  }

  // ---- in words

  /** The structure, and the work of the product with x and of the dense product. */
  @Override
  public String explain(Tensor x) {
    core.requireOperand(strided("x", x));
    if (x.isClosed() || core.blocks().isClosed()) {
      throw new IllegalStateException("BSR matrix: " + (x.isClosed() ? "x" : "it") + " is closed");
    }
    double n = x.rank() == 1 ? 1 : x.length(1);
    long[] block = blockShape();
    double places = (double) rows() * columns();
    double stored = (double) blockCount() * block[0] * block[1];
    double bytes = dtype().bytes();
    double flops = dtype().isComplex() ? 8 : 2;
    double operands = n * (rows() + columns()) * bytes;
    return String.format(
        Locale.ROOT,
        "matrix   %d x %d %s, %d blocks of %d x %d (%.3g %%)%s%n"
            + "blocks   %.3g FLOP, %.1f MB%n"
            + "dense    %.3g FLOP, %.1f MB%n",
        rows(),
        columns(),
        dtype(),
        blockCount(),
        block[0],
        block[1],
        places == 0 ? 0 : 100 * stored / places,
        core.transposed() ? ", transposed" : "",
        flops * stored * n,
        (stored * bytes + operands) * 1e-6,
        flops * places * n,
        (places * bytes + operands) * 1e-6);
  }

  /** Frees the blocks, as soon as no call uses them. Closing a view closes that view only. */
  @Override
  public void close() {
    core.blocks().close();
  }

  @Override
  public String toString() {
    long[] s = shape();
    long[] b = blockShape();
    return "BsrMatrix("
        + s[0]
        + " x "
        + s[1]
        + ", "
        + core.blockCount()
        + " blocks of "
        + b[0]
        + " x "
        + b[1]
        + ", "
        + dtype()
        + (core.transposed() ? ", transposed" : "")
        + (core.blocks().isConjugate() ? ", conjugate" : "")
        + ")";
  }
}
