// Kronecker: X checked against an operator, and how both are split into the factors' axes.
package io.github.einblas.internal.kronecker;

import io.github.einblas.internal.tensor.Strided;
import java.util.Arrays;
import java.util.Objects;

/**
 * X checked against an operator: with its long axis split into the factors' axes, every product is
 * an einsum over X and the factors. K X sums over the factors' columns, X K over their rows.
 */
final class Product {
  private final String name;
  private final Factors factors;
  private final Strided x;
  private final boolean left;
  private final boolean vector;
  private final long[] batch;
  private final FactorLabels labels;

  Product(String name, Factors factors, Strided x, boolean left) {
    this.name = name;
    this.factors = factors;
    this.x = Objects.requireNonNull(x, "x");
    this.left = left;
    this.vector = x.rank() == 1;
    factors.requireOpen(name.substring(name.indexOf(' ') + 1));
    if (x.isClosed()) {
      throw new IllegalStateException(name + ": x is closed");
    }
    factors.requireType(name, "x", x);
    long needed = left ? factors.rows() : factors.columns();
    if (x.rank() == 0 || x.length(longAxis(x.rank())) != needed) {
      throw new IllegalArgumentException(
          name
              + ": the operator has shape "
              + Arrays.toString(factors.shape())
              + ", so x must be a vector of length "
              + needed
              + " or have the shape "
              + (left ? "(..., n, " + needed + ")" : "(..., " + needed + ", n)")
              + ", got "
              + x.describe());
    }
    this.batch = Factors.broadcast(factors.batch(), leadingOfX(), "x");
    this.labels = new FactorLabels(factors, batch.length);
  }

  private int batchRankOfX() {
    return vector ? 0 : x.rank() - 2;
  }

  private long[] leadingOfX() {
    return Arrays.copyOf(x.shape(), batchRankOfX());
  }

  String name() {
    return name;
  }

  Factors factors() {
    return factors;
  }

  Strided x() {
    return x;
  }

  boolean left() {
    return left;
  }

  long[] batch() {
    return batch;
  }

  FactorLabels labels() {
    return labels;
  }

  /** Which axis of X, or of a result, the operator acts on. */
  int longAxis(int rank) {
    return rank == 1 || left ? rank - 1 : rank - 2;
  }

  /** Axes of X behind its batch axes, split. */
  int axesOfX() {
    return factors.count() + (vector ? 0 : 1);
  }

  /** Shape of a tensor with the long axis of the given lengths, split or not. */
  private long[] shape(long[] leading, long... lengths) {
    long[] free = vector ? new long[0] : new long[] {x.length(left ? x.rank() - 2 : x.rank() - 1)};
    return left ? join(leading, free, lengths) : join(leading, lengths, free);
  }

  private static long[] join(long[]... parts) {
    return Arrays.stream(parts).flatMapToLong(Arrays::stream).toArray();
  }

  private int[] labels(int batchRank, boolean rows) {
    int[] free = vector ? new int[0] : new int[] {labels.free()};
    int[] split = rows ? labels.rows() : labels.columns();
    int[] first = labels.batch(batchRank);
    return left ? FactorLabels.join(first, free, split) : FactorLabels.join(first, split, free);
  }

  int[] inputLabels() {
    return labels(batchRankOfX(), left);
  }

  int[] outputLabels() {
    return labels(batch.length, !left);
  }

  long[] outputShape() {
    return shape(batch, left ? factors.columns() : factors.rows());
  }

  long[] splitOutputShape() {
    return shape(batch, factors.lengths(!left));
  }

  Strided splitInput() {
    return x.reshape(shape(leadingOfX(), factors.lengths(left)));
  }

  Strided splitOutput(Strided out) {
    return out.reshape(splitOutputShape());
  }

  // ---- checks

  /** Refuses what is closed or not of the result's shape and type. */
  void requireLikeResult(String what, Strided t) {
    if (t.isClosed()) {
      throw new IllegalStateException(name + ": " + what + " is closed");
    }
    long[] shape = outputShape();
    if (t.dtype() != x.dtype() || !Arrays.equals(t.shape(), shape)) {
      throw new IllegalArgumentException(
          name
              + ": "
              + what
              + " must have shape="
              + Arrays.toString(shape)
              + ", dtype="
              + x.dtype()
              + ", got "
              + t.describe());
    }
  }

  /** Refuses an output that cannot be written, or that shares elements with X or a factor. */
  void requireApart(Strided out) {
    out.requireWritable(name);
    if (out.sharesElements(x)) {
      throw new IllegalArgumentException(name + ": the output shares elements with x");
    }
    for (Term term : factors.terms()) {
      if (term.tensor() != null && out.sharesElements(term.tensor())) {
        throw new IllegalArgumentException(
            name + ": the output shares elements with a factor, " + term.tensor().describe());
      }
    }
  }
}
