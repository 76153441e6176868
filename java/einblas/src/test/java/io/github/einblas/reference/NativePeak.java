package io.github.einblas.reference;

import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Tensor;

/** What an action takes of native memory, by the mark of the most that ever was in use. */
public final class NativePeak {
  private NativePeak() {}

  /**
   * Most native bytes that an action takes beyond what is in use before it. A ballast fills memory
   * up to the mark first; where something was freed meanwhile, the mark would count that too, so
   * another ballast is made.
   */
  public static long of(Runnable action) {
    for (int i = 0; i < 20; i++) {
      long ahead = Einblas.nativeBytesPeak() - Einblas.nativeBytesInUse();
      try (Tensor ballast = Tensor.empty(DType.F32, Math.max(0, ahead / 4))) {
        long before = Einblas.nativeBytesInUse();
        if (Einblas.nativeBytesPeak() - before < 4) {
          action.run();
          if (ballast.isClosed()) {
            throw new AssertionError("the ballast was closed");
          }
          return Einblas.nativeBytesPeak() - before;
        }
      }
      collect();
    }
    throw new AssertionError("native memory is freed without an end");
  }

  private static void collect() {
    try {
      Garbage.collect();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
