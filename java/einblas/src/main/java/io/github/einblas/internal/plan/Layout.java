// Plans: how the operands of a run lie.
package io.github.einblas.internal.plan;

import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;

/**
 * Strides of a run's operands, which of them are conjugate views, and for each the first that is
 * the same tensor, or null where all differ. Arrays are never changed.
 */
record Layout(long[][] strides, boolean[] conjugated, int[] same) {

  /** That of some operands. */
  static Layout of(Strided[] operands) {
    long[][] strides = new long[operands.length][];
    boolean[] conjugated = new boolean[operands.length];
    for (int i = 0; i < strides.length; i++) {
      strides[i] = operands[i].strides();
      conjugated[i] = operands[i].isConjugate();
    }
    return new Layout(strides, conjugated, Reuse.same(operands));
  }

  /** Of different operands that are no conjugate views. */
  static Layout of(long[][] strides) {
    return new Layout(strides, new boolean[strides.length], null);
  }

  /** Row-major operands. */
  static Layout contiguous(long[][] shapes) {
    return of(Arrays.stream(shapes).map(Views::contiguous).toArray(long[][]::new));
  }

  /** The same for operands of which some are the same tensor. */
  Layout with(int[] others) {
    return new Layout(strides, conjugated, others);
  }

  /** Whether one of them is true. */
  static boolean some(boolean[] flags) {
    for (boolean flag : flags) {
      if (flag) {
        return true;
      }
    }
    return false;
  }

  /** Whether operand i lies so. */
  boolean fits(int i, Strided operand) {
    return Views.same(strides[i], operand.strides()) && conjugated[i] == operand.isConjugate();
  }

  /** Whether all operands lie so, of which some are the same tensor. */
  boolean fits(Strided[] operands, int[] others) {
    if (!Arrays.equals(same, others)) {
      return false;
    }
    for (int i = 0; i < operands.length; i++) {
      if (!fits(i, operands[i])) {
        return false;
      }
    }
    return true;
  }

  /** Whether both are the same. */
  boolean isSame(Layout other) {
    for (int i = 0; i < strides.length; i++) {
      if (!Views.same(strides[i], other.strides[i])) {
        return false;
      }
    }
    return Arrays.equals(conjugated, other.conjugated) && Arrays.equals(same, other.same);
  }

  /**
   * Which operands steps conjugate.
   *
   * @param also those that the contraction conjugates, or null
   */
  boolean[] conjugatedWith(boolean[] also) {
    if (also == null) {
      return conjugated;
    }
    boolean[] both = conjugated.clone();
    for (int i = 0; i < both.length; i++) {
      both[i] ^= also[i];
    }
    return both;
  }
}
