// Door to the native library: Kronecker products and LAPACK.
package io.github.einblas.internal.natives;

import io.github.einblas.DType;
import io.github.einblas.nativelib.einblas;
import java.util.function.IntSupplier;

/** Calls of {@link Native} for Kronecker products; callers have checked what they pass. */
public final class NativeKronecker {
  private NativeKronecker() {}

  /**
   * Makes a Kronecker product for given strides (see einblas.h); 0 when the layout does not suit.
   */
  public static long createKron(DType dtype, long[] outer, long[] axes) {
    Native.require();
    long[] handle = new long[1];
    IntSupplier call =
        () ->
            einblas.einblas_kron_create(
                Native.code(dtype), outer.length / 3, outer, axes.length / 6, axes, handle);
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

  /** Of two factors of k to q elements, the one with the smaller weight goes first. */
  public static double kronWeight(double k, double q, double work) {
    return einblas.einblas_kron_weight(k, q, work);
  }

  /**
   * A CSR matrix along one axis of X and C, with their strides there; outer as in einblas.h.
   *
   * @param conjugated of {@link NativeSparse#conjugated}: A, X
   */
  public static void kronCsr(
      NativeCsr a,
      int conjugated,
      long x,
      long strideX,
      long c,
      long strideC,
      long[] outer,
      double alpha,
      double beta,
      String doing) {
    Native.run(
        () ->
            einblas.einblas_kron_csr(
                Native.code(a.dtype()),
                conjugated,
                a.rows(),
                a.columns(),
                a.entries(),
                a.longestRow(),
                a.indptr(),
                a.indices(),
                a.values(),
                x,
                strideX,
                c,
                strideC,
                outer.length / 3,
                outer,
                alpha,
                beta,
                0),
        doing);
  }

  /** Passes, blocks and kernels of a Kronecker product, for people. */
  public static String kronDescription(long kron) {
    return Native.string(einblas.einblas_kron_description(kron));
  }

  /** LU factors of a column-major matrix in place; 0, or i where the i-th pivot (from 1) is 0. */
  public static long lu(DType dtype, long n, long a, long pivots) {
    Native.require();
    long[] info = new long[1];
    Native.run(
        () -> einblas.einblas_lu(Native.code(dtype), n, a, pivots, info), "an LU factorisation");
    return info[0];
  }

  /** B, column-major (n, right sides), becomes the solution. */
  public static void luSolve(DType dtype, long n, long rightSides, long lu, long pivots, long b) {
    Native.run(
        () -> einblas.einblas_lu_solve(Native.code(dtype), n, rightSides, lu, pivots, b),
        "solving by LU");
  }

  /** Eigenvalues of a column-major matrix, which is overwritten; 0, or without convergence more. */
  public static long eigenvalues(
      DType dtype, boolean symmetric, long n, long a, long real, long imaginary) {
    Native.require();
    long[] info = new long[1];
    Native.run(
        () ->
            einblas.einblas_eigenvalues(
                Native.code(dtype), symmetric ? 1 : 0, n, a, real, imaginary, info),
        "finding eigenvalues");
    return info[0];
  }
}
