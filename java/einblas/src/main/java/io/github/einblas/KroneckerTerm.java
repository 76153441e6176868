// Kronecker: one factor as the operator keeps it.
package io.github.einblas;

import java.util.Arrays;

/**
 * A factor: dense (..., rows, columns), diagonal (a vector of length rows), or an identity (no
 * tensor).
 *
 * @param tensor a view of the caller's tensor, or null for an identity
 */
record KroneckerTerm(Tensor tensor, long rows, long columns) {
  static KroneckerTerm dense(Tensor t) {
    return new KroneckerTerm(t, t.length(t.rank() - 2), t.length(t.rank() - 1));
  }

  static KroneckerTerm identity(long n) {
    return new KroneckerTerm(null, n, n);
  }

  boolean isIdentity() {
    return tensor == null;
  }

  boolean isDiagonal() {
    return tensor != null && tensor.rank() == 1;
  }

  boolean isDense() {
    return tensor != null && tensor.rank() > 1;
  }

  boolean isSquare() {
    return rows == columns;
  }

  /** Leading axes of a dense factor. */
  int batchRank() {
    return isDense() ? tensor.rank() - 2 : 0;
  }

  KroneckerTerm transposed() {
    if (!isDense()) {
      return this;
    }
    int[] axes = new int[tensor.rank()];
    Arrays.setAll(axes, d -> d);
    axes[axes.length - 2] = axes.length - 1;
    axes[axes.length - 1] = axes.length - 2;
    return dense(tensor.permute(axes));
  }

  /** The factor in words, for errors and explanations. */
  String describe() {
    if (isIdentity()) {
      return "identity " + rows;
    }
    return isDiagonal() ? "diagonal " + rows : Arrays.toString(tensor.shapeRef());
  }
}
