package io.github.einblas.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The whole public API in a JVM of its own: see {@link ApiFuzz}. */
class ApiFuzzTest {
  private static final int SHORT_ROUNDS = 128;

  @Test
  void randomCallsAreRightOrRefused() throws IOException, InterruptedException {
    String seed = System.getProperty("einblas.fuzz.seed");
    double minutes = Fuzz.minutes();
    List<String> failures =
        seed != null
            ? ApiFuzz.parent("seed", seed)
            : minutes > 0
                ? ApiFuzz.parent("minutes", Double.toString(minutes), Long.toString(Fuzz.first()))
                : ApiFuzz.parent("rounds", Integer.toString(SHORT_ROUNDS));
    assertEquals(List.of(), failures);
  }
}
