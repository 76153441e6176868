// Public API: a sparse matrix in compressed rows, and its products with dense tensors.
package io.github.einblas;

import io.github.einblas.internal.io.Npy;
import io.github.einblas.internal.sparse.Csr;
import io.github.einblas.internal.sparse.CsrAdvice;
import io.github.einblas.internal.sparse.CsrProduct;
import io.github.einblas.internal.sparse.SparseNpz;
import io.github.einblas.internal.tensor.Scope;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;

/**
 * A sparse matrix in SciPy's CSR form: entry {@code e} of row {@code i}, {@code indptr[i] <= e <
 * indptr[i+1]}, stands in column {@code indices[e]} and has the value {@code values[e]}. Columns
 * may come in any order, and entries of one place add up; they are sorted by column when the matrix
 * is made, and kept apart. Rows and columns below 2<sup>31</sup>, entries as many as memory holds.
 *
 * <p>Values are BF16, F16, F32, F64, C64, C128, I32 or I64. Products take one type and refuse
 * integers; {@link #to} converts. BF16 and F16 are multiplied and added up in F32, with alpha and
 * beta, and rounded once, to nearest even. Integers of one place are added up as Java adds them.
 *
 * <p>Immutable, and usable by many threads at once: all that it is made from is copied and checked
 * once. {@link #close()} frees it and ends what {@link #transpose()} and {@link #reshape} gave; a
 * matrix that is never closed is freed some time after it became unreachable.
 *
 * <p>Products take dense tensors of any strides, and vectors. Only rows of the dense operand that
 * an entry selects are multiplied: NaN elsewhere stays out. {@code alpha = 0} reads no operand,
 * {@code beta = 0} does not read the output. The result has the same bits for any number of
 * threads. Every method checks all it is given before it writes: {@link IllegalArgumentException}
 * for shapes, types or an output that shares elements with the operand, {@link
 * IllegalStateException} for something closed.
 *
 * <pre>{@code
 * CsrMatrix a = CsrMatrix.ofDense(Tensor.of(new double[] {1, 0, 2, 0, 0, 3}, 2, 3), 0);
 * Tensor y = a.times(Tensor.of(new double[] {1, 1, 1}));
 * System.out.println(y); // [3., 3.] shape=[2] dtype=F64
 * }</pre>
 */
public final class CsrMatrix implements AutoCloseable, MatrixOperator {
  private final Csr core;

  private CsrMatrix(Csr core) {
    this.core = core;
    Scope.made(core, core::isClosed);
    Scope.watch(core.arrays(false).values());
  }

  /** What the implementation knows of this matrix. */
  Csr core() {
    return core;
  }

  // ---- made from data

  /**
   * From SciPy's three arrays in SciPy's order, each a tensor of rank 1 with any stride.
   *
   * <pre>{@code
   * // 1 0 2
   * // 0 0 3
   * CsrMatrix a = CsrMatrix.of(new float[] {1, 2, 3}, new int[] {0, 2, 2}, new int[] {0, 2, 3}, 2, 3);
   * }</pre>
   *
   * @param values value of each entry, of BF16, F16, F32, F64, C64, C128, I32 or I64
   * @param indices column of each entry, I32 or I64
   * @param indptr rows + 1 numbers, I32 or I64: begins with 0, never falls, ends with the number of
   *     entries
   * @param rows number of rows
   * @param columns number of columns
   * @return the matrix
   * @throws IllegalArgumentException if a length, a type or indptr is wrong
   * @throws IndexOutOfBoundsException naming the index that is no column
   */
  public static CsrMatrix of(
      Tensor values, Tensor indices, Tensor indptr, long rows, long columns) {
    return new CsrMatrix(
        Csr.of(
            Objects.requireNonNull(values, "values").strided(),
            Objects.requireNonNull(indices, "indices").strided(),
            Objects.requireNonNull(indptr, "indptr").strided(),
            rows,
            columns));
  }

  /**
   * As {@link #of(Tensor, Tensor, Tensor, long, long)}.
   *
   * @param values value of each entry
   * @param indices column of each entry
   * @param indptr where each row begins, and the number of entries at the end
   * @param rows number of rows
   * @param columns number of columns
   * @return the matrix
   */
  public static CsrMatrix of(float[] values, int[] indices, int[] indptr, long rows, long columns) {
    return ofHeap(values, indices, indptr, rows, columns);
  }

