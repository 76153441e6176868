// Public API: what a randomised check of a result found.
package io.github.einblas;

import java.util.Locale;

/**
 * What {@link EinsumPlan#verify} found.
 *
 * <p>The check compares sums of the result's elements, with random signs, to the same sums of the
 * contraction. A right result passes: the bound is {@code L u (sqrt(n) + min(n, 512) / 2)
 * |X1|...|Xk|}, with u the unit roundoff, n the lengths of all sums that follow each other, and the
 * operands' Euclidean norms over the labels summed. sqrt(n) is the standard deviation of roundings
 * that are independent of each other, n / 2 what they add up to where all go one way, which they do
 * for equal numbers until a kernel begins a new sum. L, some 8, is chosen so that all sums together
 * fail by chance once in 10^12 times.
 *
 * <pre>{@code
 * EinsumPlan plan = Einsum.plan("ij,jk->ik", x, x);
 * Verification found = plan.verify(new Tensor[] {x, x}, plan.run(x, x));
 * System.out.println(found.passed()); // true
 * }</pre>
 *
 * @param passed whether every sum could be checked and is within its bound
 * @param error largest difference of a sum, or infinity where the result holds no number
 * @param bound bound of the sum that is worst relative to its bound
 * @param share that sum's difference, relative to its bound: right when at most 1
 * @param rounds sums with signs of their own that each element is in; 1 where elements were
 *     compared one by one
 * @param missProbability most that the probability of passing is for a result of which some sum
 *     could show an error of more than twice its bound. An element that is the only wrong one of
 *     its sum is never missed.
 * @param sums sums compared
 * @param unchecked sums that could not be compared because the operands' hold no number, or go
 *     beyond the range of their type
 * @param seed of the signs
 */
public record Verification(
    boolean passed,
    double error,
    double bound,
    double share,
    int rounds,
    double missProbability,
    long sums,
    long unchecked,
    long seed) {

  /** {@return the outcome in a sentence or two} */
  public String text() {
    String found =
        passed
            ? "verified"
            : share > 1
                ? "WRONG"
                : "not verified: operands hold NaN, infinity or too large numbers";
    return String.format(
        Locale.ROOT,
        "%s: %d sums, %d rounds, largest difference %.3g, %.3g of its bound %.3g%s;"
            + " an error is missed with a probability of at most %.2g (seed %d)",
        found,
        sums,
        rounds,
        error,
        share,
        bound,
        unchecked == 0 ? "" : ", " + unchecked + " sums unchecked",
        missProbability,
        seed);
  }

  @Override
  public String toString() {
    return text();
  }
}
