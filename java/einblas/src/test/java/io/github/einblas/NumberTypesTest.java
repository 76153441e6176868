// Tensors of every type: made of arrays and buffers, viewed, copied, filled, set, wrapped, printed.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NumberTypesTest {
  private static void refused(String part, Runnable call) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call::run);
    assertTrue(e.getMessage().contains(part), e.getMessage());
  }

  /** 0 and 1 by turns, of shape (4, 3), which every type holds. */
  private static Tensor turns(DType type) {
    Tensor t = Tensor.empty(type, 4, 3);
    for (int i = 0; i < 12; i++) {
      t.set(i % 2, i / 3, i % 3);
    }
    return t;
  }

  private static double[] values(Tensor t) {
    double[] v = new double[(int) t.size()];
    long columns = t.length(-1);
    for (int i = 0; i < v.length; i++) {
      v[i] = t.getReal(i / columns, i % columns);
      assertEquals(0, t.getImag(i / columns, i % columns));
    }
    return v;
  }

  @ParameterizedTest
  @EnumSource
  void madeViewedCopied(DType type) {
    double[] all = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
    try (Tensor t = turns(type);
        Tensor copy = t.copy();
        Tensor turned = t.transpose();
        Tensor stored = turned.contiguous();
        Tensor odd = t.slice(0, 1, 4, 2);
        Tensor oddCopy = odd.copy();
        Tensor wide = t.select(0, 3).unsqueeze(0).broadcastTo(2, 3);
        Tensor wideCopy = wide.copy()) {
      assertEquals(12L * type.bytes(), t.nbytes());
      assertArrayEquals(all, values(t));
      assertArrayEquals(all, values(copy));
      assertArrayEquals(values(turned), values(stored));
      assertArrayEquals(new double[] {1, 0, 1, 1, 0, 1}, values(oddCopy));
      assertArrayEquals(new double[] {1, 0, 1, 1, 0, 1}, values(wideCopy));
      odd.copyFrom(wideCopy.flip(1));
      assertArrayEquals(all, values(t));
      odd.copyFrom(stored.slice(0, 0, 2).slice(1, 0, 3));
      assertArrayEquals(new double[] {0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1}, values(t));
      t.select(1, 1).fill(1);
      assertArrayEquals(new double[] {0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 1, 1}, values(t));
      t.fill(0);
      assertArrayEquals(new double[12], values(t));
      refused("share", () -> t.copyFrom(t.flip(0)));
      assertEquals(type, copy.dtype());
    }
    try (Tensor ones = Tensor.ones(type, 2, 2);
        Tensor zeros = Tensor.zeros(type, 1, 2);
        Tensor scalar = Tensor.scalar(type, 1)) {
      assertArrayEquals(new double[] {1, 1, 1, 1}, values(ones));
      assertArrayEquals(new double[] {0, 0}, values(zeros));
      assertEquals(1, scalar.getReal());
    }
    try (Tensor none = Tensor.zeros(type, 0, 3);
        Tensor copy = none.copy()) {
      assertEquals(0, copy.size());
      assertEquals("[] shape=[0, 3] dtype=" + type, copy.toString());
    }
  }

  @ParameterizedTest
  @EnumSource
  void bytesInAndOut(DType type) {
    try (Tensor t = turns(type)) {
      ByteBuffer bytes = ElementModel.bytes(t);
      try (Tensor same = Tensor.of(type, bytes, 4, 3)) {
        assertArrayEquals(values(t), values(same));
      }
      ByteBuffer direct =
          ByteBuffer.allocateDirect(bytes.remaining()).order(ByteOrder.nativeOrder());
      try (Tensor over = Tensor.wrap(type, direct, 4, 3)) {
        over.copyFrom(t);
        assertEquals(bytes, direct);
      }
      ByteBuffer readOnly = direct.asReadOnlyBuffer().order(ByteOrder.nativeOrder());
      try (Tensor over = Tensor.wrap(type, readOnly, 4, 3)) {
        assertTrue(over.isReadOnly());
        refused("read-only", () -> over.fill(0));
      }
    }
    if (type.bytes() > 1) {
      ByteBuffer piece = ByteBuffer.allocate(type.bytes() + 1).order(ByteOrder.nativeOrder());
      refused("takes " + type.bytes(), () -> Tensor.of(type, piece));
      ByteBuffer foreign = ByteBuffer.allocateDirect(type.bytes()).order(ByteOrder.BIG_ENDIAN);
      refused("native byte order", () -> Tensor.of(type, foreign));
      refused("native byte order", () -> Tensor.wrap(type, foreign));
    }
  }

  @Test
  void arraysOfEachType() {
    try (Tensor i8 = Tensor.of(new byte[] {-1, 127});
        Tensor u8 = Tensor.ofUnsigned(new byte[] {-1, 127}, 1, 2);
        Tensor i16 = Tensor.of(new short[] {-1, 32767});
        Tensor bool = Tensor.of(new boolean[] {true, false});
        Tensor bf16 = Tensor.ofBits(DType.BF16, new short[] {0x3f80, (short) 0xc000});
        Tensor f16 = Tensor.ofBits(DType.F16, new short[] {0x3c00, (short) 0xc000})) {
      assertArrayEquals(new byte[] {-1, 127}, i8.toByteArray());
      assertArrayEquals(new byte[] {-1, 127}, u8.toByteArray());
      assertArrayEquals(new int[] {255, 127}, u8.toIntArray());
      assertArrayEquals(new short[] {255, 127}, u8.toShortArray());
      assertArrayEquals(new short[] {-1, 32767}, i16.toShortArray());
      assertArrayEquals(new long[] {-1, 32767}, i16.toLongArray());
      assertArrayEquals(new boolean[] {true, false}, bool.toBooleanArray());
      assertArrayEquals(new float[] {1, 0}, bool.toFloatArray());
      assertArrayEquals(new float[] {1, -2}, bf16.toFloatArray());
      assertArrayEquals(new double[] {1, -2}, f16.toDoubleArray());
      assertArrayEquals(new short[] {0x3c00, (short) 0xc000}, f16.toBits());
      assertEquals(255, u8.getLong(0, 0));
      assertEquals(255, u8.get(0, 0));
      assertEquals(1, bool.getLong(0));
      u8.setLong(200, 0, 1);
      assertEquals(200, u8.get(0, 1));
      refused("BF16 and F16", () -> Tensor.ofBits(DType.I16, new short[1]));
      refused("toIntArray needs a tensor of type I32", bf16::toIntArray);
      refused("toBits needs", i16::toBits);
      refused("toByteArray needs", bool::toByteArray);
      refused("toBooleanArray needs", i8::toBooleanArray);
      refused("getLong needs", () -> bf16.getLong(0));
    }
    try (Tensor odd = Tensor.of(DType.BOOL, ByteBuffer.wrap(new byte[] {0, 2, -1}))) {
      assertArrayEquals(new boolean[] {false, true, true}, odd.toBooleanArray());
      assertEquals("[false,  true,  true] shape=[3] dtype=BOOL", odd.toString());
    }
    try (Tensor i64 = Tensor.of(new long[] {1})) {
      refused("toDoubleArray needs", i64::toDoubleArray);
    }
  }

  @Test
  void buffersHoldTheirTypes() {
    ShortBuffer shorts = ShortBuffer.wrap(new short[] {9, 0x3c00, 1}).position(1);
    try (Tensor i16 = Tensor.of(shorts);
        Tensor f16 = Tensor.of(DType.F16, shorts, 2);
        Tensor c64 = Tensor.of(DType.C64, FloatBuffer.wrap(new float[] {1, 2, 3, 4}))) {
      assertArrayEquals(new short[] {0x3c00, 1}, i16.toShortArray());
      assertArrayEquals(new float[] {1, 0x1p-24f}, f16.toFloatArray());
      assertEquals(1, shorts.position(), "the caller's buffer is not moved");
      assertArrayEquals(new long[] {2}, c64.shape());
      ShortBuffer out = ShortBuffer.allocate(5).position(1);
      f16.copyTo(out);
      assertEquals(3, out.position());
      assertEquals(0x3c00, out.get(1));
      FloatBuffer parts = FloatBuffer.allocate(5);
      c64.copyTo(parts);
      assertEquals(4, parts.position());
      float[] array = new float[4];
      c64.copyTo(array);
      assertArrayEquals(new float[] {1, 2, 3, 4}, array);
      refused("room for 1", () -> c64.copyTo(FloatBuffer.allocate(3)));
      refused("holds elements of [F32, C64], not of F16", () -> f16.copyTo(parts));
    }
    refused("takes 2", () -> Tensor.of(DType.C128, DoubleBuffer.allocate(3)));
    refused("not of I8", () -> Tensor.of(DType.I8, ShortBuffer.allocate(3)));
    refused("not of F32", () -> Tensor.of(DType.F32, IntBuffer.allocate(3)));
    refused("of(DType, buffer, shape)", () -> Tensor.of(ByteBuffer.allocate(3)));
    refused("wrap(DType, buffer, shape)", () -> Tensor.wrap(ByteBuffer.allocateDirect(3)));
    refused("CharBuffer", () -> Tensor.of(CharBuffer.allocate(3)));
    refused("direct", () -> Tensor.wrap(DType.BF16, ShortBuffer.allocate(3)));
  }

  @Test
  void whatATypeCannotHoldIsRefused() {
    Object[][] wrong = {
      {DType.I8, 128.0, -129.0, 0.5},
      {DType.U8, 256.0, -1.0, Double.NaN},
      {DType.I16, 32768.0, -32769.0, 1e300},
      {DType.BOOL, 2.0, -1.0, 0.5},
      {DType.I64, 0x1p63, -0x1p64, Double.POSITIVE_INFINITY}
    };
    for (Object[] row : wrong) {
      DType type = (DType) row[0];
      try (Tensor t = Tensor.ones(type, 2)) {
        for (int i = 1; i < row.length; i++) {
          double value = (double) row[i];
          refused(type.name(), () -> t.fill(value));
          refused(type.name(), () -> t.set(value, 0));
          refused(type.name(), () -> Tensor.full(type, value, 3));
          if (type != DType.I64 && value == Math.rint(value) && Math.abs(value) < 1e9) {
            refused(type.name(), () -> t.setLong((long) value, 0));
          }
        }
        assertArrayEquals(new long[] {1, 1}, t.toLongArray());
      }
    }
  }

  @Test
  void roundedToTheTypeWhenSet() {
    try (Tensor bf16 = Tensor.full(DType.BF16, 0.1, 1);
        Tensor f16 = Tensor.full(DType.F16, 70000, 1)) {
      assertEquals(0.10009765625, bf16.get(0));
      assertEquals(Double.POSITIVE_INFINITY, f16.get(0));
      f16.set(1.0005, 0);
      assertEquals(1.0009765625, f16.item());
    }
  }

  @Test
  void printedAsNumPyPrints() {
    float[] values = {0.1f, 3, -1.5f, 1e-5f, 3e38f, 65504};
    try (Tensor f32 = Tensor.of(values);
        Tensor bf16 = f32.to(DType.BF16);
        Tensor f16 = f32.to(DType.F16)) {
      assertEquals(
          "[   0.1,     3.,   -1.5,  1e-05,  3e+38, 65536.] shape=[6] dtype=BF16", bf16.toString());
      assertEquals(
          "[   0.1,     3.,   -1.5,  1e-05,    inf, 65504.] shape=[6] dtype=F16", f16.toString());
    }
    try (Tensor z = Tensor.ofComplex(new double[] {1, 2, -0.5, -0.0, Double.NaN, -3}, 3, 1)) {
      assertEquals(
          "[[  1.+2.j],\n [-0.5-0.j],\n [ nan-3.j]] shape=[3, 1] dtype=C128", z.toString());
    }
    try (Tensor u8 = Tensor.ofUnsigned(new byte[] {-1, 0})) {
      assertEquals("[255,   0] shape=[2] dtype=U8", u8.toString());
    }
  }

  @Test
  void sparseOperandsRefuseByName() {
    try (Tensor bytes = Tensor.ones(DType.I8, 3, 3);
        Tensor truths = Tensor.ones(DType.BOOL, 3);
        Tensor small = Tensor.of(new short[] {0, 1, 2});
        Tensor values = Tensor.ones(DType.F32, 3);
        Tensor rows = Tensor.of(new int[] {0, 1, 2, 3})) {
      refused("I8", () -> CsrMatrix.ofDense(bytes, 0));
      refused("BOOL", () -> CsrMatrix.of(truths, rows, rows, 3, 3));
      refused("I16", () -> CsrMatrix.of(values, small, rows, 3, 3));
      refused("I8", () -> BsrMatrix.ofDense(bytes, 1, 1));
      refused("I8", () -> Kronecker.of(bytes));
      refused("I16", () -> Kronecker.diagonal(small));
      refused("I16", () -> BlockPattern.of(small, small, 3, 3));
    }
    try (CsrMatrix m =
        CsrMatrix.of(new float[] {1, 2, 3}, new int[] {2, 0, 1}, new int[] {0, 1, 2, 3}, 3, 3)) {
      refused("U8", () -> m.to(DType.U8));
    }
  }
}
