// Sliced plans: those that an outsider found wrong, cuts that are obeyed everywhere, ids of slices.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.equation.Equation;
import io.github.einblas.reference.NaiveEinsum;
import io.github.einblas.reference.NativePeak;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SlicedPlanTest {
  private static final Pattern SMALLEST = Pattern.compile("the smallest that does is (\\d+) ");

  private static final String CHAIN = "ij,jk,kl->il";

  private static Tensor whole(Random random, long... shape) {
    int size = (int) Arrays.stream(shape).reduce(1, (x, y) -> x * y);
    double[] values = random.doubles(size).map(v -> Math.floor(5 * v) - 2).toArray();
    return Tensor.of(values).reshape(shape);
  }

  private static Tensor rough(Random random, long... shape) {
    int size = (int) Arrays.stream(shape).reduce(1, (x, y) -> x * y);
    return Tensor.of(random.doubles(size).toArray()).reshape(shape);
  }

  private static double[] naive(String text, Tensor... in) {
    long[][] shapes = Arrays.stream(in).map(Tensor::shape).toArray(long[][]::new);
    Equation e = Equation.parse(text, Arrays.stream(shapes).mapToInt(s -> s.length).toArray());
    int[][] labels = IntStream.range(0, in.length).mapToObj(e::operand).toArray(int[][]::new);
    double[][] data = Arrays.stream(in).map(Tensor::toDoubleArray).toArray(double[][]::new);
    return NaiveEinsum.evaluate(labels, e.output(), shapes, data);
  }

  private static long least(String equation, PlanOptions options, Tensor... in) {
    String text =
        assertThrows(
                IllegalArgumentException.class,
                () -> Einsum.plan(equation, options.withMemoryLimit(0), in))
            .getMessage();
    Matcher m = SMALLEST.matcher(text);
    assertTrue(m.find(), text);
    return Long.parseLong(m.group(1));
  }

  /** All limits from the least on: what is computed once must be read where it was written. */
  private static void everyLimit(String equation, PlanOptions options, Tensor... in) {
    double[] expected = naive(equation, in);
    long least = least(equation, options, in);
    long most = Einsum.plan(equation, options, in).peakBytes();
    int cut = 0;
    for (long limit = least; limit <= most; limit += 8) {
      EinsumPlan plan = Einsum.plan(equation, options.withMemoryLimit(limit), in);
      cut += plan.sliceCount() > 1 ? 1 : 0;
      double[] got = plan.run(in).toDoubleArray();
      assertArrayEquals(expected, got, 1e-300, equation + " in " + limit + " bytes");
    }
    assertTrue(cut > 10, "only " + cut + " plans of " + equation + " were cut");
  }

  @Test
  void aShorterLastPieceReadsWhatWasComputedOnce() {
    Random random = new Random(1);
    PlanOptions one = PlanOptions.DEFAULT.withThreads(1);
    everyLimit(
        "ecb,ac,bea,cea,cade,c->",
        one,
        whole(random, 5, 3, 3),
        whole(random, 2, 3),
        whole(random, 3, 5, 2),
        whole(random, 3, 5, 2),
        whole(random, 3, 2, 3, 5),
        whole(random, 3));
    everyLimit(
        "c,ca,ab,->abc",
        one.withPath(new int[][] {{2, 0}, {1, 3}, {4, 5}}),
        whole(random, 4),
        whole(random, 4, 3),
        whole(random, 3, 5),
        whole(random));
    everyLimit(
        ",jki,ji,jlkai,jla->kai",
        one.withStrategy(PlanOptions.Strategy.OPTIMAL),
        whole(random),
        whole(random, 3, 5, 2),
        whole(random, 3, 2),
        whole(random, 3, 1, 5, 3, 2),
        whole(random, 3, 1, 3));
  }

  @Test
  void cutsAndBitsAreTheSameForAnyNumberOfThreads() {
    Random random = new Random(2);
    Tensor a = rough(random, 300, 800);
    Tensor b = rough(random, 800, 300);
    for (long limit : new long[] {2_864_000, 2_200_000, 3_500_000}) {
      PlanOptions options = PlanOptions.DEFAULT.withMemoryLimit(limit);
      EinsumPlan first = Einsum.plan("ij,jk->ik", options.withThreads(1), a, b);
      double[] expected = first.run(a, b).toDoubleArray();
      for (int threads : new int[] {0, 2, 3, 8}) {
        EinsumPlan plan = Einsum.plan("ij,jk->ik", options.withThreads(threads), a, b);
        assertEquals(first.cutFingerprint(), plan.cutFingerprint());
        assertTrue(plan.peakBytes() <= limit, "promised " + plan.peakBytes() + " of " + limit);
        long taken =
            NativePeak.of(
                () -> {
                  try (Tensor got = plan.run(a, b)) {
                    assertArrayEquals(expected, got.toDoubleArray(), threads + " threads");
                  }
                });
        assertTrue(taken <= plan.peakBytes(), taken + " taken of " + limit);
      }
    }
  }

  /** A product that packs megabytes is not cut where smaller blocks will do. */
  @Test
  void littleRoomMakesBlocksSmallerAndDoesNotCut() {
    Random random = new Random(8);
    Tensor a = whole(random, 200, 300);
    Tensor b = whole(random, 300, 250);
    double[] expected = naive("ij,jk->ik", a, b);
    for (long room : new long[] {0, 1 << 10, 20 << 10, 64 << 10, 1 << 20}) {
      PlanOptions options = PlanOptions.DEFAULT.withMemoryLimit(200 * 250 * 8 + room);
      for (int threads : new int[] {1, 3}) {
        EinsumPlan plan = Einsum.plan("ij,jk->ik", options.withThreads(threads), a, b);
        assertEquals(1, plan.sliceCount(), room + " bytes");
        assertArrayEquals(expected, plan.run(a, b).toDoubleArray(), room + " bytes");
      }
    }
  }

  /**
   * A slice has the blocks of the run that it is a part of, not those of a plan without a limit.
   */
  @Test
  void slicesHaveTheBlocksOfTheRun() {
    Random random = new Random(9);
    Tensor a = rough(random, 90, 700);
    Tensor b = rough(random, 700, 80);
    Tensor c = rough(random, 80, 60);
    PlanOptions options = PlanOptions.DEFAULT.withMemoryLimit(90 * 60 * 8 + (40 << 10));
    EinsumPlan plan = Einsum.plan(CHAIN, options, a, b, c);
    assertTrue(plan.sliceCount() > 1, "not cut");
    double[] expected = plan.run(a, b, c).toDoubleArray();
    try (Tensor sum = Tensor.zeros(DType.F64, 90, 60)) {
      for (PlanSlice slice : plan.slices()) {
        slice.addTo(sum, a, b, c);
      }
      assertArrayEquals(expected, sum.toDoubleArray());
    }
  }

  @Test
  void gradientsUnderALimitHaveTheSameBitsForAnyNumberOfThreads() {
    Random random = new Random(3);
    Tensor a = rough(random, 96, 80);
    Tensor b = rough(random, 80, 64);
    Tensor c = rough(random, 64, 72);
    Tensor upstream = rough(random, 96, 72);
    long result = (96 * 80 + 80 * 64 + 64 * 72) * 8;
    for (long limit : new long[] {result + 90_000, result + 140_000, result + 300_000}) {
      double[][] expected = null;
      for (int threads = 1; threads <= 3; threads++) {
        PlanOptions options = PlanOptions.DEFAULT.withMemoryLimit(limit).withThreads(threads);
        Tensor[] got =
            Einsum.plan(CHAIN, options, a, b, c)
                .gradients(upstream, a, b, c)
                .list()
                .toArray(Tensor[]::new);
        double[][] values = Arrays.stream(got).map(Tensor::toDoubleArray).toArray(double[][]::new);
        expected = expected == null ? values : expected;
        assertTrue(Arrays.deepEquals(expected, values), threads + " threads in " + limit);
      }
    }
  }

  @Test
  void savedCutsAreObeyed() {
    Random random = new Random(4);
    Tensor[] in = {whole(random, 30, 31), whole(random, 31, 32), whole(random, 32, 33)};
    long[][] shapes = Arrays.stream(in).map(Tensor::shape).toArray(long[][]::new);
    EinsumPlan plan =
        Einsum.plan(CHAIN, PlanOptions.DEFAULT.withMemoryLimit(12_000), DType.F64, shapes);
    assertTrue(plan.sliceCount() > 1);
    String json = plan.toJson();
    assertEquals(plan, EinsumPlan.fromJson(json));
    // Cuts that no search would find, with a remainder: as another machine might have made them.
    String other =
        json.replaceFirst(
            "\"cuts\":\\[.*?\\]",
            "\"cuts\":[{\"label\":\"l\",\"chunk\":10},{\"label\":\"j\",\"chunk\":31},"
                + "{\"label\":\"k\",\"chunk\":7}]");
    EinsumPlan back = EinsumPlan.fromJson(other);
    assertEquals(4 * 5, back.sliceCount());
    assertEquals(other, back.toJson());
    assertNotEquals(plan, back);
    try (Tensor sum = Tensor.zeros(DType.F64, 30, 33)) {
      back.slices().forEach(s -> s.addTo(sum, in));
      assertArrayEquals(naive(CHAIN, in), sum.toDoubleArray());
    }
    assertArrayEquals(naive(CHAIN, in), back.run(in).toDoubleArray());
    assertTrue(back.peakBytes() <= 12_000);
  }

  @Test
  void savedCutsThatAreNoneAreRefused() {
    String json =
        Einsum.plan(
                CHAIN,
                PlanOptions.DEFAULT.withSlices(2),
                DType.F64,
                new long[][] {{30, 31}, {31, 32}, {32, 33}})
            .toJson();
    for (String cuts :
        List.of(
            "{\"label\":\"x\",\"chunk\":10}",
            "{\"label\":\"i\",\"chunk\":0}",
            "{\"label\":\"i\",\"chunk\":31}",
            "{\"label\":\"i\"}",
            "{\"label\":\"i\",\"chunk\":3},{\"label\":\"i\",\"chunk\":3}",
            "{\"label\":\"j\",\"chunk\":3},{\"label\":\"i\",\"chunk\":3}")) {
      String wrong = json.replaceFirst("\"cuts\":\\[.*?\\]", "\"cuts\":[" + cuts + "]");
      String text =
          assertThrows(IllegalArgumentException.class, () -> EinsumPlan.fromJson(wrong))
              .getMessage();
      assertTrue(text.startsWith("not a saved plan: ") && text.contains("cut"), text);
    }
  }

  @Test
  void aLimitWithoutCutsIsRefused() {
    String json =
        Einsum.plan(
                CHAIN,
                PlanOptions.DEFAULT.withMemoryLimit(12_000),
                DType.F64,
                new long[][] {{30, 31}, {31, 32}, {32, 33}})
            .toJson();
    String old =
        json.replace("\"einblasPlan\":2", "\"einblasPlan\":1")
            .replaceFirst("\"cuts\":\\[.*?\\],", "");
    String text =
        assertThrows(IllegalArgumentException.class, () -> EinsumPlan.fromJson(old)).getMessage();
    assertTrue(text.contains("version 1, which does not say how labels are cut"), text);
    // Where nothing makes a plan cut, there is nothing to say.
    String free = old.replaceFirst("\"memoryLimit\":\\d+", "\"memoryLimit\":" + Long.MAX_VALUE);
    assertEquals(1, EinsumPlan.fromJson(free).sliceCount());
  }

  @Test
  void slicesOfAnotherCutAreRefused() {
    long[][] shapes = {{30, 31}, {31, 32}, {32, 33}};
    PlanOptions options = PlanOptions.DEFAULT;
    EinsumPlan four = Einsum.plan(CHAIN, options.withSlices(4), DType.F64, shapes);
    EinsumPlan nine = Einsum.plan(CHAIN, options.withSlices(9), DType.F64, shapes);
    assertNotEquals(four.cutFingerprint(), nine.cutFingerprint());
    String id = four.slice(3).id();
    assertEquals(3, EinsumPlan.fromJson(four.toJson()).slice(id).index());
    String text = assertThrows(IllegalArgumentException.class, () -> nine.slice(id)).getMessage();
    assertTrue(text.contains(id) && text.contains("cut otherwise"), text);
    for (String wrong :
        List.of("", "3", "@" + four.cutFingerprint(), "-1@" + four.cutFingerprint())) {
      assertThrows(IllegalArgumentException.class, () -> four.slice(wrong), wrong);
    }
    String beyond = "9223372036854775807@" + four.cutFingerprint();
    assertThrows(IllegalArgumentException.class, () -> four.slice(beyond));
    assertThrows(NullPointerException.class, () -> four.slice(null));
    assertThrows(IndexOutOfBoundsException.class, () -> four.slice(four.sliceCount()));
    assertThrows(IndexOutOfBoundsException.class, () -> four.slice(-1));
  }

  @Test
  void atLeastAsManySlicesAsAskedFor() {
    long[][] shapes = {{30, 31}, {31, 32}, {32, 33}};
    for (long slices : new long[] {1, 2, 3, 7, 64, 1000, 30 * 31 * 32 * 33}) {
      EinsumPlan plan =
          Einsum.plan(CHAIN, PlanOptions.DEFAULT.withSlices(slices), DType.F64, shapes);
      assertTrue(plan.sliceCount() >= slices, plan.sliceCount() + " of " + slices);
      assertTrue(plan.sliceCount() <= 2 * slices, plan.sliceCount() + " of " + slices);
    }
    String text =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    Einsum.plan(
                        CHAIN,
                        PlanOptions.DEFAULT.withSlices(30 * 31 * 32 * 33 + 1),
                        DType.F64,
                        shapes))
            .getMessage();
    assertTrue(text.contains("its labels allow " + 30 * 31 * 32 * 33), text);
    assertThrows(IllegalArgumentException.class, () -> PlanOptions.DEFAULT.withSlices(0));
    // A sum over nothing is 0 in every slice.
    EinsumPlan empty =
        Einsum.plan("ab,b->a", PlanOptions.DEFAULT.withSlices(3), DType.F64, shape(7, 0), shape(0));
    try (Tensor out = Tensor.ones(DType.F64, 7)) {
      empty.runInto(out, Tensor.zeros(DType.F64, 7, 0), Tensor.zeros(DType.F64, 0));
      assertArrayEquals(new double[7], out.toDoubleArray());
    }
  }

  /** Bytes of a slice's parts of the operands and the result. */
  private static long partBytes(PlanSlice slice, int operands) {
    long bytes = product(slice.outputRanges());
    for (int i = 0; i < operands; i++) {
      bytes += product(slice.operandRanges(i));
    }
    return Double.BYTES * bytes;
  }

  private static long product(List<PlanSlice.Range> ranges) {
    return ranges.stream().mapToLong(PlanSlice.Range::length).reduce(1, (x, y) -> x * y);
  }

  @Test
  void aSliceFitsItsOwnLimit() {
    Random random = new Random(6);
    String equation = "ab,bc,cd,da->a";
    Tensor[] in = {
      whole(random, 20, 30), whole(random, 30, 25), whole(random, 25, 40), whole(random, 40, 20)
    };
    double[] expected = naive(equation, in);
    PlanOptions one = PlanOptions.DEFAULT.withThreads(1);
    MemoryLimitException none =
        assertThrows(
            MemoryLimitException.class,
            () -> Einsum.plan(equation, one.withSliceMemoryLimit(0), in));
    assertTrue(
        none.getMessage().contains("no slice fits a memory limit of 0 bytes"), none::getMessage);
    long whole = partBytes(Einsum.plan(equation, one.withSlices(1), in).slice(0), 4) + 30_000;
    for (long limit = none.neededBytes(); limit <= whole; limit += 1 + (whole - limit) / 7) {
      EinsumPlan plan = Einsum.plan(equation, one.withSliceMemoryLimit(limit), in);
      EinsumPlan back = EinsumPlan.fromJson(plan.toJson());
      assertEquals(plan.cutFingerprint(), back.cutFingerprint());
      try (Tensor sum = Tensor.zeros(DType.F64, 20)) {
        for (long i = 0; i < plan.sliceCount(); i++) {
          PlanSlice slice = back.slice(i);
          long taken = partBytes(slice, 4) + EinsumPlan.of(slice).peakBytes();
          long result = Double.BYTES * product(slice.outputRanges());
          assertTrue(taken - result <= limit, taken - result + " of " + limit);
          slice.addTo(sum, in);
        }
        assertArrayEquals(expected, sum.toDoubleArray(), "in slices of " + limit);
      }
      assertArrayEquals(expected, plan.run(in).toDoubleArray());
    }
    assertEquals(1, Einsum.plan(equation, one.withSliceMemoryLimit(1L << 30), in).sliceCount());
    assertThrows(IllegalArgumentException.class, () -> one.withSliceMemoryLimit(-1));
    // One with both limits, and one whose operands are large beside a small step.
    EinsumPlan both =
        Einsum.plan(
            "ij,jk->ik",
            one.withSliceMemoryLimit(40_000).withMemoryLimit(200_000).withSlices(5),
            DType.F64,
            new long[][] {{100, 90}, {90, 80}});
    assertTrue(both.sliceCount() >= 5);
    assertTrue(partBytes(both.slice(0), 2) <= 40_000);
  }

  private static long[] shape(long... lengths) {
    return lengths;
  }

  @Test
  void rangesSayWhatASliceTakes() {
    EinsumPlan plan =
        EinsumPlan.fromJson(
            Einsum.plan(
                    "...ij,...jk->...ik",
                    PlanOptions.DEFAULT,
                    DType.F32,
                    new long[][] {{5, 4, 6}, {1, 6, 3}})
                .toJson()
                .replace(
                    "\"cuts\":[]",
                    "\"cuts\":[{\"label\":\"<1>\",\"chunk\":2},{\"label\":\"j\",\"chunk\":4}]"));
    assertEquals(6, plan.sliceCount());
    PlanSlice last = plan.slice(5);
    assertEquals(
        List.of(new PlanSlice.Range("<1>", 4, 5), new PlanSlice.Range("j", 4, 6)), last.ranges());
    assertEquals(
        List.of(
            new PlanSlice.Range("<1>", 4, 5),
            new PlanSlice.Range("i", 0, 4),
            new PlanSlice.Range("j", 4, 6)),
        last.operandRanges(0));
    assertEquals(
        List.of(
            new PlanSlice.Range("<1>", 0, 1),
            new PlanSlice.Range("j", 4, 6),
            new PlanSlice.Range("k", 0, 3)),
        last.operandRanges(1));
    assertEquals(
        List.of(
            new PlanSlice.Range("<1>", 4, 5),
            new PlanSlice.Range("i", 0, 4),
            new PlanSlice.Range("k", 0, 3)),
        last.outputRanges());
    assertEquals(2, last.operandRanges(1).get(1).length());
    assertThrows(IndexOutOfBoundsException.class, () -> last.operandRanges(2));
    assertThrows(UnsupportedOperationException.class, () -> last.ranges().clear());
  }

  @Test
  void moreSlicesThanAListHolds() {
    long[][] shapes = {{1L << 20, 1L << 20}, {1L << 20, 1L << 20}};
    PlanOptions many = PlanOptions.DEFAULT.withSlices(1L << 32);
    EinsumPlan plan = Einsum.plan("ij,jk->ik", many, DType.F32, shapes);
    assertTrue(plan.sliceCount() >= 1L << 32);
    String text = assertThrows(IllegalStateException.class, plan::slices).getMessage();
    assertTrue(text.contains("more than a list holds; slice(long) gives each"), text);
    PlanSlice last = plan.slice(plan.sliceCount() - 1);
    assertEquals(1L << 20, last.outputRanges().get(0).to());
    // Beyond 2^63 they are not counted any more.
    PlanOptions most = PlanOptions.DEFAULT.withSlices(Long.MAX_VALUE);
    long[][] huge = {{1L << 30, 1L << 30}, {1L << 30, 1L << 30}};
    assertEquals(Long.MAX_VALUE, Einsum.plan("ij,jk->ik", most, DType.F32, huge).sliceCount());
  }
}
