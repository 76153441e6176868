// Plans on native memory: layouts, alpha and beta, overlap, closing, threads, garbage,
// explanations.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.github.einblas.internal.plan.PlanCache;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class EinsumPlanTest {
  private static Tensor counting(long... shape) {
    int size = (int) Arrays.stream(shape).reduce(1, (x, y) -> x * y);
    return Tensor.of(DoubleStream.iterate(1, v -> v + 1).limit(size).toArray(), shape);
  }

  private static double[] product2x2(Tensor a, Tensor b) {
    double[] x = a.contiguous().toDoubleArray();
    double[] y = b.contiguous().toDoubleArray();
    return new double[] {
      x[0] * y[0] + x[1] * y[2],
      x[0] * y[1] + x[1] * y[3],
      x[2] * y[0] + x[3] * y[2],
      x[2] * y[1] + x[3] * y[3]
    };
  }

  @Test
  void manyLayoutsOfOnePlan() {
    EinsumPlan plan = Einsum.plan("ij,jk->ik", DType.F64, new long[] {2, 2}, new long[] {2, 2});
    try (Tensor base = counting(6, 6);
        Tensor room = Tensor.zeros(DType.F64, 8, 8)) {
      // More layouts than a plan keeps, several times round.
      for (int round = 0; round < 3; round++) {
        for (int step = 1; step <= 4; step++) {
          Tensor a = base.slice(0, 0, step + 1, step).slice(1, 1, 3);
          Tensor b = base.slice(0, 5, 3, -1).slice(1, 0, step + 1, step).transpose();
          Tensor out = room.slice(0, 0, 2L * step, step).slice(1, 7, 5, -1);
          plan.runInto(out, a, b);
          assertArrayEquals(product2x2(a, b), out.copy().toDoubleArray());
        }
      }
    }
  }

  @Test
  void alphaAndBeta() {
    for (String equation : new String[] {"ij,jk->ik", "ij,jk,kl->il", "ij,jl->l"}) {
      int operands = equation.split(",").length;
      Tensor[] in = new Tensor[operands];
      Arrays.setAll(in, i -> counting(2, 2));
      EinsumPlan plan = Einsum.plan(equation, in);
      double[] plain = plan.run(in).toDoubleArray();
      Tensor out = Tensor.full(DType.F64, 10, plan.outputShape());
      plan.runInto(out, 2, -1, in);
      assertArrayEquals(
          Arrays.stream(plain).map(v -> 2 * v - 10).toArray(), out.toDoubleArray(), equation);
      // beta = 0 reads nothing of the output, alpha = 0 nothing of the operands.
      out.fill(Double.NaN);
      plan.runInto(out, 1, 0, in);
      assertArrayEquals(plain, out.toDoubleArray(), equation);
      in[0].fill(Double.NaN);
      out.fill(3);
      plan.runInto(out, 0, 2, in);
      assertTrue(Arrays.stream(out.toDoubleArray()).allMatch(v -> v == 6), equation);
      plan.runInto(out, 0, 0, in);
      assertTrue(Arrays.stream(out.toDoubleArray()).allMatch(v -> v == 0), equation);
    }
  }

  @Test
  void emptySumsAreZeroWhateverTheOperandsHold() {
    try (Tensor a = Tensor.empty(DType.F64, 2, 0);
        Tensor b = Tensor.full(DType.F64, Double.NaN, 3)) {
      assertArrayEquals(new double[3], Einsum.einsum("ij,k->k", a, b).toDoubleArray());
      Tensor out = Tensor.full(DType.F64, 5, 3);
      Einsum.plan("ij,k->k", a, b).runInto(out, 1, 2, a, b);
      assertArrayEquals(new double[] {10, 10, 10}, out.toDoubleArray());
    }
  }

  @Test
  void refusesOverlapBeforeWriting() {
    Tensor base = counting(4, 4);
    double[] before = base.toDoubleArray();
    Tensor a = base.slice(0, 0, 2).slice(1, 0, 2);
    Tensor b = base.slice(0, 2, 4).slice(1, 0, 2);
    EinsumPlan plan = Einsum.plan("ij,jk->ik", a, b);
    Tensor overlapping = base.slice(0, 1, 3).slice(1, 0, 2);
    Tensor twice = base.asStrided(10, new long[] {2, 2}, new long[] {1, 1});
    var shared =
        assertThrows(IllegalArgumentException.class, () -> plan.runInto(overlapping, a, b));
    assertTrue(shared.getMessage().contains("shares elements with operand 0"));
    assertThrows(IllegalArgumentException.class, () -> plan.runInto(overlapping, 1, 0, b, a));
    var self = assertThrows(IllegalArgumentException.class, () -> plan.runInto(twice, a, b));
    assertTrue(self.getMessage().contains("twice"), self::getMessage);
    Tensor nowhere = Tensor.zeros(DType.F64, 1).broadcastTo(2, 2);
    assertThrows(IllegalArgumentException.class, () -> plan.runInto(nowhere, a, b));
    assertArrayEquals(before, base.toDoubleArray());
    // Beside the operands in the same memory is fine, between their elements too.
    Tensor beside = base.slice(0, 0, 2).slice(1, 2, 4);
    double[] expected = product2x2(a, b);
    plan.runInto(beside, a, b);
    assertArrayEquals(expected, beside.copy().toDoubleArray());
  }

  @Test
  void refusesWhatThePlanWasNotMadeFor() {
    Tensor a = counting(2, 3);
    Tensor b = counting(3, 4);
    Tensor out = Tensor.full(DType.F64, 7, 2, 4);
    EinsumPlan plan = Einsum.plan("ij,jk->ik", a, b);
    refused(() -> plan.run(a), "2 operands, got 1");
    refused(() -> plan.runInto(out, 1, 0, a, b, a), "2 operands, got 3");
    refused(() -> plan.run(b, b), "operand 0 must have shape=[2, 3], dtype=F64, got shape=[3, 4]");
    refused(() -> plan.run(a, b.to(DType.F32)), "operand 1", "F32");
    refused(() -> plan.runInto(b, a, b), "the output must have shape=[2, 4]");
    refused(() -> plan.runInto(out.to(DType.F32), 1, 0, a, b), "the output must have", "F32");
    assertThrows(NullPointerException.class, () -> plan.run(a, null));
    assertThrows(NullPointerException.class, () -> plan.runInto(null, 1, 0, a, b));
    EinsumPlan three = Einsum.plan("ij,jk,k", a, b, counting(4));
    refused(() -> three.runInto(out, 1, 0, a, b), "3 operands, got 2");
    assertTrue(Arrays.stream(out.toDoubleArray()).allMatch(v -> v == 7));
  }

  private static void refused(org.junit.jupiter.api.function.Executable call, String... words) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call);
    for (String word : words) {
      assertTrue(e.getMessage().contains(word), e::getMessage);
    }
  }

  @Test
  void namesTheClosedTensor() {
    Tensor a = counting(2, 2);
    Tensor b = counting(2, 2);
    Tensor out = counting(2, 2);
    EinsumPlan plan = Einsum.plan("ij,jk->ik", a, b);
    b.close();
    var e = assertThrows(IllegalStateException.class, () -> plan.runInto(out, 1, 0, a, b));
    assertTrue(e.getMessage().contains("operand 1 is closed"), e::getMessage);
    assertThrows(IllegalStateException.class, () -> plan.run(a, b));
    assertArrayEquals(new double[] {1, 2, 3, 4}, out.toDoubleArray());
    out.close();
    Tensor c = counting(2, 2);
    e = assertThrows(IllegalStateException.class, () -> plan.runInto(out, 1, 0, a, c));
    assertTrue(e.getMessage().contains("the output is closed"), e::getMessage);
  }

  @Test
  void closeDuringRunsNeverCrashes() throws InterruptedException {
    EinsumPlan plan = Einsum.plan("ij,jk->ik", DType.F64, new long[] {32, 32}, new long[] {32, 32});
    for (int round = 0; round < 50; round++) {
      Tensor a = Tensor.ones(DType.F64, 32, 32);
      Tensor b = Tensor.ones(DType.F64, 32, 32);
      Tensor out = Tensor.zeros(DType.F64, 32, 32);
      CountDownLatch started = new CountDownLatch(1);
      AtomicReference<Throwable> end = new AtomicReference<>();
      Thread runner =
          new Thread(
              () -> {
                try {
                  while (true) {
                    plan.runInto(out, 1, 0, a, b);
                    started.countDown();
                  }
                } catch (Throwable t) {
                  end.set(t);
                }
              });
      runner.start();
      started.await();
      b.close();
      runner.join();
      assertSame(IllegalStateException.class, end.get().getClass());
      assertEquals(32, out.get(31, 31));
      a.close();
      out.close();
    }
  }

  @Test
  void onePlanInManyThreads() throws InterruptedException {
    EinsumPlan plan = Einsum.plan("ij,jk->ik", DType.F64, new long[] {2, 2}, new long[] {2, 2});
    Tensor a = counting(2, 2);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread[] threads = new Thread[4];
    for (int t = 0; t < threads.length; t++) {
      int row = t;
      threads[t] =
          new Thread(
              () -> {
                try (Tensor base = counting(8, 8)) {
                  for (int i = 0; i < 500; i++) {
                    // Each thread walks through more layouts than are kept.
                    Tensor b = base.slice(0, row, row + 2).slice(1, 0, 2 + i % 6, 1 + i % 6);
                    assertArrayEquals(product2x2(a, b), plan.run(a, b).toDoubleArray());
                  }
                } catch (Throwable e) {
                  failure.set(e);
                }
              });
      threads[t].start();
    }
    for (Thread t : threads) {
      t.join();
    }
    assertEquals(null, failure.get());
  }

  @Test
  void plannedProductMakesNoGarbage() {
    Tensor a = counting(4, 4);
    Tensor b = counting(4, 4);
    Tensor out = counting(4, 4);
    EinsumPlan plan = Einsum.plan("ij,jk->ik", a, b);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 20; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 1000; i++) {
        plan.runInto(out, 1, 0, a, b);
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    // The measurement itself may allocate a little; a call that did would count 1000 times.
    assertTrue(least < 1000, "bytes allocated by 1000 calls: " + least);
  }

  @ParameterizedTest
  @EnumSource(PlanOptions.Strategy.class)
  void everyStrategyGivesTheResult(PlanOptions.Strategy strategy) {
    PlanOptions options = PlanOptions.DEFAULT.withStrategy(strategy).withThreads(1);
    Tensor[] in = {counting(2, 3), counting(3, 4), counting(4, 2), counting(2)};
    double[] expected =
        Einsum.einsum(
                "ij,j->i",
                Einsum.einsum("ij,jk->ik", in[0], in[1]),
                Einsum.einsum("kl,l->k", in[2], in[3]))
            .toDoubleArray();
    assertArrayEquals(expected, Einsum.plan("ij,jk,kl,l->i", options, in).run(in).toDoubleArray());
  }

  @Test
  void givenPathIsTaken() {
    int[][] path = {{1, 2}, {3, 0}};
    Tensor[] in = {counting(2, 3), counting(3, 4), counting(4, 5)};
    PlanOptions options = PlanOptions.DEFAULT.withPath(path);
    EinsumPlan plan = Einsum.plan("ij,jk,kl->il", options, in);
    assertArrayEquals(path, plan.path());
    path[0][0] = 0;
    assertEquals(1, plan.path()[0][0]);
    assertEquals(options, PlanOptions.DEFAULT.withPath(new int[][] {{1, 2}, {3, 0}}));
    assertArrayEquals(
        Einsum.einsum("ij,jk,kl->il", in).toDoubleArray(), plan.run(in).toDoubleArray());
    refused(() -> Einsum.plan("ij,jk->ik", options, in[0], in[1]), "1 pairs, got 2");
  }

  @Test
  void forcedKernel() {
    Tensor a = counting(2, 2);
    PlanOptions loops = PlanOptions.DEFAULT.withKernel("loops");
    EinsumPlan plan = Einsum.plan("ij,jk->ik", loops, a, a);
    assertArrayEquals(product2x2(a, a), plan.run(a, a).toDoubleArray());
    assertTrue(plan.explain().contains("loops"), plan::explain);
    EinsumPlan unknown = Einsum.plan("ij,jk->ik", PlanOptions.DEFAULT.withKernel("nonsense"), a, a);
    refused(() -> unknown.run(a, a), "nonsense", "loops");
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 1025})
  void refusesThreads(int threads) {
    refused(() -> PlanOptions.DEFAULT.withThreads(threads), "" + threads, "1024");
  }

  @Test
  void sublistsAreTheSameLanguage() {
    Tensor a = counting(2, 3);
    Tensor b = counting(3, 4);
    double[] expected = Einsum.einsum("ij,jk->ki", a, b).toDoubleArray();
    assertArrayEquals(
        expected,
        Einsum.einsum(new int[] {900, 7}, Sublist.of(a, 7, 60), Sublist.of(b, 60, 900))
            .toDoubleArray());
    assertArrayEquals(
        Einsum.einsum("ij,jk", a, b).toDoubleArray(),
        Einsum.einsum(null, Sublist.of(a, Sublist.ELLIPSIS, 1), Sublist.of(b, 1, 2))
            .toDoubleArray());
    // The text of a sublist equation is not an equation in letters, cached or not.
    String text =
        Einsum.plan(new int[] {0, 2}, Sublist.of(a, 0, 1), Sublist.of(b, 1, 2)).equation();
    assertThrows(IllegalArgumentException.class, () -> Einsum.einsum(text, a, b));
  }

  @Test
  void cacheKeepsAndForgets() {
    Tensor a = counting(2, 2);
    assertSame(Einsum.plan("ij,jk->ik", a, a), Einsum.plan("ij,jk->ik", a, a.transpose()));
    try (Tensor row = Tensor.zeros(DType.F32, 2000)) {
      for (int n = 1; n <= 2000; n++) {
        Einsum.plan("i,i", row.slice(0, 0, n), row.slice(0, 0, n));
        assertTrue(PlanCache.size() <= PlanCache.LIMIT);
      }
    }
    assertArrayEquals(product2x2(a, a), Einsum.einsum("ij,jk->ik", a, a).toDoubleArray());
  }

  @Test
  void explainSaysWhatIsDone() {
    String text =
        Einsum.plan(
                "ij,jk,kl->il",
                DType.F32,
                new long[] {10, 1000},
                new long[] {1000, 10},
                new long[] {10, 1000})
            .explain();
    for (String word :
        new String[] {
          "ij,jk,kl->il", "[10, 1000]", "400000 FLOP", "ij,jk->ik", "kl,ik->il", "#0,#1", "kernel"
        }) {
      assertTrue(text.contains(word), () -> "no " + word + " in\n" + text);
    }
  }

  @Test
  void nothingNativeIsLeftBehind() {
    Tensor[] in = {counting(8, 8), counting(8, 8), counting(8, 8)};
    EinsumPlan plan = Einsum.plan("ij,jk,kl->il", in);
    long before = Einblas.nativeBytesInUse();
    for (int i = 0; i < 10; i++) {
      plan.run(in).close();
      assertThrows(IllegalArgumentException.class, () -> plan.run(in[0]));
    }
    assertTrue(Einblas.nativeBytesInUse() <= before, "native memory leaked");
  }
}
