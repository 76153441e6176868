// Kronecker: products with sparse factors, stage by stage, and sparse factors multiplied or made
// dense.
package io.github.einblas;

import io.github.einblas.internal.natives.NativeKronecker;
import io.github.einblas.internal.sparse.CsrArrays;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Views;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** Arguments are checked but for closed matrices, which are refused before anything is written. */
@SuppressWarnings("try") // leases are closed for what they hold, not read
final class KroneckerSparse {
  private KroneckerSparse() {}

  // ---- products

  /** {@code out = alpha * K x + beta * out}, or x K; every stage but the last into a new tensor. */
  static void run(
      String name, Kronecker k, boolean left, Tensor x, Tensor out, double alpha, double beta) {
    out.requireWritable(name);
    requireApart(name, k, x, out);
    if (alpha == 0) {
      scale(out, beta);
      return;
    }
    List<KroneckerStages.Stage> stages = k.stages(left);
    Tensor now = x;
    try {
      for (int i = 0; i < stages.size(); i++) {
        boolean last = i + 1 == stages.size();
        KroneckerProduct product = new KroneckerProduct(name, stages.get(i).operator(), now, left);
        Tensor target = last ? out : Tensor.empty(x.dtype(), product.outputShape());
        Tensor done = now;
        now = target;
        try {
          apply(
              name, stages.get(i), product, left, done, target, last ? alpha : 1, last ? beta : 0);
        } finally {
          if (done != x) {
            done.close();
          }
        }
      }
    } finally {
      if (now != x && now != out) {
        now.close();
      }
    }
  }

  private static void apply(
      String name,
      KroneckerStages.Stage stage,
      KroneckerProduct product,
      boolean left,
      Tensor x,
      Tensor out,
      double alpha,
      double beta) {
    if (!stage.isSparse()) {
      product.runInto(out, alpha, beta);
      return;
    }
    KroneckerTerm term = stage.operator().terms().get(stage.factor());
    int axis = x.rank() == 1 || left ? x.rank() - 1 : x.rank() - 2;
    Tensor from = split(x, axis, stage, left ? term.rows() : term.columns());
    int outAxis = axis + out.rank() - x.rank();
    Tensor to = split(out, outAxis, stage, left ? term.columns() : term.rows());
    CsrArrays matrix = term.csr().core().arrays(term.turned() != left);
    along(name, matrix, from, to, axis + 1, alpha, beta);
  }

  private static Tensor split(Tensor t, int axis, KroneckerStages.Stage stage, long length) {
    long[] shape = new long[t.rank() + 2];
    System.arraycopy(t.shapeRef(), 0, shape, 0, axis);
    shape[axis] = stage.before();
    shape[axis + 1] = length;
    shape[axis + 2] = stage.behind();
    System.arraycopy(t.shapeRef(), axis + 1, shape, axis + 3, t.rank() - axis - 1);
    return t.reshape(shape);
  }

  /** out = alpha * A x + beta * out along one axis of tensors that differ in nothing else. */
  private static void along(
      String name, CsrArrays a, Tensor x, Tensor out, int axis, double alpha, double beta) {
    if (out.size() == 0) {
      return;
    }
    long[] outer = new long[3 * (x.rank() - 1)];
    int n = 0;
    for (int d = 0; d < x.rank(); d++) {
      if (d != axis) {
        outer[n++] = out.shapeRef()[d];
        outer[n++] = x.stridesRef()[d];
        outer[n++] = out.stridesRef()[d];
      }
    }
    try (Lease tensors = Lease.of(words(name), out.strided(), x.strided());
        Lease matrix = a.inUse(name)) {
      NativeKronecker.kronCsr(
          a.forNative(),
          x.address(),
          x.stridesRef()[axis],
          out.address(),
          out.stridesRef()[axis],
          outer,
          alpha,
          beta,
          name);
    }
  }

  private static Lease.Words words(String name) {
    return new Lease.Words() {
      @Override
      public String where() {
        return name + ": ";
      }

      @Override
      public String tensor(int operand) {
        return operand == Lease.OUTPUT ? "the output" : "x";
      }
    };
  }

  private static void requireApart(String name, Kronecker k, Tensor x, Tensor out) {
    if (out.sharesElements(x)) {
      throw new IllegalArgumentException(name + ": the output shares elements with x");
    }
    for (KroneckerTerm term : k.terms()) {
      if (term.tensor() != null && out.sharesElements(term.tensor())) {
        throw new IllegalArgumentException(
            name + ": the output shares elements with a factor, " + term.tensor().describe());
      }
    }
  }

  private static void scale(Tensor out, double beta) {
    try (Tensor one = Tensor.ones(out.dtype());
        Tensor ones = one.broadcastTo(out.shapeRef())) {
      Einsum.plan("...->...", ones).runInto(out, 0, beta, ones);
    }
  }

