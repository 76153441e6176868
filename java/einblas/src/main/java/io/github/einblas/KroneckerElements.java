// Kronecker: elements of the operator's matrix: a row, the diagonal, the trace, all of them.
package io.github.einblas;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Parts of the matrix; the operator's factors are open. */
final class KroneckerElements {
  private KroneckerElements() {}

  /** Views of the factors' parts, and the shape of the result with one axis per factor. */
  private static final class Outer {
    final Kronecker operator;
    final KroneckerLabels labels;
    final KroneckerLabels.Operands operands = new KroneckerLabels.Operands();

    Outer(Kronecker operator) {
      this.operator = operator;
      this.labels = new KroneckerLabels(operator.terms(), operator.batch().length);
    }

    DType dtype() {
      return operator.dtype() == null ? DType.F64 : operator.dtype();
    }

    /** Writes the product of all parts over the given labels. */
    void writeInto(Tensor out, int[] output) {
      // A part of its own for labels that no factor has: batch axes are theirs, identities' are
      // not.
      long[] shape = out.shapeRef();
      try (Tensor one = Tensor.ones(dtype());
          Tensor ones = one.broadcastTo(shape)) {
        operands.add(ones, output);
        operands.plan(output).runInto(out, 1, 0, operands.tensors());
      }
    }
  }

  private static long[] join(long[]... parts) {
    return Arrays.stream(parts).flatMapToLong(Arrays::stream).toArray();
  }

  private static long[] lengths(Kronecker k, boolean rows) {
    return k.terms().stream().mapToLong(t -> rows ? t.rows() : t.columns()).toArray();
  }

  static Tensor row(Kronecker k, long index) {
    long i = index < 0 ? index + k.rows() : index;
    if (i < 0 || i >= k.rows()) {
      throw new IndexOutOfBoundsException(
          "Kronecker row " + index + " of an operator with " + k.rows() + " rows");
    }
    if (k.hasSparse()) {
      return sparseRow(k, i);
    }
    Outer outer = new Outer(k);
    int batchRank = k.batch().length;
    Tensor result = Tensor.zeros(outer.dtype(), join(k.batch(), new long[] {k.columns()}));
    try {
      Tensor out = result.reshape(join(k.batch(), lengths(k, false)));
      int[] output = outer.labels.batch(batchRank);
      long rest = i;
      int axis = out.rank() - 1;
      for (int f = k.factors() - 1; f >= 0; f--, axis--) {
        KroneckerTerm term = k.terms().get(f);
        long at = rest % term.rows();
        rest /= term.rows();
        if (term.isDense()) {
          int rank = term.batchRank();
          outer.operands.add(
              term.tensor().select(rank, at),
              KroneckerLabels.join(outer.labels.batch(rank), new int[] {outer.labels.column(f)}));
          continue;
        }
        out = out.select(axis, at); // the others of this factor's row are 0
        if (term.isDiagonal()) {
          outer.operands.add(term.tensor().select(0, at), new int[0]);
        }
      }
      outer.writeInto(out, KroneckerLabels.join(output, denseLabels(outer, false)));
      return result;
    } catch (RuntimeException | Error e) {
      result.close();
      throw e;
    }
  }

  private static Tensor sparseRow(Kronecker k, long i) {
    long[] rows = new long[k.factors()];
    long rest = i;
    long other = 0;
    long step = 1;
    for (int f = rows.length - 1; f >= 0; f--) {
      KroneckerTerm term = k.terms().get(f);
      rows[f] = rest % term.rows();
      rest /= term.rows();
      if (!term.isSparse()) {
        other += rows[f] * step;
        step *= term.rows();
      }
    }
    try (Tensor others = row(KroneckerSparse.others(k), other)) {
      return KroneckerSparse.row(k, others, rows);
    }
  }

  private static int[] denseLabels(Outer outer, boolean rows) {
    List<KroneckerTerm> terms = outer.operator.terms();
    return java.util.stream.IntStream.range(0, terms.size())
        .filter(f -> terms.get(f).isDense())
        .map(f -> rows ? outer.labels.row(f) : outer.labels.column(f))
        .toArray();
  }

