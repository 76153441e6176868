// Tests: every tunable number is judged by calls that it can change.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.Tuning;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class TuneCasesTest {
  @Test
  void everyNumberHasCasesOfItsOwnKernel() {
    try (TuneCases cases = new TuneCases()) {
      for (Tuning.Value number : Tuning.values()) {
        if (!TuneCases.isJudged(number)) {
          assertTrue(number.name().startsWith("POOL_"), number.name());
          continue;
        }
        List<TuneCases.Case> affected = cases.affectedBy(number);
        boolean own =
            affected.stream()
                .allMatch(c -> number.name().startsWith(c.family().toUpperCase(Locale.ROOT)));
        assertEquals(!TuneCases.isForAll(number), own, number.name());
      }
    }
  }

  @Test
  void everyCaseRunsAndLeavesTheNumberAsItWas() {
    Tuning.Value number = Tuning.values().get(0);
    try (TuneCases cases = new TuneCases()) {
      for (Tuning.Value each : Tuning.values()) {
        if (!TuneCases.isJudged(each)) {
          continue;
        }
        for (TuneCases.Case c : cases.affectedBy(each).subList(0, 1)) {
          assertTrue(c.speedup(each.name(), each.value(), each.defaultValue()) > 0, each.name());
        }
      }
    }
    assertEquals(number, Tuning.values().get(0));
  }
}
