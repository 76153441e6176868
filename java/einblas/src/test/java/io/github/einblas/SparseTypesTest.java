// CSR and BSR matrices of 16-bit floats and complex numbers beside dense einsum in F64 and C128, on
// whole numbers,
// whose sums are exact: one rounding makes equal bits. Products, gradients, conjugates,
// conversions, files, refusals.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SparseTypesTest {
  private static final int CASES = 40;

  @TempDir Path folder;

  private static DType wide(DType type) {
    return type.isComplex() ? DType.C128 : DType.F64;
  }

  /** Whole numbers from -4 to 4, of which `one_in` are not 0. */
  private static Tensor whole(Random random, DType type, int oneIn, long... shape) {
    int size = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    double[] parts = new double[type.isComplex() ? 2 * size : size];
    for (int i = 0; i < size; i++) {
      boolean zero = random.nextInt(oneIn) != 0;
      for (int p = 0; p < parts.length / size; p++) {
        parts[i * parts.length / size + p] = zero ? 0 : random.nextInt(9) - 4;
      }
    }
    try (Tensor t = type.isComplex() ? Tensor.ofComplex(parts, shape) : Tensor.of(parts, shape)) {
      return t.to(type);
    }
  }

  /** The same elements in another layout; a conjugate view of conjugates now and then. */
  private static Tensor laidOut(Random random, Tensor t) {
    Tensor same = random.nextBoolean() ? t.conj().copy().conj() : t;
    return TypedTensors.scattered(random, same);
  }

  private static Tensor operand(Random random, DType type, long... shape) {
    Tensor t = whole(random, type, 1, shape);
    return random.nextBoolean() ? t : laidOut(random, t);
  }

  private static Tensor dense(String equation, Tensor a, Tensor b) {
    return Einsum.einsum(equation, a.to(wide(a.dtype())), b.to(wide(b.dtype())));
  }

  private static void check(Tensor wanted, Tensor got, DType type, String what) {
    assertEquals(type, got.dtype(), what);
    assertArrayEquals(wanted.shape(), got.shape(), what);
    TypedTensors.check(TypedTensors.numbers(wanted.to(type)), got, what);
  }

  /** alpha * sum + beta * out in the wide type. */
  private static Tensor scaled(double alpha, Tensor sum, double beta, Tensor out) {
    Tensor made = out.to(sum.dtype());
    Einsum.plan(sum.rank() == 1 ? "i->i" : "ij->ij", PlanOptions.DEFAULT, sum)
        .runInto(made, alpha, beta, sum);
    return made;
  }

  private static void products(Random random, MatrixOperator a, Tensor m, String what) {
    DType type = a.dtype();
    boolean vector = random.nextInt(4) == 0;
    long n = random.nextLong(1, 41);
    long[] right = vector ? new long[] {a.columns()} : new long[] {a.columns(), n};
    long[] left = vector ? new long[] {a.rows()} : new long[] {n, a.rows()};
    Tensor x = operand(random, type, right);
    Tensor y = operand(random, type, left);
    Tensor ax = dense(vector ? "ij,j->i" : "ij,jk->ik", m, x);
    Tensor ya = dense(vector ? "i,ij->j" : "ki,ij->kj", y, m);
    check(m, a.toDense(), type, what + " toDense");
    check(ax, a.times(x), type, what + " times");
    check(ya, a.timesLeft(y), type, what + " timesLeft");
    check(ax, Einsum.einsum(vector ? "ij,j->i" : "ij,jk->ik", a, x), type, what + " einsum");
    if (!vector) {
      Tensor turned = ax.transpose();
      check(turned, Einsum.einsum("jk,ij->ki", x, a), type, what + " einsum turned");
    }
    double alpha = random.nextInt(5) / 2.0 - 1;
    double beta = random.nextInt(5) / 2.0 - 1;
    Tensor out = TypedTensors.scattered(random, whole(random, type, 1, ax.shape()));
    Tensor wanted = scaled(alpha, ax, beta, out);
    a.timesInto(out, alpha, beta, x);
    check(wanted, out, type, what + " timesInto " + alpha + " " + beta);
    Tensor leftOut = TypedTensors.scattered(random, whole(random, type, 1, ya.shape()));
    Tensor leftWanted = scaled(alpha, ya, beta, leftOut);
    a.timesLeftInto(leftOut, alpha, beta, y);
    check(leftWanted, leftOut, type, what + " timesLeftInto " + alpha + " " + beta);
    assertTrue(a.explain(x).contains(type.name()), a.explain(x));
  }

  /** Zero where the matrix stores nothing. */
  private static Tensor masked(Tensor product, Tensor stored) {
    double[] ones = stored.to(DType.BOOL).to(DType.F64).toDoubleArray();
    return Einsum.einsum("ij,ij->ij", product, Tensor.of(ones, stored.shape()));
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16", "C64", "C128"})
  void csrIsItsDenseMatrix(DType type) {
    for (int seed = 1; seed <= CASES; seed++) {
      Random random = new Random(seed);
      String what = "seed " + seed + " " + type;
      long rows = random.nextLong(1, 51);
      long columns = random.nextLong(1, 51);
      Tensor m = laidOut(random, whole(random, type, 1 + random.nextInt(5), rows, columns));
      CsrMatrix a = CsrMatrix.ofDense(m, 0);
      products(random, a, m, what);
      products(random, a.transpose(), m.transpose(), what + " transposed");
      products(random, a.conj(), m.conj(), what + " conj");
      products(random, a.adjoint(), m.transpose().conj(), what + " adjoint");
      products(random, a.conj().transpose().conj(), m.transpose(), what + " conj twice");
      Tensor flat = m.contiguous().reshape(columns, rows);
      products(random, a.conj().reshape(columns, rows), flat.conj(), what + " reshaped");
      CsrMatrix same = CsrMatrix.of(a.conj().values(), a.indices(), a.indptr(), rows, columns);
      check(m.conj(), same.toDense(), type, what + " from arrays");
      Tensor other = whole(random, type, 3, rows, 7);
      CsrMatrix b = CsrMatrix.ofDense(other, 0);
      for (boolean first : new boolean[] {false, true}) {
        for (boolean second : new boolean[] {false, true}) {
          Tensor wanted = dense("ij,ik->ijk", first ? m.conj() : m, second ? other.conj() : other);
          CsrMatrix product = (first ? a.conj() : a).khatriRao(second ? b.conj() : b);
          check(wanted.reshape(rows, 7 * columns), product.toDense(), type, what + " Khatri-Rao");
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16", "C64", "C128"})
  void bsrIsItsDenseMatrix(DType type) {
    for (int seed = 1; seed <= CASES; seed++) {
      Random random = new Random(seed);
      String what = "seed " + seed + " " + type;
      long r = random.nextLong(1, 10);
      long c = random.nextLong(1, 10);
      long rows = r * random.nextLong(1, 7);
      long columns = c * random.nextLong(1, 7);
      Tensor m = laidOut(random, whole(random, type, 12, rows, columns));
      BsrMatrix a = BsrMatrix.ofDense(m, r, c);
      products(random, a, m, what);
      products(random, a.transpose(), m.transpose(), what + " transposed");
      products(random, a.conj(), m.conj(), what + " conj");
      products(random, a.adjoint(), m.transpose().conj(), what + " adjoint");
      assertEquals(type.isComplex(), a.adjoint().blocks().isConjugate());
      BsrMatrix same = BsrMatrix.of(a.conj().blocks(), a.indices(), a.indptr(), rows, columns);
      check(m.conj(), same.toDense(), type, what + " from arrays");
      long k = random.nextLong(1, 21);
      Tensor x = operand(random, type, rows, k);
      Tensor y = operand(random, type, k, columns);
      BsrMatrix out = BsrMatrix.ofDense(m, r, c).conj();
      Tensor stored =
          BsrMatrix.sampledMatmul(a, whole1(type, rows, 1), whole1(type, 1, columns)).toDense();
      Tensor wanted = scaled(0.5, masked(dense("ik,kj->ij", x, y), stored), -0.5, m.conj());
      BsrMatrix.sampledMatmulInto(out, 0.5, -0.5, x, y);
      check(wanted, out.toDense(), type, what + " sampled into conjugates");
    }
  }

  private static Tensor whole1(DType type, long rows, long columns) {
    return Tensor.ones(type, rows, columns);
  }

  /**
   * Those of einsum's plan: PyTorch's convention, which TypedGradientTest checks by differences.
   */
  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16", "C64", "C128"})
  void gradientsAreThoseOfDenseEinsum(DType type) {
    for (int seed = 1; seed <= CASES; seed++) {
      Random random = new Random(seed);
      String what = "seed " + seed + " " + type;
      long rows = 3 * random.nextLong(1, 10);
      long columns = 2 * random.nextLong(1, 10);
      long n = random.nextLong(1, 21);
      Tensor m = whole(random, type, 3, rows, columns);
      Tensor x = operand(random, type, columns, n);
      Tensor g = operand(random, type, rows, n);
      CsrMatrix csr = CsrMatrix.ofDense(m, 0);
      BsrMatrix bsr = BsrMatrix.ofDense(m, 3, 2);
      Tensor blocks =
          BsrMatrix.sampledMatmul(bsr, whole1(type, rows, 1), whole1(type, 1, columns)).toDense();
      DType wide = wide(type);
      Tensor[] right = {m.to(wide), x.to(wide)};
      Tensor[] wanted =
          Einsum.plan("ij,jk->ik", PlanOptions.DEFAULT, right)
              .gradients(g.to(wide), right)
              .list()
              .toArray(Tensor[]::new);
      CsrMatrix.Gradient ofCsr = csr.timesGradient(x, g);
      check(wanted[1], ofCsr.x(), type, what + " csr x");
      check(masked(wanted[0], m), ofCsr.matrix().toDense(), type, what + " csr");
      BsrMatrix.Gradient ofBsr = bsr.timesGradient(x, g);
      check(wanted[1], ofBsr.x(), type, what + " bsr x");
      check(masked(wanted[0], blocks), ofBsr.matrix().toDense(), type, what + " bsr");
      Tensor y = operand(random, type, n, rows);
      Tensor h = operand(random, type, n, columns);
      Tensor[] left = {y.to(wide), m.to(wide)};
      wanted =
          Einsum.plan("ki,ij->kj", PlanOptions.DEFAULT, left)
              .gradients(h.to(wide), left)
              .list()
              .toArray(Tensor[]::new);
      ofCsr = csr.timesLeftGradient(y, h);
      check(wanted[0], ofCsr.x(), type, what + " csr left x");
      check(masked(wanted[1], m), ofCsr.matrix().toDense(), type, what + " csr left");
      ofBsr = bsr.timesLeftGradient(y, h);
      check(wanted[0], ofBsr.x(), type, what + " bsr left x");
      check(masked(wanted[1], blocks), ofBsr.matrix().toDense(), type, what + " bsr left");
      Tensor vector = operand(random, type, columns);
      Tensor up = operand(random, type, rows);
      Tensor outer = dense("i,j->ij", up, vector.conj());
      check(masked(outer, m), csr.timesGradient(vector, up).matrix().toDense(), type, what);
      check(masked(outer, blocks), bsr.timesGradient(vector, up).matrix().toDense(), type, what);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16", "C64", "C128"})
  void filesAndTriples(DType type) throws IOException {
    Random random = new Random(7);
    Tensor m = whole(random, type, 3, 12, 10);
    CsrMatrix csr = CsrMatrix.ofDense(m, 0);
    BsrMatrix bsr = BsrMatrix.ofDense(m, 3, 2);
    Path file = folder.resolve("m.npz");
    for (boolean conjugate : new boolean[] {false, true}) {
      Tensor wanted = conjugate ? m.conj() : m;
      (conjugate ? csr.conj() : csr).writeNpz(file);
      check(wanted, CsrMatrix.readNpz(file).toDense(), type, "csr of a file");
      (conjugate ? bsr.conj() : bsr).writeNpz(file);
      check(wanted, BsrMatrix.readNpz(file).toDense(), type, "bsr of a file");
      (conjugate ? bsr.adjoint() : bsr.transpose()).writeNpz(file);
      check(wanted.transpose(), BsrMatrix.readNpz(file).toDense(), type, "turned bsr of a file");
      Files.delete(file);
    }
    Tensor one = whole(random, type, 1, 3);
    Tensor place = Tensor.of(new int[] {1, 1, 1});
    Tensor sum = Einsum.einsum("i->", one.to(wide(type)));
    Tensor got = CsrMatrix.ofTriples(one.conj(), place, place, 2, 2).toDense();
    check(sum.conj(), got.select(0, 1).select(0, 1), type, "triples of one place");
  }

  @Test
  void valuesAreConverted() {
    Random random = new Random(8);
    Tensor m = whole(random, DType.F32, 3, 12, 10);
    CsrMatrix a = CsrMatrix.ofDense(m, 0);
    for (DType type : new DType[] {DType.BF16, DType.F16, DType.C64, DType.C128, DType.I32}) {
      check(m.to(wide(type)), a.to(type).toDense(), type, "to " + type);
    }
    CsrMatrix c = CsrMatrix.ofDense(whole(random, DType.C64, 2, 4, 5), 0);
    check(c.toDense().conj(), c.conj().to(DType.C128).toDense(), DType.C128, "to of conjugates");
    refused("would lose the imaginary parts", () -> c.to(DType.F32));
    refused(
        "values are of F32, F64, BF16, F16, C64 or C128, or of I32 or I64, got I8",
        () -> a.to(DType.I8));
  }

  private static void refused(String text, Supplier<?> call) {
    String message = assertThrows(IllegalArgumentException.class, call::get).getMessage();
    assertTrue(message.contains(text), message);
  }

  @Test
  void otherTypesAreRefusedByName() {
    CsrMatrix csr = CsrMatrix.ofDense(Tensor.ones(DType.C64, 2, 2), 0);
    BsrMatrix bsr = BsrMatrix.ofDense(Tensor.ones(DType.BF16, 2, 2), 1, 1);
    for (DType type : DType.values()) {
      Tensor x = Tensor.ones(type, 2, 2);
      if (type != DType.C64) {
        refused("dtype=" + type, () -> csr.times(x));
        refused("dtype=" + type, () -> Einsum.einsum("ij,jk->ik", csr, x));
        refused("dtype=" + type, () -> CsrMatrix.sampledMatmul(csr, x, x));
      }
      if (type != DType.BF16) {
        refused("must be BF16", () -> bsr.times(x));
        refused("dtype=" + type, () -> Einsum.einsum("ij,jk->ik", bsr, x));
        refused("must be BF16", () -> BsrMatrix.sampledMatmul(bsr, x, x));
      }
      if (type.isInteger() || type.isBool()) {
        refused("F32, F64, BF16, F16, C64 or C128", () -> BsrMatrix.ofDense(x, 1, 1));
        if (type != DType.I32 && type != DType.I64) {
          refused("got " + type, () -> CsrMatrix.ofDense(x, 0));
        }
      }
    }
    Tensor out = Tensor.ones(DType.C64, 2, 2);
    Tensor x = Tensor.ones(DType.C64, 2, 2);
    String message =
        assertThrows(RuntimeException.class, () -> csr.timesInto(out.conj(), 1, 0, x)).getMessage();
    assertTrue(message.contains("conjugate view"), message);
    for (DType type : new DType[] {DType.I32, DType.I64}) {
      CsrMatrix whole = CsrMatrix.ofDense(Tensor.ones(type, 2, 2), 0);
      refused("sparse matrix of " + type, () -> Kronecker.of(csr, whole));
      refused("factors have F32", () -> Kronecker.of(whole, Kronecker.identity(2)));
    }
  }

  /** 1 + 2^-8 + 2^-8 is 1 where it is rounded in between. */
  @Test
  void placesAreRoundedOnce() {
    Tensor values = Tensor.of(new double[] {1, 0x1p-8, 0x1p-8}).to(DType.BF16);
    Tensor zeros = Tensor.of(new int[] {0, 0, 0});
    Tensor one = Tensor.ones(DType.BF16, 1, 1);
    for (Tensor got :
        new Tensor[] {
          CsrMatrix.ofTriples(values, zeros, zeros, 1, 1).toDense(),
          CsrMatrix.ofTriples(values, zeros, zeros, 1, 1).times(one),
          BsrMatrix.of(values.reshape(3, 1, 1), new int[3], new int[] {0, 3}, 1, 1).toDense()
        }) {
      assertEquals(1 + 0x1p-7, got.get(0, 0));
    }
  }
}
