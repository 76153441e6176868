// The error bound of docs/contract.md, by every kernel and every kind of product, against sums in
// twice the precision.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ErrorBoundTest {
  /** Products of one step: rows m, columns n, sum k, items b. */
  private static final List<String> EQUATIONS =
      List.of(
          "bmk,bkn->bmn",
          "mk,kn->mn",
          "km,nk->nm",
          "k,k->",
          "mk,k->m",
          "kb,kb->b",
          "bk,bk->b",
          "m,n->mn",
          "mkn->n",
          "mnk->mn",
          "kmn->nm",
          "bmn->nbm",
          "mk,bkn->bmn",
          "bkn,km->bmn");

  private static final long[] DEPTHS = {1, 3, 8, 33, 61, 257, 1025};

  /** {@code gamma_m = m u / (1 - m u)}, u half the spacing at 1. */
  static double gamma(double m, DType dtype) {
    double mu = m * (dtype == DType.F32 ? 0x1p-24 : 0x1p-53);
    return mu / (1 - mu);
  }

  /** A sum of products in twice the precision, and the sum of their absolute values. */
  private static final class Sum {
    double high;
    double low;
    double absolute;

    void add(double a, double b) {
      double p = a * b;
      double rest = Math.fma(a, b, -p);
      double s = high + p;
      double t = s - high;
      low += (high - (s - t)) + (p - t) + rest;
      high = s;
      absolute += Math.abs(p);
    }

    /** Distance of a result as a share of the bound; its own rounding is exact to 2^-100. */
    double share(double got, double m, DType dtype) {
      double error = Math.abs((got - high) - low);
      double bound = gamma(m, dtype) * absolute;
      return error == 0 ? 0 : error / bound;
    }
  }

  /** Data whose sums cancel: large ones of both signs beside small ones. */
  private static double[] data(Random random, long size, DType dtype) {
    double[] d = new double[(int) size];
    for (int i = 0; i < d.length; i++) {
      double v = random.nextGaussian() * Math.scalb(1.0, random.nextInt(8));
      d[i] = dtype == DType.F32 ? (float) v : v;
    }
    return d;
  }

  private static Tensor tensor(DType dtype, double[] d, long... shape) {
    if (dtype == DType.F64) {
      return Tensor.of(d, shape);
    }
    float[] f = new float[d.length];
    for (int i = 0; i < f.length; i++) {
      f[i] = (float) d[i];
    }
    return Tensor.of(f, shape);
  }

  private static double[] values(Tensor t) {
    try (Tensor wide = t.to(DType.F64)) {
      return wide.toDoubleArray();
    }
  }

  @TestFactory
  Stream<DynamicTest> everyKernelKeepsTheBound() {
    return Einblas.kernels().stream()
        .filter(k -> !k.equals("dots")) // of narrower types, exact or modelled to the bit in C++
        .map(k -> DynamicTest.dynamicTest(k, () -> kernel(k)));
  }

  private static void kernel(String kernel) {
    Random random = new Random(20);
    double worst = 0;
    int run = 0;
    for (DType dtype : DType.floating()) {
      for (String equation : EQUATIONS) {
        for (long depth : DEPTHS) {
          double share = step(random, dtype, equation, depth, kernel, 1 + random.nextInt(2));
          run += share >= 0 ? 1 : 0;
          worst = Math.max(worst, share);
        }
      }
    }
    System.out.printf("%s: %d cases, at most %.3f of the bound%n", kernel, run, worst);
    assertTrue(run > 0, kernel + " ran no case");
    assertTrue(worst <= 1, kernel + ": " + worst + " times the bound");
  }

  /** The largest share of the bound, or -1 where the kernel cannot run the step. */
  private static double step(
      Random random, DType dtype, String equation, long depth, String kernel, int threads) {
    String[] sides = equation.split("->", -1);
    String[] terms = sides[0].split(",", -1);
    long[] length = new long[128];
    length['k'] = depth;
    length['m'] = random.nextInt(1, 20);
    length['n'] = random.nextInt(1, depth > 100 ? 10 : 20);
    length['b'] = random.nextInt(1, 6);
    long[][] shapes = Arrays.stream(terms).map(t -> shape(t, length)).toArray(long[][]::new);
    EinsumPlan plan;
    Tensor[] in = new Tensor[terms.length];
    double[][] d = new double[terms.length][];
    for (int i = 0; i < in.length; i++) {
      d[i] = data(random, Arrays.stream(shapes[i]).reduce(1, (x, y) -> x * y), dtype);
      in[i] = tensor(dtype, d[i], shapes[i]);
    }
    try {
      PlanOptions options = PlanOptions.DEFAULT.withKernel(kernel).withThreads(threads);
      plan = Einsum.plan(equation, options, in);
      try (Tensor got = plan.run(in)) {
        return worst(terms, sides[1], length, d, values(got), dtype, equation);
      }
    } catch (IllegalArgumentException e) {
      assertTrue(e.getMessage().contains("cannot run this step"), e::getMessage);
      return -1;
    } finally {
      Arrays.stream(in).forEach(Tensor::close);
    }
  }

  private static long[] shape(String term, long[] length) {
    return term.chars().mapToLong(c -> length[c]).toArray();
  }

  private static double worst(
      String[] terms,
      String out,
      long[] length,
      double[][] d,
      double[] got,
      DType dtype,
      String equation) {
    Set<Character> all = new TreeSet<>();
    String.join("", terms).chars().forEach(c -> all.add((char) c));
    List<Character> labels = new ArrayList<>(all);
    Sum[] sums = new Sum[got.length];
    Arrays.setAll(sums, i -> new Sum());
    long[] index = new long[128];
    double roundings = terms.length - 1;
    double summed = 1;
    for (char c : labels) {
      summed *= out.indexOf(c) < 0 ? length[c] : 1;
    }
    while (true) {
      double a = d[0][at(terms[0], length, index)];
      double b = terms.length > 1 ? d[1][at(terms[1], length, index)] : 1;
      sums[at(out, length, index)].add(a, b);
      int l = labels.size() - 1;
      while (l >= 0 && ++index[labels.get(l)] == length[labels.get(l)]) {
        index[labels.get(l--)] = 0;
      }
      if (l < 0) {
        break;
      }
    }
    roundings += summed;
    double worst = 0;
    for (int i = 0; i < got.length; i++) {
      worst = Math.max(worst, sums[i].share(got[i], roundings, dtype));
    }
    double w = worst;
    assertTrue(worst <= 1, () -> equation + " " + dtype + ": " + w + " times the bound");
    return worst;
  }

  private static int at(String term, long[] length, long[] index) {
    int at = 0;
    for (int i = 0; i < term.length(); i++) {
      at = at * (int) length[term.charAt(i)] + (int) index[term.charAt(i)];
    }
    return at;
  }

  /** A tree of three steps: each sum counts, and the absolute values go through the same tree. */
  @Test
  void chainsKeepTheBound() {
    for (DType dtype : DType.floating()) {
      for (long seed : Seeds.upTo(20)) {
        Random random = new Random(seed);
        int[] n = random.ints(5, 1, 40).toArray();
        double[][] d = new double[4][];
        Tensor[] in = new Tensor[4];
        double[][] exact = {{1}, {1}};
        for (int i = 0; i < 4; i++) {
          d[i] = data(random, (long) n[i] * n[i + 1], dtype);
          in[i] = tensor(dtype, d[i], n[i], n[i + 1]);
          exact = i == 0 ? pair(d[0]) : times(exact, d[i], n[0], n[i], n[i + 1]);
        }
        try (Tensor got = Einsum.einsum("ab,bc,cd,de->ae", in)) {
          double[] values = values(got);
          double m = n[1] + n[2] + n[3] + 3;
          for (int i = 0; i < values.length; i++) {
            // The exact value is rounded to double here: F64 may be off by as much again.
            double bound = (dtype == DType.F64 ? 2 : 1) * gamma(m, dtype) * exact[1][i];
            assertTrue(Math.abs(values[i] - exact[0][i]) <= bound, "seed " + seed);
          }
        }
        Arrays.stream(in).forEach(Tensor::close);
      }
    }
  }

  private static double[][] pair(double[] d) {
    return new double[][] {d, Arrays.stream(d).map(Math::abs).toArray()};
  }

  /** A product of (value, absolute value) with a matrix. */
  private static double[][] times(double[][] a, double[] b, int m, int k, int n) {
    double[][] c = new double[2][m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        Sum s = new Sum();
        double absolute = 0;
        for (int l = 0; l < k; l++) {
          s.add(a[0][i * k + l], b[l * n + j]);
          absolute += a[1][i * k + l] * Math.abs(b[l * n + j]);
        }
        c[0][i * n + j] = s.high + s.low;
        c[1][i * n + j] = absolute;
      }
    }
    return c;
  }

  /** CSR, BSR and block-sparse sums: m counts the entries that meet in one element. */
  @Test
  void sparseProductsKeepTheBound() {
    Random random = new Random(22);
    for (DType dtype : DType.floating()) {
      for (int columns : new int[] {1, 7, 40}) {
        int rows = 6;
        int depth = 3000;
        double[] a = data(random, (long) rows * depth, dtype);
        for (int i = 0; i < a.length; i++) {
          a[i] = random.nextInt(3) == 0 ? a[i] : 0;
        }
        double[] x = data(random, (long) depth * columns, dtype);
        try (Tensor dense = tensor(dtype, a, rows, depth);
            Tensor right = tensor(dtype, x, depth, columns);
            CsrMatrix csr = CsrMatrix.ofDense(dense, 0);
            BsrMatrix bsr = BsrMatrix.ofDense(dense, 2, 3);
            Tensor byCsr = csr.times(right);
            Tensor byBsr = bsr.times(right)) {
          check(a, x, rows, depth, columns, values(byCsr), dtype, "csr");
          check(a, x, rows, depth, columns, values(byBsr), dtype, "bsr");
        }
        blocks(random, dtype, columns);
      }
    }
  }

  private static void check(
      double[] a, double[] x, int rows, int k, int n, double[] got, DType dtype, String what) {
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < n; j++) {
        Sum s = new Sum();
        for (int l = 0; l < k; l++) {
          s.add(a[i * k + l], x[l * n + j]);
        }
        double share = s.share(got[i * n + j], k + 1, dtype);
        assertTrue(share <= 1, () -> what + " " + dtype + ": " + share + " times the bound");
      }
    }
  }

  /** A window of 500 blocks of 8 rows that all meet in one output block. */
  private static void blocks(Random random, DType dtype, int columns) {
    int window = 500;
    int size = 8;
    double[] w = data(random, (long) size * columns, dtype);
    double[] h = data(random, (long) window * size, dtype);
    try (Tensor weights = tensor(dtype, w, 1, 1, size, columns);
        Tensor in = tensor(dtype, h, 1, window, size);
        Tensor out = Tensor.zeros(dtype, 1, 1, columns)) {
      BlockPattern p = BlockPattern.of(new long[1][window], new long[1][1], 1, 1);
      BlockSparse.gemvInto(out, 1, 0, weights, in, p);
      double[] repeated = new double[window * size * columns];
      for (int i = 0; i < repeated.length; i++) {
        repeated[i] = w[i % w.length];
      }
      check(h, repeated, 1, window * size, columns, values(out), dtype, "block gemv");
    }
  }
}
