// Random numbers that do not depend on the chunks.
package io.github.einblas.spark.internal.data;

import io.github.einblas.DType;
import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.BlockSource;
import io.github.einblas.spark.Chunks;
import io.github.einblas.spark.TensorBlock;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * SplitMix64 of seed and index (Steele, Lea, Flood, "Fast splittable pseudorandom number
 * generators", OOPSLA 2014): uniform from -1 to 1, F32 or F64.
 *
 * @param dtype F32 or F64
 * @param chunks of the tensor
 * @param seed of the numbers
 */
public record RandomSource(DType dtype, Chunks chunks, long seed) implements BlockSource {
  private static final long serialVersionUID = 1;
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  /** Refuses types without fractions. */
  public RandomSource {
    if (dtype != DType.F32 && dtype != DType.F64) {
      throw new IllegalArgumentException("random numbers are F32 or F64, not " + dtype);
    }
  }

  @Override
  public TensorBlock read(BlockIndex block) {
    long[] shape = chunks.shape(block);
    long[] from = chunks.from(block);
    long size = 1;
    for (long length : shape) {
      size *= length;
    }
    byte[] bytes = new byte[Math.toIntExact(size * dtype.bytes())];
    ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    if (size > 0) {
      fill(out, shape, from);
    }
    return TensorBlock.of(dtype, shape, bytes);
  }

  /** Row by row; a row lies in one piece in the whole tensor too. */
  private void fill(ByteBuffer out, long[] shape, long[] from) {
    int rank = shape.length;
    long row = rank == 0 ? 1 : shape[rank - 1];
    long[] at = new long[rank];
    while (out.hasRemaining()) {
      long index = 0;
      for (int d = 0; d < rank; d++) {
        index = index * chunks.length(d) + from[d] + at[d];
      }
      for (long i = 0; i < row; i++) {
        double value = uniform(index + i);
        if (dtype == DType.F32) {
          out.putFloat((float) value);
        } else {
          out.putDouble(value);
        }
      }
      for (int d = rank - 2; d >= 0; d--) {
        if (++at[d] < shape[d]) {
          break;
        }
        at[d] = 0;
      }
    }
  }

  private double uniform(long index) {
    long z = seed + (index + 1) * GOLDEN;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    z ^= z >>> 31;
    return (z >> 11) * 0x1p-52; // 53 bits with the sign
  }
}
