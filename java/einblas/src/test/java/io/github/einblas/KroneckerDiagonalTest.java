// Diagonals and traces of Kronecker operators whose factors are not square, beside the dense
// matrix: dense and sparse factors (entries that add up, transposed), diagonals and identities.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KroneckerDiagonalTest {
  private static final long SEED = 20261128;

  private final List<AutoCloseable> open = new ArrayList<>();

  private <T extends AutoCloseable> T own(T it) {
    open.add(it);
    return it;
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable it : open) {
      it.close();
    }
    open.clear();
  }

  /** Integers from -4 to 4, so that all products are exact; at times one that is no number. */
  private Tensor tensor(Random random, boolean strange, DType dtype, long... shape) {
    double[] values = new double[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    Arrays.setAll(values, i -> random.nextInt(9) - 4);
    if (strange) {
      values[random.nextInt(values.length)] =
          random.nextBoolean() ? Double.NaN : Double.POSITIVE_INFINITY;
    }
    return own(own(Tensor.of(values, shape)).to(dtype));
  }

  /** A few entries, some of one place. */
  private CsrMatrix sparse(Random random, DType dtype, int rows, int columns, boolean turned) {
    int n = random.nextInt(rows * columns + 1);
    long[] row = random.ints(n, 0, turned ? columns : rows).asLongStream().toArray();
    long[] column = random.ints(n, 0, turned ? rows : columns).asLongStream().toArray();
    CsrMatrix made =
        own(
            CsrMatrix.ofTriples(
                tensor(random, false, dtype, n),
                own(Tensor.of(row)),
                own(Tensor.of(column)),
                turned ? columns : rows,
                turned ? rows : columns));
    return turned ? own(made.transpose()) : made;
  }

  private Kronecker operator(Random random, DType dtype) {
    Operand[] factors = new Operand[2 + random.nextInt(3)];
    int strange = random.nextInt(2 * factors.length);
    for (int f = 0; f < factors.length; f++) {
      int r = 1 + random.nextInt(5);
      int c = 1 + random.nextInt(5);
      int kind = f == 0 ? 0 : random.nextInt(6);
      factors[f] =
          switch (kind) {
            case 0, 1 -> tensor(random, f == strange, dtype, r, c);
            case 2 -> Kronecker.identity(r);
            case 3 -> Kronecker.diagonal(tensor(random, f == strange, dtype, r));
            default -> sparse(random, dtype, r, c, kind == 4);
          };
    }
    for (int i = factors.length; i > 1; i--) {
      int j = random.nextInt(i);
      Operand last = factors[i - 1];
      factors[i - 1] = factors[j];
      factors[j] = last;
    }
    return Kronecker.of(factors);
  }

  private double[] numbers(Tensor t) {
    return Arrays.stream(own(own(t).to(DType.F64)).toDoubleArray()).map(v -> v + 0.0).toArray();
  }

  @Test
  void diagonalsAreThoseOfTheDenseMatrix() throws Exception {
    for (int round = 0; round < 400; round++) {
      Random random = new Random(SEED + round);
      Kronecker k = operator(random, random.nextBoolean() ? DType.F32 : DType.F64);
      String what = "seed " + (SEED + round) + " " + k;
      double[] want = numbers(own(k.toDense()).diagonal(0, 1));
      assertArrayEquals(want, numbers(k.diagonal()), what);
      if (k.rows() == k.columns() && !k.core().allSquare()) {
        assertEquals(Arrays.stream(want).sum(), k.trace(), what);
      }
      close();
    }
  }

  @Test
  void longDiagonalsOfSparseFactors() {
    Random random = new Random(SEED);
    int rows = 3000;
    int columns = 2000;
    int n = 20_000;
    CsrMatrix a =
        own(
            CsrMatrix.ofTriples(
                tensor(random, false, DType.F64, n),
                own(Tensor.of(random.ints(n, 0, rows).toArray())),
                own(Tensor.of(random.ints(n, 0, columns).toArray())),
                rows,
                columns));
    Tensor w = tensor(random, false, DType.F64, 2, 3);
    double[] dense = own(a.toDense()).toDoubleArray();
    double[] got = own(Kronecker.of(a, w).diagonal()).toDoubleArray();
    assertEquals(6000, got.length);
    for (int i = 0; i < got.length; i++) {
      assertEquals(
          dense[i / 2 * columns + i / 3] * w.get(i % 2, i % 3) + 0.0, got[i] + 0.0, "element " + i);
    }
  }
}
