// Block-sparse: an index matrix copied from an array or a tensor of integers, and its checks.
package io.github.einblas.internal.sparse;

import io.github.einblas.internal.tensor.Strided;
import java.lang.reflect.Array;
import java.util.Objects;

/**
 * Which block each window place of each example uses, (batch, window) in C order. The values are
 * the library's own copy: what another thread writes to the source later is not seen.
 */
public record BlockIndex(String name, long[] values, int batch, int window) {

  /** Copies an array. */
  public static BlockIndex of(String name, long[][] rows) {
    long[][] own = Objects.requireNonNull(rows, name).clone();
    int window = window(name, own);
    long[] flat = new long[window * own.length];
    for (int b = 0; b < own.length; b++) {
      System.arraycopy(own[b], 0, flat, b * window, window);
    }
    return new BlockIndex(name, flat, own.length, window);
  }

  /** Copies an array. */
  public static BlockIndex of(String name, int[][] rows) {
    int[][] own = Objects.requireNonNull(rows, name).clone();
    int window = window(name, own);
    long[] flat = new long[window * own.length];
    for (int b = 0; b < own.length; b++) {
      for (int i = 0; i < window; i++) {
        flat[b * window + i] = own[b][i];
      }
    }
    return new BlockIndex(name, flat, own.length, window);
  }

  /** Copies a tensor of I32 or I64; one of rank 1 is a batch of one. */
  public static BlockIndex of(String name, Strided index) {
    if (!index.holdsIndices() || index.rank() < 1 || index.rank() > 2) {
      throw new IllegalArgumentException(
          name
              + " must be a tensor of integers (I32 or I64), of rank 2 or (one example) 1, got "
              + index.describe());
    }
    boolean one = index.rank() == 1;
    long batch = one ? 1 : index.length(0);
    long window = index.length(-1);
    requireFew(name, batch, window);
    return new BlockIndex(name, Indices.of(index), (int) batch, (int) window);
  }

  /** The length that all rows have. */
  private static int window(String name, Object[] rows) {
    int window = 0;
    for (int b = 0; b < rows.length; b++) {
      int length = Array.getLength(present(name, rows[b], b));
      if (b > 0 && length != window) {
        throw new IllegalArgumentException(
            name + "[" + b + "] has " + length + " indices, " + name + "[0] has " + window);
      }
      window = length;
    }
    requireFew(name, rows.length, window);
    return window;
  }

  private static Object present(String name, Object row, int b) {
    if (row == null) {
      throw new NullPointerException(name + "[" + b + "] is null");
    }
    return row;
  }

  private static void requireFew(String name, long batch, long window) {
    if (batch > Integer.MAX_VALUE
        || window > Integer.MAX_VALUE
        || batch * window > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          name + ": more than 2^31 - 9 indices: " + batch + " times " + window);
    }
  }

  /**
   * Refuses indices outside [0, blocks).
   *
   * @throws IndexOutOfBoundsException naming the first one, its position and value
   */
  BlockIndex within(long blocks) {
    if (blocks < 0 || blocks > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          name + ": blocks must be from 0 to 2^31 - 1, got " + blocks);
    }
    Indices.requireWithin(
        values, blocks, i -> name + "[" + i / window + "][" + i % window + "]", "blocks");
    return this;
  }
}
