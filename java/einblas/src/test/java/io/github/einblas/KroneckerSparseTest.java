// Kronecker operators with CSR factors: what NaN reaches, layouts, algebra, refusals. Products,
// elements and gradients of
// random operators with such factors are KroneckerTest's.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.tensor.TensorCopy;
import io.github.einblas.reference.Seeds;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KroneckerSparseTest extends RandomKronecker {
  private static final long SEED = 20261122;

  /** Contiguous. */
  @Override
  Tensor random(Random random, DType dtype, long... shape) {
    double[] values =
        random.doubles(Arrays.stream(shape).reduce(1, (a, b) -> a * b), -1, 1).toArray();
    return own(own(Tensor.of(values, shape)).to(dtype));
  }

  /** A fifth of the places. */
  private CsrMatrix csr(Random random, DType dtype, long rows, long columns) {
    Tensor dense = random(random, dtype, rows, columns);
    return CsrMatrix.ofDense(dense, 0.8);
  }

  private static void near(String what, double[] want, double[] got, double bound) {
    assertEquals(want.length, got.length, what);
    for (int e = 0; e < want.length; e++) {
      assertEquals(want[e], got[e], bound, what + " element " + e);
    }
  }

  /** Larger than KroneckerTest's, so that stages, panels and vectors are whole ones and tails. */
  @Test
  void largerProductsOfEveryLayout() {
    for (long seed : Seeds.upTo(24)) {
      int round = (int) seed % 24;
      Random random = new Random(SEED + seed);
      DType dtype = round % 2 == 0 ? DType.F32 : DType.F64;
      CsrMatrix s = csr(random, dtype, 19, 23);
      Tensor w = random(random, dtype, 5, 7);
      Tensor d = random(random, dtype, 3);
      Operand[][] all = {
        {w, s, Kronecker.identity(4)},
        {s, w},
        {Kronecker.identity(6), s},
        {s, Kronecker.diagonal(d), csr(random, dtype, 8, 5)},
        {Kronecker.identity(3), w, s},
        {s}
      };
      Kronecker k = Kronecker.of(all[round / 4]);
      boolean left = round % 4 > 1;
      k = round % 3 == 0 ? k.transpose() : k;
      long length = left ? k.rows() : k.columns();
      Tensor x = left ? random(random, dtype, 21, length) : random(random, dtype, length, 21);
      x = round % 3 == 1 ? own(own(x.transpose()).copy()).transpose() : x;
      String what = "seed " + seed + " " + k + (left ? " left" : "");
      Tensor m = own(k.toDense());
      Tensor want = own(left ? TensorOps.matmul(x, m) : TensorOps.matmul(m, x));
      double bound = 64 * (length + 8) * unit(dtype);
      near(
          what,
          TensorCopy.doubles(want.strided()),
          TensorCopy.doubles(own(left ? k.timesLeft(x) : k.times(x)).strided()),
          bound);
      // Into a transposed output, with alpha and beta.
      Tensor out = random(random, dtype, want.length(1), want.length(0)).transpose();
      double[] before = TensorCopy.doubles(out.strided());
      if (left) {
        k.timesLeftInto(out, 2, -0.5, x);
      } else {
        k.timesInto(out, 2, -0.5, x);
      }
      double[] scaled = TensorCopy.doubles(want.strided());
      Arrays.setAll(scaled, e -> 2 * scaled[e] - 0.5 * before[e]);
      near(
          what + " alpha beta",
          scaled,
          TensorCopy.doubles(out.strided()),
          2 * bound + 1e-6 * (dtype == DType.F32 ? 1 : 0));
    }
  }

  @Test
  void nanInRowsThatNoEntrySelectsStaysOut() {
    // Columns 1 and 3 have no entry.
    CsrMatrix s =
        CsrMatrix.of(new float[] {2, 1, 3}, new int[] {2, 0, 2}, new int[] {0, 2, 3}, 2, 4);
    Tensor w = own(Tensor.of(new float[] {1, 10}, 1, 2));
    for (Kronecker k :
        List.of(Kronecker.of(s, w), Kronecker.of(w, s), Kronecker.of(s, Kronecker.identity(2)))) {
      Tensor x = own(Tensor.ones(DType.F32, 8, 3));
      for (int i = 0; i < 8; i++) {
        int column = k.core().term(0).isSparse() ? i / 2 : i % 4;
        for (int j = 0; column % 2 == 1 && j < 3; j++) {
          x.set(j == 0 ? Double.NaN : Double.POSITIVE_INFINITY, i, j);
        }
      }
      Tensor out = own(Tensor.full(DType.F32, Double.NaN, k.rows(), 3));
      k.timesInto(out, 1, 0, x);
      double each = k.core().term(1).isIdentity() ? 1 : 11;
      for (int i = 0; i < k.rows(); i++) {
        assertEquals(3 * each, out.get(i, 0), k + " row " + i);
        assertEquals(3 * each, out.get(i, 2), k + " row " + i);
      }
      k.timesInto(out, 0, 2, x);
      assertEquals(6 * each, out.get(0, 1), "alpha 0 reads no operand");
    }
  }

  @Test
  void placesWithoutEntriesAreZeroWhateverOtherFactorsHold() {
    CsrMatrix s = CsrMatrix.of(new double[] {2, 3}, new int[] {1, 0}, new int[] {0, 1, 2}, 2, 2);
    Tensor w = own(Tensor.of(new double[] {Double.NaN, Double.POSITIVE_INFINITY, 1, 5}, 2, 2));
    Kronecker k = Kronecker.of(s, w);
    double[] want = {
      0,
      0,
      Double.NaN,
      Double.POSITIVE_INFINITY,
      0,
      0,
      2,
      10,
      Double.NaN,
      Double.POSITIVE_INFINITY,
      0,
      0,
      3,
      15,
      0,
      0
    };
    assertArrayEquals(want, own(k.toDense()).toDoubleArray());
    assertArrayEquals(Arrays.copyOfRange(want, 4, 8), own(k.row(1)).toDoubleArray());
    assertArrayEquals(new double[4], own(k.diagonal()).toDoubleArray());
    assertArrayEquals(
        new double[] {3, 15, 0, 0}, own(k.transpose().transpose().row(-1)).toDoubleArray());
  }

  /** Three sparse factors with strange entries, in every order. */
  @Test
  void andWhateverOtherSparseFactorsHold() {
    double nan = Double.NaN;
    double inf = Double.POSITIVE_INFINITY;
    double[][][] factors = {{{2, 0}, {0, 3}}, {{nan, 0}, {5, inf}}, {{0, -inf}, {7, 0}}};
    int[][] orders = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int[] order : orders) {
      Operand[] operands = new Operand[3];
      for (int f = 0; f < 3; f++) {
        double[][] d = factors[order[f]];
        Tensor dense = own(Tensor.of(new double[] {d[0][0], d[0][1], d[1][0], d[1][1]}, 2, 2));
        operands[f] = CsrMatrix.ofDense(dense, 0);
      }
      Kronecker k = Kronecker.of(operands);
      double[] want = new double[64];
      for (int i = 0; i < 64; i++) {
        int row = i / 8;
        int column = i % 8;
        double product = 1;
        boolean entry = true;
        for (int f = 0; f < 3; f++) {
          double v = factors[order[f]][row >> (2 - f) & 1][column >> (2 - f) & 1];
          entry &= v != 0;
          product *= v;
        }
        want[i] = entry ? product : 0;
      }
      String what = Arrays.toString(order);
      assertArrayEquals(want, TensorCopy.doubles(own(k.toDense()).strided()), what);
      double[] diagonal = new double[8];
      for (int i = 0; i < 8; i++) {
        assertArrayEquals(
            Arrays.copyOfRange(want, 8 * i, 8 * i + 8),
            TensorCopy.doubles(own(k.row(i)).strided()),
            what);
        diagonal[i] = want[9 * i];
      }
      assertArrayEquals(diagonal, TensorCopy.doubles(own(k.diagonal()).strided()), what);
    }
  }

  @Test
  void productKeepsSparseBesideSparseAndDiagonal() {
    Random random = new Random(SEED);
    CsrMatrix a = csr(random, DType.F64, 9, 12);
    CsrMatrix b = csr(random, DType.F64, 12, 7);
    Tensor d = random(random, DType.F64, 12);
    Tensor w = random(random, DType.F64, 2, 12, 4);
    Tensor v = random(random, DType.F64, 5, 9);
    record Pair(Operand x, Operand y, boolean sparse) {}
    for (Pair p :
        List.of(
            new Pair(a, b, true),
            new Pair(Kronecker.of(b).transpose(), Kronecker.of(a).transpose(), true),
            new Pair(a, Kronecker.diagonal(d), true),
            new Pair(Kronecker.diagonal(d), b, true),
            new Pair(a, w, false),
            new Pair(v, a, false),
            new Pair(a, Kronecker.identity(12), true))) {
      Kronecker x = Kronecker.of(p.x);
      Kronecker y = Kronecker.of(p.y);
      Kronecker product = x.product(y);
      assertEquals(p.sparse, product.core().hasSparse(), product.toString());
      Tensor want = own(TensorOps.matmul(own(x.toDense()), own(y.toDense())));
      near(
          product.toString(),
          TensorCopy.doubles(want.strided()),
          TensorCopy.doubles(own(product.toDense()).strided()),
          1e-14);
    }
  }

  @Test
  void linearAlgebraOfSparseFactors() {
    CsrMatrix s =
        CsrMatrix.of(
            new double[] {2, 7, -3, 1, 4}, new int[] {0, 0, 1, 1, 2}, new int[] {0, 1, 3, 5}, 3, 3);
    Tensor w = own(Tensor.of(new double[] {2, 1, 1, 2}, 2, 2));
    Kronecker k = Kronecker.of(s, w).transpose();
    assertEquals(3 * 4, k.trace());
    // det(S)^2 det(W)^3 = 576 * 27.
    assertEquals(1, k.logDeterminant().sign());
    assertEquals(Math.log(576.0 * 27), k.logDeterminant().logAbsolute(), 1e-13);
    Tensor x = random(new Random(SEED), DType.F64, 6, 2);
    Tensor b = own(k.times(x));
    near("solve", x.toDoubleArray(), own(k.solve(b)).toDoubleArray(), 1e-12);
    try (Kronecker.Eigenvalues values = k.eigenvalues()) {
      double[] real = values.real().toDoubleArray();
      Arrays.sort(real);
      near("eigenvalues", new double[] {-9, -3, 2, 4, 6, 12}, real, 1e-12);
    }
  }

  @Test
  void refusals() {
    CsrMatrix s = CsrMatrix.of(new float[] {2, 3}, new int[] {1, 0}, new int[] {0, 1, 2}, 2, 3);
    Tensor w = own(Tensor.ones(DType.F32, 4, 5));
    Kronecker k = Kronecker.of(w, s);
    message(() -> Kronecker.of(s, own(Tensor.ones(DType.F64, 2, 2))), "factor 1", "F64", "F32");
    message(() -> k.times(own(Tensor.ones(DType.F32, 14, 2))), "[8, 15]", "15", "[14, 2]");
    message(() -> k.timesLeft(own(Tensor.ones(DType.F32, 2, 15))), "8", "[2, 15]");
    message(() -> k.times(own(Tensor.ones(DType.F64, 15))), "F32", "F64");
    Tensor x = own(Tensor.ones(DType.F32, 15, 2));
    message(() -> k.timesInto(own(Tensor.ones(DType.F32, 8, 3)), 1, 0, x), "[8, 2]", "[8, 3]");
    message(k::logDeterminant, "factor 0");
    message(
        () ->
            Kronecker.of(s, own(Tensor.ones(DType.F32, 3, 2)))
                .solve(own(Tensor.ones(DType.F32, 6))),
        "factor 0",
        "csr [2, 3]");
    // Outputs that share elements with X or a dense factor stay as they were.
    Tensor big = own(Tensor.ones(DType.F32, 45));
    Tensor out = big.slice(0, 20, 36).reshape(8, 2);
    message(() -> k.timesInto(out, 1, 0, big.slice(0, 0, 30).reshape(15, 2)), "shares", "x");
    Kronecker own = Kronecker.of(big.slice(0, 0, 25).reshape(5, 5).slice(0, 0, 4), s);
    message(() -> own.timesInto(big.slice(0, 10, 26).reshape(8, 2), 1, 0, x), "shares", "factor");
    assertEquals(45, Arrays.stream(TensorCopy.doubles(big.strided())).sum());
    CsrMatrix large =
        CsrMatrix.of(new float[0], new int[0], new int[(1 << 15) + 1], 1 << 15, 1 << 15);
    message(Kronecker.of(large, Kronecker.identity(2))::logDeterminant, "csr", "1073741824");
    message(Kronecker.of(large)::toDense, "bytes", "1073741824");
    assertThrows(IndexOutOfBoundsException.class, () -> k.row(8));
  }

  @Test
  void emptyMatrices() {
    CsrMatrix none = CsrMatrix.of(new double[0], new int[0], new int[] {0}, 0, 3);
    CsrMatrix zeros = CsrMatrix.of(new double[0], new int[0], new int[] {0, 0, 0}, 2, 3);
    Tensor w = own(Tensor.ones(DType.F64, 2, 2));
    Tensor x = own(Tensor.full(DType.F64, Double.NaN, 6, 2));
    assertArrayEquals(new long[] {0, 2}, own(Kronecker.of(none, w).times(x)).shape());
    assertArrayEquals(new double[8], own(Kronecker.of(zeros, w).times(x)).toDoubleArray());
    assertArrayEquals(new double[24], own(Kronecker.of(zeros, w).toDense()).toDoubleArray());
    assertArrayEquals(new long[] {0, 6}, own(Kronecker.of(none, w).toDense()).shape());
    Tensor nothing = own(Tensor.ones(DType.F64, 2, 0));
    assertArrayEquals(
        new double[12], own(Kronecker.of(none, w).timesLeft(nothing)).toDoubleArray());
  }

  @Test
  void aClosedMatrixIsRefusedEverywhere() {
    CsrMatrix s = CsrMatrix.of(new float[] {2, 3}, new int[] {1, 0}, new int[] {0, 1, 2}, 2, 2);
    Kronecker k = Kronecker.of(s, Kronecker.identity(2));
    Tensor x = own(Tensor.ones(DType.F32, 4));
    s.close();
    for (Runnable call :
        List.<Runnable>of(
            () -> k.times(x),
            () -> k.timesLeft(x),
            () -> k.timesGradient(x, x),
            () -> k.row(0),
            k::toDense,
            k::diagonal,
            k::trace,
            k::transpose,
            k::eigenvalues,
            () -> k.solve(x),
            () -> k.product(k))) {
      assertThrows(IllegalStateException.class, call::run);
    }
    assertTrue(k.toString().contains("csr [2, 2] of 2 entries"));
  }

  @Test
  void explainNamesTheStages() {
    CsrMatrix s = csr(new Random(SEED), DType.F32, 30, 100);
    Kronecker k = Kronecker.of(own(Tensor.ones(DType.F32, 8, 8)), s, Kronecker.identity(1 << 20));
    Tensor x = own(own(Tensor.ones(DType.F32, 1)).broadcastTo(k.columns()));
    long bytes = Einblas.nativeBytesInUse();
    String text = k.explain(x);
    // What earlier tests left may be freed meanwhile.
    assertTrue(Einblas.nativeBytesInUse() <= bytes, "native memory leaked");
    assertTrue(text.contains("stage 1: factor 1, csr [30, 100]"), text);
    assertTrue(text.contains("8 in front and 1048576 behind"), text);
    assertTrue(text.contains("stage 2"), text);
  }
}
