// Public API: what is around products: functions of elements and rows, reductions, moves.
package io.github.einblas;

import io.github.einblas.internal.map.Elementwise;
import io.github.einblas.internal.map.Moves;
import io.github.einblas.internal.map.Reductions;
import io.github.einblas.internal.map.RowFunctions;
import io.github.einblas.internal.natives.NativeMaps;
import io.github.einblas.internal.natives.NativeMaps.Map;
import io.github.einblas.internal.natives.NativeMaps.Rows;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import java.util.Arrays;
import java.util.Objects;

/**
 * What stands around products, in native memory and on all threads: functions of elements, sums and
 * extremes over axes, softmax and layer normalisation with their gradients, tensors joined, rows
 * found by index. It ends there: what has no use between two contractions is not here, and {@link
 * Tensor#copyTo(double[])} hands elements to other libraries.
 *
 * <pre>{@code
 * Tensor scores = Einsum.einsum("bhqd,bhkd->bhqk", q, k);
 * TensorMath.scaleInto(scores, 1 / Math.sqrt(64), scores); // in place
 * TensorMath.softmaxInto(scores, scores, -1);
 * Tensor out = Einsum.einsum("bhqk,bhkd->bhqd", scores, v);
 * }</pre>
 *
 * <ul>
 *   <li>Operands have any strides, and shapes that broadcast as in NumPy.
 *   <li>{@code xInto} writes into a given tensor of the result's shape, of any strides and of any
 *       type of the result's kind; it may be an operand itself, the same view, and then the
 *       function works in place. Any other overlap is refused.
 *   <li>Types promote as in {@link Einsum}. 16-bit floats are computed in F32 and rounded once.
 *       Integers wrap. Functions that leave the integers ({@code divide}, {@code exp}, {@code mean}
 *       ...) give F32 for I8, U8, I16 and BOOL, and F64 for I32 and I64. Sums of integers and BOOL
 *       are I64.
 *   <li>Softmax and layer norm have gradients of their own. Others are a line: {@code 1 - y^2} of
 *       {@code tanh}, {@code y (1 - y)} of {@code sigmoid}, {@code x > 0} of {@code relu}; of
 *       {@code gelu} {@code P + x e^(-x^2 / 2) / sqrt(2 pi)}, where P is {@code gelu(x) / x}, and
 *       1/2 at 0.
 *   <li>NaN gives NaN: {@code maximum}, {@code max} and {@code argmax} meet one first.
 *   <li>{@code exp}, {@code log} and {@code tanh} are off by at most 1 unit in the last place in
 *       F64 and 2 in F32, {@code sigmoid} by 3, {@code gelu} by 8. Complex ones are the C++
 *       library's, one by one. The result has the same bits for any number of threads.
 * </ul>
 */
public final class TensorMath {
  private TensorMath() {}

  private static Strided core(Tensor t, String what) {
    return Objects.requireNonNull(t, what).strided();
  }

  private static Tensor made(Elementwise f) {
    return new Tensor(f.run());
  }

  private static Elementwise binary(String name, Map what, Tensor a, Tensor b) {
    return Elementwise.arithmetic(name, what, core(a, "a"), core(b, "b"));
  }

  // ---- arithmetic

  /**
   * {@return a + b}
   *
   * @param a first operand
   * @param b second operand
   * @throws IllegalArgumentException if the shapes do not broadcast, or both are BOOL
   */
  public static Tensor add(Tensor a, Tensor b) {
    return made(binary("add", Map.ADD, a, b));
  }

  /**
   * As {@link #add}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param a first operand
   * @param b second operand
   */
  public static void addInto(Tensor out, Tensor a, Tensor b) {
    binary("add", Map.ADD, a, b).runInto(core(out, "out"));
  }

  /**
   * {@return a - b; errors as of {@link #add}}
   *
   * @param a first operand
   * @param b second operand
   */
  public static Tensor subtract(Tensor a, Tensor b) {
    return made(binary("subtract", Map.SUBTRACT, a, b));
  }

  /**
   * As {@link #subtract}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param a first operand
   * @param b second operand
   */
  public static void subtractInto(Tensor out, Tensor a, Tensor b) {
    binary("subtract", Map.SUBTRACT, a, b).runInto(core(out, "out"));
  }

  /**
   * {@return a * b, element by element; errors as of {@link #add}}
   *
   * @param a first operand
   * @param b second operand
   */
  public static Tensor multiply(Tensor a, Tensor b) {
    return made(binary("multiply", Map.MULTIPLY, a, b));
  }

