// Public API: gradients for several operands, closed together.
package io.github.einblas;

import java.util.Iterator;
import java.util.List;

/**
 * Gradients for the operands of a plan, in their order: {@link EinsumPlan#gradients} and {@link
 * BoundPlan#gradients}. Each is a new tensor of its operand's shape; close frees them all.
 *
 * <pre>{@code
 * try (Gradients d = plan.gradients(upstream, a, b)) {
 *   Tensor ofA = d.get(0);
 *   for (Tensor one : d) {
 *     System.out.println(one);
 *   }
 * }
 * }</pre>
 */
public final class Gradients implements Iterable<Tensor>, AutoCloseable {
  private final List<Tensor> tensors;

  Gradients(Tensor[] tensors) {
    this.tensors = List.of(tensors);
  }

  /** {@return number of gradients} */
  public int size() {
    return tensors.size();
  }

  /**
   * {@return the gradient for an operand}
   *
   * @param i from 0 to {@link #size} - 1
   * @throws IndexOutOfBoundsException if there is none
   */
  public Tensor get(int i) {
    if (i < 0 || i >= tensors.size()) {
      throw new IndexOutOfBoundsException(
          "gradients are numbered 0 to " + (tensors.size() - 1) + ", got " + i);
    }
    return tensors.get(i);
  }

  /** {@return all of them, in a list that does not change} */
  public List<Tensor> list() {
    return tensors;
  }

  @Override
  public Iterator<Tensor> iterator() {
    return tensors.iterator();
  }

  @Override
  public void close() {
    tensors.forEach(Tensor::close);
  }

  @Override
  public String toString() {
    return "Gradients" + tensors;
  }
}
