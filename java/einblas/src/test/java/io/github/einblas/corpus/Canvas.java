// Test support: an output of random strides inside a buffer of random bits.
package io.github.einblas.corpus;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.LongStream;

/** A view with gaps, steps and signs of its own; nothing else in its buffer may change. */
final class Canvas implements AutoCloseable {
  private static final long[] PATTERNS = {
    0x7ff8000000000000L, 0xfff8dead0000beefL, 0x7fffffffffffffffL, 0x7ff0000000000000L,
    0xfff0000000000000L, 0x7fefffffffffffffL, 0x0000000000000001L, 0x8000000000000000L
  };
  private static final int[] NARROW = {
    0x7fc00000, 0xffc0dead, 0x7fffffff, 0x7f800000, 0xff800000, 0x7f7fffff, 1, 0x80000000
  };

  final Tensor view;
  private final Tensor buffer;
  private final int[] at;

  /** Numbers of an element: 2 of a complex one. */
  private final int parts;

  private final long[] bits;

  /**
   * An output for a case.
   *
   * @param readable small numbers, to be scaled by beta; else NaN of any payload, infinities and
   *     other patterns, which must not be read
   */
  Canvas(Random random, DType dtype, long[] shape, boolean readable) {
    int rank = shape.length;
    int[] order = new int[rank];
    for (int i = 0; i < rank; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    long[] strides = new long[rank];
    long stride = random.nextInt(1, 4);
    long offset = random.nextInt(5);
    for (int d : order) {
      boolean back = random.nextBoolean() && shape[d] > 0;
      strides[d] = back ? -stride : stride;
      offset += back ? (shape[d] - 1) * stride : 0;
      stride = stride * Math.max(1, shape[d]) + random.nextInt(3);
    }
    at = places(shape, strides, offset);
    int size = Math.max(0, Arrays.stream(at).max().orElse((int) offset)) + 1 + random.nextInt(5);
    parts = dtype.isComplex() ? 2 : 1;
    bits = new long[size * parts];
    Arrays.setAll(bits, i -> pattern(random, dtype));
    if (readable) {
      for (int place : at) {
        for (int p = 0; p < parts; p++) {
          bits[place * parts + p] = bits(dtype, random.nextInt(17) - 8);
        }
      }
    }
    buffer = tensor(dtype, Arrays.stream(bits).mapToDouble(b -> value(dtype, b)).toArray());
    view = buffer.asStrided(offset, shape, strides);
  }

  private static int[] places(long[] shape, long[] strides, long offset) {
    int[] at = new int[(int) Arrays.stream(shape).reduce(1, (x, y) -> x * y)];
    for (int i = 0; i < at.length; i++) {
      long place = offset;
      long rest = i;
      for (int d = shape.length - 1; d >= 0; d--) {
        place += rest % shape[d] * strides[d];
        rest /= shape[d];
      }
      at[i] = (int) place;
    }
    return at;
  }

  private static long pattern(Random random, DType dtype) {
    int p = random.nextInt(PATTERNS.length);
    return switch (dtype) {
      case F64 -> PATTERNS[p];
      case F32 -> NARROW[p];
      default -> bits(dtype, dtype.isInteger() ? p * 13 - 50 : p % 2 == 0 ? Double.NaN : p / 0.0);
    };
  }

  /** Bits by which elements are compared: F32's and F64's own, those of other types widened. */
  private static long bits(DType dtype, double value) {
    return dtype == DType.F32
        ? Float.floatToRawIntBits((float) value)
        : Double.doubleToLongBits(value + 0.0);
  }

  private static double value(DType dtype, long bits) {
    return dtype == DType.F32 ? Float.intBitsToFloat((int) bits) : Double.longBitsToDouble(bits);
  }

  /** A tensor of rank 1 of these elements; of complex ones the parts. */
  static Tensor tensor(DType type, double[] values) {
    if (type == DType.F32) {
      float[] f = new float[values.length];
      for (int i = 0; i < f.length; i++) {
        f[i] = (float) values[i];
      }
      return Tensor.of(f);
    }
    if (type == DType.F64) {
      return Tensor.of(values);
    }
    if (type.isInteger()) {
      try (Tensor wide = Tensor.of(Arrays.stream(values).mapToLong(v -> (long) v).toArray())) {
        return wide.to(type);
      }
    }
    try (Tensor wide = type.isComplex() ? Tensor.ofComplex(values) : Tensor.of(values)) {
      return wide.to(type);
    }
  }

  /** What the view held at first, in row-major order. */
  double[] before() {
    double[] v = new double[at.length * parts];
    Arrays.setAll(v, i -> value(view.dtype(), bits[at[i / parts] * parts + i % parts]));
    return v;
  }

  /** The bits of a contiguous tensor, one long for each element or part of it. */
  static long[] bits(Tensor t) {
    if (t.dtype() == DType.F64) {
      return Arrays.stream(t.toDoubleArray()).mapToLong(Double::doubleToRawLongBits).toArray();
    }
    if (t.dtype() == DType.F32) {
      float[] f = t.toFloatArray();
      long[] b = new long[f.length];
      Arrays.setAll(b, i -> Float.floatToRawIntBits(f[i]));
      return b;
    }
    return Arrays.stream(CorpusCase.values(t)).mapToLong(v -> bits(t.dtype(), v)).toArray();
  }

  /** Places of the buffer that the view has not, for the test of this class. */
  long[] gaps() {
    boolean[] inside = new boolean[bits.length];
    for (int place : at) {
      inside[place] = true;
    }
    return LongStream.range(0, bits.length).filter(i -> !inside[(int) i]).toArray();
  }

  /** One element of the buffer. */
  Tensor element(long place) {
    return buffer.slice(0, place, place + 1);
  }

  /** Fails if an element outside the view has other bits than at first. */
  void verifyOutside(String what) {
    long[] now = bits(buffer);
    for (int place : at) {
      System.arraycopy(bits, place * parts, now, place * parts, parts);
    }
    assertArrayEquals(bits, now, () -> what + ": an element outside the output was written");
  }

  /** Fails if any element has other bits than at first. */
  void verifyUntouched(String what) {
    assertArrayEquals(bits, bits(buffer), () -> what + ": refused, but the output was written");
    assertEquals(false, view.isClosed(), what);
  }

  @Override
  public void close() {
    buffer.close();
  }
}