  /**
   * As {@link #multiply}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param a first operand
   * @param b second operand
   */
  public static void multiplyInto(Tensor out, Tensor a, Tensor b) {
    binary("multiply", Map.MULTIPLY, a, b).runInto(core(out, "out"));
  }

  /**
   * {@return a / b, of integers as real numbers; errors as of {@link #add}}
   *
   * @param a first operand
   * @param b second operand
   */
  public static Tensor divide(Tensor a, Tensor b) {
    return made(quotient(a, b));
  }

  /**
   * As {@link #divide}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param a first operand
   * @param b second operand
   */
  public static void divideInto(Tensor out, Tensor a, Tensor b) {
    quotient(a, b).runInto(core(out, "out"));
  }

  private static Elementwise quotient(Tensor a, Tensor b) {
    return Elementwise.floating("divide", Map.DIVIDE, core(a, "a"), core(b, "b"));
  }

  /**
   * {@return a * x}
   *
   * @param a factor of x
   * @param x operand of any strides
   * @throws IllegalArgumentException if x is of integers and the factor is no whole number, or if x
   *     is BOOL
   */
  public static Tensor scale(double a, Tensor x) {
    return made(scaled(a, x));
  }

  /**
   * As {@link #scale}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param a factor of x
   * @param x operand of any strides
   */
  public static void scaleInto(Tensor out, double a, Tensor x) {
    scaled(a, x).runInto(core(out, "out"));
  }

  private static Elementwise scaled(double a, Tensor x) {
    return Elementwise.arithmetic("scale", Map.SCALE, new double[] {a, 0, 0}, core(x, "x"));
  }

  /**
   * {@return a * x + c in one pass; errors as of {@link #scale}}
   *
   * @param a factor of x
   * @param x operand of any strides
   * @param c number that is added
   */
  public static Tensor affine(double a, Tensor x, double c) {
    return made(shifted(a, x, c));
  }

  /**
   * As {@link #affine(double, Tensor, double)}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param a factor of x
   * @param x operand of any strides
   * @param c number that is added
   */
  public static void affineInto(Tensor out, double a, Tensor x, double c) {
    shifted(a, x, c).runInto(core(out, "out"));
  }

  private static Elementwise shifted(double a, Tensor x, double c) {
    return Elementwise.arithmetic("affine", Map.SHIFT, new double[] {a, 0, c}, core(x, "x"));
  }

  /**
   * {@return a * x + b * y + c in one pass; errors as of {@link #add} and {@link #scale}}
   *
   * @param a factor of x
   * @param x operand of any strides
   * @param b factor of y
   * @param y second operand
   * @param c number that is added
   */
  public static Tensor affine(double a, Tensor x, double b, Tensor y, double c) {
    return made(combined(a, x, b, y, c));
  }

  /**
   * As {@link #affine(double, Tensor, double, Tensor, double)}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param a factor of x
   * @param x operand of any strides
   * @param b factor of y
   * @param y second operand
   * @param c number that is added
   */
  public static void affineInto(Tensor out, double a, Tensor x, double b, Tensor y, double c) {
    combined(a, x, b, y, c).runInto(core(out, "out"));
  }

  private static Elementwise combined(double a, Tensor x, double b, Tensor y, double c) {
    double[] numbers = {a, b, c};
    return Elementwise.arithmetic("affine", Map.AFFINE, numbers, core(x, "x"), core(y, "y"));
  }

  // ---- functions of one tensor

  /**
   * {@return absolute values; of complex numbers real ones}
   *
   * @param x operand of any strides
   */
  public static Tensor abs(Tensor x) {
    return made(Elementwise.abs(core(x, "x")));
  }

  /**
   * As {@link #abs}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   */
  public static void absInto(Tensor out, Tensor x) {
    Elementwise.abs(core(x, "x")).runInto(core(out, "out"));
  }

  /**
   * {@return 1, -1, or the number itself where it is 0 or NaN; real numbers}
   *
   * @param x operand of any strides
   */
  public static Tensor sign(Tensor x) {
    return made(Elementwise.ordered("sign", Map.SIGN, core(x, "x")));
  }

  /**
   * As {@link #sign}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   */
  public static void signInto(Tensor out, Tensor x) {
    Elementwise.ordered("sign", Map.SIGN, core(x, "x")).runInto(core(out, "out"));
  }

  /**
   * {@return e^x}
   *
   * @param x operand of any strides
   */
  public static Tensor exp(Tensor x) {
    return made(Elementwise.floating("exp", Map.EXP, core(x, "x")));
  }

