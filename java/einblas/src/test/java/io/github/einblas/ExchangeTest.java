// Tensors to and from what other libraries describe by an address, a type, a shape and strides.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.DoublePointer;
import org.junit.jupiter.api.Test;

class ExchangeTest {
  /** What Arrow's {@code ArrowBuf.nioBuffer} gives: direct, big-endian until it is told. */
  private static ByteBuffer arrowBuffer(int rows, int columns) {
    ByteBuffer data = ByteBuffer.allocateDirect(8 * rows * columns);
    for (int i = 0; i < rows * columns; i++) {
      data.order(ByteOrder.nativeOrder()).putDouble(8 * i, i);
    }
    return data.order(ByteOrder.BIG_ENDIAN);
  }

  @Test
  void aColumnOfArrowIsATensorAndBack() {
    ByteBuffer data = arrowBuffer(3, 4);
    assertThrows(IllegalArgumentException.class, () -> Tensor.wrap(DType.F64, data, 3, 4));
    try (Tensor t = Tensor.wrap(DType.F64, data.order(ByteOrder.nativeOrder()), 3, 4);
        Tensor sums = Einsum.einsum("ij->i", t)) {
      assertArrayEquals(new double[] {6, 22, 38}, sums.toDoubleArray());
      ByteBuffer target = ByteBuffer.allocateDirect(24).order(ByteOrder.nativeOrder());
      target.put(sums.asBuffer()); // as ArrowBuf.setBytes does
      assertEquals(38, target.getDouble(16));
    }
  }

  /** The fields of a DLTensor: its strides count elements. */
  private record Described(long data, int bits, long[] shape, long[] strides) {}

  @Test
  void stridesOfDlpackAreThoseOfTensors() {
    try (DoublePointer memory = new DoublePointer(24)) {
      for (int i = 0; i < 24; i++) {
        memory.put(i, i);
      }
      // Every second column of 4 x 6, transposed.
      long[] shape = {3, 4};
      long[] strides = {2, 6};
      try (Tensor whole = Tensor.wrap(memory);
          Tensor t = whole.asStrided(1, shape, strides).owning()) {
        assertEquals(1 + 2 * 2 + 3 * 6, t.get(2, 3));
        Described out = new Described(t.address(), 8 * t.dtype().bytes(), t.shape(), t.strides());
        assertEquals(whole.address() + 8, out.data());
        assertEquals(64, out.bits());
        assertArrayEquals(shape, out.shape());
        assertArrayEquals(strides, out.strides());
        // A consumer's view of the same element.
        long place = (out.data() - memory.address()) / 8 + 2 * out.strides()[0] + out.strides()[1];
        assertEquals(t.get(2, 1), memory.get(place));
        assertThrows(
            IllegalArgumentException.class, () -> whole.asStrided(1, shape, new long[] {2, 8}));
      }
    }
  }
}
