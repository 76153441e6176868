// Public API: a Kronecker product of matrices that is never built.
package io.github.einblas;

import io.github.einblas.internal.kronecker.Algebra;
import io.github.einblas.internal.kronecker.FactorProduct;
import io.github.einblas.internal.kronecker.Factors;
import io.github.einblas.internal.kronecker.MatrixElements;
import io.github.einblas.internal.kronecker.Products;
import io.github.einblas.internal.kronecker.Term;
import io.github.einblas.internal.tensor.Strided;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

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
 * <p>Factors and tensors have one type: F32, F64, BF16, F16, C64 or C128; integers and BOOL are
 * refused. Of BF16 and F16 everything between the factors is F32 and the result is rounded once;
 * beside sparse factors that takes F32 copies of X, of the factors and of the result, for the call.
 * Conjugate views ({@link Tensor#conj}, {@link CsrMatrix#conj}) are read as such, without a copy.
 *
 * <p>A product is computed factor by factor where the tensors lie. Every method checks what it is
 * given before it writes: {@link IllegalArgumentException} for shapes and types, {@link
 * IllegalStateException} for closed tensors.
 *
 * <pre>{@code
 * Tensor w = Tensor.of(new double[] {1, 2, 3, 4}, 2, 2);
 * Kronecker k = Kronecker.of(Kronecker.identity(1000), w); // 2000 x 2000, never built
 * Tensor y = k.times(Tensor.ones(DType.F64, 2000));
 * System.out.println(y.get(1999)); // 7.0
 * }</pre>
 */
public final class Kronecker implements MatrixOperator {
  private final Factors core;
  private final Products products;

  private Kronecker(Factors core) {
    this.core = core;
    this.products = new Products(core);
  }

  /** What the implementation knows of this operator. */
  Factors core() {
    return core;
  }

  /** The products with this operator. */
  Products products() {
    return products;
  }

  // ---- made

  /**
   * {@return the Kronecker product of factors, the first one outermost: {@code K[i1*r2 + i2, j1*c2
   * + j2] = F1[i1, j1] * F2[i2, j2]}}
   *
   * <pre>{@code
   * Kronecker k = Kronecker.of(Kronecker.identity(30), w); // w (784, 30)
   * Tensor y = k.timesLeft(x);                             // x (..., 23520)
   * }</pre>
   *
   * @param factors tensors (..., rows, columns) or {@link CsrMatrix sparse matrices} of one type,
   *     or operators, whose factors are taken over
   * @throws IllegalArgumentException if there is none, or if one is no matrix, a {@link BsrMatrix},
   *     or of a type that operators do not have
   */
  public static Kronecker of(Operand... factors) {
    return ofOwn(Objects.requireNonNull(factors, "factors").clone());
  }

  private static Kronecker ofOwn(Operand[] factors) {
    if (factors.length == 0) {
      throw new IllegalArgumentException("Kronecker: at least one factor is needed");
    }
    List<Term> all = new ArrayList<>();
    for (int i = 0; i < factors.length; i++) {
      if (factors[i] == null) {
        throw new NullPointerException("Kronecker: factor " + i + " is null");
      }
      if (factors[i] instanceof Kronecker k) {
        k.core.requireOpen("of");
        all.addAll(k.core.terms());
      } else if (factors[i] instanceof CsrMatrix csr) {
        all.add(Term.sparse(csr.core(), i));
      } else if (factors[i] instanceof Tensor dense) {
        all.add(Term.dense(dense.strided(), i));
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
    return new Kronecker(Factors.of(all));
  }

  /**
   * {@return the identity of order n, which costs nothing} It takes the type of the other factors.
   *
   * @param n number of rows
   * @throws IllegalArgumentException if n is negative
   */
  public static Kronecker identity(long n) {
    return new Kronecker(Factors.identity(n));
  }

  /**
   * {@return the diagonal matrix of a vector}
   *
   * @param vector diagonal, of rank 1
   * @throws IllegalArgumentException if it is no vector of F32, F64, BF16, F16, C64 or C128
   */
  public static Kronecker diagonal(Tensor vector) {
    Strided own = Objects.requireNonNull(vector, "vector").strided();
    return new Kronecker(Factors.of(Term.diagonalOf(own)));
  }

  /** The transposed operator: of the transposed factors, where they lie. */
  @Override
  public Kronecker transpose() {
    core.requireOpen("transpose");
    return new Kronecker(core.transposed());
  }

  /**
   * {@return the adjoint operator, the conjugate transpose {@code K^H}: of the conjugate transposes
   * of the factors, where they lie} Of real types it is the transposed operator.
   *
   * <pre>{@code
   * Tensor y = k.times(x);
   * Tensor z = k.adjoint().times(g);  // <g, K x> = <K^H g, x>
   * }</pre>
   */
  public Kronecker adjoint() {
    core.requireOpen("adjoint");
    return new Kronecker(core.adjoint());
  }

  /**
   * {@return this operator's Kronecker product with another one, or with a dense or sparse matrix}
   *
   * @param other right factor
   */
  public Kronecker kron(Operand other) {
    return of(this, Objects.requireNonNull(other, "other"));
  }

  /**
   * {@return the product of two operators whose factors fit one by one: {@code (A (x) B)(C (x) D) =
   * AC (x) BD}} An identity is split where that helps. A sparse factor stays sparse beside a sparse
   * or diagonal one and makes a dense one dense. New factors are freed when nothing uses them; of
   * BF16 and F16 each is rounded once.
   *
   * @param other right factor
   * @throws IllegalArgumentException if some factor's columns are not the other's rows
   */
  public Kronecker product(Kronecker other) {
    Objects.requireNonNull(other, "other");
    core.requireOpen("product");
    other.core.requireOpen("product");
    return new Kronecker(FactorProduct.of(core, other.core));
  }

  // ---- what it is

  /** Batch axes, rows, columns. */
  @Override
  public long[] shape() {
    return core.shape();
  }

  /** Type of the factors; null when all are identities. */
  @Override
  public @Nullable DType dtype() {
    return core.dtype();
  }

  /** {@return number of factors} */
  public int factors() {
    return core.count();
  }

  @Override
  public long rows() {
    return core.rows();
  }

  @Override
  public long columns() {
    return core.columns();
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
    return new Tensor(products.of("Kronecker times", strided(x), false));
  }

  /**
   * {@code out = alpha * K X + beta * out}; beta = 0 does not read the output, alpha = 0 reads no
   * operand. An output that is a conjugate view is refused.
   */
  @Override
  public void timesInto(Tensor out, double alpha, double beta, Tensor x) {
    Strided own = Objects.requireNonNull(out, "out").strided();
    products.into("Kronecker times", own, alpha, beta, strided(x), false);
  }

  /**
   * X from the left, times the operator: {@code X K}.
   *
   * @param x (rows), or (..., n, rows); leading axes broadcast with the operator's
   * @return (columns), or (..., n, columns), new
   */
  @Override
  public Tensor timesLeft(Tensor x) {
    return new Tensor(products.of("Kronecker timesLeft", strided(x), true));
  }

  /** {@code out = alpha * X K + beta * out}, as {@link #timesInto}. */
  @Override
  public void timesLeftInto(Tensor out, double alpha, double beta, Tensor x) {
    Strided own = Objects.requireNonNull(out, "out").strided();
    products.into("Kronecker timesLeft", own, alpha, beta, strided(x), true);
  }

  /** How {@link #times} would be computed: order, fusion and kernels. */
  @Override
  public String explain(Tensor x) {
    return products.explain("Kronecker times", strided(x), false);
  }

  /**
   * {@return how {@link #timesLeft} would be computed}
   *
   * @param x dense operand of any strides
   */
  public String explainLeft(Tensor x) {
    return products.explain("Kronecker timesLeft", strided(x), true);
  }

  private static Strided strided(Tensor x) {
    return Objects.requireNonNull(x, "x").strided();
  }

  // ---- gradients

  /**
   * Gradients of a product; each tensor is new. Those of complex numbers are dL/dRe + i dL/dIm,
   * PyTorch's convention: that of X in {@code K X} is {@code K^H g}. The gradient of a factor that
   * was given as a conjugate view is that of the conjugates.
   *
   * @param x gradient of X
   * @param factors one for each factor: of a dense factor's or a diagonal's own shape; null for an
   *     identity and for a sparse factor
   */
  public record Gradient(Tensor x, List<@Nullable Tensor> factors) implements AutoCloseable {
    /**
     * {@return the gradient of factor i}
     *
     * @param i number of the factor, from 0
     */
    public @Nullable Tensor factor(int i) {
      return factors.get(i);
    }

    @Override
    public void close() {
      x.close();
      factors.stream().filter(Objects::nonNull).forEach(Tensor::close);
    }
  }

  private static Gradient gradient(io.github.einblas.internal.kronecker.Gradient made) {
    List<@Nullable Tensor> factors = new ArrayList<>();
    made.factors().forEach(f -> factors.add(f == null ? null : new Tensor(f)));
    return new Gradient(new Tensor(made.x()), Collections.unmodifiableList(factors));
  }

  /**
   * {@return gradients of {@link #times} at x, for the upstream gradient {@code g} of its result}
   *
   * @param x dense operand of any strides
   * @param g gradient of a loss for the result, of its shape and type
   */
  public Gradient timesGradient(Tensor x, Tensor g) {
    Strided own = Objects.requireNonNull(g, "g").strided();
    return gradient(products.gradient("Kronecker timesGradient", strided(x), own, false));
  }

  /**
   * {@return gradients of {@link #timesLeft} at x, for the upstream gradient {@code g} of its
   * result}
   *
   * @param x dense operand of any strides
   * @param g gradient of a loss for the result, of its shape and type
   */
  public Gradient timesLeftGradient(Tensor x, Tensor g) {
    Strided own = Objects.requireNonNull(g, "g").strided();
    return gradient(products.gradient("Kronecker timesLeftGradient", strided(x), own, true));
  }

  // ---- elements

  /**
   * {@return row i of the matrix, (..., columns), new}
   *
   * @param i number of the row, from 0
   * @throws IndexOutOfBoundsException if there is no such row; a negative one counts from the end
   */
  public Tensor row(long i) {
    core.requireOpen("row");
    return new Tensor(MatrixElements.row(core, i));
  }

  /**
   * The whole matrix (..., rows, columns), new: for small operators, up to 2^30 bytes.
   *
   * @throws IllegalArgumentException if it is larger
   */
  @Override
  public Tensor toDense() {
    core.requireOpen("toDense");
    return new Tensor(MatrixElements.dense(core));
  }

  /** {@return bytes that the whole matrix would take, in double: it may exceed every integer} */
  public double denseBytes() {
    return core.denseBytes();
  }

  /** {@return the main diagonal, (..., min(rows, columns)), new} */
  public Tensor diagonal() {
    core.requireOpen("diagonal");
    return new Tensor(MatrixElements.diagonal(core));
  }

  /**
   * {@return the sum of the main diagonal, in F64}
   *
   * @throws IllegalArgumentException if the operator is not square, or is a batch, or is complex:
   *     {@link #traceReal}, {@link #traceImag}
   */
  public double trace() {
    core.requireSquare("trace", false);
    if (core.dtype() != null && core.dtype().isComplex()) {
      throw new IllegalArgumentException(
          "Kronecker trace: needs an operator of real numbers, this has "
              + core.dtype()
              + "; traceReal and traceImag give the parts");
    }
    return MatrixElements.trace(core)[0];
  }

  /**
   * {@return the real part of the sum of the main diagonal, in F64}
   *
   * @throws IllegalArgumentException if the operator is not square, or is a batch
   */
  public double traceReal() {
    core.requireSquare("traceReal", false);
    return MatrixElements.trace(core)[0];
  }

  /** {@return the imaginary part of that sum, 0 of real numbers} */
  public double traceImag() {
    core.requireSquare("traceImag", false);
    return MatrixElements.trace(core)[1];
  }

  // ---- linear algebra

  /**
   * {@return X such that the operator times X is B, by LAPACK's LU factorisation with partial
   * pivoting of each factor}
   *
   * <p>Sparse factors are made dense for LAPACK, here and in the next two methods: up to 2^30 bytes
   * each. Of BF16 and F16 LAPACK computes in F32, and the result is rounded once. It is OpenBLAS's,
   * loaded when it is first needed ({@link Einblas#loadOpenBlas}).
   *
   * @param b (rows), or (..., rows, n)
   * @throws IllegalArgumentException if a factor is not square, or the operator a batch
   * @throws ArithmeticException if a factor is singular
   * @throws IllegalStateException if OpenBLAS is not among the jars
   */
  public Tensor solve(Tensor b) {
    Strided own = Objects.requireNonNull(b, "b").strided();
    core.requireSquare("solve", true);
    return new Tensor(Algebra.solve(core, own));
  }

  /**
   * Logarithm of the determinant's absolute value, and its phase {@code det / |det|}, as NumPy's
   * {@code slogdet} gives them: {@code det = (phaseReal + i phaseImaginary) exp(logAbsolute)}.
   *
   * @param phaseReal real part of the phase; of a real operator its sign: -1, 0 or 1
   * @param phaseImaginary imaginary part of the phase; of a real operator 0
   * @param logAbsolute minus infinity when the determinant is 0
   */
  public record LogDeterminant(double phaseReal, double phaseImaginary, double logAbsolute) {
    /**
     * {@return the sign of a determinant that is real: -1, 0 or 1}
     *
     * @throws ArithmeticException if it is not real, as may be with factors of C64 and C128
     */
    public int sign() {
      if (phaseImaginary != 0) {
        throw new ArithmeticException(
            "a determinant of phase " + phaseReal + " + " + phaseImaginary + " i has no sign");
      }
      return (int) Math.signum(phaseReal);
    }
  }

  /**
   * {@return the determinant's phase and logarithm: {@code det(A (x) B) = det(A)^b det(B)^a} for
   * orders a and b}
   *
   * <pre>{@code
   * // [[2i]] (x) I3: det = (2i)^3 = -8i
   * Kronecker.of(a, Kronecker.identity(3)).logDeterminant();  // phase 0 - 1i, logAbsolute log(8)
   * }</pre>
   *
   * @throws IllegalArgumentException if a factor is not square, or the operator a batch
   * @throws IllegalStateException if OpenBLAS is not among the jars
   */
  public LogDeterminant logDeterminant() {
    core.requireSquare("logDeterminant", true);
    Algebra.LogDeterminant found = Algebra.logDeterminant(core);
    return new LogDeterminant(found.real(), found.imaginary(), found.logAbsolute());
  }

  /**
   * Eigenvalues as real and imaginary parts, each a new vector: of an operator of C64 in F32, of
   * C128 in F64, else of the operator's type.
   *
   * @param real real parts
   * @param imaginary imaginary parts, all 0 when every factor is symmetric, or Hermitian
   */
  public record Eigenvalues(Tensor real, Tensor imaginary) implements AutoCloseable {
    @Override
    public void close() {
      real.close();
      imaginary.close();
    }
  }

  /**
   * {@return all eigenvalues: the products of the factors' eigenvalues, by LAPACK, the first
   * factor's outermost}
   *
   * @throws IllegalArgumentException if a factor is not square, or the operator a batch
   * @throws ArithmeticException if LAPACK's iteration does not converge, as with NaN
   * @throws IllegalStateException if OpenBLAS is not among the jars
   */
  public Eigenvalues eigenvalues() {
    core.requireSquare("eigenvalues", true);
    Algebra.Eigenvalues found = Algebra.eigenvalues(core);
    return new Eigenvalues(new Tensor(found.real()), new Tensor(found.imaginary()));
  }

  @Override
  public String toString() {
    return core.toString();
  }
}
