// Kronecker: the entries of a sparse factor written to their places in a matrix, a row or a
// diagonal.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.sparse.Csr;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;

/**
 * Entries of a sparse factor, and where they stand in axes of a result: a place without an entry is
 * 0, whatever other factors hold.
 *
 * @param values one axis, in the type that they are computed in
 * @param places one row for each place, one column for each entry, and 1 where they belong
 *     together; real numbers
 * @param lengths of the axes that the places are
 */
record Spread(Strided values, Csr places, long[] lengths) implements AutoCloseable {
  private static Spread of(Entries e, long[] place, long... lengths) {
    long[] each = new long[e.count()];
    double[] one = new double[e.count()];
    Arrays.setAll(each, i -> i);
    Arrays.fill(one, 1);
    DType type = e.type().computeType();
    Strided values = Numbers.vector(type, e.value());
    boolean done = false;
    try {
      Entries places =
          new Entries(type.partType(), Views.size(lengths), e.count(), place, each, one);
      Spread made = new Spread(values, places.matrix(), lengths);
      done = true;
      return made;
    } finally {
      if (!done) {
        values.close();
      }
    }
  }

  /** All entries of a sparse factor, over its rows and columns. */
  static Spread all(Term t) {
    Entries e = Entries.of(t);
    return of(e, e.places(), e.rows(), e.columns());
  }

  /** Those of one row, over the columns. */
  static Spread row(Term t, long row) {
    Entries e = Entries.of(t, row, row + 1);
    return of(e, e.column(), e.columns());
  }

  /** Those on the diagonal of a square factor, over the columns. */
  static Spread diagonal(Term t) {
    Entries e = Entries.of(t).onDiagonal();
    return of(e, e.column(), e.columns());
  }

  /** A new tensor: the entries along an axis at their places. */
  Strided placed(Strided now, int axis) {
    long[] shape = now.shape().clone();
    shape[axis] = places.rows();
    Strided result = Strided.empty(now.dtype(), shape);
    boolean done = false;
    try {
      SparseAxis.run("Kronecker", places.arrays(false), now, result, axis, 1, 0);
      done = true;
      return result;
    } finally {
      if (!done) {
        result.close();
      }
    }
  }

  @Override
  public void close() {
    values.close();
    places.close();
  }
}
