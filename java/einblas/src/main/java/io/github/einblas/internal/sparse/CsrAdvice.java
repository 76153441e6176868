// CSR matrices: what a product costs beside the dense one, and which of the two to take.
package io.github.einblas.internal.sparse;

import io.github.einblas.DType;
import java.util.Locale;

/** Text for the explanation of a product. */
public final class CsrAdvice {
  private CsrAdvice() {}

  /**
   * Density from which the dense product is the faster one, measured with two threads and AVX-512
   * for 4096 x 4096 times 1, 8, 32 and 128 columns: F32 0.38, 0.45, 0.37, 0.28, F64 0.68, 0.75,
   * 0.40, 0.29. For 49980 x 784 times 30 columns 0.45 and 0.40, which the later dense product of
   * few columns (5.5 and 11.2 ms) moves to 0.32 and 0.29. Few columns: bytes count, and an entry
   * has those of its column besides; many: gathered rows of the operand against the dense product's
   * tiles.
   */
  static double denseFrom(DType dtype, long n) {
    if (n <= 16) {
      return dtype.bytes() == 4 ? 0.4 : 0.7;
    }
    return n <= 64 ? 0.32 : 0.28;
  }

  /** What a product with n columns costs. */
  public static String text(CsrArrays a, long n) {
    double places = (double) a.rows() * a.columns();
    double density = places == 0 ? 0 : a.entries() / places;
    int bytes = a.dtype().bytes();
    double operands = (double) n * (a.rows() + a.columns()) * bytes;
    double indices = (a.rows() + 1) * 8.0 + a.entries() * 4.0;
    double from = denseFrom(a.dtype(), n);
    boolean dense = density >= from;
    return String.format(
        Locale.ROOT,
        "matrix   %d x %d %s, %d entries (%.3g %%), %.1f per row, %d in the longest%nsparse   %.3g"
            + " FLOP, %.1f MB (indices %.1f MB)%ndense    %.3g FLOP, %.1f MB%nadvice   %s: with %d"
            + " columns the dense product is faster from a density of about %.0f %% on%n",
        a.rows(),
        a.columns(),
        a.dtype(),
        a.entries(),
        100 * density,
        a.rows() == 0 ? 0.0 : (double) a.entries() / a.rows(),
        a.longest(),
        2.0 * a.entries() * n,
        (indices + (double) a.entries() * bytes + operands) * 1e-6,
        indices * 1e-6,
        2 * places * n,
        (places * bytes + operands) * 1e-6,
        dense ? "toDense() and Einsum" : "stay sparse",
        n,
        100 * from);
  }
}
