// Tests products with CSR matrices, sampled products and gradients against dense loops.
package io.github.einblas;

import static io.github.einblas.CsrSamples.filled;
import static io.github.einblas.CsrSamples.flat;
import static io.github.einblas.CsrSamples.random;
import static io.github.einblas.CsrSamples.sample;
import static io.github.einblas.CsrSamples.small;
import static io.github.einblas.CsrSamples.turned;
import static io.github.einblas.CsrSamples.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.CsrSamples.Sample;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;

class CsrProductTest {
  @Property(tries = 300, seed = "20261121", shrinking = ShrinkingMode.OFF)
  void productsAreThoseOfTheDenseMatrix(@ForAll long seed) {
    Random random = new Random(seed);
    DType dtype = random.nextBoolean() ? DType.F32 : DType.F64;
    Sample s = sample(random, dtype);
    int columns = (int) s.csr().columns();
    try (CsrMatrix a = s.csr()) {
      assertArrayEquals(flat(s.dense()), values(a.toDense()));
      double[][] turned = turned(s.dense(), columns);
      checkProduct(random, a, false, s.dense(), columns);
      checkProduct(random, a.transpose(), false, turned, s.dense().length);
      checkProduct(random, a, true, turned, s.dense().length);
      checkProduct(random, a.transpose(), true, s.dense(), columns);
    }
  }

