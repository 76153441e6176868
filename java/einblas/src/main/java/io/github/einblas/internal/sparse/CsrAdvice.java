// CSR matrices: what a product costs beside the dense one, and which of the two to take.
package io.github.einblas.internal.sparse;

import io.github.einblas.internal.natives.NativeSparse;
import java.util.Locale;

/** Text for the explanation of a product. */
public final class CsrAdvice {
  private CsrAdvice() {}

  /** What a product with n columns costs. */
  public static String text(CsrArrays a, long n) {
    double places = (double) a.rows() * a.columns();
    double density = places == 0 ? 0 : a.entries() / places;
    int bytes = a.dtype().bytes();
    double operands = (double) n * (a.rows() + a.columns()) * bytes;
    double indices = (a.rows() + 1) * 8.0 + a.entries() * 4.0;
    double from = NativeSparse.csrDenseFrom(a.dtype(), n);
    double flops = a.dtype().isComplex() ? 8 : 2;
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
        flops * a.entries() * n,
        (indices + (double) a.entries() * bytes + operands) * 1e-6,
        indices * 1e-6,
        flops * places * n,
        (places * bytes + operands) * 1e-6,
        dense ? "toDense() and Einsum" : "stay sparse",
        n,
        100 * from);
  }
}
