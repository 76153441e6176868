// Kronecker: a sparse matrix along one axis of a tensor, natively; complex numbers by parts.
package io.github.einblas.internal.kronecker;

import io.github.einblas.internal.natives.NativeKronecker;
import io.github.einblas.internal.sparse.CsrArrays;
import io.github.einblas.internal.sparse.Words;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;

/**
 * The native call, which is one of real numbers: real matrices times real tensors, or times both
 * parts of complex ones, which are one more axis. A complex matrix is two, of its real and its
 * imaginary parts: they are copied one after the other for each call, half as large as its values.
 */
@SuppressWarnings("try") // leases are closed for what they hold, not read
final class SparseAxis {
  private final String name;
  private final Strided x;
  private final Strided out;
  private final int axis;

  private SparseAxis(String name, Strided x, Strided out, int axis) {
    this.name = name;
    this.x = x;
    this.out = out;
    this.axis = axis;
  }

  /**
   * out = alpha * A x + beta * out along one axis of tensors that differ in nothing else.
   *
   * @param name of the operation, for errors
   * @param a of the tensors' type, or of the type of their parts
   * @param out no conjugate view
   */
  static void run(
      String name, CsrArrays a, Strided x, Strided out, int axis, double alpha, double beta) {
    if (out.size() == 0) {
      return;
    }
    SparseAxis way = new SparseAxis(name, x, out, axis);
    try (Lease tensors = Lease.of(new Words(name, "the output", "x"), out, x)) {
      if (a.dtype().isComplex()) {
        way.complex(a, alpha, beta);
      } else {
        way.real(a, alpha, beta);
      }
    }
  }

  /** Re(A) x, then what the imaginary parts add: i Im(A) x. */
  private void complex(CsrArrays a, double alpha, double beta) {
    double matrix = a.values().isConjugate() ? -1 : 1;
    double operand = x.isConjugate() ? -1 : 1;
    try (CsrArrays part = a.real()) {
      real(part, alpha, beta);
    }
    try (CsrArrays part = a.imaginaryInMemory()) {
      call(part, new Parts(1, 0, 1), -matrix * operand * alpha, 1);
      call(part, new Parts(0, 1, 1), matrix * alpha, 1);
    }
  }

  private void real(CsrArrays a, double alpha, double beta) {
    if (x.isConjugate()) {
      call(a, new Parts(0, 0, 1), alpha, beta);
      call(a, new Parts(1, 1, 1), -alpha, beta);
    } else {
      call(a, new Parts(0, 0, out.dtype().isComplex() ? 2 : 1), alpha, beta);
    }
  }

  /**
   * Which of the numbers that an element of a complex tensor is.
   *
   * @param ofX the first one
   * @param ofOut the first one
   * @param count 2: both
   */
  private record Parts(int ofX, int ofOut, int count) {}

  private void call(CsrArrays a, Parts parts, double alpha, double beta) {
    int each = out.dtype().isComplex() ? 2 : 1;
    long[] outer = new long[3 * x.rank()];
    int n = 0;
    for (int d = 0; d < x.rank(); d++) {
      if (d != axis) {
        outer[n++] = out.shape()[d];
        outer[n++] = each * x.strides()[d];
        outer[n++] = each * out.strides()[d];
      }
    }
    outer[n++] = parts.count;
    outer[n++] = 1;
    outer[n] = 1;
    long bytes = a.dtype().bytes();
    try (Lease matrix = a.inUse(name)) {
      NativeKronecker.kronCsr(
          a.forNative(),
          x.address() + parts.ofX * bytes,
          each * x.strides()[axis],
          out.address() + parts.ofOut * bytes,
          each * out.strides()[axis],
          outer,
          alpha,
          beta,
          name);
    }
  }
}
