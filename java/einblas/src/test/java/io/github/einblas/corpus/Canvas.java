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
    bits = new long[size];
    Arrays.setAll(bits, i -> pattern(random, dtype));
    if (readable) {
      for (int place : at) {
        double value = random.nextInt(17) - 8;
        bits[place] =
            dtype == DType.F64
                ? Double.doubleToRawLongBits(value)
                : Float.floatToRawIntBits((float) value);
      }
    }
    buffer = dtype == DType.F64 ? Tensor.of(doubles()) : Tensor.of(floats());
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
    return dtype == DType.F64 ? PATTERNS[p] : NARROW[p];
  }

  private double[] doubles() {
    return Arrays.stream(bits).mapToDouble(Double::longBitsToDouble).toArray();
  }

  private float[] floats() {
    float[] f = new float[bits.length];
    for (int i = 0; i < f.length; i++) {
      f[i] = Float.intBitsToFloat((int) bits[i]);
    }
    return f;
  }

  /** What the view held at first, in row-major order. */
  double[] before() {
    double[] v = new double[at.length];
    Arrays.setAll(
        v,
        i ->
            view.dtype() == DType.F64
                ? Double.longBitsToDouble(bits[at[i]])
                : Float.intBitsToFloat((int) bits[at[i]]));
    return v;
  }

  /** The bits of a contiguous tensor, one long for each element. */
  static long[] bits(Tensor t) {
    if (t.dtype() == DType.F64) {
      return Arrays.stream(t.toDoubleArray()).mapToLong(Double::doubleToRawLongBits).toArray();
    }
    float[] f = t.toFloatArray();
    long[] b = new long[f.length];
    Arrays.setAll(b, i -> Float.floatToRawIntBits(f[i]));
    return b;
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
      now[place] = bits[place];
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
