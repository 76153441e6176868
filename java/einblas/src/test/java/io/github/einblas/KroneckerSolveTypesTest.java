// Kronecker operators of complex and 16-bit numbers: solve, determinant and eigenvalues, against
// elimination, residuals and known ones.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.Seeds;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KroneckerSolveTypesTest extends RandomKronecker {
  /** Square factors with a diagonal of about their order: a condition of a few. */
  private Kronecker regular(Random random, DType type) {
    Operand[] factors = new Operand[1 + random.nextInt(3)];
    for (int f = 0; f < factors.length; f++) {
      long n = 1L + random.nextInt(5);
      Tensor own = random.nextInt(4) == 0 ? random(random, type, n) : random(random, type, n, n);
      Tensor memory = own.isConjugate() ? own.conj() : own;
      for (long i = 0; i < n; i++) {
        long[] at = own.rank() == 1 ? new long[] {i} : new long[] {i, i};
        double re = memory.getReal(at) + 2 * n;
        if (type.isComplex()) {
          memory.setComplex(re, memory.getImag(at) - n, at);
        } else {
          memory.set(re, at);
        }
      }
      factors[f] =
          f > 0 && random.nextInt(4) == 0
              ? Kronecker.identity(n)
              : own.rank() == 1 ? Kronecker.diagonal(own) : own;
    }
    Kronecker k = Kronecker.of(factors);
    return type.isComplex() && random.nextBoolean() ? k.adjoint() : k;
  }

  @Test
  void solveLogDeterminantAndEigenvalues() {
    for (long seed : Seeds.upTo(80)) {
      Random random = new Random(SEED + seed);
      DType type = seed % 2 == 0 ? DType.C64 : DType.C128;
      Kronecker k = regular(random, type);
      String what = "seed " + seed + " " + type + " " + k;
      double unit = unit(type);
      int n = (int) k.rows();
      Tensor b = seed % 3 == 0 ? random(random, type, n) : random(random, type, 2, n, 3);
      Tensor x = own(k.solve(b));
      assertArrayEquals(b.shape(), x.shape(), what);
      assertEquals(type, x.dtype(), what);
      // B - K X is some n u of |K| |X| for each factor, whose condition is below 10.
      double[] want = own(b.copy()).toDoubleArray();
      double[] got = own(k.times(x)).toDoubleArray();
      double size = Arrays.stream(want).map(Math::abs).max().orElse(0);
      for (int e = 0; e < want.length; e++) {
        assertEquals(want[e], got[e], 100 * 32 * k.factors() * unit * size, what + " element " + e);
      }
      Kronecker.LogDeterminant det = k.logDeterminant();
      double[] reference = matrix(k, 0).determinant();
      // An error of a factor's determinant comes n times.
      double most = 64 * unit * n * k.factors();
      assertEquals(reference[2], det.logAbsolute(), most * (1 + Math.abs(reference[2])), what);
      assertEquals(reference[0], det.phaseReal(), most * 8, what);
      assertEquals(reference[1], det.phaseImaginary(), most * 8, what);
      try (Kronecker.Eigenvalues values = k.eigenvalues()) {
        assertEquals(type.partType(), values.real().dtype(), what);
        double[] re = values.real().to(DType.F64).toDoubleArray();
        double[] im = values.imaginary().to(DType.F64).toDoubleArray();
        assertEquals(n, re.length, what);
        double sum = 0;
        double log = 0;
        double angle = 0;
        for (int i = 0; i < n; i++) {
          sum += Math.hypot(re[i], im[i]);
          log += Math.log(Math.hypot(re[i], im[i]));
          angle += Math.atan2(im[i], re[i]);
        }
        double each = 64 * unit * k.factors();
        assertEquals(k.traceReal(), Arrays.stream(re).sum(), each * n * sum, what);
        assertEquals(k.traceImag(), Arrays.stream(im).sum(), each * n * sum, what);
        assertEquals(det.logAbsolute(), log, 2 * most * (1 + Math.abs(log)), what);
        assertEquals(det.phaseReal(), Math.cos(angle), 16 * most, what);
        assertEquals(det.phaseImaginary(), Math.sin(angle), 16 * most, what);
      }
      close();
      open.clear();
    }
  }

  @Test
  void determinantsOfKnownPhase() {
    Tensor a = own(Tensor.ofComplex(new double[] {0, 2}, 1, 1));
    Kronecker.LogDeterminant det = Kronecker.of(a, Kronecker.identity(3)).logDeterminant();
    assertEquals(new Kronecker.LogDeterminant(0, -1, 3 * Math.log(2)), det); // (2i)^3 = -8i
    ArithmeticException e = assertThrows(ArithmeticException.class, det::sign);
    assertTrue(e.getMessage().contains("-1.0 i"), e.getMessage());
    assertEquals(1, Kronecker.of(a, Kronecker.identity(4)).logDeterminant().sign());
    assertEquals(-1, Kronecker.of(a, Kronecker.identity(2)).logDeterminant().sign());
    Tensor swap = own(Tensor.of(new double[] {0, 1, 1, 0}, 2, 2));
    assertEquals(
        new Kronecker.LogDeterminant(-1, 0, 0),
        Kronecker.of(swap, Kronecker.identity(3)).logDeterminant());
    Tensor rank1 = own(Tensor.ofComplex(new double[] {1, 1, 1, 1, 1, 1, 1, 1}, 2, 2));
    assertEquals(
        new Kronecker.LogDeterminant(0, 0, Double.NEGATIVE_INFINITY),
        Kronecker.of(rank1).logDeterminant());
    Tensor b = own(Tensor.ones(DType.C128, 2));
    ArithmeticException singular =
        assertThrows(ArithmeticException.class, () -> Kronecker.of(rank1).solve(b));
    assertTrue(singular.getMessage().contains("factor 0 is singular: pivot 1"));
    Tensor none = own(Tensor.ofComplex(new double[] {1, 1, 0, 0}, 2));
    ArithmeticException zero =
        assertThrows(ArithmeticException.class, () -> Kronecker.diagonal(none).solve(b));
    assertTrue(zero.getMessage().contains("factor 0 is singular: pivot 1"));
    assertEquals(0, Kronecker.diagonal(none).logDeterminant().sign());
  }

  @Test
  void hermitianFactorsHaveRealEigenvalues() {
    // [[2, 1 - i], [1 + i, 3]]: 1 and 4; Pauli's y: 1 and -1.
    Tensor a = own(Tensor.ofComplex(new float[] {2, 0, 1, -1, 1, 1, 3, 0}, 2, 2));
    Tensor y = own(Tensor.ofComplex(new float[] {0, 0, 0, -1, 0, 1, 0, 0}, 2, 2));
    for (Tensor own : List.of(y, y.conj(), y.transpose())) {
      try (Kronecker.Eigenvalues e = Kronecker.of(a, own).eigenvalues()) {
        float[] want = {-1, 1, -4, 4};
        assertArrayEquals(new float[4], e.imaginary().toFloatArray());
        float[] got = e.real().toFloatArray();
        for (int i = 0; i < 4; i++) {
          assertEquals(want[i], got[i], 1e-5, "element " + i);
        }
      }
    }
    // A diagonal, conjugated: its own numbers times those of a rotation, i and -i.
    Tensor d = own(Tensor.ofComplex(new float[] {5, 1, 0, -7}, 2));
    Tensor r = own(Tensor.ofComplex(new float[] {0, 0, -1, 0, 1, 0, 0, 0}, 2, 2));
    try (Kronecker.Eigenvalues e = Kronecker.of(Kronecker.diagonal(d.conj()), r).eigenvalues()) {
      double[][] of = {{5, -1}, {0, 7}};
      for (int i = 0; i < 4; i++) {
        double[] v = of[i / 2];
        double re = e.real().get(i);
        // v i or -v i
        double sign = Math.signum(re * -v[1] + e.imaginary().get(i) * v[0]);
        assertEquals(sign * -v[1], re, 1e-5, "element " + i);
        assertEquals(sign * v[0], e.imaginary().get(i), 1e-5, "element " + i);
      }
    }
    Tensor nan = own(Tensor.ofComplex(new float[] {1, Float.NaN}, 1, 1));
    assertThrows(ArithmeticException.class, () -> Kronecker.of(nan).eigenvalues());
  }

  /** LAPACK computes in F32, and the result is rounded once: that of the same numbers in F32. */
  @Test
  void narrowTypesAreSolvedInF32() {
    for (long seed : Seeds.upTo(20)) {
      Random random = new Random(SEED + seed);
      DType type = seed % 2 == 0 ? DType.BF16 : DType.F16;
      Kronecker k = regular(random, type);
      Kronecker wide =
          Kronecker.of(
              k.core().terms().stream()
                  .map(
                      t ->
                          t.isIdentity()
                              ? Kronecker.identity(t.rows())
                              : t.isDiagonal()
                                  ? Kronecker.diagonal(f32(new Tensor(t.tensor())))
                                  : f32(new Tensor(t.tensor())))
                  .toArray(Operand[]::new));
      String what = "seed " + seed + " " + type + " " + k;
      Tensor b = random(random, type, k.rows(), 2);
      long bytes = Einblas.nativeBytesInUse();
      Tensor x = own(k.solve(b));
      assertEquals(type, x.dtype(), what);
      assertTrue(Einblas.nativeBytesInUse() <= bytes + x.nbytes() + 4096, "copies were kept");
      assertArrayEquals(own(own(wide.solve(f32(b))).to(type)).toBits(), x.toBits(), what);
      assertEquals(wide.logDeterminant(), k.logDeterminant(), what);
      try (Kronecker.Eigenvalues got = k.eigenvalues();
          Kronecker.Eigenvalues want = wide.eigenvalues()) {
        assertArrayEquals(own(want.real().to(type)).toBits(), got.real().toBits(), what);
        assertArrayEquals(own(want.imaginary().to(type)).toBits(), got.imaginary().toBits(), what);
      }
      close();
      open.clear();
    }
  }

  private Tensor f32(Tensor t) {
    return own(t.to(DType.F32));
  }
}
