// Sliced plans: random equations, orders, constants, limits and numbers of slices against loops.
package io.github.einblas.fuzz;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.Tuning;
import java.util.List;
import org.junit.jupiter.api.Test;

class SliceFuzzTest {
  /** Rounds of a run that is part of the build: some seconds. */
  private static final int SHORT_ROUNDS = 150;

  /** Values of the least for these share small problems out to threads, as large ones are. */
  private static final List<String> LEAST =
      List.of("THREAD_NANOS", "GEMM_TASK", "GEMM_ROWS", "GEMM_CHUNK", "GEMM_SMALL_TASK");

  @Test
  void slicedPlans() {
    List<Tuning.Value> before =
        Tuning.values().stream().filter(v -> LEAST.contains(v.name())).toList();
    before.forEach(v -> Tuning.set(v.name(), v.least()));
    try {
      long[] rounds = {0};
      Fuzz.run(
          "slices",
          SHORT_ROUNDS,
          seed -> {
            rounds[0]++;
            new SliceRound(seed).run();
          });
      // Some 7 of 11 plans of a round are.
      assertTrue(rounds[0] == 1 || SliceRound.cut() > rounds[0], "few plans were cut");
    } finally {
      before.forEach(v -> Tuning.set(v.name(), v.value()));
    }
  }
}
