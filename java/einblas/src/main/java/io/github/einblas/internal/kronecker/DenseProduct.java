// Kronecker: products without sparse factors: on the native chain, else as an einsum.
package io.github.einblas.internal.kronecker;

import io.github.einblas.internal.tensor.Strided;
import java.util.ArrayList;
import java.util.List;

/** One product of an operator of dense and diagonal factors and identities. */
final class DenseProduct {
  private final Product product;

  DenseProduct(Product product) {
    this.product = product;
  }

  private LabelledOperands operands() {
    LabelledOperands operands = new LabelledOperands();
    operands.add(product.splitInput(), product.inputLabels());
    List<Term> terms = product.factors().terms();
    for (int i = 0; i < terms.size(); i++) {
      if (!terms.get(i).isIdentity()) {
        operands.add(terms.get(i).tensor(), product.labels().term(i));
      }
    }
    return operands;
  }

  /**
   * {@code out = alpha * product + beta * out}.
   *
   * @return what runs with an X and an output that lie as these need not find again, or null
   */
  ReadyProduct runInto(Strided out, double alpha, double beta) {
    product.requireLikeResult("the output", out);
    Strided target = product.splitOutput(out);
    ChainProduct chain = alpha == 0 ? null : ChainProduct.of(product);
    if (chain != null && chain.run(target, alpha, beta)) {
      return chain.ready(out);
    }
    try {
      operands().runInto(product.outputLabels(), target, alpha, beta);
      return null;
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(product.name() + ": " + e.getMessage(), e);
    }
  }

  /** How it would be computed, for people: the native chain, or the plan of the einsum. */
  String explain(String head) {
    ChainProduct way = ChainProduct.of(product);
    String chain = way == null ? null : way.explain();
    return chain == null
        ? operands().explain(product.outputLabels())
        : String.format("%s%s%n", head, chain);
  }

  /** Gradients at X for that of the result, which was checked. */
  Gradient gradient(Strided g) {
    Strided[] all = operands().gradients(product.outputLabels(), product.splitOutput(g));
    List<Strided> factors = new ArrayList<>();
    int next = 1;
    for (Term term : product.factors().terms()) {
      factors.add(term.isIdentity() ? null : all[next++]);
    }
    return new Gradient(all[0].reshapeInPlace(product.x().shape()), factors);
  }
}
