// Explanations: how fast this machine computes and copies, measured once.
package io.github.einblas.internal.natives;

import io.github.einblas.DType;
import io.github.einblas.NativeMemoryException;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Speed that predictions are made with: a matrix product and copies, run a few times, some 50 ms in
 * all. Kept for each type and number of threads.
 *
 * @param flops operations per second of a large product
 * @param memory bytes per second of a copy beyond the caches, read and written
 * @param cache bytes per second of a copy within them
 */
public record MachineSpeed(double flops, double memory, double cache) {
  /** A call of a native step. */
  private static final double CALL = 4e-8;

  /** Tensors of fewer bytes in all stay in the caches. */
  private static final double CACHED = 8e6;

  /**
   * The least part of the tensors that short memory leaves: some 2 MB; not kept, as it is rough.
   */
  private static final int SMALLEST = 64;

  private record Key(DType type, int threads) {}

  private static final ConcurrentHashMap<Key, MachineSpeed> KNOWN = new ConcurrentHashMap<>();

  public static synchronized MachineSpeed of(DType type, int threads) {
    Key key = new Key(type, threads);
    MachineSpeed known = KNOWN.get(key);
    for (int smaller = 1; known == null; smaller *= 4) {
      try {
        known = measure(type, threads, smaller);
        if (smaller == 1) {
          KNOWN.put(key, known);
        }
      } catch (NativeMemoryException e) {
        if (smaller == SMALLEST) {
          throw e;
        }
      }
    }
    return known;
  }

  /** Seconds of a step: what takes longer, its operations or its bytes. */
  public double seconds(double operations, double bytes) {
    return CALL + Math.max(operations / flops, bytes / (bytes < CACHED ? cache : memory));
  }

  private static MachineSpeed measure(DType type, int threads, int smaller) {
    int elementBytes = type.bytes();
    long n = Math.max(384 / smaller, 32);
    long[] product = {n, n, n};
    long[] strides = {n, 0, 1, 0, 1, n, n, 1, 0};
    double gemm = best(type, threads, 2, product, strides, n * n, 15);
    long large = (32L << 20) / elementBytes / smaller;
    double copy = best(type, threads, 1, new long[] {large}, new long[] {1, 1}, large, 5);
    long small = (128L << 10) / elementBytes / Math.min(smaller, 16);
    double cached = best(type, threads, 1, new long[] {small}, new long[] {1, 1}, small, 20);
    return new MachineSpeed(
        2.0 * n * n * n / gemm,
        2.0 * large * elementBytes / copy,
        2.0 * small * elementBytes / cached);
  }

  private static double best(
      DType type,
      int threads,
      int operands,
      long[] lengths,
      long[] strides,
      long elements,
      int runs) {
    long bytes = elements * type.bytes();
    long step =
        Native.createStep(type, operands, Math.min(2, lengths.length), lengths, strides, null);
    long memory = 0;
    try {
      memory = Native.alloc(3 * bytes);
      // Zeros: what was there before may be slow to compute with.
      long zero = Native.createStep(type, 1, 1, new long[] {3 * elements}, new long[] {0, 1}, null);
      try {
        Native.poke(memory, type, 0);
        Native.runStep(zero, memory, 0, 0, memory, 0, 0, threads);
      } finally {
        Native.destroyStep(zero);
      }
      long best = Long.MAX_VALUE;
      for (int run = 0; run <= runs; run++) {
        long start = System.nanoTime();
        Native.runStep(step, memory, memory + bytes, 0, memory + 2 * bytes, 1, 0, threads);
        best = run == 0 ? best : Math.min(best, System.nanoTime() - start);
      }
      return Math.max(best, 1) * 1e-9;
    } finally {
      Native.free(memory, 3 * bytes);
      Native.destroyStep(step);
    }
  }
}
