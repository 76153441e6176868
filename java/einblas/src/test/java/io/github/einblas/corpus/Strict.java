// Test support: the corpus as an outsider runs it: kernels cut their work as finely as they can, on
// one, two and three threads.
package io.github.einblas.corpus;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.Einblas;
import io.github.einblas.Tuning;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;

/** Settings of the process for a class of tests. */
final class Strict {
  static final int MOST_THREADS = 3;

  private static final Map<String, Long> BEFORE = new TreeMap<>();
  private static int threads;

  private Strict() {}

  /** To be called before the first case; {@link #end} after the last. */
  static void begin(Class<?> test) {
    skipWhatTheMachineLacks(test);
    threads = Einblas.threads();
    // Small tiles, small tasks, many threads: small jobs are cut and shared out as large ones are.
    for (Tuning.Value v : Tuning.values()) {
      BEFORE.put(v.name(), v.value());
      Tuning.set(v.name(), v.least());
    }
  }

  static void end() {
    BEFORE.forEach(Tuning::set);
    if (threads > 0) {
      Einblas.setThreads(threads);
    }
    BEFORE.clear();
  }

  /**
   * The build runs some classes once for each instruction set by EINBLAS_ISA; those that the
   * machine lacks are skipped.
   */
  private static void skipWhatTheMachineLacks(Class<?> test) {
    String forced = System.getenv("EINBLAS_ISA");
    try {
      System.out.println(test.getSimpleName() + " on isa " + Einblas.isa());
      assertTrue(forced == null || forced.equals(Einblas.isa()));
    } catch (IllegalArgumentException e) {
      boolean lacking =
          e.getMessage().contains("machine lacks") || e.getMessage().contains("no instruction set");
      Assumptions.assumeFalse(forced != null && lacking, e.getMessage());
      throw e;
    }
  }
}
