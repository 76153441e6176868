// Door to the native library: Kronecker products and LAPACK.
package io.github.einblas.internal.natives;

import io.github.einblas.nativelib.einblas;
import java.util.function.IntSupplier;

/** Calls of {@link Native} for Kronecker products; callers have checked what they pass. */
public final class NativeKronecker {
  private NativeKronecker() {}

  /**
   * Makes a Kronecker product for given strides (see einblas.h); 0 when the layout does not suit.
   */
  public static long createKron(int dtype, long[] outer, long[] axes) {
    Native.require();
    long[] handle = new long[1];
    IntSupplier call =
        () ->
            einblas.einblas_kron_create(
                dtype, outer.length / 3, outer, axes.length / 6, axes, handle);
    int status = call.getAsInt();
    if (status != einblas.EINBLAS_OK) {
      status = Native.failed(status, call, () -> "making a Kronecker product", 0);
    }
    if (status == einblas.EINBLAS_NOT_APPLICABLE) {
      return 0;
    }
    return handle[0];
  }

  /** Frees a Kronecker product that no call uses. */
  public static void destroyKron(long kron) {
    einblas.einblas_kron_destroy(kron);
  }

  /** Runs a Kronecker product on checked addresses; alpha is not 0. */
  public static void runKron(long kron, long x, long[] factors, long c, double alpha, double beta) {
    Native.run(
        () -> einblas.einblas_kron_run(kron, x, factors, c, alpha, beta, 0), "a Kronecker product");
  }

  /** A CSR matrix along one axis of a tensor; the job's numbers as in einblas.h. */
  public static void kronCsr(
      int dtype, long[] job, long[] outer, double alpha, double beta, String doing) {
    Native.run(
        () -> einblas.einblas_kron_csr(dtype, job, outer.length / 3, outer, alpha, beta, 0), doing);
  }

  /** Passes, blocks and kernels of a Kronecker product, for people. */
  public static String kronDescription(long kron) {
    return Native.string(einblas.einblas_kron_description(kron));
  }

  /** LU factors of a column-major matrix in place; 0, or i where the i-th pivot (from 1) is 0. */
  public static long lu(int dtype, long n, long a, long pivots) {
    Native.require();
    long[] info = new long[1];
    Native.run(() -> einblas.einblas_lu(dtype, n, a, pivots, info), "an LU factorisation");
    return info[0];
  }

  /** B, column-major (n, right sides), becomes the solution. */
  public static void luSolve(int dtype, long n, long rightSides, long lu, long pivots, long b) {
    Native.run(
        () -> einblas.einblas_lu_solve(dtype, n, rightSides, lu, pivots, b), "solving by LU");
  }

  /** Eigenvalues of a column-major matrix, which is overwritten; 0, or without convergence more. */
  public static long eigenvalues(
      int dtype, boolean symmetric, long n, long a, long real, long imaginary) {
    Native.require();
    long[] info = new long[1];
    Native.run(
        () -> einblas.einblas_eigenvalues(dtype, symmetric ? 1 : 0, n, a, real, imaginary, info),
        "finding eigenvalues");
    return info[0];
  }
}
