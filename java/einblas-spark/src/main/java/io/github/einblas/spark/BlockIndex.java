// Public API: which block of a tensor.
package io.github.einblas.spark;

import java.io.Serializable;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The place of a block: the number of its chunk along each axis. Ordered row by row. */
public final class BlockIndex implements Comparable<BlockIndex>, Serializable {
  private static final long serialVersionUID = 1;

  private final int[] at;

  private BlockIndex(int[] at) {
    this.at = at;
  }

  /**
   * The block at these chunks.
   *
   * @param at one number for each axis, from 0; none for a scalar
   * @throws IllegalArgumentException if one is negative
   */
  public static BlockIndex of(int... at) {
    for (int i : at) {
      if (i < 0) {
        throw new IllegalArgumentException("numbers of chunks begin at 0: " + Arrays.toString(at));
      }
    }
    return new BlockIndex(at.clone());
  }

  /** Number of axes. */
  public int rank() {
    return at.length;
  }

  /**
   * The number of the chunk along an axis.
   *
   * @throws IndexOutOfBoundsException if there is no such axis
   */
  public int get(int axis) {
    return at[axis];
  }

  /** All numbers. */
  public int[] toArray() {
    return at.clone();
  }

  @Override
  public int compareTo(BlockIndex other) {
    return Arrays.compare(at, other.at);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof BlockIndex b && Arrays.equals(at, b.at);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(at);
  }

  /** Such as {@code 0.3.1}, as Zarr names its chunks; {@code 0} for a scalar. */
  @Override
  public String toString() {
    return at.length == 0
        ? "0"
        : Arrays.stream(at).mapToObj(Integer::toString).collect(Collectors.joining("."));
  }
}
