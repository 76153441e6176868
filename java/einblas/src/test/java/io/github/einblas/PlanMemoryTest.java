// Plans under a memory limit: the result stays the same, what is promised is kept, slices add up.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.NativePeak;
import io.github.einblas.reference.RandomEquation;
import io.github.einblas.reference.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class PlanMemoryTest {
  private static final Pattern SMALLEST = Pattern.compile("the smallest that does is (\\d+) ");

  private static PlanOptions limit(long bytes) {
    return PlanOptions.DEFAULT.withMemoryLimit(bytes);
  }

  /** The smallest budget that the planner says would do. */
  private static long smallest(String equation, Tensor... operands) {
    IllegalArgumentException e = null;
    try {
      // An empty result of one step takes nothing.
      return Einsum.plan(equation, limit(0), operands).peakBytes();
    } catch (IllegalArgumentException refused) {
      e = refused;
    }
    Matcher m = SMALLEST.matcher(e.getMessage());
    assertTrue(m.find(), e.getMessage());
    return Long.parseLong(m.group(1));
  }

  private static Tensor whole(Random random, long... shape) {
    int size = (int) Arrays.stream(shape).reduce(1, (x, y) -> x * y);
    return Tensor.of(random.doubles(size).map(v -> Math.floor(5 * v) - 2).toArray(), shape);
  }

  /** Sums of slices that are rounded at the end: their conversion takes workspaces too. */
  @Test
  void roundingOfSummedSlicesKeepsTheLimitForAnyNumberOfThreads() {
    long[][] shapes = {{5, 2, 2, 5}, {1}};
    PlanOptions two = PlanOptions.DEFAULT.withThreads(2);
    for (long limit = 60; limit < 400; limit += 7) {
      PlanOptions limited = two.withMemoryLimit(limit);
      try {
        EinsumPlan plan = Einsum.plan("pvvp,c->c", limited, DType.BF16, shapes);
        try (Tensor x = Tensor.ones(DType.BF16, 5, 2, 2, 5);
            Tensor turned = x.permute(3, 2, 1, 0);
            Tensor y = Tensor.ones(DType.BF16, 1)) {
          assertTrue(plan.peakBytes() <= limit, plan.peakBytes() + " of " + limit);
          long strided = plan.report(turned, y).peakBytes();
          assertTrue(strided <= limit, strided + " of " + limit);
        }
      } catch (MemoryLimitException e) {
        assertTrue(e.neededBytes() > limit, e.getMessage());
      }
    }
  }

  @Test
  void randomEquationsUnderEveryLimit() {
    int cut = 0;
    for (long seed : Seeds.upTo(200)) {
      Random random = new Random(seed);
      RandomEquation r = new RandomEquation(random, 1 + random.nextInt(5));
      Tensor[] in = new Tensor[r.shapes.length];
      for (int i = 0; i < in.length; i++) {
        in[i] = Tensor.of(r.data[i]).reshape(r.shapes[i]);
      }
      double[] expected = r.evaluate(r.data);
      long whole = Einsum.plan(r.text, PlanOptions.DEFAULT.withThreads(2), in).peakBytes();
      long least = smallest(r.text, in);
      for (long budget = least; budget <= whole; budget += Math.max(1, (whole - least) / 3)) {
        EinsumPlan plan = Einsum.plan(r.text, limit(budget).withThreads(2), in);
        cut += plan.sliceCount() > 1 ? 1 : 0;
        assertTrue(plan.peakBytes() <= budget);
        String what = "seed " + seed + ": " + r + " in " + budget + " bytes";
        try (Tensor got = plan.run(in)) {
          assertArrayEquals(expected, got.toDoubleArray(), 1e-300, what);
          // alpha and beta reach every part of the output once.
          plan.runInto(got, 2, 3, in);
          double[] five = Arrays.stream(expected).map(v -> 5 * v).toArray();
          assertArrayEquals(five, got.toDoubleArray(), 1e-300, what);
          plan.runInto(got, 0, 2, in);
          double[] ten = Arrays.stream(expected).map(v -> 10 * v).toArray();
          assertArrayEquals(ten, got.toDoubleArray(), 1e-300, what);
        }
        try (Tensor sum = Tensor.zeros(DType.F64, plan.outputShape())) {
          for (PlanSlice slice : plan.slices()) {
            slice.addTo(sum, in);
          }
          assertArrayEquals(expected, sum.toDoubleArray(), 1e-300, what);
        }
      }
    }
    assertTrue(Seeds.one() || cut > 50, "only " + cut + " plans were cut");
  }

  @Test
  void promisedMemoryIsKept() {
    Random random = new Random(1);
    Tensor[] in = {
      whole(random, 60, 50), whole(random, 50, 70, 8), whole(random, 70, 60), whole(random, 8, 40)
    };
    String equation = "ab,bcx,ca,xd->ad";
    double[] expected = Einsum.einsum(equation, in).toDoubleArray();
    EinsumPlan whole = Einsum.plan(equation, limit(Long.MAX_VALUE - 1), in);
    long result = 60 * 40 * 8;
    for (int part : new int[] {1, 2, 5, 10, 50}) {
      long budget = result + (whole.peakBytes() - result) / part;
      if (budget < smallest(equation, in)) {
        continue;
      }
      EinsumPlan plan = Einsum.plan(equation, limit(budget), in);
      long promised = plan.report().peakBytes();
      assertTrue(promised <= budget, promised + " of " + budget);
      // The first run makes native steps, which take no native blocks.
      long measured = NativePeak.of(() -> plan.run(in).close());
      assertTrue(
          measured <= promised, measured + " instead of " + promised + "\n" + plan.explain());
      assertArrayEquals(expected, plan.run(in).toDoubleArray(), 1e-300);
    }
  }

  @Test
  void packingCounts() {
    Random random = new Random(2);
    Tensor a = whole(random, 300, 300);
    EinsumPlan plan = Einsum.plan("ij,jk->ik", a, a);
    long measured = NativePeak.of(() -> plan.run(a, a).close());
    assertTrue(measured <= plan.peakBytes(), measured + " of " + plan.peakBytes());
    // And it is no wild overestimate: within the two panels' rounding.
    assertTrue(plan.peakBytes() <= 2 * measured, measured + " of " + plan.peakBytes());
  }

  @Test
  void aBudgetBelowTheResultIsRefusedWithTheSmallestThatDoes() {
    Random random = new Random(3);
    Tensor a = whole(random, 20, 30);
    Tensor b = whole(random, 30, 25);
    long least = smallest("ij,jk->ik", a, b);
    assertTrue(least >= 20 * 25 * 8);
    assertThrows(
        IllegalArgumentException.class, () -> Einsum.plan("ij,jk->ik", limit(least - 1), a, b));
    assertArrayEquals(
        Einsum.einsum("ij,jk->ik", a, b).toDoubleArray(),
        Einsum.plan("ij,jk->ik", limit(least), a, b).run(a, b).toDoubleArray());
    assertThrows(IllegalArgumentException.class, () -> limit(-1));
  }

  @Test
  void whatNoMachineHoldsIsCut() {
    // In one piece an intermediate of 2^60 elements, by a path that makes it.
    int[][] path = {{0, 1}, {3, 2}};
    long[][] shapes = {{1 << 20, 2}, {1L << 20, 1 << 20, 2}, {1L << 20, 1 << 20, 2}};
    PlanOptions outer = PlanOptions.DEFAULT.withPath(path);
    String equation = "ax,bcx,bcx->a";
    assertThrows(
        IllegalArgumentException.class, () -> Einsum.plan(equation, outer, DType.F32, shapes));
    EinsumPlan plan = Einsum.plan(equation, outer.withMemoryLimit(1L << 30), DType.F32, shapes);
    assertTrue(plan.sliceCount() > 1);
    assertTrue(plan.peakBytes() <= 1L << 30);
  }

  @Test
  void otherLayoutsKeepTheLimit() {
    Random random = new Random(4);
    Tensor base = whole(random, 90, 80, 3);
    Tensor a = base.slice(2, 1, 2).reshape(90, 80);
    Tensor b = whole(random, 80, 90).transpose().copy().transpose();
    String equation = "ij,jk,kl->il";
    Tensor c = whole(random, 90, 10);
    long least = smallest(equation, a.copy(), b.copy(), c);
    EinsumPlan plan = Einsum.plan(equation, limit(least + 20_000), a, b, c);
    try (Tensor out = Tensor.zeros(DType.F64, 10, 90)) {
      long measured = NativePeak.of(() -> plan.runInto(out.transpose(), a, b, c)) + out.size() * 8;
      assertTrue(measured <= least + 20_000, "took " + measured);
      assertArrayEquals(
          Einsum.einsum(equation, a, b, c).toDoubleArray(),
          out.transpose().copy().toDoubleArray(),
          1e-300);
    }
  }

  @Test
  void interruptedBetweenSlices() {
    Random random = new Random(5);
    Tensor a = whole(random, 64, 64);
    EinsumPlan plan =
        Einsum.plan("ij,jk,kl->il", limit(smallest("ij,jk,kl->il", a, a, a)), a, a, a);
    long before = Einblas.nativeBytesInUse();
    List<Long> done = new ArrayList<>();
    CancellationException e =
        assertThrows(
            CancellationException.class,
            () ->
                plan.run(
                    n -> {
                      done.add(n);
                      if (n == 2) {
                        Thread.currentThread().interrupt();
                      }
                    },
                    a,
                    a,
                    a));
    assertTrue(Thread.interrupted());
    assertEquals(List.of(1L, 2L), done);
    assertTrue(e.getMessage().contains("partly written"), e::getMessage);
    assertTrue(Einblas.nativeBytesInUse() <= before, "native memory leaked");
    assertArrayEquals(
        Einsum.einsum("ij,jk,kl->il", a, a, a).toDoubleArray(), plan.run(a, a, a).toDoubleArray());
  }
}
