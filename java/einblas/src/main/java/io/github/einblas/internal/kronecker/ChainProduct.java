// Kronecker: two or more dense factors on the native chain, whatever else the operator has and
// however X lies.
package io.github.einblas.internal.kronecker;

import io.github.einblas.internal.plan.PlanCache;
import io.github.einblas.internal.sparse.Words;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import io.github.einblas.internal.tensor.Views;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One product on the native chain. Identities and batch axes of X are axes without a factor;
 * diagonals scale X first; an operator that is a batch is one run for each of its matrices; an X or
 * an output without the chain's unit stride goes through a contiguous copy.
 */
@SuppressWarnings("try") // leases are closed for what they hold, not read
final class ChainProduct {
  /** Runs of fewer elements of X are left to einsum, which has one call for the whole batch. */
  private static final long BATCH_ELEMENTS = 4096;

  private static final String COPY = "...->...";

  private final Product product;
  private final List<Term> dense;

  /** Batch axes along which a factor changes. */
  private final boolean[] varying;

  /** The chain of a run that took X and the output as they are, or null. */
  private Chain plain;

  private ChainProduct(Product product, List<Term> dense) {
    this.product = product;
    this.dense = dense;
    int rank = product.batch().length;
    this.varying = new boolean[rank];
    for (Term t : dense) {
      for (int d = 0; d < t.batchRank(); d++) {
        varying[rank - t.batchRank() + d] |= t.tensor().length(d) > 1;
      }
    }
  }

  /** The way for a product, or null where einsum is better. */
  static ChainProduct of(Product product) {
    List<Term> dense = product.factors().terms().stream().filter(Term::isDense).toList();
    long result = Views.size(product.splitOutputShape());
    if (!product.x().dtype().isFloating()
        || dense.size() < 2
        || product.x().size() == 0
        || result == 0) {
      return null;
    }
    ChainProduct made = new ChainProduct(product, dense);
    boolean tiny = made.runs() > 1 && result / made.runs() < BATCH_ELEMENTS;
    return tiny ? null : made;
  }

  /** What further runs with an X and an output that lie as these need not find again, or null. */
  ReadyProduct ready(Strided out) {
    return plain == null ? null : new ReadyProduct(plain, dense, product.x(), out);
  }

  private long runs() {
    long runs = 1;
    for (int d = 0; d < varying.length; d++) {
      runs *= varying[d] ? product.batch()[d] : 1;
    }
    return runs;
  }

  private boolean hasDiagonals() {
    return product.factors().terms().stream().anyMatch(Term::isDiagonal);
  }

  // ---- the chain for some strides

  private Chain chain(long[] shape, long[] strides, long[] outShape, long[] outStrides) {
    int[] from = product.inputLabels();
    int[] to = product.outputLabels();
    int batchRank = varying.length;
    long[] outer = new long[3 * to.length];
    int n = 0;
    for (int d = 0; d < to.length; d++) {
      int at = indexOf(from, to[d]);
      boolean batch = to[d] < batchRank;
      if ((at >= 0 || batch) && !(batch && varying[to[d]])) {
        outer[n++] = outShape[d];
        outer[n++] = at < 0 || shape[at] == 1 ? 0 : strides[at];
        outer[n++] = outStrides[d];
      }
    }
    boolean left = product.left();
    FactorLabels labels = product.labels();
    long[] axes = new long[6 * dense.size()];
    int a = 0;
    for (int f = 0; f < product.factors().count(); f++) {
      Term term = product.factors().term(f);
      if (term.isDense()) {
        long[] own = term.tensor().strides();
        axes[a++] = left ? term.rows() : term.columns();
        axes[a++] = left ? term.columns() : term.rows();
        axes[a++] = strides[indexOf(from, left ? labels.row(f) : labels.column(f))];
        axes[a++] = outStrides[indexOf(to, left ? labels.column(f) : labels.row(f))];
        axes[a++] = own[own.length - (left ? 2 : 1)];
        axes[a++] = own[own.length - (left ? 1 : 2)];
      }
    }
    return product.factors().chain(product.x().dtype(), Arrays.copyOf(outer, n), axes);
  }

