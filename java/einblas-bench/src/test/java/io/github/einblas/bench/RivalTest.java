// Tests: that a wrong result is noticed, and that einblas's own jobs compute their cases.
package io.github.einblas.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RivalTest {
  private static final Catalogue.Case PRODUCT =
      new Catalogue.Case("p", "gemm", "ab,bc->ac", Map.of('a', 31L, 'b', 17L, 'c', 43L));

  private static double expected(long index) {
    double sum = 0;
    for (long b = 0; b < 17; b++) {
      sum += (double) Values.at(0, index / 43 * 17 + b) * Values.at(1, b * 43 + index % 43);
    }
    return sum;
  }

  @Test
  void einblasComputesItsCasesInBothStyles() {
    for (DType dtype : DType.floating()) {
      double tolerance = Fingerprint.tolerance(PRODUCT, Trial.epsilon(dtype));
      for (Rival.Style style : Rival.Style.values()) {
        try (Rival.Job job = new EinblasRival().jobs(PRODUCT, dtype, style).get(0)) {
          Fingerprint.check(
              Trial.fingerprint(job, PRODUCT),
              Fingerprint.of(RivalTest::expected, 31 * 43),
              tolerance);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void everyTypeIsMeasuredAndRight(DType dtype) {
    Catalogue.Case small =
        new Catalogue.Case("p", "gemm", "ab,bc->ac", Map.of('a', 5L, 'b', 3L, 'c', 4L));
    assertTrue(new EinblasRival().has(dtype));
    assertTrue(Trial.epsilon(dtype) >= 0 && new Limits().peak(dtype, 1) > 0);
    for (Rival.Style style : Rival.Style.values()) {
      try (Rival.Job job = new EinblasRival().jobs(small, dtype, style).get(0);
          Tensor a = Values.tensor(dtype, 0, 1, 5, 3);
          Tensor b = Values.tensor(dtype, 1, 1, 3, 4);
          Tensor product = Einsum.einsum("ab,bc->ac", a, b)) {
        job.run();
        job.verify();
        for (long i = 0; i < 20; i++) {
          double expected = product.getReal(i / 4, i % 4) + product.getImag(i / 4, i % 4);
          assertEquals(expected, job.result(i), 1e-6 * Math.abs(expected), dtype + " " + i);
          assertTrue(dtype == DType.BOOL || expected != 0);
        }
      }
    }
  }

  @Test
  void oneWrongElementIsNoticed() {
    double[] right = Fingerprint.of(RivalTest::expected, 31 * 43);
    double tolerance = Fingerprint.tolerance(PRODUCT, Math.ulp(1f));
    for (long wrong : new long[] {0, 700, 31 * 43 - 1}) {
      double[] print = Fingerprint.of(i -> i == wrong ? expected(i) * 1.001 : expected(i), 31 * 43);
      assertThrows(IllegalStateException.class, () -> Fingerprint.check(print, right, tolerance));
    }
    double[] swapped = Fingerprint.of(i -> expected(i % 43 * 31 + i / 43), 31 * 43);
    assertThrows(IllegalStateException.class, () -> Fingerprint.check(swapped, right, tolerance));
    double[] nan = Fingerprint.of(i -> i == 5 ? Double.NaN : expected(i), 31 * 43);
    assertThrows(IllegalStateException.class, () -> Fingerprint.check(nan, right, tolerance));
  }

  @Test
  void sumsOfPlansStayWithinF32() {
    for (Catalogue.Case c : Catalogue.plans().values()) {
      try (Rival.Job job = new EinblasRival().jobs(c, DType.F32, Rival.Style.BEST).get(0)) {
        job.run();
        double got = job.result(c.results() - 1);
        assertTrue(got > 1e-30 && got < 1e30, c.name() + " gives " + got);
      }
    }
  }

  @Test
  void valuesAreThoseOfTheFormula() {
    assertEquals(0.5 + ((2654435761L * 3 + 40503) % (1L << 32) >> 22) / 1024.0, Values.at(0, 3));
    assertEquals(0.5 + ((2654435761L * 99 + 81006) % (1L << 32) >> 22) / 1024.0, Values.at(1, 99));
  }

  @Test
  void resultsSurviveTheFile() {
    Result r =
        new Result(
            "numpy",
            "NumPy 2",
            Rival.Style.USUAL,
            "einsum",
            "gemm_4",
            DType.F64,
            2,
            1.5,
            1.375,
            1.75,
            1.25,
            7,
            128,
            192,
            0.5,
            "B",
            17,
            "");
    assertEquals(r, Result.parse(r.line()));
    assertThrows(IllegalArgumentException.class, () -> Result.parse("numpy\t1"));
  }

  @Test
  void everyCaseOfTheFilesIsWellFormed() {
    Catalogue.load().values().forEach(c -> assertEquals(c, Catalogue.find(c.name())));
    Catalogue.sweeps().values().forEach(c -> assertEquals(c, Catalogue.find(c.name())));
    assertThrows(IllegalArgumentException.class, () -> Catalogue.find("no_such_case"));
  }
}
