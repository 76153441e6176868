// Tests tensors of integers: made, viewed, copied, converted, printed, read and written, refused.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import org.junit.jupiter.api.Test;

class IntegerTensorTest {
  private static final long LARGE = (1L << 53) + 1; // no double holds it

  @Test
  void elementsAreExact() {
    try (Tensor t = Tensor.of(new long[] {LARGE, -LARGE, Long.MIN_VALUE, 0}, 2, 2);
        Tensor turned = t.transpose();
        Tensor copy = turned.copy()) {
      assertEquals(DType.I64, t.dtype());
      assertEquals(LARGE, t.getLong(0, 0));
      assertArrayEquals(new long[] {LARGE, Long.MIN_VALUE, -LARGE, 0}, copy.toLongArray());
      t.setLong(Long.MAX_VALUE, 1, 1);
      assertEquals(Long.MAX_VALUE, t.getLong(-1, -1));
    }
    try (Tensor t = Tensor.of(new int[] {0x7FA00001, Integer.MIN_VALUE, 7});
        Tensor backwards = t.flip(0);
        Tensor copy = backwards.copy()) {
      // The first is a signalling NaN's bits, which floating-point copies would change.
      assertArrayEquals(new int[] {7, Integer.MIN_VALUE, 0x7FA00001}, copy.toIntArray());
      assertArrayEquals(new long[] {7, Integer.MIN_VALUE, 0x7FA00001}, copy.toLongArray());
      assertEquals(7.0, t.get(2));
    }
  }

  @Test
  void fillAndSetTakeWhatTheTypeHolds() {
    try (Tensor t = Tensor.zeros(DType.I32, 2, 3);
        Tensor column = t.select(1, 1)) {
      column.fill(-5);
      assertArrayEquals(new int[] {0, -5, 0, 0, -5, 0}, t.toIntArray());
      assertThrows(IllegalArgumentException.class, () -> t.fill(0.5));
      assertThrows(IllegalArgumentException.class, () -> t.set(0x1p31, 0, 0));
      assertThrows(IllegalArgumentException.class, () -> t.set(Double.NaN, 0, 0));
      assertThrows(IllegalArgumentException.class, () -> t.setLong(1L << 31, 0, 0));
      assertArrayEquals(new int[] {0, -5, 0, 0, -5, 0}, t.toIntArray());
    }
    try (Tensor t = Tensor.scalar(DType.F32, 1)) {
      assertThrows(IllegalArgumentException.class, () -> t.getLong());
      assertThrows(IllegalArgumentException.class, () -> t.setLong(1));
    }
  }

  @Test
  void conversions() {
    try (Tensor reals = Tensor.of(new double[] {1.9, -1.9, 1e30, Double.NaN});
        Tensor ints = reals.to(DType.I32);
        Tensor longs = ints.to(DType.I64);
        Tensor floats = longs.to(DType.F32)) {
      assertArrayEquals(new int[] {1, -1, Integer.MAX_VALUE, 0}, ints.toIntArray());
      assertArrayEquals(new long[] {1, -1, Integer.MAX_VALUE, 0}, longs.toLongArray());
      assertArrayEquals(new float[] {1, -1, 0x1p31f, 0}, floats.toFloatArray());
    }
    try (Tensor large = Tensor.of(new long[] {1L << 40})) {
      assertThrows(ArithmeticException.class, () -> large.to(DType.I32));
    }
  }

  @Test
  void filesInBothByteOrders() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (Tensor t = Tensor.of(new long[] {LARGE, -2, 3, 4, 5, 6}, 2, 3);
        Tensor columns = t.transpose()) {
      columns.writeNpy(bytes);
      try (Tensor back = Tensor.readNpy(new ByteArrayInputStream(bytes.toByteArray()))) {
        assertArrayEquals(new long[] {3, 2}, back.shape());
        assertEquals(LARGE, back.getLong(0, 0));
        assertEquals(4, back.getLong(0, 1));
      }
    }
    String text = "{'descr': '>i4', 'fortran_order': False, 'shape': (2,), }";
    ByteBuffer file = ByteBuffer.allocate(10 + text.length() + 8).order(ByteOrder.BIG_ENDIAN);
    file.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) text.length(), 0});
    file.put(text.getBytes(java.nio.charset.StandardCharsets.US_ASCII)).putInt(258).putInt(-1);
    try (Tensor t = Tensor.readNpy(new ByteArrayInputStream(file.array()))) {
      assertArrayEquals(new int[] {258, -1}, t.toIntArray());
    }
  }

  @Test
  void wrapsAndPrints() {
    LongBuffer buffer = ByteBuffer.allocateDirect(24).order(ByteOrder.nativeOrder()).asLongBuffer();
    try (Tensor t = Tensor.wrap(buffer, 3)) {
      t.setLong(-12, 1);
      assertEquals(-12, buffer.get(1));
      assertEquals("[  0, -12,   0] shape=[3] dtype=I64", t.toString());
    }
  }

  @Test
  void productsOfIntegersWrap() {
    try (Tensor t = Tensor.of(new int[] {1 << 20, 3});
        Tensor dot = Einsum.einsum("i,i->", t, t)) {
      assertEquals(9, dot.getLong());
      assertThrows(IllegalArgumentException.class, () -> Einblas.measurePeak(DType.I64, 1));
    }
  }
}
