// Runs that would take hours are refused by their prediction, unless they are allowed.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class SlowRunTest {
  private static final long LONG = 1L << 31;

  /** So many numbers in one place of memory. */
  private static Tensor broadcast(long... shape) {
    long[] ones = new long[shape.length];
    java.util.Arrays.fill(ones, 1);
    return Tensor.ones(DType.F32, ones).broadcastTo(shape);
  }

  private static void refused(String text, Runnable run) {
    String said = assertThrows(IllegalArgumentException.class, run::run).getMessage();
    assertTrue(said.contains("PlanOptions.withAllowSlow(true)"), said);
    assertTrue(said.contains(text), said);
  }

  @Test
  void yearsOfOperationsAreRefusedAndExplained() {
    Tensor huge = broadcast(LONG, LONG);
    try (Tensor out = Tensor.zeros(DType.F32)) {
      EinsumPlan plan = Einsum.plan("ij,ij->", huge, huge);
      assertTrue(plan.explain().contains("FLOP"));
      assertTrue(plan.explain(huge, huge).contains("ij,ij->"));
      refused("9.22e+18 FLOP", () -> plan.run(huge, huge));
      refused("on this machine", () -> plan.runInto(out, 1, 1, huge, huge));
      refused("on this machine", () -> plan.profile(huge, huge));
      refused("on this machine", () -> Einsum.einsum("ij,ij->", huge, huge));
      refused("on this machine", () -> Einsum.einsumInto(out, "ij,ij->", huge, huge));
      assertEquals(0, out.get());
    }
  }

  @Test
  void slicesWithoutEndAreRefusedUnlessAllowed() {
    long slices = 1L << 36;
    Tensor x = broadcast(1L << 38);
    PlanOptions options = PlanOptions.DEFAULT.withSlices(slices).withThreads(1);
    EinsumPlan plan = Einsum.plan("i,i->", options, x, x);
    assertEquals(slices, plan.sliceCount());
    refused("6.87e+10 slices", () -> plan.run(x, x));
    refused("hours at least", () -> plan.run(done -> {}, x, x));
    try (Tensor sum = Tensor.zeros(DType.F32)) {
      plan.runSlices(0, 3, sum, x, x);
      plan.slice(slices - 1).addTo(sum, x, x);
      assertEquals(16, sum.get());
      refused("0.500 times", () -> plan.runSlices(slices / 2, slices, sum, x, x));
      assertEquals(16, sum.get());
    }
    CancellationToken token = new CancellationToken();
    token.cancel();
    EinsumPlan patient = Einsum.plan("i,i->", options.withAllowSlow(true), x, x);
    assertThrows(CancellationException.class, () -> token.call(() -> patient.run(x, x)));
  }

  @Test
  void aBatchIsAsLongAsItsSets() {
    Tensor x = broadcast(1L << 21, 1L << 21);
    EinsumPlan plan = Einsum.plan("ij,ij->", x, x);
    refused("times", () -> plan.runBatch(Collections.nCopies(1 << 17, new Tensor[] {x, x})));
  }

  @Test
  void gradientsAreAsked() {
    Tensor huge = broadcast(LONG, LONG);
    try (Tensor up = Tensor.ones(DType.F32, 4)) {
      EinsumPlan plan = Einsum.plan("ij,ij,k->k", huge, huge, up);
      refused("on this machine", () -> plan.gradient(2).run(up, huge, huge));
    }
  }

  @Test
  void theOptionIsKept() {
    PlanOptions slow = PlanOptions.DEFAULT.withAllowSlow(true);
    assertTrue(slow.allowSlow());
    assertFalse(slow.withAllowSlow(false).allowSlow());
    assertEquals(PlanOptions.DEFAULT, slow.withAllowSlow(false));
    assertNotEquals(PlanOptions.DEFAULT, slow);
    assertTrue(slow.withThreads(2).toString().contains("allowSlow"));
    EinsumPlan plan =
        Einsum.plan("ij,jk->ik", slow, DType.F32, new long[] {2, 3}, new long[] {3, 4});
    assertEquals(plan, EinsumPlan.fromJson(plan.toJson()));
    assertTrue(EinsumPlan.fromJson(plan.toJson()).options().allowSlow());
    assertFalse(
        EinsumPlan.fromJson(plan.toJson().replace("\"allowSlow\":true", "\"allowSlow\":false"))
            .options()
            .allowSlow());
  }

  @Test
  void linearPathsAreThoseOfOptEinsum() {
    // np.einsum_path('ab,bc,cd,de->ae', ...) and opt_einsum: places in the list that is left.
    int[][] linear = {{1, 2}, {0, 2}, {0, 1}};
    PlanOptions options = PlanOptions.DEFAULT.withLinearPath(linear);
    assertArrayEquals(new int[][] {{1, 2}, {0, 4}, {3, 5}}, options.path());
    linear[0][0] = 7;
    assertArrayEquals(new int[] {1, 2}, options.path()[0]);
    try (Tensor a = Tensor.full(DType.F64, 2, 2, 2)) {
      EinsumPlan plan = Einsum.plan("ab,bc,cd,de->ae", options, a, a, a, a);
      assertEquals(options, plan.options().withSameOperands());
      assertEquals(128, plan.run(a, a, a, a).get(1, 1));
    }
    assertArrayEquals(
        new int[][] {{0, 1}, {3, 2}},
        PlanOptions.DEFAULT.withLinearPath(new int[][] {{0, 1}, {1, 0}}).path());
    wrongPath(
        "step 1 of the path must be two different places from 0 to 1, got [0, 2]", 0, 1, 0, 2);
    wrongPath("got [1, 1]", 0, 1, 1, 1);
    wrongPath("got [-1, 0]", -1, 0, 0, 1);
    assertThrows(
        IllegalArgumentException.class,
        () -> PlanOptions.DEFAULT.withLinearPath(new int[][] {{0}, {0, 1}}));
    assertThrows(
        IllegalArgumentException.class,
        () -> PlanOptions.DEFAULT.withLinearPath(new int[][] {null}));
  }

  private static void wrongPath(String text, int... p) {
    int[][] path = {{p[0], p[1]}, {p[2], p[3]}};
    String said =
        assertThrows(IllegalArgumentException.class, () -> PlanOptions.DEFAULT.withLinearPath(path))
            .getMessage();
    assertTrue(said.contains(text), said);
  }
}
