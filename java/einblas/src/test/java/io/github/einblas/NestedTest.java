// Java's arrays of arrays and streams, from tensors and into them.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class NestedTest {
  @Test
  void matricesThereAndBack() {
    double[][] rows = {{1, 2, 3}, {4, 5, 6}};
    float[][] floats = {{1, 2, 3}, {4, 5, 6}};
    try (Tensor t = Tensor.of(rows);
        Tensor f = Tensor.of(floats);
        Tensor z = Tensor.ofComplex(new double[] {1, 2, 3, 4}, 2, 1);
        Tensor none = Tensor.of(new double[0][]);
        Tensor thin = Tensor.of(new float[3][0])) {
      assertEquals(DType.F64, t.dtype());
      assertEquals(DType.F32, f.dtype());
      assertArrayEquals(rows, t.toDoubleMatrix());
      assertArrayEquals(floats, f.toFloatMatrix());
      assertArrayEquals(rows, f.toDoubleMatrix());
      assertArrayEquals(new double[][] {{1, 4}, {2, 5}, {3, 6}}, t.transpose().toDoubleMatrix());
      assertArrayEquals(new float[][] {{1, 4}, {2, 5}, {3, 6}}, f.transpose().toFloatMatrix());
      assertArrayEquals(new double[][] {{1, 2}, {3, 4}}, z.toDoubleMatrix());
      assertArrayEquals(new double[][] {{1, -2}, {3, -4}}, z.conj().toDoubleMatrix());
      assertArrayEquals(new long[] {0, 0}, none.shape());
      assertEquals(0, none.toDoubleMatrix().length);
      assertArrayEquals(new long[] {3, 0}, thin.shape());
      assertArrayEquals(new float[3][0], thin.toFloatMatrix());
      assertThrows(IllegalArgumentException.class, () -> t.toFloatMatrix());
      assertThrows(IllegalArgumentException.class, () -> t.select(0, 1).toDoubleMatrix());
    }
  }

  @Test
  void raggedRowsAreRefused() {
    String text =
        assertThrows(IllegalArgumentException.class, () -> Tensor.of(new double[][] {{1}, {2, 3}}))
            .getMessage();
    assertTrue(text.contains("row 0 has 1 elements and row 1 has 2"), text);
    assertEquals(
        "row 1",
        assertThrows(NullPointerException.class, () -> Tensor.of(new float[][] {{1}, null}))
            .getMessage());
  }

  @Test
  void streamsHaveAllElementsInOrder() {
    int n = 20_000;
    double[] numbers = new double[n];
    Arrays.setAll(numbers, i -> i);
    try (Tensor t = Tensor.of(numbers, 4, n / 4);
        Tensor half = t.to(DType.F32);
        Tensor longs = t.to(DType.I64);
        Tensor bool = t.to(DType.BOOL);
        Tensor scalar = Tensor.scalar(DType.F64, 7);
        Tensor empty = Tensor.zeros(DType.F64, 0, 3)) {
      assertArrayEquals(numbers, t.doubles().toArray());
      assertArrayEquals(numbers, half.doubles().parallel().toArray());
      assertArrayEquals(t.transpose().toDoubleArray(), t.transpose().doubles().toArray());
      assertArrayEquals(longs.toLongArray(), longs.longs().toArray());
      assertEquals(n - 1, bool.longs().sum());
      assertEquals(3, t.doubles().filter(x -> x > 2).findFirst().orElseThrow());
      assertArrayEquals(new double[] {7}, scalar.doubles().toArray());
      assertEquals(0, empty.doubles().count());
      assertThrows(IllegalArgumentException.class, longs::doubles);
      assertThrows(IllegalArgumentException.class, t::longs);
      assertThrows(IllegalArgumentException.class, () -> Tensor.ofComplex(new float[2]).doubles());
      try (DoubleStream stream = t.transpose().doubles()) {
        assertEquals(0, stream.iterator().nextDouble());
      }
      Tensor closing = t.copy();
      DoubleStream late = closing.doubles();
      closing.close();
      assertThrows(IllegalStateException.class, late::sum);
      assertThrows(IllegalStateException.class, closing::doubles);
      assertThrows(IllegalStateException.class, closing::toDoubleMatrix);
    }
  }
}
