// Door to the native library: whether steps of integers would wrap.
package io.github.einblas.internal.natives;

import io.github.einblas.DType;
import io.github.einblas.nativelib.einblas;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.function.IntSupplier;

/** Checks of native steps. Addresses are raw, as those of {@link Native}. */
public final class NativeCheck {
  private static final int WORDS = 8;

  private NativeCheck() {}

  /**
   * Makes the check of a step of integers (see einblas.h).
   *
   * @param types of each operand, of the output, and in which sums are added up
   * @param bytes what a check may take; beyond it is slower
   */
  public static long create(
      DType[] types, int outerAxes, long[] lengths, long[] strides, long bytes) {
    Native.require();
    long[] handle = new long[1];
    int[] codes = Arrays.stream(types).mapToInt(Native::code).toArray();
    IntSupplier call =
        () ->
            einblas.einblas_check_create(
                codes,
                codes.length - 2,
                lengths.length,
                outerAxes,
                lengths,
                strides,
                bytes,
                handle);
    Native.run(call, "making a check of a step of types " + Arrays.toString(types));
    return handle[0];
  }

  /** Frees a check. */
  public static void destroy(long check) {
    einblas.einblas_check_destroy(check);
  }

  /**
   * The first element, in C order, that a run of the step would wrap, or -1; nothing is written.
   */
  public static long first(
      long check, long x0, long x1, long x2, long c, double alpha, double beta, int threads) {
    long found = einblas.einblas_check_run(check, x0, x1, x2, c, alpha, beta, threads);
    return found >= -1 ? found : again(found, check, x0, x1, x2, c, alpha, beta, threads);
  }

  private static long again(
      long status,
      long check,
      long x0,
      long x1,
      long x2,
      long c,
      double alpha,
      double beta,
      int threads) {
    long[] found = {status};
    Native.failed(
        status(found[0]),
        () -> {
          found[0] = einblas.einblas_check_run(check, x0, x1, x2, c, alpha, beta, threads);
          return status(found[0]);
        },
        () -> "checking a step",
        0);
    return found[0];
  }

  private static int status(long found) {
    return found >= -1 ? einblas.EINBLAS_OK : (int) (-2 - found);
  }

  /** The number that an element should be, or null where it has more than 511 bits. */
  public static BigInteger value(
      long check, long x0, long x1, long x2, long c, double alpha, double beta, long index) {
    long[] words = new long[WORDS];
    int status = einblas.einblas_check_value(check, x0, x1, x2, c, alpha, beta, index, words);
    if (status == einblas.EINBLAS_NOT_APPLICABLE) {
      return null;
    }
    BigInteger value = BigInteger.valueOf(words[WORDS - 1]);
    for (int w = WORDS - 2; w >= 0; w--) {
      BigInteger word = new BigInteger(Long.toUnsignedString(words[w]));
      value = value.shiftLeft(Long.SIZE).add(word);
    }
    return value;
  }

  /** Bytes that a check takes at most beside the tensors. */
  public static long memory(long check, int threads) {
    return einblas.einblas_check_memory(check, threads);
  }
}
