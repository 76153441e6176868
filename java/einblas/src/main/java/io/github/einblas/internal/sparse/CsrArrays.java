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
 * @param values a conjugate view where the matrix is one
 */
@SuppressWarnings("try") // leases are closed for what they hold, not read
public record CsrArrays(
    long rows,
    long columns,
    long entries,
    long longest,
    Strided indptr,
    Strided indices,
    Strided values)
    implements AutoCloseable {
  private static final String SAMPLED = "sampled csr product";

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
    CsrChecks.requireSize("csr", rows, columns);
    CsrChecks.requireIndex("csr", "indptr", indptr);
    CsrChecks.requireIndex("csr", "indices", indices);
    CsrChecks.requireValues("csr", values);
    if (indptr.size() != rows + 1) {
      throw new IllegalArgumentException(
          "csr: indptr of a matrix with "
              + rows
              + " rows needs "
              + (rows + 1)
              + " numbers, got "
              + indptr.size());
    }
    CsrChecks.requireAsMany("csr", "indices", indices, values);
    return imported(false, rows, columns, indptr, indices, values);
  }

  static CsrArrays ofTriples(Strided values, Strided row, Strided column, long rows, long columns) {
    CsrChecks.requireSize("csr of triples", rows, columns);
    CsrChecks.requireIndex("csr of triples", "row", row);
    CsrChecks.requireIndex("csr of triples", "column", column);
    CsrChecks.requireValues("csr of triples", values);
    CsrChecks.requireAsMany("csr of triples", "row", row, values);
    CsrChecks.requireAsMany("csr of triples", "column", column, values);
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
      CsrChecks.refuse(triples, finding, rows, columns, entries);
      return made.withLongest(finding[3]);
    } catch (RuntimeException | Error e) {
      made.close();
      throw e;
    }
  }

  static CsrArrays ofDense(Strided dense, double threshold) {
    if (dense.rank() != 2) {
      throw new IllegalArgumentException(
          "csr of dense data needs a tensor of rank 2, got " + dense.describe());
    }
    CsrChecks.requireType("csr of dense data", dense.dtype());
    if (!(threshold >= 0)) {
      throw new IllegalArgumentException(
          "csr of dense data: the threshold must be 0 or more, got " + threshold);
    }
    long rows = dense.length(0);
    long columns = dense.length(1);
    CsrChecks.requireSize("csr of dense data", rows, columns);
    long[] sizes = {rows, columns};
    DType dtype = dense.dtype();
    Strided indptr = Strided.empty(DType.I64, rows + 1);
    CsrArrays made = null;
    try (Lease use = Lease.of(new Words("csr of dense data", "", "dense"), null, dense);
        Strided copy = dense.isConjugate() ? TensorCopy.copy(dense) : null) {
      Strided own = copy == null ? dense : copy;
      NativeSparse.csrCount(
          dtype, sizes, own.address(), own.strides(), threshold, indptr.address());
      made = with(indptr, rows, columns, dtype);
      NativeSparse.csrFill(dtype, sizes, own.address(), own.strides(), threshold, made.addresses());
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
        return made.withLongest(NativeSparse.csrLongest(columns, made.indptr.address()))
            .conjugateIf(values.isConjugate());
      } catch (RuntimeException | Error e) {
        made.close();
        throw e;
      }
    }
  }

  /** The conjugates of the values, as a view. */
  public CsrArrays conj() {
    return new CsrArrays(
        rows, columns, entries, longest, view(indptr), view(indices), values.conj());
  }

  /** In place of this, whose values are nobody else's: as they are, or conjugated. */
  private CsrArrays conjugateIf(boolean conjugate) {
    return conjugate
        ? new CsrArrays(rows, columns, entries, longest, indptr, indices, values.conjInPlace())
        : this;
  }

  /** The same entries in row-major order under another shape; the values are shared. */
  CsrArrays reshaped(long newRows, long newColumns) {
    CsrChecks.requireSize("csr reshape", newRows, newColumns);
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
    if (other.values.isConjugate() != values.isConjugate()) {
      // The same type: the conjugates themselves.
      boolean here = values.isConjugate();
      CsrArrays copy = (here ? this : other).converted(dtype());
      try {
        return here ? copy.khatriRao(other) : khatriRao(copy);
      } finally {
        copy.close();
      }
    }
    CsrChecks.requireSize("csr Khatri-Rao", rows, columns * other.columns);
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
        return made.conjugateIf(values.isConjugate());
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
    CsrChecks.requireType("csr to " + dtype, dtype);
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

  /** The same places, which are shared, beside copies of the values in the type of their sums. */
  public CsrArrays widened() {
    Strided made = TensorCopy.convert(values, dtype().computeType());
    try {
      return new CsrArrays(rows, columns, entries, longest, view(indptr), view(indices), made);
    } catch (RuntimeException | Error e) {
      made.close();
      throw e;
    }
  }

  /** The same places in new arrays, values those of x y, (rows, k) by (k, columns). */
  CsrArrays sampled(Strided x, Strided y) {
    CsrChecks.requireSampled(SAMPLED, describe(), values, rows, columns, x, y);
    try (Lease use = inUse(SAMPLED);
        Lease operands = Lease.of(new Words(SAMPLED, "", "x", "y"), null, x, y)) {
      Strided made = Strided.empty(dtype(), entries + NativeSparse.CSR_PADDING);
      try {
        NativeSparse.csrSampled(
            forNative(),
            NativeSparse.conjugated(x.isConjugate(), y.isConjugate()),
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
      NativeSparse.csrToDense(dtype(), sizes(), addresses(), values.isConjugate(), dense.address());
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

  @Override
  public void close() {
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
