// Runs that fail or are cancelled: the output is untouched or said not to be, nothing native is
// left, and the plan works again.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.natives.Reclaim;
import io.github.einblas.internal.natives.Stop;
import io.github.einblas.reference.Garbage;
import io.github.einblas.reference.RandomEquation;
import io.github.einblas.reference.Seeds;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanFailureTest {
  private static final double BEFORE = 7;

  private boolean collected;

  @BeforeAll
  static void nothingLeft() throws InterruptedException {
    Garbage.collect();
  }

  @BeforeEach
  void withoutTheCollector() {
    collected = Reclaim.enable(false); // nothing here is garbage, and thousands of runs fail
  }

  @AfterEach
  void noLimit() {
    Reclaim.enable(collected);
    Einblas.setNativeMemoryLimit(Long.MAX_VALUE);
  }

  private static Tensor whole(Random random, long... shape) {
    int size = (int) Arrays.stream(shape).reduce(1, (x, y) -> x * y);
    return Tensor.of(random.ints(size, -2, 3).asDoubleStream().toArray(), shape);
  }

  private static void runWithin(long room, Runnable action) {
    Einblas.setNativeMemoryLimit(Einblas.nativeBytesInUse() + room);
    try {
      action.run();
    } finally {
      Einblas.setNativeMemoryLimit(Long.MAX_VALUE);
    }
  }

  /**
   * Runs a plan into a given output with less and less memory.
   *
   * @return how many runs failed
   */
  private static int starve(EinsumPlan plan, Tensor[] in, double[] expected, String what) {
    int failed = 0;
    double[] wanted = Arrays.stream(expected).map(v -> 2 * v + 3 * BEFORE).toArray();
    double[] untouched = new double[expected.length];
    Arrays.fill(untouched, BEFORE);
    long beside = plan.peakBytes() - 8L * expected.length;
    try (Tensor out = Tensor.full(DType.F64, BEFORE, plan.outputShape())) {
      // Steps of seven eighths reach every block that a run asks for from above.
      for (long room = beside; ; room = room * 7 / 8) {
        out.fill(BEFORE);
        long before = Einblas.nativeBytesInUse();
        String where = what + ", " + room + " of " + beside + " bytes";
        NativeMemoryException failure = null;
        try {
          runWithin(room, () -> plan.runInto(out, 2, 3, in));
          assertArrayEquals(wanted, out.toDoubleArray(), 1e-300, where);
        } catch (NativeMemoryException e) {
          failure = e;
          failed++;
        }
        // Tensors that earlier tests forgot may be freed meanwhile.
        assertTrue(Einblas.nativeBytesInUse() <= before, where);
        if (failure != null) {
          assertTrue(room < beside, where + " are what was promised: " + failure.getMessage());
          boolean said =
              failure.getMessage().contains("partly written")
                  || failure.getMessage().contains("was multiplied by");
          assertEquals(said, !failure.isOutputUntouched(), failure.getMessage());
          if (failure.isOutputUntouched()) {
            assertArrayEquals(untouched, out.toDoubleArray(), 0, where);
          }
          out.fill(BEFORE);
          plan.runInto(out, 2, 3, in);
          assertArrayEquals(wanted, out.toDoubleArray(), 1e-300, where + ", again");
        }
        if (room == 0) {
          return failed;
        }
      }
    }
  }

  @Test
  void randomEquationsWithTooLittleMemory() {
    int failed = 0;
    for (long seed : Seeds.upTo(60)) {
      Random random = new Random(seed);
      RandomEquation r = new RandomEquation(random, 2 + random.nextInt(4));
      Tensor[] in = new Tensor[r.shapes.length];
      Arrays.setAll(in, i -> Tensor.of(r.data[i]).reshape(r.shapes[i]));
      EinsumPlan plan = Einsum.plan(r.text, PlanOptions.DEFAULT.withThreads(2), in);
      failed += starve(plan, in, r.evaluate(r.data), "seed " + seed + ": " + r);
    }
    assertTrue(Seeds.one() || failed > 50, "only " + failed + " runs failed");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ij,jk->ik               | 300x200;200x150       | 1",
        "ij,jk,kl->il            | 90x80;80x70;70x60     | 1",
        "ij,jk,kl->il            | 90x80;80x70;70x60     | 3",
        "nhd,khd->nkd            | 9x40x16;11x40x16      | 1",
        "ea,fb,abcd,gc,hd->efgh  | 9x9;9x9;9x9x9x9;9x9;9x9 | 1",
        "ea,fb,abcd,gc,hd->efgh  | 9x9;9x9;9x9x9x9;9x9;9x9 | 4",
        "ab,bc,cd,de->ae         | 8x8;8x8;8x300;300x200 | 1",
        "ijk->ki                 | 40x50x60              | 1",
        "bij,bjk->bik            | 70x20x30;70x30x20     | 1",
      })
  void namedCasesWithTooLittleMemory(String equation, String shapes, int parts) {
    Random random = new Random(11);
    Tensor[] in =
        Arrays.stream(shapes.trim().split(";"))
            .map(s -> Arrays.stream(s.split("x")).mapToLong(Long::parseLong).toArray())
            .map(s -> whole(random, s))
            .toArray(Tensor[]::new);
    PlanOptions options = PlanOptions.DEFAULT.withThreads(2);
    EinsumPlan plan = Einsum.plan(equation.trim(), options, in);
    double[] expected = plan.run(in).toDoubleArray();
    if (parts > 1) {
      long result = 8L * expected.length;
      long limit = result + (plan.peakBytes() - result) / parts;
      plan = Einsum.plan(equation.trim(), options.withMemoryLimit(limit), in);
      assertTrue(plan.sliceCount() > 1, equation);
    }
    int failed = starve(plan, in, expected, equation);
    assertTrue(failed > 0 || plan.peakBytes() == 8L * expected.length, equation);
  }

  @Test
  void theLastStepThatFailsLeavesTheOutputAndNamesItself() {
    Random random = new Random(12);
    Tensor[] in = {
      whole(random, 4, 4), whole(random, 4, 4), whole(random, 4, 300), whole(random, 300, 400)
    };
    int[][] path = {{0, 1}, {4, 2}, {5, 3}};
    EinsumPlan plan =
        Einsum.plan(
            "ab,bc,cd,de->ae",
            PlanOptions.DEFAULT.withThreads(1).withPath(path).withKernel("gemm"),
            in);
    long packing = plan.report().steps().get(2).workspaceBytes();
    assertTrue(packing > plan.report().steps().get(1).workspaceBytes());
    try (Tensor out = Tensor.full(DType.F64, BEFORE, 4, 400)) {
      double[] before = out.toDoubleArray();
      long room = plan.peakBytes() - 8 * 4 * 400 - 1;
      NativeMemoryException e =
          assertThrows(
              NativeMemoryException.class, () -> runWithin(room, () -> plan.runInto(out, in)));
      assertTrue(e.getMessage().startsWith("step 3 of 3 "), e::getMessage);
      assertTrue(e.isOutputUntouched());
      assertTrue(e.bytesNeeded() <= packing && e.bytesNeeded() > e.bytesAvailable());
      assertArrayEquals(before, out.toDoubleArray());
      plan.runInto(out, in);
      assertArrayEquals(
          Einsum.einsum("ab,bc,cd,de->ae", in).toDoubleArray(), out.toDoubleArray(), 1e-300);
    }
  }

  @Test
  void gradientsWithTooLittleMemory() {
    Random random = new Random(13);
    Tensor[] in = {whole(random, 30, 30), whole(random, 30, 40), whole(random, 40, 20)};
    EinsumPlan plan = Einsum.plan("ii,ij,jk->ik", PlanOptions.DEFAULT.withThreads(1), in);
    try (Tensor upstream = whole(random, 30, 20)) {
      EinsumPlan diagonal = plan.gradient(0);
      Tensor[] own = {upstream, in[1], in[2]};
      double[] expected = diagonal.run(own).toDoubleArray();
      assertTrue(starve(diagonal, own, expected, "diagonal") > 0);
      Tensor[] all = plan.gradients(upstream, in).list().toArray(Tensor[]::new);
      long before = Einblas.nativeBytesInUse();
      int failed = 0;
      for (long room = 0; room < 200_000; room += 4_000) {
        try {
          runWithin(room, () -> plan.gradients(upstream, in).close());
        } catch (NativeMemoryException e) {
          failed++;
        }
        assertTrue(Einblas.nativeBytesInUse() <= before, "with " + room + " bytes");
      }
      assertTrue(failed > 5, "only " + failed + " runs failed");
      Tensor[] again = plan.gradients(upstream, in).list().toArray(Tensor[]::new);
      for (int i = 0; i < all.length; i++) {
        assertArrayEquals(all[i].toDoubleArray(), again[i].toDoubleArray());
      }
    }
  }

  @Test
  void batchesAndBoundPlansWithTooLittleMemory() {
    Random random = new Random(14);
    Tensor[] in = {whole(random, 20, 30), whole(random, 30, 40), whole(random, 40, 20)};
    EinsumPlan plan = Einsum.plan("ij,jk,kl->il", in);
    List<Tensor[]> sets = List.of(in, in, in);
    long before = Einblas.nativeBytesInUse();
    NativeMemoryException e =
        assertThrows(
            NativeMemoryException.class,
            () -> runWithin(3 * 20 * 20 * 8, () -> plan.runBatch(sets).close()));
    assertFalse(e.isOutputUntouched());
    assertThrows(NativeMemoryException.class, () -> runWithin(0, () -> plan.runBatch(sets)));
    assertThrows(
        NativeMemoryException.class, () -> runWithin(0, () -> plan.bind(null, in[1], in[2])));
    assertTrue(Einblas.nativeBytesInUse() <= before);
    double[] expected = Einsum.einsum("ij,jk,kl->il", in).toDoubleArray();
    try (BoundPlan bound = plan.bind(null, in[1], in[2])) {
      long held = Einblas.nativeBytesInUse();
      assertThrows(NativeMemoryException.class, () -> runWithin(0, () -> bound.run(in[0])));
      assertTrue(Einblas.nativeBytesInUse() <= held);
      assertArrayEquals(expected, bound.run(in[0]).toDoubleArray(), 1e-300);
    }
  }

  private static EinsumPlan sliced(Tensor a) {
    EinsumPlan whole = Einsum.plan("ij,jk,kl->il", PlanOptions.DEFAULT.withThreads(1), a, a, a);
    long result = a.size() * 8;
    long limit = result + (whole.peakBytes() - result) / 4;
    EinsumPlan plan =
        Einsum.plan(
            "ij,jk,kl->il", PlanOptions.DEFAULT.withThreads(1).withMemoryLimit(limit), a, a, a);
    assertTrue(plan.sliceCount() > 2);
    return plan;
  }

  @Test
  void aListenerThatThrowsEndsTheRun() {
    Tensor a = whole(new Random(15), 64, 64);
    EinsumPlan plan = sliced(a);
    double[] expected = Einsum.einsum("ij,jk,kl->il", a, a, a).toDoubleArray();
    for (Throwable thrown : List.of(new UnsupportedOperationException("enough"), new Error("e"))) {
      LongConsumer listener =
          done -> {
            assertTrue(done <= 2, "called after it had thrown");
            if (done == 2) {
              PlanFailureTest.<RuntimeException>raise(thrown);
            }
          };
      long before = Einblas.nativeBytesInUse();
      assertSame(thrown, assertThrows(Throwable.class, () -> plan.run(listener, a, a, a)));
      assertTrue(Einblas.nativeBytesInUse() <= before);
      assertArrayEquals(expected, plan.run(a, a, a).toDoubleArray(), 1e-300);
    }
    // The operands were given back: closing one frees it.
    long bytes = Einblas.nativeBytesInUse();
    a.close();
    assertTrue(Einblas.nativeBytesInUse() <= bytes - 64 * 64 * 8);
  }

  @SuppressWarnings("unchecked")
  private static <T extends Throwable> void raise(Throwable t) throws T {
    throw (T) t;
  }

  @Test
  void anInterruptedRunIntoSaysHowMuchIsWritten() {
    Tensor a = whole(new Random(16), 64, 64);
    EinsumPlan plan = sliced(a);
    try (Tensor out = Tensor.full(DType.F64, BEFORE, 64, 64)) {
      long before = Einblas.nativeBytesInUse();
      Thread.currentThread().interrupt();
      CancellationException e =
          assertThrows(CancellationException.class, () -> plan.runInto(out, a, a, a));
      assertTrue(Thread.interrupted());
      assertEquals("interrupted: the output is untouched: 1 of 2 steps were done", e.getMessage());
      assertEquals(BEFORE, out.get(0, 0));
      // Asked between the steps of the first slice, behind it, and in the second.
      int[] asked = {0};
      e =
          assertThrows(
              CancellationException.class,
              () ->
                  Stop.with(
                      () -> ++asked[0] > 2,
                      () -> {
                        plan.runInto(out, a, a, a);
                        return out;
                      }));
      assertEquals(
          "cancelled: the output is partly written: 1 of "
              + plan.sliceCount()
              + " slices were done",
          e.getMessage());
      assertTrue(Einblas.nativeBytesInUse() <= before);
      plan.runInto(out, a, a, a);
      assertArrayEquals(
          Einsum.einsum("ij,jk,kl->il", a, a, a).toDoubleArray(), out.toDoubleArray(), 1e-300);
    }
  }

  @Test
  void theLimitIsChecked() {
    assertThrows(IllegalArgumentException.class, () -> Einblas.setNativeMemoryLimit(-1));
    assertEquals(Long.MAX_VALUE, Einblas.nativeMemoryLimit());
    runWithin(
        1000,
        () -> {
          assertTrue(Einblas.nativeBytesAvailable() <= 1000);
          NativeMemoryException e =
              assertThrows(NativeMemoryException.class, () -> Tensor.zeros(DType.F64, 5000));
          assertEquals(40_000, e.bytesNeeded());
        });
  }
}
