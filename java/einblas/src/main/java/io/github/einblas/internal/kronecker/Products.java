// Kronecker: products of one operator with dense tensors, and their gradients.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** An operator's products; what they have in common is found once. Thread-safe. */
public final class Products {
  private final Factors factors;

  /** Stages of a product with sparse factors, from the left and the right. */
  private final AtomicReferenceArray<List<Stages.Stage>> stages = new AtomicReferenceArray<>(2);

  /** The latest product from the left and the right that the native chain takes as it lies. */
  private final AtomicReferenceArray<ReadyProduct> ready = new AtomicReferenceArray<>(2);

  public Products(Factors factors) {
    this.factors = factors;
  }

  private StagedProduct staged(Product product) {
    int side = product.left() ? 1 : 0;
    List<Stages.Stage> known = stages.get(side);
    if (known == null) {
      known = Stages.of(factors, product.left());
      stages.set(side, known); // made twice by threads that meet, and equal
    }
    return new StagedProduct(product, known);
  }

  /**
   * K X, or X K, a new tensor.
   *
   * @param name of the operation, for errors
   */
  public Strided of(String name, Strided x, boolean left) {
    ReadyProduct known = ready.get(left ? 1 : 0);
    Product product = known != null && known.fits(x) ? null : new Product(name, factors, x, left);
    Strided out =
        Strided.empty(x.dtype(), product == null ? known.outShape() : product.outputShape());
    boolean done = false;
    try {
      if (product == null) {
        into(name, out, 1, 0, x, left);
      } else {
        into(product, out, 1, 0);
      }
      done = true;
      return out;
    } finally {
      if (!done) {
        out.close();
      }
    }
  }

  /** {@code out = alpha * product + beta * out}. */
  public void into(String name, Strided out, double alpha, double beta, Strided x, boolean left) {
    ReadyProduct known = ready.get(left ? 1 : 0);
    if (known != null && alpha != 0 && known.fits(x, out)) {
      known.run(name, x, out, alpha, beta);
    } else {
      into(new Product(name, factors, x, left), out, alpha, beta);
    }
  }

  private void into(Product product, Strided out, double alpha, double beta) {
    if (factors.hasSparse()) {
      staged(product).runInto(out, alpha, beta);
      return;
    }
    ReadyProduct made = new DenseProduct(product).runInto(out, alpha, beta);
    if (made != null) {
      ready.set(product.left() ? 1 : 0, made);
    }
  }

  /** How it would be computed, for people. */
  public String explain(String name, Strided x, boolean left) {
    Product product = new Product(name, factors, x, left);
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
  public Gradient gradient(String name, Strided x, Strided g, boolean left) {
    Product product = new Product(name, factors, x, left);
    product.requireLikeResult("g", g);
    if (!factors.hasSparse()) {
      return new DenseProduct(product).gradient(g);
    }
    return Widened.isNeeded(factors) ? narrowGradient(product, g) : sparseGradient(product, g);
  }

  /** Of 16-bit floats beside sparse factors: that of copies in F32, each part rounded once. */
  private Gradient narrowGradient(Product product, Strided g) {
    DType type = g.dtype();
    try (Widened wide = Widened.of(factors);
        Strided x = TensorCopy.convert(product.x(), type.computeType());
        Strided upstream = TensorCopy.convert(g, type.computeType());
        Gradient made =
            new Products(wide.factors()).gradient(product.name(), x, upstream, product.left())) {
      return made.rounded(type);
    }
  }

  /** Of the dense factors and of X: sparse factors are constants, and are applied first. */
  private Gradient sparseGradient(Product product, Strided g) {
    String name = product.name();
    boolean left = product.left();
    Factors sparse = Stages.only(factors, true, left);
    Products dense = new Products(Stages.only(factors, false, left));
    try (Strided between = new Products(sparse).of(name, product.x(), left)) {
      Gradient inner = dense.gradient(name, between, g, left);
      try (Strided last = inner.x()) {
        return new Gradient(new Products(sparse.adjoint()).of(name, last, left), inner.factors());
      } catch (RuntimeException | Error e) {
        inner.close();
        throw e;
      }
    }
  }
}
