// Kronecker operators against plain loops over the built matrix: random factors of every kind,
// layout and batch; gradients, algebra, refusals.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KroneckerTest {
  private static final long SEED = 20261121;
  private final List<Tensor> open = new ArrayList<>();

  @AfterEach
  void close() {
    open.forEach(Tensor::close);
  }

  private Tensor own(Tensor t) {
    open.add(t);
    return t;
  }

  /** Random numbers in one of several layouts: contiguous, reversed, permuted, every second. */
  private Tensor random(Random random, DType dtype, long... shape) {
    int rank = shape.length;
    int kind = random.nextInt(4);
    long[] stored = shape.clone();
    int[] order = new int[rank];
    for (int d = 0; d < rank; d++) {
      order[d] = kind == 1 ? rank - 1 - d : d;
    }
    for (int d = 0; d < rank; d++) {
      stored[order[d]] = kind == 2 ? 2 * shape[d] : shape[d];
    }
    Tensor base = own(Tensor.empty(DType.F64, stored));
    double[] values = new double[(int) base.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = 2 * random.nextDouble() - 1;
    }
    Tensor typed = own(own(Tensor.of(values, stored)).to(dtype));
    Tensor view = typed.permute(order);
    for (int d = 0; d < rank; d++) {
      if (kind == 2) {
        view = view.slice(d, 0, 2 * shape[d], 2);
      } else if (kind == 3) {
        view = view.flip(d);
      }
    }
    assertArrayEquals(shape, view.shape());
    return view;
  }

  /** Elements of the sparse factors that were made. */
  private final IdentityHashMap<CsrMatrix, double[][]> sparse = new IdentityHashMap<>();

  /** A third of the places, some of them twice, in any order; the diagonal too when regular. */
  private CsrMatrix sparse(Random random, DType dtype, long rows, long columns, boolean regular) {
    double[][] dense = new double[(int) rows][(int) columns];
    List<long[]> places = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        int times = random.nextInt(3) > 0 && !(regular && i == j) ? 0 : 1 + random.nextInt(2);
        double value = 2 * random.nextFloat() - 1;
        dense[i][j] = times * value;
        for (; times > 0; times--) {
          places.add(random.nextInt(places.size() + 1), new long[] {i, j});
        }
      }
    }
    double[] value =
        places.stream()
            .mapToDouble(
                p ->
                    dense[(int) p[0]][(int) p[1]]
                        / places.stream().filter(q -> Arrays.equals(p, q)).count())
            .toArray();
    Tensor v = own(own(Tensor.of(value)).to(dtype));
    Tensor r = own(Tensor.of(places.stream().mapToLong(p -> p[0]).toArray()));
    Tensor c = own(Tensor.of(places.stream().mapToLong(p -> p[1]).toArray()));
    CsrMatrix made = CsrMatrix.ofTriples(v, r, c, rows, columns);
    sparse.put(made, dense);
    return made;
  }

  private record Case(Kronecker operator, String text) {}

  private Case operator(Random random, DType dtype, boolean square, boolean batched) {
    int n = 1 + random.nextInt(4);
    Operand[] factors = new Operand[n];
    StringBuilder text = new StringBuilder(dtype.toString());
    boolean typed = false;
    for (int i = 0; i < n; i++) {
      int kind = random.nextInt(8);
      long r = 1L + random.nextInt(5);
      long c = square ? r : 1L + random.nextInt(5);
      if (kind == 0 && (typed || i + 1 < n)) {
        factors[i] = Kronecker.identity(r);
      } else if (kind == 1) {
        factors[i] = Kronecker.diagonal(random(random, dtype, r));
        typed = true;
      } else if (kind >= 6) {
        factors[i] = sparse(random, dtype, r, c, square);
        typed = true;
      } else {
        factors[i] =
            batched && random.nextBoolean()
                ? random(random, dtype, random.nextBoolean() ? 1 : 3, r, c)
                : random(random, dtype, r, c);
        typed = true;
      }
      text.append(' ').append(factors[i] instanceof Tensor t ? t.describe() : factors[i]);
    }
    if (!typed) {
      factors[n - 1] = random(random, dtype, 2, 2);
    }
    return new Case(Kronecker.of(factors), text.toString());
  }

  /** Element [b, i, j] of the matrix, by the definition. */
  private double element(Kronecker k, long b, long i, long j) {
    double value = 1;
    for (int f = k.factors() - 1; f >= 0; f--) {
      KroneckerTerm t = k.terms().get(f);
      long r = i % t.rows();
      long c = j % t.columns();
      i /= t.rows();
      j /= t.columns();
      if (t.isDense()) {
        value *=
            t.batchRank() == 0
                ? t.tensor().get(r, c)
                : t.tensor().get(t.tensor().length(0) == 1 ? 0 : b, r, c);
      } else if (t.isSparse()) {
        double[][] all = sparse.get(t.csr());
        value *= t.turned() ? all[(int) c][(int) r] : all[(int) r][(int) c];
      } else {
        value *= r != c ? 0 : t.isIdentity() ? 1 : t.tensor().get(r);
      }
    }
    return value;
  }

  private double[][][] matrices(Kronecker k) {
    int batch = k.batch().length == 0 ? 1 : (int) k.batch()[0];
    double[][][] all = new double[batch][(int) k.rows()][(int) k.columns()];
    for (int b = 0; b < batch; b++) {
      for (int i = 0; i < k.rows(); i++) {
        for (int j = 0; j < k.columns(); j++) {
          all[b][i][j] = element(k, b, i, j);
        }
      }
    }
    return all;
  }

  private static double unit(DType dtype) {
    return dtype == DType.F32 ? 0x1p-24 : 0x1p-53;
  }

  /** Roundings of an element: a sum over each factor, and scaling. */
  private static double roundings(Kronecker k) {
    return k.terms().stream().mapToDouble(t -> Math.max(t.rows(), t.columns()) + 2).sum() + 4;
  }

  private void compare(
      String what, double[][][] m, Tensor x, Tensor got, boolean left, double factor, double[] z) {
    int batch = got.rank() == 3 ? (int) got.length(0) : 1;
    int rank = got.rank();
    long free = x.rank() == 1 ? 1 : x.length(left ? x.rank() - 2 : x.rank() - 1);
    long out = got.length(left || rank == 1 ? rank - 1 : rank - 2);
    double[] values = KroneckerElements.doubles(got);
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
    for (int round = 0; round < 400; round++) {
      Random random = new Random(SEED + round);
      DType dtype = random.nextBoolean() ? DType.F32 : DType.F64;
      boolean batched = random.nextInt(3) == 0;
      Case c = operator(random, dtype, false, batched);
      Kronecker k = c.operator;
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
              long b = k.batch().length == 0 ? 3 : random.nextBoolean() ? 1 : k.batch()[0];
              yield left
                  ? random(random, dtype, b, free, length)
                  : random(random, dtype, b, length, free);
            }
          };
      if (x.rank() == 1 && k.batch().length > 0 && k.batch()[0] > 1) {
        continue; // checked by the corpus
      }
      String what =
          "seed " + (SEED + round) + (left ? " left " : " ") + c.text + " x " + x.describe();
      double[][][] m = matrices(k);
      double factor = roundings(k) * unit(dtype) * 1.01;
      Tensor y = own(left ? k.timesLeft(x) : k.times(x));
      compare(what, m, x, y, left, factor, null);
      Tensor z = random(random, dtype, y.shape());
      double[] before = KroneckerElements.doubles(z);
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
    for (int round = 0; round < 200; round++) {
      Random random = new Random(SEED + round);
      boolean batched = round % 4 == 0;
      boolean square = random.nextBoolean();
      Case c = operator(random, DType.F64, square, batched);
      Kronecker k = c.operator;
      String what = "seed " + (SEED + round) + " " + c.text;
      double[][][] m = matrices(k);
      double eps = 4 * k.factors() * 0x1p-53;
      double[] dense = KroneckerElements.doubles(own(k.toDense()));
      double[] flat =
          Arrays.stream(m).flatMap(Arrays::stream).flatMapToDouble(Arrays::stream).toArray();
      close(what, flat, dense, eps);
      int i = random.nextInt((int) k.rows());
      double[] rows = Arrays.stream(m).flatMapToDouble(b -> Arrays.stream(b[i])).toArray();
      close(what + " row " + i, rows, KroneckerElements.doubles(own(k.row(i))), eps);
      close(
          what + " row from the end",
          rows,
          KroneckerElements.doubles(own(k.row(i - k.rows()))),
          eps);
      boolean each = k.terms().stream().allMatch(KroneckerTerm::isSquare);
      if (k.batch().length > 0 && !each) {
        assertThrows(IllegalArgumentException.class, k::diagonal);
        continue;
      }
      int n = (int) Math.min(k.rows(), k.columns());
      double[] diagonal = new double[m.length * n];
      for (int e = 0; e < diagonal.length; e++) {
        diagonal[e] = m[e / n][e % n][e % n];
      }
      close(what + " diagonal", diagonal, KroneckerElements.doubles(own(k.diagonal())), eps);
      if (k.batch().length == 0 && k.rows() == k.columns()) {
        double size = Arrays.stream(diagonal).map(Math::abs).sum();
        // The product of sums cancels otherwise than the sum of products.
        double magnitude =
            k.terms().stream()
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
    for (int round = 0; round < 60; round++) {
      Random random = new Random(SEED + round);
      Case c = operator(random, DType.F64, false, round % 3 == 0);
      Kronecker k = c.operator;
      boolean left = random.nextBoolean();
      long length = left ? k.rows() : k.columns();
      Tensor x =
          round % 5 == 0
              ? random(random, DType.F64, length)
              : left ? random(random, DType.F64, 2, length) : random(random, DType.F64, length, 2);
      String what = "seed " + (SEED + round) + (left ? " left " : " ") + c.text;
      Tensor y = own(left ? k.timesLeft(x) : k.times(x));
      Tensor g = random(random, DType.F64, y.shape());
      try (Kronecker.Gradient gradient = left ? k.timesLeftGradient(x, g) : k.timesGradient(x, g)) {
        assertEquals(k.factors(), gradient.factors().size(), what);
        check(what + " dX", k, x, g, left, x, gradient.x());
        for (int f = 0; f < k.factors(); f++) {
          Tensor t = k.terms().get(f).tensor();
          if (t == null) {
            assertEquals(null, gradient.factor(f), what);
          } else {
            check(what + " dF" + f, k, x, g, left, t, gradient.factor(f));
          }
        }
      }
      close();
      open.clear();
    }
  }

  private double value(Kronecker k, Tensor x, Tensor g, boolean left) {
    try (Tensor y = left ? k.timesLeft(x) : k.times(x)) {
      double[] a = KroneckerElements.doubles(y);
      double[] b = KroneckerElements.doubles(g);
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
    double[] values = KroneckerElements.doubles(got);
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
  void solveLogDeterminantAndEigenvalues() {
    for (int round = 0; round < 60; round++) {
      Random random = new Random(SEED + round);
      Case c = operator(random, DType.F64, true, false);
      Kronecker k = c.operator;
      String what = "seed " + (SEED + round) + " " + c.text;
      Tensor x = random(random, DType.F64, k.columns(), 3);
      Tensor b = own(k.times(x));
      Kronecker.LogDeterminant det = k.logDeterminant();
      double[][] m = matrices(k)[0];
      // Of random factors, few are so badly conditioned; those are left to the residual alone.
      Tensor solved = own(k.solve(b));
      double residual = 0;
      try (Tensor again = k.times(solved)) {
        double[] want = KroneckerElements.doubles(b);
        double[] got = KroneckerElements.doubles(again);
        double scale =
            Arrays.stream(KroneckerElements.doubles(solved)).map(Math::abs).max().orElse(0);
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
        double[] re = KroneckerElements.doubles(values.real());
        double[] im = KroneckerElements.doubles(values.imaginary());
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
    assertEquals(9, k.terms().get(1).tensor().get(4, 1));
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

  private static void message(Runnable call, String... parts) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call::run);
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> e.getMessage() + " lacks " + part);
    }
  }

  @Test
  void refusals() {
    Tensor w = own(Tensor.ones(DType.F32, 3, 4));
    Tensor square = own(Tensor.ones(DType.F32, 2, 2));
    Kronecker k = Kronecker.of(Kronecker.identity(5), w);
    message(Kronecker::of, "at least one factor");
    message(() -> Kronecker.of(w, own(Tensor.ones(DType.F64, 2, 2))), "factor 1", "F64", "F32");
    message(() -> Kronecker.of(own(Tensor.ones(DType.F32, 2))), "factor 0", "matrix", "[2]");
    message(() -> Kronecker.of(own(Tensor.ones(DType.I32, 2, 2))), "I32");
    message(() -> Kronecker.identity(-2), "-2");
    message(() -> Kronecker.of(Kronecker.identity(1L << 40), Kronecker.identity(1L << 40)), "2^63");
    message(() -> k.times(own(Tensor.ones(DType.F32, 21, 2))), "[15, 20]", "20", "[21, 2]");
    message(() -> k.timesLeft(own(Tensor.ones(DType.F32, 2, 20))), "15", "[2, 20]");
    message(() -> k.times(own(Tensor.ones(DType.F64, 20))), "F32", "F64");
    Tensor x = own(Tensor.ones(DType.F32, 20, 2));
    message(() -> k.timesInto(own(Tensor.ones(DType.F32, 15, 3)), 1, 0, x), "[15, 2]", "[15, 3]");
    Tensor big = own(Tensor.ones(DType.F32, 60));
    Tensor out = big.slice(0, 30, 60).reshape(15, 2);
    Tensor overlapping = big.slice(0, 0, 40).reshape(20, 2);
    message(() -> k.timesInto(out, 1, 0, overlapping), "shares");
    assertEquals(60, Arrays.stream(KroneckerElements.doubles(big)).sum());
    Kronecker batched =
        Kronecker.of(own(Tensor.ones(DType.F32, 2, 3, 3)), own(Tensor.ones(DType.F32, 3, 3)));
    message(() -> batched.times(own(Tensor.ones(DType.F32, 3, 9, 1))), "[3]", "[2]");
    message(() -> Kronecker.of(batched, own(Tensor.ones(DType.F32, 3, 3, 3))), "factor 2", "[3]");
    message(batched::trace, "batch");
    message(k::trace, "15 x 20");
    message(k::logDeterminant, "factor 1", "[3, 4]");
    message(() -> k.solve(x), "factor 1");
    message(
        () -> Kronecker.of(square, square).solve(own(Tensor.ones(DType.F32, 5))),
        "length 4",
        "[5]");
    assertThrows(IndexOutOfBoundsException.class, () -> k.row(15));
    Kronecker huge = Kronecker.of(Kronecker.identity(1 << 20), square);
    message(huge::toDense, "bytes", "1073741824");
    ArithmeticException singular =
        assertThrows(
            ArithmeticException.class,
            () ->
                Kronecker.of(Kronecker.identity(2), square).solve(own(Tensor.ones(DType.F32, 4))));
    assertTrue(singular.getMessage().contains("factor 1 is singular: pivot 1"));
    assertEquals(0, Kronecker.of(square).logDeterminant().sign());
    square.set(Double.NaN, 0, 1);
    assertThrows(ArithmeticException.class, () -> Kronecker.of(square).eigenvalues());
  }

  @Test
  void aClosedFactorIsRefusedEverywhere() {
    Tensor w = Tensor.ones(DType.F32, 2, 2);
    Kronecker k = Kronecker.of(w, Kronecker.identity(2));
    Tensor x = own(Tensor.ones(DType.F32, 4));
    w.close();
    List<Runnable> calls =
        List.of(
            () -> k.times(x),
            () -> k.timesLeft(x),
            () -> k.timesInto(x, 1, 0, x),
            () -> k.timesGradient(x, x),
            () -> k.row(0),
            k::toDense,
            k::diagonal,
            k::trace,
            k::transpose,
            k::eigenvalues,
            k::logDeterminant,
            () -> k.solve(x),
            () -> k.product(k),
            () -> k.kron(k));
    for (Runnable call : calls) {
      assertThrows(IllegalStateException.class, call::run);
    }
    assertTrue(k.toString().contains("identity 2"));
  }
}
