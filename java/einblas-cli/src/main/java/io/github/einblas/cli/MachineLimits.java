// Demo: what the machine can do at most, measured in the same run.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Einblas.Traffic;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** FMA peak P and memory bandwidth B of this machine at some number of threads. */
final class MachineLimits {
  /** Larger than caches, also when memory is short. */
  private static final long WORKING_SET = 256L << 20;

  private static final long LEAST_WORKING_SET = 64L << 20;

  /** Tensors of fewer bytes in all may stay in caches from run to run. */
  private static final long IN_CACHE = 8L << 20;

  private final int threads;
  private final Map<DType, Double> peak = new EnumMap<>(DType.class);
  private final double read;
  private final double fill;

  /** Measures, in some two seconds. */
  MachineLimits(int threads, long memory) {
    this.threads = threads;
    for (DType dtype : DType.floating()) {
      peak.put(dtype, Einblas.measurePeak(dtype, threads));
    }
    long bytes = Math.max(Math.min(WORKING_SET, memory / 2), LEAST_WORKING_SET);
    this.read = Einblas.measureBandwidth(Traffic.READ, bytes, threads);
    this.fill = Einblas.measureBandwidth(Traffic.FILL_STREAM, bytes, threads);
  }

  /**
   * Operations on real numbers per second in a type: those of complex numbers are their parts',
   * narrow ones are computed in F32 or at its rate, or by instructions that multiply groups of
   * them.
   */
  double peak(DType dtype) {
    return switch (dtype) {
      case F32, F16, BOOL, I32, C64 -> peak.get(DType.F32);
      case F64, I64, C128 -> peak.get(DType.F64);
      case BF16 -> peak.get(DType.F32) * (isa("avx512bf16") ? 2 : 1);
      case I16 -> peak.get(DType.F32) * (isa("avx512vnni", "avx512bf16") ? 2 : 1);
      case I8, U8 -> peak.get(DType.F32) * (isa("avx512vnni", "avx512bf16") ? 4 : 1);
    };
  }

  private static boolean isa(String... names) {
    return List.of(names).contains(Einblas.isa());
  }

  double read() {
    return read;
  }

  double fill() {
    return fill;
  }

  /**
   * Bytes per second at which so many can be read again and again: of the cache that holds them.
   */
  double reread(long bytes) {
    return Math.max(read, Einblas.measureBandwidth(Traffic.READ, bytes, threads));
  }

  /**
   * Bytes per second at which a case's tensors could pass: that of non-temporal fill when most
   * bytes are written, else that of reading. Tensors that stay in the caches are held against the
   * fill of as much, in the caches.
   */
  double bandwidth(DemoCase demoCase) {
    long bytes = demoCase.bytes();
    boolean writes = demoCase.bytes(2) >= bytes / 2;
    if (bytes > IN_CACHE) {
      return writes ? fill : read;
    }
    Traffic traffic = writes ? Traffic.FILL : Traffic.READ;
    double one = Einblas.measureBandwidth(traffic, Math.max(bytes, 4096), 1);
    return threads == 1
        ? one
        : Math.max(
            one, Einblas.measureBandwidth(traffic, Math.max(bytes, 4096L * threads), threads));
  }
}
