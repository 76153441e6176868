// Public API: a checked run would have wrapped.
package io.github.einblas;

import java.math.BigInteger;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Thrown by runs of plans with {@link PlanOptions#withCheckedIntegers}: an element of a step's
 * result, as a whole number, is beyond the range of its type. It is the first: of the first such
 * step, in the order in which steps run, the first element in C order.
 *
 * <pre>{@code
 * Tensor big = Tensor.full(DType.I8, 100, 2);
 * EinsumPlan plan =
 *     Einsum.plan("i,i->", PlanOptions.DEFAULT.withCheckedIntegers(true), big, big);
 * try {
 *   plan.run(big, big);
 * } catch (IntegerOverflowException e) {
 *   System.out.println(e.getMessage().contains("its result is 20000, beyond I8")); // true
 * }
 * }</pre>
 *
 * <p>The output is as it was before, unless {@link #isOutputUntouched} says otherwise, as the text
 * does then.
 */
public final class IntegerOverflowException extends ArithmeticException {
  private static final long serialVersionUID = 1L;

  /**
   * Where a number was.
   *
   * @param equation the plan's
   * @param step number of the step, 1 for the first
   * @param stepEquation the step's own equation
   * @param labels those of the step's result, in the order of its axes, without those of length 1
   * @param index of each label, in the whole result where a plan is cut
   * @param dtype type that the step's result has
   */
  public record Place(
      String equation,
      int step,
      String stepEquation,
      List<String> labels,
      List<Long> index,
      DType dtype) {
    /**
     * A place; the lists are copied.
     *
     * @param equation equation of the plan
     * @param step number of the step, from 1
     * @param stepEquation equation of the step
     * @param labels labels of the element's axes
     * @param index of the element
     * @param dtype type that does not hold the number
     */
    public Place {
      labels = List.copyOf(labels);
      index = List.copyOf(index);
    }
  }

  private final transient @Nullable Place place;

  /** What the element should be, or null. */
  private final @Nullable BigInteger value;

  /** Whether the output is as it was. */
  private final boolean outputUntouched;

  /**
   * Creates the exception.
   *
   * @param text where it was, in words
   * @param place where it was found
   * @param value what the element should be, or null where that has more than 511 bits
   */
  public IntegerOverflowException(String text, @Nullable Place place, @Nullable BigInteger value) {
    this(text, place, value, true);
  }

  private IntegerOverflowException(
      String text, @Nullable Place place, @Nullable BigInteger value, boolean outputUntouched) {
    super(text);
    this.place = place;
    this.value = value;
    this.outputUntouched = outputUntouched;
  }

  /**
   * {@return the same failure, saying of what: "set 3"}
   *
   * @param what what was being done
   */
  public IntegerOverflowException in(String what) {
    return copy(what + ": " + getMessage(), outputUntouched);
  }

  /**
   * {@return the same failure of a run that had written to its output: the text says what}
   *
   * @param written what of the output was written
   */
  public IntegerOverflowException after(String written) {
    return copy(getMessage().replace("; the output is untouched", "; " + written), false);
  }

  private IntegerOverflowException copy(String text, boolean untouched) {
    var other = new IntegerOverflowException(text, place, value, untouched);
    other.initCause(this);
    return other;
  }

  /** {@return where it was; null of an exception that was serialized} */
  public @Nullable Place place() {
    return place;
  }

  /** {@return what the element should be, or null where that has more than 511 bits} */
  public @Nullable BigInteger value() {
    return value;
  }

  /** {@return whether the output given to the call is as it was before} */
  public boolean isOutputUntouched() {
    return outputUntouched;
  }
}
