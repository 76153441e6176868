// Kronecker operators of BF16, F16, C64 and C128 against plain loops over the built matrix:
// products, adjoints, elements, gradients; conjugate views everywhere.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.tensor.Precision;
import io.github.einblas.internal.tensor.TensorCopy;
import io.github.einblas.reference.Seeds;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KroneckerTypesTest extends RandomKronecker {
  private static final List<DType> TYPES = List.of(DType.BF16, DType.F16, DType.C64, DType.C128);

  /**
   * Most error of a number: sums in the type that is computed in, of products of this magnitude,
   * and one rounding of the result where that is narrower. A complex product has an error of at
   * most sqrt(5) units (Brent, Percival, Zimmermann 2007).
   */
  private static double bound(DType type, double roundings, double magnitude, double want) {
    DType compute = type.computeType();
    double error = roundings * unit(compute) * (type.isComplex() ? 2.24 : 1) * 1.01 * magnitude;
    return compute == type
        ? error
        : error + (Math.abs(want) + error) * unit(type) + Precision.of(type).least();
  }

  private static long[] index(long[] shape, int e) {
    long[] index = new long[shape.length];
    long rest = e;
    for (int d = shape.length - 1; d >= 0; d--) {
      index[d] = rest % shape[d];
      rest /= shape[d];
    }
    return index;
  }

  private static void close(String what, DType type, double[] want, double[] got, double bound) {
    double error = Math.hypot(want[0] - got[0], want[1] - got[1]);
    assertTrue(
        error <= bound,
        () ->
            what
                + " of "
                + type
                + " is "
                + Arrays.toString(got)
                + ", want "
                + Arrays.toString(want)
                + " within "
                + bound);
  }

  /** The element that a tensor has for batch b; vectors have one axis. */
  private static double[] at(Tensor t, boolean left, long b, long along, long free) {
    return switch (t.rank()) {
      case 1 -> ComplexMatrix.get(t.strided(), along);
      case 2 -> ComplexMatrix.get(t.strided(), left ? free : along, left ? along : free);
      default ->
          ComplexMatrix.get(
              t.strided(), t.length(0) == 1 ? 0 : b, left ? free : along, left ? along : free);
    };
  }

  /** alpha M x + beta before, or alpha x M + beta before, element by element. */
  private static void compare(
      String what,
      ComplexMatrix[] all,
      Tensor x,
      Tensor got,
      boolean left,
      double roundings,
      double alpha,
      double beta,
      Tensor before) {
    DType type = x.dtype();
    long batch = got.rank() == 3 ? got.length(0) : 1;
    long free = x.rank() == 1 ? 1 : x.length(left ? -2 : -1);
    for (long b = 0; b < batch; b++) {
      ComplexMatrix m = all[all.length == 1 ? 0 : (int) b];
      for (long f = 0; f < free; f++) {
        for (int i = 0; i < (left ? m.columns() : m.rows()); i++) {
          double[] sum = new double[2];
          double magnitude = 0;
          for (int j = 0; j < (left ? m.rows() : m.columns()); j++) {
            double[] element = left ? m.at(j, i) : m.at(i, j);
            double[] product = ComplexMatrix.times(element, at(x, left, b, j, f));
            sum[0] += product[0];
            sum[1] += product[1];
            magnitude += ComplexMatrix.size(product);
          }
          double[] old = beta == 0 ? new double[2] : at(before, left, b, i, f);
          double[] want = {alpha * sum[0] + beta * old[0], alpha * sum[1] + beta * old[1]};
          double most = Math.abs(alpha) * magnitude + Math.abs(beta) * ComplexMatrix.size(old);
          double bound = bound(type, roundings, most, ComplexMatrix.size(want));
          close(what + ": element " + i + ", " + f, type, want, at(got, left, b, i, f), bound);
        }
      }
    }
  }

  private Tensor randomX(Random random, Kronecker k, boolean left, long length) {
    DType type = k.dtype();
    long free = 1L + random.nextInt(4);
    long batch = k.core().batch().length == 0 ? 0 : k.core().batch()[0];
    int kind = batch > 0 ? 1 + random.nextInt(2) : random.nextInt(3);
    return switch (kind) {
      case 0 -> random(random, type, length);
      case 1 -> left ? random(random, type, free, length) : random(random, type, length, free);
      default -> {
        long b = batch == 0 ? 3 : random.nextBoolean() ? 1 : batch;
        yield left ? random(random, type, b, free, length) : random(random, type, b, length, free);
      }
    };
  }

  @Test
  void productsAgainstTheBuiltMatrix() {
    for (long seed : Seeds.upTo(300)) {
      Random random = new Random(SEED + seed);
      DType type = TYPES.get((int) (seed % TYPES.size()));
      Case c = operator(random, type, false, random.nextInt(3) == 0);
      Kronecker k = c.operator();
      int batch = k.core().batch().length == 0 ? 1 : (int) k.core().batch()[0];
      ComplexMatrix[] m = new ComplexMatrix[batch];
      Arrays.setAll(m, b -> matrix(c.operator(), b));
      int turn = random.nextInt(3);
      if (turn > 0) {
        k = turn == 1 ? k.transpose() : k.adjoint();
        Arrays.setAll(m, b -> m[b].turned(turn == 2));
      }
      boolean left = random.nextBoolean();
      Tensor x = randomX(random, k, left, left ? k.rows() : k.columns());
      String way =
          (turn == 0 ? "" : turn == 1 ? " transposed" : " adjoint") + (left ? " left" : "");
      String what = "seed " + seed + way + " " + c.text() + " x " + x.strided().describe();
      Tensor y = own(left ? k.timesLeft(x) : k.times(x));
      assertEquals(type, y.dtype(), what);
      compare(what, m, x, y, left, roundings(k), 1, 0, null);
      Tensor into = random(random, type, y.shape());
      into = into.isConjugate() ? into.conj() : into;
      Tensor before = own(into.copy());
      if (left) {
        k.timesLeftInto(into, -1.5, 0.5, x);
      } else {
        k.timesInto(into, -1.5, 0.5, x);
      }
      compare(what + " alpha beta", m, x, into, left, roundings(k) + 3, -1.5, 0.5, before);
      close();
      open.clear();
    }
  }

  /** Two factors whose intermediate no 16-bit float holds: 1 + 2^-12, minus 1. */
  @Test
  void intermediatesOfNarrowTypesAreF32() {
    for (DType type : List.of(DType.BF16, DType.F16)) {
      Tensor a = own(own(Tensor.of(new float[] {1, 0x1p-12f}, 1, 2)).to(type));
      Tensor b = own(own(Tensor.of(new float[] {1, -1}, 1, 2)).to(type));
      // (a0 x0 + a1 x2) - (a0 x1 + a1 x3) = (1 + 2^-12) - 1.
      Tensor x = own(own(Tensor.of(new float[] {1, 1, 1, 0})).to(type));
      Kronecker k = Kronecker.of(a, b);
      assertEquals(0x1p-12, own(k.times(x)).get(0), type.toString());
      // The same with the sum of the first product beyond the range of F16.
      Tensor large = own(own(Tensor.of(new float[] {60000, 60000}, 1, 2)).to(DType.F16));
      Tensor small = own(own(Tensor.of(new float[] {0x1p-4f}, 1, 1)).to(DType.F16));
      Tensor ones = own(Tensor.ones(DType.F16, 2));
      assertEquals(7500, own(Kronecker.of(large, small).times(ones)).get(0));
    }
  }

  @Test
  void elementsAreThoseOfTheBuiltMatrix() {
    for (long seed : Seeds.upTo(200)) {
      Random random = new Random(SEED + seed);
      DType type = TYPES.get((int) (seed % TYPES.size()));
      Case c = operator(random, type, random.nextBoolean(), seed % 5 == 0);
      Kronecker k = random.nextBoolean() ? c.operator() : c.operator().adjoint();
      String what = "seed " + seed + " " + c.text();
      Tensor dense = own(k.toDense());
      Tensor row = own(k.row(-1));
      boolean batched = k.core().batch().length > 0;
      boolean diagonals = k.core().allSquare() || !batched;
      Tensor diagonal = diagonals ? own(k.diagonal()) : null;
      int batch = batched ? (int) k.core().batch()[0] : 1;
      int n = (int) Math.min(k.rows(), k.columns());
      for (int b = 0; b < batch; b++) {
        ComplexMatrix m = matrix(k, b);
        double[] sum = new double[2];
        double magnitude = 0;
        for (int i = 0; i < m.rows(); i++) {
          for (int j = 0; j < m.columns(); j++) {
            double[] want = m.at(i, j);
            double size = ComplexMatrix.size(want);
            double bound = bound(type, 2 * k.factors(), size, size);
            String element = what + " [" + b + ", " + i + ", " + j + "]";
            close(element, type, want, element(dense, batched, b, i, j), bound);
            if (i == m.rows() - 1) {
              close(element + " row", type, want, element(row, batched, b, j), bound);
            }
            if (i == j && i < n && diagonals) {
              close(element + " diagonal", type, want, element(diagonal, batched, b, i), bound);
              sum[0] += want[0];
              sum[1] += want[1];
              magnitude += size;
            }
          }
        }
        if (!batched && k.rows() == k.columns()) {
          double[] trace = {k.traceReal(), k.traceImag()};
          // The product of sums cancels otherwise than the sum of products.
          double most =
              k.core().terms().stream()
                  .mapToDouble(t -> (t.isSparse() ? 3 : 1.5) * t.rows())
                  .reduce(1, (p, q) -> p * q);
          close(what + " trace", type, sum, trace, 0x1p-50 * (magnitude + most) * (n + 4));
        }
      }
      close();
      open.clear();
    }
  }

  private static double[] element(Tensor t, boolean batched, long b, long... index) {
    long[] own = new long[index.length + 1];
    own[0] = b;
    System.arraycopy(index, 0, own, 1, index.length);
    return ComplexMatrix.get(t.strided(), batched ? own : index);
  }

  /** Re(sum conj(g) y): its gradient for y is g, in PyTorch's convention. */
  private static double value(Kronecker k, Tensor x, Tensor g, boolean left) {
    try (Tensor y = left ? k.timesLeft(x) : k.times(x)) {
      double sum = 0;
      for (int e = 0; e < y.size(); e++) {
        long[] index = index(y.shape(), e);
        double[] a = ComplexMatrix.get(y.strided(), index);
        double[] b = ComplexMatrix.get(g.strided(), index);
        sum += a[0] * b[0] + a[1] * b[1];
      }
      return sum;
    }
  }

  /** The value is linear in each part of each element: a difference of any step is exact. */
  @Test
  void complexGradientsAreDifferences() {
    for (long seed : Seeds.upTo(50)) {
      Random random = new Random(SEED + seed);
      Case c = operator(random, DType.C128, false, seed % 3 == 0);
      Kronecker k = random.nextBoolean() ? c.operator() : c.operator().adjoint();
      boolean left = random.nextBoolean();
      long length = left ? k.rows() : k.columns();
      Tensor x =
          left ? random(random, DType.C128, 2, length) : random(random, DType.C128, length, 2);
      String what = "seed " + seed + (left ? " left " : " ") + c.text();
      Tensor y = own(left ? k.timesLeft(x) : k.times(x));
      Tensor g = random(random, DType.C128, y.shape());
      try (Kronecker.Gradient got = left ? k.timesLeftGradient(x, g) : k.timesGradient(x, g)) {
        check(what + " dX", k, x, g, left, x, got.x());
        for (int f = 0; f < k.factors(); f++) {
          if (k.core().term(f).tensor() == null) {
            assertEquals(null, got.factor(f), what);
          } else {
            Tensor own = new Tensor(k.core().term(f).tensor());
            check(what + " dF" + f, k, x, g, left, own, got.factor(f));
          }
        }
      }
      close();
      open.clear();
    }
  }

  private static void check(
      String what, Kronecker k, Tensor x, Tensor g, boolean left, Tensor variable, Tensor got) {
    assertArrayEquals(variable.shape(), got.shape(), what);
    assertEquals(variable.dtype(), got.dtype(), what);
    // Memory is written through the view without the conjugate.
    Tensor memory = variable.isConjugate() ? variable.conj() : variable;
    double sign = variable.isConjugate() ? -1 : 1;
    for (int e = 0; e < variable.size(); e++) {
      long[] index = index(variable.shape(), e);
      double[] before = ComplexMatrix.get(variable.strided(), index);
      double[] want = new double[2];
      for (int part = 0; part < 2; part++) {
        for (int step = -1; step <= 1; step += 2) {
          memory.setComplex(
              before[0] + (part == 0 ? step : 0),
              sign * (before[1] + (part == 1 ? step : 0)),
              index);
          want[part] += step * value(k, x, g, left) / 2;
        }
      }
      memory.setComplex(before[0], sign * before[1], index);
      // Up to 4 factors of length 5 and entries up to 3: sums of at most 625 * 625 products.
      close(
          what + " element " + e, DType.C128, want, ComplexMatrix.get(got.strided(), index), 1e-9);
    }
  }

  /** Beside those of the same numbers in F64; magnitudes by those of absolute values. */
  @Test
  void narrowGradientsAreRoundedOnce() {
    for (long seed : Seeds.upTo(60)) {
      Random random = new Random(SEED + seed);
      DType type = seed % 2 == 0 ? DType.BF16 : DType.F16;
      Case c = operator(random, type, false, seed % 3 == 0);
      Kronecker k = c.operator();
      Tensor x = random(random, type, k.columns(), 3);
      Tensor g = random(random, type, own(k.times(x)).shape());
      try (Kronecker.Gradient got = k.timesGradient(x, g);
          Kronecker.Gradient want =
              inDouble(k, false).timesGradient(wide(x, false), wide(g, false));
          Kronecker.Gradient size = inDouble(k, true).timesGradient(wide(x, true), wide(g, true))) {
        // Sums over all axes but the own ones, the batch too.
        double roundings = roundings(k) + 3 + 3;
        check(c.text() + " dX", type, roundings, got.x(), want.x(), size.x());
        for (int f = 0; f < k.factors(); f++) {
          if (got.factor(f) != null) {
            long all = x.size() * 3;
            check(
                c.text() + " dF" + f,
                type,
                roundings + all,
                got.factor(f),
                want.factor(f),
                size.factor(f));
          }
        }
      }
      close();
      open.clear();
    }
  }

  private Tensor wide(Tensor t, boolean absolute) {
    double[] values = TensorCopy.doubles(t.strided());
    return own(
        Tensor.of(absolute ? Arrays.stream(values).map(Math::abs).toArray() : values, t.shape()));
  }

  private Kronecker inDouble(Kronecker k, boolean absolute) {
    return Kronecker.of(
        k.core().terms().stream()
            .map(
                t ->
                    t.isIdentity()
                        ? Kronecker.identity(t.rows())
                        : t.isDiagonal()
                            ? Kronecker.diagonal(wide(new Tensor(t.tensor()), absolute))
                            : wide(
                                t.isSparse()
                                    ? own(new Tensor(t.csr().toDense()))
                                    : new Tensor(t.tensor()),
                                absolute))
            .toArray(Operand[]::new));
  }

  private static void check(
      String what, DType type, double roundings, Tensor got, Tensor want, Tensor size) {
    assertEquals(type, got.dtype(), what);
    for (int e = 0; e < got.size(); e++) {
      long[] index = index(got.shape(), e);
      double exact = want.get(index);
      double bound = bound(type, roundings, size.get(index), exact);
      assertEquals(exact, got.get(index), bound, what + " element " + e);
    }
  }

  @Test
  void theAdjointIsAViewOfTheFactors() {
    Random random = new Random(SEED);
    Tensor w = own(Tensor.ofComplex(new double[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 2, 3));
    Tensor d = own(Tensor.ofComplex(new double[] {1, -1, 0, 2}, 2));
    Kronecker k = Kronecker.of(w, Kronecker.diagonal(d), Kronecker.identity(2));
    long bytes = Einblas.nativeBytesInUse();
    Kronecker h = k.adjoint();
    assertTrue(Einblas.nativeBytesInUse() <= bytes, "a factor was copied");
    assertArrayEquals(new long[] {12, 8}, h.shape());
    w.setComplex(-7, 70, 1, 2);
    assertArrayEquals(new double[] {-7, -70}, ComplexMatrix.get(h.core().term(0).tensor(), 2, 1));
    assertArrayEquals(new double[] {1, 1}, ComplexMatrix.get(h.core().term(1).tensor(), 0));
    assertArrayEquals(own(k.toDense()).toDoubleArray(), own(h.adjoint().toDense()).toDoubleArray());
    // <g, K x> = <K^H g, x>
    Tensor x = random(random, DType.C128, 12);
    Tensor g = random(random, DType.C128, 8);
    double[] there = inner(g, own(k.times(x)));
    double[] back = inner(own(h.times(g)), x);
    close("inner product", DType.C128, there, back, 12 * 8 * 100 * 0x1p-50);
    Kronecker real = Kronecker.of(random(random, DType.F64, 2, 3));
    assertArrayEquals(
        own(real.transpose().toDense()).toDoubleArray(),
        own(real.adjoint().toDense()).toDoubleArray());
    w.close();
    assertThrows(IllegalStateException.class, k::adjoint);
  }

  private static double[] inner(Tensor a, Tensor b) {
    double[] sum = new double[2];
    for (long i = 0; i < a.size(); i++) {
      double[] p = ComplexMatrix.get(a.conj().strided(), i);
      double[] part = ComplexMatrix.times(p, ComplexMatrix.get(b.strided(), i));
      sum[0] += part[0];
      sum[1] += part[1];
    }
    return sum;
  }

  @Test
  void productOfOperatorsAndEinsum() {
    Random random = new Random(SEED);
    for (DType type : TYPES) {
      Kronecker a =
          Kronecker.of(
              random(random, type, 2, 3),
              Kronecker.identity(2),
              Kronecker.diagonal(random(random, type, 2)));
      Kronecker b =
          Kronecker.of(
              random(random, type, 3, 4),
              Kronecker.diagonal(random(random, type, 2)),
              random(random, type, 2, 2));
      ComplexMatrix x = matrix(a, 0);
      ComplexMatrix y = matrix(b, 0);
      Tensor dense = own(b.toDense());
      Tensor einsum = own(Einsum.einsum("ij,jk->ki", a, dense));
      ComplexMatrix z = matrix(a.product(b), 0);
      for (int i = 0; i < x.rows(); i++) {
        for (int j = 0; j < y.columns(); j++) {
          double[] sum = new double[2];
          double size = 0;
          for (int s = 0; s < y.rows(); s++) {
            double[] part = ComplexMatrix.times(x.at(i, s), y.at(s, j));
            sum[0] += part[0];
            sum[1] += part[1];
            size += ComplexMatrix.size(part);
          }
          // Each of the factors, and the dense matrix, is rounded to the type.
          double bound = 4 * unit(type) * size + bound(type, 40, size, size);
          close("product " + i + ", " + j, type, sum, z.at(i, j), bound);
          close("einsum", type, sum, ComplexMatrix.get(einsum.strided(), j, i), bound);
        }
      }
    }
  }

  @Test
  void identitiesMultiplyNothing() {
    Tensor w = own(Tensor.ofComplex(new double[] {Double.POSITIVE_INFINITY, 0, 1, -0.0}, 1, 2));
    Kronecker k = Kronecker.of(Kronecker.identity(2), w);
    double inf = Double.POSITIVE_INFINITY;
    assertArrayEquals(
        new double[] {inf, 0, 1, -0.0, 0, 0, 0, 0, 0, 0, 0, 0, inf, 0, 1, -0.0},
        own(k.toDense()).toDoubleArray());
    assertArrayEquals(new double[] {0, 0, 0, 0, inf, 0, 1, -0.0}, own(k.row(1)).toDoubleArray());
    assertArrayEquals(new double[] {inf, 0, 0, 0}, own(k.diagonal()).toDoubleArray());
    Kronecker square = Kronecker.of(Kronecker.identity(3), Kronecker.diagonal(w.reshape(2)));
    assertEquals(inf, square.traceReal());
    assertEquals(0, square.traceImag());
    for (DType type : TYPES) {
      Tensor x = own(Tensor.full(type, 3, 2));
      assertEquals(3, own(Kronecker.identity(2).times(x)).getReal(1), type.toString());
      assertEquals(3, own(Kronecker.identity(2).solve(x)).getReal(1), type.toString());
    }
  }
}
