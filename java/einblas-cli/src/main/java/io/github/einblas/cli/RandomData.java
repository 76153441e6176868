// Command line: reproducible random elements, each a function of the seed and its place in C order.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Tensor;

/**
 * Uniform numbers in [-1, 1), or bytes. Element i is number i of a SplitMix64 sequence, so that a
 * check can have any element without keeping the data or trusting a file.
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

  /**
   * Element {@code index}: 24 random bits for F32 and 53 for F64, so exact in its type; BF16 has
   * them rounded, F16 is yet to be rounded, I8 has 8 bits. A complex element has two of them,
   * numbered in turn.
   */
  double element(long index) {
    long bits = mix(start + (index + 1) * GAMMA);
    if (zeros > 0 && (mix(bits) >>> 11) * 0x1p-53 < zeros) {
      return 0;
    }
    return switch (dtype) {
      case F32, F16, C64 -> (bits >>> 40) * 0x1p-23 - 1;
      case BF16 -> bf16((float) ((bits >>> 40) * 0x1p-23 - 1));
      case F64, C128 -> (bits >>> 11) * 0x1p-52 - 1;
      case I8 -> bits >> 56;
      case I32, I64, U8, I16, BOOL -> throw new AssertionError(dtype);
    };
  }

  /** To nearest even. */
  private static float bf16(float x) {
    int bits = Float.floatToRawIntBits(x);
    return Float.intBitsToFloat(bits + 0x7fff + (bits >>> 16 & 1) & 0xffff0000);
  }

  /** Whether an element has two numbers. */
  boolean isComplex() {
    return dtype.isComplex();
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
      case F32 -> Tensor.of(floats(first, count));
      case F64 -> Tensor.of(doubles(first, count));
      case BF16, F16 -> {
        try (Tensor wide = Tensor.of(floats(first, count))) {
          yield wide.to(dtype);
        }
      }
      case C64 -> Tensor.ofComplex(floats(2 * first, 2 * count));
      case C128 -> Tensor.ofComplex(doubles(2 * first, 2 * count));
      case I8 -> {
        try (Tensor wide = Tensor.of(floats(first, count))) {
          yield wide.to(dtype);
        }
      }
      case I32, I64, U8, I16, BOOL -> throw new AssertionError(dtype);
    };
  }

  private float[] floats(long first, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) element(first + i);
    }
    return values;
  }

  private double[] doubles(long first, int count) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = element(first + i);
    }
    return values;
  }

  private static long mix(long value) {
    long z = value;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
