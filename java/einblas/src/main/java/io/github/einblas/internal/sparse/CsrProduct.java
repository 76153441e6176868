// CSR matrices: the products with a dense tensor, what they need, and the one native call.
package io.github.einblas.internal.sparse;

import io.github.einblas.internal.natives.NativeSparse;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import java.util.Arrays;

/** The products. x . A is computed as (A^T . x^T)^T: strides are swapped, nothing is moved. */
public enum CsrProduct implements Lease.Words {
  TIMES("csr x dense", false),
  TIMES_LEFT("dense x csr", true);

  private final String title;

  /** Whether x stands to the left, so that the product is one of the transposed matrix. */
  private final boolean left;

  CsrProduct(String title, boolean left) {
    this.title = title;
    this.left = left;
  }

  /** Columns of the dense operand, or rows where it stands to the left; 1 for a vector. */
  public long columnsOf(Csr a, Strided x) {
    checkOperand(a, x);
    if (x.isClosed() || a.isClosed()) {
      throw new IllegalStateException(title + ": " + (x.isClosed() ? "x" : "it") + " is closed");
    }
    return x.rank() == 1 ? 1 : x.length(left ? 0 : 1);
  }

  /** Refuses an x that the product does not take, or a g that has not the shape of its result. */
  public void requireGradient(Csr a, Strided x, Strided g) {
    checkOperand(a, x);
    long[] shape = outputShape(a, x);
    if (g.dtype() != a.dtype() || !Arrays.equals(g.shape(), shape)) {
      throw new IllegalArgumentException(
          title
              + ": the gradient of the result must have shape "
              + Arrays.toString(shape)
              + " and type "
              + a.dtype()
              + ", got "
              + g.describe());
    }
  }

  /** The product, a new tensor. */
  public Strided of(Csr a, Strided x) {
    checkOperand(a, x);
    Strided out = Strided.empty(a.dtype(), outputShape(a, x));
    try {
      run(a, out, 1, 0, x);
      return out;
    } catch (RuntimeException | Error e) {
      out.close();
      throw e;
    }
  }

  /** out = alpha * product + beta * out. */
  @SuppressWarnings("try") // leases are closed for what they hold, not read
  public void run(Csr a, Strided out, double alpha, double beta, Strided x) {
    checkOperand(a, x);
    long[] shape = outputShape(a, x);
    if (out.dtype() != a.dtype() || !Arrays.equals(out.shape(), shape)) {
      throw new IllegalArgumentException(
          title
              + ": the output must have shape "
              + Arrays.toString(shape)
              + " and type "
              + a.dtype()
              + ", got "
              + out.describe());
    }
    out.requireWritable(title);
    try (Lease tensors = Lease.of(this, out, x).apart()) {
      CsrArrays arrays = a.arrays(left);
      try (Lease matrix = arrays.inUse(title)) {
        multiply(arrays, x, out, alpha, beta);
      }
    }
  }

  @Override
  public String where() {
    return title + ": ";
  }

  @Override
  public String tensor(int operand) {
    return operand == Lease.OUTPUT ? "the output" : "x";
  }

  private long[] outputShape(Csr a, Strided x) {
    long rows = left ? a.columns() : a.rows();
    if (x.rank() == 1) {
      return new long[] {rows};
    }
    return left ? new long[] {x.length(0), rows} : new long[] {rows, x.length(1)};
  }

  private void checkOperand(Csr a, Strided x) {
    a.requireMultiplied(title);
    long summed = left ? a.rows() : a.columns();
    boolean fits =
        (x.rank() == 1 || x.rank() == 2)
            && x.length(left ? x.rank() - 1 : 0) == summed
            && x.dtype() == a.dtype();
    if (!fits) {
      String needed = left ? "(m, " + summed + ")" : "(" + summed + ", n)";
      throw new IllegalArgumentException(
          title
              + ": a matrix of "
              + a.arrays(false).describe()
              + " needs a tensor of its type and of shape ("
              + summed
              + ") or "
              + needed
              + ", got "
              + x.describe());
    }
  }

  private void multiply(CsrArrays a, Strided x, Strided out, double alpha, double beta) {
    boolean vector = x.rank() == 1;
    int summed = left && !vector ? 1 : 0;
    NativeSparse.csrMultiply(
        a.forNative(),
        NativeSparse.conjugated(a.values().isConjugate(), x.isConjugate()),
        vector ? 1 : x.shape()[1 - summed],
        x.address(),
        x.strides()[summed],
        vector ? 1 : x.strides()[1 - summed],
        out.address(),
        out.strides()[summed],
        vector ? 1 : out.strides()[1 - summed],
        alpha,
        beta,
        title);
  }
}
