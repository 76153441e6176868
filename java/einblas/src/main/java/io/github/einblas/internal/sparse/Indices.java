// Sparse: index arrays, copied from the caller's and checked once.
package io.github.einblas.internal.sparse;

import io.github.einblas.DType;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorArrays;
import io.github.einblas.internal.tensor.Transfer;
import java.nio.LongBuffer;
import java.util.Objects;
import java.util.function.IntFunction;

/** The library's own arrays: what another thread writes to a source later is not seen. */
public final class Indices {
  private Indices() {}

  /** The elements of an integer tensor in row-major order. */
  public static long[] of(Strided t) {
    return TensorArrays.longs(t, "indices");
  }

  /** A new I64 tensor. */
  public static Strided tensor(long[] values) {
    Strided t = Strided.empty(DType.I64, values.length);
    boolean done = false;
    try {
      t.using(at -> Transfer.in(LongBuffer.wrap(values), at));
      done = true;
      return t;
    } finally {
      if (!done) {
        t.close();
      }
    }
  }

  /** Copied and widened. */
  public static long[] of(String name, int[] values) {
    int[] own = Objects.requireNonNull(values, name);
    long[] wide = new long[own.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = own[i];
    }
    return wide;
  }

  /**
   * Refuses numbers outside [0, limit).
   *
   * @param name of the number at a place, for the text
   * @param units what the numbers count
   * @throws IndexOutOfBoundsException naming the first one, its place and value
   */
  static void requireWithin(long[] values, long limit, IntFunction<String> name, String units) {
    for (int i = 0; i < values.length; i++) {
      if (values[i] < 0 || values[i] >= limit) {
        throw new IndexOutOfBoundsException(
            name.apply(i)
                + " is "
                + values[i]
                + ", but there are "
                + limit
                + " "
                + units
                + ": 0 to "
                + (limit - 1));
      }
    }
  }
}
