// Plans: gradients for all operands one after the other, each cut to what a memory limit leaves.
package io.github.einblas.internal.plan;

import io.github.einblas.MemoryLimitException;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * All gradients of a plan under a memory limit that their shared intermediates would exceed: one
 * plan for each, of which the last ones leave room for the gradients that are there. Immutable.
 */
final class GradientsApart {
  private final Contraction[] plans;
  private final String equation;
  private final long limit;
  private final long[] bytes;

  /** The operands in the order of their gradients. */
  private final int[] order;

  /**
   * Makes the plans.
   *
   * @param whole gradients of its operands
   * @throws MemoryLimitException naming the smallest limit that would do
   */
  GradientsApart(Contraction whole, long limit) {
    long[][] shapes = whole.shapes();
    int operands = shapes.length;
    this.equation = whole.equation().toString();
    this.limit = limit;
    this.bytes = new long[operands];
    Arrays.setAll(bytes, i -> Views.bytes(shapes[i], whole.types().operand(i).bytes()));
    // The largest ones last: what is there already stays small for as long as possible.
    order =
        IntStream.range(0, operands)
            .boxed()
            .sorted(Comparator.comparingLong(i -> bytes[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    plans = new Contraction[operands];
    double taken = 0;
    double least = 0;
    boolean fits = true;
    for (int i : order) {
      try {
        plans[i] = whole.gradient(i, (long) Math.max(0, limit - taken));
        least = Math.max(least, taken + plans[i].leastPeakBytes());
      } catch (MemoryLimitException e) {
        fits = false;
        least = Math.max(least, taken + e.neededBytes());
      }
      taken += bytes[i];
    }
    if (!fits || taken > limit) {
      throw refused((long) Math.max(least, taken));
    }
  }

  private MemoryLimitException refused(long needed) {
    return new MemoryLimitException(
        "gradients of \""
            + Equation.abbreviated(equation)
            + "\": they do not fit a memory limit of "
            + limit
            + " bytes; "
            + needed
            + " would do (the gradients, intermediates and workspaces together)",
        needed);
  }

  /**
   * Gradients of the operands, for a checked upstream gradient.
   *
   * @throws MemoryLimitException if operands of these strides need more, of all gradients together
   */
  Strided[] run(Strided upstream, Strided[] given) {
    Strided[] gradients = new Strided[plans.length];
    boolean done = false;
    long taken = 0;
    try {
      for (int i : order) {
        Strided[] own = new Strided[given.length];
        own[0] = upstream;
        System.arraycopy(given, 0, own, 1, i);
        System.arraycopy(given, i + 1, own, i + 1, given.length - 1 - i);
        gradients[i] = plans[i].run(own);
        taken += bytes[i];
      }
      done = true;
    } catch (MemoryLimitException e) {
      // A gradient's own limit is what the others leave.
      throw refused((long) ((double) taken + e.neededBytes()));
    } finally {
      for (int i = 0; !done && i < gradients.length; i++) {
        if (gradients[i] != null) {
          gradients[i].close();
        }
      }
    }
    return gradients;
  }

  @Override
  public String toString() {
    return "GradientsApart(" + Arrays.toString(order) + ")";
  }
}
