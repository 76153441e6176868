// CSR matrices: what a product costs beside the dense one, and which of the two to take.
package io.github.einblas;

import java.util.Locale;

/** Text for {@link CsrMatrix#explain}. */
final class CsrAdvice {
  /**
   * Density from which the dense product is the faster one: measured for 49980 x 784 times 784 x 30
   * with two threads and AVX-512.
   */
  private static final double DENSE_FROM = 0.4;

  private CsrAdvice() {}

  static String text(CsrArrays a, long n) {
    double places = (double) a.rows() * a.columns();
    double density = places == 0 ? 0 : a.entries() / places;
    int bytes = a.dtype().bytes();
    double operands = (double) n * (a.rows() + a.columns()) * bytes;
    double indices = (a.rows() + 1) * 8.0 + a.entries() * 4.0;
    boolean dense = density >= DENSE_FROM;
    return String.format(
        Locale.ROOT,
        "matrix   %d x %d %s, %d entries (%.3g %%), %.1f per row, %d in the longest%n"
            + "sparse   %.3g FLOP, %.1f MB (indices %.1f MB)%n"
            + "dense    %.3g FLOP, %.1f MB%n"
            + "advice   %s: the dense product is faster from a density of about %.0f %% on%n",
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
        100 * DENSE_FROM);
  }
}
