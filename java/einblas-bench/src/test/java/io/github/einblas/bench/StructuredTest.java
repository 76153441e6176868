// Tests: that einblas's jobs of structured matrices compute what the cases say, by plain loops.
package io.github.einblas.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StructuredTest {
  private static Structured small(String kind) {
    long[] sizes =
        switch (kind) {
          case "csr", "csrt" -> new long[] {19, 31, 5, 3};
          case "kron" -> new long[] {5, 3, 3};
          default -> new long[] {24, 4, 2, 7};
        };
    return new Structured("small", kind, sizes, null);
  }

  /** The matrix as rows of all elements. */
  private static double[][] dense(Structured c) {
    if (c.kind().equals("kron")) {
      double[][] all = {{1}};
      for (int i = 0; i < c.sizes()[2]; i++) {
        all = kronecker(all, i + 2, (int) c.sizes()[1]);
      }
      return all;
    }
    int b = c.block();
    double[][] all = new double[c.rows() * b][c.columns() * b];
    int[] column = c.indices();
    for (int e = 0; e < column.length; e++) {
      for (int i = 0; i < b; i++) {
        for (int j = 0; j < b; j++) {
          all[e / c.each() * b + i][column[e] * b + j] = Values.at(0, ((long) e * b + i) * b + j);
        }
      }
    }
    return all;
  }

  private static double[][] kronecker(double[][] a, int factor, int order) {
    int n = a.length * order;
    double[][] all = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        float f = Values.at(factor, (long) i % order * order + j % order);
        all[i][j] = a[i / order][j / order] * f;
      }
    }
    return all;
  }

  private static double[] expected(Structured c) {
    double[][] m = dense(c);
    long[] shape = c.result();
    int inner = (int) (c.operand()[0] == shape[0] && isLeft(c) ? c.operand()[1] : c.operand()[0]);
    double[] result = new double[(int) c.results()];
    for (int i = 0; i < shape[0]; i++) {
      for (int j = 0; j < shape[1]; j++) {
        for (int k = 0; k < inner; k++) {
          result[i * (int) shape[1] + j] +=
              isLeft(c)
                  ? Values.at(1, (long) i * inner + k) * m[k][j]
                  : (c.kind().endsWith("t") ? m[k][i] : m[i][k]) * Values.at(1, k * shape[1] + j);
        }
      }
    }
    return result;
  }

  private static boolean isLeft(Structured c) {
    return c.kind().equals("kron") || c.kind().equals("bsrx");
  }

  @ParameterizedTest
  @ValueSource(strings = {"csr", "csrt", "bsr", "bsrt", "bsrx", "kron"})
  void einblasComputesTheProduct(String kind) {
    Structured c = small(kind);
    double[] expected = expected(c);
    for (DType dtype : DType.floating()) {
      try (Rival.Job job = new EinblasRival().structured(c, dtype).get(0)) {
        double[] print = Trial.fingerprint(job, c);
        double tolerance = Fingerprint.tolerance(c, Trial.epsilon(dtype));
        Fingerprint.check(print, Fingerprint.of(i -> expected[(int) i], c.results()), tolerance);
      }
    }
  }

  @Test
  void everyRowHasDistinctColumnsInOrder() {
    for (Structured c : Structured.load().values()) {
      if (c.isSparse()) {
        int[] all = c.indices();
        assertEquals(c.indptr()[c.rows()], all.length, c.name());
        for (int e = 0; e < all.length; e++) {
          assertTrue(all[e] < c.columns(), c.name());
          assertTrue(e % c.each() == 0 || all[e - 1] < all[e], c.name());
        }
      }
    }
  }

  @Test
  void drawnNumbersReachTheirWholeRange() {
    int[] drawn = IntStream.range(0, 1000).map(i -> Structured.draw(1, i, 10)).toArray();
    for (int v = 0; v < 10; v++) {
      int value = v;
      long times = Arrays.stream(drawn).filter(d -> d == value).count();
      assertTrue(times > 60 && times < 140, v + " comes " + times + " times");
    }
  }

  @Test
  void workIsThatOfTheProduct() {
    Structured csr = small("csr");
    assertEquals(2.0 * 19 * 5 * 3, csr.flops());
    assertEquals(4 * 95 + 8 * 19 + (95 + 31 * 3 + 19 * 3) * 8, csr.bytes(DType.F64));
    Structured bsr = small("bsr");
    assertEquals(2.0 * 6 * 2 * 16 * 7, bsr.flops());
    Structured kron = small("kron");
    assertEquals(2.0 * 5 * 27 * 9, kron.flops());
  }
}
