// Planner, last stage: sums of slices, kept in the type that is computed in, rounded once.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.Handle;
import io.github.einblas.internal.natives.Native;
import io.github.einblas.internal.tensor.Views;
import java.lang.ref.Reference;

/**
 * Where slices are added up and the result's type rounds more than the one that is computed in:
 * {@code out = alpha * sums + beta * out}. Immutable; used by many threads at once.
 */
final class FinalRounding {
  private final Handle step;
  private final long bytes;

  /** Of integers, or null. */
  private final StepCheck check;

  private int mostThreads = Integer.MAX_VALUE;

  /**
   * Sums lie row-major.
   *
   * @param sums their type
   * @param where what is rounded, for checks of integers; null for none
   */
  FinalRounding(
      PlanTypes types,
      DType sums,
      long[] shape,
      long[] outputStrides,
      StepCheck.Where where,
      long room) {
    this.bytes = (long) ((double) Views.size(shape) * sums.bytes());
    int rank = shape.length;
    long[] strides = new long[2 * rank];
    System.arraycopy(Views.contiguous(shape), 0, strides, 0, rank);
    System.arraycopy(outputStrides, 0, strides, rank, rank);
    DType[] own = {sums, types.result(), sums};
    this.step =
        new Handle(
            Native::destroyStep,
            Native.createStep(own, 0, rank, shape, strides, null, Long.MAX_VALUE));
    this.check = where == null ? null : new StepCheck(where, own, shape, strides, room);
  }

  /** Bytes of the sums. */
  long bytes() {
    return bytes;
  }

  /**
   * Takes as many threads as their workspaces fit the given bytes, and one in any case. To be
   * called before this is handed to other threads.
   */
  void limitThreads(long bytes) {
    long one = memory(1);
    long each = memory(2) - one;
    mostThreads = each <= 0 ? Integer.MAX_VALUE : CompiledSteps.more(bytes - one, each);
  }

  private int threads(int given) {
    if (mostThreads == Integer.MAX_VALUE) {
      return given;
    }
    return Math.min(given == 0 ? Native.threads() : given, mostThreads);
  }

  /** Bytes that a run with up to so many threads takes beside sums and result. */
  long memory(int given) {
    int threads = threads(given);
    try {
      long own = Native.stepMemory(step.value(), threads);
      return check == null ? own : Math.max(own, check.memory(threads));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Refuses what would wrap, where integers are checked; nothing is written. */
  void check(long sums, long out, double alpha, double beta, int threads) {
    if (check != null) {
      check.run(sums, 0, 0, out, alpha, beta, threads(threads), null);
    }
  }

  void run(long sums, long out, double alpha, double beta, int threads) {
    try {
      Native.runStep(step.value(), sums, 0, 0, out, alpha, beta, threads(threads));
    } finally {
      Reference.reachabilityFence(this);
    }
  }
}
