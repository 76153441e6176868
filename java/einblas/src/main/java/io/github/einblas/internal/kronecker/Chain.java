// Kronecker: the native product for one set of strides, freed with this object.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.Handle;
import io.github.einblas.internal.natives.NativeKronecker;
import java.lang.ref.Reference;
import java.util.Arrays;

/** Factor after factor applied to blocks of a tensor in native code. Immutable. */
final class Chain {
  private final long[] layout;
  private final Handle handle;

  /**
   * Makes the product; arrays are kept, not copied.
   *
   * @param outer length, stride in the operand and in the result of each axis without a factor
   * @param axes length in the operand and in the result, strides there, and the factor's two
   *     strides, for each factor
   */
  Chain(DType dtype, long[] outer, long[] axes) {
    this.layout = join(outer, axes);
    this.handle =
        new Handle(NativeKronecker::destroyKron, NativeKronecker.createKron(dtype, outer, axes));
  }

  private static long[] join(long[] outer, long[] axes) {
    long[] all = new long[outer.length + axes.length + 1];
    all[0] = outer.length;
    System.arraycopy(outer, 0, all, 1, outer.length);
    System.arraycopy(axes, 0, all, 1 + outer.length, axes.length);
    return all;
  }

  /** Whether this was made for these lengths and strides. */
  boolean fits(long[] outer, long[] axes) {
    return Arrays.equals(layout, join(outer, axes));
  }

  /** Whether the native code has a way for these strides. */
  boolean applies() {
    return handle.value() != 0;
  }

  /** Runs on checked addresses; alpha is not 0. */
  void run(long x, long[] factors, long out, double alpha, double beta) {
    try {
      NativeKronecker.runKron(handle.value(), x, factors, out, alpha, beta);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Passes, blocks and kernels, for people. */
  String describe() {
    try {
      return NativeKronecker.kronDescription(handle.value());
    } finally {
      Reference.reachabilityFence(this);
    }
  }
}
