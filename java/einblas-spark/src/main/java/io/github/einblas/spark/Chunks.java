// Public API: how a tensor is cut into blocks.
package io.github.einblas.spark;

import io.github.einblas.DType;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Comparator;

/**
 * A shape, and the length of a chunk along each axis, as Zarr cuts arrays: chunk c of an axis of
 * length n takes the indices from c * length to the least of n and (c + 1) * length.
 *
 * <pre>{@code
 * Chunks.of(new long[] {10000, 300}, 4096, 4096)   // 3 x 1 blocks: 4096, 4096 and 1808 rows
 * }</pre>
 */
public final class Chunks implements Serializable {
  private static final long serialVersionUID = 1;

  private final long[] shape;
  private final long[] chunk;

  private Chunks(long[] shape, long[] chunk) {
    this.shape = shape;
    this.chunk = chunk;
  }

  /**
   * Cuts a shape.
   *
   * @param chunk the length along each axis; one beyond the axis is cut to it
   * @throws IllegalArgumentException if their number is not that of the axes, a length is not
   *     positive, or an axis would have 2^31 chunks or more
   */
  public static Chunks of(long[] shape, long... chunk) {
    if (shape.length != chunk.length) {
      throw new IllegalArgumentException(
          "chunks "
              + Arrays.toString(chunk)
              + " need one length for each axis of the shape "
              + Arrays.toString(shape));
    }
    long[] own = chunk.clone();
    for (int d = 0; d < shape.length; d++) {
      if (shape[d] < 0 || chunk[d] < 1) {
        throw new IllegalArgumentException(
            "axis "
                + d
                + " of length "
                + shape[d]
                + " cannot be cut into chunks of "
                + chunk[d]
                + ": chunks have at least one index");
      }
      own[d] = Math.max(1, Math.min(chunk[d], shape[d]));
      long pieces = pieces(shape[d], own[d]);
      if (pieces > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "axis "
                + d
                + " of length "
                + shape[d]
                + " would have "
                + pieces
                + " chunks of "
                + chunk[d]
                + "; at most 2147483647");
      }
    }
    Chunks chunks = new Chunks(shape.clone(), own);
    chunks.blocks();
    return chunks;
  }

  /** Chunks of about equal edges that make blocks of about 32 MB. */
  public static Chunks near(DType dtype, long... shape) {
    long[] chunk = new long[shape.length];
    double left = (32 << 20) / (double) dtype.bytes();
    Integer[] byLength = new Integer[shape.length];
    Arrays.setAll(byLength, d -> d);
    Arrays.sort(byLength, Comparator.comparingLong(d -> shape[d]));
    for (int i = 0; i < byLength.length; i++) { // short axes stay whole and leave more to others
      int d = byLength[i];
      double edge = Math.pow(left, 1.0 / (byLength.length - i));
      chunk[d] = (long) Math.max(1, Math.min((double) shape[d], edge));
      left /= chunk[d];
    }
    return of(shape, chunk);
  }

  private static long pieces(long length, long chunk) {
    return Math.max(1, (length + chunk - 1) / chunk);
  }

  /** The shape of the whole. */
  public long[] shape() {
    return shape.clone();
  }

  /** The length of a chunk along each axis, none longer than its axis (1 where that is 0). */
  public long[] chunk() {
    return chunk.clone();
  }

  /** Number of axes. */
  public int rank() {
    return shape.length;
  }

  /** The length of an axis. */
  public long length(int axis) {
    return shape[axis];
  }

  /** The length of a chunk along an axis. */
  public long chunk(int axis) {
    return chunk[axis];
  }

  /** Number of chunks along an axis, at least 1. */
  public int pieces(int axis) {
    return (int) pieces(shape[axis], chunk[axis]);
  }

  /** Number of blocks, at least 1. */
  public long blocks() {
    long blocks = 1;
    for (int d = 0; d < shape.length; d++) {
      blocks = Math.multiplyExact(blocks, pieces(shape[d], chunk[d]));
    }
    return blocks;
  }

  /** Number of elements. */
  public double size() {
    double size = 1;
    for (long length : shape) {
      size *= length;
    }
    return size;
  }

  /** The block of a number, counted row by row. */
  public BlockIndex block(long number) {
    int[] at = new int[shape.length];
    long rest = number;
    for (int d = shape.length - 1; d >= 0; d--) {
      at[d] = (int) (rest % pieces(d));
      rest /= pieces(d);
    }
    if (number < 0 || rest != 0) {
      throw new IndexOutOfBoundsException("block " + number + " of " + blocks());
    }
    return BlockIndex.of(at);
  }

  /** The number of a block, counted row by row. */
  public long number(BlockIndex block) {
    check(block);
    long number = 0;
    for (int d = 0; d < shape.length; d++) {
      number = number * pieces(d) + block.get(d);
    }
    return number;
  }

  /** The first index of a block along each axis. */
  public long[] from(BlockIndex block) {
    check(block);
    long[] from = new long[shape.length];
    for (int d = 0; d < from.length; d++) {
      from[d] = block.get(d) * chunk[d];
    }
    return from;
  }

  /** The shape of a block. */
  public long[] shape(BlockIndex block) {
    long[] own = from(block);
    for (int d = 0; d < own.length; d++) {
      own[d] = Math.min(chunk[d], shape[d] - own[d]);
    }
    return own;
  }

  private void check(BlockIndex block) {
    boolean inside = block.rank() == shape.length;
    for (int d = 0; inside && d < shape.length; d++) {
      inside = block.get(d) < pieces(d);
    }
    if (!inside) {
      throw new IndexOutOfBoundsException("block " + block + " of " + this);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Chunks c
        && Arrays.equals(shape, c.shape)
        && Arrays.equals(chunk, c.chunk);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(shape) + Arrays.hashCode(chunk);
  }

  @Override
  public String toString() {
    return Arrays.toString(shape) + " in chunks of " + Arrays.toString(chunk);
  }
}
