// Public API: sparse matrices of dense blocks (BSR), and their products with dense ones.
package io.github.einblas;

import io.github.einblas.internal.natives.NativeSparse;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;

/**
 * A sparse matrix of which blocks of r x c elements are stored, SciPy's {@code bsr_matrix}. Where
 * they lie is fixed and checked when it is made; their values may change, through {@link #blocks}.
 *
 * <p>Products take it on either side of a dense {@link Tensor} of any strides; a transposed operand
 * is a view, {@code a.transpose()}. Results have the same bits for any number of threads.
 *
 * <p>Memory: the blocks are a tensor in native memory, freed by {@link #close}, else when
 * unreachable.
 */
public final class BsrMatrix implements AutoCloseable {
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
   * @param data (number of blocks, r, c), F32 or F64, of any strides
   * @param rows of the matrix, a multiple of r
   * @param columns of the matrix, a multiple of c
   * @throws IllegalArgumentException if lengths do not fit each other or indptr falls
   * @throws IndexOutOfBoundsException naming the block whose column is out of range
   */
  public static BsrMatrix of(Tensor data, long[] indices, long[] indptr, long rows, long columns) {
    Objects.requireNonNull(data, "data");
    // Copied before they are checked: what another thread writes meanwhile is not seen.
    long[] column = Objects.requireNonNull(indices, "indices").clone();
    long[] start = Objects.requireNonNull(indptr, "indptr").clone();
    if (data.rank() != 3 || !data.dtype().isFloating()) {
      throw new IllegalArgumentException(
          NAME + ": data must be F32 or F64 of shape (blocks, r, c), got " + data.describe());
    }
    if (data.length(0) != column.length) {
      throw new IllegalArgumentException(
          NAME
              + ": data has "
              + data.length(0)
              + " blocks, but there are "
              + column.length
              + " indices");
    }
    long[] shape = BsrStructure.shapeOf(rows, columns, data.length(1), data.length(2));
    long[] slots = new long[column.length];
    try (Use use = new Use(NAME, data)) {
      BsrStructure structure = BsrStructure.of(shape, start, column, slots);
      Tensor blocks = Tensor.empty(data.dtype(), structure.blocks, shape[2], shape[3]);
      NativeSparse.bsrGather(
          structure.handle(),
          data.dtype().ordinal(),
          slots,
          data.address(),
          data.stridesRef(),
          blocks.address());
      use.keep(structure);
      return new BsrMatrix(structure, blocks, false);
    }
  }

  /** As {@link #of(Tensor, long[], long[], long, long)}. */
  public static BsrMatrix of(Tensor data, int[] indices, int[] indptr, long rows, long columns) {
    return of(
        data,
        BsrStructure.widened("indices", indices),
        BsrStructure.widened("indptr", indptr),
        rows,
        columns);
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
    return BsrNpz.read(Objects.requireNonNull(file, "file"));
  }

  /**
   * Writes a file that {@code scipy.sparse.load_npz} reads, format bsr, uncompressed, in the way of
   * {@link Tensor#writeNpy(Path, WriteOption...)}.
   *
   * @throws IllegalStateException if this matrix is closed
   */
  public void writeNpz(Path file, WriteOption... options) throws IOException {
    BsrNpz.write(this, Objects.requireNonNull(file, "file"), Npy.sync(options));
  }

  /** The transposed matrix: a view of the same blocks. */
  public BsrMatrix transpose() {
    return new BsrMatrix(structure, blocks.permute(0, 1, 2), !transposed);
  }

  /** A dense copy, (rows, columns). */
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
  public DType dtype() {
    return blocks.dtype();
  }

  /** Rows and columns. */
  public long[] shape() {
    return new long[] {rows(), columns()};
  }

  private long rows() {
    return transposed
        ? structure.shape[1] * structure.shape[3]
        : structure.shape[0] * structure.shape[2];
  }