  /**
   * As {@link #exp}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   */
  public static void expInto(Tensor out, Tensor x) {
    Elementwise.floating("exp", Map.EXP, core(x, "x")).runInto(core(out, "out"));
  }

  /**
   * {@return the natural logarithm: of 0 -infinity, of negative real numbers NaN}
   *
   * @param x operand of any strides
   */
  public static Tensor log(Tensor x) {
    return made(Elementwise.floating("log", Map.LOG, core(x, "x")));
  }

  /**
   * As {@link #log}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   */
  public static void logInto(Tensor out, Tensor x) {
    Elementwise.floating("log", Map.LOG, core(x, "x")).runInto(core(out, "out"));
  }

  /**
   * {@return the square root, correctly rounded; of negative real numbers NaN}
   *
   * @param x operand of any strides
   */
  public static Tensor sqrt(Tensor x) {
    return made(Elementwise.floating("sqrt", Map.SQRT, core(x, "x")));
  }

  /**
   * As {@link #sqrt}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   */
  public static void sqrtInto(Tensor out, Tensor x) {
    Elementwise.floating("sqrt", Map.SQRT, core(x, "x")).runInto(core(out, "out"));
  }

  /**
   * {@return the hyperbolic tangent of real numbers}
   *
   * @param x operand of any strides
   */
  public static Tensor tanh(Tensor x) {
    return made(Elementwise.real("tanh", Map.TANH, core(x, "x")));
  }

  /**
   * As {@link #tanh}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   */
  public static void tanhInto(Tensor out, Tensor x) {
    Elementwise.real("tanh", Map.TANH, core(x, "x")).runInto(core(out, "out"));
  }

  /**
   * {@return 1 / (1 + e^-x) of real numbers}
   *
   * @param x operand of any strides
   */
  public static Tensor sigmoid(Tensor x) {
    return made(Elementwise.real("sigmoid", Map.SIGMOID, core(x, "x")));
  }

  /**
   * As {@link #sigmoid}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   */
  public static void sigmoidInto(Tensor out, Tensor x) {
    Elementwise.real("sigmoid", Map.SIGMOID, core(x, "x")).runInto(core(out, "out"));
  }

  /**
   * {@return the larger of x and 0; real numbers}
   *
   * @param x operand of any strides
   */
  public static Tensor relu(Tensor x) {
    return made(Elementwise.ordered("relu", Map.RELU, core(x, "x")));
  }

  /**
   * As {@link #relu}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   */
  public static void reluInto(Tensor out, Tensor x) {
    Elementwise.ordered("relu", Map.RELU, core(x, "x")).runInto(core(out, "out"));
  }

  /**
   * {@return x times the normal distribution's P(X &lt;= x), by the error function, not by its tanh
   * approximation (Hendrycks and Gimpel, 2016); real numbers}
   *
   * @param x operand of any strides
   */
  public static Tensor gelu(Tensor x) {
    return made(Elementwise.real("gelu", Map.GELU, core(x, "x")));
  }

  /**
   * As {@link #gelu}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   */
  public static void geluInto(Tensor out, Tensor x) {
    Elementwise.real("gelu", Map.GELU, core(x, "x")).runInto(core(out, "out"));
  }

  // ---- of two: larger, smaller, compared, chosen

  /**
   * {@return the larger of a and b, element by element; real numbers}
   *
   * @param a first operand
   * @param b second operand
   */
  public static Tensor maximum(Tensor a, Tensor b) {
    return made(Elementwise.ordered("maximum", Map.MAXIMUM, core(a, "a"), core(b, "b")));
  }

  /**
   * As {@link #maximum}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param a first operand
   * @param b second operand
   */
  public static void maximumInto(Tensor out, Tensor a, Tensor b) {
    Elementwise.ordered("maximum", Map.MAXIMUM, core(a, "a"), core(b, "b"))
        .runInto(core(out, "out"));
  }

  /**
   * {@return the smaller of a and b, element by element; real numbers}
   *
   * @param a first operand
   * @param b second operand
   */
  public static Tensor minimum(Tensor a, Tensor b) {
    return made(Elementwise.ordered("minimum", Map.MINIMUM, core(a, "a"), core(b, "b")));
  }

  /**
   * As {@link #minimum}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param a first operand
   * @param b second operand
   */
  public static void minimumInto(Tensor out, Tensor a, Tensor b) {
    Elementwise.ordered("minimum", Map.MINIMUM, core(a, "a"), core(b, "b"))
        .runInto(core(out, "out"));
  }

