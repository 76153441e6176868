// Runs that are told to stop, by an interrupt or a token: where they end, what they say, what
// stays.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class CancellationTest {
  private static final String CHAIN = "ij,jk,kl->il";

  @AfterEach
  void nothingStaysPending() {
    assertFalse(Thread.interrupted());
  }

  private static CancellationToken cancelled() {
    CancellationToken token = new CancellationToken();
    token.cancel();
    return token;
  }

  private static void stops(String text, Runnable work) {
    CancellationToken token = cancelled();
    String said = assertThrows(CancellationException.class, () -> token.run(work)).getMessage();
    assertEquals("cancelled: " + text, said);
    Thread.currentThread().interrupt();
    said = assertThrows(CancellationException.class, work::run).getMessage();
    assertTrue(Thread.interrupted(), "the interrupt stays pending");
    assertEquals("interrupted: " + text, said);
    work.run();
  }

  @Test
  void betweenSteps() {
    try (Tensor a = Tensor.full(DType.F64, 2, 4, 4);
        Tensor out = Tensor.full(DType.F64, 7, 4, 4)) {
      EinsumPlan plan = Einsum.plan(CHAIN, a, a, a);
      assertEquals(1, plan.sliceCount());
      CancellationToken token = cancelled();
      double[] before = out.toDoubleArray();
      assertThrows(
          CancellationException.class, () -> token.run(() -> plan.runInto(out, 1, 1, a, a, a)));
      assertArrayEquals(before, out.toDoubleArray());
      stops("the output is untouched: 1 of 2 steps were done", () -> plan.runInto(out, a, a, a));
      stops("the output is untouched: 1 of 2 steps were done", () -> plan.run(a, a, a).close());
      stops(
          "the output is untouched: 1 of 2 steps were done",
          () -> Einsum.einsum(CHAIN, a, a, a).close());
      assertEquals(128, out.get(0, 0));
    }
  }

  @Test
  void aSingleStepIsDone() {
    try (Tensor a = Tensor.full(DType.F64, 2, 4, 4);
        Tensor out = Tensor.zeros(DType.F64, 4, 4)) {
      cancelled().run(() -> Einsum.einsumInto(out, "ij,jk->ik", a, a));
      assertEquals(16, out.get(3, 3));
      Thread.currentThread().interrupt();
      Einsum.einsumInto(out, 1, 1, "ij,jk->ik", a, a);
      assertTrue(Thread.interrupted());
      assertEquals(32, out.get(3, 3));
    }
  }

  @Test
  void betweenSlices() {
    PlanOptions options = PlanOptions.DEFAULT.withSlices(8);
    try (Tensor a = Tensor.full(DType.F64, 2, 8, 8);
        Tensor out = Tensor.zeros(DType.F64, 8, 8)) {
      EinsumPlan plan = Einsum.plan("ij,jk->ik", options, a, a);
      assertEquals(8, plan.sliceCount());
      String text = "the output is partly written: 1 of 8 slices were done";
      stops(text, () -> plan.runInto(out, a, a));
      stops(text, () -> plan.runSlices(0, 8, out, a, a));
      CancellationToken token = new CancellationToken();
      String said =
          assertThrows(
                  CancellationException.class,
                  () ->
                      token.call(
                          () ->
                              plan.run(
                                  done -> {
                                    if (done == 3) {
                                      token.cancel();
                                    }
                                  },
                                  a,
                                  a)))
              .getMessage();
      assertEquals("cancelled: the output is partly written: 3 of 8 slices were done", said);
    }
  }

  @Test
  void betweenPartsOfABatch() {
    int n = 200;
    PlanOptions options = PlanOptions.DEFAULT.withThreads(1);
    try (Tensor a = Tensor.full(DType.F32, 2, n, n);
        Tensor out = Tensor.zeros(DType.F32, 150, n, n)) {
      EinsumPlan plan = Einsum.plan("ij,jk->ik", options, a, a);
      List<Tensor[]> sets = Collections.nCopies(150, new Tensor[] {a, a});
      CancellationToken token = cancelled();
      CancellationException e =
          assertThrows(
              CancellationException.class, () -> token.run(() -> plan.runBatchInto(out, sets)));
      assertEquals(
          "cancelled: the output is partly written: 100 of 150 sets were done", e.getMessage());
      assertEquals(4 * n, out.get(99, 0, 0));
      assertEquals(0, out.get(100, 0, 0));
      plan.runBatchInto(out, sets);
      assertEquals(4 * n, out.get(149, n - 1, n - 1));
      PlanOptions cut = options.withSlices(2);
      EinsumPlan sliced = Einsum.plan("ij,jk->ik", cut, a, a);
      List<Tensor[]> few = sets.subList(0, 3);
      stops(
          "the output is partly written: 1 of 2 slices were done",
          () -> sliced.runBatch(few).close());
    }
  }

  @Test
  void betweenPairsOfGradients() {
    try (Tensor a = Tensor.full(DType.F64, 2, 4, 4)) {
      EinsumPlan plan = Einsum.plan(CHAIN, a, a, a);
      stops(
          "there are no gradients: 1 of 3 pairs were done",
          () -> plan.gradients(a, a, a, a).close());
    }
  }

  @Test
  void aSearchEndsWithTheBestOrderSoFar() {
    int n = 40;
    int[][] labels = new int[n][];
    Arrays.setAll(labels, i -> new int[] {i, (i + 1) % n, n + i % 7});
    long[][] shapes = new long[n][];
    Arrays.fill(shapes, new long[] {2, 2, 2});
    PlanOptions endless = PlanOptions.DEFAULT.withSearchRounds(1_000_000);
    EinsumPlan plan =
        cancelled().call(() -> Einsum.plan(labels, new int[0], endless, DType.F32, shapes));
    assertEquals(n - 1, plan.path().length);
  }

  @Test
  void fromAnotherThread() throws Exception {
    CancellationToken token = new CancellationToken();
    CountDownLatch running = new CountDownLatch(1);
    Thread other =
        new Thread(
            () -> {
              try {
                running.await();
                token.cancel();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    other.start();
    try (Tensor a = Tensor.full(DType.F32, 1, 1 << 20)) {
      EinsumPlan plan = Einsum.plan("i,i->", PlanOptions.DEFAULT.withSlices(1 << 20), a, a);
      Supplier<Tensor> endless =
          () -> {
            while (true) {
              plan.run(done -> running.countDown(), a, a).close();
            }
          };
      assertThrows(CancellationException.class, () -> token.call(endless));
    }
    other.join();
    assertTrue(token.isCancelled());
  }

  @Test
  void tokensNestAndEnd() {
    try (Tensor a = Tensor.full(DType.F64, 2, 4, 4)) {
      Supplier<Tensor> work = () -> Einsum.einsum(CHAIN, a, a, a);
      CancellationToken open = new CancellationToken();
      assertThrows(CancellationException.class, () -> cancelled().call(() -> open.call(work)));
      assertThrows(CancellationException.class, () -> open.call(() -> cancelled().call(work)));
      assertThrows(
          CancellationException.class, () -> CancellationToken.after(Duration.ZERO).call(work));
      // Neither token reaches beyond its call.
      work.get().close();
      open.call(work).close();
      CancellationToken.after(Duration.ofDays(1_000_000)).call(work).close();
      assertFalse(open.isCancelled());
      assertThrows(
          IllegalArgumentException.class, () -> CancellationToken.after(Duration.ofMillis(-1)));
    }
  }
}