  private long columns() {
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

  /** Block columns of the stored blocks; of the stored matrix, also for a transposed view. */
  public long[] indices() {
    return structure.indices();
  }

  /** First block of each block row, and their number; of the stored matrix, as {@link #indices}. */
  public long[] indptr() {
    return structure.indptr();
  }

  // ---- products

  /**
   * {@code a b}, a new tensor.
   *
   * @param b (columns of a, n), or a vector of that length, of a's type and any strides
   */
  public static Tensor matmul(BsrMatrix a, Tensor b) {
    Objects.requireNonNull(a, "a");
    requireOperand("b", b, a, 0, a.columns());
    return into(a, b, true);
  }

  /**
   * {@code a b}, a new tensor.
   *
   * @param a (m, rows of b), or a vector of that length, of b's type and any strides
   */
  public static Tensor matmul(Tensor a, BsrMatrix b) {
    Objects.requireNonNull(b, "b");
    requireOperand("a", a, b, a == null ? 0 : a.rank() - 1, b.rows());
    return into(b, a, false);
  }

  /** {@code out = alpha * a b + beta * out}; beta = 0 does not read {@code out}. */
  public static void matmulInto(Tensor out, double alpha, double beta, BsrMatrix a, Tensor b) {
    Objects.requireNonNull(a, "a");
    product(out, alpha, beta, a, b, true);
  }

  /** {@code out = alpha * a b + beta * out}; beta = 0 does not read {@code out}. */
  public static void matmulInto(Tensor out, double alpha, double beta, Tensor a, BsrMatrix b) {
    Objects.requireNonNull(b, "b");
    product(out, alpha, beta, b, a, false);
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
    requireOperand(left ? "b" : "a", x, s, axis, left ? s.columns() : s.rows());
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
   * @param matrix gradient of the stored blocks, with the matrix's pattern
   * @param dense gradient of the dense operand
   */
  public record Gradient(BsrMatrix matrix, Tensor dense) implements AutoCloseable {
    @Override
    public void close() {
      matrix.close();
      dense.close();
    }
  }

  /**
   * Gradients of {@code a b} for the upstream gradient g of its result: {@code g b^T} at a's
   * blocks, and {@code a^T g}.
   */
  public static Gradient matmulGradient(BsrMatrix a, Tensor b, Tensor g) {
    Objects.requireNonNull(a, "a");
    requireOperand("b", b, a, 0, a.columns());
    requireShape("g", g, a.dtype(), resultShape(a, b, true));
    try (Tensor left = g.rank() == 1 ? g.unsqueeze(1) : g.permute(0, 1);
        Tensor right = b.rank() == 1 ? b.unsqueeze(0) : b.transpose();
        BsrMatrix back = a.transpose()) {
      return gradient(sampledMatmul(a, left, right), () -> matmul(back, g));
    }
  }

  /**
   * Gradients of {@code a b} for the upstream gradient g of its result: {@code a^T g} at b's
   * blocks, and {@code g b^T}.
   */
  public static Gradient matmulGradient(Tensor a, BsrMatrix b, Tensor g) {
    Objects.requireNonNull(b, "b");
    requireOperand("a", a, b, a == null ? 0 : a.rank() - 1, b.rows());
    requireShape("g", g, b.dtype(), resultShape(b, a, false));
    try (Tensor left = a.rank() == 1 ? a.unsqueeze(1) : a.transpose();
        Tensor right = g.rank() == 1 ? g.unsqueeze(0) : g.permute(0, 1);
        BsrMatrix back = b.transpose()) {
      return gradient(sampledMatmul(b, left, right), () -> matmul(g, back));
    }
  }

  private static Gradient gradient(BsrMatrix matrix, java.util.function.Supplier<Tensor> dense) {
    try {
      return new Gradient(matrix, dense.get());
    } catch (RuntimeException | Error e) {
      matrix.close();
      throw e;
    }
  }

  // ---- checks

  private static void requireOperand(String which, Tensor x, BsrMatrix s, int axis, long length) {
    Objects.requireNonNull(x, which);
    requireType(which, x, s.dtype());
    if ((x.rank() != 1 && x.rank() != 2) || x.length(axis) != length) {
      throw new IllegalArgumentException(
          NAME
              + ": "
              + which
              + " must be a matrix or a vector whose axis "
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
