// Storage: an array that was opened on the driver.
package io.github.einblas.spark.internal.storage;

import io.github.einblas.DType;
import io.github.einblas.spark.BlockSource;
import io.github.einblas.spark.Chunks;
import io.github.einblas.spark.TensorBlock;
import java.util.Arrays;
import java.util.Locale;

/**
 * What the driver knows of an array, and what executors read its blocks with.
 *
 * @param source travels to executors
 */
public record Stored(DType dtype, Chunks chunks, BlockSource source) {
  /** The most axes of an array, as blocks travel. */
  static final int MOST_AXES = 64;

  /**
   * Cuts a shape into blocks that can be held.
   *
   * @throws IllegalArgumentException if there are too many axes or chunks, or a chunk is too large
   */
  static Chunks cut(DType dtype, long[] shape, long... chunk) {
    if (shape.length > MOST_AXES) {
      throw new IllegalArgumentException(
          "the array has " + shape.length + " axes; at most " + MOST_AXES);
    }
    Chunks chunks;
    try {
      chunks = Chunks.of(shape, chunk);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "the shape "
              + Arrays.toString(shape)
              + " has more than 2^63 chunks "
              + Arrays.toString(chunk),
          e);
    }
    requireSize(dtype, chunks.chunk());
    return chunks;
  }

  /** The bytes of a chunk, which must fit into a Java array. */
  static int requireSize(DType dtype, long[] chunk) {
    double bytes = dtype.bytes();
    for (long length : chunk) {
      bytes *= length;
    }
    if (!(bytes >= 0 && bytes <= TensorBlock.MOST_BYTES)) {
      throw new IllegalArgumentException(
          "chunks "
              + Arrays.toString(chunk)
              + " of "
              + dtype
              + " have "
              + String.format(Locale.ROOT, "%.3g", bytes)
              + " bytes; at most "
              + TensorBlock.MOST_BYTES
              + ", and 8 to 128 MB serve best: use smaller chunks");
    }
    return (int) bytes;
  }
}
