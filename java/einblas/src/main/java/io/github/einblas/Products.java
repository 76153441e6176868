// Kronecker: products of one operator with dense tensors, and their gradients.
package io.github.einblas;

import io.github.einblas.internal.tensor.Strided;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** An operator's products; what they have in common is found once. Thread-safe. */
final class Products {
  private final Factors factors;

  /** Stages of a product with sparse factors, from the left and the right. */
  private final AtomicReferenceArray<List<KroneckerStages.Stage>> stages =
      new AtomicReferenceArray<>(2);

  Products(Factors factors) {
    this.factors = factors;
  }

  private StagedProduct staged(KroneckerProduct product) {
    int side = product.left() ? 1 : 0;
    List<KroneckerStages.Stage> known = stages.get(side);
    if (known == null) {
      known = KroneckerStages.of(factors, product.left());
      stages.set(side, known); // made twice by threads that meet, and equal
    }
    return new StagedProduct(product, known);
  }

  /**
   * K X, or X K, a new tensor.
   *
   * @param name of the operation, for errors
   */
  Strided of(String name, Strided x, boolean left) {
    KroneckerProduct product = new KroneckerProduct(name, factors, x, left);
    Strided out = Strided.empty(x.dtype(), product.outputShape());
    boolean done = false;
    try {
      into(product, out, 1, 0);
      done = true;
      return out;
    } finally {
      if (!done) {
        out.close();
      }
    }
  }

  /** {@code out = alpha * product + beta * out}. */
  void into(String name, Strided out, double alpha, double beta, Strided x, boolean left) {
    into(new KroneckerProduct(name, factors, x, left), out, alpha, beta);
  }

  private void into(KroneckerProduct product, Strided out, double alpha, double beta) {
    if (factors.hasSparse()) {
      staged(product).runInto(out, alpha, beta);
    } else {
      new DenseProduct(product).runInto(out, alpha, beta);
    }
  }

  /** How it would be computed, for people. */
  String explain(String name, Strided x, boolean left) {
    KroneckerProduct product = new KroneckerProduct(name, factors, x, left);
    String head =
        String.format(
            Locale.ROOT,
            "%s%nbuilt, the matrix would take %.4g bytes%n",
            factors,
            factors.denseBytes());
    return factors.hasSparse()
        ? head + staged(product).explain()
        : new DenseProduct(product).explain(head);
  }

  /** Gradients at X, for the upstream gradient g of the result. */
  KroneckerGradient gradient(String name, Strided x, Strided g, boolean left) {
    KroneckerProduct product = new KroneckerProduct(name, factors, x, left);
    product.requireLikeResult("g", g);
    return factors.hasSparse()
        ? sparseGradient(product, g)
        : new DenseProduct(product).gradient(g);
  }

  /** Of the dense factors and of X: sparse factors are constants, and are applied first. */
  private KroneckerGradient sparseGradient(KroneckerProduct product, Strided g) {
    String name = product.name();
    boolean left = product.left();
    Factors sparse = KroneckerStages.only(factors, true, left);
    Products dense = new Products(KroneckerStages.only(factors, false, left));
    try (Strided between = new Products(sparse).of(name, product.x(), left)) {
      KroneckerGradient inner = dense.gradient(name, between, g, left);
      try (Strided last = inner.x()) {
        return new KroneckerGradient(
            new Products(sparse.transposed()).of(name, last, left), inner.factors());
      } catch (RuntimeException | Error e) {
        inner.close();
        throw e;
      }
    }
  }
}
