package io.github.einblas.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class FuzzRunTest {
  @Test
  void aFailureNamesItsSeedAndTheLineThatRepeatsIt() throws IOException {
    Assumptions.assumeTrue(Fuzz.minutes() == 0 && Long.getLong("einblas.fuzz.seed") == null);
    List<Long> seeds = new ArrayList<>();
    AssertionError failure =
        assertThrows(
            AssertionError.class,
            () ->
                Fuzz.run(
                    "self",
                    5,
                    seed -> {
                      seeds.add(seed);
                      if (seed == 3) {
                        throw new IllegalStateException("wrong");
                      }
                    }));
    assertEquals(List.of(1L, 2L, 3L), seeds);
    assertTrue(
        failure.getMessage().contains("-Dtest=FuzzRunTest -Deinblas.fuzz.seed=3"),
        failure::getMessage);
    assertEquals("3", Files.readString(Fuzz.folder().resolve("self.seed")).strip());
  }
}
