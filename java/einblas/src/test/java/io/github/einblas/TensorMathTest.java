// Functions of elements and rows, reductions and moves, against plain loops.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.TensorMath.Comparison;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class TensorMathTest {
  /** Three ways for the elements to lie. */
  private static Tensor lying(int way, Tensor dense) {
    return switch (way) {
      case 0 -> dense;
      case 1 -> dense.transpose().copy().transpose();
      default -> {
        long[] shape = dense.shape();
        long[] twice = shape.clone();
        for (int d = 0; d < twice.length; d++) {
          twice[d] = 2 * shape[d];
        }
        Tensor view = Tensor.zeros(dense.dtype(), twice);
        for (int d = 0; d < shape.length; d++) {
          view = view.slice(d, 0, twice[d], 2).flip(d);
        }
        view.copyFrom(dense);
        yield view;
      }
    };
  }

  private static Tensor of(DType type, double[] values, long... shape) {
    try (Tensor wide = Tensor.of(values, shape)) {
      return wide.to(type);
    }
  }

  /** Quarters from -5 to 5, whole numbers for integers: exact in every type. */
  private static double[] values(Random random, DType type, int n) {
    double[] v = new double[n];
    for (int i = 0; i < n; i++) {
      int k = random.nextInt(41) - 20;
      double quarter = type == DType.U8 ? Math.abs(k) / 4. : k / 4.;
      v[i] = type.isInteger() ? (int) quarter : quarter;
    }
    return v;
  }

  private static double unit(DType type) {
    return switch (type) {
      case F64, C128, I32, I64 -> 0x1p-52;
      case F16 -> 0x1p-10;
      case BF16 -> 0x1p-7;
      default -> 0x1p-23;
    };
  }

  private static void assertNear(double[] want, Tensor got, double units, String what) {
    assertNear(want, got, units, 0x1p-14, what);
  }

  /** Off by so many units in the last place of a number, or of the least one that is given. */
  private static void assertNear(
      double[] want, Tensor got, double units, double least, String what) {
    double[] have = got.to(DType.F64).toDoubleArray();
    assertEquals(want.length, have.length, what);
    for (int i = 0; i < want.length; i++) {
      double bound = units * unit(got.dtype()) * Math.max(Math.abs(want[i]), least);
      if (Double.isNaN(want[i]) || Double.isInfinite(want[i])) {
        assertEquals(want[i], have[i], what + ", place " + i);
      } else {
        assertTrue(
            Math.abs(want[i] - have[i]) <= bound,
            what + ", place " + i + ": " + have[i] + ", not " + want[i]);
      }
    }
  }

  private static final List<DType> NUMBERS =
      List.of(
          DType.F32,
          DType.F64,
          DType.BF16,
          DType.F16,
          DType.I8,
          DType.U8,
          DType.I16,
          DType.I32,
          DType.I64);

  private record Unary(UnaryOperator<Tensor> f, DoubleUnaryOperator exact, boolean leaves) {}

  private static double gelu(double x) {
    // By the series of erf: enough for |x| <= 5.
    double z = x / Math.sqrt(2);
    double term = z;
    double sum = z;
    for (int n = 1; n < 120; n++) {
      term *= -z * z / n;
      sum += term / (2 * n + 1);
    }
    return 0.5 * x * (1 + 2 / Math.sqrt(Math.PI) * sum);
  }

  private static final Map<String, Unary> UNARY =
      Map.of(
          "abs", new Unary(TensorMath::abs, Math::abs, false),
          "sign", new Unary(TensorMath::sign, Math::signum, false),
          "relu", new Unary(TensorMath::relu, x -> Math.max(x, 0), false),
          "exp", new Unary(TensorMath::exp, Math::exp, true),
          "log", new Unary(TensorMath::log, Math::log, true),
          "sqrt", new Unary(TensorMath::sqrt, Math::sqrt, true),
          "tanh", new Unary(TensorMath::tanh, Math::tanh, true),
          "sigmoid", new Unary(TensorMath::sigmoid, x -> 1 / (1 + Math.exp(-x)), true),
          "scale", new Unary(x -> TensorMath.scale(2, x), x -> 2 * x, false),
          "affine", new Unary(x -> TensorMath.affine(2, x, -1), x -> 2 * x - 1, false));

  private static double wrapped(DType type, double v) {
    return type == DType.U8 ? ((long) v) & 255 : v;
  }

  @TestFactory
  List<DynamicTest> functionsOfOneTensor() {
    return UNARY.entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> unary(e.getKey(), e.getValue())))
        .toList();
  }

  private static void unary(String name, Unary u) {
    Random random = new Random(3);
    for (DType type : NUMBERS) {
      for (int way = 0; way < 3; way++) {
        double[] v = values(random, type, 7 * 19);
        Tensor x = lying(way, of(type, v, 7, 19));
        Tensor y = u.f.apply(x);
        String what = name + " of " + type + ", way " + way;
        assertEquals(
            !u.leaves || type.isReal()
                ? type
                : type == DType.I32 || type == DType.I64 ? DType.F64 : DType.F32,
            y.dtype(),
            what);
        double[] want = Arrays.stream(v).map(u.exact).map(r -> wrapped(y.dtype(), r)).toArray();
        assertNear(want, y, 4, what);
      }
    }
  }

  @Test
  void geluIsThatOfTheErrorFunction() {
    double[] v = new double[401];
    Arrays.setAll(v, i -> (i - 200) / 50.);
    double[] want = Arrays.stream(v).map(TensorMathTest::gelu).toArray();
    // The series loses the digits that its terms cancel: e^(x^2/2) units of the last place.
    for (int i = 0; i < v.length; i++) {
      double got = TensorMath.gelu(Tensor.of(new double[] {v[i]})).item();
      assertEquals(want[i], got, 0x1p-48 * Math.exp(v[i] * v[i] / 2), "gelu(" + v[i] + ")");
    }
    Tensor single = TensorMath.gelu(of(DType.F32, v));
    for (int i = 0; i < v.length; i++) {
      assertEquals(want[i], single.get(i), 0x1p-20 * Math.max(1, Math.abs(want[i])));
    }
  }

  private record Binary(BiFunction<Tensor, Tensor, Tensor> f, DoubleBinaryOperator exact) {}

  private static final Map<String, Binary> BINARY =
      Map.of(
          "add", new Binary(TensorMath::add, Double::sum),
          "subtract", new Binary(TensorMath::subtract, (a, b) -> a - b),
          "multiply", new Binary(TensorMath::multiply, (a, b) -> a * b),
          "divide", new Binary(TensorMath::divide, (a, b) -> a / b),
          "maximum", new Binary(TensorMath::maximum, Math::max),
          "minimum", new Binary(TensorMath::minimum, Math::min),
          "affine",
              new Binary((a, b) -> TensorMath.affine(2, a, -1, b, 3), (a, b) -> 2 * a - b + 3));

  @Test
  void functionsOfTwoTensorsBroadcast() {
    Random random = new Random(5);
    BINARY.forEach(
        (name, b) -> {
          for (DType type : NUMBERS) {
            for (int way = 0; way < 3; way++) {
              double[] u = values(random, type, 5 * 33);
              double[] v = values(random, type, 33);
              double[] w = values(random, type, 5);
              Tensor x = lying(way, of(type, u, 5, 33));
              String what = name + " of " + type + ", way " + way;
              double[] rows = new double[u.length];
              double[] columns = new double[u.length];
              Tensor byRow = b.f.apply(x, of(type, v, 33));
              for (int i = 0; i < u.length; i++) {
                rows[i] = wrapped(byRow.dtype(), b.exact.applyAsDouble(u[i], v[i % 33]));
                columns[i] = wrapped(byRow.dtype(), b.exact.applyAsDouble(u[i], w[i / 33]));
              }
              assertNear(rows, byRow, 2, what);
              assertNear(columns, b.f.apply(x, of(type, w, 5, 1)), 2, what);
            }
          }
        });
  }

  @Test
  void mixedTypesPromoteAsInEinsum() {
    Tensor i = Tensor.of(new int[] {1, 2});
    Tensor f = Tensor.of(new float[] {0.5f, 0.25f});
    assertEquals(DType.F64, TensorMath.add(i, f).dtype());
    assertArrayEquals(new double[] {1.5, 2.25}, TensorMath.add(i, f).toDoubleArray());
    Tensor z = Tensor.ofComplex(new float[] {1, 2, 3, -4});
    Tensor sum = TensorMath.add(z, z.conj());
    assertArrayEquals(new float[] {2, 0, 6, 0}, sum.toFloatArray());
    assertArrayEquals(new float[] {5}, TensorMath.abs(z.slice(0, 1, 2)).toFloatArray());
    assertArrayEquals(
        new float[] {5, 25}, TensorMath.multiply(z, z.conj()).real().toFloatArray(), 1e-5f);
    Tensor one = TensorMath.divide(z, z);
    assertArrayEquals(new float[] {1, 0, 1, 0}, one.toFloatArray(), 1e-6f);
  }

  @Test
  void intoAndInPlace() {
    Tensor a = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    Tensor b = Tensor.of(new float[] {10, 20, 30});
    Tensor out = Tensor.zeros(DType.F64, 3, 2).transpose();
    TensorMath.addInto(out, a, b);
    assertArrayEquals(new double[] {11, 22, 33, 14, 25, 36}, out.toDoubleArray());
    TensorMath.addInto(a, a, b);
    assertArrayEquals(new float[] {11, 22, 33, 14, 25, 36}, a.toFloatArray());
    Tensor turned = a.transpose();
    TensorMath.scaleInto(turned, 2, turned);
    assertArrayEquals(new float[] {22, 44, 66, 28, 50, 72}, a.toFloatArray());
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> TensorMath.addInto(a, a.slice(0, 0, 1), a));
    assertTrue(e.getMessage().contains("shares elements with operand 0"), e.getMessage());
    Tensor square = Tensor.zeros(DType.F32, 2, 2);
    assertThrows(
        IllegalArgumentException.class, () -> TensorMath.expInto(square, square.transpose()));
    assertThrows(
        IllegalArgumentException.class, () -> TensorMath.expInto(Tensor.zeros(DType.I32, 2, 3), a));
  }

  @Test
  void largeTransposedAndStreamed() {
    int n = 3000;
    Tensor x = TensorMath.uniform(DType.F32, 1, -1, 1, n, n);
    Tensor y = TensorMath.affine(2, x, 3, x.transpose(), 1);
    for (int[] at : new int[][] {{0, 0}, {17, 2999}, {2999, 1}, {1500, 1501}}) {
      float want = (float) (2 * x.get(at[0], at[1]) + 3 * x.get(at[1], at[0]) + 1);
      assertEquals(want, y.get(at[0], at[1]), 1e-6);
    }
    Tensor sum = TensorMath.subtract(TensorMath.affine(2, x, 1), y);
    Tensor back = TensorMath.affine(1, sum, 3, x.transpose(), 0);
    assertTrue(TensorMath.allClose(back, Tensor.zeros(DType.F32, n, n), 0, 2e-6));
  }

  @Test
  void comparisonsAndChoices() {
    Tensor a = Tensor.of(new double[] {1, 2, Double.NaN, 4});
    Tensor b = Tensor.of(new double[] {2, 2, 2, 2});
    Map<Comparison, boolean[]> want =
        Map.of(
            Comparison.EQUAL, new boolean[] {false, true, false, false},
            Comparison.NOT_EQUAL, new boolean[] {true, false, true, true},
            Comparison.LESS, new boolean[] {true, false, false, false},
            Comparison.LESS_EQUAL, new boolean[] {true, true, false, false},
            Comparison.GREATER, new boolean[] {false, false, false, true},
            Comparison.GREATER_EQUAL, new boolean[] {false, true, false, true});
    want.forEach(
        (c, truth) -> {
          Tensor got = TensorMath.compare(a, c, b);
          assertEquals(DType.BOOL, got.dtype());
          assertArrayEquals(truth, got.toBooleanArray(), c.toString());
        });
    Tensor less = TensorMath.compare(a, Comparison.LESS, b);
    assertArrayEquals(new double[] {1, 2, 2, 2}, TensorMath.where(less, a, b).toDoubleArray());
    assertTrue(Double.isNaN(TensorMath.maximum(a, b).get(2)));
    assertTrue(Double.isNaN(TensorMath.max(a).item()));
    assertEquals(2, TensorMath.argmax(a, 0).getLong());
    assertThrows(IllegalArgumentException.class, () -> TensorMath.where(a, a, b));
  }

  @Test
  void reductionsOverAnyAxes() {
    Random random = new Random(7);
    int[] lengths = {3, 40, 5};
    for (DType type : NUMBERS) {
      for (int way = 0; way < 3; way++) {
        double[] v = values(random, type, 600);
        Tensor x = lying(way, of(type, v, 3, 40, 5));
        for (int mask = 1; mask < 8; mask++) {
          int m = mask;
          int[] axes =
              java.util.stream.IntStream.range(0, 3).filter(d -> (m >> d & 1) != 0).toArray();
          reductions(x, v, lengths, axes, type + ", way " + way + ", " + Arrays.toString(axes));
        }
      }
    }
  }

  private static void reductions(Tensor x, double[] v, int[] lengths, int[] axes, String what) {
    double[][] groups = groups(v, lengths, axes);
    assertNear(
        each(groups, g -> Arrays.stream(g).sum()), TensorMath.sum(x, axes), 4, "sum " + what);
    assertNear(
        each(groups, g -> Arrays.stream(g).average().orElseThrow()),
        TensorMath.mean(x, axes),
        4,
        "mean " + what);
    assertNear(
        each(groups, g -> Arrays.stream(g).max().orElseThrow()),
        TensorMath.max(x, axes),
        0,
        "max " + what);
    assertNear(
        each(groups, g -> Arrays.stream(g).min().orElseThrow()),
        TensorMath.min(x, axes),
        0,
        "min " + what);
    assertNear(
        each(groups, g -> Math.sqrt(Arrays.stream(g).map(e -> e * e).sum())),
        TensorMath.norm(x, axes),
        4,
        "norm " + what);
    assertNear(
        each(groups, g -> Math.log(Arrays.stream(g).map(Math::exp).sum())),
        TensorMath.logSumExp(x, axes),
        40,
        1,
        "logSumExp " + what);
  }

  private static double[] each(double[][] groups, java.util.function.ToDoubleFunction<double[]> f) {
    return Arrays.stream(groups).mapToDouble(f).toArray();
  }

  /** The elements that go into each result, in its order. */
  private static double[][] groups(double[] v, int[] lengths, int[] axes) {
    boolean[] reduced = new boolean[lengths.length];
    for (int a : axes) {
      reduced[a] = true;
    }
    int results = 1;
    for (int d = 0; d < lengths.length; d++) {
      results *= reduced[d] ? 1 : lengths[d];
    }
    double[][] groups = new double[results][v.length / results];
    int[] filled = new int[results];
    for (int i = 0; i < v.length; i++) {
      int at = 0;
      int rest = i;
      int scale = 1;
      for (int d = lengths.length - 1; d >= 0; d--) {
        int index = rest % lengths[d];
        rest /= lengths[d];
        if (!reduced[d]) {
          at += index * scale;
          scale *= lengths[d];
        }
      }
      groups[at][filled[at]++] = v[i];
    }
    return groups;
  }

  @Test
  void extremesOfInfinitiesAndNothing() {
    double inf = Double.POSITIVE_INFINITY;
    assertEquals(-inf, TensorMath.logSumExp(Tensor.of(new double[] {-inf, -inf})).item());
    assertEquals(inf, TensorMath.logSumExp(Tensor.of(new double[] {1, inf})).item());
    assertEquals(-inf, TensorMath.logSumExp(Tensor.zeros(DType.F64, 0)).item());
    assertEquals(
        1000 + Math.log(2), TensorMath.logSumExp(Tensor.of(new double[] {1000, 1000})).item());
    assertThrows(IllegalArgumentException.class, () -> TensorMath.max(Tensor.zeros(DType.F32, 0)));
    assertThrows(
        IllegalArgumentException.class, () -> TensorMath.argmax(Tensor.zeros(DType.F32, 2, 0), 1));
    assertThrows(
        IllegalArgumentException.class, () -> TensorMath.sum(Tensor.zeros(DType.F32, 2), 0, -1));
    assertEquals(0, TensorMath.sum(Tensor.zeros(DType.F32, 0)).item());
    for (DType type : List.of(DType.F32, DType.BF16, DType.I8, DType.C64)) {
      Tensor none = TensorMath.mean(Tensor.zeros(type, 2, 0), 1);
      assertTrue(Double.isNaN(none.getReal(0)) && Double.isNaN(none.getReal(1)), type.toString());
    }
    assertEquals(3, TensorMath.sum(Tensor.of(new boolean[] {true, true, false, true})).getLong());
    assertEquals(
        3L << 31,
        TensorMath.sum(
                    Tensor.of(new int[] {Integer.MIN_VALUE, Integer.MIN_VALUE, Integer.MIN_VALUE}))
                .getLong()
            * -1);
  }

  @Test
  void softmaxAndItsGradient() {
    Random random = new Random(9);
    for (long[] shape : new long[][] {{4, 300}, {300, 4}, {6, 20, 3}, {1, 1}, {2, 5000}}) {
      int n = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
      double[] v = values(random, DType.F64, n);
      double[] w = values(random, DType.F64, n);
      for (int axis = 0; axis < shape.length; axis++) {
        Tensor x = Tensor.of(v, shape);
        Tensor dy = Tensor.of(w, shape);
        Tensor y = TensorMath.softmax(x, axis);
        Tensor total = TensorMath.sum(y, axis);
        assertTrue(TensorMath.allClose(total, Tensor.ones(DType.F64, total.shape()), 1e-13, 0));
        Tensor logs = TensorMath.logSumExp(x, axis).unsqueeze(axis);
        Tensor other = TensorMath.exp(TensorMath.subtract(x, logs));
        assertTrue(TensorMath.allClose(y, other, 1e-12, 0));
        Tensor dots = TensorMath.sum(TensorMath.multiply(y, dy), axis).unsqueeze(axis);
        Tensor want = TensorMath.multiply(y, TensorMath.subtract(dy, dots));
        Tensor got = TensorMath.softmaxGradient(y, dy, axis);
        assertTrue(TensorMath.allClose(got, want, 1e-12, 1e-14));
        TensorMath.softmaxGradientInto(y, y, dy, axis);
        assertTrue(TensorMath.allClose(y, want, 1e-12, 1e-14));
        TensorMath.softmaxInto(x, x, axis);
        assertTrue(TensorMath.allClose(x, other, 1e-12, 0));
      }
    }
    assertThrows(
        IndexOutOfBoundsException.class, () -> TensorMath.softmax(Tensor.scalar(DType.F32, 1), 0));
  }

  @Test
  void layerNormAndItsGradients() {
    int rows = 5;
    int n = 37;
    Tensor x = TensorMath.normal(DType.F64, 3, 2, 3, rows, n);
    Tensor weight = TensorMath.normal(DType.F64, 4, 0, 1, n);
    Tensor bias = TensorMath.normal(DType.F64, 5, 0, 1, n);
    Tensor dy = TensorMath.normal(DType.F64, 6, 0, 1, rows, n);
    double epsilon = 1e-5;
    Tensor y = TensorMath.layerNorm(x, weight, bias, epsilon);
    for (int r = 0; r < rows; r++) {
      double[] row = x.select(0, r).toDoubleArray();
      double mean = Arrays.stream(row).average().orElseThrow();
      double variance = Arrays.stream(row).map(e -> (e - mean) * (e - mean)).sum() / n;
      for (int i = 0; i < n; i++) {
        double want = (row[i] - mean) / Math.sqrt(variance + epsilon) * weight.get(i) + bias.get(i);
        assertEquals(want, y.get(r, i), 1e-12);
      }
    }
    try (TensorMath.LayerNormGradient g = TensorMath.layerNormGradient(x, weight, dy, epsilon)) {
      // Central differences are off by the square of the step, and by roundings over the step.
      double step = 1e-5;
      for (Tensor[] pair : new Tensor[][] {{x, g.x()}, {weight, g.weight()}, {bias, g.bias()}}) {
        for (int k = 0; k < 10; k++) {
          long[] at = pair[0].rank() == 2 ? new long[] {k % rows, 3L * k} : new long[] {3L * k};
          double old = pair[0].get(at);
          pair[0].set(old + step, at);
          double up = loss(x, weight, bias, dy, epsilon);
          pair[0].set(old - step, at);
          double down = loss(x, weight, bias, dy, epsilon);
          pair[0].set(old, at);
          assertEquals((up - down) / (2 * step), pair[1].get(at), 1e-7);
        }
      }
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> TensorMath.layerNorm(x, bias.slice(0, 1, 5), bias, 0));
    assertThrows(IllegalArgumentException.class, () -> TensorMath.layerNorm(x, weight, bias, -1));
  }

  private static double loss(Tensor x, Tensor w, Tensor b, Tensor dy, double epsilon) {
    try (Tensor y = TensorMath.layerNorm(x, w, b, epsilon);
        Tensor sum = Einsum.einsum("ij,ij->", y, dy)) {
      return sum.item();
    }
  }

  @Test
  void joinedAndFound() {
    Tensor a = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
    Tensor b = Tensor.of(new int[] {5, 6}, 2, 1);
    Tensor joined = TensorMath.concat(-1, a, b);
    assertEquals(DType.F64, joined.dtype());
    assertArrayEquals(new double[] {1, 2, 5, 3, 4, 6}, joined.toDoubleArray());
    assertArrayEquals(
        new float[] {1, 2, 3, 4, 1, 3, 2, 4}, TensorMath.stack(0, a, a.transpose()).toFloatArray());
    assertArrayEquals(new long[] {2, 2, 2}, TensorMath.stack(-1, a, a).shape());
    Tensor out = Tensor.zeros(DType.F32, 4, 2);
    TensorMath.concatInto(out, 0, a, a);
    assertArrayEquals(new float[] {1, 2, 3, 4, 1, 2, 3, 4}, out.toFloatArray());
    Tensor indices = Tensor.of(new long[] {1, -1, 0, 1}, 2, 2);
    Tensor taken = TensorMath.take(a, 0, indices);
    assertArrayEquals(new long[] {2, 2, 2}, taken.shape());
    assertArrayEquals(new float[] {3, 4, 3, 4, 1, 2, 3, 4}, taken.toFloatArray());
    assertArrayEquals(
        new float[] {2, 1, 4, 3},
        TensorMath.take(a, 1, Tensor.of(new int[] {1, 0})).toFloatArray());
    Tensor z = Tensor.ofComplex(new double[] {1, 2, 3, -4});
    assertArrayEquals(
        new double[] {3, 4, 1, -2},
        TensorMath.take(z.conj(), 0, Tensor.of(new int[] {1, 0})).toDoubleArray());
    Tensor sums = Tensor.ones(DType.F32, 3, 2);
    TensorMath.scatterAdd(
        sums, 0, Tensor.of(new int[] {2, 0, 2}), Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2));
    assertArrayEquals(new float[] {4, 5, 1, 1, 7, 9}, sums.toFloatArray());
    IndexOutOfBoundsException e =
        assertThrows(
            IndexOutOfBoundsException.class,
            () -> TensorMath.take(a, 0, Tensor.of(new int[] {0, 2})));
    assertEquals("take: index 2 at place 1 is outside an axis of length 2", e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> TensorMath.concat(0, a, b));
    assertThrows(IllegalArgumentException.class, () -> TensorMath.concat(0));
  }

  @Test
  void sumsUpToEachElement() {
    Tensor x = TensorMath.arange(DType.I32, 1, 2501, 1).reshape(5, 500);
    Tensor rows = TensorMath.cumsum(x, 1);
    Tensor columns = TensorMath.cumsum(x, 0);
    long row = 0;
    for (int i = 0; i < 500; i++) {
      row += x.getLong(3, i);
      assertEquals(row, rows.getLong(3, i));
      assertEquals(x.getLong(0, i) + x.getLong(1, i), columns.getLong(1, i));
    }
    Tensor long1 = TensorMath.cumsum(Tensor.ones(DType.F64, 5000), 0);
    assertEquals(5000, long1.get(4999));
    assertEquals(1025, long1.get(1024));
  }

  @Test
  void made() {
    assertArrayEquals(new float[] {1, 0, 0, 1}, TensorMath.eye(DType.F32, 2).toFloatArray());
    assertArrayEquals(
        new double[] {1, 1.5, 2}, TensorMath.arange(DType.F64, 1, 2.1, 0.5).toDoubleArray());
    assertArrayEquals(new int[] {5, 3, 1}, TensorMath.arange(DType.I32, 5, 0, -2).toIntArray());
    double[] line = TensorMath.linspace(DType.F64, 0, 0.3, 4).toDoubleArray();
    assertArrayEquals(new double[] {0, 0.1, 0.2, 0.3}, line, 1e-16);
    assertEquals(0.3, line[3]);
    Tensor u = TensorMath.uniform(DType.F32, 7, 0, 1, 1000);
    assertTrue(TensorMath.contentEquals(u, TensorMath.uniform(DType.F32, 7, 0, 1, 1000)));
    assertFalse(TensorMath.contentEquals(u, TensorMath.uniform(DType.F32, 8, 0, 1, 1000)));
    assertThrows(IllegalArgumentException.class, () -> TensorMath.uniform(DType.C64, 7, 0, 1, 10));
    assertThrows(IllegalArgumentException.class, () -> TensorMath.arange(DType.F32, 0, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> TensorMath.arange(DType.I8, 0, 300, 100));
    assertThrows(IllegalArgumentException.class, () -> TensorMath.arange(DType.I32, 0, 2, 0.3));
    assertThrows(IllegalArgumentException.class, () -> TensorMath.linspace(DType.U8, -1, 1, 3));
    assertThrows(IllegalArgumentException.class, () -> TensorMath.uniform(DType.U8, 7, 0, 257, 10));
    assertEquals(255, TensorMath.max(TensorMath.uniform(DType.U8, 7, 0, 256, 10_000)).getLong());
  }

  @Test
  void comparedAsAWhole() {
    Tensor a = Tensor.of(new double[] {1, Double.NaN, Double.POSITIVE_INFINITY});
    Tensor b = Tensor.of(new double[] {1 + 1e-7, Double.NaN, Double.POSITIVE_INFINITY});
    assertFalse(TensorMath.allClose(a, b));
    assertTrue(TensorMath.allClose(a.slice(0, 0, 3, 2), b.slice(0, 0, 3, 2)));
    assertFalse(TensorMath.contentEquals(a, b));
    assertTrue(TensorMath.contentEquals(a, a.copy()));
    assertFalse(TensorMath.contentEquals(a, a.to(DType.F32)));
    assertFalse(
        TensorMath.allClose(
            Tensor.of(new double[] {1e300}), Tensor.of(new double[] {Double.POSITIVE_INFINITY})));
    assertThrows(
        IllegalArgumentException.class, () -> TensorMath.allClose(a, Tensor.zeros(DType.F64, 2)));
  }

  /** Views of one element again and again: more elements than any memory or lifetime has. */
  @Test
  void repeatedElementsAreReadOnce() {
    Tensor one = Tensor.scalar(DType.F32, 2);
    Tensor repeated = one.broadcastTo(3, 1L << 60);
    assertArrayEquals(new float[] {2, 2, 2}, TensorMath.max(repeated, 1).toFloatArray());
    assertArrayEquals(new long[] {0, 0, 0}, TensorMath.argmax(repeated, 1).toLongArray());
    assertArrayEquals(new long[] {0, 0, 0}, TensorMath.argmin(repeated, 1).toLongArray());
    assertTrue(TensorMath.contentEquals(repeated, repeated));
    assertTrue(TensorMath.allClose(repeated, repeated));
    assertFalse(
        TensorMath.allClose(repeated, Tensor.scalar(DType.F32, 3).broadcastTo(3, 1L << 60)));
    assertEquals(
        2 + 60 * Math.log(2) + Math.log(3), TensorMath.logSumExp(repeated).item(), 0x1p-18);
  }

  @Test
  void randomIntegersAreEvenAroundZero() {
    int n = 60_000;
    int[] counts = new int[6];
    for (int v : TensorMath.uniform(DType.I32, 1, -3, 3, n).toIntArray()) {
      counts[v + 3]++;
    }
    for (int count : counts) { // six standard errors
      assertEquals(n / 6., count, 6 * Math.sqrt(n * 5 / 36.));
    }
  }

  @Test
  void theSameBitsForAnyNumberOfThreads() {
    Tensor x = TensorMath.normal(DType.F32, 11, 0, 1, 513, 2049);
    int before = Einblas.threads();
    try {
      Tensor[][] results = new Tensor[2][];
      for (int t = 0; t < 2; t++) {
        Einblas.setThreads(t == 0 ? 1 : 3);
        results[t] =
            new Tensor[] {
              TensorMath.softmax(x, 0),
              TensorMath.softmax(x, 1),
              TensorMath.logSumExp(x),
              TensorMath.cumsum(x, 0),
              TensorMath.exp(x),
              TensorMath.sum(x),
            };
      }
      for (int i = 0; i < results[0].length; i++) {
        assertTrue(TensorMath.contentEquals(results[0][i], results[1][i]), "result " + i);
      }
    } finally {
      Einblas.setThreads(before);
    }
  }
}
