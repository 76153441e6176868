// CSR matrices: the three native arrays of one matrix, checked once and never changed.
package io.github.einblas.internal.sparse;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.NativeCsr;
import io.github.einblas.internal.natives.NativeSparse;
import io.github.einblas.internal.tensor.Elements;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import java.util.Arrays;

/**
 * indptr (I64), columns (I32, sorted within rows) and values of a matrix; columns and values have
 * room for the padding that kernels may read.
 *
 * @param longest entries of the longest row
 */
@SuppressWarnings("try") // leases are closed for what they hold, not read
public record CsrArrays(
    long rows,
    long columns,
    long entries,
    long longest,
    Strided indptr,
    Strided indices,
    Strided values) {
  private static final long MOST = Integer.MAX_VALUE;
  private static final String SAMPLED = "sampled csr product";

  /** Numbers that einblas_csr_import and einblas_csr_from_coo may find wrong. */
  private static final int FIRST_NOT_ZERO = 1;

  private static final int FALLS = 2;
  private static final int LAST_NOT_COUNT = 3;
  private static final int COLUMN_RANGE = 4;

  /** Type of the values. */
  public DType dtype() {
    return values.dtype();
  }

  /** Sizes and addresses; only while the arrays are in use. */
  public NativeCsr forNative() {
    return new NativeCsr(
        dtype(),
        rows,
        columns,
        entries,
        longest,
        indptr.address(),
        indices.address(),
        values.address());
  }

  // ---- made

  static CsrArrays of(Strided values, Strided indices, Strided indptr, long rows, long columns) {
    requireSize("csr", rows, columns);
    requireIndex("csr", "indptr", indptr);
    requireIndex("csr", "indices", indices);
    requireValues("csr", values);
    if (indptr.size() != rows + 1) {
      throw new IllegalArgumentException(
          "csr: indptr of a matrix with "
              + rows
              + " rows needs "
              + (rows + 1)
              + " numbers, got "
              + indptr.size());
    }
    requireAsMany("csr", "indices", indices, values);
    return imported(false, rows, columns, indptr, indices, values);
  }

  static CsrArrays ofTriples(Strided values, Strided row, Strided column, long rows, long columns) {
    requireSize("csr of triples", rows, columns);
    requireIndex("csr of triples", "row", row);
    requireIndex("csr of triples", "column", column);
    requireValues("csr of triples", values);
    requireAsMany("csr of triples", "row", row, values);
    requireAsMany("csr of triples", "column", column, values);
    return imported(true, rows, columns, row, column, values);
  }

  private static CsrArrays imported(
      boolean triples, long rows, long columns, Strided first, Strided second, Strided values) {
    long entries = values.size();
    long[] finding = new long[4];
    CsrArrays made = empty(rows, columns, entries, values.dtype());
    try (Strided a = TensorCopy.contiguous(first);
        Strided b = TensorCopy.contiguous(second);
        Strided v = TensorCopy.contiguous(values);
        Lease use = Lease.of(new Words("csr", "", "an array"), null, a, b, v)) {
      NativeSparse.csrImport(
          triples,
          values.dtype(),
          new long[] {rows, columns, entries},
          new long[] {a.address(), b.address(), v.address()},
          a.dtype(),
          b.dtype(),
          made.addresses(),
          finding);
      refuse(triples, finding, rows, columns, entries);
      return made.withLongest(finding[3]);
    } catch (RuntimeException | Error e) {
      made.close();
      throw e;
    }
  }

  private static void refuse(
      boolean triples, long[] finding, long rows, long columns, long entries) {
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

  static CsrArrays ofDense(Strided dense, double threshold) {
    if (dense.rank() != 2) {
      throw new IllegalArgumentException(
          "csr of dense data needs a tensor of rank 2, got " + dense.describe());
    }
    requireType("csr of dense data", dense.dtype());
    if (!(threshold >= 0)) {
      throw new IllegalArgumentException(
          "csr of dense data: the threshold must be 0 or more, got " + threshold);
    }
    long rows = dense.length(0);
    long columns = dense.length(1);
    requireSize("csr of dense data", rows, columns);
    long[] sizes = {rows, columns};
    DType dtype = dense.dtype();
    Strided indptr = Strided.empty(DType.I64, rows + 1);
    CsrArrays made = null;
    try (Lease use = Lease.of(new Words("csr of dense data", "", "dense"), null, dense)) {
      NativeSparse.csrCount(
          dtype, sizes, dense.address(), dense.strides(), threshold, indptr.address());
      made = with(indptr, rows, columns, dense.dtype());
      NativeSparse.csrFill(
          dtype, sizes, dense.address(), dense.strides(), threshold, made.addresses());
      return made;
    } catch (RuntimeException | Error e) {
      indptr.close();
      if (made != null) {
        made.close();
      }
      throw e;
    }
  }

  private static CsrArrays empty(long rows, long columns, long entries, DType dtype) {
    Strided indptr = Strided.empty(DType.I64, rows + 1);
    try {
      return room(indptr, rows, columns, entries, 0, dtype);
    } catch (RuntimeException | Error e) {
      indptr.close();
      throw e;
    }
  }

  /** Room for the entries that a finished indptr counts. */
  private static CsrArrays with(Strided indptr, long rows, long columns, DType dtype) {
    long longest = NativeSparse.csrLongest(rows, indptr.address());
    return room(indptr, rows, columns, Elements.getLong(indptr, new long[] {rows}), longest, dtype);
  }

  private static CsrArrays room(
      Strided indptr, long rows, long columns, long entries, long longest, DType dtype) {
    Strided indices = Strided.empty(DType.I32, Math.addExact(entries, NativeSparse.CSR_PADDING));
    try {
      Strided values = Strided.empty(dtype, entries + NativeSparse.CSR_PADDING);
      return new CsrArrays(rows, columns, entries, longest, indptr, indices, values);
    } catch (RuntimeException | Error e) {
      indices.close();
      throw e;
    }
  }

  private CsrArrays withLongest(long found) {
    return new CsrArrays(rows, columns, entries, found, indptr, indices, values);
  }

  // ---- made from another

  /** The transposed matrix, in arrays of its own. */
  CsrArrays turned() {
    try (Lease use = inUse("csr transpose")) {
      CsrArrays made = empty(/* rows= */ columns, /* columns= */ rows, entries, dtype());
      try {
        NativeSparse.csrTranspose(dtype(), sizes(), addresses(), made.addresses());
        return made.withLongest(NativeSparse.csrLongest(columns, made.indptr.address()));
      } catch (RuntimeException | Error e) {
        made.close();
        throw e;
      }
    }
  }

  /** The same entries in row-major order under another shape; the values are shared. */
  CsrArrays reshaped(long newRows, long newColumns) {
    requireSize("csr reshape", newRows, newColumns);
    if (rows * columns != newRows * newColumns) {
      throw new IllegalArgumentException(
          "csr reshape: a matrix of "
              + rows
              + " x "
              + columns
              + " has "
              + rows * columns
              + " places, "
              + newRows
              + " x "
              + newColumns
              + " has "
              + newRows * newColumns);
    }
    try (Lease use = inUse("csr reshape")) {
      Strided start = Strided.empty(DType.I64, newRows + 1);
      try {
        Strided place = Strided.empty(DType.I32, entries + NativeSparse.CSR_PADDING);
        NativeSparse.csrReshape(
            new long[] {rows, columns, entries, newRows, newColumns},
            addresses(),
            new long[] {start.address(), place.address()});
        long most = NativeSparse.csrLongest(newRows, start.address());
        return new CsrArrays(newRows, newColumns, entries, most, start, place, view(values));
      } catch (RuntimeException | Error e) {
        start.close();
        throw e;
      }
    }
  }

  /** Row-wise Kronecker products. */
  CsrArrays khatriRao(CsrArrays other) {
    if (other.rows != rows || other.dtype() != dtype()) {
      throw new IllegalArgumentException(
          "csr Khatri-Rao: both need as many rows and one type, got "
              + describe()
              + " and "
              + other.describe());
    }
    requireSize("csr Khatri-Rao", rows, columns * other.columns);
    long[] sizes = {rows, columns, other.columns};
    try (Lease use = inUse("csr Khatri-Rao");
        Lease second = other.inUse("csr Khatri-Rao")) {
      Strided start = Strided.empty(DType.I64, rows + 1);
      CsrArrays made = null;
      try {
        long n =
            NativeSparse.csrKhatriRaoCount(sizes, addresses(), other.addresses(), start.address());
        if (n < 0) {
          throw new IllegalArgumentException(
              "csr Khatri-Rao: the result has more than 2^63 - 1 entries");
        }
        made = with(start, rows, columns * other.columns, dtype());
        NativeSparse.csrKhatriRao(dtype(), sizes, addresses(), other.addresses(), made.addresses());
        return made;
      } catch (RuntimeException | Error e) {
        start.close();
        if (made != null) {
          made.close();
        }
        throw e;
      }
    }
  }

  /** The same places in new arrays, values of another type. */
  CsrArrays converted(DType dtype) {
    requireType("csr to " + dtype, dtype);
    try (Lease use = inUse("csr to " + dtype)) {
      Strided converted = TensorCopy.convert(values, dtype);
      try {
        return withValues(converted);
      } catch (RuntimeException | Error e) {
        converted.close();
        throw e;
      }
    }
  }

  /** The same places in new arrays, values those of x y, (rows, k) by (k, columns). */
  CsrArrays sampled(Strided x, Strided y) {
    requireSampled(x, y);
    try (Lease use = inUse(SAMPLED);
        Lease operands = Lease.of(new Words(SAMPLED, "", "x", "y"), null, x, y)) {
      Strided made = Strided.empty(dtype(), entries + NativeSparse.CSR_PADDING);
      try {
        NativeSparse.csrSampled(
            forNative(),
            x.length(1),
            x.address(),
            x.strides(),
            y.address(),
            y.strides(),
            made.address());
        return withValues(made);
      } catch (RuntimeException | Error e) {
        made.close();
        throw e;
      }
    }
  }

  private void requireSampled(Strided x, Strided y) {
    boolean fits =
        x.rank() == 2
            && y.rank() == 2
            && x.dtype() == dtype()
            && y.dtype() == dtype()
            && x.length(0) == rows
            && y.length(1) == columns
            && x.length(1) == y.length(0);
    if (!fits) {
      throw new IllegalArgumentException(
          SAMPLED
              + ": a matrix of "
              + describe()
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

  /** Copies of the places beside values that become the new matrix's. */
  private CsrArrays withValues(Strided made) {
    Strided start = TensorCopy.copy(indptr);
    try {
      return new CsrArrays(rows, columns, entries, longest, start, TensorCopy.copy(indices), made);
    } catch (RuntimeException | Error e) {
      start.close();
      throw e;
    }
  }

  Strided toDense() {
    try (Lease use = inUse("csr to dense")) {
      Strided dense = TensorCopy.full(dtype(), 0, rows, columns);
      NativeSparse.csrToDense(dtype(), sizes(), addresses(), dense.address());
      return dense;
    }
  }

  /** The same arrays, whose closing ends nothing else. */
  CsrArrays view() {
    return new CsrArrays(
        rows, columns, entries, longest, view(indptr), view(indices), view(values));
  }

  private static Strided view(Strided t) {
    return t.reshape(t.shape());
  }

  // ---- for calls

  long[] sizes() {
    return new long[] {rows, columns, entries};
  }

  long[] addresses() {
    return new long[] {indptr.address(), indices.address(), values.address()};
  }

  /** Whether an array is closed. */
  public boolean isClosed() {
    return indptr.isClosed() || indices.isClosed() || values.isClosed();
  }

  void close() {
    indptr.close();
    indices.close();
    values.close();
  }

  /** Holds the arrays while native code runs. */
  public Lease inUse(String name) {
    return Lease.of(new Words(name, "", "the matrix"), null, indptr, indices, values);
  }

  /** Shape, entries and type in words. */
  public String describe() {
    return rows + " x " + columns + " with " + entries + " entries, dtype=" + dtype();
  }

  // ---- checks

  private static void requireSize(String name, long rows, long columns) {
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

  private static void requireIndex(String name, String which, Strided t) {
    if (t.rank() != 1 || !t.holdsIndices()) {
      throw new IllegalArgumentException(
          name + ": " + which + " must be an I32 or I64 tensor of rank 1, got " + t.describe());
    }
  }

  private static void requireValues(String name, Strided t) {
    if (t.rank() != 1) {
      throw new IllegalArgumentException(
          name + ": values must be a tensor of rank 1, got " + t.describe());
    }
    requireType(name, t.dtype());
  }

  private static void requireType(String name, DType type) {
    if (!type.isFloating() && !Strided.holdsIndices(type)) {
      throw new IllegalArgumentException(
          name + ": values are of F32, F64, I32 or I64, got " + type + "; Tensor.to converts");
    }
  }

  private static void requireAsMany(String name, String which, Strided t, Strided values) {
    if (t.size() != values.size()) {
      throw new IllegalArgumentException(
          name + ": " + t.size() + " " + which + " for " + values.size() + " values");
    }
  }

  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }

  @Override
  public String toString() {
    return "CsrArrays(" + describe() + ", " + Arrays.toString(sizes()) + ")";
  }
}