  private Chain chain(Strided source, Strided target) {
    return chain(source.shape(), source.strides(), target.shape(), target.strides());
  }

  private static int indexOf(int[] labels, int label) {
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] == label) {
        return i;
      }
    }
    return -1;
  }

  // ---- run

  /** Runs into a split output; false where the chain has no way, and nothing was written. */
  boolean run(Strided out, double alpha, double beta) {
    List<Strided> made = new ArrayList<>();
    try {
      product.requireApart(out);
      Strided source = product.splitInput();
      if (hasDiagonals()) {
        source = scaled();
        made.add(source);
      }
      Strided target = out;
      Chain chain = chain(source, target);
      if (!chain.applies() && !source.isContiguous()) {
        source = TensorCopy.copy(source);
        made.add(source);
        chain = chain(source, target);
      }
      if (!chain.applies()) {
        target = Strided.empty(out.dtype(), out.shape());
        made.add(target);
        chain = chain(source, target);
      }
      if (!chain.applies()) {
        return false;
      }
      boolean direct = target == out;
      runAll(chain, source, target, direct ? alpha : 1, direct ? beta : 0);
      if (made.isEmpty() && runs() == 1) {
        plain = chain;
      }
      if (!direct) {
        Strided[] own = {target};
        PlanCache.get(COPY, own).plan().runInto(out, alpha, beta, own);
      }
      return true;
    } finally {
      made.forEach(Strided::close);
    }
  }

  /** X times all diagonals, as it is split, contiguous. */
  private Strided scaled() {
    LabelledOperands operands = new LabelledOperands();
    operands.add(product.splitInput(), product.inputLabels());
    for (int f = 0; f < product.factors().count(); f++) {
      Term term = product.factors().term(f);
      if (term.isDiagonal()) {
        operands.add(term.tensor(), product.labels().term(f));
      }
    }
    return operands.run(product.inputLabels());
  }

  private void runAll(Chain chain, Strided source, Strided target, double alpha, double beta) {
    Strided[] used = new Strided[dense.size() + 1];
    used[0] = source;
    for (int i = 0; i < dense.size(); i++) {
      used[1 + i] = dense.get(i).tensor();
    }
    Words words = new Words(product.name(), "a tensor", "a tensor");
    try (Lease lease = Lease.of(words, target, used)) {
      long[] index = new long[varying.length];
      for (long run = runs(); run > 0; run--) {
        long[] factors = new long[dense.size()];
        Arrays.setAll(factors, i -> address(used[1 + i], used[1 + i].rank() - 2, index));
        int leading = source.rank() - product.axesOfX();
        chain.run(
            address(source, leading, index),
            factors,
            address(target, varying.length, index),
            alpha,
            beta);
        next(index);
      }
    }
  }

  /** Where the matrix of a batch index begins in a tensor with so many batch axes. */
  private long address(Strided t, int batchRank, long[] index) {
    long offset = 0;
    for (int d = 0; d < batchRank; d++) {
      int axis = index.length - batchRank + d;
      if (varying[axis] && t.length(d) > 1) {
        offset += index[axis] * t.strides()[d];
      }
    }
    return t.address() + offset * t.dtype().bytes();
  }

  private void next(long[] index) {
    for (int d = index.length - 1; d >= 0; d--) {
      if (varying[d]) {
        if (++index[d] < product.batch()[d]) {
          return;
        }
        index[d] = 0;
      }
    }
  }

  // ---- in words

  /** The chain for a contiguous result, or null where einsum is the way. */
  String explain() {
    long[] result = product.splitOutputShape();
    Strided source = product.splitInput();
    long[] strides = Views.contiguous(result);
    boolean copied = hasDiagonals();
    long[] from = copied ? Views.contiguous(source.shape()) : source.strides();
    Chain chain = chain(source.shape(), from, result, strides);
    if (!chain.applies()) {
      copied = true;
      chain = chain(source.shape(), Views.contiguous(source.shape()), result, strides);
    }
    if (!chain.applies()) {
      return null;
    }
    return (copied ? hasDiagonals() ? "X scaled by the diagonals; " : "X copied; " : "")
        + (runs() > 1 ? runs() + " runs of " : "")
        + chain.describe();
  }
}