  /** How two elements are compared. */
  public enum Comparison {
    /** a == b. */
    EQUAL,
    /** Different: {@code a != b}, also where one is NaN. */
    NOT_EQUAL,
    /** a &lt; b. */
    LESS,
    /** a &lt;= b. */
    LESS_EQUAL,
    /** a &gt; b. */
    GREATER,
    /** a &gt;= b. */
    GREATER_EQUAL
  }

  /**
   * {@return whether a stands so to b, as BOOL}
   *
   * <pre>{@code
   * Tensor positive = TensorMath.compare(x, TensorMath.Comparison.GREATER, Tensor.scalar(DType.F32, 0));
   * Tensor clipped = TensorMath.where(positive, x, Tensor.scalar(DType.F32, 0));
   * }</pre>
   *
   * @param a first operand
   * @param comparison how they are compared
   * @param b second operand
   * @throws IllegalArgumentException if the shapes do not broadcast, or complex numbers are
   *     compared by size
   */
  public static Tensor compare(Tensor a, Comparison comparison, Tensor b) {
    return made(compared(a, comparison, b));
  }

  /**
   * As {@link #compare}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param a first operand
   * @param comparison how they are compared
   * @param b second operand
   */
  public static void compareInto(Tensor out, Tensor a, Comparison comparison, Tensor b) {
    compared(a, comparison, b).runInto(core(out, "out"));
  }

  private static Elementwise compared(Tensor a, Comparison comparison, Tensor b) {
    Strided x = core(a, "a");
    Objects.requireNonNull(comparison, "comparison");
    Strided y = core(b, "b");
    return switch (comparison) {
      case EQUAL -> Elementwise.compare(Map.EQUAL, x, y);
      case NOT_EQUAL -> Elementwise.compare(Map.NOT_EQUAL, x, y);
      case LESS -> Elementwise.compare(Map.LESS, x, y);
      case LESS_EQUAL -> Elementwise.compare(Map.LESS_EQUAL, x, y);
      case GREATER -> Elementwise.compare(Map.LESS, y, x);
      case GREATER_EQUAL -> Elementwise.compare(Map.LESS_EQUAL, y, x);
    };
  }

  /**
   * {@return a where the condition holds, else b}
   *
   * @param condition of BOOL
   * @param a first operand
   * @param b second operand
   * @throws IllegalArgumentException if the condition is not BOOL, or the shapes do not broadcast
   */
  public static Tensor where(Tensor condition, Tensor a, Tensor b) {
    return made(Elementwise.where(core(condition, "condition"), core(a, "a"), core(b, "b")));
  }

  /**
   * As {@link #where}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param condition of BOOL
   * @param a first operand
   * @param b second operand
   */
  public static void whereInto(Tensor out, Tensor condition, Tensor a, Tensor b) {
    Elementwise.where(core(condition, "condition"), core(a, "a"), core(b, "b"))
        .runInto(core(out, "out"));
  }

  // ---- reductions; no axis given means all

  private static Reductions reduced(String name, Tensor x, int... axes) {
    return new Reductions(name, core(x, "x"), axes);
  }

  /**
   * {@return the sum over axes, which the result lacks; none given means all}
   *
   * @param x operand of any strides
   * @param axes axes that the result lacks, negative from the end; none means all
   * @throws IllegalArgumentException if an axis comes twice
   * @throws IndexOutOfBoundsException if an axis does not exist
   */
  public static Tensor sum(Tensor x, int... axes) {
    return new Tensor(reduced("sum", x, axes).sum());
  }

  /**
   * As {@link #sum}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   * @param axes axes that the result lacks, negative from the end; none means all
   */
  public static void sumInto(Tensor out, Tensor x, int... axes) {
    reduced("sum", x, axes).sumInto(core(out, "out"));
  }

  /**
   * {@return the mean over axes; of no elements NaN} Errors as of {@link #sum}.
   *
   * @param x operand of any strides
   * @param axes axes that the result lacks, negative from the end; none means all
   */
  public static Tensor mean(Tensor x, int... axes) {
    return new Tensor(reduced("mean", x, axes).mean());
  }

  /**
   * As {@link #mean}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   * @param axes axes that the result lacks, negative from the end; none means all
   */
  public static void meanInto(Tensor out, Tensor x, int... axes) {
    reduced("mean", x, axes).meanInto(core(out, "out"));
  }

  /**
   * {@return the Euclidean norm over axes, a real number: the root of the sum of |x|^2, whose
   * squares may overflow} Errors as of {@link #sum}.
   *
   * @param x operand of any strides
   * @param axes axes that the result lacks, negative from the end; none means all
   */
  public static Tensor norm(Tensor x, int... axes) {
    return new Tensor(reduced("norm", x, axes).norm());
  }

