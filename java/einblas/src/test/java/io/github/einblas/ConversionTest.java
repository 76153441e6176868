// Conversions: every type to every other against a slow model, with all that rounds and clips.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ConversionTest {
  private static final long SEED = 17;

  /** Ends of ranges, ties, numbers beside ties, and where rounding twice goes wrong. */
  private static final double[] REALS = {
    0,
    -0.0,
    1,
    -1,
    0.5,
    1.5,
    2.5,
    -2.5,
    1 / 3.0,
    0.999999,
    126.5,
    127,
    127.9,
    128,
    -128,
    -128.9,
    -129,
    255,
    255.9,
    256,
    257,
    32767.5,
    -32769,
    65504,
    65519,
    65519.999,
    65520,
    -65520,
    65536,
    1e30,
    -1e30,
    0x1.fep127,
    0x1.fefffffffp127,
    0x1.ffp127,
    Float.MAX_VALUE,
    1e39,
    -1e300,
    0x1p31,
    0x1p63,
    -0x1p63,
    Double.MIN_VALUE,
    -Double.MIN_VALUE,
    0x1p-149,
    0x1p-150,
    0x1p-133,
    0x1p-134,
    0x1.000001p-134,
    -0x1.8p-133,
    0x1p-126,
    0x1p-24,
    0x1p-25,
    0x1.00000001p-25,
    -0x1.8p-24,
    0x1p-14,
    0x1.ffcp-15,
    0x1.ffep-15,
    1 + 0x1p-8,
    1 + 0x3p-8,
    1 + 0x1p-8 + 0x1p-40,
    1 + 0x1p-11,
    1 + 0x3p-11,
    1 + 0x1p-11 + 0x1p-40,
    -1 - 0x1p-11 - 0x1p-40,
    Double.NaN,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY
  };

  private static final long[] INTEGERS = {
    0,
    1,
    -1,
    7,
    127,
    128,
    -128,
    -129,
    255,
    256,
    257,
    2049,
    -2051,
    32767,
    32768,
    -32768,
    -32769,
    65519,
    65520,
    Integer.MAX_VALUE,
    1L << 31,
    Integer.MIN_VALUE,
    (1L << 53) + 1,
    (1L << 60) + (1L << 52),
    (1L << 60) + (1L << 52) + 1,
    -(1L << 60) - (1L << 52) - 1,
    (1L << 60) + (3L << 52),
    (1L << 62) + (1L << 38),
    (1L << 62) + (1L << 38) + 1,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };

  /** Elements of a type, as bytes. */
  private static ByteBuffer samples(DType type) {
    SplittableRandom random = new SplittableRandom(SEED);
    double[] reals =
        DoubleStream.concat(
                Arrays.stream(REALS), random.longs(500).mapToDouble(Double::longBitsToDouble))
            .toArray();
    long[] integers =
        LongStream.concat(Arrays.stream(INTEGERS), random.longs(200).map(l -> l >> (l & 63)))
            .toArray();
    switch (type) {
      case F32, F64, C64, C128 -> {
        ByteBuffer b = ElementModel.bytes(type, reals.length);
        for (int i = 0; i < reals.length; i++) {
          for (int part = 0; part < (type.isComplex() ? 2 : 1); part++) {
            double v = reals[(i + 3 * part) % reals.length];
            ElementModel.put(b, type.partType(), v);
          }
        }
        return b.flip();
      }
      case BF16, F16 -> {
        int[] bits =
            IntStream.range(0, 1 << 16).filter(i -> i % 37 == 0 || i % 0x400 < 2).toArray();
        ByteBuffer b = ElementModel.bytes(type, bits.length);
        Arrays.stream(bits).forEach(i -> b.putShort((short) i));
        return b.flip();
      }
      case BOOL -> {
        return ElementModel.bytes(type, 4).put(new byte[] {0, 1, 0, 1}).flip();
      }
      case I8, U8, I16, I32, I64 -> {
        long[] held =
            Arrays.stream(integers)
                .filter(v -> ElementModel.put(ElementModel.bytes(type, 1), type, v))
                .toArray();
        ByteBuffer b = ElementModel.bytes(type, held.length);
        Arrays.stream(held).forEach(v -> ElementModel.put(b, type, v));
        return b.flip();
      }
    }
    throw new AssertionError(type);
  }

  @ParameterizedTest
  @EnumSource
  void everyTypeToEveryOther(DType from) {
    ByteBuffer bytes = samples(from);
    try (Tensor source = Tensor.of(from, bytes)) {
      for (DType to : DType.values()) {
        if (from.isComplex() && !to.isComplex() && !to.isBool()) {
          String text =
              assertThrows(IllegalArgumentException.class, () -> source.to(to)).getMessage();
          assertTrue(text.contains(to.name()) && text.contains("real()"), text);
          continue;
        }
        int n = (int) source.size();
        ByteBuffer expected = ElementModel.bytes(to, n);
        int wrong = from == to ? -1 : model(bytes, from, expected, to, n);
        if (wrong >= 0) {
          String text = assertThrows(ArithmeticException.class, () -> source.to(to)).getMessage();
          long value = ElementModel.integer(bytes, from, wrong);
          assertTrue(text.contains("[" + wrong + "] is " + value + ","), text);
          continue;
        }
        try (Tensor converted = source.to(to)) {
          assertEquals(to, converted.dtype());
          same(from == to ? bytes : expected.flip(), ElementModel.bytes(converted), to, n);
        }
        try (Tensor backwards = source.flip(0);
            Tensor turned = backwards.to(to);
            Tensor converted = turned.flip(0)) {
          same(from == to ? bytes : expected, ElementModel.bytes(converted), to, n);
        }
      }
    }
  }

  /** Fills what is expected; gives the first place of an integer that does not fit, or -1. */
  private static int model(ByteBuffer bytes, DType from, ByteBuffer expected, DType to, int n) {
    for (int i = 0; i < n; i++) {
      if (from.isInteger() || from.isBool()) {
        if (!ElementModel.put(expected, to, ElementModel.integer(bytes, from, i))) {
          return i;
        }
        continue;
      }
      double[] parts = ElementModel.parts(bytes, from, i);
      if (from.isComplex() && to.isComplex()) {
        ElementModel.put(expected, to.partType(), parts[0]);
        ElementModel.put(expected, to.partType(), parts[1]);
      } else if (from.isComplex()) {
        expected.put((byte) (parts[0] != 0 || parts[1] != 0 ? 1 : 0));
      } else {
        ElementModel.put(expected, to, parts[0]);
      }
    }
    return -1;
  }

  private static void same(ByteBuffer expected, ByteBuffer got, DType type, int n) {
    for (int i = 0; i < n; i++) {
      double[] a = ElementModel.parts(expected, type, i);
      double[] b = ElementModel.parts(got, type, i);
      assertArrayEquals(a, b, type + " element " + i + " (seed " + SEED + ")");
      if (type == DType.I64) {
        assertEquals(
            ElementModel.integer(expected, type, i), ElementModel.integer(got, type, i), "I64");
      }
    }
  }

  @Test
  void narrowerIntegersThatFit() {
    Map<DType, long[]> ends = new EnumMap<>(DType.class);
    ends.put(DType.I8, new long[] {-128, 127, 0, -1});
    ends.put(DType.U8, new long[] {0, 255, 128, 1});
    ends.put(DType.I16, new long[] {-32768, 32767, 255, -1});
    ends.put(DType.I32, new long[] {Integer.MIN_VALUE, Integer.MAX_VALUE, 65536, -1});
    ends.forEach(
        (type, values) -> {
          try (Tensor wide = Tensor.of(values, 2, 2);
              Tensor narrow = wide.to(type)) {
            assertArrayEquals(values, narrow.toLongArray());
          }
        });
  }

  @Test
  void everySixteenBitsComeBack() {
    short[] all = new short[1 << 16];
    for (int i = 0; i < all.length; i++) {
      all[i] = (short) i;
    }
    for (DType type : new DType[] {DType.BF16, DType.F16}) {
      try (Tensor t = Tensor.ofBits(type, all);
          Tensor wide = t.to(DType.F32);
          Tensor widest = t.to(DType.F64);
          Tensor back = wide.to(type);
          Tensor backFromWidest = widest.to(type)) {
        assertArrayEquals(all, t.toBits());
        float[] values = t.toFloatArray();
        for (int i = 0; i < all.length; i++) {
          double v = ElementModel.value(type, i);
          assertEquals(v, values[i], type + " bits " + i);
        }
        assertArrayEquals(values, wide.toFloatArray());
        short[] narrowed = back.toBits();
        short[] twice = backFromWidest.toBits();
        for (int i = 0; i < all.length; i++) {
          // A signalling NaN becomes a quiet one.
          int expected = Float.isNaN(values[i]) ? i | (type == DType.F16 ? 0x200 : 0x40) : i;
          assertEquals((short) expected, narrowed[i], type + " bits " + i);
          assertEquals((short) expected, twice[i], type + " bits " + i);
        }
      }
    }
  }
}
