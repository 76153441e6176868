// Kronecker: one factor as the operator keeps it.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.sparse.Csr;
import io.github.einblas.internal.sparse.CsrArrays;
import io.github.einblas.internal.tensor.Strided;
import java.util.Arrays;

/**
 * A factor: dense (..., rows, columns), diagonal (a vector of length rows), sparse (a CSR matrix),
 * or an identity (neither tensor nor matrix).
 *
 * @param tensor a view of the caller's tensor, or null for an identity and a sparse factor
 * @param csr the caller's matrix when the factor is sparse, else null
 * @param turned whether the sparse factor is the matrix transposed
 * @param conjugate whether it has the conjugates of the matrix's values
 */
public record Term(
    Strided tensor, Csr csr, boolean turned, boolean conjugate, long rows, long columns) {
  static Term dense(Strided t) {
    return new Term(t, null, false, false, t.length(t.rank() - 2), t.length(t.rank() - 1));
  }

  /** A caller's tensor as factor i. */
  public static Term dense(Strided t, int i) {
    if (t.rank() < 2 || !Strided.isMultiplied(t.dtype())) {
      throw new IllegalArgumentException(
          "Kronecker: factor "
              + i
              + " must be a matrix of "
              + Strided.MULTIPLIED
              + ", got "
              + t.describe());
    }
    return dense(view(t));
  }

  static Term diagonal(Strided vector) {
    return new Term(vector, null, false, false, vector.length(0), vector.length(0));
  }

  /** The diagonal matrix of a caller's vector. */
  public static Term diagonalOf(Strided vector) {
    if (vector.rank() != 1 || !Strided.isMultiplied(vector.dtype())) {
      throw new IllegalArgumentException(
          "Kronecker diagonal: needs a vector of "
              + Strided.MULTIPLIED
              + ", got "
              + vector.describe());
    }
    return diagonal(view(vector));
  }

  static Term sparse(Csr csr, boolean turned, boolean conjugate) {
    long rows = turned ? csr.columns() : csr.rows();
    long columns = turned ? csr.rows() : csr.columns();
    return new Term(null, csr, turned, conjugate, rows, columns);
  }

  /** A caller's matrix as factor i. */
  public static Term sparse(Csr csr, int i) {
    if (!Strided.isMultiplied(csr.dtype())) {
      throw new IllegalArgumentException(
          "Kronecker: factor "
              + i
              + " is a sparse matrix of "
              + csr.dtype()
              + "; factors have "
              + Strided.MULTIPLIED
              + " (CsrMatrix.to converts)");
    }
    return sparse(csr, false, false);
  }

  static Term identity(long n) {
    return new Term(null, null, false, false, n, n);
  }

  /** A view of the factor's own: it stays when the caller closes a view of the same memory. */
  private static Strided view(Strided t) {
    return t.view(t.geometry());
  }

  public boolean isIdentity() {
    return tensor == null && csr == null;
  }

  public boolean isDiagonal() {
    return tensor != null && tensor.rank() == 1;
  }

  public boolean isDense() {
    return tensor != null && tensor.rank() > 1;
  }

  public boolean isSparse() {
    return csr != null;
  }

  public boolean isSquare() {
    return rows == columns;
  }

  boolean isClosed() {
    return tensor != null ? tensor.isClosed() : csr != null && csr.isClosed();
  }

  /** Type of the numbers, null for an identity. */
  DType dtype() {
    return tensor != null ? tensor.dtype() : csr != null ? csr.dtype() : null;
  }

  /** Leading axes of a dense factor. */
  public int batchRank() {
    return isDense() ? tensor.rank() - 2 : 0;
  }

  /** A dense or diagonal factor's diagonal, behind its batch axes. */
  Strided diagonalTensor() {
    return isDiagonal()
        ? tensor
        : tensor.view(tensor.geometry().diagonal(batchRank(), batchRank() + 1));
  }

  /** The arrays of a sparse factor, or of the factor transposed. */
  CsrArrays arrays(boolean transposed) {
    CsrArrays own = csr.arrays(transposed != turned);
    return conjugate ? own.conj() : own;
  }

  Term transposed() {
    if (isSparse()) {
      return sparse(csr, !turned, conjugate);
    }
    if (!isDense()) {
      return this;
    }
    int[] axes = new int[tensor.rank()];
    Arrays.setAll(axes, d -> d);
    axes[axes.length - 2] = axes.length - 1;
    axes[axes.length - 1] = axes.length - 2;
    return dense(tensor.permute(axes));
  }

  /** The conjugate transpose, where the factor lies. */
  Term adjoint() {
    Term t = transposed();
    if (t.isSparse()) {
      return sparse(csr, t.turned, csr.dtype().isComplex() && !conjugate);
    }
    if (t.isDense()) {
      return dense(t.tensor.conj());
    }
    return t.isDiagonal() ? diagonal(t.tensor.conj()) : t;
  }

  /** The factor in words, for errors and explanations. */
  String describe() {
    if (isIdentity()) {
      return "identity " + rows;
    }
    if (isSparse()) {
      return "csr [" + rows + ", " + columns + "] of " + csr.entries() + " entries";
    }
    return isDiagonal() ? "diagonal " + rows : Arrays.toString(tensor.shape());
  }
}