  /**
   * As {@link #norm}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   * @param axes axes that the result lacks, negative from the end; none means all
   */
  public static void normInto(Tensor out, Tensor x, int... axes) {
    reduced("norm", x, axes).normInto(core(out, "out"));
  }

  /**
   * {@return the largest element over axes} Errors as of {@link #sum}.
   *
   * @param x operand of any strides
   * @param axes axes that the result lacks, negative from the end; none means all
   * @throws IllegalArgumentException also if there is no element, or they are complex
   */
  public static Tensor max(Tensor x, int... axes) {
    return new Tensor(reduced("max", x, axes).reduce(NativeMaps.Reduction.MAX));
  }

  /**
   * As {@link #max}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   * @param axes axes that the result lacks, negative from the end; none means all
   */
  public static void maxInto(Tensor out, Tensor x, int... axes) {
    reduced("max", x, axes).reduceInto(NativeMaps.Reduction.MAX, core(out, "out"));
  }

  /**
   * {@return the smallest element over axes; errors as of {@link #max}}
   *
   * @param x operand of any strides
   * @param axes axes that the result lacks, negative from the end; none means all
   */
  public static Tensor min(Tensor x, int... axes) {
    return new Tensor(reduced("min", x, axes).reduce(NativeMaps.Reduction.MIN));
  }

  /**
   * As {@link #min}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   * @param axes axes that the result lacks, negative from the end; none means all
   */
  public static void minInto(Tensor out, Tensor x, int... axes) {
    reduced("min", x, axes).reduceInto(NativeMaps.Reduction.MIN, core(out, "out"));
  }

  /**
   * {@return the logarithm of the sum of e^x over axes, without overflow; of no elements -infinity}
   * Errors as of {@link #sum}; real numbers.
   *
   * @param x operand of any strides
   * @param axes axes that the result lacks, negative from the end; none means all
   */
  public static Tensor logSumExp(Tensor x, int... axes) {
    return new Tensor(reduced("logSumExp", x, axes).reduce(NativeMaps.Reduction.LOG_SUM_EXP));
  }

  /**
   * As {@link #logSumExp}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   * @param axes axes that the result lacks, negative from the end; none means all
   */
  public static void logSumExpInto(Tensor out, Tensor x, int... axes) {
    reduced("logSumExp", x, axes).reduceInto(NativeMaps.Reduction.LOG_SUM_EXP, core(out, "out"));
  }

  /**
   * {@return the index along an axis of the largest element, as I64: of the first where several
   * are, of the first NaN where there is one}
   *
   * @param x operand of any strides
   * @param axis number of the axis, negative from the end
   * @throws IllegalArgumentException if the axis has no element, or they are complex
   * @throws IndexOutOfBoundsException if the axis does not exist
   */
  public static Tensor argmax(Tensor x, int axis) {
    return new Tensor(RowFunctions.argument("argmax", Rows.ARG_MAX, core(x, "x"), axis).run());
  }

  /**
   * As {@link #argmax}, into {@code out} of an integer type.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   * @param axis number of the axis, negative from the end
   */
  public static void argmaxInto(Tensor out, Tensor x, int axis) {
    RowFunctions.argument("argmax", Rows.ARG_MAX, core(x, "x"), axis).runInto(core(out, "out"));
  }

  /**
   * {@return the index of the smallest; errors as of {@link #argmax}}
   *
   * @param x operand of any strides
   * @param axis number of the axis, negative from the end
   */
  public static Tensor argmin(Tensor x, int axis) {
    return new Tensor(RowFunctions.argument("argmin", Rows.ARG_MIN, core(x, "x"), axis).run());
  }

  /**
   * As {@link #argmin}, into {@code out} of an integer type.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   * @param axis number of the axis, negative from the end
   */
  public static void argminInto(Tensor out, Tensor x, int axis) {
    RowFunctions.argument("argmin", Rows.ARG_MIN, core(x, "x"), axis).runInto(core(out, "out"));
  }

  /**
   * Sums along an axis up to each element, itself among them; of the shape of x.
   *
   * @param x operand of any strides
   * @param axis number of the axis, negative from the end
   * @return a new tensor, to be closed by the caller
   * @throws IndexOutOfBoundsException if the axis does not exist
   */
  public static Tensor cumsum(Tensor x, int axis) {
    return new Tensor(RowFunctions.cumulativeSum(core(x, "x"), axis).run());
  }