  /**
   * As {@link #of(Tensor, Tensor, Tensor, long, long)}.
   *
   * @param values value of each entry
   * @param indices column of each entry
   * @param indptr where each row begins, and the number of entries at the end
   * @param rows number of rows
   * @param columns number of columns
   * @return the matrix
   */
  public static CsrMatrix of(
      double[] values, int[] indices, int[] indptr, long rows, long columns) {
    return ofHeap(values, indices, indptr, rows, columns);
  }

  /**
   * As {@link #of(Tensor, Tensor, Tensor, long, long)}.
   *
   * @param values value of each entry
   * @param indices column of each entry
   * @param indptr where each row begins, and the number of entries at the end
   * @param rows number of rows
   * @param columns number of columns
   * @return the matrix
   */
  public static CsrMatrix of(
      float[] values, long[] indices, long[] indptr, long rows, long columns) {
    return ofHeap(values, indices, indptr, rows, columns);
  }

  /**
   * As {@link #of(Tensor, Tensor, Tensor, long, long)}.
   *
   * @param values value of each entry
   * @param indices column of each entry
   * @param indptr where each row begins, and the number of entries at the end
   * @param rows number of rows
   * @param columns number of columns
   * @return the matrix
   */
  public static CsrMatrix of(
      double[] values, long[] indices, long[] indptr, long rows, long columns) {
    return ofHeap(values, indices, indptr, rows, columns);
  }

  private static CsrMatrix ofHeap(
      Object values, Object indices, Object indptr, long rows, long columns) {
    try (Tensor v = tensor("values", values);
        Tensor i = tensor("indices", indices);
        Tensor p = tensor("indptr", indptr)) {
      return of(v, i, p, rows, columns);
    }
  }

  private static Tensor tensor(String name, Object array) {
    Objects.requireNonNull(array, name);
    if (array instanceof int[] numbers) {
      return Tensor.of(numbers);
    }
    if (array instanceof long[] numbers) {
      return Tensor.of(numbers);
    }
    return array instanceof float[] numbers ? Tensor.of(numbers) : Tensor.of((double[]) array);
  }

  /**
   * From triples (value, row, column) in any order, as SciPy's {@code coo_matrix}; those of one
   * place add up.
   *
   * @param values value of each entry, of BF16, F16, F32, F64, C64, C128, I32 or I64
   * @param row row of each entry, I32 or I64
   * @param column column of each entry, I32 or I64
   * @param rows number of rows
   * @param columns number of columns
   * @return the matrix
   * @throws IllegalArgumentException if a length or a type is wrong
   * @throws IndexOutOfBoundsException naming the index that is no row or column
   */
  public static CsrMatrix ofTriples(
      Tensor values, Tensor row, Tensor column, long rows, long columns) {
    return new CsrMatrix(
        Csr.ofTriples(
            Objects.requireNonNull(values, "values").strided(),
            Objects.requireNonNull(row, "row").strided(),
            Objects.requireNonNull(column, "column").strided(),
            rows,
            columns));
  }

  /**
   * {@return the elements of a dense matrix whose absolute value is above the threshold; NaN is
   * kept}
   *
   * @param dense a tensor of rank 2 and of any strides, of a type that values have
   * @param threshold 0 keeps all that is not zero
   */
  public static CsrMatrix ofDense(Tensor dense, double threshold) {
    return new CsrMatrix(Csr.ofDense(Objects.requireNonNull(dense, "dense").strided(), threshold));
  }

  /**
   * Reads a file of {@code scipy.sparse.save_npz}: format csr, csc or coo (of two axes), compressed
   * or not. Its arrays are checked as those of {@link Tensor#readNpz(Path, String)}.
   *
   * @param file path of the file
   * @return the matrix
   * @throws NpyFormatException if the file is no such file, or its arrays are no matrix
   */
  public static CsrMatrix readNpz(Path file) throws IOException {
    return new CsrMatrix(SparseNpz.readCsr(Objects.requireNonNull(file, "file")));
  }

  /**
   * Writes a file that {@code scipy.sparse.load_npz} reads, format csr, uncompressed, in the way of
   * {@link Tensor#writeNpy(Path, WriteOption...)}.
   *
   * @param file path of the file
   * @param options {@link WriteOption#SYNC}, or none
   * @throws IOException if it cannot be written
   */
  public void writeNpz(Path file, WriteOption... options) throws IOException {
    SparseNpz.write(core, Objects.requireNonNull(file, "file"), Npy.sync(options));
  }

  // ---- facts

  /** Number of rows. */
  @Override
  public long rows() {
    return core.rows();
  }

  /** Number of columns. */
  @Override
  public long columns() {
    return core.columns();
  }

  /** Number of rows and of columns. */
  @Override
  public long[] shape() {
    return new long[] {core.rows(), core.columns()};
  }

