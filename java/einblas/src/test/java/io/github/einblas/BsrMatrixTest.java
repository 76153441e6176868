// BSR matrices: products against their dense twins in every layout, sampled products, gradients,
// SciPy's arrays, refusals.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BsrMatrixTest {
  private static final long SEED = 20261121;

  /** SciPy's arrays of a random matrix: unsorted, some blocks twice; and its dense twin. */
  private record Arrays3(Tensor data, long[] indices, long[] indptr, double[][] dense)
      implements AutoCloseable {
    static Arrays3 random(Random random, DType dtype, int rows, int columns, int r, int c) {
      long[] indptr = new long[rows + 1];
      long[] indices = new long[2 * rows * columns];
      int given = 0;
      for (int i = 0; i < rows; i++) {
        for (int j = columns - 1; j >= 0; j--) {
          for (int again = random.nextInt(3); again > 0; again--) {
            indices[given++] = j;
          }
        }
        indptr[i + 1] = given;
      }
      double[][] dense = new double[rows * r][columns * c];
      Tensor data = BsrMatrixTest.random(random, dtype, given, r, c);
      for (int i = 0; i < rows; i++) {
        for (long b = indptr[i]; b < indptr[i + 1]; b++) {
          for (int p = 0; p < r; p++) {
            for (int q = 0; q < c; q++) {
              dense[i * r + p][(int) indices[(int) b] * c + q] += data.get(b, p, q);
            }
          }
        }
      }
      return new Arrays3(data, Arrays.copyOf(indices, given), indptr, dense);
    }

    BsrMatrix matrix() {
      long columns = dense.length == 0 ? 0 : dense[0].length;
      return BsrMatrix.of(data, indices, indptr, dense.length, columns);
    }

    @Override
    public void close() {
      data.close();
    }
  }

  /** Quarters from -2 to 2: sums of a few hundred of their products are exact in both types. */
  private static Tensor random(Random random, DType dtype, long... shape) {
    double[] values = new double[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    Arrays.setAll(values, i -> (random.nextInt(17) - 8) / 4.0);
    try (Tensor t = Tensor.of(values, shape)) {
      return t.to(dtype);
    }
  }

  /** The same values in another layout: transposed in memory, turned round, or every second one. */
  private static Tensor laidOut(Random random, Tensor t) {
    int layout = random.nextInt(4);
    if (layout == 0 || t.rank() != 2) {
      return t;
    }
    long[] shape = t.shape();
    Tensor made =
        switch (layout) {
          case 1 -> Tensor.zeros(t.dtype(), shape[1], shape[0]).transpose();
          case 2 -> Tensor.zeros(t.dtype(), shape).flip(0).flip(1);
          default -> Tensor.zeros(t.dtype(), shape[0], 2 * shape[1]).slice(1, 0, 2 * shape[1], 2);
        };
    made.copyFrom(t);
    return made;
  }

  private static double[][] values(Tensor t) {
    double[][] rows = new double[(int) t.length(0)][(int) t.length(1)];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < rows[i].length; j++) {
        rows[i][j] = t.get(i, j);
      }
    }
    return rows;
  }

  private static double[][] transposed(double[][] a, int columns) {
    double[][] t = new double[columns][a.length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < columns; j++) {
        t[j][i] = a[i][j];
      }
    }
    return t;
  }

  /** alpha * a b + beta * c, by plain loops. */
  private static double[][] product(
      double alpha, double[][] a, double[][] b, int columns, double beta, double[][] c) {
    double[][] result = new double[a.length][columns];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < columns; j++) {
        double sum = 0;
        for (int k = 0; k < b.length; k++) {
          sum += a[i][k] * b[k][j];
        }
        result[i][j] = alpha * sum + (beta == 0 ? 0 : beta * c[i][j]);
      }
    }
    return result;
  }

  private static void assertSame(double[][] expected, Tensor actual) {
    double[][] got = values(actual);
    assertEquals(expected.length, got.length);
    for (int i = 0; i < got.length; i++) {
      for (int j = 0; j < got[i].length; j++) {
        assertTrue(expected[i][j] == got[i][j], i + ", " + j + ": " + got[i][j]);
      }
    }
  }

  @Property(tries = 300, seed = "20261121")
  void productsAreThoseOfTheDenseMatrix(
      @ForAll @IntRange(min = 1, max = 6) int rows,
      @ForAll @IntRange(min = 1, max = 5) int columns,
      @ForAll @IntRange(min = 1, max = 19) int r,
      @ForAll @IntRange(min = 1, max = 19) int c,
      @ForAll @IntRange(min = 0, max = 40) int n,
      @ForAll boolean wide,
      @ForAll boolean turned,
      @ForAll long seed) {
    Random random = new Random(seed);
    DType dtype = wide ? DType.F64 : DType.F32;
    double alpha = random.nextInt(5) / 2.0 - 1;
    double beta = random.nextInt(3) / 2.0;
    try (Arrays3 arrays = Arrays3.random(random, dtype, rows, columns, r, c);
        BsrMatrix stored = arrays.matrix();
        BsrMatrix s = turned ? stored.transpose() : stored;
        Tensor dense = s.toDense()) {
      double[][] twin = turned ? transposed(arrays.dense, columns * c) : arrays.dense;
      assertSame(twin, dense);
      int height = twin.length;
      int width = twin[0].length;

      Tensor x = laidOut(random, random(random, dtype, width, n));
      Tensor out = laidOut(random, random(random, dtype, height, n));
      double[][] expected = product(alpha, twin, values(x), n, beta, values(out));
      s.timesInto(out, alpha, beta, x);
      assertSame(expected, out);
      assertSame(product(1, twin, values(x), n, 0, null), s.times(x));

      Tensor y = laidOut(random, random(random, dtype, n, height));
      Tensor left = laidOut(random, random(random, dtype, n, width));
      expected = product(alpha, values(y), twin, width, beta, values(left));
      s.timesLeftInto(left, alpha, beta, y);
      assertSame(expected, left);
      assertSame(product(1, values(y), twin, width, 0, null), s.timesLeft(y));

      // Sampled: the dense product at live blocks, the matrix's own values elsewhere (zeros).
      Tensor a = laidOut(random, random(random, dtype, height, n));
      Tensor b = laidOut(random, random(random, dtype, n, width));
      double[][] full = product(alpha, values(a), values(b), width, beta, twin);
      boolean[][] live = live(arrays, rows, columns);
      for (int i = 0; i < height; i++) {
        for (int j = 0; j < width; j++) {
          if (!(turned ? live[j / r][i / c] : live[i / r][j / c])) {
            full[i][j] = 0;
          }
        }
      }
      BsrMatrix.sampledMatmulInto(s, alpha, beta, a, b);
      try (Tensor sampled = s.toDense()) {
        assertSame(full, sampled);
      }
    }
  }

  private static boolean[][] live(Arrays3 arrays, int rows, int columns) {
    boolean[][] live = new boolean[rows][columns];
    for (int i = 0; i < rows; i++) {
      for (long b = arrays.indptr[i]; b < arrays.indptr[i + 1]; b++) {
        live[i][(int) arrays.indices[(int) b]] = true;
      }
    }
    return live;
  }

  @Test
  void blocksAreSortedAndRepeatedOnesAddedUp() {
    try (Tensor data = Tensor.of(new double[] {1, 2, 3, 4, 5, 6, 7, 8}, 4, 1, 2);
        BsrMatrix m = BsrMatrix.of(data, new int[] {2, 0, 2, 1}, new int[] {0, 3, 3, 4}, 3, 6);
        Tensor dense = m.toDense();
        Tensor blocks = m.blocks()) {
      assertArrayEquals(new long[] {0, 2, 1}, m.indices().toLongArray());
      assertArrayEquals(new long[] {0, 2, 2, 3}, m.indptr().toLongArray());
      assertArrayEquals(new double[] {3, 4, 6, 8, 7, 8}, blocks.toDoubleArray());
      assertArrayEquals(
          new double[] {3, 4, 0, 0, 6, 8, 0, 0, 0, 0, 0, 0, 0, 0, 7, 8, 0, 0},
          dense.toDoubleArray());
      assertEquals("BsrMatrix(3 x 6, 3 blocks of 1 x 2, F64)", m.toString());
      blocks.set(-1, 2, 0, 1);
      try (Tensor changed = m.toDense()) {
        assertEquals(-1, changed.get(2, 3));
      }
    }
  }

  @Test
  void ofDenseDropsBlocksOfZeros() {
    Random random = new Random(SEED);
    System.out.println("BsrMatrixTest seed " + SEED);
    try (Arrays3 arrays = Arrays3.random(random, DType.F32, 5, 4, 3, 2);
        BsrMatrix m = arrays.matrix();
        Tensor dense = m.toDense();
        Tensor view = laidOut(new Random(3), dense);
        BsrMatrix again = BsrMatrix.ofDense(view, 3, 2);
        Tensor back = again.toDense();
        BsrMatrix none = BsrMatrix.ofDense(Tensor.zeros(DType.F32, 6, 6), 2, 3)) {
      assertArrayEquals(dense.toFloatArray(), back.toFloatArray());
      assertTrue(again.blockCount() < 20 && again.blockCount() <= m.blockCount());
      assertEquals(0, none.blockCount());
      assertArrayEquals(new float[6], none.times(Tensor.ones(DType.F32, 6)).toFloatArray());
    }
  }

  @Test
  void vectors() {
    Random random = new Random(SEED + 1);
    try (Arrays3 arrays = Arrays3.random(random, DType.F64, 4, 3, 5, 7);
        BsrMatrix m = arrays.matrix();
        Tensor two = random(random, DType.F64, 21, 2);
        Tensor column = two.select(1, 1);
        Tensor row = random(random, DType.F64, 20);
        Tensor right = m.times(column);
        Tensor left = m.timesLeft(row)) {
      double[][] x = values(column.unsqueeze(1));
      double[][] y = values(row.unsqueeze(0));
      assertArrayEquals(new long[] {20}, right.shape());
      assertSame(product(1, arrays.dense, x, 1, 0, null), right.unsqueeze(1));
      assertSame(product(1, y, arrays.dense, 21, 0, null), left.unsqueeze(0));
    }
  }

  @Test
  void gradientsAreThoseOfTheDenseProduct() {
    Random random = new Random(SEED + 2);
    for (boolean turned : new boolean[] {false, true}) {
      try (Arrays3 arrays = Arrays3.random(random, DType.F64, 3, 4, 5, 2);
          BsrMatrix stored = arrays.matrix();
          BsrMatrix m = turned ? stored.transpose() : stored;
          Tensor dense = m.toDense();
          Tensor x = random(random, DType.F64, m.shape()[1], 6);
          Tensor g = random(random, DType.F64, m.shape()[0], 6);
          BsrMatrix.Gradient right = m.timesGradient(x, g);
          BsrMatrix.Gradient left = m.transpose().timesLeftGradient(x.transpose(), g.transpose());
          Tensor dx = TensorOps.matmul(dense.transpose(), g);
          Tensor dm = right.matrix().toDense();
          Tensor dmLeft = left.matrix().toDense();
          BsrMatrix expected = BsrMatrix.sampledMatmul(m, g, x.transpose());
          Tensor full = TensorOps.matmul(g, x.transpose())) {
        assertArrayEquals(dx.toDoubleArray(), right.x().toDoubleArray());
        assertArrayEquals(dx.transpose().copy().toDoubleArray(), left.x().toDoubleArray());
        assertArrayEquals(dm.transpose().copy().toDoubleArray(), dmLeft.toDoubleArray());
        assertArrayEquals(expected.toDense().toDoubleArray(), dm.toDoubleArray());
        double[] all = full.toDoubleArray();
        double[] live = dm.toDoubleArray();
        boolean[][] pattern = live(arrays, 3, 4);
        long width = m.shape()[1];
        for (int i = 0; i < all.length; i++) {
          int row = (int) (i / width);
          int column = (int) (i % width);
          boolean stays = turned ? pattern[column / 5][row / 2] : pattern[row / 5][column / 2];
          assertEquals(stays ? all[i] : 0, live[i]);
        }
      }
    }
  }

  private static <E extends Exception> void refused(Class<E> type, String text, Runnable call) {
    E e = assertThrows(type, call::run);
    assertTrue(e.getMessage().contains(text), e.getMessage());
  }

  @Test
  void wrongArraysAreRefusedWithPlaceAndNumbers() {
    Class<IllegalArgumentException> wrong = IllegalArgumentException.class;
    try (Tensor data = Tensor.zeros(DType.F32, 3, 2, 2);
        Tensor whole = Tensor.zeros(DType.I32, 3, 2, 2)) {
      int[] indices = {0, 1, 0};
      refused(
          IndexOutOfBoundsException.class,
          "indices[1] is 3, but there are 2 block columns",
          () -> BsrMatrix.of(data, new int[] {0, 3, 0}, new int[] {0, 1, 3}, 4, 4));
      refused(
          IndexOutOfBoundsException.class,
          "indices[2] is -1",
          () -> BsrMatrix.of(data, new int[] {0, 1, -1}, new int[] {0, 1, 3}, 4, 4));
      refused(
          wrong,
          "indptr[2] is 1 after 3",
          () -> BsrMatrix.of(data, new long[3], new long[] {0, 3, 1, 3}, 6, 4));
      refused(
          wrong,
          "indptr must have 3 elements for 2 block rows, got 4",
          () -> BsrMatrix.of(data, indices, new int[] {0, 1, 2, 3}, 4, 4));
      refused(
          wrong,
          "indptr ends with 2, but there are 3 indices",
          () -> BsrMatrix.of(data, indices, new int[] {0, 1, 2}, 4, 4));
      refused(
          wrong,
          "indptr[0] must be 0",
          () -> BsrMatrix.of(data, indices, new int[] {1, 1, 3}, 4, 4));
      refused(
          wrong,
          "values has 3 blocks, but there are 2 indices",
          () -> BsrMatrix.of(data, new int[2], new int[] {0, 1, 2}, 4, 4));
      refused(
          wrong,
          "5 x 4 is not made of blocks of 2 x 2",
          () -> BsrMatrix.of(data, indices, new int[] {0, 1, 3}, 5, 4));
      refused(wrong, "I32", () -> BsrMatrix.of(whole, indices, new int[] {0, 1, 3}, 4, 4));
      refused(wrong, "0 x 2", () -> BsrMatrix.ofDense(Tensor.zeros(DType.F32, 4, 4), 0, 2));
    }
  }

  @Test
  void overlapsAreRefused() {
    try (Tensor ones = Tensor.ones(DType.F32, 6, 6);
        BsrMatrix m = BsrMatrix.ofDense(ones, 3, 2);
        Tensor blocks = m.blocks();
        Tensor own = blocks.reshape(6, 6);
        Tensor other = Tensor.ones(DType.F32, 6, 6)) {
      Class<IllegalArgumentException> wrong = IllegalArgumentException.class;
      refused(wrong, "shares elements", () -> m.timesInto(ones, 1, 0, ones));
      refused(wrong, "shares elements", () -> m.timesInto(own, 1, 0, ones));
      refused(wrong, "shares elements", () -> m.timesLeftInto(own, 1, 0, ones));
      refused(wrong, "shares elements", () -> BsrMatrix.sampledMatmulInto(m, 1, 0, other, own));
      refused(wrong, "shares elements", () -> BsrMatrix.sampledMatmulInto(m, 1, 0, own, other));
      Tensor flat = Tensor.ones(DType.F32, 1, 1).broadcastTo(6, 6);
      refused(wrong, "twice", () -> m.timesInto(flat, 1, 0, other));
      assertArrayEquals(new float[] {1, 1}, Arrays.copyOf(blocks.toFloatArray(), 2));
    }
  }

  @Test
  void closing() {
    long before = Einblas.nativeBytesInUse();
    try (Tensor ones = Tensor.ones(DType.F32, 4, 4)) {
      BsrMatrix m = BsrMatrix.ofDense(ones, 2, 2);
      BsrMatrix view = m.transpose();
      view.close();
      try (Tensor still = m.times(ones)) {
        assertEquals(4, still.get(3, 3));
      }
      assertThrows(IllegalStateException.class, () -> view.times(ones));
      m.close();
      assertThrows(IllegalStateException.class, () -> m.times(ones));
      assertThrows(IllegalStateException.class, m::toDense);
    }
    assertTrue(Einblas.nativeBytesInUse() <= before, "native memory leaked");
  }
}
