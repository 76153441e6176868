// Public API: what becomes of a contraction's result before it is written.
package io.github.einblas;

/**
 * What becomes of a contraction's result before it is written, for {@link
 * PlanOptions#withEpilogue}: {@code out = f(alpha * result + beta * out + bias)}. The names are
 * those of cuBLASLt.
 *
 * <p>A bias is one tensor more, behind the operands of a run. Its shape broadcasts to the result's
 * as NumPy has it: axes are compared from the last one on, and are equal or 1. Its numbers must be
 * ones of the type that is computed in.
 *
 * <pre>{@code
 * PlanOptions options = PlanOptions.DEFAULT.withEpilogue(Epilogue.RELU_BIAS);
 * Tensor x = Tensor.ones(DType.F32, 2, 3);
 * Tensor w = Tensor.ones(DType.F32, 3, 2);
 * Tensor bias = Tensor.of(new float[] {-5, 1}, 2);
 * Tensor y = Einsum.einsum("nd,dk->nk", options, x, w, bias);
 * System.out.println(y.get(0, 0) + " " + y.get(0, 1)); // 0.0 4.0
 * }</pre>
 */
public enum Epilogue {
  /** The result as it is. */
  NONE,
  /** {@code r + bias}. */
  BIAS,
  /** {@code max(r, 0)}. */
  RELU,
  /** {@code max(r + bias, 0)}. */
  RELU_BIAS,
  /** {@code tanh(r)}. */
  TANH,
  /** {@code tanh(r + bias)}. */
  TANH_BIAS,
  /** {@code 1 / (1 + e^-r)}. */
  SIGMOID,
  /** {@code 1 / (1 + e^-(r + bias))}. */
  SIGMOID_BIAS,
  /** {@code r Phi(r)}, with the distribution function of the normal distribution. */
  GELU,
  /** The same of {@code r + bias}. */
  GELU_BIAS;

  /** {@return whether a run is given a bias, behind its operands} */
  public boolean hasBias() {
    return switch (this) {
      case BIAS, RELU_BIAS, TANH_BIAS, SIGMOID_BIAS, GELU_BIAS -> true;
      case NONE, RELU, TANH, SIGMOID, GELU -> false;
    };
  }
}
