// Command line: reproducible random elements, each a function of the seed and its place in C order.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Tensor;

/**
 * Uniform numbers in [-1, 1). Element i is number i of a SplitMix64 sequence, so that a check can
 * have any element without keeping the data or trusting a file.
 */
final class RandomData {
  private static final long GAMMA = 0x9E3779B97F4A7C15L;
  private static final int CHUNK = 1 << 16;

  private final DType dtype;
  private final double zeros;
  private final long start;

  RandomData(DType dtype, long seed) {
    this(dtype, seed, 0);
  }

  /** zeros: share of the elements that are 0, chosen by other bits of the sequence. */
  RandomData(DType dtype, long seed, double zeros) {
    this.dtype = dtype;
    this.zeros = zeros;
    // Mixed, because the sequences of raw neighbouring seeds would be one sequence shifted.
    this.start = mix(seed + GAMMA);
  }

  /** Element {@code index}: 24 random bits for F32 and 53 for F64, so exact in its type. */
  double element(long index) {
    long bits = mix(start + (index + 1) * GAMMA);
    if (zeros > 0 && (mix(bits) >>> 11) * 0x1p-53 < zeros) {
      return 0;
    }
    return switch (dtype) {
      case F32 -> (bits >>> 40) * 0x1p-23 - 1;
      case F64 -> (bits >>> 11) * 0x1p-52 - 1;
      case I32, I64, BF16, F16, I8, U8, I16, BOOL, C64, C128 -> throw new AssertionError(dtype);
    };
  }

  /** A new tensor of these elements in C order. */
  Tensor tensor(long... shape) {
    Tensor tensor = Tensor.empty(dtype, shape);
    try (Tensor flat = tensor.reshape(tensor.size())) {
      for (long first = 0; first < flat.size(); first += CHUNK) {
        int count = (int) Math.min(CHUNK, flat.size() - first);
        try (Tensor target = flat.slice(0, first, first + count);
            Tensor chunk = chunk(first, count)) {
          target.copyFrom(chunk);
        }
      }
    } catch (RuntimeException | Error e) {
      tensor.close();
      throw e;
    }
    return tensor;
  }

  private Tensor chunk(long first, int count) {
    return switch (dtype) {
      case F32 -> {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
          values[i] = (float) element(first + i);
        }
        yield Tensor.of(values);
      }
      case F64 -> {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
          values[i] = element(first + i);
        }
        yield Tensor.of(values);
      }
      case I32, I64, BF16, F16, I8, U8, I16, BOOL, C64, C128 -> throw new AssertionError(dtype);
    };
  }

  private static long mix(long value) {
    long z = value;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
