// Kronecker: a sparse matrix along one axis of a tensor, natively.
package io.github.einblas.internal.kronecker;

import io.github.einblas.internal.natives.NativeKronecker;
import io.github.einblas.internal.sparse.CsrArrays;
import io.github.einblas.internal.sparse.Words;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;

/** The native call. */
@SuppressWarnings("try") // leases are closed for what they hold, not read
final class SparseAxis {
  private SparseAxis() {}

  /**
   * out = alpha * A x + beta * out along one axis of tensors that differ in nothing else.
   *
   * @param name of the operation, for errors
   */
  static void run(
      String name, CsrArrays a, Strided x, Strided out, int axis, double alpha, double beta) {
    if (out.size() == 0) {
      return;
    }
    long[] outer = new long[3 * (x.rank() - 1)];
    int n = 0;
    for (int d = 0; d < x.rank(); d++) {
      if (d != axis) {
        outer[n++] = out.shape()[d];
        outer[n++] = x.strides()[d];
        outer[n++] = out.strides()[d];
      }
    }
    try (Lease tensors = Lease.of(new Words(name, "the output", "x"), out, x);
        Lease matrix = a.inUse(name)) {
      NativeKronecker.kronCsr(
          a.forNative(),
          x.address(),
          x.strides()[axis],
          out.address(),
          out.strides()[axis],
          outer,
          alpha,
          beta,
          name);
    }
  }
}
