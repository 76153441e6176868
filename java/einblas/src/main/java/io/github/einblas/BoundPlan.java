// Public API: a plan with some operands given once.
package io.github.einblas;

import io.github.einblas.internal.plan.Binding;
import io.github.einblas.internal.plan.Contraction;
import io.github.einblas.internal.tensor.Scope;
import io.github.einblas.internal.tensor.Strided;

/**
 * A plan of which some operands are constant: what they alone decide was computed when it was made,
 * and factors of products lie packed, as the kernels read them. Thread-safe; close frees what is
 * kept, what was never closed is freed once it is unreachable.
 *
 * <p>Packed copies take about the memory of the constants once more. They are made for row-major
 * tensors at once, and for the first other layout that is run. They are left out where the other
 * factor has more than some thousand rows, in a sliced plan, and where the memory limit or the free
 * memory has no room. A result has the same bits with and without them.
 *
 * <pre>{@code
 * try (BoundPlan layer = Einsum.plan("ij,jk->ik", x, weights).bind(null, weights)) {
 *   Tensor y = layer.run(x);
 * }
 * }</pre>
 *
 * {@link EinsumPlan#of(BoundPlan)} is the plan behind it, with all operands.
 */
public final class BoundPlan implements AutoCloseable {
  private final Binding binding;

  BoundPlan(Binding binding) {
    this.binding = binding;
    Scope.made(binding, binding::isClosed);
  }

  /** What is kept between runs. */
  Binding binding() {
    return binding;
  }

  /** The contraction with all operands. */
  Contraction core() {
    return binding.plan();
  }

  /** {@return bytes of native memory that are kept between runs, packed copies among them} */
  public long heldBytes() {
    return binding.heldBytes();
  }

  /** {@return number of operands that each run gives} */
  public int operandCount() {
    return binding.free();
  }

  /**
   * Runs into a new tensor.
   *
   * @param operands those that are not constant, in their order
   * @return a new tensor, to be closed by the caller
   */
  public Tensor run(Tensor... operands) {
    return new Tensor(binding.run(Tensor.cores(operands)));
  }

  /**
   * Runs into a given tensor: {@code out = result}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param operands tensors of the plan's shapes and types, of any strides
   */
  public void runInto(Tensor out, Tensor... operands) {
    runInto(out, 1, 0, operands);
  }

  /**
   * Runs into a given tensor: {@code out = alpha * result + beta * out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param operands tensors of the plan's shapes and types, of any strides
   */
  public void runInto(Tensor out, double alpha, double beta, Tensor... operands) {
    binding.runInto(Tensor.core(out), alpha, beta, Tensor.cores(operands));
  }

  /**
   * The gradient for an operand that is not constant, with the same constants: what they alone
   * decide in it is computed now. Its operands are the gradient of a scalar loss for the result,
   * then the other operands that are not constant.
   *
   * @param i number among those that are not constant
   * @return to be closed by the caller; the constants must stay open and unchanged
   * @throws IndexOutOfBoundsException if there is no such operand
   */
  public BoundPlan gradient(int i) {
    return new BoundPlan(binding.gradient(i));
  }

  /**
   * The gradients for all operands that are not constant, each by a {@link #gradient} that is made
   * once and kept until this plan is closed. A memory limit holds for each of them.
   *
   * @param upstream gradient of a scalar loss for the result
   * @param operands those that are not constant, in their order
   * @return new tensors of the operands' shapes, to be closed by the caller
   */
  public Gradients gradients(Tensor upstream, Tensor... operands) {
    Strided[] own = Tensor.cores(operands);
    return new Gradients(Tensor.of(binding.gradients(Tensor.core(upstream), own)));
  }

  /** Frees what is kept, once no run uses it; runs are refused from now on. The rest stays open. */
  @Override
  public void close() {
    binding.close();
  }
}