  /** out = alpha * a x + beta * out, or alpha * x a + beta * out, which is a^T x^T. */
  private static void checkProduct(
      Random random, CsrMatrix a, boolean onLeft, double[][] matrix, int summed) {
    boolean vector = random.nextInt(3) == 0;
    int n = vector ? 1 : random.nextInt(70);
    int rows = matrix.length;
    DType dtype = a.dtype();
    Tensor x = vector ? filled(random, dtype, summed) : operand(random, dtype, onLeft, summed, n);
    Tensor out = vector ? filled(random, dtype, rows) : operand(random, dtype, onLeft, rows, n);
    double alpha = random.nextInt(4) / 2.0 - 0.5;
    double beta = random.nextInt(3) / 2.0 - 0.5;
    if (beta == 0) {
      out.fill(Double.NaN);
    }
    double[] in = values(x);
    double[] before = values(out);
    if (onLeft) {
      a.timesLeftInto(out, alpha, beta, x);
    } else {
      a.timesInto(out, alpha, beta, x);
    }
    double[] got = values(out);
    double eps = dtype == DType.F32 ? 0x1p-23 : 0x1p-52;
    boolean left = onLeft && !vector;
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < n; j++) {
        int at = left ? j * rows + r : r * n + j;
        double sum = beta == 0 ? 0 : beta * before[at];
        double size = Math.abs(sum);
        for (int k = 0; k < summed; k++) {
          double term = alpha * matrix[r][k] * in[left ? j * summed + k : k * n + j];
          sum += term;
          size += Math.abs(term);
        }
        // Entries of one place may cancel before they are added up: 5000 of size 1 at most.
        double bound = eps * ((summed + 5003.0) * size + 5000.0 * Math.abs(alpha) * rounds(a));
        assertEquals(sum, got[at], bound, () -> (onLeft ? "x A" : "A x") + " of " + a + ", n " + n);
      }
    }
    if (dtype == DType.F32 && alpha == 1 && beta == 0 && !vector) {
      try (Tensor again = onLeft ? a.timesLeft(x) : a.times(x)) {
        assertArrayEquals(got, values(again));
      }
    }
  }

  /** Size that repeated entries may have on the way: nothing unless there are many. */
  private static double rounds(CsrMatrix a) {
    return a.entries() > a.rows() * 12 ? 5000 : 12;
  }

  private static Tensor operand(Random random, DType dtype, boolean left, int length, int n) {
    return left ? filled(random, dtype, n, length) : filled(random, dtype, length, n);
  }

  /** Of A x: A^T g, and g x^T where A has entries; of x A on the left: g A^T, and x^T g. */
  @Property(tries = 150, seed = "20261128", shrinking = ShrinkingMode.OFF)
  void gradientsAreThoseOfTheDenseProduct(@ForAll long seed) {
    Random random = new Random(seed);
    DType dtype = random.nextBoolean() ? DType.F32 : DType.F64;
    Sample s = sample(random, dtype);
    boolean vector = random.nextInt(3) == 0;
    boolean left = random.nextBoolean();
    int n = vector ? 1 : random.nextInt(40);
    int summed = left ? s.dense().length : (int) s.csr().columns();
    int kept = left ? (int) s.csr().columns() : s.dense().length;
    try (CsrMatrix a = s.csr()) {
      Tensor x = vector ? filled(random, dtype, summed) : operand(random, dtype, left, summed, n);
      Tensor g = vector ? filled(random, dtype, kept) : operand(random, dtype, left, kept, n);
      try (CsrMatrix.Gradient gradient = left ? a.timesLeftGradient(x, g) : a.timesGradient(x, g);
          CsrMatrix back = a.transpose();
          Tensor dx = left ? back.timesLeft(g) : back.times(g)) {
        assertArrayEquals(values(dx), values(gradient.x()));
        assertArrayEquals(values(a.indptr()), values(gradient.matrix().indptr()));
        assertArrayEquals(values(a.indices()), values(gradient.matrix().indices()));
        double[] in = values(x);
        double[] up = values(g);
        double[] got = values(gradient.matrix().values());
        long[] indptr = a.indptr().toLongArray();
        int[] indices = a.indices().toIntArray();
        double eps = dtype == DType.F32 ? 0x1p-23 : 0x1p-52;
        for (int r = 0; r < s.dense().length; r++) {
          for (int e = (int) indptr[r]; e < indptr[r + 1]; e++) {
            double sum = 0;
            double size = 0;
            for (int j = 0; j < n; j++) {
              double term =
                  left
                      ? in[vector ? r : j * summed + r]
                          * up[vector ? indices[e] : j * kept + indices[e]]
                      : up[r * n + j] * in[indices[e] * n + j];
              sum += term;
              size += Math.abs(term);
            }
            assertEquals(sum, got[e], eps * (n + 2) * size, "entry " + e + " of " + a);
          }
        }
      }
    }
  }

  @Test
  void aSampledProductOutlivesItsPattern() {
    CsrMatrix a = CsrMatrix.of(new float[] {1, 2}, new int[] {0, 1}, new int[] {0, 1, 2}, 2, 2);
    try (Tensor x = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
        CsrMatrix sampled = CsrMatrix.sampledMatmul(a, x, x)) {
      a.close();
      assertArrayEquals(new double[] {7, 0, 0, 22}, values(sampled.toDense()));
    }
  }

  @Test
  void sampledProductsRefuseOtherShapesAndTypes() {
    try (CsrMatrix a =
            CsrMatrix.of(new float[] {1, 2, 3}, new int[] {0, 2, 2}, new int[] {0, 2, 2, 3}, 3, 4);
        CsrMatrix whole = a.to(DType.I32)) {
      Tensor x = Tensor.zeros(DType.F32, 3, 2);
      Tensor y = Tensor.zeros(DType.F32, 2, 4);
      CsrMatrix.sampledMatmul(a, x, y).close();
      refusedSample("(3, k) and (k, 4)", a, y, x);
      refusedSample("(3, k) and (k, 4)", a, x, Tensor.zeros(DType.F32, 3, 4));
      refusedSample("of its type", a, x, Tensor.zeros(DType.F64, 2, 4));
      refusedSample("of its type", a, Tensor.zeros(DType.F32, 3), y);
      refusedSample("CsrMatrix.to converts", whole, x, y);
      String text =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> a.timesGradient(Tensor.zeros(DType.F32, 4, 2), y))
              .getMessage();
      assertTrue(text.contains("gradient of the result must have shape [3, 2]"), text);
    }
  }

  private static void refusedSample(String part, CsrMatrix a, Tensor x, Tensor y) {
    String text =
        assertThrows(IllegalArgumentException.class, () -> CsrMatrix.sampledMatmul(a, x, y))
            .getMessage();
    assertTrue(text.contains(part), text);
  }

  @Test
  void seedProblemAsOneProductOfTheReshapedMatrix() {
    // (4 x 15) . kron(I3, W)^T with W (2 x 5), as (12 x 5) . W^T.
    Random random = new Random(3);
    double[][] x = random(random, 4, 15);
    double[] w = random.doubles(10, -1, 1).toArray();
    try (CsrMatrix a = CsrMatrix.ofDense(Tensor.of(flat(x), 4, 15), 0);
        CsrMatrix rows = a.reshape(12, 5);
        Tensor weights = Tensor.of(w, 2, 5);
        Tensor result = rows.times(weights.transpose())) {
      double[] got = result.reshape(4, 6).copy().toDoubleArray();
      for (int r = 0; r < 4; r++) {
        for (int o = 0; o < 6; o++) {
          double sum = 0;
          for (int k = 0; k < 5; k++) {
            sum += x[r][o / 2 * 5 + k] * w[o % 2 * 5 + k];
          }
          assertEquals(sum, got[r * 6 + o], 1e-13);
        }
      }
    }
  }

  @Test
  void notANumberInRowsThatNoEntrySelectsStaysOut() {
    try (CsrMatrix a = small();
        Tensor x = Tensor.of(new float[] {1, Float.NaN, 3}, 3);
        Tensor wide =
            Tensor.of(new float[] {1, 2, Float.NaN, Float.POSITIVE_INFINITY, 3, 4}, 3, 2);
        Tensor y = a.times(x);
        Tensor z = a.times(wide);
        Tensor left = a.transpose().timesLeft(wide.transpose())) {
      assertArrayEquals(new float[] {7, 0, 3}, y.toFloatArray());
      assertArrayEquals(new float[] {7, 10, 0, 0, 3, 4}, z.toFloatArray());
      assertArrayEquals(new float[] {7, 0, 3, 10, 0, 4}, left.toFloatArray());
    }
  }
}
