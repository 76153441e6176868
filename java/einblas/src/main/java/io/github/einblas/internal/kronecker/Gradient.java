// Kronecker: the gradients of a product.
package io.github.einblas.internal.kronecker;

import io.github.einblas.internal.tensor.Strided;
import java.util.List;
import java.util.Objects;

/**
 * New tensors.
 *
 * @param x gradient of X
 * @param factors one for each factor; null for an identity and for a sparse factor
 */
public record Gradient(Strided x, List<Strided> factors) implements AutoCloseable {
  @Override
  public void close() {
    x.close();
    factors.stream().filter(Objects::nonNull).forEach(Strided::close);
  }
}
