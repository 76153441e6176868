// Public API: a Kronecker product of matrices that is never built.
package io.github.einblas;

import io.github.einblas.internal.kronecker.KroneckerChain;
import io.github.einblas.internal.tensor.Views;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.Collectors;

/**
 * The Kronecker product {@code F1 (x) F2 (x) ...} as a linear operator: of shape (r1*r2*...,
 * c1*c2*...), of which only the factors are kept. {@code kron(I30, W) x} costs 30 times W's
 * elements here, and 900 times when the matrix is built.
 *
 * <p>Factors are dense tensors of any strides, {@link CsrMatrix sparse matrices}, identities and
 * diagonals. A dense factor may have leading axes: a batch of operators, broadcast as NumPy's
 * {@code matmul} broadcasts. Of a sparse factor only the entries count: rows of X that none selects
 * do not matter, whatever they hold. The operator is immutable and thread-safe; it holds views of
 * the factors' memory, so it sees later changes of them, and it cannot be used after they are
 * closed.
 *
 * <p>A product is computed factor by factor where the tensors lie. Every method checks what it is
 * given before it writes: {@link IllegalArgumentException} for shapes and types, {@link
 * IllegalStateException} for closed tensors.
 */
public final class Kronecker implements MatrixOperator {
  /** Most bytes of {@link #toDense()}. */
  private static final long DENSE_BYTES = 1L << 30;

  /** Layouts of X whose native products are kept: a caller rarely has more than a few. */
  private static final int LAYOUTS = 4;

  private final List<KroneckerTerm> terms;
  private final long rows;
  private final long columns;
  private final long[] batch;
  private final DType dtype;

  /** Native products for the latest layouts of X; replaced as a whole, never changed. */
  private volatile KroneckerChain[] chains = {};

  private final AtomicReferenceArray<List<KroneckerStages.Stage>> stages =
      new AtomicReferenceArray<>(2);