  /**
   * As {@link #cumsum}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   * @param axis number of the axis, negative from the end
   */
  public static void cumsumInto(Tensor out, Tensor x, int axis) {
    RowFunctions.cumulativeSum(core(x, "x"), axis).runInto(core(out, "out"));
  }

  // ---- layers

  /**
   * {@return e^x over its sum along an axis, without overflow; real numbers}
   *
   * @param x operand of any strides
   * @param axis number of the axis, negative from the end
   * @throws IndexOutOfBoundsException if the axis does not exist
   */
  public static Tensor softmax(Tensor x, int axis) {
    return new Tensor(RowFunctions.softmax(core(x, "x"), axis).run());
  }

  /**
   * As {@link #softmax}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   * @param axis number of the axis, negative from the end
   */
  public static void softmaxInto(Tensor out, Tensor x, int axis) {
    RowFunctions.softmax(core(x, "x"), axis).runInto(core(out, "out"));
  }

  /**
   * {@return the gradient of {@link #softmax}'s operand: y (dy - sum of y dy along the axis)}
   *
   * @param y what softmax gave
   * @param dy the gradient of that, of the same shape
   * @param axis number of the axis, negative from the end
   */
  public static Tensor softmaxGradient(Tensor y, Tensor dy, int axis) {
    return new Tensor(RowFunctions.softmaxGradient(core(y, "y"), core(dy, "dy"), axis).run());
  }

  /**
   * As {@link #softmaxGradient}, into {@code out}, which may be y or dy.
   *
   * @param out tensor of the result's shape, of any strides
   * @param y what softmax gave
   * @param dy gradient of a loss for what the function gave
   * @param axis number of the axis, negative from the end
   */
  public static void softmaxGradientInto(Tensor out, Tensor y, Tensor dy, int axis) {
    RowFunctions.softmaxGradient(core(y, "y"), core(dy, "dy"), axis).runInto(core(out, "out"));
  }

  /**
   * {@return layer normalisation along the last axis: (x - mean) / sqrt(variance + epsilon) *
   * weight + bias (Ba, Kiros and Hinton, 2016), with the variance of n, not n - 1}
   *
   * @param x operand of any strides
   * @param weight of the last axis's length
   * @param bias the same
   * @param epsilon added to the variance, at least 0
   * @throws IllegalArgumentException if weight or bias has another shape, or epsilon is negative
   */
  public static Tensor layerNorm(Tensor x, Tensor weight, Tensor bias, double epsilon) {
    return new Tensor(normalised(x, weight, bias, epsilon).run());
  }

  /**
   * As {@link #layerNorm}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   * @param weight of the last axis's length
   * @param bias of the last axis's length
   * @param epsilon added to the variance, at least 0
   */
  public static void layerNormInto(
      Tensor out, Tensor x, Tensor weight, Tensor bias, double epsilon) {
    normalised(x, weight, bias, epsilon).runInto(core(out, "out"));
  }

  private static RowFunctions normalised(Tensor x, Tensor weight, Tensor bias, double epsilon) {
    return RowFunctions.layerNorm(
        core(x, "x"), core(weight, "weight"), core(bias, "bias"), epsilon);
  }

  /**
   * Gradients of {@link #layerNorm}; each is a new tensor.
   *
   * @param x gradient of x
   * @param weight gradient of the weight
   * @param bias gradient of the bias
   */
  public record LayerNormGradient(Tensor x, Tensor weight, Tensor bias) implements AutoCloseable {
    @Override
    public void close() {
      x.close();
      weight.close();
      bias.close();
    }
  }

  /**
   * {@return gradients of {@link #layerNorm}'s operands}
   *
   * @param x operand of any strides
   * @param weight of the last axis's length
   * @param dy gradient of what it gave, of the shape of x
   * @param epsilon added to the variance, at least 0
   */
  public static LayerNormGradient layerNormGradient(
      Tensor x, Tensor weight, Tensor dy, double epsilon) {
    Strided own = core(x, "x");
    Strided upstream = core(dy, "dy");
    RowFunctions dx =
        RowFunctions.layerNormGradient(own, core(weight, "weight"), upstream, epsilon);
    int[] rows = new int[own.rank() - 1];
    for (int d = 0; d < rows.length; d++) {
      rows[d] = d;
    }
    Strided[] made = new Strided[3];
    boolean done = false;
    try (Strided normalised = RowFunctions.layerNorm(own, null, null, epsilon).run()) {
      made[0] = dx.run();
      Strided products =
          Elementwise.arithmetic("multiply", Map.MULTIPLY, normalised, upstream).run();
      try (products) {
        made[1] = rowSum(products, rows);
      }
      made[2] = rowSum(upstream, rows);
      done = true;
      return new LayerNormGradient(new Tensor(made[0]), new Tensor(made[1]), new Tensor(made[2]));
    } finally {
      for (int i = 0; !done && i < made.length && made[i] != null; i++) {
        made[i].close();
      }
    }
  }

