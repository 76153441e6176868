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

  /** Sums lie row-major. */
  FinalRounding(PlanTypes types, long[] shape, long[] outputStrides) {
    this.bytes = Views.bytes(shape, types.compute().bytes());
    int rank = shape.length;
    long[] strides = new long[2 * rank];
    System.arraycopy(Views.contiguous(shape), 0, strides, 0, rank);
    System.arraycopy(outputStrides, 0, strides, rank, rank);
    DType[] own = {types.compute(), types.result(), types.compute()};
    this.step =
        new Handle(
            Native::destroyStep,
            Native.createStep(own, 0, rank, shape, strides, null, Long.MAX_VALUE));
  }

  /** Bytes of the sums. */
  long bytes() {
    return bytes;
  }

  /** Bytes that a run takes beside sums and result. */
  long memory(int threads) {
    try {
      return Native.stepMemory(step.value(), threads);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  void run(long sums, long out, double alpha, double beta, int threads) {
    try {
      Native.runStep(step.value(), sums, 0, 0, out, alpha, beta, threads);
    } finally {
      Reference.reachabilityFence(this);
    }
  }
}
