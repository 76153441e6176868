// Kronecker: a sparse matrix along one axis of a tensor, natively.
package io.github.einblas.internal.kronecker;

import io.github.einblas.internal.natives.NativeKronecker;
import io.github.einblas.internal.natives.NativeSparse;
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
   * @param a of the tensors' type; or real, beside complex tensors, whose parts are one axis more:
   *     0 times an infinite part is not computed then
   * @param x no conjugate view beside a real matrix
   * @param out no conjugate view
   */
  static void run(
      String name, CsrArrays a, Strided x, Strided out, int axis, double alpha, double beta) {
    if (out.size() == 0) {
      return;
    }
    int parts = a.dtype() == x.dtype() ? 1 : 2;
    long[] outer = new long[3 * x.rank()];
    int n = 0;
    for (int d = 0; d < x.rank(); d++) {
      if (d != axis) {
        outer[n++] = out.shape()[d];
        outer[n++] = parts * x.strides()[d];
        outer[n++] = parts * out.strides()[d];
      }
    }
    outer[n++] = parts;
    outer[n++] = 1;
    outer[n] = 1;
    try (Lease tensors = Lease.of(new Words(name, "the output", "x"), out, x);
        Lease matrix = a.inUse(name)) {
      NativeKronecker.kronCsr(
          a.forNative(),
          NativeSparse.conjugated(a.values().isConjugate(), x.isConjugate()),
          x.address(),
          parts * x.strides()[axis],
          out.address(),
          parts * out.strides()[axis],
          outer,
          alpha,
          beta,
          name);
    }
  }
}
