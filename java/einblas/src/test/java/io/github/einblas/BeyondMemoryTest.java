// Orders whose intermediates no machine holds: refused with step and size, or cut where asked for.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BeyondMemoryTest {
  private static final String RING = "ab,bc,cd,da->";

  /** The first pair has nothing in common: all four labels between the steps. */
  private static final int[][] OUTER_FIRST = {{0, 2}, {1, 4}, {3, 5}};

  private static final PlanOptions OPTIONS = PlanOptions.DEFAULT.withPath(OUTER_FIRST);

  private static long[][] ring(long length) {
    long[][] shapes = new long[4][];
    Arrays.fill(shapes, new long[] {length, length});
    return shapes;
  }

  private static String refused(Runnable body, String... words) {
    String text = assertThrows(IllegalArgumentException.class, body::run).getMessage();
    for (String word : words) {
      assertTrue(text.contains(word), () -> text + " lacks " + word);
    }
    return text;
  }

  @Test
  void aStepThatNothingHoldsIsNamed() {
    for (long length : new long[] {1 << 12, 1 << 15, 1 << 16, 1 << 20, 1 << 30}) {
      String elements = String.format(java.util.Locale.ROOT, "%.3g", Math.pow((double) length, 4));
      String bytes = String.format(java.util.Locale.ROOT, "%.3g", 8 * Math.pow((double) length, 4));
      refused(
          () -> Einsum.plan(RING, OPTIONS, DType.F64, ring(length)),
          "\"" + RING + "\": step 1 of 3 (ab,cd->",
          elements + " elements",
          bytes + " bytes",
          "withMemoryLimit",
          "withSlices",
          " slices");
    }
  }

  @Test
  void intermediatesTogether() {
    // Outer products of 2^45.2 elements each, kept until the last pairs.
    int[][] path = {{0, 1}, {2, 3}, {4, 5}, {6, 7}, {8, 9}, {10, 11}, {12, 13}};
    long[][] shapes = new long[8][];
    Arrays.fill(shapes, new long[] {2048, 3072});
    String text = "ab,cd,ab,cd,ef,gh,ef,gh->";
    PlanOptions given = PlanOptions.DEFAULT.withPath(path);
    refused(
        () -> Einsum.plan(text, given, DType.F64, shapes),
        "step 2 of 7 (ab,cd->",
        "3.96e+13 elements",
        "with others kept: 1.58e+14 elements");
    EinsumPlan plan = Einsum.plan(text, given.withMemoryLimit(1L << 33), DType.F64, shapes);
    assertTrue(plan.peakBytes() <= 1L << 33);
  }

  @Test
  void aMemoryLimitCutsIt() {
    for (long length : new long[] {1 << 12, 1 << 16, 1 << 20}) {
      EinsumPlan plan =
          Einsum.plan(RING, OPTIONS.withMemoryLimit(8L << 30), DType.F64, ring(length));
      assertTrue(plan.peakBytes() <= 8L << 30, plan::explain);
      assertTrue(plan.sliceCount() >= Math.min(Math.pow((double) length, 4) / (1 << 30), 1L << 62));
      assertEquals(plan, EinsumPlan.fromJson(plan.toJson()));
    }
    refused(
        () -> Einsum.plan(RING, OPTIONS.withMemoryLimit(8L << 30), DType.F64, ring(1 << 30)),
        "a memory limit of 8589934592 bytes would take more than 2^63 slices");
  }

  @Test
  void slicesCutItToo() {
    for (long length : new long[] {1 << 12, 1 << 20}) {
      EinsumPlan plan = Einsum.plan(RING, OPTIONS.withSlices(2), DType.F64, ring(length));
      assertTrue(plan.sliceCount() >= Math.pow((double) length, 4) / 0x1p46, plan::explain);
      EinsumPlan apart =
          Einsum.plan(RING, OPTIONS.withSliceMemoryLimit(1L << 40), DType.F64, ring(length));
      assertTrue(apart.sliceCount() >= Math.pow((double) length, 4) / 0x1p37, apart::explain);
    }
  }

  @Test
  void aResultThatNothingHoldsIsNamed() {
    long[][] shapes = {{1 << 20, 1 << 20}, {1 << 20, 1 << 20}};
    for (PlanOptions options :
        new PlanOptions[] {PlanOptions.DEFAULT, PlanOptions.DEFAULT.withMemoryLimit(1 << 30)}) {
      refused(
          () -> Einsum.plan("ab,cd->abcd", options, DType.F32, shapes),
          "\"ab,cd->abcd\": the result",
          "1.21e+24 elements",
          "4.84e+24 bytes");
    }
  }

  @Test
  void operandsThatOverflowTogether() {
    long[][] shapes = {{1L << 31, 1L << 31}, {1L << 31, 1L << 31}, {1L << 31, 1L << 31}};
    PlanOptions limited = PlanOptions.DEFAULT.withSliceMemoryLimit(1 << 30);
    EinsumPlan plan = Einsum.plan("ab,bc,ca->", limited, DType.C128, shapes);
    assertTrue(plan.sliceCount() > 1 << 20);
  }

  /** 2^2000 is beyond double, too. */
  @Test
  void moreThanADoubleCounts() {
    int n = 2_000;
    int[][] labels =
        IntStream.range(0, 2 * n).mapToObj(i -> new int[] {i % n}).toArray(int[][]::new);
    long[][] shapes = new long[2 * n][];
    Arrays.fill(shapes, new long[] {2});
    int[][] path = new int[2 * n - 1][];
    Arrays.setAll(path, i -> i == 0 ? new int[] {0, 1} : new int[] {i + 1, 2 * n + i - 1});
    PlanOptions given = PlanOptions.DEFAULT.withPath(path);
    int[] none = {};
    refused(
        () -> Einsum.plan(labels, none, given, DType.F32, shapes),
        "step 45 of 3999",
        "elements",
        "2.1.0->45.44.");
    EinsumPlan plan = Einsum.plan(labels, none, DType.F32, shapes);
    assertTrue(Double.isFinite(plan.report().naiveFlops()));
    assertTrue(!plan.report().json().contains("Infinity"));
  }

  /** The same bits as another order of the contraction: what is cut is right. */
  @Test
  void aCutOrderRuns() {
    try (Tensor x = Tensor.of(new double[] {1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3)) {
      PlanOptions limited = OPTIONS.withMemoryLimit(300);
      EinsumPlan plan = Einsum.plan(RING, limited, x, x, x, x);
      assertTrue(plan.sliceCount() > 1);
      try (Tensor a = plan.run(x, x, x, x);
          Tensor b = Einsum.einsum(RING, x, x, x, x)) {
        assertArrayEquals(b.toDoubleArray(), a.toDoubleArray());
      }
    }
  }

  /** Shared intermediates would have 2^80 elements; each gradient by itself has 2^40. */
  @Test
  void gradientsOfAnOrderThatNothingHolds() {
    long n = 1 << 20;
    try (Tensor one = Tensor.ones(DType.F64, 1, 1);
        Tensor up = Tensor.ones(DType.F64)) {
      Tensor x = one.broadcastTo(n, n);
      EinsumPlan plan = Einsum.plan(RING, OPTIONS.withMemoryLimit(1 << 30), x, x, x, x);
      MemoryLimitException e =
          assertThrows(MemoryLimitException.class, () -> plan.gradients(up, x, x, x, x));
      assertTrue(e.neededBytes() >= 4 * 8 * n * n, e::getMessage);
    }
  }

  /** Strides of a tensor without elements are anything. */
  @Test
  void stridesOfNothing() {
    try (Tensor x = Tensor.zeros(DType.F64, 4)) {
      long far = 1L << 62;
      Tensor none = x.asStrided(0, new long[] {0, 0}, new long[] {far, far});
      try (Tensor r = Einsum.einsum("ii->i", none)) {
        assertEquals(0, r.size());
      }
    }
  }
}
