// CSR matrices: what arrays and operands must be, and what is said of those that are not.
package io.github.einblas.internal.sparse;

import io.github.einblas.DType;
import io.github.einblas.internal.tensor.Strided;

/** Checks of what matrices are made of. */
final class CsrChecks {
  private static final long MOST = Integer.MAX_VALUE;

  /** Numbers that einblas_csr_import and einblas_csr_from_coo may find wrong. */
  private static final int FIRST_NOT_ZERO = 1;

  private static final int FALLS = 2;
  private static final int LAST_NOT_COUNT = 3;
  private static final int COLUMN_RANGE = 4;

  private CsrChecks() {}

  /** Refuses arrays in which the library found something wrong. */
  static void refuse(boolean triples, long[] finding, long rows, long columns, long entries) {
    if (finding[0] == 0) {
      return;
    }
    long at = finding[1];
    long value = finding[2];
    throw switch ((int) finding[0]) {
      case FIRST_NOT_ZERO -> new IllegalArgumentException("csr: indptr[0] must be 0, got " + value);
      case FALLS ->
          new IllegalArgumentException(
              "csr: indptr must not fall, but indptr["
                  + at
                  + "] is "
                  + value
                  + ", less than indptr["
                  + (at - 1)
                  + "]");
      case LAST_NOT_COUNT ->
          new IllegalArgumentException(
              "csr: indptr must end with the number of entries, "
                  + entries
                  + ", but indptr["
                  + at
                  + "] is "
                  + value);
      case COLUMN_RANGE -> outside(triples ? "column" : "indices", at, value, "columns", columns);
      default -> outside("row", at, value, "rows", rows);
    };
  }

  private static IndexOutOfBoundsException outside(
      String which, long at, long value, String what, long count) {
    return new IndexOutOfBoundsException(
        "csr: "
            + which
            + "["
            + at
            + "] is "
            + value
            + ", but there are "
            + count
            + " "
            + what
            + ": 0 to "
            + (count - 1));
  }

  /** Refuses operands of another type or shape than a sampled product of a matrix takes. */
  static void requireSampled(
      String name, String matrix, Strided values, long rows, long columns, Strided x, Strided y) {
    boolean fits =
        x.rank() == 2
            && y.rank() == 2
            && x.dtype() == values.dtype()
            && y.dtype() == values.dtype()
            && x.length(0) == rows
            && y.length(1) == columns
            && x.length(1) == y.length(0);
    if (!fits) {
      throw new IllegalArgumentException(
          name
              + ": a matrix of "
              + matrix
              + " needs tensors of its type and of shapes ("
              + rows
              + ", k) and (k, "
              + columns
              + "), got "
              + x.describe()
              + " and "
              + y.describe());
    }
  }

  /** Refuses more rows or columns than there may be. */
  static void requireSize(String name, long rows, long columns) {
    if (rows < 0 || rows > MOST || columns < 0 || columns > MOST) {
      throw new IllegalArgumentException(
          name
              + ": rows and columns must be from 0 to 2^31 - 1 (a column is stored in 4 bytes), got"
              + " "
              + rows
              + " x "
              + columns);
    }
  }

  /** Refuses what is no list of indices. */
  static void requireIndex(String name, String which, Strided t) {
    if (t.rank() != 1 || !t.holdsIndices()) {
      throw new IllegalArgumentException(
          name + ": " + which + " must be an I32 or I64 tensor of rank 1, got " + t.describe());
    }
  }

  /** Refuses what is no list of values. */
  static void requireValues(String name, Strided t) {
    if (t.rank() != 1) {
      throw new IllegalArgumentException(
          name + ": values must be a tensor of rank 1, got " + t.describe());
    }
    requireType(name, t.dtype());
  }

  /** Refuses a type that values have not. */
  static void requireType(String name, DType type) {
    if (!Strided.isMultiplied(type) && !Strided.holdsIndices(type)) {
      throw new IllegalArgumentException(
          name
              + ": values are of "
              + Strided.MULTIPLIED
              + ", or of I32 or I64, got "
              + type
              + "; Tensor.to converts");
    }
  }

  /** Refuses another number of indices than of values. */
  static void requireAsMany(String name, String which, Strided t, Strided values) {
    if (t.size() != values.size()) {
      throw new IllegalArgumentException(
          name + ": " + t.size() + " " + which + " for " + values.size() + " values");
    }
  }
}