  /** {@return number of entries; those of one place count each} */
  public long entries() {
    return core.entries();
  }

  /** Type of the values. */
  @Override
  public DType dtype() {
    return core.dtype();
  }

  /** {@return entries per place: 1 for a full matrix} */
  public double density() {
    double places = (double) core.rows() * core.columns();
    return places == 0 ? 0 : core.entries() / places;
  }

  /** {@return bytes of indptr, columns and values, without those of the transposed matrix} */
  public long nbytes() {
    return (core.rows() + 1) * 8 + core.entries() * (4 + core.dtype().bytes());
  }

  /** {@return where each row begins: a new I64 tensor of rows + 1 numbers} */
  public Tensor indptr() {
    return new Tensor(TensorCopy.copy(core.arrays(false).indptr()));
  }

  /** {@return column of each entry, rising within a row: a new I32 tensor} */
  public Tensor indices() {
    return copyOfUsed(core.arrays(false).indices());
  }

  /** {@return value of each entry: a new tensor} */
  public Tensor values() {
    return copyOfUsed(core.arrays(false).values());
  }

  /** Without the room behind the entries. */
  private Tensor copyOfUsed(Strided array) {
    try (Strided used = array.slice(0, 0, core.entries())) {
      return new Tensor(TensorCopy.copy(used));
    }
  }

  /** {@return whether this matrix, or the one that it came from, was closed} */
  public boolean isClosed() {
    return core.isClosed();
  }

  // ---- other matrices

  /**
   * The transposed matrix. Its arrays are made on first use, once for this matrix and for its
   * transposed products; they take as much memory as this matrix.
   */
  @Override
  public CsrMatrix transpose() {
    return new CsrMatrix(core.transpose());
  }

  /**
   * {@return the conjugates of the values: a view, which shares this matrix's arrays} Products read
   * it as such, without a copy. Of real values the values themselves.
   *
   * <pre>{@code
   * CsrMatrix h = a.adjoint();  // a.transpose().conj()
   * Tensor y = h.times(x);      // A^H x
   * }</pre>
   */
  public CsrMatrix conj() {
    return new CsrMatrix(core.conj());
  }

  /** {@return the transposed matrix of conjugates, {@code transpose().conj()}} */
  public CsrMatrix adjoint() {
    try (CsrMatrix turned = transpose()) {
      return turned.conj();
    }
  }

  /**
   * {@return the same elements in row-major order under another shape, such as 1666 x 23520 seen as
   * 49980 x 784} The values are shared, not copied; places are computed anew.
   *
   * @param rows number of rows
   * @param columns number of columns
   * @throws IllegalArgumentException if the number of places differs, or if there would be
   *     2<sup>31</sup> rows or columns or more
   */
  public CsrMatrix reshape(long rows, long columns) {
    return new CsrMatrix(core.reshape(rows, columns));
  }

  /**
   * {@return the row-wise Khatri-Rao (face-splitting) product: row i of the result is the Kronecker
   * product of the rows i, {@code result[i, p * other.columns + q] = this[i, p] * other[i, q]}}
   *
   * @param other matrix of as many rows and the same type
   * @throws IllegalArgumentException if the rows or types differ, or the type is one of integers
   */
  public CsrMatrix khatriRao(CsrMatrix other) {
    return new CsrMatrix(core.khatriRao(Objects.requireNonNull(other, "other").core));
  }

  /**
   * {@return a new matrix of the same places with values of another type, converted as {@link
   * Tensor#to} does}
   *
   * @param dtype type of the values
   * @throws ArithmeticException if an I64 does not fit I32
   * @throws IllegalArgumentException if values have not that type, or imaginary parts would be lost
   */
  public CsrMatrix to(DType dtype) {
    return new CsrMatrix(core.to(Objects.requireNonNull(dtype, "dtype")));
  }

  /** The dense matrix; entries of one place are added up. */
  @Override
  public Tensor toDense() {
    return new Tensor(core.toDense());
  }

  // ---- products

  /**
   * {@code A x}, a new tensor.
   *
   * @param x (columns) or (columns, n), any strides
   * @return (rows) or (rows, n)
   */
  @Override
  public Tensor times(Tensor x) {
    return new Tensor(CsrProduct.TIMES.of(core, Objects.requireNonNull(x, "x").strided()));
  }

  @Override
  public void timesInto(Tensor out, double alpha, double beta, Tensor x) {
    CsrProduct.TIMES.run(
        core,
        Objects.requireNonNull(out, "out").strided(),
        alpha,
        beta,
        Objects.requireNonNull(x, "x").strided());
  }

