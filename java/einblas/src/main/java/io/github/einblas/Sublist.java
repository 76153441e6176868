// Public API: an operand with numbers in place of letters.
package io.github.einblas;

import java.util.Objects;

/**
 * An operand and the label of each of its axes as numbers, for {@link Einsum#einsum(int[],
 * Sublist...)}.
 *
 * @param tensor the operand
 * @param labels one number from 0 for each axis; {@link #ELLIPSIS} stands for any number of axes
 */
public record Sublist(Tensor tensor, int[] labels) {
  /** Stands for the axes that are not named, as {@code ...} does. */
  public static final int ELLIPSIS = Integer.MIN_VALUE;

  /** Checks for null. */
  public Sublist {
    Objects.requireNonNull(tensor, "tensor");
    labels = Objects.requireNonNull(labels, "labels").clone();
  }

  /** An operand with its labels. */
  public static Sublist of(Tensor tensor, int... labels) {
    return new Sublist(tensor, labels);
  }
}
