// Kronecker: elements of the operator's matrix: a row, the diagonal, the trace, all of them.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import io.github.einblas.internal.tensor.View;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;

/** Parts of the matrix; the operator's factors are open. */
public final class MatrixElements {
  /** Most bytes of a matrix that is built. */
  static final long DENSE_BYTES = 1L << 30;

  private MatrixElements() {}

  private static long[] join(long[]... parts) {
    return Arrays.stream(parts).flatMapToLong(Arrays::stream).toArray();
  }

  // ---- a row

  /** Row of a caller's number, which counts from the end where it is negative. */
  public static Strided row(Factors k, long index) {
    long i = index < 0 ? index + k.rows() : index;
    if (i < 0 || i >= k.rows()) {
      throw new IndexOutOfBoundsException(
          "Kronecker row " + index + " of an operator with " + k.rows() + " rows");
    }
    Strided result = TensorCopy.full(k.dtype(DType.F64), 0, k.shape(k.columns()));
    boolean done = false;
    try (Outer outer = new Outer(k)) {
      writeRow(outer, i, result);
      done = true;
      return result;
    } finally {
      closeUnless(done, result);
    }
  }

  private static void writeRow(Outer outer, long i, Strided result) {
    Factors k = outer.factors();
    FactorLabels labels = outer.labels();
    Strided out = result.reshape(join(k.batch(), k.lengths(false)));
    long rest = i;
    int axis = out.rank() - 1;
    for (int f = k.count() - 1; f >= 0; f--, axis--) {
      Term term = k.term(f);
      long at = rest % term.rows();
      rest /= term.rows();
      if (term.isDense()) {
        int rank = term.batchRank();
        outer.add(
            term.tensor().select(rank, at),
            FactorLabels.join(labels.batch(rank), new int[] {labels.column(f)}));
      } else if (term.isSparse()) {
        outer.add(f, Spread.row(term, at), labels.column(f));
      } else {
        out = out.select(axis, at); // the others of this factor's row are 0
        if (term.isDiagonal()) {
          outer.add(term.tensor().select(0, at));
        }
      }
    }
    outer.writeInto(out, outer.behindBatch(outer.matrices(false)));
  }

  private static void closeUnless(boolean done, Strided result) {
    if (!done) {
      result.close();
    }
  }

  // ---- all

  /** The whole matrix, if it is small. */
  public static Strided dense(Factors k) {
    if (!(k.denseBytes() <= DENSE_BYTES)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "Kronecker toDense: shape %s needs %.4g bytes, and at most %d are allowed",
              Arrays.toString(k.shape()),
              k.denseBytes(),
              DENSE_BYTES));
    }
    Strided result = TensorCopy.full(k.dtype(DType.F64), 0, k.shape());
    boolean done = false;
    try (Outer outer = new Outer(k)) {
      if (result.size() > 0) {
        writeDense(outer, result);
      }
      done = true;
      return result;
    } finally {
      closeUnless(done, result);
    }
  }

  private static void writeDense(Outer outer, Strided result) {
    Factors k = outer.factors();
    FactorLabels labels = outer.labels();
    int n = k.count();
    int batchRank = k.batch().length;
    Strided out = result.reshape(join(k.batch(), k.lengths(true), k.lengths(false)));
    // The labels of the rows, then of the columns; diagonals are views put last.
    int[] output = outer.behindBatch(outer.matrices(true), outer.matrices(false));
    int removed = 0;
    for (int f = 0; f < n; f++) {
      Term term = k.term(f);
      if (term.isSparse()) {
        outer.add(f, Spread.all(term), labels.row(f), labels.column(f));
        continue;
      }
      if (!term.isIdentity()) {
        outer.add(term.tensor(), labels.term(f));
      }
      if (!term.isDense()) {
        View view = out.geometry();
        out = out.view(view.diagonal(batchRank + f - removed, batchRank + n + f - 2 * removed));
        removed++;
        output = FactorLabels.join(output, new int[] {labels.row(f)});
      }
    }
    outer.writeInto(out, output);
  }

  // ---- the diagonal

  /** The main diagonal. */
  public static Strided diagonal(Factors k) {
    if (!k.allSquare()) {
      return SkewDiagonal.of(k);
    }
    Strided result = TensorCopy.full(k.dtype(DType.F64), 0, k.shape(k.rows()));
    boolean done = false;
    try (Outer outer = new Outer(k)) {
      FactorLabels labels = outer.labels();
      for (int f = 0; f < k.count(); f++) {
        Term term = k.term(f);
        if (term.isSparse()) {
          outer.add(f, Spread.diagonal(term), labels.row(f));
        } else if (!term.isIdentity()) {
          outer.add(
              term.diagonalTensor(),
              FactorLabels.join(labels.batch(term.batchRank()), new int[] {labels.row(f)}));
        }
      }
      outer.writeInto(
          result.reshape(join(k.batch(), k.lengths(true))), outer.behindBatch(labels.rows()));
      done = true;
      return result;
    } finally {
      closeUnless(done, result);
    }
  }

  /** The sum of the main diagonal of a square operator: real and imaginary part. */
  public static double[] trace(Factors k) {
    if (!k.allSquare()) {
      return sum(k.dtype(DType.F64), SkewDiagonal.numbers(k));
    }
    double real = 1;
    double[] trace = null;
    for (Term term : k.terms()) {
      if (term.isIdentity()) {
        real *= term.rows();
      } else {
        double[] own = sum(term.dtype(), diagonalNumbers(term));
        trace = trace == null ? own : Numbers.product(term.dtype(), trace, own);
      }
    }
    double[] all = trace == null ? new double[] {1, 0} : trace;
    boolean complex = k.dtype(DType.F64).isComplex();
    return new double[] {all[0] * real, complex ? all[1] * real : 0};
  }

  private static double[] diagonalNumbers(Term term) {
    return term.isSparse()
        ? Entries.of(term).onDiagonal().value()
        : Numbers.of(term.diagonalTensor());
  }

  private static double[] sum(DType type, double[] all) {
    int parts = Numbers.parts(type);
    return new double[] {sum(all, 0, parts), parts == 2 ? sum(all, 1, parts) : 0};
  }

  private static double sum(double[] all, int from, int step) {
    return IntStream.iterate(from, i -> i < all.length, i -> i + step)
        .mapToDouble(i -> all[i])
        .sum();
  }
}