  /**
   * {@code x A}, a new tensor. The transposed matrix is made on first use.
   *
   * @param x (rows) or (m, rows), any strides
   * @return (columns) or (m, columns)
   */
  @Override
  public Tensor timesLeft(Tensor x) {
    return new Tensor(CsrProduct.TIMES_LEFT.of(core, Objects.requireNonNull(x, "x").strided()));
  }

  @Override
  public void timesLeftInto(Tensor out, double alpha, double beta, Tensor x) {
    CsrProduct.TIMES_LEFT.run(
        core,
        Objects.requireNonNull(out, "out").strided(),
        alpha,
        beta,
        Objects.requireNonNull(x, "x").strided());
  }

  /**
   * {@return the product {@code x y} of two dense matrices where {@code pattern} has entries: a new
   * matrix with the same entries, each with the value of its place (entries of one place have it
   * each)} The rest of the product is not computed, and the pattern's values are not read.
   *
   * @param pattern matrix whose places are computed
   * @param x (rows of the pattern, k), of any strides
   * @param y (k, columns of the pattern), of any strides
   */
  public static CsrMatrix sampledMatmul(CsrMatrix pattern, Tensor x, Tensor y) {
    return new CsrMatrix(
        Objects.requireNonNull(pattern, "pattern")
            .core
            .sampled(
                Objects.requireNonNull(x, "x").strided(),
                Objects.requireNonNull(y, "y").strided()));
  }

  /**
   * Gradients of a product; each is new.
   *
   * @param x gradient of the dense operand
   * @param matrix gradient of the entries' values, with the matrix's entries
   */
  public record Gradient(Tensor x, CsrMatrix matrix) implements AutoCloseable {
    @Override
    public void close() {
      x.close();
      matrix.close();
    }
  }

  /**
   * {@return gradients of {@link #times} at x for the upstream gradient g of its result: {@code A^T
   * g}, and {@code g x^T} at the entries; with the conjugates of A and x where they are complex, by
   * PyTorch's convention}
   *
   * @param x dense operand of any strides
   * @param g gradient of a loss for the result, of its shape and type
   */
  public Gradient timesGradient(Tensor x, Tensor g) {
    return gradient(CsrProduct.TIMES, x, g);
  }

  /**
   * {@return gradients of {@link #timesLeft} at x for the upstream gradient g of its result: {@code
   * g A^T}, and {@code x^T g} at the entries; conjugated as in {@link #timesGradient}}
   *
   * @param x dense operand of any strides
   * @param g gradient of a loss for the result, of its shape and type
   */
  public Gradient timesLeftGradient(Tensor x, Tensor g) {
    return gradient(CsrProduct.TIMES_LEFT, x, g);
  }

  private Gradient gradient(CsrProduct product, Tensor x, Tensor g) {
    product.requireGradient(
        core, Objects.requireNonNull(x, "x").strided(), Objects.requireNonNull(g, "g").strided());
    boolean left = product == CsrProduct.TIMES_LEFT;
    try (Tensor conjugate = x.conj()) {
      Tensor first = left ? conjugate : g;
      Tensor second = left ? g : conjugate;
      return gradient(left, first, second, g);
    }
  }

  private Gradient gradient(boolean left, Tensor first, Tensor second, Tensor g) {
    try (Tensor rows =
            first.rank() == 1 ? first.unsqueeze(1) : left ? first.transpose() : view(first);
        Tensor columns =
            second.rank() == 1 ? second.unsqueeze(0) : left ? view(second) : second.transpose()) {
      CsrMatrix matrix = sampledMatmul(this, rows, columns);
      try (CsrMatrix back = adjoint()) {
        return new Gradient(left ? back.timesLeft(g) : back.times(g), matrix);
      } catch (RuntimeException | Error e) {
        matrix.close();
        throw e;
      }
    }
  }

  private static Tensor view(Tensor t) {
    return t.permute(0, 1);
  }

  // ---- advice

  /**
   * Explains a product with x: the structure, the work of the sparse and of the dense product, and
   * which of the two is likely to be faster. Reads nothing of x but its shape.
   */
  @Override
  public String explain(Tensor x) {
    long columns = CsrProduct.TIMES.columnsOf(core, Objects.requireNonNull(x, "x").strided());
    return CsrAdvice.text(core.arrays(false), columns);
  }

  @Override
  public void close() {
    core.close();
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "CsrMatrix(%d x %d, %d entries, %.3g %%, %s%s)",
        rows(),
        columns(),
        entries(),
        100 * density(),
        dtype(),
        isClosed() ? ", closed" : "");
  }
}
