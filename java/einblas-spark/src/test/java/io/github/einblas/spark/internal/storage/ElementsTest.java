package io.github.einblas.spark.internal.storage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.google.gson.JsonParser;
import io.github.einblas.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ElementsTest {
  private static int[] order(Random random, int rank) {
    List<Integer> axes = new ArrayList<>();
    for (int d = 0; d < rank; d++) {
      axes.add(d);
    }
    Collections.shuffle(axes, random);
    return axes.stream().mapToInt(i -> i).toArray();
  }

  @Test
  void axesAreExchanged() {
    for (long seed : Whole.seeds(300)) {
      Random random = new Random(seed);
      int rank = random.nextInt(6);
      DType dtype = Whole.type(random);
      long[] shape = Whole.shape(random, rank, rank < 3 ? 70 : 6);
      Whole whole = Whole.random(random, dtype, shape);
      int[] order = order(random, rank);
      byte[] moved = Elements.permuted(whole.bytes(), shape, order, dtype.bytes());
      long[] to = new long[rank];
      Arrays.setAll(to, d -> shape[order[d]]);
      int width = dtype.bytes();
      int count = Elements.count(shape);
      for (int i = 0; i < count; i++) {
        // The place of element i of the result, walked over by hand.
        long[] at = new long[rank];
        int rest = i;
        for (int d = rank - 1; d >= 0; d--) {
          at[order[d]] = rest % to[d];
          rest /= (int) to[d];
        }
        int from = 0;
        for (int d = 0; d < rank; d++) {
          from = (int) (from * shape[d] + at[d]);
        }
        assertEquals(
            0,
            Arrays.compare(
                whole.bytes(),
                from * width,
                from * width + width,
                moved,
                i * width,
                i * width + width),
            "-Deinblas.seed=" + seed);
      }
    }
  }

  @Test
  void numbersAreTurned() {
    byte[] bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    assertArrayEquals(
        new byte[] {2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15}, swapped(bytes, "f2"));
    assertArrayEquals(
        new byte[] {4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9, 16, 15, 14, 13}, swapped(bytes, "c8"));
    assertArrayEquals(
        new byte[] {8, 7, 6, 5, 4, 3, 2, 1, 16, 15, 14, 13, 12, 11, 10, 9}, swapped(bytes, "c16"));
    assertArrayEquals(bytes, swapped(bytes, "b1"));
  }

  private static byte[] swapped(byte[] bytes, String name) {
    byte[] own = bytes.clone();
    Elements.swap(
        own, Arrays.stream(DType.values()).filter(t -> t.numpyName().equals(name)).findAny().get());
    return own;
  }

  @Test
  void fillsOfAnyLength() {
    for (int count : new int[] {0, 1, 2, 3, 5, 8, 1000, 1025}) {
      byte[] filled = Elements.filled(count, new byte[] {1, 2, 3});
      assertEquals(3 * count, filled.length);
      for (int i = 0; i < filled.length; i++) {
        assertEquals(i % 3 + 1, filled[i]);
      }
    }
  }

  /** The expected bits were made by NumPy, and by ml_dtypes' rule of rounding to even. */
  @Test
  void smallNumbersAreRounded() {
    double[] values = {0, -0.0, 1, -2, 0.1, 65504, 65519, 65520, 1e300, 6e-8, 2.98e-8, 3e-8, 1e-4};
    int[] half = {
      0, 0x8000, 0x3c00, 0xc000, 0x2e66, 0x7bff, 0x7bff, 0x7c00, 0x7c00, 1, 0, 1, 0x068e
    };
    for (int i = 0; i < values.length; i++) {
      assertEquals(half[i], FillValue.small(values[i], 10, 15) & 0xffff, "" + values[i]);
    }
    assertEquals(0x7e00, FillValue.small(Double.NaN, 10, 15));
    assertEquals(0x7fc0, FillValue.small(Double.NaN, 7, 127));
    for (float f : new float[] {0, 1, -3.5f, 1e-40f, 1e38f, Float.MAX_VALUE, 0.1f, 0x1.01p0f}) {
      int bits = Float.floatToRawIntBits(f);
      int even = (bits + 0x7fff + (bits >>> 16 & 1)) >>> 16;
      assertEquals(even, FillValue.small(f, 7, 127) & 0xffff, "" + f);
    }
  }

  private static String fill(String json, DType dtype) {
    byte[] fill = FillValue.parse(JsonParser.parseString(json), dtype);
    if (fill == null) {
      return null;
    }
    StringBuilder hex = new StringBuilder();
    for (int i = fill.length - 1; i >= 0; i--) {
      hex.append(String.format("%02x", fill[i]));
    }
    return hex.toString();
  }

  @Test
  void fillValuesAreParsed() {
    assertEquals("7fc00000", fill("\"NaN\"", DType.F32));
    assertEquals("7fc00001", fill("\"0x7fc00001\"", DType.F32));
    assertEquals("fff0000000000000", fill("\"-Infinity\"", DType.F64));
    assertEquals("3fc0", fill("1.5", DType.BF16));
    assertEquals("3e00", fill("1.5", DType.F16));
    assertEquals("400000003f800000", fill("[1, 2]", DType.C64)); // of little-endian bytes
    assertEquals("7fc0000000000000", fill("[0.0, \"NaN\"]", DType.C64));
    assertEquals("000000003f800000", fill("1", DType.C64));
    assertEquals("ff", fill("255", DType.U8));
    assertEquals("80", fill("-128", DType.I8));
    assertEquals("8000000000000000", fill("-9223372036854775808", DType.I64));
    assertEquals("00000003", fill("3.0", DType.I32));
    assertEquals("01", fill("true", DType.BOOL));
    assertEquals("00", fill("0", DType.BOOL));
    for (String wrong :
        new String[] {
          "256 U8",
          "-1 U8",
          "128 I8",
          "1.5 I32",
          "1e400 I64",
          "1e999999999 I64",
          "\"1\" I32",
          "\"true\" BOOL",
          "2 BOOL",
          "[1] C64",
          "[1,2,3] C64",
          "{} F32",
          "\"\" F32",
          "\"nan\" F32",
          "\"0x7fc0\" F32",
          "\"0x+fc00000\" F32",
          "\"0xzzzzzzzz\" F32",
          "\"1f\" F32",
          "true F32",
          "\"e\" BOOL",
          "\"\" BOOL",
          "[[1],2] C64",
          "\"0x1p3\" F64",
          "true I32"
        }) {
      String[] parts = wrong.split(" ");
      assertNull(fill(parts[0], DType.valueOf(parts[1])), wrong);
    }
  }
}
