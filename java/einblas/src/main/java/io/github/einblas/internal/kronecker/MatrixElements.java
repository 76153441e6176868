// Kronecker: elements of the operator's matrix: a row, the diagonal, the trace, all of them.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import io.github.einblas.internal.tensor.View;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;

/** Parts of the matrix; the operator's factors are open. */
public final class MatrixElements {
  /** Most bytes of a matrix that is built. */
  static final long DENSE_BYTES = 1L << 30;

  private MatrixElements() {}

  /** Views of the factors' parts, and the shape of the result with one axis per factor. */
  private static final class Outer {
    final Factors factors;
    final FactorLabels labels;
    final LabelledOperands operands = new LabelledOperands();

    Outer(Factors factors) {
      this.factors = factors;
      this.labels = new FactorLabels(factors, factors.batch().length);
    }

    DType dtype() {
      return factors.dtype(DType.F64);
    }

    /** Labels of the batch axes and of these. */
    int[] behindBatch(int[]... others) {
      return FactorLabels.join(labels.batch(factors.batch().length), FactorLabels.join(others));
    }

    /** Labels of the rows, or columns, of the dense factors. */
    int[] dense(boolean rows) {
      return IntStream.range(0, factors.count())
          .filter(f -> factors.term(f).isDense())
          .map(f -> rows ? labels.row(f) : labels.column(f))
          .toArray();
    }

    void addDiagonal(int f) {
      Term term = factors.term(f);
      operands.add(
          term.diagonalTensor(),
          FactorLabels.join(labels.batch(term.batchRank()), new int[] {labels.row(f)}));
    }

    /** Writes the product of all parts over the given labels. */
    void writeInto(Strided out, int[] output) {
      if (!operands.isEmpty()) {
        // Identities have labels that no part has.
        operands.repeat(output, out.shape());
        operands.runInto(output, out, 1, 0);
        return;
      }
      try (Strided one = TensorCopy.full(dtype(), 1)) {
        operands.add(one, new int[0]);
        operands.repeat(output, out.shape());
        operands.runInto(output, out, 1, 0);
      }
    }
  }

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
    if (k.hasSparse()) {
      return sparseRow(k, i);
    }
    Outer outer = new Outer(k);
    Strided result = TensorCopy.full(outer.dtype(), 0, k.shape(k.columns()));
    boolean done = false;
    try {
      Strided out = result.reshape(join(k.batch(), k.lengths(false)));
      long rest = i;
      int axis = out.rank() - 1;
      for (int f = k.count() - 1; f >= 0; f--, axis--) {
        Term term = k.term(f);
        long at = rest % term.rows();
        rest /= term.rows();
        if (term.isDense()) {
          int rank = term.batchRank();
          outer.operands.add(
              term.tensor().select(rank, at),
              FactorLabels.join(outer.labels.batch(rank), new int[] {outer.labels.column(f)}));
          continue;
        }
        out = out.select(axis, at); // the others of this factor's row are 0
        if (term.isDiagonal()) {
          outer.operands.add(term.tensor().select(0, at), new int[0]);
        }
      }
      outer.writeInto(out, outer.behindBatch(outer.dense(false)));
      done = true;
      return result;
    } finally {
      closeUnless(done, result);
    }
  }

  private static void closeUnless(boolean done, Strided result) {
    if (!done) {
      result.close();
    }
  }

  private static Strided sparseRow(Factors k, long i) {
    long[] rows = new long[k.count()];
    long rest = i;
    long other = 0;
    long step = 1;
    for (int f = rows.length - 1; f >= 0; f--) {
      Term term = k.term(f);
      rows[f] = rest % term.rows();
      rest /= term.rows();
      if (!term.isSparse()) {
        other += rows[f] * step;
        step *= term.rows();
      }
    }
    try (Strided others = row(Spread.others(k), other)) {
      return Spread.row(k, others, rows);
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
    if (k.hasSparse() && Views.size(k.shape()) > 0) {
      try (Strided others = dense(Spread.others(k))) {
        return Spread.dense(k, others);
      }
    }
    Strided result = TensorCopy.full(k.dtype(DType.F64), 0, k.shape());
    boolean done = false;
    try {
      if (!k.hasSparse()) {
        writeDense(new Outer(k), result);
      }
      done = true;
      return result;
    } finally {
      closeUnless(done, result);
    }
  }

  private static void writeDense(Outer outer, Strided result) {
    Factors k = outer.factors;
    int n = k.count();
    int batchRank = k.batch().length;
    Strided out = result.reshape(join(k.batch(), k.lengths(true), k.lengths(false)));
    for (int f = 0; f < n; f++) {
      if (!k.term(f).isIdentity()) {
        outer.operands.add(k.term(f).tensor(), outer.labels.term(f));
      }
    }
    // The labels of the rows, then of the dense columns; diagonals are views put last.
    int[] output = outer.behindBatch(outer.dense(true), outer.dense(false));
    int removed = 0;
    for (int f = 0; f < n; f++) {
      if (!k.term(f).isDense()) {
        View view = out.geometry();
        out = out.view(view.diagonal(batchRank + f - removed, batchRank + n + f - 2 * removed));
        removed++;
        output = FactorLabels.join(output, new int[] {outer.labels.row(f)});
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
    if (k.hasSparse()) {
      try (Strided others = diagonal(Spread.others(k))) {
        return Spread.diagonal(k, others);
      }
    }
    Outer outer = new Outer(k);
    Strided result = Strided.empty(outer.dtype(), k.shape(k.rows()));
    boolean done = false;
    try {
      for (int f = 0; f < k.count(); f++) {
        if (!k.term(f).isIdentity()) {
          outer.addDiagonal(f);
        }
      }
      outer.writeInto(
          result.reshape(join(k.batch(), k.lengths(true))), outer.behindBatch(outer.labels.rows()));
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
      } else if (term.isSparse()) {
        real *= Entries.of(term).trace();
      } else {
        double[] own = sum(term.dtype(), Numbers.of(term.diagonalTensor()));
        trace = trace == null ? own : Numbers.product(term.dtype(), trace, own);
      }
    }
    double[] all = trace == null ? new double[] {1, 0} : trace;
    boolean complex = k.dtype(DType.F64).isComplex();
    return new double[] {all[0] * real, complex ? all[1] * real : 0};
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
