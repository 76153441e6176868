// Kronecker: one product of an operator with X, from either side, and its gradients.
package io.github.einblas;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/**
 * X checked against an operator: with its long axis split into the factors' axes, every product is
 * an einsum over X and the factors. K X sums over the factors' columns, X K over their rows.
 */
final class KroneckerProduct {
  private final String name;
  private final Kronecker operator;
  private final Tensor x;
  private final boolean left;
  private final boolean vector;
  private final long[] batch;
  private final KroneckerLabels labels;

  KroneckerProduct(String name, Kronecker operator, Tensor x, boolean left) {
    this.name = name;
    this.operator = operator;
    this.x = Objects.requireNonNull(x, "x");
    this.left = left;
    this.vector = x.rank() == 1;
    operator.requireOpen(name.substring(name.indexOf(' ') + 1));
    if (x.isClosed()) {
      throw new IllegalStateException(name + ": x is closed");
    }
    DType dtype = operator.dtype() == null ? x.dtype() : operator.dtype();
    if (x.dtype() != dtype || !dtype.isFloating()) {
      throw new IllegalArgumentException(
          name + ": the factors have type " + operator.dtype() + ", x has " + x.dtype());
    }
    long needed = left ? operator.rows() : operator.columns();
    if (x.rank() == 0 || x.length(longAxis(x.rank())) != needed) {
      throw new IllegalArgumentException(
          name
              + ": the operator has shape "
              + Arrays.toString(operator.shape())
              + ", so x must be a vector of length "
              + needed
              + " or have the shape "
              + (left ? "(..., n, " + needed + ")" : "(..., " + needed + ", n)")
              + ", got "
              + x.describe());
    }
    int batchRank = vector ? 0 : x.rank() - 2;
    this.batch = Kronecker.broadcast(operator.batch(), Arrays.copyOf(x.shapeRef(), batchRank), "x");
    this.labels = new KroneckerLabels(operator.terms(), batch.length);
  }

  String name() {
    return name;
  }

  Kronecker operator() {
    return operator;
  }

  Tensor x() {
    return x;
  }

  boolean left() {
    return left;
  }

  boolean vector() {
    return vector;
  }

  long[] batch() {
    return batch;
  }

  KroneckerLabels labels() {
    return labels;
  }

  /** Which axis of X, or of a result, the operator acts on. */
  private int longAxis(int rank) {
    return rank == 1 || left ? rank - 1 : rank - 2;
  }

  /** Shape of a tensor with the long axis of the given lengths, split or not. */
  private long[] shape(long[] leading, long... lengths) {
    long[] free = vector ? new long[0] : new long[] {x.length(left ? x.rank() - 2 : x.rank() - 1)};
    return left ? join(leading, free, lengths) : join(leading, lengths, free);
  }

  private static long[] join(long[]... parts) {
    return Arrays.stream(parts).flatMapToLong(Arrays::stream).toArray();
  }

  private long[] lengths(boolean rows) {
    return operator.terms().stream().mapToLong(t -> rows ? t.rows() : t.columns()).toArray();
  }

  private int[] labels(int batchRank, boolean rows) {
    int[] free = vector ? new int[0] : new int[] {labels.free()};
    int[] split = rows ? labels.rows() : labels.columns();
    int[] first = labels.batch(batchRank);
    return left
        ? KroneckerLabels.join(first, free, split)
        : KroneckerLabels.join(first, split, free);
  }

  int[] inputLabels() {
    return labels(vector ? 0 : x.rank() - 2, left);
  }

  int[] outputLabels() {
    return labels(batch.length, !left);
  }

  long[] outputShape() {
    return shape(batch, left ? operator.columns() : operator.rows());
  }

  Tensor splitInput() {
    return x.reshape(shape(Arrays.copyOf(x.shapeRef(), vector ? 0 : x.rank() - 2), lengths(left)));
  }

  private Tensor splitOutput(Tensor out) {
    return out.reshape(shape(batch, lengths(!left)));
  }

  private KroneckerLabels.Operands operands() {
    KroneckerLabels.Operands operands = new KroneckerLabels.Operands();
    operands.add(splitInput(), inputLabels());
    addFactors(operands);
    return operands;
  }

  private void addFactors(KroneckerLabels.Operands operands) {
    List<KroneckerTerm> terms = operator.terms();
    for (int i = 0; i < terms.size(); i++) {
      if (!terms.get(i).isIdentity()) {
        operands.add(terms.get(i).tensor(), labels.term(i));
      }
    }
  }

  // ---- run

  Tensor run() {
    Tensor out = Tensor.empty(x.dtype(), outputShape());
    try {
      runInto(out, 1, 0);
      return out;
    } catch (RuntimeException | Error e) {
      out.close();
      throw e;
    }
  }

  void runInto(Tensor out, double alpha, double beta) {
    checkLike("the output", out, outputShape());
    if (operator.hasSparse()) {
      KroneckerSparse.run(name, operator, left, x, out, alpha, beta);
      return;
    }
    Tensor target = splitOutput(out);
    KroneckerNative chain = alpha == 0 ? null : KroneckerNative.of(this, target.shapeRef());
    if (chain != null && chain.run(target, alpha, beta)) {
      return;
    }
    KroneckerLabels.Operands operands = operands();
    try {
      operands.plan(outputLabels()).runInto(target, alpha, beta, operands.tensors());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
    }
  }

  private void checkLike(String what, Tensor t, long[] shape) {
    if (t.isClosed()) {
      throw new IllegalStateException(name + ": " + what + " is closed");
    }
    if (t.dtype() != x.dtype() || !Arrays.equals(t.shapeRef(), shape)) {
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

  String explain() {
    String head =
        String.format(
            java.util.Locale.ROOT,
            "%s%nbuilt, the matrix would take %.4g bytes%n",
            operator,
            operator.denseBytes());
    if (operator.hasSparse()) {
      return head + KroneckerSparse.explain(operator, left);
    }
    long[] target = shape(batch, lengths(!left));
    KroneckerNative way = KroneckerNative.of(this, target);
    String chain = way == null ? null : way.explain(target);
    if (chain != null) {
      return String.format("%s%s%n", head, chain);
    }
    KroneckerLabels.Operands operands = operands();
    return operands.plan(outputLabels()).explain(operands.tensors());
  }

  // ---- gradients

  Kronecker.Gradient gradient(Tensor g) {
    checkLike("g", g, outputShape());
    if (operator.hasSparse()) {
      return KroneckerSparse.gradient(name, operator, left, x, g);
    }
    KroneckerLabels.Operands operands = operands();
    Tensor[] all = operands.plan(outputLabels()).gradients(splitOutput(g), operands.tensors());
    List<Tensor> factors = new ArrayList<>();
    int next = 1;
    for (KroneckerTerm term : operator.terms()) {
      factors.add(term.isIdentity() ? null : all[next++]);
    }
    return new Kronecker.Gradient(
        all[0].reshapeInPlace(x.shapeRef()), Collections.unmodifiableList(factors));
  }
}