  static String explain(Kronecker k, boolean left) {
    StringBuilder text = new StringBuilder();
    int number = 1;
    for (KroneckerStages.Stage stage : k.stages(left)) {
      text.append(String.format("stage %d: ", number++));
      if (stage.isSparse()) {
        text.append(
            String.format(
                "factor %d, %s, along an axis with %d in front and %d behind",
                stage.factor(),
                stage.operator().terms().get(stage.factor()).describe(),
                stage.before(),
                stage.behind()));
      } else {
        text.append(stage.operator());
      }
      text.append(System.lineSeparator());
    }
    return text.toString();
  }

  // ---- gradients

  /** Of the dense factors and of X: sparse factors are constants, and are applied first. */
  static Kronecker.Gradient gradient(
      String name, Kronecker k, boolean left, Tensor x, Tensor upstream) {
    Kronecker sparse = KroneckerStages.only(k, true, left);
    Kronecker dense = KroneckerStages.only(k, false, left);
    try (Tensor between = new KroneckerProduct(name, sparse, x, left).run()) {
      Kronecker.Gradient inner =
          new KroneckerProduct(name, dense, between, left).gradient(upstream);
      try (Tensor last = inner.x()) {
        Tensor dx = new KroneckerProduct(name, sparse.transpose(), last, left).run();
        return new Kronecker.Gradient(dx, inner.factors());
      } catch (RuntimeException | Error e) {
        inner.close();
        throw e;
      }
    }
  }

  // ---- products of factors

  /** The product of two factors of which at least one is sparse; neither is an identity. */
  static KroneckerTerm multiply(KroneckerTerm x, KroneckerTerm y) {
    if (x.isDense()) {
      return KroneckerTerm.dense(Kronecker.ofTerms(List.of(y)).timesLeft(x.tensor()));
    }
    if (y.isDense()) {
      return KroneckerTerm.dense(Kronecker.ofTerms(List.of(x)).times(y.tensor()));
    }
    if (x.isSparse() && y.isSparse()) {
      return KroneckerTerm.sparse(
          KroneckerEntries.multiply(KroneckerEntries.of(x), KroneckerEntries.of(y), x.dtype()),
          false);
    }
    KroneckerEntries e = KroneckerEntries.of(x.isSparse() ? x : y);
    double[] scale = KroneckerElements.doubles(x.isSparse() ? y.tensor() : x.tensor());
    long[] at = x.isSparse() ? e.column() : e.row();
    for (int i = 0; i < e.value().length; i++) {
      e.value()[i] *= scale[(int) at[i]];
    }
    return KroneckerTerm.sparse(e.matrix(x.dtype()), false);
  }

  // ---- dense ones in their place, for LAPACK

  /** What {@code then} makes of the operator with dense factors in place of sparse ones. */
  static <R> R withDense(String what, Kronecker k, long mostBytes, Function<Kronecker, R> then) {
    if (!k.hasSparse()) {
      return then.apply(k);
    }
    List<Tensor> made = new ArrayList<>();
    try {
      List<KroneckerTerm> terms = new ArrayList<>();
      for (KroneckerTerm t : k.terms()) {
        if (!t.isSparse()) {
          terms.add(t);
          continue;
        }
        double bytes = (double) t.rows() * t.columns() * t.dtype().bytes();
        if (bytes > mostBytes) {
          throw new IllegalArgumentException(
              String.format(
                  java.util.Locale.ROOT,
                  "Kronecker %s: a sparse factor is made dense, but %s needs %.4g bytes, and at"
                      + " most %d are allowed",
                  what,
                  t.describe(),
                  bytes,
                  mostBytes));
        }
        Tensor dense = t.csr().toDense();
        made.add(dense);
        terms.add(KroneckerTerm.dense(t.turned() ? dense.transpose() : dense));
      }
      return then.apply(Kronecker.ofTerms(terms));
    } finally {
      made.forEach(Tensor::close);
    }
  }

  // ---- spread over a larger matrix

  /**
   * KroneckerEntries of a sparse factor, and where they stand in an axis of a result.
   *
   * @param entries values, one axis
   * @param places one row for each place, one column for each entry, and 1 where they belong
   *     together
   * @param lengths of the axes that the places are
   */
  private record Part(Tensor entries, CsrMatrix places, long[] lengths) implements AutoCloseable {
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
    CsrMatrix places =
        new KroneckerEntries(Views.size(lengths), value.length, place, each, one).matrix(dtype);
    try (Tensor wide = Tensor.of(value)) {
      return new Part(wide.to(dtype), places, lengths);
    }
  }

  /** All entries of a sparse factor, over its rows and columns. */
  private static Part all(KroneckerTerm t) {
    KroneckerEntries e = KroneckerEntries.of(t);
    long[] place = new long[e.row().length];
    Arrays.setAll(place, i -> e.row()[i] * e.columns() + e.column()[i]);
    return part(t.dtype(), e.value(), place, e.rows(), e.columns());
  }

