// Kronecker: the outer product of parts of all factors, written into a view of a result.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** One einsum over views of dense and diagonal factors and the entries of sparse ones. */
final class Outer implements AutoCloseable {
  private final Factors factors;
  private final FactorLabels labels;
  private final LabelledOperands operands = new LabelledOperands();

  /** Of sparse factors: the entries, and the labels of the axes that their places are. */
  private final List<Spread> sparse = new ArrayList<>();

  private final List<int[]> placeLabels = new ArrayList<>();
  private int[] entryLabels = {};

  Outer(Factors factors) {
    this.factors = factors;
    this.labels = new FactorLabels(factors, factors.batch().length);
  }

  Factors factors() {
    return factors;
  }

  FactorLabels labels() {
    return labels;
  }

  DType dtype() {
    return factors.dtype(DType.F64);
  }

  /** Labels of the batch axes and of these. */
  int[] behindBatch(int[]... others) {
    return FactorLabels.join(labels.batch(factors.batch().length), FactorLabels.join(others));
  }

  /** Labels of the rows, or columns, of the factors that have more than a diagonal. */
  int[] matrices(boolean rows) {
    return IntStream.range(0, factors.count())
        .filter(f -> factors.term(f).isDense() || factors.term(f).isSparse())
        .map(f -> rows ? labels.row(f) : labels.column(f))
        .toArray();
  }

  void add(Strided part, int... its) {
    operands.add(part, its);
  }

  /** Entries of sparse factor f, over the labels of their places; closed with this. */
  void add(int f, Spread part, int... its) {
    sparse.add(part);
    placeLabels.add(its);
    int[] entry = {labels.entry(f)};
    entryLabels = FactorLabels.join(entryLabels, entry);
    operands.add(part.values(), entry);
  }

  /** Writes the product of all parts over the given labels. */
  void writeInto(Strided out, int[] output) {
    if (out.size() == 0) {
      return;
    }
    if (!sparse.isEmpty()) {
      spreadInto(out, output);
    } else if (!operands.isEmpty()) {
      repeatInto(out, output);
    } else {
      try (Strided one = TensorCopy.full(dtype(), 1)) {
        operands.add(one, new int[0]);
        repeatInto(out, output);
      }
    }
  }

  /** Identities have labels that no part has. */
  private void repeatInto(Strided out, int[] output) {
    operands.repeat(output, out.shape());
    operands.runInto(output, out, 1, 0);
  }

  /**
   * All entries are multiplied before any is placed: what one factor holds nowhere, another's NaN
   * cannot reach. 16-bit floats are in F32 until they are written.
   */
  private void spreadInto(Strided out, int[] output) {
    int[] plain = Arrays.stream(output).filter(operands::has).toArray();
    Strided now = operands.run(FactorLabels.join(plain, entryLabels));
    try {
      long[] lengths = Arrays.copyOf(now.shape(), plain.length);
      int[] its = plain;
      for (int s = 0; s < sparse.size(); s++) {
        Strided next = sparse.get(s).placed(now, plain.length + s);
        now.close();
        now = next;
        lengths = join(lengths, sparse.get(s).lengths());
        its = FactorLabels.join(its, placeLabels.get(s));
      }
      LabelledOperands all = new LabelledOperands();
      all.add(now.reshape(lengths), its);
      TensorCopy.round(all.aligned(output, out.shape()), out);
    } finally {
      now.close();
    }
  }

  private static long[] join(long[] a, long[] b) {
    long[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  @Override
  public void close() {
    sparse.forEach(Spread::close);
  }
}