  private Kronecker(List<KroneckerTerm> terms) {
    this.terms = List.copyOf(terms);
    this.rows = product(terms, true);
    this.columns = product(terms, false);
    long[] shape = {};
    DType type = null;
    for (int i = 0; i < terms.size(); i++) {
      KroneckerTerm t = terms.get(i);
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
        long[] leading = Arrays.copyOf(t.tensor().shapeRef(), t.batchRank());
        shape = broadcast(shape, leading, "factor " + i);
      }
    }
    this.batch = shape;
    this.dtype = type;
  }

  private static long product(List<KroneckerTerm> terms, boolean rows) {
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

  // ---- made

  /**
   * The Kronecker product of factors, the first one outermost: {@code K[i1*r2 + i2, j1*c2 + j2] =
   * F1[i1, j1] * F2[i2, j2]}.
   *
   * <pre>{@code
   * Kronecker k = Kronecker.of(Kronecker.identity(30), w); // w (784, 30)
   * Tensor y = k.timesLeft(x);                             // x (..., 23520)
   * }</pre>
   *
   * @param factors tensors (..., rows, columns) or {@link CsrMatrix sparse matrices} of one
   *     floating type, or operators, whose factors are taken over
   * @throws IllegalArgumentException if there is none, or if one is no matrix, or a {@link
   *     BsrMatrix}
   */
  public static Kronecker of(Operand... factors) {
    return ofOwn(Objects.requireNonNull(factors, "factors").clone());
  }

  private static Kronecker ofOwn(Operand[] factors) {
    if (factors.length == 0) {
      throw new IllegalArgumentException("Kronecker: at least one factor is needed");
    }
    List<KroneckerTerm> all = new ArrayList<>();
    for (int i = 0; i < factors.length; i++) {
      if (factors[i] == null) {
        throw new NullPointerException("Kronecker: factor " + i + " is null");
      }
      if (factors[i] instanceof Kronecker k) {
        k.requireOpen("of");
        all.addAll(k.terms);
      } else if (factors[i] instanceof CsrMatrix csr) {
        csr.core().requireFloating("Kronecker: factor " + i);
        all.add(KroneckerTerm.sparse(csr, false));
      } else if (factors[i] instanceof Tensor dense) {
        all.add(dense(dense, i));
      } else {
        throw new IllegalArgumentException(
            "Kronecker: factor "
                + i
                + " is "
                + factors[i]
                + "; factors are tensors, CsrMatrix and Kronecker operators, and"
                + " BsrMatrix.toDense() makes a tensor");
      }
    }
    return new Kronecker(all);
  }

  private static KroneckerTerm dense(Tensor t, int i) {
    if (t.rank() < 2 || !t.dtype().isFloating()) {
      throw new IllegalArgumentException(
          "Kronecker: factor " + i + " must be a matrix of F32 or F64, got " + t.describe());
    }
    int[] same = new int[t.rank()];
    Arrays.setAll(same, d -> d);
    return KroneckerTerm.dense(t.permute(same));
  }

  /**
   * The identity of order n, which costs nothing. It takes the type of the other factors.
   *
   * @throws IllegalArgumentException if n is negative
   */
  public static Kronecker identity(long n) {
    if (n < 0) {
      throw new IllegalArgumentException("Kronecker identity: the order is " + n);
    }
    return new Kronecker(List.of(KroneckerTerm.identity(n)));
  }

  /**
   * The diagonal matrix of a vector.
   *
   * @throws IllegalArgumentException if it is no vector of F32 or F64
   */
  public static Kronecker diagonal(Tensor vector) {
    Objects.requireNonNull(vector, "vector");
    if (vector.rank() != 1 || !vector.dtype().isFloating()) {
      throw new IllegalArgumentException(
          "Kronecker diagonal: needs a vector of F32 or F64, got " + vector.describe());
    }
    return new Kronecker(List.of(KroneckerTerm.diagonal(vector.permute(0))));
  }

  /** The operator of these factors. */
  static Kronecker ofTerms(List<KroneckerTerm> terms) {
    return new Kronecker(terms);
  }

  /** The transposed operator: of the transposed factors, where they lie. */
  @Override
  public Kronecker transpose() {
    requireOpen("transpose");
    return new Kronecker(terms.stream().map(KroneckerTerm::transposed).toList());
  }

  /** The adjoint operator; for real types the transposed one. */
  public Kronecker adjoint() {
    return transpose();
  }

  /** This operator's Kronecker product with another one, or with a dense or sparse matrix. */
  public Kronecker kron(Operand other) {
    return of(this, Objects.requireNonNull(other, "other"));
  }

  /**
   * The product of two operators whose factors fit one by one: {@code (A (x) B)(C (x) D) = AC (x)
   * BD}. An identity is split where that helps. A sparse factor stays sparse beside a sparse or
   * diagonal one and makes a dense one dense. New factors are freed when nothing uses them.
   *
   * @throws IllegalArgumentException if some factor's columns are not the other's rows
   */
  public Kronecker product(Kronecker other) {
    Objects.requireNonNull(other, "other");
    requireOpen("product");
    other.requireOpen("product");
    return KroneckerAlgebra.product(this, other);
  }

  // ---- what it is

  /** Batch axes, rows, columns. */
  @Override
  public long[] shape() {
    long[] shape = Arrays.copyOf(batch, batch.length + 2);
    shape[batch.length] = rows;
    shape[batch.length + 1] = columns;
    return shape;
  }

  /** Type of the factors; null when all are identities. */
  @Override
  public DType dtype() {
    return dtype;
  }

  /** Number of factors. */
  public int factors() {
    return terms.size();
  }

  @Override
  public long rows() {
    return rows;
  }

  @Override
  public long columns() {
    return columns;
  }

  long[] batch() {
    return batch;
  }

  List<KroneckerTerm> terms() {
    return terms;
  }

  boolean hasSparse() {
    return terms.stream().anyMatch(KroneckerTerm::isSparse);
  }

  /** Stages of a product with sparse factors, from the left or the right. */
  List<KroneckerStages.Stage> stages(boolean left) {
    List<KroneckerStages.Stage> known = stages.get(left ? 1 : 0);
    if (known == null) {
      known = KroneckerStages.of(this, left);
      stages.set(left ? 1 : 0, known); // made twice by threads that meet, and equal
    }
    return known;
  }

  /** The native product for these lengths and strides. */
  KroneckerChain chain(DType type, long[] outer, long[] axes) {
    for (KroneckerChain chain : chains) {
      if (chain.fits(outer, axes)) {
        return chain;
      }
    }
    KroneckerChain made = new KroneckerChain(type, outer, axes);
    KroneckerChain[] known = chains;
    KroneckerChain[] next = new KroneckerChain[Math.min(known.length + 1, LAYOUTS)];
    next[0] = made;
    System.arraycopy(known, 0, next, 1, next.length - 1);
    chains = next;
    return made;
  }

  // ---- products

  /**
   * The operator times X.
   *
   * @param x (columns), or (..., columns, n); leading axes broadcast with the operator's
   * @return (rows), or (..., rows, n), new
   */
  @Override
  public Tensor times(Tensor x) {
    return new KroneckerProduct("Kronecker times", this, x, false).run();
  }

  /**
   * {@code out = alpha * K X + beta * out}; beta = 0 does not read the output, alpha = 0 reads no
   * operand.
   */
  @Override
  public void timesInto(Tensor out, double alpha, double beta, Tensor x) {
    Objects.requireNonNull(out, "out");
    new KroneckerProduct("Kronecker times", this, x, false).runInto(out, alpha, beta);
  }

  /**
   * X from the left, times the operator: {@code X K}.
   *
   * @param x (rows), or (..., n, rows); leading axes broadcast with the operator's
   * @return (columns), or (..., n, columns), new
   */
  @Override
  public Tensor timesLeft(Tensor x) {
    return new KroneckerProduct("Kronecker timesLeft", this, x, true).run();
  }

  /** {@code out = alpha * X K + beta * out}, as {@link #timesInto}. */
  @Override
  public void timesLeftInto(Tensor out, double alpha, double beta, Tensor x) {
    Objects.requireNonNull(out, "out");
    new KroneckerProduct("Kronecker timesLeft", this, x, true).runInto(out, alpha, beta);
  }

  /** How {@link #times} would be computed: order, fusion and kernels. */
  @Override
  public String explain(Tensor x) {
    return new KroneckerProduct("Kronecker times", this, x, false).explain();
  }

  /** How {@link #timesLeft} would be computed. */
  public String explainLeft(Tensor x) {
    return new KroneckerProduct("Kronecker timesLeft", this, x, true).explain();
  }

  // ---- gradients

  /**
   * Gradients of a product; each tensor is new.
   *
   * @param x gradient of X
   * @param factors one for each factor: of a dense factor's or a diagonal's own shape; null for an
   *     identity and for a sparse factor
   */
  public record Gradient(Tensor x, List<Tensor> factors) implements AutoCloseable {
    /** The gradient of factor i. */
    public Tensor factor(int i) {
      return factors.get(i);
    }

    @Override
    public void close() {
      x.close();
      factors.stream().filter(Objects::nonNull).forEach(Tensor::close);
    }
  }

  /** Gradients of {@link #times} at x, for the upstream gradient {@code g} of its result. */
  public Gradient timesGradient(Tensor x, Tensor g) {
    Objects.requireNonNull(g, "g");
    return new KroneckerProduct("Kronecker timesGradient", this, x, false).gradient(g);
  }

  /** Gradients of {@link #timesLeft} at x, for the upstream gradient {@code g} of its result. */
  public Gradient timesLeftGradient(Tensor x, Tensor g) {
    Objects.requireNonNull(g, "g");
    return new KroneckerProduct("Kronecker timesLeftGradient", this, x, true).gradient(g);
  }

  // ---- elements

  /**
   * Row i of the matrix, (..., columns), new.
   *
   * @throws IndexOutOfBoundsException if there is no such row; a negative one counts from the end
   */
  public Tensor row(long i) {
    requireOpen("row");
    return KroneckerElements.row(this, i);
  }

  /**
   * The whole matrix (..., rows, columns), new: for small operators, up to 2^30 bytes.
   *
   * @throws IllegalArgumentException if it is larger
   */
  @Override
  public Tensor toDense() {
    requireOpen("toDense");
    return KroneckerElements.dense(this, DENSE_BYTES);
  }

  /** Bytes that the whole matrix would take, in double: it may exceed every integer. */
  public double denseBytes() {
    double bytes = dtype == null ? DType.F64.bytes() : dtype.bytes();
    for (long length : shape()) {
      bytes *= length;
    }
    return bytes;
  }

  /** The main diagonal, (..., min(rows, columns)), new. */
  public Tensor diagonal() {
    requireOpen("diagonal");
    return KroneckerElements.diagonal(this);
  }

  /**
   * The sum of the main diagonal, in F64.
   *
   * @throws IllegalArgumentException if the operator is not square, or is a batch
   */
  public double trace() {
    requireSquare("trace");
    return KroneckerElements.trace(this);
  }

  // ---- linear algebra

  /**
   * X such that the operator times X is B, by LAPACK's LU factorisation with partial pivoting of
   * each factor.
   *
   * <p>Sparse factors are made dense for LAPACK, here and in the next two methods: up to 2^30 bytes
   * each.
   *
   * @param b (rows), or (..., rows, n)
   * @throws IllegalArgumentException if a factor is not square, or the operator a batch
   * @throws ArithmeticException if a factor is singular
   */
  public Tensor solve(Tensor b) {
    Objects.requireNonNull(b, "b");
    requireSquare("solve");
    return KroneckerSparse.withDense("solve", this, DENSE_BYTES, k -> KroneckerAlgebra.solve(k, b));
  }

  /**
   * Logarithm of the determinant's absolute value, and its sign.
   *
   * @param sign -1, 0 or 1
   * @param logAbsolute minus infinity when the sign is 0
   */
  public record LogDeterminant(int sign, double logAbsolute) {}

  /**
   * The determinant's sign and logarithm: {@code det(A (x) B) = det(A)^b det(B)^a} for orders a and
   * b.
   *
   * @throws IllegalArgumentException if a factor is not square, or the operator a batch
   */
  public LogDeterminant logDeterminant() {
    requireSquare("logDeterminant");
    return KroneckerSparse.withDense(
        "logDeterminant", this, DENSE_BYTES, KroneckerAlgebra::logDeterminant);
  }

  /**
   * Eigenvalues as real and imaginary parts, each a new vector.
   *
   * @param real real parts
   * @param imaginary imaginary parts, all 0 when every factor is symmetric
   */
  public record Eigenvalues(Tensor real, Tensor imaginary) implements AutoCloseable {
    @Override
    public void close() {
      real.close();
      imaginary.close();
    }
  }

  /**
   * All eigenvalues: the products of the factors' eigenvalues, by LAPACK, the first factor's
   * outermost.
   *
   * @throws IllegalArgumentException if a factor is not square, or the operator a batch
   * @throws ArithmeticException if LAPACK's iteration does not converge, as with NaN
   */
  public Eigenvalues eigenvalues() {
    requireSquare("eigenvalues");
    return KroneckerSparse.withDense(
        "eigenvalues", this, DENSE_BYTES, KroneckerAlgebra::eigenvalues);
  }

  private void requireSquare(String what) {
    requireOpen(what);
    if (batch.length > 0) {
      throw new IllegalArgumentException(
          "Kronecker " + what + ": a batch of operators, " + Arrays.toString(shape()));
    }
    boolean each = !"trace".equals(what);
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

  /** Refuses an operator one of whose factors is closed. */
  void requireOpen(String what) {
    for (int i = 0; i < terms.size(); i++) {
      if (terms.get(i).isClosed()) {
        throw new IllegalStateException("Kronecker " + what + ": factor " + i + " is closed");
      }
    }
  }

  @Override
  public String toString() {
    return terms.stream()
        .map(KroneckerTerm::describe)
        .collect(
            Collectors.joining(" (x) ", "Kronecker(", ", shape=" + Arrays.toString(shape()) + ")"));
  }
}
