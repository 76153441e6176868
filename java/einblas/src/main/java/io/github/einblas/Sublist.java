// Public API: an operand with numbers in place of letters.
package io.github.einblas;

import io.github.einblas.internal.equation.Equation;
import java.util.Arrays;
import java.util.Objects;

/**
 * An operand and the label of each of its axes as numbers, for {@link Einsum#einsum(int[],
 * Sublist...)}.
 *
 * <pre>{@code
 * Tensor y = Einsum.einsum(new int[] {0, 2}, Sublist.of(x, 0, 1), Sublist.of(x, 1, 2));
 * Tensor t = Einsum.einsum(new int[] {1, 0}, Sublist.of(x, 0, 1)); // transposed
 * }</pre>
 */
public final class Sublist {
  /** Stands for the axes that are not named, as {@code ...} does. */
  public static final int ELLIPSIS = Equation.ELLIPSIS;

  private final Tensor tensor;
  private final int[] labels;

  private Sublist(Tensor tensor, int[] labels) {
    this.tensor = tensor;
    this.labels = labels;
  }

  /**
   * {@return an operand with its labels}
   *
   * @param tensor the operand
   * @param labels one number from 0 for each axis; {@link #ELLIPSIS} stands for any number of axes
   */
  public static Sublist of(Tensor tensor, int... labels) {
    Objects.requireNonNull(tensor, "tensor");
    return new Sublist(tensor, Objects.requireNonNull(labels, "labels").clone());
  }

  /** {@return the operand} */
  public Tensor tensor() {
    return tensor;
  }

  /** {@return the labels of its axes} */
  public int[] labels() {
    return labels.clone();
  }

  @Override
  public String toString() {
    return "Sublist(" + tensor.strided().describe() + ", " + Arrays.toString(labels) + ")";
  }
}
