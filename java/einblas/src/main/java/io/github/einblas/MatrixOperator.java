// Public API: what the matrices that are not stored as dense tensors have in common.
package io.github.einblas;

/**
 * A matrix that is kept as less than all its elements: sparse ({@link CsrMatrix}), of dense blocks
 * ({@link BsrMatrix}), or a Kronecker product of factors ({@link Kronecker}). All three are
 * multiplied in the same way:
 *
 * <pre>{@code
 * Tensor y = a.times(x);              // A x
 * Tensor z = a.timesLeft(x);          // x A
 * Tensor t = a.transpose().times(x);  // A^T x
 * a.timesInto(y, alpha, beta, x);     // y = alpha A x + beta y
 * }</pre>
 *
 * <p>Dense operands may have any strides. Every method checks all it is given before it writes:
 * {@link IllegalArgumentException} for shapes, types and an output that shares elements with an
 * operand, {@link IllegalStateException} for something closed. {@code alpha = 0} reads no operand,
 * {@code beta = 0} does not read the output.
 */
public sealed interface MatrixOperator extends Operand permits CsrMatrix, BsrMatrix, Kronecker {
  /** {@return number of rows} */
  long rows();

  /** {@return number of columns} */
  long columns();

  /**
   * {@code A x}, a new tensor.
   *
   * @param x (columns) or (columns, n); a {@link Kronecker} takes leading axes too
   * @return (rows) or (rows, n)
   */
  Tensor times(Tensor x);

  /**
   * {@code out = alpha * A x + beta * out}.
   *
   * @param out of the shape that {@link #times} gives
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param x dense operand of any strides
   */
  void timesInto(Tensor out, double alpha, double beta, Tensor x);

  /**
   * {@code out = A x}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x dense operand of any strides
   */
  default void timesInto(Tensor out, Tensor x) {
    timesInto(out, 1, 0, x);
  }

  /**
   * {@code x A}, a new tensor.
   *
   * @param x (rows) or (m, rows); a {@link Kronecker} takes leading axes too
   * @return (columns) or (m, columns)
   */
  Tensor timesLeft(Tensor x);

  /**
   * {@code out = alpha * x A + beta * out}.
   *
   * @param out of the shape that {@link #timesLeft} gives
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param x dense operand of any strides
   */
  void timesLeftInto(Tensor out, double alpha, double beta, Tensor x);

  /**
   * {@code out = x A}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x dense operand of any strides
   */
  default void timesLeftInto(Tensor out, Tensor x) {
    timesLeftInto(out, 1, 0, x);
  }

  /** {@return the transposed matrix, which shares this one's elements} */
  MatrixOperator transpose();

  /** {@return all elements, a new tensor (rows, columns), behind batch axes if there are any} */
  Tensor toDense();

  /**
   * {@return how {@link #times} would be computed, and what it costs, in words}
   *
   * @param x dense operand of any strides
   */
  String explain(Tensor x);
}
