// CSR matrices: the products with a dense tensor, what they need, and the one native call.
package io.github.einblas;

import io.github.einblas.internal.natives.NativeSparse;
import java.util.Arrays;
import java.util.Objects;

/** The products. x . A is computed as (A^T . x^T)^T: strides are swapped, nothing is moved. */
enum CsrProduct {
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
  long columnsOf(CsrMatrix a, Tensor x) {
    checkOperand(a, x);
    if (x.isClosed() || a.isClosed()) {
      throw new IllegalStateException(title + ": " + (x.isClosed() ? "x" : "it") + " is closed");
    }
    return x.rank() == 1 ? 1 : x.length(left ? 0 : 1);
  }

  /** The product, a new tensor. */
  Tensor of(CsrMatrix a, Tensor x) {
    checkOperand(a, x);
    Tensor out = Tensor.empty(a.dtype(), outputShape(a, x));
    try {
      run(a, out, 1, 0, x);
      return out;
    } catch (RuntimeException | Error e) {
      out.close();
      throw e;
    }
  }

  /** out = alpha * product + beta * out. */
  @SuppressWarnings("try") // InUse is closed for what it counts, not read
  void run(CsrMatrix a, Tensor out, double alpha, double beta, Tensor x) {
    Objects.requireNonNull(out, "out");
    checkOperand(a, x);
    long[] shape = outputShape(a, x);
    if (out.dtype() != a.dtype() || !Arrays.equals(out.shapeRef(), shape)) {
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
    try (CsrArrays.InUse tensors = CsrArrays.InUse.of(title, out, x)) {
      if (out.sharesElements(x)) {
        throw new IllegalArgumentException(
            title + ": the output shares elements with the operand " + x.describe());
      }
      CsrArrays arrays = a.arrays(left);
      try (CsrArrays.InUse matrix = arrays.inUse(title)) {
        NativeSparse.csrMultiply(a.dtype().ordinal(), job(arrays, out, x), alpha, beta, title);
      }
    }
  }

  private long[] outputShape(CsrMatrix a, Tensor x) {
    long rows = left ? a.columns() : a.rows();
    if (x.rank() == 1) {
      return new long[] {rows};
    }
    return left ? new long[] {x.length(0), rows} : new long[] {rows, x.length(1)};
  }

  private void checkOperand(CsrMatrix a, Tensor x) {
    Objects.requireNonNull(x, "x");
    a.requireFloating(title);
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

  private long[] job(CsrArrays a, Tensor out, Tensor x) {
    boolean vector = x.rank() == 1;
    int summed = left && !vector ? 1 : 0;
    return new long[] {
      a.rows(),
      a.columns(),
      a.entries(),
      a.longest(),
      a.indptr().address(),
      a.indices().address(),
      a.values().address(),
      vector ? 1 : x.shapeRef()[1 - summed],
      x.address(),
      x.stridesRef()[summed],
      vector ? 1 : x.stridesRef()[1 - summed],
      out.address(),
      out.stridesRef()[summed],
      vector ? 1 : out.stridesRef()[1 - summed]
    };
  }
}
