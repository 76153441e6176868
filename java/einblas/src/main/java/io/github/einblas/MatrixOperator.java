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
  /** Number of rows. */
  long rows();

  /** Number of columns. */
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
   */
  void timesInto(Tensor out, double alpha, double beta, Tensor x);

  /** {@code out = A x}. */
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
   */
  void timesLeftInto(Tensor out, double alpha, double beta, Tensor x);

  /** {@code out = x A}. */
  default void timesLeftInto(Tensor out, Tensor x) {
    timesLeftInto(out, 1, 0, x);
  }

  /** The transposed matrix, which shares this one's elements. */
  MatrixOperator transpose();

  /** All elements, a new tensor (rows, columns), behind batch axes if there are any. */
  Tensor toDense();

  /** How {@link #times} would be computed, and what it costs, in words. */
  String explain(Tensor x);
}
