// Einsum with a matrix operator: what an equation asks of one.
package io.github.einblas.internal.operator;

import io.github.einblas.internal.kronecker.Factors;
import io.github.einblas.internal.kronecker.Products;
import io.github.einblas.internal.sparse.Bsr;
import io.github.einblas.internal.sparse.Csr;
import io.github.einblas.internal.sparse.CsrProduct;
import io.github.einblas.internal.tensor.Strided;

/** An operand that is no tensor. */
public sealed interface MatrixOperand {
  /** The public type's name. */
  String kind();

  /** Batch axes, rows and columns. */
  long[] shape();

  /** Whether X may have leading axes. */
  default boolean takesLeadingAxes() {
    return false;
  }

  /** The transposed matrix. */
  MatrixOperand transpose();

  /** {@code out = alpha * A x + beta * out}. */
  void timesInto(Strided out, double alpha, double beta, Strided x);

  /** A matrix in compressed rows. */
  record OfCsr(Csr matrix) implements MatrixOperand {
    @Override
    public String kind() {
      return "CsrMatrix";
    }

    @Override
    public long[] shape() {
      return new long[] {matrix.rows(), matrix.columns()};
    }

    @Override
    public MatrixOperand transpose() {
      return new OfCsr(matrix.transpose());
    }

    @Override
    public void timesInto(Strided out, double alpha, double beta, Strided x) {
      CsrProduct.TIMES.run(matrix, out, alpha, beta, x);
    }
  }

  /** A matrix of blocks. */
  record OfBsr(Bsr matrix) implements MatrixOperand {
    @Override
    public String kind() {
      return "BsrMatrix";
    }

    @Override
    public long[] shape() {
      return new long[] {matrix.rows(), matrix.columns()};
    }

    @Override
    public MatrixOperand transpose() {
      return new OfBsr(matrix.transpose());
    }

    @Override
    public void timesInto(Strided out, double alpha, double beta, Strided x) {
      matrix.timesInto(out, alpha, beta, x);
    }
  }

  /** A Kronecker operator and its products. */
  record OfKronecker(Factors factors, Products products) implements MatrixOperand {
    @Override
    public String kind() {
      return "Kronecker";
    }

    @Override
    public long[] shape() {
      return factors.shape();
    }

    @Override
    public boolean takesLeadingAxes() {
      return true;
    }

    @Override
    public MatrixOperand transpose() {
      factors.requireOpen("transpose");
      Factors transposed = factors.transposed();
      return new OfKronecker(transposed, new Products(transposed));
    }

    @Override
    public void timesInto(Strided out, double alpha, double beta, Strided x) {
      products.into("Kronecker times", out, alpha, beta, x, false);
    }
  }
}
