// Kronecker: the entries of sparse factors written to their places in a matrix, a row or a
// diagonal.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.plan.PlanCache;
import io.github.einblas.internal.sparse.Csr;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import io.github.einblas.internal.tensor.Views;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * The outer product of the other factors' elements and of the sparse factors' entries: a place
 * without an entry is 0, whatever the other factors hold.
 */
final class Spread {
  private Spread() {}

  /**
   * Entries of a sparse factor, and where they stand in an axis of a result.
   *
   * @param entries values, one axis
   * @param places one row for each place, one column for each entry, and 1 where they belong
   *     together
   * @param lengths of the axes that the places are
   */
  private record Part(Strided entries, Csr places, long[] lengths) implements AutoCloseable {
    @Override
    public void close() {
      entries.close();
      places.close();
    }
  }

  private static Part part(DType dtype, double[] value, long[] place, long... lengths) {
    long[] each = new long[value.length];
    double[] one = new double[value.length];
    Arrays.setAll(each, e -> e);
    Arrays.fill(one, 1);
    Csr places = new Entries(Views.size(lengths), value.length, place, each, one).matrix(dtype);
    return new Part(TensorCopy.of(dtype, value), places, lengths);
  }

  /** All entries of a sparse factor, over its rows and columns. */
  private static Part all(Term t) {
    Entries e = Entries.of(t);
    return part(t.dtype(), e.value(), e.places(), e.rows(), e.columns());
  }

  /** Those whose row is {@code row}, or, when that is -1, those on the diagonal: over columns. */
  private static Part line(Term t, long row) {
    Entries e = row < 0 ? Entries.of(t) : Entries.of(t, row, row + 1);
    int[] chosen =
        IntStream.range(0, e.row().length)
            .filter(i -> row >= 0 || e.row()[i] == e.column()[i])
            .toArray();
    return part(
        t.dtype(),
        Arrays.stream(chosen).mapToDouble(i -> e.value()[i]).toArray(),
        Arrays.stream(chosen).mapToLong(i -> e.column()[i]).toArray(),
        e.columns());
  }

  /** The operator of all other factors; of this type, whatever they are. */
  static Factors others(Factors k) {
    return k.withoutSparse(Term.diagonal(TensorCopy.full(k.dtype(), 1, 1)));
  }

  /** The matrix of an operator, from that of its other factors. */
  static Strided dense(Factors k, Strided others) {
    return spread(k, others, 2, k.shape(), Spread::all);
  }

  /** One row; {@code rows} has the row of each factor. */
  static Strided row(Factors k, Strided others, long[] rows) {
    int[] next = {0};
    long[] sparse =
        IntStream.range(0, k.count())
            .filter(f -> k.term(f).isSparse())
            .mapToLong(f -> rows[f])
            .toArray();
    return spread(k, others, 1, k.shape(k.columns()), t -> line(t, sparse[next[0]++]));
  }

  /** The diagonal of an operator of square factors. */
  static Strided diagonal(Factors k, Strided others) {
    return spread(k, others, 1, k.shape(k.columns()), t -> line(t, -1));
  }

  /**
   * Writes parts to their places.
   *
   * @param groups axes of the result behind the batch: rows and columns, or one of them
   */
  private static Strided spread(
      Factors k, Strided others, int groups, long[] shape, Function<Term, Part> parts) {
    if (Views.size(shape) == 0) {
      return TensorCopy.full(k.dtype(), 0, shape);
    }
    int batch = k.batch().length;
    List<Term> plain = k.terms().stream().filter(t -> !t.isSparse()).toList();
    long[] lengths = new long[batch + groups * k.count()];
    int[] order = new int[lengths.length];
    System.arraycopy(k.batch(), 0, lengths, 0, batch);
    Arrays.setAll(order, d -> d);
    int n = batch;
    for (int g = 0; g < groups; g++) {
      for (Term t : plain) {
        lengths[n++] = groups == 2 && g == 0 ? t.rows() : t.columns();
      }
    }
    int dense = 0;
    List<Part> sparse = new ArrayList<>();
    Strided now = others;
    try {
      for (int f = 0; f < k.count(); f++) {
        Term t = k.term(f);
        for (int g = 0; g < groups; g++) {
          order[batch + g * k.count() + f] =
              t.isSparse() ? n + g : batch + g * plain.size() + dense;
        }
        if (!t.isSparse()) {
          dense++;
          continue;
        }
        Part part = parts.apply(t);
        sparse.add(part);
        System.arraycopy(part.lengths, 0, lengths, n, groups);
        n += groups;
        now = instead(now, others, times(now, part.entries));
      }
      // All entries are multiplied before any is placed: what one factor holds nowhere, another's
      // NaN cannot reach.
      for (int s = 0; s < sparse.size(); s++) {
        int axis = now.rank() - sparse.size() + s;
        now = instead(now, others, placed(now, sparse.get(s), axis));
      }
      return TensorCopy.copy(now.reshape(lengths).permute(order)).reshapeInPlace(shape);
    } finally {
      sparse.forEach(Part::close);
      if (now != others) {
        now.close();
      }
    }
  }

  /** The next tensor; the one before is closed, unless it is the caller's. */
  private static Strided instead(Strided before, Strided others, Strided next) {
    if (before != others) {
      before.close();
    }
    return next;
  }

  private static Strided times(Strided now, Strided entries) {
    Strided[] own = {now, entries};
    return PlanCache.get("...,e->...e", own).plan().run(own);
  }

  /** Entries along an axis at their places. */
  private static Strided placed(Strided now, Part part, int axis) {
    long[] shape = now.shape().clone();
    shape[axis] = part.places.rows();
    Strided result = Strided.empty(now.dtype(), shape);
    boolean done = false;
    try {
      SparseAxis.run("Kronecker", part.places.arrays(false), now, result, axis, 1, 0);
      done = true;
      return result;
    } finally {
      if (!done) {
        result.close();
      }
    }
  }
}
