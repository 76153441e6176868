// Kronecker: the gradients of a product.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * New tensors.
 *
 * @param x gradient of X
 * @param factors one for each factor; null for an identity and for a sparse factor
 */
public record Gradient(Strided x, List<Strided> factors) implements AutoCloseable {
  /** New tensors of another type. */
  Gradient rounded(DType type) {
    List<Strided> made = new ArrayList<>();
    boolean done = false;
    try {
      for (Strided f : factors) {
        made.add(f == null ? null : TensorCopy.convert(f, type));
      }
      Gradient all = new Gradient(TensorCopy.convert(x, type), made);
      done = true;
      return all;
    } finally {
      if (!done) {
        made.stream().filter(Objects::nonNull).forEach(Strided::close);
      }
    }
  }

  @Override
  public void close() {
    x.close();
    factors.stream().filter(Objects::nonNull).forEach(Strided::close);
  }
}
