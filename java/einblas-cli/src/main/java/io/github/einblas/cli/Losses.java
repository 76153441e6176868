// Command line: what a conversion of types did to the elements.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.util.Locale;

/** Counts of elements that became others, and of those that became something else altogether. */
final class Losses {
  private static final int PIECE = 1 << 16;

  private final DType from;
  private final DType to;
  private final long size;
  private long rounded;
  private long lost;
  private double error; // the largest, of the number's size
  private String first; // of those that are lost

  private Losses(Tensor from, Tensor to) {
    this.from = from.dtype();
    this.to = to.dtype();
    this.size = from.size();
  }

  /** Compares a tensor with what was made of it. */
  static Losses of(Tensor from, Tensor to) {
    Losses losses = new Losses(from, to);
    try (Tensor own = from.contiguous();
        Tensor a = own.reshape(from.size());
        Tensor b = to.reshape(from.size())) {
      for (long at = 0; at < losses.size; at += PIECE) {
        long end = Math.min(at + PIECE, losses.size);
        try (Tensor x = a.slice(0, at, end);
            Tensor y = b.slice(0, at, end)) {
          losses.compare(at, x, y);
        }
      }
    }
    return losses;
  }

  private void compare(long at, Tensor x, Tensor y) {
    if (from.isReal() || from.isComplex()) {
      fromNumbers(at, Statistics.numbers(x), y);
      return;
    }
    if (to.isInteger()) {
      return; // the library refused what does not fit
    }
    try (Tensor wide = x.to(DType.I64)) {
      long[] integers = wide.toLongArray();
      double[] made = Statistics.numbers(y);
      int parts = to.isComplex() ? 2 : 1;
      for (int i = 0; i < integers.length; i++) {
        fromInteger(at + i, integers[i], made[parts * i]);
      }
    }
  }

  private void fromInteger(long place, long x, double y) {
    if (to.isBool() ? x == (y != 0 ? 1 : 0) : (long) y == x && y < 0x1p63) {
      return;
    }
    if (to.isBool() || Double.isInfinite(y)) {
      lose(place, Long.toString(x));
    } else {
      round((double) x, y);
    }
  }

  /** Numbers of floating-point elements; both parts of complex ones. */
  private void fromNumbers(long at, double[] x, Tensor y) {
    if (to.isInteger() || to.isBool()) {
      try (Tensor wide = y.to(DType.I64)) {
        long[] made = wide.toLongArray();
        for (int i = 0; i < made.length; i++) {
          if (made[i] != x[i] || made[i] == Long.MAX_VALUE) {
            lose(at + i, Double.toString(x[i]));
          }
        }
      }
      return;
    }
    double[] made = Statistics.numbers(y);
    int given = from.isComplex() ? 2 : 1;
    int parts = to.isComplex() ? 2 : 1;
    for (int i = 0; i < x.length; i++) {
      double a = x[i];
      double b = made[given == parts ? i : parts * i];
      if (a == b || (Double.isNaN(a) && Double.isNaN(b))) {
        continue;
      }
      if (Double.isInfinite(b)) {
        lose(at + i / given, Double.toString(a));
      } else {
        round(a, b);
      }
    }
  }

  private void round(double a, double b) {
    rounded++;
    error = Math.max(error, Math.abs(a - b) / Math.abs(a));
  }

  private void lose(long place, String element) {
    lost++;
    first = first == null ? element + " at place " + place + " in row-major order" : first;
  }

  /** Elements that are other numbers now. */
  long count() {
    return rounded + lost;
  }

  /** Those that the type cannot hold, not even rounded. */
  long lost() {
    return lost;
  }

  String lostText() {
    return String.format(
        Locale.ROOT, "%d of %d numbers are no %s, the first %s", lost, numbers(), to, first);
  }

  /** What is made of those that are lost. */
  String what() {
    return to.isBool() ? "true" : to.isInteger() ? "the nearest integers towards 0" : "infinity";
  }

  String text() {
    String text =
        rounded == 0
            ? ""
            : String.format(
                Locale.ROOT,
                "%s to %s rounded %d of %d numbers, by at most %.2g of their size",
                from,
                to,
                rounded,
                numbers(),
                error);
    return text
        + (rounded > 0 && lost > 0 ? "; " : "")
        + (lost > 0 ? lostText() + ": made " + what() : "");
  }

  private long numbers() {
    return from.isComplex() ? 2 * size : size;
  }
}
