// Kronecker: the diagonal of an operator whose factors are not all square.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.tensor.Strided;
import java.util.Arrays;

/** Element i of the diagonal is at other places in each factor. In F64, rounded once at the end. */
final class SkewDiagonal {
  private final Term term;

  /** How far apart elements of the diagonal are whose rows, or columns, in this factor differ. */
  private final long rowStep;

  private final long columnStep;

  /**
   * Numbers of the elements: of all, of those of a diagonal, or of those at {@code places}; null
   * where they are 1.
   */
  private final double[] values;

  /** Where a sparse factor has elements, in row-major order. */
  private final long[] places;

  private SkewDiagonal(Term term, long rowStep, long columnStep) {
    this.term = term;
    this.rowStep = rowStep;
    this.columnStep = columnStep;
    if (term.isSparse()) {
      Entries entries = Entries.of(term).merged();
      this.places = entries.places();
      this.values = entries.value();
    } else {
      this.places = null;
      this.values = term.isIdentity() ? null : Numbers.of(term.tensor());
    }
  }

  /** Number of the value that element i of the diagonal has from this factor; -1 for none. */
  private int find(int i) {
    long r = i / rowStep % term.rows();
    long c = i / columnStep % term.columns();
    if (term.isSparse()) {
      return Math.max(Arrays.binarySearch(places, r * term.columns() + c), -1);
    }
    return term.isDense() ? (int) (r * term.columns() + c) : r == c ? (int) r : -1;
  }

  /** The diagonal, a new tensor. */
  static Strided of(Factors k) {
    return Numbers.vector(k.dtype(DType.F64), numbers(k));
  }

  /** The numbers of its elements, not rounded. */
  static double[] numbers(Factors k) {
    long length = Math.min(k.rows(), k.columns());
    if (k.batch().length > 0) {
      throw new IllegalArgumentException(
          "Kronecker diagonal: a batch of operators whose factors are not square: " + k);
    }
    int numbers = Numbers.parts(k.dtype(DType.F64));
    if (length > (Integer.MAX_VALUE - 8) / numbers) {
      throw new IllegalArgumentException(
          "Kronecker diagonal: factors that are not square, and " + length + " elements");
    }
    SkewDiagonal[] parts = parts(k);
    double[] diagonal = new double[(int) length * numbers];
    for (int i = 0; i < length; i++) {
      if (numbers == 1) {
        diagonal[i] = real(parts, i);
      } else {
        complex(parts, i, diagonal);
      }
    }
    return diagonal;
  }

  private static SkewDiagonal[] parts(Factors k) {
    SkewDiagonal[] parts = new SkewDiagonal[k.count()];
    long rowStep = 1;
    long columnStep = 1;
    for (int f = parts.length - 1; f >= 0; f--) {
      Term term = k.term(f);
      parts[f] = new SkewDiagonal(term, rowStep, columnStep);
      rowStep *= term.rows();
      columnStep *= term.columns();
    }
    return parts;
  }

  /** 0 where a factor has no element, whatever the others hold there. */
  private static double real(SkewDiagonal[] parts, int i) {
    double value = 1;
    for (int f = parts.length - 1; f >= 0; f--) {
      int at = parts[f].find(i);
      if (at < 0) {
        return 0;
      }
      value *= parts[f].values == null ? 1 : parts[f].values[at];
    }
    return value;
  }

  /** The same of complex numbers: writes element i. */
  private static void complex(SkewDiagonal[] parts, int i, double[] diagonal) {
    boolean first = true;
    double re = 1;
    double im = 0;
    for (int f = parts.length - 1; f >= 0; f--) {
      int at = parts[f].find(i);
      if (at < 0) {
        return; // 0, as the array is
      }
      if (parts[f].values == null) {
        continue;
      }
      double r = parts[f].values[2 * at];
      double m = parts[f].values[2 * at + 1];
      double real = first ? r : re * r - im * m;
      im = first ? m : re * m + im * r;
      re = real;
      first = false;
    }
    diagonal[2 * i] = re;
    diagonal[2 * i + 1] = im;
  }
}
