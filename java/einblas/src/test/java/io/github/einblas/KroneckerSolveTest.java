// Kronecker operators: solve, determinant and eigenvalues, against elimination and known ones.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.tensor.TensorCopy;
import io.github.einblas.reference.Seeds;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KroneckerSolveTest extends RandomKronecker {
  @Test
  void solveLogDeterminantAndEigenvalues() {
    for (long seed : Seeds.upTo(60)) {
      Random random = new Random(SEED + seed);
      Case c = operator(random, DType.F64, true, false);
      Kronecker k = c.operator();
      String what = "seed " + seed + " " + c.text();
      Tensor x = random(random, DType.F64, k.columns(), 3);
      Tensor b = own(k.times(x));
      Kronecker.LogDeterminant det = k.logDeterminant();
      double[][] m = matrices(k)[0];
      // Of random factors, few are so badly conditioned; those are left to the residual alone.
      Tensor solved = own(k.solve(b));
      double residual = 0;
      try (Tensor again = k.times(solved)) {
        double[] want = TensorCopy.doubles(b.strided());
        double[] got = TensorCopy.doubles(again.strided());
        double scale =
            Arrays.stream(TensorCopy.doubles(solved.strided())).map(Math::abs).max().orElse(0);
        double norm =
            Arrays.stream(m)
                .mapToDouble(r -> Arrays.stream(r).map(Math::abs).sum())
                .max()
                .orElse(0);
        for (int e = 0; e < want.length; e++) {
          residual = Math.max(residual, Math.abs(want[e] - got[e]) / (norm * scale + 1e-300));
        }
      }
      assertTrue(residual < 1e-10, what + ": residual " + residual);
      double[] reference = determinant(m);
      assertEquals((int) reference[0], det.sign(), what);
      assertEquals(reference[1], det.logAbsolute(), 1e-7 * (1 + Math.abs(reference[1])), what);
      try (Kronecker.Eigenvalues values = k.eigenvalues()) {
        double[] re = TensorCopy.doubles(values.real().strided());
        double[] im = TensorCopy.doubles(values.imaginary().strided());
        assertEquals(k.rows(), re.length, what);
        double sum = Arrays.stream(re).sum();
        double log = 0;
        for (int i = 0; i < re.length; i++) {
          log += Math.log(Math.hypot(re[i], im[i]));
        }
        assertEquals(k.trace(), sum, 1e-9 * k.rows(), what);
        assertEquals(0, Arrays.stream(im).sum(), 1e-9 * k.rows(), what);
        assertEquals(det.logAbsolute(), log, 1e-6 * (1 + Math.abs(log)), what);
      }
      close();
      open.clear();
    }
  }

  /** Sign and logarithm of the absolute value, by elimination with pivoting. */
  private static double[] determinant(double[][] matrix) {
    int n = matrix.length;
    double[][] a = Arrays.stream(matrix).map(double[]::clone).toArray(double[][]::new);
    double sign = 1;
    double log = 0;
    for (int p = 0; p < n; p++) {
      int best = p;
      for (int i = p; i < n; i++) {
        best = Math.abs(a[i][p]) > Math.abs(a[best][p]) ? i : best;
      }
      double[] swap = a[p];
      a[p] = a[best];
      a[best] = swap;
      sign *= (best == p ? 1 : -1) * Math.signum(a[p][p]);
      log += Math.log(Math.abs(a[p][p]));
      for (int i = p + 1; i < n; i++) {
        double f = a[i][p] / a[p][p];
        for (int j = p; j < n; j++) {
          a[i][j] -= f * a[p][j];
        }
      }
    }
    return new double[] {sign, log};
  }

  @Test
  void symmetricFactorsHaveTheKnownEigenvalues() {
    // [[2, 1], [1, 2]]: 1 and 3; the rotation [[0, -1], [1, 0]]: i and -i.
    Tensor a = own(Tensor.of(new float[] {2, 1, 1, 2}, 2, 2));
    Tensor r = own(Tensor.of(new float[] {0, -1, 1, 0}, 2, 2));
    Tensor d = own(Tensor.of(new float[] {5, -7}));
    try (Kronecker.Eigenvalues e =
        Kronecker.of(a, Kronecker.diagonal(d), Kronecker.identity(2), r).eigenvalues()) {
      float[] im = e.imaginary().toFloatArray();
      float[] want = {5, 5, -7, -7, 15, 15, -21, -21};
      assertEquals(16, im.length);
      for (int i = 0; i < 16; i++) {
        assertEquals(0, e.real().get(i), 1e-5);
        assertEquals(Math.abs(want[i / 2]), Math.abs(im[i]), 1e-4, "element " + i);
        assertEquals(-im[i], im[i ^ 1], 1e-5);
      }
    }
  }
}
