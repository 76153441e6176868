// Kronecker: the native product for one set of strides, freed with this object.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.NativeKronecker;
import io.github.einblas.internal.natives.Reclaim;
import java.lang.ref.Reference;

/** Factor after factor applied to blocks of a tensor in native code. Immutable. */
public final class KroneckerChain {
  private final long[] layout;
  private final long handle;

  /**
   * Makes the product; arrays are kept, not copied.
   *
   * @param outer length, stride in the operand and in the result of each axis without a factor
   * @param axes length in the operand and in the result, strides there, and the factor's two
   *     strides, for each factor
   */
  public KroneckerChain(DType dtype, long[] outer, long[] axes) {
    this.layout = join(outer, axes);
    this.handle = NativeKronecker.createKron(dtype, outer, axes);
    if (handle != 0) {
      long address = handle;
      Reclaim.register(this, () -> NativeKronecker.destroyKron(address));
    }
  }

  private static long[] join(long[] outer, long[] axes) {
    long[] all = new long[outer.length + axes.length + 1];
    all[0] = outer.length;
    System.arraycopy(outer, 0, all, 1, outer.length);
    System.arraycopy(axes, 0, all, 1 + outer.length, axes.length);
    return all;
  }

  /** Whether this was made for these lengths and strides. */
  public boolean fits(long[] outer, long[] axes) {
    return java.util.Arrays.equals(layout, join(outer, axes));
  }

  /** Whether the native code has a way for these strides. */
  public boolean applies() {
    return handle != 0;
  }

  /** Runs on checked addresses; alpha is not 0. */
  public void run(long x, long[] factors, long out, double alpha, double beta) {
    try {
      NativeKronecker.runKron(handle, x, factors, out, alpha, beta);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Passes, blocks and kernels, for people. */
  public String describe() {
    try {
      return NativeKronecker.kronDescription(handle);
    } finally {
      Reference.reachabilityFence(this);
    }
  }
}