  /** Those whose row is {@code row}, or, when that is -1, those on the diagonal: over columns. */
  private static Part line(KroneckerTerm t, long row) {
    KroneckerEntries e = row < 0 ? KroneckerEntries.of(t) : KroneckerEntries.of(t, row, row + 1);
    int[] chosen =
        java.util.stream.IntStream.range(0, e.row().length)
            .filter(i -> row >= 0 || e.row()[i] == e.column()[i])
            .toArray();
    return part(
        t.dtype(),
        Arrays.stream(chosen).mapToDouble(i -> e.value()[i]).toArray(),
        Arrays.stream(chosen).mapToLong(i -> e.column()[i]).toArray(),
        e.columns());
  }

  /** Sum of a square sparse factor's diagonal. */
  static double trace(KroneckerTerm t) {
    KroneckerEntries e = KroneckerEntries.of(t);
    double sum = 0;
    for (int i = 0; i < e.row().length; i++) {
      sum += e.row()[i] == e.column()[i] ? e.value()[i] : 0;
    }
    return sum;
  }

  /** The operator of all other factors; of this type, whatever they are. */
  static Kronecker others(Kronecker k) {
    List<KroneckerTerm> terms =
        new ArrayList<>(k.terms().stream().filter(t -> !t.isSparse()).toList());
    terms.add(KroneckerTerm.diagonal(Tensor.ones(k.dtype(), 1)));
    return Kronecker.ofTerms(terms);
  }

  /** The matrix of an operator, from that of its other factors. */
  static Tensor dense(Kronecker k, Tensor others) {
    return spread(k, others, 2, k.shape(), KroneckerSparse::all);
  }

  /** One row; {@code rows} has the row of each factor. */
  static Tensor row(Kronecker k, Tensor others, long[] rows) {
    int[] next = {0};
    long[] sparse =
        java.util.stream.IntStream.range(0, k.factors())
            .filter(f -> k.terms().get(f).isSparse())
            .mapToLong(f -> rows[f])
            .toArray();
    long[] shape = Arrays.copyOf(k.shape(), k.batch().length + 1);
    shape[shape.length - 1] = k.columns();
    return spread(k, others, 1, shape, t -> line(t, sparse[next[0]++]));
  }

  /** The diagonal of an operator of square factors. */
  static Tensor diagonal(Kronecker k, Tensor others) {
    long[] shape = Arrays.copyOf(k.shape(), k.batch().length + 1);
    return spread(k, others, 1, shape, t -> line(t, -1));
  }

  /**
   * The outer product of the others' elements and of the sparse factors' entries, each written to
   * its place: a place without an entry is 0, whatever the other factors hold.
   *
   * @param groups axes of the result behind the batch: rows and columns, or one of them
   */
  private static Tensor spread(
      Kronecker k, Tensor others, int groups, long[] shape, Function<KroneckerTerm, Part> parts) {
    if (Views.size(shape) == 0) {
      return Tensor.zeros(k.dtype(), shape);
    }
    int batch = k.batch().length;
    List<KroneckerTerm> plain = k.terms().stream().filter(t -> !t.isSparse()).toList();
    long[] lengths = new long[batch + groups * k.factors()];
    int[] order = new int[lengths.length];
    System.arraycopy(k.batch(), 0, lengths, 0, batch);
    Arrays.setAll(order, d -> d);
    int n = batch;
    for (int g = 0; g < groups; g++) {
      for (KroneckerTerm t : plain) {
        lengths[n++] = groups == 2 && g == 0 ? t.rows() : t.columns();
      }
    }
    int dense = 0;
    int sparse = 0;
    Tensor now = others;
    try {
      for (int f = 0; f < k.factors(); f++) {
        KroneckerTerm t = k.terms().get(f);
        for (int g = 0; g < groups; g++) {
          order[batch + g * k.factors() + f] =
              t.isSparse() ? n + g : batch + g * plain.size() + dense;
        }
        if (!t.isSparse()) {
          dense++;
          continue;
        }
        sparse++;
        try (Part part = parts.apply(t)) {
          System.arraycopy(part.lengths, 0, lengths, n, groups);
          n += groups;
          Tensor next = placed(now, part);
          if (now != others) {
            now.close();
          }
          now = next;
        }
      }
      return now.reshape(lengths).permute(order).copy().reshapeInPlace(shape);
    } finally {
      if (sparse > 0 && now != others) {
        now.close();
      }
    }
  }

  private static Tensor placed(Tensor now, Part part) {
    try (Tensor compact = Einsum.einsum("...,e->...e", now, part.entries)) {
      long[] shape = compact.shape();
      shape[shape.length - 1] = part.places.rows();
      Tensor result = Tensor.empty(now.dtype(), shape);
      try {
        CsrArrays places = part.places.core().arrays(false);
        along("Kronecker", places, compact, result, shape.length - 1, 1, 0);
        return result;
      } catch (RuntimeException | Error e) {
        result.close();
        throw e;
      }
    }
  }
}
