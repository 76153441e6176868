// Kronecker operators against plain loops over the built matrix: products, elements, gradients,
// algebra.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.kronecker.Term;
import io.github.einblas.internal.tensor.Elements;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import io.github.einblas.reference.Seeds;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KroneckerTest extends RandomKronecker {
  private void compare(
      String what, double[][][] m, Tensor x, Tensor got, boolean left, double factor, double[] z) {
    int batch = got.rank() == 3 ? (int) got.length(0) : 1;
    int rank = got.rank();
    long free = x.rank() == 1 ? 1 : x.length(left ? x.rank() - 2 : x.rank() - 1);
    long out = got.length(left || rank == 1 ? rank - 1 : rank - 2);
    double[] values = TensorCopy.doubles(got.strided());
    for (int b = 0; b < batch; b++) {
      double[][] k = m[m.length == 1 ? 0 : b];
      for (int f = 0; f < free; f++) {
        for (int i = 0; i < out; i++) {
          double sum = 0;
          double size = 0;
          for (int j = 0; j < (left ? k.length : k[0].length); j++) {
            double product = (left ? k[j][i] : k[i][j]) * at(x, b, left ? f : j, left ? j : f);
            sum += product;
            size += Math.abs(product);
          }
          int e = (int) (left ? (b * free + f) * out + i : (b * out + i) * free + f);
          double want = z == null ? sum : -1.5 * sum + 0.5 * z[e];
          double bound = factor * (size * (z == null ? 1 : 1.5) + (z == null ? 0 : Math.abs(z[e])));
          assertTrue(
              Math.abs(values[e] - want) <= bound,
              () -> what + ": element " + e + " is " + values[e] + ", want " + want);
        }
      }
    }
  }

  private static double at(Tensor x, int b, int i, int j) {
    return switch (x.rank()) {
      case 1 -> x.get(Math.max(i, j));
      case 2 -> x.get(i, j);
      default -> x.get(x.length(0) == 1 ? 0 : b, i, j);
    };
  }

  @Test
  void productsAgainstTheBuiltMatrix() {
    for (long seed : Seeds.upTo(400)) {
      Random random = new Random(SEED + seed);
      DType dtype = random.nextBoolean() ? DType.F32 : DType.F64;
      boolean batched = random.nextInt(3) == 0;
      Case c = operator(random, dtype, false, batched);
      Kronecker k = c.operator();
      if (random.nextBoolean()) {
        k = k.transpose();
      }
      boolean left = random.nextBoolean();
      long length = left ? k.rows() : k.columns();
      long free = 1L + random.nextInt(6);
      Tensor x =
          switch (random.nextInt(3)) {
            case 0 -> random(random, dtype, length);
            case 1 ->
                left ? random(random, dtype, free, length) : random(random, dtype, length, free);
            default -> {
              long b =
                  k.core().batch().length == 0 ? 3 : random.nextBoolean() ? 1 : k.core().batch()[0];
              yield left
                  ? random(random, dtype, b, free, length)
                  : random(random, dtype, b, length, free);
            }
          };
      if (x.rank() == 1 && k.core().batch().length > 0 && k.core().batch()[0] > 1) {
        continue; // checked by the corpus
      }
      String what =
          "seed " + seed + (left ? " left " : " ") + c.text() + " x " + x.strided().describe();
      double[][][] m = matrices(k);
      double factor = roundings(k) * unit(dtype) * 1.01;
      Tensor y = own(left ? k.timesLeft(x) : k.times(x));
      compare(what, m, x, y, left, factor, null);
      Tensor z = random(random, dtype, y.shape());
      double[] before = TensorCopy.doubles(z.strided());
      if (left) {
        k.timesLeftInto(z, -1.5, 0.5, x);
      } else {
        k.timesInto(z, -1.5, 0.5, x);
      }
      compare(what + " alpha beta", m, x, z, left, factor, before);
      close();
      open.clear();
    }
  }

  @Test
  void elementsAreThoseOfTheBuiltMatrix() {
    for (long seed : Seeds.upTo(200)) {
      Random random = new Random(SEED + seed);
      boolean batched = seed % 4 == 0;
      boolean square = random.nextBoolean();
      Case c = operator(random, DType.F64, square, batched);
      Kronecker k = c.operator();
      String what = "seed " + seed + " " + c.text();
      double[][][] m = matrices(k);
      double eps = 4 * k.factors() * 0x1p-53;
      double[] dense = TensorCopy.doubles(own(k.toDense()).strided());
      double[] flat =
          Arrays.stream(m).flatMap(Arrays::stream).flatMapToDouble(Arrays::stream).toArray();
      close(what, flat, dense, eps);
      int i = random.nextInt((int) k.rows());
      double[] rows = Arrays.stream(m).flatMapToDouble(b -> Arrays.stream(b[i])).toArray();
      close(what + " row " + i, rows, TensorCopy.doubles(own(k.row(i)).strided()), eps);
      close(
          what + " row from the end",
          rows,
          TensorCopy.doubles(own(k.row(i - k.rows())).strided()),
          eps);
      boolean each = k.core().terms().stream().allMatch(Term::isSquare);
      if (k.core().batch().length > 0 && !each) {
        assertThrows(IllegalArgumentException.class, k::diagonal);
        continue;
      }
      int n = (int) Math.min(k.rows(), k.columns());
      double[] diagonal = new double[m.length * n];
      for (int e = 0; e < diagonal.length; e++) {
        diagonal[e] = m[e / n][e % n][e % n];
      }
      close(what + " diagonal", diagonal, TensorCopy.doubles(own(k.diagonal()).strided()), eps);
      if (k.core().batch().length == 0 && k.rows() == k.columns()) {
        double size = Arrays.stream(diagonal).map(Math::abs).sum();
        // The product of sums cancels otherwise than the sum of products.
        double magnitude =
            k.core().terms().stream()
                .mapToDouble(t -> t.isIdentity() ? t.rows() : t.rows() * 1.0)
                .reduce(1, (a, b) -> a * b);
        assertEquals(
            Arrays.stream(diagonal).sum(),
            k.trace(),
            64 * 0x1p-53 * Math.max(size, magnitude),
            what);
      }
    }
  }

  private static void close(String what, double[] want, double[] got, double eps) {
    assertEquals(want.length, got.length, what);
    for (int e = 0; e < want.length; e++) {
      assertEquals(want[e], got[e], eps * Math.abs(want[e]), what + " element " + e);
    }
  }

  /** The product is linear in X and in each factor: a difference of any step is exact. */
  @Test
  void gradientsAreDifferences() {
    for (long seed : Seeds.upTo(60)) {
      Random random = new Random(SEED + seed);
      Case c = operator(random, DType.F64, false, seed % 3 == 0);
      Kronecker k = c.operator();
      boolean left = random.nextBoolean();
      long length = left ? k.rows() : k.columns();
      Tensor x =
          seed % 5 == 0
              ? random(random, DType.F64, length)
              : left ? random(random, DType.F64, 2, length) : random(random, DType.F64, length, 2);
      String what = "seed " + seed + (left ? " left " : " ") + c.text();
      Tensor y = own(left ? k.timesLeft(x) : k.times(x));
      Tensor g = random(random, DType.F64, y.shape());
      try (Kronecker.Gradient gradient = left ? k.timesLeftGradient(x, g) : k.timesGradient(x, g)) {
        assertEquals(k.factors(), gradient.factors().size(), what);
        check(what + " dX", k, x, g, left, x, gradient.x());
        for (int f = 0; f < k.factors(); f++) {
          Strided own = k.core().term(f).tensor();
          if (own == null) {
            assertEquals(null, gradient.factor(f), what);
          } else {
            check(what + " dF" + f, k, x, g, left, new Tensor(own), gradient.factor(f));
          }
        }
      }
      close();
      open.clear();
    }
  }

  private double value(Kronecker k, Tensor x, Tensor g, boolean left) {
    try (Tensor y = left ? k.timesLeft(x) : k.times(x)) {
      double[] a = TensorCopy.doubles(y.strided());
      double[] b = TensorCopy.doubles(g.strided());
      double sum = 0;
      for (int i = 0; i < a.length; i++) {
        sum += a[i] * b[i];
      }
      return sum;
    }
  }

  private void check(
      String what, Kronecker k, Tensor x, Tensor g, boolean left, Tensor variable, Tensor got) {
    assertArrayEquals(variable.shape(), got.shape(), what);
    double[] values = TensorCopy.doubles(got.strided());
    long[] shape = variable.shape();
    for (int e = 0; e < values.length; e++) {
      long[] index = new long[shape.length];
      long rest = e;
      for (int d = shape.length - 1; d >= 0; d--) {
        index[d] = rest % shape[d];
        rest /= shape[d];
      }
      double before = variable.get(index);
      variable.set(before + 1, index);
      double plus = value(k, x, g, left);
      variable.set(before - 1, index);
      double minus = value(k, x, g, left);
      variable.set(before, index);
      // Up to 4 factors of length 5 and entries up to 2: sums of at most 625 * 625 products.
      assertEquals((plus - minus) / 2, values[e], 1e-9, what + " element " + e);
    }
  }

  @Test
  void productOfOperators() {
    Random random = new Random(SEED);
    Kronecker a =
        Kronecker.of(
            random(random, DType.F64, 2, 3),
            Kronecker.identity(6),
            Kronecker.diagonal(random(random, DType.F64, 2)),
            random(random, DType.F64, 3, 2));
    Kronecker b =
        Kronecker.of(
            random(random, DType.F64, 3, 4),
            random(random, DType.F64, 2, 1),
            random(random, DType.F64, 3, 3),
            random(random, DType.F64, 2, 2),
            Kronecker.diagonal(random(random, DType.F64, 2)));
    Kronecker product = a.product(b);
    double[][] x = matrices(a)[0];
    double[][] y = matrices(b)[0];
    double[][] z = matrices(product)[0];
    assertArrayEquals(new long[] {x.length, y[0].length}, product.shape());
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < y[0].length; j++) {
        double sum = 0;
        for (int s = 0; s < y.length; s++) {
          sum += x[i][s] * y[s][j];
        }
        assertEquals(sum, z[i][j], 1e-13);
      }
    }
    Kronecker joined = a.kron(random(random, DType.F64, 2, 2)).adjoint();
    assertArrayEquals(new long[] {a.columns() * 2, a.rows() * 2}, joined.shape());
    message(() -> b.product(a), "48 columns", "72 rows");
    Kronecker c = Kronecker.of(random(random, DType.F64, 4, 9), random(random, DType.F64, 9, 4));
    message(() -> c.product(c), "[4, 9]", "the columns of", "the rows of");
  }

  @Test
  void transposeSharesTheFactorsMemory() {
    Tensor w = own(Tensor.ones(DType.F32, 3, 5));
    long bytes = Einblas.nativeBytesInUse();
    Kronecker k = Kronecker.of(Kronecker.identity(2), w).transpose();
    assertTrue(Einblas.nativeBytesInUse() <= bytes, "the factor was copied");
    w.set(9, 1, 4);
    assertEquals(9, Elements.get(k.core().term(1).tensor(), new long[] {4, 1}));
    assertArrayEquals(new long[] {10, 6}, k.shape());
    assertEquals(DType.F32, k.dtype());
  }

  @Test
  void nanStaysWhereItBelongsAndBetaZeroReadsNothing() {
    Tensor w = own(Tensor.ones(DType.F32, 2, 3));
    Tensor x = own(Tensor.ones(DType.F32, 6, 2));
    x.set(Double.NaN, 5, 0);
    Tensor out = own(Tensor.full(DType.F32, Double.NaN, 4, 2));
    Kronecker k = Kronecker.of(Kronecker.identity(2), w);
    k.timesInto(out, 1, 0, x);
    assertArrayEquals(new float[] {3, 3, 3, 3, Float.NaN, 3, Float.NaN, 3}, out.toFloatArray());
    out.fill(2);
    k.timesInto(out, 0, 3, x);
    assertArrayEquals(new float[] {6, 6, 6, 6, 6, 6, 6, 6}, out.toFloatArray());
  }

  @Test
  void emptyAndSingleLengths() {
    Tensor none = own(Tensor.zeros(DType.F64, 0, 3));
    Tensor some = own(Tensor.ones(DType.F64, 2, 2));
    Kronecker k = Kronecker.of(some, none);
    assertArrayEquals(new long[] {0, 6}, k.shape());
    assertEquals(0, own(k.times(own(Tensor.ones(DType.F64, 6, 4)))).size());
    Tensor y = own(k.timesLeft(own(Tensor.ones(DType.F64, 4, 0))));
    assertArrayEquals(new long[] {4, 6}, y.shape());
    assertEquals(0, Arrays.stream(y.toDoubleArray()).map(Math::abs).sum());
    assertEquals(0, own(Kronecker.identity(0).times(own(Tensor.ones(DType.F64, 0)))).size());
    Tensor x = own(Tensor.of(new double[] {1, 2, 3, 4, 5, 6}));
    Kronecker eye = Kronecker.of(Kronecker.identity(2), Kronecker.identity(3));
    assertArrayEquals(x.toDoubleArray(), own(eye.times(x)).toDoubleArray());
    assertArrayEquals(x.toDoubleArray(), own(eye.solve(x)).toDoubleArray());
    assertEquals(6, eye.trace());
  }
}
