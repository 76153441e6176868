// Plans: times the steps of a plan.
package io.github.einblas.internal.plan;

import io.github.einblas.internal.tensor.Strided;
import java.util.Arrays;

/** The best of a few runs. */
public final class Profile {
  /** A profile takes the best of so many runs, fewer when they take long. */
  private static final int RUNS = 10;

  private static final long NANOS = 500_000_000;

  private Profile() {}

  /** Seconds of each step of a layout, for operands that fit it. */
  public static double[] seconds(Contraction plan, CompiledPlan compiled, Strided[] operands) {
    long[] best = new long[compiled.main().count()];
    Arrays.fill(best, Long.MAX_VALUE);
    try (Strided out = Strided.empty(plan.types().result(), plan.outputShape())) {
      long start = System.nanoTime();
      for (int i = 0; i < RUNS; i++) {
        long[] nanos = new long[best.length];
        plan.runTimed(out, operands, nanos);
        Arrays.setAll(best, s -> Math.min(best[s], nanos[s]));
        if (System.nanoTime() - start > NANOS) {
          break;
        }
      }
    }
    return Arrays.stream(best).mapToDouble(n -> n * 1e-9).toArray();
  }
}
