// Public API: what einsum and Kronecker operators take.
package io.github.einblas;

import org.jspecify.annotations.Nullable;

/**
 * An operand of {@link Einsum#einsum(String, Operand...)} and a factor of {@link
 * Kronecker#of(Operand...)}: a dense {@link Tensor} or a {@link MatrixOperator}.
 *
 * <pre>{@code
 * Tensor y = Einsum.einsum("ij,jk->ik", a, x); // a: Tensor, CsrMatrix, BsrMatrix or Kronecker
 * }</pre>
 */
public sealed interface Operand permits Tensor, MatrixOperator {
  /** {@return type of the elements; null for a {@link Kronecker} of identities alone} */
  @Nullable DType dtype();

  /**
   * {@return lengths of the axes: (rows, columns) of a matrix, behind its batch axes if it has any}
   */
  long[] shape();
}
