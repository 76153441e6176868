// Kronecker: what the implementation may know of an operator: its factors, their lengths and type.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The factors of an operator, the first one outermost. Immutable and thread-safe. */
public final class Factors {
  /** Layouts of X whose native products are kept: a caller rarely has more than a few. */
  private static final int LAYOUTS = 4;

  private final List<Term> terms;
  private final long rows;
  private final long columns;
  private final long[] batch;
  private final DType dtype;

  /** Native products for the latest layouts of X; replaced as a whole, never changed. */
  private volatile Chain[] chains = {};

  private Factors(List<Term> terms) {
    this.terms = List.copyOf(terms);
    this.rows = product(terms, true);
    this.columns = product(terms, false);
    long[] shape = {};
    DType type = null;
    for (int i = 0; i < terms.size(); i++) {
      Term t = terms.get(i);
      if (t.isIdentity()) {
        continue;
      }
      if (type != null && t.dtype() != type) {
        throw new IllegalArgumentException(
            "Kronecker: factors must have one type, but factor "
                + i
                + " has "
                + t.dtype()
                + " and one before it "
                + type);
      }
      type = t.dtype();
      if (t.isDense()) {
        long[] leading = Arrays.copyOf(t.tensor().shape(), t.batchRank());
        shape = broadcast(shape, leading, "factor " + i);
      }
    }
    this.batch = shape;
    this.dtype = type;
  }

  private static long product(List<Term> terms, boolean rows) {
    long[] lengths = terms.stream().mapToLong(t -> rows ? t.rows() : t.columns()).toArray();
    try {
      return Views.size(lengths);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "Kronecker of "
              + lengths.length
              + " factors: more than 2^63 - 1 "
              + (rows ? "rows: " : "columns: ")
              + Arrays.toString(lengths),
          e);
    }
  }

  /** NumPy's broadcast of two batch shapes. */
  static long[] broadcast(long[] x, long[] y, String which) {
    long[] result = new long[Math.max(x.length, y.length)];
    for (int d = 1; d <= result.length; d++) {
      long a = d <= x.length ? x[x.length - d] : 1;
      long b = d <= y.length ? y[y.length - d] : 1;
      if (a != b && a != 1 && b != 1) {
        throw new IllegalArgumentException(
            "Kronecker: the batch axes "
                + Arrays.toString(y)
                + " of "
                + which
                + " do not broadcast with "
                + Arrays.toString(x));
      }
      result[result.length - d] = a == 1 ? b : a;
    }
    return result;
  }

  /**
   * The operator of these factors.
   *
   * @throws IllegalArgumentException if types differ, batches do not broadcast, or it is too large
   */
  public static Factors of(List<Term> terms) {
    return new Factors(terms);
  }

  /** The operator of one factor. */
  public static Factors of(Term term) {
    return new Factors(List.of(term));
  }

  /** The identity of a caller's order. */
  public static Factors identity(long n) {
    if (n < 0) {
      throw new IllegalArgumentException("Kronecker identity: the order is " + n);
    }
    return of(Term.identity(n));
  }

  /** The transposed factors, where they lie. */
  public Factors transposed() {
    return new Factors(terms.stream().map(Term::transposed).toList());
  }

  /** The conjugate transposes of the factors, where they lie. */
  public Factors adjoint() {
    return new Factors(terms.stream().map(Term::adjoint).toList());
  }

  // ---- facts

  /** The factors. */
  public List<Term> terms() {
    return terms;
  }

  /** A factor. */
  public Term term(int i) {
    return terms.get(i);
  }

  /** Number of factors. */
  public int count() {
    return terms.size();
  }

  /** Number of rows. */
  public long rows() {
    return rows;
  }

  /** Number of columns. */
  public long columns() {
    return columns;
  }

  /** Rows, or columns, of each factor. */
  long[] lengths(boolean ofRows) {
    return terms.stream().mapToLong(t -> ofRows ? t.rows() : t.columns()).toArray();
  }

  /** Lengths of the batch axes, not to be changed. */
  public long[] batch() {
    return batch;
  }

  /** Batch axes, rows, columns. */
  public long[] shape() {
    long[] shape = Arrays.copyOf(batch, batch.length + 2);
    shape[batch.length] = rows;
    shape[batch.length + 1] = columns;
    return shape;
  }

  /** Batch axes, and one of this length. */
  long[] shape(long length) {
    long[] shape = Arrays.copyOf(batch, batch.length + 1);
    shape[batch.length] = length;
    return shape;
  }

  /** Type of the factors; null when all are identities. */
  public DType dtype() {
    return dtype;
  }

  /** Type of the factors, or the other one when all are identities. */
  DType dtype(DType other) {
    return dtype == null ? other : dtype;
  }

  /** Bytes that the whole matrix would take, in double: it may exceed every integer. */
  public double denseBytes() {
    double bytes = dtype(DType.F64).bytes();
    for (long length : shape()) {
      bytes *= length;
    }
    return bytes;
  }

  /** Whether there is a sparse factor. */
  public boolean hasSparse() {
    return terms.stream().anyMatch(Term::isSparse);
  }

  /** Whether each factor is square. */
  public boolean allSquare() {
    return terms.stream().allMatch(Term::isSquare);
  }

  @Override
  public String toString() {
    return terms.stream()
        .map(Term::describe)
        .collect(
            Collectors.joining(" (x) ", "Kronecker(", ", shape=" + Arrays.toString(shape()) + ")"));
  }

  // ---- checks

  /** Refuses an operator one of whose factors is closed. */
  public void requireOpen(String what) {
    for (int i = 0; i < terms.size(); i++) {
      if (terms.get(i).isClosed()) {
        throw new IllegalStateException("Kronecker " + what + ": factor " + i + " is closed");
      }
    }
  }

  /**
   * Refuses an operator that is closed, a batch, or not square.
   *
   * @param each whether each factor must be square
   */
  public void requireSquare(String what, boolean each) {
    requireOpen(what);
    if (batch.length > 0) {
      throw new IllegalArgumentException(
          "Kronecker " + what + ": a batch of operators, " + Arrays.toString(shape()));
    }
    for (int i = 0; each && i < terms.size(); i++) {
      if (!terms.get(i).isSquare()) {
        throw new IllegalArgumentException(
            "Kronecker " + what + ": factor " + i + " is not square: " + terms.get(i).describe());
      }
    }
    if (rows != columns) {
      throw new IllegalArgumentException(
          "Kronecker " + what + ": the operator is not square: " + rows + " x " + columns);
    }
  }

  /** Refuses a tensor that has not the factors' type, or one that no operator has. */
  void requireType(String name, String what, Strided t) {
    if (dtype != null && t.dtype() != dtype) {
      throw new IllegalArgumentException(
          name + ": the factors have type " + dtype + ", " + what + " has " + t.dtype());
    }
    if (!Strided.isMultiplied(t.dtype())) {
      throw new IllegalArgumentException(
          name + ": needs " + what + " of " + Strided.MULTIPLIED + ", got " + t.describe());
    }
  }

  // ---- native products

  /** The native product for these lengths and strides. */
  Chain chain(DType type, long[] outer, long[] axes) {
    for (Chain chain : chains) {
      if (chain.fits(outer, axes)) {
        return chain;
      }
    }
    Chain made = new Chain(type, outer, axes);
    Chain[] known = chains;
    Chain[] next = new Chain[Math.min(known.length + 1, LAYOUTS)];
    next[0] = made;
    System.arraycopy(known, 0, next, 1, next.length - 1);
    chains = next;
    return made;
  }
}