  static Tensor dense(Kronecker k, long mostBytes) {
    if (!(k.denseBytes() <= mostBytes)) {
      throw new IllegalArgumentException(
          String.format(
              java.util.Locale.ROOT,
              "Kronecker toDense: shape %s needs %.4g bytes, and at most %d are allowed",
              Arrays.toString(k.shape()),
              k.denseBytes(),
              mostBytes));
    }
    if (k.hasSparse() && k.rows() > 0 && k.columns() > 0) {
      try (Tensor others = dense(KroneckerSparse.others(k), mostBytes)) {
        return KroneckerSparse.dense(k, others);
      }
    }
    if (k.hasSparse()) {
      return Tensor.zeros(k.dtype(), k.shape());
    }
    Outer outer = new Outer(k);
    int n = k.factors();
    int batchRank = k.batch().length;
    Tensor result = Tensor.zeros(outer.dtype(), k.shape());
    try {
      Tensor out = result.reshape(join(k.batch(), lengths(k, true), lengths(k, false)));
      for (int f = 0; f < n; f++) {
        if (!k.terms().get(f).isIdentity()) {
          outer.operands.add(k.terms().get(f).tensor(), outer.labels.term(f));
        }
      }
      // The labels of the rows, then of the dense columns; diagonals are views put last.
      int[] output =
          KroneckerLabels.join(
              outer.labels.batch(batchRank), denseLabels(outer, true), denseLabels(outer, false));
      int removed = 0;
      for (int f = 0; f < n; f++) {
        if (!k.terms().get(f).isDense()) {
          out = out.diagonal(batchRank + f - removed, batchRank + n + f - 2 * removed);
          removed++;
          output = KroneckerLabels.join(output, new int[] {outer.labels.row(f)});
        }
      }
      outer.writeInto(out, output);
      return result;
    } catch (RuntimeException | Error e) {
      result.close();
      throw e;
    }
  }

  static Tensor diagonal(Kronecker k) {
    if (k.hasSparse() && k.terms().stream().allMatch(KroneckerTerm::isSquare)) {
      try (Tensor others = diagonal(KroneckerSparse.others(k))) {
        return KroneckerSparse.diagonal(k, others);
      }
    }
    Outer outer = new Outer(k);
    long length = Math.min(k.rows(), k.columns());
    if (k.terms().stream().allMatch(KroneckerTerm::isSquare)) {
      Tensor result = Tensor.empty(outer.dtype(), join(k.batch(), new long[] {length}));
      try {
        for (int f = 0; f < k.factors(); f++) {
          if (!k.terms().get(f).isIdentity()) {
            addDiagonal(outer, f);
          }
        }
        outer.writeInto(
            result.reshape(join(k.batch(), lengths(k, true))),
            KroneckerLabels.join(outer.labels.batch(k.batch().length), outer.labels.rows()));
        return result;
      } catch (RuntimeException | Error e) {
        result.close();
        throw e;
      }
    }
    return skewDiagonal(k, length);
  }

  private static void addDiagonal(Outer outer, int f) {
    KroneckerTerm term = outer.operator.terms().get(f);
    int rank = term.batchRank();
    Tensor part = term.isDiagonal() ? term.tensor() : term.tensor().diagonal(rank, rank + 1);
    outer.operands.add(
        part, KroneckerLabels.join(outer.labels.batch(rank), new int[] {outer.labels.row(f)}));
  }

  /** Of factors that are not square: element i is at other places in each of them. */
  private static Tensor skewDiagonal(Kronecker k, long length) {
    if (k.batch().length > 0) {
      throw new IllegalArgumentException(
          "Kronecker diagonal: a batch of operators whose factors are not square: " + k);
    }
    if (length > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "Kronecker diagonal: factors that are not square, and " + length + " elements");
    }
    double[] values = new double[(int) length];
    Arrays.fill(values, 1);
    long rowStep = 1;
    long columnStep = 1;
    for (int f = k.factors() - 1; f >= 0; f--) {
      KroneckerTerm term = k.terms().get(f);
      double[] own = term.tensor() == null ? null : doubles(term.tensor());
      Map<Long, Double> entries = term.isSparse() ? KroneckerEntries.of(term).byPlace() : Map.of();
      for (int i = 0; i < values.length; i++) {
        long r = i / rowStep % term.rows();
        long c = i / columnStep % term.columns();
        values[i] *=
            term.isDense()
                ? own[(int) (r * term.columns() + c)]
                : term.isSparse()
                    ? entries.getOrDefault(r * term.columns() + c, 0.0)
                    : r != c ? 0 : own == null ? 1 : own[(int) r];
      }
      rowStep *= term.rows();
      columnStep *= term.columns();
    }
    DType dtype = k.dtype() == null ? DType.F64 : k.dtype();
    try (Tensor wide = Tensor.of(values)) {
      return wide.to(dtype);
    }
  }

  static double[] doubles(Tensor t) {
    try (Tensor wide = t.to(DType.F64)) {
      return wide.toDoubleArray();
    }
  }

  static double trace(Kronecker k) {
    if (!k.terms().stream().allMatch(KroneckerTerm::isSquare)) {
      try (Tensor diagonal = diagonal(k)) {
        return Arrays.stream(doubles(diagonal)).sum();
      }
    }
    double trace = 1;
    for (KroneckerTerm term : k.terms()) {
      trace *=
          term.isIdentity()
              ? term.rows()
              : term.isSparse()
                  ? KroneckerSparse.trace(term)
                  : Arrays.stream(
                          doubles(term.isDiagonal() ? term.tensor() : term.tensor().diagonal(0, 1)))
                      .sum();
    }
    return trace;
  }
}
