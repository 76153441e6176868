// Public API: sparse matrices of dense blocks (BSR), and their products with dense ones.
package io.github.einblas;

import io.github.einblas.internal.io.Npy;
import io.github.einblas.internal.natives.NativeSparse;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * A sparse matrix of which blocks of r x c elements are stored, SciPy's {@code bsr_matrix}. Where
 * they lie is fixed and checked when it is made; their values may change, through {@link #blocks}.
 *
 * <p>Products take dense tensors of any strides, and vectors. Results have the same bits for any
 * number of threads.
 *
 * <p>Memory: the blocks are a tensor in native memory, freed by {@link #close}, else when
 * unreachable.
 */
public final class BsrMatrix implements AutoCloseable, MatrixOperator {
  private static final String NAME = "BSR matrix";

  private final BsrStructure structure;
  private final Tensor blocks;
  private final boolean transposed;

  private BsrMatrix(BsrStructure structure, Tensor blocks, boolean transposed) {
    this.structure = structure;
    this.blocks = blocks;
    this.transposed = transposed;
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
   * @param values (number of blocks, r, c), F32 or F64, of any strides
   * @param rows of the matrix, a multiple of r
   * @param columns of the matrix, a multiple of c
   * @throws IllegalArgumentException if lengths do not fit each other or indptr falls
   * @throws IndexOutOfBoundsException naming the block whose column is out of range
   */
  public static BsrMatrix of(
      Tensor values, long[] indices, long[] indptr, long rows, long columns) {
    // Copied before they are checked: what another thread writes meanwhile is not seen.
    return ofOwn(
        values,
        Objects.requireNonNull(indices, "indices").clone(),
        Objects.requireNonNull(indptr, "indptr").clone(),
        rows,
        columns);
  }

  /** As {@link #of(Tensor, long[], long[], long, long)}. */
  public static BsrMatrix of(Tensor values, int[] indices, int[] indptr, long rows, long columns) {
    return ofOwn(
        values,
        BsrStructure.widened("indices", indices),
        BsrStructure.widened("indptr", indptr),
        rows,
        columns);
  }

  /**
   * As {@link #of(Tensor, long[], long[], long, long)}, from tensors of I32 or I64, of rank 1 and
   * any stride.
   */
  public static BsrMatrix of(
      Tensor values, Tensor indices, Tensor indptr, long rows, long columns) {
    return ofOwn(
        values,
        BsrStructure.numbers("indices", indices),
        BsrStructure.numbers("indptr", indptr),
        rows,
        columns);
  }

  private static BsrMatrix ofOwn(
      Tensor values, long[] indices, long[] indptr, long rows, long columns) {
    Objects.requireNonNull(values, "values");
    if (values.rank() != 3 || !values.dtype().isFloating()) {
      throw new IllegalArgumentException(
          NAME + ": values must be F32 or F64 of shape (blocks, r, c), got " + values.describe());
    }
    if (values.length(0) != indices.length) {
      throw new IllegalArgumentException(
          NAME
              + ": values has "
              + values.length(0)
              + " blocks, but there are "
              + indices.length
              + " indices");
    }
    long[] shape = BsrStructure.shapeOf(rows, columns, values.length(1), values.length(2));
    long[] slots = new long[indices.length];
    try (Use use = new Use(NAME, values)) {
      BsrStructure structure = BsrStructure.of(shape, indptr, indices, slots);
      Tensor blocks = Tensor.empty(values.dtype(), structure.blocks, shape[2], shape[3]);
      NativeSparse.bsrGather(
          structure.handle(),
          values.dtype().ordinal(),
          slots,
          values.address(),
          values.stridesRef(),
          blocks.address());
      use.keep(structure);
      return new BsrMatrix(structure, blocks, false);
    }
  }

  /**
   * Of the blocks of a dense matrix (rows, columns) that hold anything but zeros; NaN is not zero.
   *
   * @param r rows of a block, a divisor of the rows
   * @param c columns of a block, a divisor of the columns
   */
  public static BsrMatrix ofDense(Tensor dense, long r, long c) {
    Objects.requireNonNull(dense, "dense");
    if (dense.rank() != 2 || !dense.dtype().isFloating()) {
      throw new IllegalArgumentException(
          NAME + ": dense must be a matrix of F32 or F64, got " + dense.describe());
    }
    long[] shape = BsrStructure.shapeOf(dense.length(0), dense.length(1), r, c);
    try (Use use = new Use(NAME, dense)) {
      BsrStructure structure = BsrStructure.ofDense(shape, dense);
      Tensor blocks = Tensor.empty(dense.dtype(), structure.blocks, r, c);
      NativeSparse.bsrExchange(
          structure.handle(),
          dense.dtype().ordinal(),
          false,
          blocks.address(),
          dense.address(),
          dense.stridesRef());
      use.keep(structure);
      return new BsrMatrix(structure, blocks, false);
    }
  }

  /**
   * Reads a file of {@code scipy.sparse.save_npz} of format bsr, with values of F32 or F64. Its
   * arrays are checked as those of {@link Tensor#readNpz(Path, String)}.
   *
   * @throws NpyFormatException if the file is no such file, or its arrays are no matrix
   */
  public static BsrMatrix readNpz(Path file) throws IOException {
    return SparseNpz.readBsr(Objects.requireNonNull(file, "file"));
  }

  /**
   * Writes a file that {@code scipy.sparse.load_npz} reads, format bsr, uncompressed, in the way of
   * {@link Tensor#writeNpy(Path, WriteOption...)}.
   *
   * @throws IllegalStateException if this matrix is closed
   */
  public void writeNpz(Path file, WriteOption... options) throws IOException {
    SparseNpz.write(this, Objects.requireNonNull(file, "file"), Npy.sync(options));
  }

  /** The transposed matrix: a view of the same blocks. */
  @Override
  public BsrMatrix transpose() {
    return new BsrMatrix(structure, blocks.permute(0, 1, 2), !transposed);
  }

  /** A dense copy, (rows, columns). */
  @Override
  public Tensor toDense() {
    try (Use use = new Use(NAME, blocks)) {
      Tensor dense = Tensor.zeros(dtype(), shape());
      long[] strides = dense.stridesRef();
      NativeSparse.bsrExchange(
          structure.handle(),
          dtype().ordinal(),
          true,
          blocks.address(),
          dense.address(),
          transposed ? reversed(strides) : strides);
      use.keep(structure);
      return dense;
    }
  }

  // ---- what it is

  /** Type of the elements. */
  @Override
  public DType dtype() {
    return blocks.dtype();
  }

  /** Rows and columns. */
  @Override
  public long[] shape() {
    return new long[] {rows(), columns()};
  }

  @Override
  public long rows() {
    return transposed
        ? structure.shape[1] * structure.shape[3]
        : structure.shape[0] * structure.shape[2];
  }

  @Override
  public long columns() {
    return transposed
        ? structure.shape[0] * structure.shape[2]
        : structure.shape[1] * structure.shape[3];
  }

  /** Rows and columns of a block. */
  public long[] blockShape() {
    long[] s = structure.shape;
    return transposed ? new long[] {s[3], s[2]} : new long[] {s[2], s[3]};
  }

  /** Number of stored blocks. */
  public long blockCount() {
    return structure.blocks;
  }

  /** Whether this is a transposed view of the matrix that is stored. */
  public boolean isTransposed() {
    return transposed;
  }

  /**
   * The stored values, (blocks, r, c) sorted by block row and column of the stored matrix: a view,
   * to read and to change. That of a transposed view has its blocks transposed, in the same order.
   */
  public Tensor blocks() {
    return transposed ? blocks.permute(0, 2, 1) : blocks.permute(0, 1, 2);
  }

  /** Block column of each stored block: a new I32 tensor; of the stored matrix, as blocks are. */
  public Tensor indices() {
    return structure.indices();
  }

  /** First block of each block row, and their number: a new I64 tensor, as {@link #indices}. */
  public Tensor indptr() {
    return structure.indptr();
  }

  // ---- products

  @Override
  public Tensor times(Tensor x) {
    requireOperand(x, this, 0, columns());
    return into(this, x, true);
  }

  @Override
  public void timesInto(Tensor out, double alpha, double beta, Tensor x) {
    product(out, alpha, beta, this, x, true);
  }

  @Override
  public Tensor timesLeft(Tensor x) {
    requireOperand(x, this, x == null ? 0 : x.rank() - 1, rows());
    return into(this, x, false);
  }

  @Override
  public void timesLeftInto(Tensor out, double alpha, double beta, Tensor x) {
    product(out, alpha, beta, this, x, false);
  }

  private static Tensor into(BsrMatrix s, Tensor x, boolean left) {
    Tensor out = Tensor.empty(s.dtype(), resultShape(s, x, left));
    try {
      product(out, 1, 0, s, x, left);
      return out;
    } catch (RuntimeException | Error e) {
      out.close();
      throw e;
    }
  }

  private static long[] resultShape(BsrMatrix s, Tensor x, boolean left) {
    long length = left ? s.rows() : s.columns();
    if (x.rank() == 1) {
      return new long[] {length};
    }
    return left ? new long[] {length, x.length(1)} : new long[] {x.length(0), length};
  }

  /**
   * {@code s x} if left, else {@code x s}, whose transpose is the transpose of s times that of x.
   */
  private static void product(
      Tensor out, double alpha, double beta, BsrMatrix s, Tensor x, boolean left) {
    Objects.requireNonNull(out, "out");
    int axis = left || x == null ? 0 : x.rank() - 1;
    requireOperand(x, s, axis, left ? s.columns() : s.rows());
    requireShape("out", out, s.dtype(), resultShape(s, x, left));
    out.requireWritable(NAME);
    boolean vector = x.rank() == 1;
    try (Use use = new Use(NAME, out, x, s.blocks)) {
      requireApart(out, x);
      requireApart(out, s.blocks);
      long[] from = matrixStrides(x, left);
      long[] to = matrixStrides(out, left);
      NativeSparse.bsrProduct(
          s.structure.handle(),
          s.dtype().ordinal(),
          s.transposed == left,
          vector ? 1 : x.length(left ? 1 : 0),
          new long[] {s.blocks.address(), x.address(), out.address()},
          new long[] {from[0], from[1], to[0], to[1]},
          alpha,
          beta);
      use.keep(s.structure);
    }
  }

  /** A tensor's strides as a matrix (axis that meets the blocks, other axis). */
  private static long[] matrixStrides(Tensor t, boolean left) {
    long[] strides = t.stridesRef();
    return t.rank() == 1 ? new long[] {strides[0], 1} : left ? strides : reversed(strides);
  }

  /**
   * The blocks of the dense product {@code a b} that {@code pattern} stores, a new matrix with the
   * same pattern.
   *
   * @param a (rows of the pattern, k), of any strides
   * @param b (k, columns of the pattern), of any strides
   */
  public static BsrMatrix sampledMatmul(BsrMatrix pattern, Tensor a, Tensor b) {
    Objects.requireNonNull(pattern, "pattern");
    BsrStructure s = pattern.structure;
    requireSampled(pattern, a, b);
    try (Use use = new Use(NAME, pattern.blocks)) {
      use.keep(s);
      Tensor blocks = Tensor.empty(pattern.dtype(), s.blocks, s.shape[2], s.shape[3]);
      BsrMatrix made = new BsrMatrix(s, blocks, pattern.transposed);
      try {
        sampledMatmulInto(made, 1, 0, a, b);
        return made;
      } catch (RuntimeException | Error e) {
        made.close();
        throw e;
      }
    }
  }

  /**
   * {@code out = alpha * (a b where out stores blocks) + beta * out}, in place; beta = 0 does not
   * read {@code out}. With a the gradient of {@code W x}, b = x transposed, alpha = -rate and beta
   * = 1 this is a step of training in one pass.
   */
  public static void sampledMatmulInto(
      BsrMatrix out, double alpha, double beta, Tensor a, Tensor b) {
    Objects.requireNonNull(out, "out");
    requireSampled(out, a, b);
    try (Use use = new Use(NAME, out.blocks, a, b)) {
      requireApart(out.blocks, a);
      requireApart(out.blocks, b);
      // The transpose of a b is b^T a^T, whose strides are those of b and a turned round.
      Tensor first = out.transposed ? b : a;
      Tensor second = out.transposed ? a : b;
      long[] x = matrixStrides(first, !out.transposed);
      long[] y = matrixStrides(second, !out.transposed);
      NativeSparse.bsrSampled(
          out.structure.handle(),
          out.dtype().ordinal(),
          a.length(1),
          new long[] {out.blocks.address(), first.address(), second.address()},
          new long[] {x[0], x[1], y[0], y[1]},
          alpha,
          beta);
      use.keep(out.structure);
    }
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
   * Gradients of {@link #times} at x for the upstream gradient g of its result: {@code A^T g}, and
   * {@code g x^T} at the stored blocks.
   */
  public Gradient timesGradient(Tensor x, Tensor g) {
    requireOperand(x, this, 0, columns());
    requireShape("g", g, dtype(), resultShape(this, x, true));
    try (Tensor left = g.rank() == 1 ? g.unsqueeze(1) : g.permute(0, 1);
        Tensor right = x.rank() == 1 ? x.unsqueeze(0) : x.transpose();
        BsrMatrix back = transpose()) {
      return gradient(sampledMatmul(this, left, right), () -> back.times(g));
    }
  }

  /**
   * Gradients of {@link #timesLeft} at x for the upstream gradient g of its result: {@code g A^T},
   * and {@code x^T g} at the stored blocks.
   */
  public Gradient timesLeftGradient(Tensor x, Tensor g) {
    requireOperand(x, this, x == null ? 0 : x.rank() - 1, rows());
    requireShape("g", g, dtype(), resultShape(this, x, false));
    try (Tensor left = x.rank() == 1 ? x.unsqueeze(1) : x.transpose();
        Tensor right = g.rank() == 1 ? g.unsqueeze(0) : g.permute(0, 1);
        BsrMatrix back = transpose()) {
      return gradient(sampledMatmul(this, left, right), () -> back.timesLeft(g));
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
    requireOperand(x, this, 0, columns());
    if (x.isClosed() || blocks.isClosed()) {
      throw new IllegalStateException(NAME + ": " + (x.isClosed() ? "x" : "it") + " is closed");
    }
    double n = x.rank() == 1 ? 1 : x.length(1);
    long[] block = blockShape();
    double places = (double) rows() * columns();
    double stored = (double) blockCount() * block[0] * block[1];
    double bytes = dtype().bytes();
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
        transposed ? ", transposed" : "",
        2 * stored * n,
        (stored * bytes + operands) * 1e-6,
        2 * places * n,
        (places * bytes + operands) * 1e-6);
  }

  // ---- checks

  private static void requireOperand(Tensor x, BsrMatrix s, int axis, long length) {
    Objects.requireNonNull(x, "x");
    requireType("x", x, s.dtype());
    if ((x.rank() != 1 && x.rank() != 2) || x.length(axis) != length) {
      throw new IllegalArgumentException(
          NAME
              + ": x must be a matrix or a vector whose axis "
              + axis
              + " has length "
              + length
              + ", as the BSR operand has shape "
              + Arrays.toString(s.shape())
              + "; got "
              + x.describe());
    }
  }

  private static void requireSampled(BsrMatrix pattern, Tensor a, Tensor b) {
    Objects.requireNonNull(a, "a");
    Objects.requireNonNull(b, "b");
    requireType("a", a, pattern.dtype());
    requireType("b", b, pattern.dtype());
    if (a.rank() != 2 || b.rank() != 2 || a.length(1) != b.length(0)) {
      throw new IllegalArgumentException(
          NAME
              + ": a sampled product needs matrices a (m, k) and b (k, n), got "
              + a.describe()
              + " and "
              + b.describe());
    }
    requireShape("a", a, pattern.dtype(), pattern.rows(), a.length(1));
    requireShape("b", b, pattern.dtype(), b.length(0), pattern.columns());
  }

  private static void requireShape(String which, Tensor t, DType dtype, long... shape) {
    Objects.requireNonNull(t, which);
    requireType(which, t, dtype);
    if (!Arrays.equals(t.shapeRef(), shape)) {
      throw new IllegalArgumentException(
          NAME
              + ": "
              + which
              + " must have shape "
              + Arrays.toString(shape)
              + ", got "
              + t.describe());
    }
  }

  private static void requireType(String which, Tensor t, DType dtype) {
    if (t.dtype() != dtype) {
      throw new IllegalArgumentException(
          NAME
              + ": "
              + which
              + " must be "
              + dtype
              + " as the BSR operand is, got "
              + t.describe());
    }
  }

  private static void requireApart(Tensor out, Tensor operand) {
    if (out.sharesElements(operand)) {
      throw new IllegalArgumentException(
          NAME + ": the output shares elements with the operand " + operand.describe());
    }
  }

  private static long[] reversed(long[] pair) {
    return new long[] {pair[1], pair[0]};
  }

  /** Tensors that a running call uses: a close meanwhile waits. */
  private static final class Use implements AutoCloseable {
    private final Tensor[] tensors;
    private int acquired;
    private BsrStructure kept;

    Use(String name, Tensor... tensors) {
      this.tensors = tensors;
      try {
        for (; acquired < tensors.length; acquired++) {
          tensors[acquired].acquire();
        }
      } catch (IllegalStateException e) {
        close();
        throw new IllegalStateException(name + ": a tensor is closed", e);
      }
    }

    /** Keeps the native structure from being freed before the call is over. */
    void keep(BsrStructure structure) {
      kept = structure;
    }

    @Override
    public void close() {
      try {
        for (; acquired > 0; acquired--) {
          tensors[acquired - 1].release();
        }
      } finally {
        Reference.reachabilityFence(kept);
      }
    }
  }

  /** Frees the blocks, as soon as no call uses them. Closing a view closes that view only. */
  @Override
  public void close() {
    blocks.close();
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
        + structure.blocks
        + " blocks of "
        + b[0]
        + " x "
        + b[1]
        + ", "
        + dtype()
        + (transposed ? ", transposed" : "")
        + ")";
  }
}
