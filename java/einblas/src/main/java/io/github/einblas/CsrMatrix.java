// Public API: a sparse matrix in compressed rows, and its products with dense tensors.
package io.github.einblas;

import io.github.einblas.internal.io.Npy;
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
 * <p>Values have any type that a tensor has. Products are computed in F32 and F64 and refuse
 * integers, as those of tensors do; {@link #to} converts. Integers of one place are added up as
 * Java adds them.
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
 */
public final class CsrMatrix implements AutoCloseable, MatrixOperator {
  private final CsrArrays plain;

  /** The arrays of the transposed matrix, made when they are first needed. */
  private volatile CsrArrays turned;

  private CsrMatrix(CsrArrays plain, CsrArrays turned) {
    this.plain = plain;
    this.turned = turned;
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
   * @param values value of each entry, of any type
   * @param indices column of each entry, I32 or I64
   * @param indptr rows + 1 numbers, I32 or I64: begins with 0, never falls, ends with the number of
   *     entries
   * @throws IllegalArgumentException if a length, a type or indptr is wrong
   * @throws IndexOutOfBoundsException naming the index that is no column
   */
  public static CsrMatrix of(
      Tensor values, Tensor indices, Tensor indptr, long rows, long columns) {
    return new CsrMatrix(CsrArrays.of(values, indices, indptr, rows, columns), null);
  }

  /** As {@link #of(Tensor, Tensor, Tensor, long, long)}. */
  public static CsrMatrix of(float[] values, int[] indices, int[] indptr, long rows, long columns) {
    return ofHeap(values, indices, indptr, rows, columns);
  }

  /** As {@link #of(Tensor, Tensor, Tensor, long, long)}. */
  public static CsrMatrix of(
      double[] values, int[] indices, int[] indptr, long rows, long columns) {
    return ofHeap(values, indices, indptr, rows, columns);
  }

  /** As {@link #of(Tensor, Tensor, Tensor, long, long)}. */
  public static CsrMatrix of(
      float[] values, long[] indices, long[] indptr, long rows, long columns) {
    return ofHeap(values, indices, indptr, rows, columns);
  }

  /** As {@link #of(Tensor, Tensor, Tensor, long, long)}. */
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

  /** From SciPy's three arrays of a CSC matrix: entries by column, their rows in indices. */
  static CsrMatrix ofColumns(
      Tensor values, Tensor indices, Tensor indptr, long rows, long columns) {
    CsrArrays given =
        CsrArrays.of(values, indices, indptr, /* rows= */ columns, /* columns= */ rows);
    try {
      return new CsrMatrix(given.turned(), given);
    } catch (RuntimeException | Error e) {
      given.close();
      throw e;
    }
  }

  /**
   * From triples (value, row, column) in any order, as SciPy's {@code coo_matrix}; those of one
   * place add up.
   *
   * @param values value of each entry, of any type
   * @param row row of each entry, I32 or I64
   * @param column column of each entry, I32 or I64
   * @throws IllegalArgumentException if a length or a type is wrong
   * @throws IndexOutOfBoundsException naming the index that is no row or column
   */
  public static CsrMatrix ofTriples(
      Tensor values, Tensor row, Tensor column, long rows, long columns) {
    return new CsrMatrix(CsrArrays.ofTriples(values, row, column, rows, columns), null);
  }

  /**
   * The elements of a dense matrix whose absolute value is above the threshold; NaN is kept.
   *
   * @param dense a tensor of rank 2, any type and strides
   * @param threshold 0 keeps all that is not zero
   */
  public static CsrMatrix ofDense(Tensor dense, double threshold) {
    return new CsrMatrix(CsrArrays.ofDense(dense, threshold), null);
  }

  /**
   * Reads a file of {@code scipy.sparse.save_npz}: format csr, csc or coo (of two axes), compressed
   * or not. Its arrays are checked as those of {@link Tensor#readNpz(Path, String)}.
   *
   * @throws NpyFormatException if the file is no such file, or its arrays are no matrix
   */
  public static CsrMatrix readNpz(Path file) throws IOException {
    return SparseNpz.readCsr(Objects.requireNonNull(file, "file"));
  }

  /**
   * Writes a file that {@code scipy.sparse.load_npz} reads, format csr, uncompressed, in the way of
   * {@link Tensor#writeNpy(Path, WriteOption...)}.
   */
  public void writeNpz(Path file, WriteOption... options) throws IOException {
    SparseNpz.write(this, Objects.requireNonNull(file, "file"), Npy.sync(options));
  }

  // ---- facts

  /** Number of rows. */
  @Override
  public long rows() {
    return plain.rows();
  }

  /** Number of columns. */
  @Override
  public long columns() {
    return plain.columns();
  }

  /** Number of rows and of columns. */
  @Override
  public long[] shape() {
    return new long[] {plain.rows(), plain.columns()};
  }

  /** Number of entries; those of one place count each. */
  public long entries() {
    return plain.entries();
  }

  /** Type of the values. */
  @Override
  public DType dtype() {
    return plain.dtype();
  }

  /** Entries per place: 1 for a full matrix. */
  public double density() {
    double places = (double) plain.rows() * plain.columns();
    return places == 0 ? 0 : plain.entries() / places;
  }

  /** Bytes of indptr, columns and values, without those of the transposed matrix. */
  public long nbytes() {
    return (plain.rows() + 1) * 8 + plain.entries() * (4 + plain.dtype().bytes());
  }

  /** Where each row begins: a new I64 tensor of rows + 1 numbers. */
  public Tensor indptr() {
    return plain.indptr().copy();
  }

  /** Column of each entry, rising within a row: a new I32 tensor. */
  public Tensor indices() {
    try (Tensor used = plain.indices().slice(0, 0, plain.entries())) {
      return used.copy();
    }
  }

  /** Value of each entry: a new tensor. */
  public Tensor values() {
    try (Tensor used = plain.values().slice(0, 0, plain.entries())) {
      return used.copy();
    }
  }

  /** Whether this matrix, or the one that it came from, was closed. */
  public boolean isClosed() {
    return plain.isClosed();
  }

  // ---- other matrices

  /**
   * The transposed matrix. Its arrays are made on first use, once for this matrix and for its
   * transposed products; they take as much memory as this matrix.
   */
  @Override
  public CsrMatrix transpose() {
    return new CsrMatrix(turnedArrays().view(), plain.view());
  }

  /**
   * The same elements in row-major order under another shape, such as 1666 x 23520 seen as 49980 x
   * 784. The values are shared, not copied; places are computed anew.
   *
   * @throws IllegalArgumentException if the number of places differs, or if there would be
   *     2<sup>31</sup> rows or columns or more
   */
  public CsrMatrix reshape(long rows, long columns) {
    return new CsrMatrix(plain.reshaped(rows, columns), null);
  }

  /**
   * The row-wise Khatri-Rao (face-splitting) product: row i of the result is the Kronecker product
   * of the rows i, {@code result[i, p * other.columns + q] = this[i, p] * other[i, q]}.
   *
   * @throws IllegalArgumentException if the rows or types differ, or the type is one of integers
   */
  public CsrMatrix khatriRao(CsrMatrix other) {
    Objects.requireNonNull(other, "other");
    requireFloating("csr Khatri-Rao");
    return new CsrMatrix(plain.khatriRao(other.plain), null);
  }

  /**
   * A new matrix of the same places with values of another type, converted as {@link Tensor#to}
   * does.
   *
   * @throws ArithmeticException if an I64 does not fit I32
   */
  public CsrMatrix to(DType dtype) {
    return new CsrMatrix(plain.converted(Objects.requireNonNull(dtype, "dtype")), null);
  }

  /** The dense matrix; entries of one place are added up. */
  @Override
  public Tensor toDense() {
    return plain.toDense();
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
    return CsrProduct.TIMES.of(this, x);
  }

  @Override
  public void timesInto(Tensor out, double alpha, double beta, Tensor x) {
    CsrProduct.TIMES.run(this, out, alpha, beta, x);
  }

  /**
   * {@code x A}, a new tensor. The transposed matrix is made on first use.
   *
   * @param x (rows) or (m, rows), any strides
   * @return (columns) or (m, columns)
   */
  @Override
  public Tensor timesLeft(Tensor x) {
    return CsrProduct.TIMES_LEFT.of(this, x);
  }

  @Override
  public void timesLeftInto(Tensor out, double alpha, double beta, Tensor x) {
    CsrProduct.TIMES_LEFT.run(this, out, alpha, beta, x);
  }

  /** Products, which are {@code name}d in the error text, refuse integers. */
  void requireFloating(String name) {
    if (!dtype().isFloating()) {
      throw new IllegalArgumentException(
          name
              + ": products are computed in F32 and F64 (CsrMatrix.to converts), got a matrix of "
              + plain.describe());
    }
  }

  /** The arrays of this matrix, or of the transposed one. */
  CsrArrays arrays(boolean transposed) {
    return transposed ? turnedArrays() : plain;
  }

  private CsrArrays turnedArrays() {
    CsrArrays known = turned;
    if (known != null) {
      return known;
    }
    synchronized (this) {
      if (turned == null) {
        turned = plain.turned();
      }
      return turned;
    }
  }

  // ---- advice

  /**
   * Explains a product with x: the structure, the work of the sparse and of the dense product, and
   * which of the two is likely to be faster. Reads nothing of x but its shape.
   */
  @Override
  public String explain(Tensor x) {
    return CsrAdvice.text(plain, CsrProduct.TIMES.columnsOf(this, x));
  }

  @Override
  public void close() {
    plain.close();
    synchronized (this) {
      if (turned != null) {
        turned.close();
      }
    }
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