  private static Strided rowSum(Strided x, int[] rows) {
    return rows.length == 0
        ? TensorCopy.copy(x)
        : new Reductions("layerNormGradient", x, rows).sum();
  }

  // ---- joined, found, added

  private static Strided[] cores(Tensor[] tensors) {
    Strided[] cores = Tensor.cores("tensors", tensors);
    for (int i = 0; i < cores.length; i++) {
      Objects.requireNonNull(cores[i], "tensors[" + i + "]");
    }
    return cores;
  }

  /**
   * {@return tensors one after the other along an axis}
   *
   * @param axis number of the axis, negative from the end
   * @param tensors at least one, of one type or several
   * @throws IllegalArgumentException if there is none, or the shapes differ beside that axis
   * @throws IndexOutOfBoundsException if the axis does not exist
   */
  public static Tensor concat(int axis, Tensor... tensors) {
    return new Tensor(Moves.concat("concat", axis, cores(tensors)));
  }

  /**
   * As {@link #concat}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param axis number of the axis, negative from the end
   * @param tensors at least one, of one type or several
   */
  public static void concatInto(Tensor out, int axis, Tensor... tensors) {
    Moves.concatInto("concat", core(out, "out"), axis, cores(tensors));
  }

  /**
   * {@return tensors of one shape side by side along a new axis; its number is one of the result's}
   *
   * @param axis number of the axis, negative from the end
   * @param tensors at least one, of one type or several
   * @throws IllegalArgumentException if there is none, or the shapes differ
   * @throws IndexOutOfBoundsException if the result has no such axis
   */
  public static Tensor stack(int axis, Tensor... tensors) {
    Strided[] cores = cores(tensors);
    return new Tensor(Moves.concat("stack", axis, unsqueezed(axis, cores)));
  }

  /**
   * As {@link #stack}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param axis number of the axis, negative from the end
   * @param tensors at least one, of one type or several
   */
  public static void stackInto(Tensor out, int axis, Tensor... tensors) {
    Strided[] cores = cores(tensors);
    Moves.concatInto("stack", core(out, "out"), axis, unsqueezed(axis, cores));
  }

  private static Strided[] unsqueezed(int axis, Strided[] cores) {
    Strided[] views = new Strided[cores.length];
    for (int i = 0; i < views.length; i++) {
      int at = axis < 0 ? axis + cores[i].rank() + 1 : axis;
      views[i] = cores[i].view(cores[i].geometry().unsqueeze(at));
    }
    return views;
  }

  /**
   * {@return the elements at indices of an axis, whose place the axes of the indices take (NumPy's
   * {@code take})}
   *
   * @param x operand of any strides
   * @param axis number of the axis, negative from the end
   * @param indices of I32 or I64; negative ones count from the end
   * @throws IndexOutOfBoundsException if an index or the axis does not exist; nothing is written
   */
  public static Tensor take(Tensor x, int axis, Tensor indices) {
    return new Tensor(Moves.take(core(x, "x"), axis, core(indices, "indices")));
  }

  /**
   * As {@link #take}, into {@code out} of the type of x.
   *
   * @param out tensor of the result's shape, of any strides
   * @param x operand of any strides
   * @param axis number of the axis, negative from the end
   * @param indices of I32 or I64, negative from the end
   */
  public static void takeInto(Tensor out, Tensor x, int axis, Tensor indices) {
    Moves.takeInto(core(out, "out"), core(x, "x"), axis, core(indices, "indices"));
  }

  /**
   * {@code out[.., indices[k], ..] += updates[.., k, ..]}: in the order of k, and rounded once for
   * each element: the gradient of {@link #take}.
   *
   * @param out tensor that is added to
   * @param axis number of the axis, negative from the end
   * @param indices of rank 1, I32 or I64, in any order and repeatedly; negative ones count from the
   *     end
   * @param updates of the shape of out, but for the axis's length
   * @throws IndexOutOfBoundsException if an index or the axis does not exist; nothing is written
   */
  public static void scatterAdd(Tensor out, int axis, Tensor indices, Tensor updates) {
    Moves.scatterAdd(core(out, "out"), axis, core(indices, "indices"), core(updates, "updates"));
  }

  // ---- made

