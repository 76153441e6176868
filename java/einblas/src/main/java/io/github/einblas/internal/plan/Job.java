// Plans: what a run of native steps is given.
package io.github.einblas.internal.plan;

import io.github.einblas.internal.plan.CompiledSteps.Checking;
import java.util.function.LongConsumer;

/** What a run of native steps is given: addresses and factors. */
record Job(
    long[] operands,
    long out,
    double alpha,
    double beta,
    int threads,
    long[] packed,
    LongConsumer afterSlice,
    long[] nanos,
    Checking checking,
    CompiledSteps.Finish finish) {
  static Job of(
      long[] operands, long out, double alpha, double beta, int threads, Checking checking) {
    return new Job(operands, out, alpha, beta, threads, null, null, null, checking, null);
  }

  Job with(Checking other) {
    return new Job(operands, out, alpha, beta, threads, packed, afterSlice, nanos, other, finish);
  }

  /** Told to nobody. */
  Job unheard() {
    return new Job(operands, out, alpha, beta, threads, packed, null, null, checking, finish);
  }

  /** The sums alone, into a place of their own. */
  Job into(long sums) {
    return new Job(operands, sums, 1, 0, threads, packed, afterSlice, nanos, checking, finish);
  }
}
