// Kronecker operators with CSR factors of every type: bit for bit beside the built matrix where
// numbers are small and whole, what infinities reach, memory, algebra.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.Seeds;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KroneckerSparseTypesTest extends RandomKronecker {
  private static final List<DType> TYPES =
      List.of(DType.BF16, DType.F16, DType.F32, DType.F64, DType.C64, DType.C128);

  private static final double INF = Double.POSITIVE_INFINITY;
  private static final double NAN = Double.NaN;

  /** Whole numbers from -2 to 2, and such imaginary parts; half of the complex ones conjugated. */
  @Override
  Tensor random(Random random, DType type, long... shape) {
    int size = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    Tensor wide =
        type.isComplex()
            ? own(
                Tensor.ofComplex(
                    random.doubles(2L * size, 0, 5).map(KroneckerSparseTypesTest::whole).toArray(),
                    shape))
            : own(
                Tensor.of(
                    random.doubles(size, 0, 5).map(KroneckerSparseTypesTest::whole).toArray(),
                    shape));
    Tensor typed = own(wide.to(type));
    return type.isComplex() && random.nextBoolean() ? typed.conj() : typed;
  }

  private static double whole(double v) {
    return Math.floor(v) - 2;
  }

  @Override
  CsrMatrix sparse(Random random, DType type, long rows, long columns, boolean regular) {
    Numbers whole = () -> new double[] {random.nextInt(5) - 2, random.nextInt(5) - 2};
    return sparse(random, type, rows, columns, regular, whole);
  }

  /** One number rounded to a type, which no sum before it was. */
  private double[] rounded(DType type, double[] z) {
    Tensor wide = own(type.isComplex() ? Tensor.ofComplex(z, 1) : Tensor.of(new double[] {z[0]}));
    double[] got = ComplexMatrix.get(own(wide.to(type)).strided(), 0);
    return new double[] {got[0] + 0.0, got[1] + 0.0};
  }

  private void exact(String what, DType type, double[] want, Tensor got, long... index) {
    double[] z = ComplexMatrix.get(got.strided(), index);
    // Of -0 and 0 either.
    assertArrayEquals(rounded(type, want), new double[] {z[0] + 0.0, z[1] + 0.0}, what);
  }

  private static double[] sum(ComplexMatrix m, Tensor x, boolean left, int i, int j) {
    double[] sum = new double[2];
    for (int s = 0; s < (left ? m.rows() : m.columns()); s++) {
      double[] element = left ? m.at(s, i) : m.at(i, s);
      double[] part =
          ComplexMatrix.times(element, ComplexMatrix.get(x.strided(), left ? j : s, left ? s : j));
      sum[0] += part[0];
      sum[1] += part[1];
    }
    return sum;
  }

  /**
   * Four factors of at most 3 x 3, numbers of at most 2, twice at most: sums are below 2^24, exact
   * in F32. Those of 16-bit floats are rounded, once.
   */
  private Kronecker operator(Random random, DType type) {
    int n = 1 + random.nextInt(4);
    int sparse = random.nextInt(n);
    Operand[] factors = new Operand[n];
    for (int f = 0; f < n; f++) {
      long r = 1L + random.nextInt(3);
      long c = 1L + random.nextInt(3);
      int kind = f == sparse ? 0 : random.nextInt(4);
      factors[f] =
          switch (kind) {
            case 0 -> sparse(random, type, r, c, false);
            case 1 -> Kronecker.identity(r);
            case 2 -> Kronecker.diagonal(random(random, type, r));
            default -> random(random, type, r, c);
          };
    }
    return Kronecker.of(factors);
  }

  @Test
  void wholeNumbersToTheBit() {
    for (long seed : Seeds.upTo(300)) {
      Random random = new Random(SEED + seed);
      DType type = TYPES.get((int) (seed % TYPES.size()));
      Kronecker k = operator(random, type);
      ComplexMatrix m = matrix(k, 0);
      int turn = random.nextInt(3);
      k = turn == 0 ? k : turn == 1 ? k.transpose() : k.adjoint();
      m = turn == 0 ? m : m.turned(turn == 2);
      boolean left = random.nextBoolean();
      String what = "seed " + seed + " " + type + " turn " + turn + (left ? " left " : " ") + k;
      long in = left ? k.rows() : k.columns();
      Tensor x = left ? random(random, type, 2, in) : random(random, type, in, 2);
      Tensor y = own(left ? k.timesLeft(x) : k.times(x));
      long[] shape = y.shape();
      Tensor into = random(random, type, shape[1], shape[0]).transpose();
      into = into.isConjugate() ? into.conj() : into;
      Tensor before = own(into.copy());
      Tensor unread = own(Tensor.full(type, NAN, shape));
      Tensor dense = own(k.toDense());
      if (left) {
        k.timesLeftInto(into, -2, 3, x);
        k.timesLeftInto(unread, 1, 0, x);
      } else {
        k.timesInto(into, -2, 3, x);
        k.timesInto(unread, 1, 0, x);
      }
      for (int i = 0; i < (left ? m.columns() : m.rows()); i++) {
        for (int j = 0; j < 2; j++) {
          long[] at = left ? new long[] {j, i} : new long[] {i, j};
          double[] want = sum(m, x, left, i, j);
          exact(what, type, want, y, at);
          exact(what + " beta 0", type, want, unread, at);
          double[] old = ComplexMatrix.get(before.strided(), at);
          double[] scaled = {3 * old[0] - 2 * want[0], 3 * old[1] - 2 * want[1]};
          exact(what + " alpha beta", type, scaled, into, at);
        }
      }
      Tensor row = own(k.row(m.rows() - 1));
      Tensor diagonal = own(k.diagonal());
      double[] trace = new double[2];
      for (int i = 0; i < m.rows(); i++) {
        for (int j = 0; j < m.columns(); j++) {
          exact(what + " toDense " + i + ", " + j, type, m.at(i, j), dense, i, j);
        }
      }
      for (int j = 0; j < m.columns(); j++) {
        exact(what + " row " + j, type, m.at(m.rows() - 1, j), row, j);
      }
      for (int i = 0; i < Math.min(m.rows(), m.columns()); i++) {
        exact(what + " diagonal " + i, type, m.at(i, i), diagonal, i);
        trace[0] += m.at(i, i)[0];
        trace[1] += m.at(i, i)[1];
      }
      if (m.rows() == m.columns()) {
        assertEquals(trace[0] + 0.0, k.traceReal() + 0.0, what);
        assertEquals(trace[1] + 0.0, k.traceImag() + 0.0, what);
      }
      Tensor g = random(random, type, shape);
      try (Kronecker.Gradient got = left ? k.timesLeftGradient(x, g) : k.timesGradient(x, g)) {
        // K^H g, or g K^H.
        ComplexMatrix back = m.turned(true);
        assertArrayEquals(x.shape(), got.x().shape(), what);
        assertEquals(type, got.x().dtype(), what);
        for (int i = 0; i < in; i++) {
          for (int j = 0; j < 2; j++) {
            long[] at = left ? new long[] {j, i} : new long[] {i, j};
            exact(what + " dX", type, sum(back, g, left, i, j), got.x(), at);
          }
        }
        for (int f = 0; f < k.factors(); f++) {
          assertEquals(k.core().term(f).tensor() == null, got.factor(f) == null, what);
        }
      }
      close();
      open.clear();
    }
  }

  @Test
  void productsOfOperatorsToTheBit() {
    for (long seed : Seeds.upTo(120)) {
      Random random = new Random(SEED + seed);
      DType type = TYPES.get((int) (seed % TYPES.size()));
      Operand[][] pairs = {
        {sparse(random, type, 2, 3, false), sparse(random, type, 3, 4, false)},
        {sparse(random, type, 2, 3, false), Kronecker.diagonal(random(random, type, 3))},
        {Kronecker.diagonal(random(random, type, 2)), sparse(random, type, 2, 3, false)},
        {sparse(random, type, 2, 3, false), random(random, type, 3, 2)},
        {random(random, type, 2, 3), sparse(random, type, 3, 2, false)},
        {sparse(random, type, 2, 3, false), Kronecker.identity(3)}
      };
      Operand[] pair = pairs[random.nextInt(pairs.length)];
      Kronecker a = Kronecker.of(pair[0], sparse(random, type, 2, 2, false));
      Kronecker b = Kronecker.of(pair[1], sparse(random, type, 2, 2, false));
      boolean adjoint = random.nextBoolean();
      Kronecker product = adjoint ? b.adjoint().product(a.adjoint()) : a.product(b);
      String what = "seed " + seed + " " + type + " " + product;
      assertTrue(product.core().term(1).isSparse(), what);
      assertEquals(type, product.dtype(), what);
      ComplexMatrix x = matrix(a, 0);
      ComplexMatrix y = matrix(b, 0);
      Tensor dense = own((adjoint ? product.adjoint() : product).toDense());
      for (int i = 0; i < x.rows(); i++) {
        for (int j = 0; j < y.columns(); j++) {
          double[] sum = new double[2];
          for (int s = 0; s < y.rows(); s++) {
            double[] part = ComplexMatrix.times(x.at(i, s), y.at(s, j));
            sum[0] += part[0];
            sum[1] += part[1];
          }
          exact(what + " " + i + ", " + j, type, sum, dense, i, j);
        }
      }
      close();
      open.clear();
    }
  }

  private CsrMatrix csr(DType type, int n, double... reals) {
    Tensor dense = own(own(Tensor.of(reals, n, reals.length / n)).to(type));
    return CsrMatrix.ofDense(dense, 0);
  }

  /** 1 + 2^-12 between the factors, which no 16-bit float holds, then minus 1. */
  @Test
  void intermediatesOfNarrowTypesAreF32() {
    for (DType type : List.of(DType.BF16, DType.F16)) {
      CsrMatrix a = csr(type, 1, 1, 0x1p-12);
      CsrMatrix b = csr(type, 1, 1, -1);
      Tensor x = own(own(Tensor.of(new float[] {1, 1, 1, 0})).to(type));
      for (Kronecker k : List.of(Kronecker.of(a, b), Kronecker.of(a, own(b.toDense())))) {
        assertEquals(0x1p-12, own(k.times(x)).get(0), type + " " + k);
        // With beta as well: 2^-12 + 2 - (1 + 1).
        Tensor out = own(Tensor.full(type, 2, 1));
        Kronecker second = Kronecker.of(a, csr(type, 1, 1, 1));
        second.timesInto(out, -1, 1, own(own(Tensor.of(new float[] {1, 1, 1, 0})).to(type)));
        assertEquals(-0x1p-12, out.get(0), type.toString());
      }
      // Entries of one place are added up in F32 too: 1 + 2^-12 - 1.
      Tensor values = own(own(Tensor.of(new double[] {1, 0x1p-12, -1})).to(type));
      Tensor zeros = own(Tensor.of(new int[3]));
      CsrMatrix s = CsrMatrix.ofTriples(values, zeros, zeros, 1, 1);
      Kronecker k = Kronecker.of(s, Kronecker.identity(2));
      assertEquals(0x1p-12, own(k.toDense()).get(1, 1), type.toString());
      assertEquals(0x1p-12, own(k.row(0)).get(0), type.toString());
      assertEquals(0x1p-12, own(k.diagonal()).get(1), type.toString());
      assertEquals(0x1p-11, k.trace(), type.toString());
      assertEquals(2 * Math.log(0x1p-12), k.logDeterminant().logAbsolute(), 1e-5, type.toString());
      assertEquals(0x1p-12, own(k.times(own(Tensor.ones(type, 2)))).get(0), type.toString());
    }
    // Beyond the range of F16 between the factors.
    Kronecker large = Kronecker.of(csr(DType.F16, 1, 60000, 60000), csr(DType.F16, 1, 0x1p-4));
    assertEquals(7500, own(large.times(own(Tensor.ones(DType.F16, 2)))).get(0));
    CsrMatrix sixty = csr(DType.F16, 1, 60000);
    Kronecker three = Kronecker.of(sixty, sixty, csr(DType.F16, 1, 0x1p-16));
    assertEquals(54944, own(three.toDense()).get(0, 0)); // of 54931.6
  }

  /** An identity and a diagonal have no elements beside their diagonals, so no infinity comes. */
  @Test
  void infinitiesReachNoPlaceWithoutAnElement() {
    for (DType type : TYPES) {
      CsrMatrix s = csr(type, 2, INF, 0, 0, 5);
      Kronecker k = Kronecker.of(s, Kronecker.identity(2));
      double[] want = {INF, 0, 0, 0, 0, INF, 0, 0, 0, 0, 5, 0, 0, 0, 0, 5};
      Tensor dense = own(k.toDense());
      Tensor scaled = own(Kronecker.of(Kronecker.diagonal(own(Tensor.ones(type, 1))), s).toDense());
      for (int i = 0; i < 4; i++) {
        Tensor row = own(k.row(i));
        for (int j = 0; j < 4; j++) {
          double[] z = {want[4 * i + j], 0};
          assertArrayEquals(z, ComplexMatrix.get(dense.strided(), i, j), type + " " + i + j);
          assertArrayEquals(z, ComplexMatrix.get(row.strided(), j), type + " row " + i + j);
        }
      }
      assertArrayEquals(
          new double[] {INF, 0}, ComplexMatrix.get(own(k.diagonal()).strided(), 1), "" + type);
      assertEquals(0, ComplexMatrix.get(scaled.strided(), 0, 1)[0], type.toString());
      // Rows of X that no entry selects do not matter.
      CsrMatrix second = csr(type, 2, 0, 2, 0, 3);
      Tensor x = own(own(Tensor.of(new double[] {NAN, INF, 1, 1})).to(type));
      Tensor y = own(Kronecker.of(second, Kronecker.identity(2)).times(x));
      assertArrayEquals(new double[] {3, 0}, ComplexMatrix.get(y.strided(), 3), type.toString());
      Tensor g = own(own(Tensor.of(new double[] {1, 1, 1, 1})).to(type));
      try (Kronecker.Gradient d = Kronecker.of(second, Kronecker.identity(2)).timesGradient(x, g)) {
        assertArrayEquals(new double[2], ComplexMatrix.get(d.x().strided(), 0), type.toString());
        assertArrayEquals(new double[] {5, 0}, ComplexMatrix.get(d.x().strided(), 3), "" + type);
      }
    }
  }

  /** (ar + i ai)(br + i bi) = (ar br - ai bi) + i (ar bi + ai br), infinities too. */
  @Test
  void complexInfinitiesMultiplyByTheFormula() {
    Tensor z = own(Tensor.ofComplex(new double[] {INF, 1, 0, 2}, 2));
    int[] places = {0, 1};
    Tensor at = own(Tensor.of(places));
    CsrMatrix s = CsrMatrix.ofTriples(z, at, at, 2, 2);
    Tensor x = own(Tensor.ofComplex(new double[] {3, 1, 1, -INF}, 2));
    Kronecker k = Kronecker.of(s);
    assertArrayEquals(new double[] {INF, INF, INF, NAN}, own(k.times(x)).toDoubleArray());
    assertArrayEquals(
        new double[] {INF, -INF, INF, NAN}, own(k.adjoint().times(x.conj())).toDoubleArray());
  }

  @Test
  void nothingIsKept() {
    for (DType type : TYPES) {
      long bytes = Einblas.nativeBytesInUse();
      CsrMatrix s = csr(type, 2, 1, 0, 2, 0, 3, 0);
      Kronecker k = Kronecker.of(s, own(Tensor.ones(type, 3, 4)));
      Tensor x = own(Tensor.ones(type, 12, 5));
      Tensor y = own(k.times(x));
      own(k.toDense());
      own(k.row(1));
      own(k.diagonal());
      k.timesInto(y, 2, 3, x);
      k.timesGradient(x, y).close();
      own(k.adjoint().times(y));
      own(k.transpose().timesLeft(own(Tensor.ones(type, 5, 12))));
      s.close();
      close();
      open.clear();
      // What earlier tests left may be freed meanwhile.
      assertTrue(Einblas.nativeBytesInUse() <= bytes, type + ": native memory leaked");
    }
  }

  @Test
  void theAdjointIsAViewOfTheEntries() {
    CsrMatrix s = sparse(new Random(SEED), DType.C64, 50, 60, false);
    Kronecker k = Kronecker.of(s, Kronecker.identity(2));
    long bytes = Einblas.nativeBytesInUse();
    Kronecker h = k.adjoint();
    assertTrue(Einblas.nativeBytesInUse() <= bytes, "entries were copied");
    assertArrayEquals(new long[] {120, 100}, h.shape());
    Tensor x = random(new Random(SEED), DType.C64, 100);
    assertArrayEquals(
        own(Kronecker.of(s.adjoint(), Kronecker.identity(2)).times(x)).toFloatArray(),
        own(h.times(x)).toFloatArray());
    assertArrayEquals(own(k.toDense()).toFloatArray(), own(h.adjoint().toDense()).toFloatArray());
    s.close();
    assertThrows(IllegalStateException.class, () -> h.times(x));
    assertThrows(IllegalStateException.class, h::adjoint);
  }

  @Test
  void linearAlgebra() {
    for (long seed : Seeds.upTo(24)) {
      Random random = new Random(SEED + seed);
      DType type = TYPES.get((int) (seed % TYPES.size()));
      int n = 2 + random.nextInt(3);
      // Whole numbers with a diagonal that outweighs the rest.
      int places = n * n;
      double[] numbers = new double[2 * places];
      for (int e = 0; e < places; e++) {
        boolean own = e / n == e % n;
        numbers[2 * e] = own ? 4 * n : random.nextInt(3) - 1;
        numbers[2 * e + 1] = own ? -n : random.nextInt(3) - 1;
      }
      double[] reals = IntStream.range(0, places).mapToDouble(e -> numbers[2 * e]).toArray();
      Tensor wide =
          own(type.isComplex() ? Tensor.ofComplex(numbers, n, n) : Tensor.of(reals, n, n));
      Tensor dense = own(wide.to(type));
      CsrMatrix s = CsrMatrix.ofDense(dense, 0);
      Tensor w = own(own(Tensor.of(new double[] {3, 1, -1, 2}, 2, 2)).to(type));
      Kronecker k = Kronecker.of(s, w);
      Kronecker same = Kronecker.of(dense, w);
      if (seed % 2 == 0) {
        k = k.adjoint();
        same = same.adjoint();
      }
      String what = "seed " + seed + " " + type + " " + k;
      Tensor b = random(random, type, 2L * n, 3);
      // By the same factorisation of the same dense matrix.
      assertArrayEquals(numbers(own(same.solve(b))), numbers(own(k.solve(b))), what);
      assertEquals(same.logDeterminant(), k.logDeterminant(), what);
      assertEquals(same.traceReal(), k.traceReal(), what);
      assertEquals(same.traceImag(), k.traceImag(), what);
      try (Kronecker.Eigenvalues want = same.eigenvalues();
          Kronecker.Eigenvalues got = k.eigenvalues()) {
        assertArrayEquals(numbers(want.real()), numbers(got.real()), what);
        assertArrayEquals(numbers(want.imaginary()), numbers(got.imaginary()), what);
      }
      close();
      open.clear();
    }
  }

  private double[] numbers(Tensor t) {
    return own(t.to(t.dtype().isComplex() ? DType.C128 : DType.F64)).toDoubleArray();
  }

  @Test
  void refusalsNameTheTypes() {
    CsrMatrix s = csr(DType.C64, 2, 1, 2, 3, 4);
    CsrMatrix narrow = csr(DType.BF16, 2, 1, 2, 3, 4);
    message(() -> Kronecker.of(s, narrow), "factor 1", "BF16", "C64");
    Kronecker k = Kronecker.of(s, Kronecker.identity(2));
    Tensor x = own(Tensor.ones(DType.C64, 4, 2));
    message(() -> k.times(own(Tensor.ones(DType.F32, 4))), "C64", "F32");
    message(() -> k.timesInto(own(Tensor.ones(DType.C64, 4, 2)).conj(), 1, 0, x), "conjugate view");
    message(() -> k.timesInto(x, 1, 0, x), "shares elements");
    message(() -> k.timesGradient(x, own(Tensor.ones(DType.C128, 4, 2))), "g", "C64", "C128");
    message(k::trace, "C64", "traceReal and traceImag");
    for (DType type : List.of(DType.I32, DType.I64)) {
      CsrMatrix whole = csr(type, 2, 1, 2, 3, 4);
      message(() -> Kronecker.of(whole), "factor 0", type.toString(), "F16, C64 or C128", "to");
    }
    assertTrue(
        Kronecker.of(narrow).explain(own(Tensor.ones(DType.BF16, 2))).contains("in F32"),
        "the explanation says that copies are made");
  }
}
