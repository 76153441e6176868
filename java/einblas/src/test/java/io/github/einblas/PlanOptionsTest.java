// Options of plans: each is part of what makes two equal, and its limits are said.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class PlanOptionsTest {
  @Test
  void equalWhereEachOptionIs() {
    List<Supplier<PlanOptions>> all =
        List.of(
            () -> PlanOptions.DEFAULT,
            () -> PlanOptions.DEFAULT.withThreads(3),
            () -> PlanOptions.DEFAULT.withStrategy(PlanOptions.Strategy.GREEDY),
            () -> PlanOptions.DEFAULT.withCostModel(PlanOptions.CostModel.FLOPS),
            () -> PlanOptions.DEFAULT.withSearchTime(Duration.ofSeconds(2)),
            () -> PlanOptions.DEFAULT.withMemoryLimit(1 << 20),
            () -> PlanOptions.DEFAULT.withSlices(4),
            () -> PlanOptions.DEFAULT.withSliceMemoryLimit(1 << 20),
            () -> PlanOptions.DEFAULT.withBatchInvariance(true),
            () -> PlanOptions.DEFAULT.withPath(new int[][] {{0, 1}}),
            () -> PlanOptions.DEFAULT.withPath(new int[][] {{1, 0}}),
            () -> PlanOptions.DEFAULT.withKernel("gemm"));
    for (int i = 0; i < all.size(); i++) {
      for (int j = 0; j < all.size(); j++) {
        PlanOptions a = all.get(i).get();
        PlanOptions b = all.get(j).get();
        if (i == j) {
          assertEquals(a, b);
          assertEquals(a.hashCode(), b.hashCode(), a.toString());
          assertEquals(a.toString(), b.toString());
        } else {
          assertNotEquals(a, b);
        }
      }
    }
  }

  @Test
  void timesOutsideAnHourAreRefused() {
    for (Duration wrong : List.of(Duration.ofSeconds(-1), Duration.ofHours(1).plusNanos(1))) {
      String text =
          assertThrows(
                  IllegalArgumentException.class, () -> PlanOptions.DEFAULT.withSearchTime(wrong))
              .getMessage();
      assertTrue(text.contains(wrong.toString()) && text.contains("hour"), text);
    }
  }
}
