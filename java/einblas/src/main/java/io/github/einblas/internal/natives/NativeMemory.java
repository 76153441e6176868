// Memory of the native library: what is in use, what may be, and its pool of freed blocks.
package io.github.einblas.internal.natives;

import io.github.einblas.nativelib.einblas;

/** Figures and limits of native memory. */
public final class NativeMemory {
  private NativeMemory() {}

  /** Bytes of all blocks given out. */
  public static long memoryInUse() {
    Library.require();
    return einblas.einblas_memory_in_use();
  }

  /** Largest value so far of {@link #memoryInUse}. */
  public static long memoryPeak() {
    Library.require();
    return einblas.einblas_memory_peak();
  }

  /** Bytes that could be allocated now. */
  public static long memoryAvailable() {
    Library.require();
    return einblas.einblas_memory_available();
  }

  /** Most bytes that may be in use at a time. */
  public static long memoryLimit() {
    Library.require();
    return einblas.einblas_memory_limit();
  }

  /** Bytes that the pool of freed blocks holds. */
  public static long poolBytes() {
    Library.require();
    return einblas.einblas_pool_bytes();
  }

  /** Most bytes that the pool may hold. */
  public static long poolLimit() {
    Library.require();
    return einblas.einblas_pool_limit();
  }

  /** Sets the pool's limit; 0 switches it off. */
  public static void setPoolLimit(long bytes) {
    Library.require();
    einblas.einblas_set_pool_limit(bytes);
  }

  /** Gives the pool's blocks back to the system. */
  public static void poolTrim() {
    Library.require();
    einblas.einblas_pool_trim();
  }
}
