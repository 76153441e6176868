// CSR matrices: the core: the arrays, and those of the transposed matrix once they are needed.
package io.github.einblas.internal.sparse;

import io.github.einblas.DType;
import io.github.einblas.internal.tensor.Strided;

/** A matrix of entries. Immutable, and usable by many threads at once. */
public final class Csr implements AutoCloseable {
  private final CsrArrays plain;

  /** The arrays of the transposed matrix, made when they are first needed. */
  private volatile CsrArrays turned;

  /** The matrix that this one has the widened values of, else null. */
  private final Csr narrow;

  private Csr(CsrArrays plain, CsrArrays turned) {
    this(plain, turned, null);
  }

  private Csr(CsrArrays plain, CsrArrays turned, Csr narrow) {
    this.plain = plain;
    this.turned = turned;
    this.narrow = narrow;
  }

  /** From SciPy's three arrays. */
  public static Csr of(Strided values, Strided indices, Strided indptr, long rows, long columns) {
    return new Csr(CsrArrays.of(values, indices, indptr, rows, columns), null);
  }

  /** From SciPy's three arrays of a CSC matrix: entries by column, their rows in indices. */
  static Csr ofColumns(Strided values, Strided indices, Strided indptr, long rows, long columns) {
    CsrArrays given =
        CsrArrays.of(values, indices, indptr, /* rows= */ columns, /* columns= */ rows);
    try {
      return new Csr(given.turned(), given);
    } catch (RuntimeException | Error e) {
      given.close();
      throw e;
    }
  }

  /** From triples in any order. */
  public static Csr ofTriples(
      Strided values, Strided row, Strided column, long rows, long columns) {
    return new Csr(CsrArrays.ofTriples(values, row, column, rows, columns), null);
  }

  /** The elements above a threshold. */
  public static Csr ofDense(Strided dense, double threshold) {
    return new Csr(CsrArrays.ofDense(dense, threshold), null);
  }

  // ---- facts

  /** Number of rows. */
  public long rows() {
    return plain.rows();
  }

  /** Number of columns. */
  public long columns() {
    return plain.columns();
  }

  /** Number of entries. */
  public long entries() {
    return plain.entries();
  }

  /** Type of the values. */
  public DType dtype() {
    return plain.dtype();
  }

  /** Whether this matrix, or the one that it came from, was closed. */
  public boolean isClosed() {
    return plain.isClosed();
  }

  /** Products, which are {@code name}d in the error text, refuse integers. */
  public void requireMultiplied(String name) {
    if (!Strided.isMultiplied(dtype())) {
      throw new IllegalArgumentException(
          name
              + ": products are computed in "
              + Strided.MULTIPLIED
              + " (CsrMatrix.to converts), got a matrix of "
              + plain.describe());
    }
  }

  /** The arrays of this matrix, or of the transposed one. */
  public CsrArrays arrays(boolean transposed) {
    return transposed ? turnedArrays() : plain;
  }

  private CsrArrays turnedArrays() {
    CsrArrays known = turned;
    if (known != null) {
      return known;
    }
    synchronized (this) {
      if (turned == null) {
        turned = narrow == null ? plain.turned() : narrow.turnedArrays().widened();
      }
      return turned;
    }
  }

  // ---- other matrices

  /** The transposed matrix, which shares the arrays of both. */
  public Csr transpose() {
    return new Csr(turnedArrays().view(), plain.view());
  }

  /** The conjugates of the values: a matrix of the same arrays. */
  public Csr conj() {
    CsrArrays known = turned;
    return new Csr(plain.conj(), known == null ? null : known.conj());
  }

  /** The same entries in row-major order under another shape. */
  public Csr reshape(long rows, long columns) {
    return new Csr(plain.reshaped(rows, columns), null);
  }

  /**
   * The same places, which are shared, beside copies of the values in the type that their products
   * are added up in: F32 for 16-bit floats. Its transposed matrix has the places of this one's.
   */
  public Csr widened() {
    return new Csr(plain.widened(), null, this);
  }

  /** Row-wise Kronecker products. */
  public Csr khatriRao(Csr other) {
    requireMultiplied("csr Khatri-Rao");
    return new Csr(plain.khatriRao(other.plain), null);
  }

  /** The same places with values of another type. */
  public Csr to(DType dtype) {
    return new Csr(plain.converted(dtype), null);
  }

  /** The same places, values those of the product of two dense matrices. */
  public Csr sampled(Strided x, Strided y) {
    requireMultiplied("sampled csr product");
    return new Csr(plain.sampled(x, y), null);
  }

  /** The dense matrix. */
  public Strided toDense() {
    return plain.toDense();
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
}
