// Kronecker: one product of an operator with X, from either side, and its gradients.
package io.github.einblas;

import io.github.einblas.internal.KroneckerChain;
import io.github.einblas.internal.Views;
import java.util.ArrayList;
import java.util.Arrays;
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

  private int[] inputLabels() {
    return labels(vector ? 0 : x.rank() - 2, left);
  }

  private int[] outputLabels() {
    return labels(batch.length, !left);
  }

  long[] outputShape() {
    return shape(batch, left ? operator.columns() : operator.rows());
  }

  private Tensor splitInput() {
    return x.reshape(shape(Arrays.copyOf(x.shapeRef(), vector ? 0 : x.rank() - 2), lengths(left)));
  }

  private Tensor splitOutput(Tensor out) {
    return out.reshape(shape(batch, lengths(!left)));
  }

  private KroneckerLabels.Operands operands() {
    KroneckerLabels.Operands operands = new KroneckerLabels.Operands();
    operands.add(splitInput(), inputLabels());
    addFactors(operands, -1);
    return operands;
  }

  private void addFactors(KroneckerLabels.Operands operands, int except) {
    List<KroneckerTerm> terms = operator.terms();
    for (int i = 0; i < terms.size(); i++) {
      if (i != except && !terms.get(i).isIdentity()) {
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
    KroneckerChain chain = alpha == 0 ? null : chain(target.shapeRef(), target.stridesRef());
    if (chain != null) {
      runChain(chain, out, alpha, beta);
      return;
    }
    KroneckerLabels.Operands operands = operands();
    try {
      operands.plan(outputLabels()).runInto(target, alpha, beta, operands.tensors());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
    }
  }

  // ---- the native chain: two or more dense factors without a batch

  private List<KroneckerTerm> dense() {
    return operator.terms().stream().filter(KroneckerTerm::isDense).toList();
  }

  /** The native product for the strides of X and the result, or null where einsum is the way. */
  private KroneckerChain chain(long[] targetShape, long[] targetStrides) {
    List<KroneckerTerm> dense = dense();
    boolean suits =
        dense.size() > 1
            && operator.terms().stream().noneMatch(KroneckerTerm::isDiagonal)
            && dense.stream().allMatch(t -> t.batchRank() == 0)
            && x.size() > 0
            && Views.size(targetShape) > 0;
    if (!suits) {
      return null;
    }
    Tensor source = splitInput();
    int[] from = inputLabels();
    int[] to = outputLabels();
    long[] outer = new long[3 * to.length];
    int n = 0;
    for (int d = 0; d < to.length; d++) {
      int at = indexOf(from, to[d]);
      boolean shared = at >= 0 || to[d] < batch.length;
      if (shared) {
        outer[n++] = targetShape[d];
        outer[n++] = at < 0 || source.length(at) == 1 ? 0 : source.stridesRef()[at];
        outer[n++] = targetStrides[d];
      }
    }
    long[] axes = new long[6 * dense.size()];
    int a = 0;
    for (int f = 0; f < operator.factors(); f++) {
      KroneckerTerm term = operator.terms().get(f);
      if (term.isDense()) {
        int rows = left ? indexOf(from, labels.row(f)) : indexOf(to, labels.row(f));
        int columns = left ? indexOf(to, labels.column(f)) : indexOf(from, labels.column(f));
        long[] strides = term.tensor().stridesRef();
        axes[a++] = left ? term.rows() : term.columns();
        axes[a++] = left ? term.columns() : term.rows();
        axes[a++] = source.stridesRef()[left ? rows : columns];
        axes[a++] = targetStrides[left ? columns : rows];
        axes[a++] = strides[left ? 0 : 1];
        axes[a++] = strides[left ? 1 : 0];
      }
    }
    KroneckerChain chain = operator.chain(x.dtype(), Arrays.copyOf(outer, n), axes);
    return chain.applies() ? chain : null;
  }

  private static int indexOf(int[] labels, int label) {
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] == label) {
        return i;
      }
    }
    return -1;
  }

  private void runChain(KroneckerChain chain, Tensor out, double alpha, double beta) {
    out.requireWritable(name);
    List<KroneckerTerm> dense = dense();
    Tensor[] used = new Tensor[dense.size() + 2];
    used[0] = out;
    used[1] = x;
    for (int i = 0; i < dense.size(); i++) {
      used[2 + i] = dense.get(i).tensor();
    }
    int acquired = 0;
    try {
      for (; acquired < used.length; acquired++) {
        used[acquired].acquire();
      }
      long[] addresses = new long[dense.size()];
      for (int i = 1; i < used.length; i++) {
        if (out.sharesElements(used[i])) {
          throw new IllegalArgumentException(
              name
                  + ": the output shares elements with "
                  + (i == 1 ? "x" : "a factor, " + used[i].describe()));
        }
        if (i > 1) {
          addresses[i - 2] = used[i].address();
        }
      }
      chain.run(x.address(), addresses, out.address(), alpha, beta);
    } catch (IllegalStateException e) {
      throw acquired < used.length
          ? new IllegalStateException(name + ": a tensor is closed", e)
          : e;
    } finally {
      for (int i = 0; i < acquired; i++) {
        used[i].release();
      }
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
    KroneckerChain chain = chain(target, Views.contiguous(target));
    if (chain != null) {
      return String.format("%s%s%n", head, chain.describe());
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
    List<Tensor> made = new ArrayList<>();
    try {
      List<KroneckerTerm> terms = operator.terms();
      for (int i = 0; i < terms.size(); i++) {
        made.add(terms.get(i).isIdentity() ? null : factorGradient(i, g));
      }
      Tensor dx = inputGradient(g);
      made.add(dx);
      return new Kronecker.Gradient(
          dx, java.util.Collections.unmodifiableList(made.subList(0, terms.size())));
    } catch (RuntimeException | Error e) {
      made.stream().filter(Objects::nonNull).forEach(Tensor::close);
      throw e;
    }
  }

  private Tensor inputGradient(Tensor g) {
    KroneckerLabels.Operands operands = new KroneckerLabels.Operands();
    operands.add(splitOutput(g), outputLabels());
    addFactors(operands, -1);
    return summedLike(operands, inputLabels(), splitInput().shapeRef(), x.shapeRef());
  }

  private Tensor factorGradient(int i, Tensor g) {
    KroneckerLabels.Operands operands = new KroneckerLabels.Operands();
    operands.add(splitInput(), inputLabels());
    operands.add(splitOutput(g), outputLabels());
    addFactors(operands, i);
    long[] shape = operator.terms().get(i).tensor().shapeRef();
    return summedLike(operands, labels.term(i), shape, shape);
  }

  /**
   * The einsum with these output labels; where an operand was broadcast along a batch axis, its
   * gradient is summed over it.
   */
  private Tensor summedLike(
      KroneckerLabels.Operands operands, int[] output, long[] split, long[] shape) {
    int[] kept = new int[output.length];
    int n = 0;
    for (int d = 0; d < output.length; d++) {
      if (output[d] >= batch.length || split[d] != 1) {
        kept[n++] = output[d];
      }
    }
    Tensor result = operands.plan(Arrays.copyOf(kept, n)).run(operands.tensors());
    return Arrays.equals(result.shapeRef(), shape) ? result : result.reshapeInPlace(shape);
  }
}