  /**
   * {@return the identity matrix of n rows}
   *
   * @param dtype type of the elements
   * @param n number of rows
   */
  public static Tensor eye(DType dtype, long n) {
    Objects.requireNonNull(dtype, "dtype");
    Tensor eye = Tensor.zeros(dtype, n, n);
    boolean done = false;
    try {
      eye.diagonal(0, 1).fill(1);
      done = true;
      return eye;
    } finally {
      if (!done) {
        eye.close();
      }
    }
  }

  /**
   * {@return start, start + step, ... up to, but not, stop: rank 1}
   *
   * @param dtype type of the elements
   * @param start first number
   * @param stop end, which is not reached
   * @param step distance of the numbers, not 0
   * @throws IllegalArgumentException if the step is 0 or a number is none, or the type is complex
   *     or BOOL
   */
  public static Tensor arange(DType dtype, double start, double stop, double step) {
    Objects.requireNonNull(dtype, "dtype");
    return new Tensor(Moves.steps("arange", dtype, start, stop, step));
  }

  /**
   * {@return numbers at equal distances from start to stop, both among them; errors as of {@link
   * #arange}}
   *
   * @param dtype type of the elements
   * @param start first number
   * @param stop last number
   * @param count how many numbers
   */
  public static Tensor linspace(DType dtype, double start, double stop, long count) {
    Objects.requireNonNull(dtype, "dtype");
    return new Tensor(Moves.between("linspace", dtype, start, stop, count));
  }

  /**
   * {@return random numbers from low up to, but not, high, evenly spread: of integers low to high -
   * 1, each as likely as the others; rounding to a floating-point type may give high} An element
   * depends on seed and place alone (SplitMix64).
   *
   * @param dtype type of the elements
   * @param seed of the random numbers
   * @param low least number
   * @param high end of the numbers
   * @param shape lengths of the axes
   * @throws IllegalArgumentException if low is above high, the type is complex or BOOL, or an
   *     integer one that does not hold the ends
   */
  public static Tensor uniform(DType dtype, long seed, double low, double high, long... shape) {
    return random("uniform", NativeMaps.Series.UNIFORM, dtype, seed, low, high, shape);
  }

  /**
   * {@return normally distributed random numbers} An element depends on seed and place alone
   * (SplitMix64, Box and Muller), up to the last places of the machine's cosine.
   *
   * @param dtype type of the elements
   * @param seed of the random numbers
   * @param mean their mean
   * @param deviation standard deviation, at least 0
   * @param shape lengths of the axes
   * @throws IllegalArgumentException if the deviation is negative, or the type is not real
   */
  public static Tensor normal(
      DType dtype, long seed, double mean, double deviation, long... shape) {
    return random("normal", NativeMaps.Series.NORMAL, dtype, seed, mean, deviation, shape);
  }

  private static Tensor random(
      String name,
      NativeMaps.Series what,
      DType dtype,
      long seed,
      double first,
      double second,
      long[] shape) {
    Objects.requireNonNull(dtype, "dtype");
    Objects.requireNonNull(shape, "shape");
    return new Tensor(Moves.random(name, what, dtype, seed, first, second, shape));
  }

  // ---- compared as a whole

  /**
   * As {@link #allClose(Tensor, Tensor, double, double)} with NumPy's 1e-5 and 1e-8.
   *
   * @param a first operand
   * @param b second operand
   * @return whether they are
   */
  public static boolean allClose(Tensor a, Tensor b) {
    return allClose(a, b, 1e-5, 1e-8);
  }

  /**
   * {@return whether |a - b| is at most absolute + relative |b| for every element} Equal infinities
   * are close, NaN is to nothing.
   *
   * @param a first operand
   * @param b second operand
   * @param relative tolerance relative to b
   * @param absolute tolerance beside the relative one
   * @throws IllegalArgumentException if the shapes differ, or a tolerance is negative
   */
  public static boolean allClose(Tensor a, Tensor b, double relative, double absolute) {
    return Moves.close("allClose", core(a, "a"), core(b, "b"), relative, absolute, false);
  }

  /**
   * {@return whether shapes, types and all elements are equal; NaN equals NaN, and 0 equals -0}
   *
   * @param a first operand
   * @param b second operand
   * @throws IllegalStateException if a tensor is closed
   */
  public static boolean contentEquals(Tensor a, Tensor b) {
    Strided x = core(a, "a");
    Strided y = core(b, "b");
    return x.dtype() == y.dtype()
        && Arrays.equals(x.shape(), y.shape())
        && Moves.close("contentEquals", x, y, 0, 0, true);
  }
}
