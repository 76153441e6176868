// Plans of thousands of operands: no search calls itself once per operand.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.github.einblas.PlanOptions.Strategy;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ManyOperandsTest {
  /** A stack of 256 KB holds some 2,000 calls: recursion by operand fails whatever is compiled. */
  private static final long STACK = 1 << 18;

  private interface Body {
    void run() throws Exception;
  }

  private static void onSmallStack(Body body) throws InterruptedException {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread thread =
        new Thread(
            null,
            () -> {
              try {
                body.run();
              } catch (Throwable t) {
                failure.set(t);
              }
            },
            "small stack",
            STACK);
    thread.start();
    thread.join();
    Throwable t = failure.get();
    assertNull(t, () -> t + " at " + Arrays.toString(Arrays.copyOf(t.getStackTrace(), 6)));
  }

  private static Sublist[] chain(Tensor matrix, int n) {
    Sublist[] operands = new Sublist[n];
    Arrays.setAll(operands, i -> Sublist.of(matrix, i, i + 1));
    return operands;
  }

  @Test
  void tenThousandEqualOperands() throws InterruptedException {
    onSmallStack(
        () -> {
          int n = 10_000;
          try (Tensor x = Tensor.of(new double[] {1, -1, 1}, 3)) {
            Tensor[] operands = new Tensor[n];
            Arrays.fill(operands, x);
            String equation = "a,".repeat(n - 1) + "a->a";
            try (Tensor r = Einsum.einsum(equation, operands)) {
              assertArrayEquals(new double[] {1, 1, 1}, r.toDoubleArray());
            }
            try (Tensor r = Einsum.einsum("a,".repeat(n - 1) + "a->", operands)) {
              assertEquals(3, r.item());
            }
          }
        });
  }

  @Test
  void coldChainOfTwelveThousand() throws InterruptedException {
    onSmallStack(
        () -> {
          int n = 12_000;
          try (Tensor turn = Tensor.of(new double[] {0, 1, -1, 0}, 2, 2);
              Tensor r = Einsum.einsum(new int[] {0, n}, chain(turn, n))) {
            // Every fourth quarter turn is a whole one.
            assertArrayEquals(new double[] {1, 0, 0, 1}, r.toDoubleArray());
          }
        });
  }

  @ParameterizedTest
  @EnumSource(
      value = Strategy.class,
      names = {"AUTO", "GREEDY", "BRANCH", "RANDOM_GREEDY"})
  void everyStrategyThatTakesMany(Strategy strategy) throws InterruptedException {
    onSmallStack(
        () -> {
          int n = strategy == Strategy.RANDOM_GREEDY ? 800 : 4_000;
          StringBuilder ring = new StringBuilder();
          for (int i = 0; i < n; i++) {
            ring.append(i == 0 ? "" : ",").append(letter(i)).append(letter(i + 1));
          }
          PlanOptions options =
              PlanOptions.DEFAULT.withStrategy(strategy).withSearchTime(Duration.ofMillis(1));
          long[][] shapes = new long[n][];
          Arrays.fill(shapes, new long[] {2, 2});
          EinsumPlan plan = Einsum.plan(ring + "->", options, DType.F64, shapes);
          assertEquals(n - 1, plan.path().length);
          assertEquals(plan, EinsumPlan.fromJson(plan.toJson()));
        });
  }

  @Test
  void aHundredThousandArePlanned() throws InterruptedException {
    onSmallStack(
        () -> {
          int n = 100_000;
          int[][] labels = new int[n][];
          long[][] shapes = new long[n][];
          for (int i = 0; i < n; i++) {
            labels[i] = new int[] {i, i + 1};
            shapes[i] = new long[] {2, 2};
          }
          PlanOptions searched = PlanOptions.DEFAULT.withSearchTime(Duration.ofMillis(1));
          EinsumPlan plan = Einsum.plan(labels, new int[] {0, n}, searched, DType.F64, shapes);
          assertEquals(n - 1, plan.path().length);
        });
  }

  /** 52 letters: labels come again, far apart. */
  private static char letter(int i) {
    int l = i % 52;
    return (char) (l < 26 ? 'a' + l : 'A' + l - 26);
  }
}
