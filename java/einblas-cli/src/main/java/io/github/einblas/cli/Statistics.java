// Command line: what the elements of a tensor are like, in passes over pieces.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Tensor;

/**
 * Of all elements; of complex ones, of their real and imaginary parts.
 *
 * @param count numbers, NaN and infinity included
 * @param nans which are NaN
 * @param infinities which are infinite
 * @param zeros which are 0
 * @param min least of those that are finite; NaN if none is
 * @param max greatest of them
 * @param mean of them
 * @param deviation standard deviation of them, by their number
 * @param integers exact least and greatest of integers, else null
 */
record Statistics(
    long count,
    long nans,
    long infinities,
    long zeros,
    double min,
    double max,
    double mean,
    double deviation,
    long[] integers) {
  private static final int PIECE = 1 << 16;

  /** Sees a piece of numbers, of which the first are given. */
  private interface Visitor {
    void visit(double[] numbers);
  }

  static Statistics of(Tensor tensor) {
    Sums s = new Sums();
    boolean integer = tensor.dtype().isInteger();
    try (Tensor own = laidOut(tensor);
        Tensor flat = own.reshape(own.size())) {
      if (integer) {
        s.integers(flat);
      }
      pieces(flat, s::first);
      s.scale();
      pieces(flat, s::second);
      s.mean = s.finite == 0 ? Double.NaN : s.sum / s.finite * s.unit;
      pieces(flat, s::third);
    }
    return new Statistics(
        s.count,
        s.nans,
        s.infinities,
        s.zeros,
        s.finite == 0 ? Double.NaN : s.min,
        s.finite == 0 ? Double.NaN : s.max,
        s.mean,
        s.finite == 0 ? Double.NaN : Math.sqrt(s.squares / s.finite) * s.unit,
        integer && s.count > 0 ? new long[] {s.least, s.greatest} : null);
  }

  /** The elements in the order in which they lie, where that makes a view, else a copy. */
  private static Tensor laidOut(Tensor t) {
    if (!t.isContiguous()) {
      Tensor turned = t.transpose();
      if (turned.isContiguous()) {
        return turned;
      }
      turned.close();
    }
    return t.contiguous();
  }

  private static void pieces(Tensor flat, Visitor visitor) {
    for (long at = 0; at < flat.size(); at += PIECE) {
      try (Tensor piece = flat.slice(0, at, Math.min(at + PIECE, flat.size()))) {
        visitor.visit(numbers(piece));
      }
    }
  }

  /** The numbers of a tensor, of complex elements both parts. */
  static double[] numbers(Tensor piece) {
    DType type = piece.dtype();
    DType wide = type.isComplex() ? DType.C128 : DType.F64;
    if (type == wide) {
      return piece.toDoubleArray();
    }
    try (Tensor converted = piece.to(wide)) {
      return converted.toDoubleArray();
    }
  }

  /** What the passes add up. */
  private static final class Sums {
    private long count;
    private long nans;
    private long infinities;
    private long zeros;
    private long finite;
    private double min = Double.POSITIVE_INFINITY;
    private double max = Double.NEGATIVE_INFINITY;
    private double mean;
    private double squares;
    private double unit = 1; // a power of two: sums of squares of numbers in it are finite
    private double sum;
    private long least = Long.MAX_VALUE;
    private long greatest = Long.MIN_VALUE;

    void first(double... numbers) {
      for (double x : numbers) {
        if (Double.isNaN(x)) {
          nans++;
        } else if (Double.isInfinite(x)) {
          infinities++;
        } else {
          finite++;
          zeros += x == 0 ? 1 : 0;
          min = Math.min(min, x);
          max = Math.max(max, x);
        }
      }
      count += numbers.length;
    }

    void scale() {
      double largest = finite == 0 ? 0 : Math.max(Math.abs(min), Math.abs(max));
      unit = largest == 0 ? 1 : Math.scalb(1.0, Math.getExponent(largest));
      unit = Math.max(unit, Double.MIN_NORMAL);
    }

    void second(double... numbers) {
      double piece = 0;
      for (double x : numbers) {
        piece += Double.isFinite(x) ? x / unit : 0;
      }
      sum += piece;
    }

    void third(double... numbers) {
      double piece = 0;
      for (double x : numbers) {
        double off = Double.isFinite(x) ? x / unit - mean / unit : 0;
        piece += off * off;
      }
      squares += piece;
    }

    void integers(Tensor flat) {
      for (long at = 0; at < flat.size(); at += PIECE) {
        try (Tensor piece = flat.slice(0, at, Math.min(at + PIECE, flat.size()));
            Tensor wide = piece.to(DType.I64)) {
          for (long x : wide.toLongArray()) {
            least = Math.min(least, x);
            greatest = Math.max(greatest, x);
          }
        }
      }
    }
  }
}
