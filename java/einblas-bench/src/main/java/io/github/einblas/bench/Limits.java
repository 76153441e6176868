// Benchmarks: the machine's limits, measured in the same run, and the time that a case must take
// under them.
package io.github.einblas.bench;

import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.PlanReport;
import java.util.HashMap;
import java.util.Map;

/** FMA peak and bandwidths, each measured on first use. As cpp/bench does it. */
public final class Limits {
  private final Map<String, Double> measured = new HashMap<>();

  /**
   * The least time of a case.
   *
   * @param microseconds the larger of flops / P and bytes / B
   * @param limit P or B
   */
  public record Bound(double microseconds, String limit) {}

  /**
   * Operations on real numbers a second, of the floating-point type of the same width: of the parts
   * of complex numbers, F32 for narrower ones. Instructions that multiply groups of narrow numbers
   * may pass it.
   */
  public double peak(DType dtype, int threads) {
    DType real =
        switch (dtype) {
          case F32, BF16, F16, BOOL, I8, U8, I16, I32, C64 -> DType.F32;
          case F64, I64, C128 -> DType.F64;
        };
    return measured.computeIfAbsent(
        "peak " + real + threads, k -> Einblas.measurePeak(real, threads));
  }

  /** Bytes/s over a working set of that size: of the cache level that holds it. */
  public double bandwidth(Einblas.Traffic what, long bytes, int threads) {
    long perThread = bytes / threads;
    long size =
        perThread <= 40 << 10
            ? (24L << 10) * threads
            : perThread <= 900 << 10
                ? (400L << 10) * threads
                : bytes <= 24 << 20 ? 12L << 20 : 400L << 20;
    return measured.computeIfAbsent(
        what + " " + size + " " + threads, k -> Einblas.measureBandwidth(what, size, threads));
  }

  /** Of a case: each tensor counted once, at the bandwidth of the level that holds all of them. */
  public Bound bound(Work c, DType dtype, int threads, double flops) {
    double written = c.written(dtype);
    double total = c.bytes(dtype);
    double rate;
    if (written > 0.9 * total) {
      rate =
          Math.max(
              bandwidth(Einblas.Traffic.FILL, (long) total, threads),
              bandwidth(Einblas.Traffic.FILL_STREAM, (long) total, threads));
    } else if (written < 0.1 * total) {
      rate = bandwidth(Einblas.Traffic.READ, (long) total, threads);
    } else {
      rate = bandwidth(Einblas.Traffic.COPY, (long) total, threads);
    }
    double compute = flops / peak(dtype, threads);
    double memory = total / rate;
    return new Bound(Math.max(compute, memory) * 1e6, compute > memory ? "P" : "B");
  }

  /** Of a plan: the sum over its steps, each bound by its own operations or bytes. */
  public Bound bound(PlanReport plan, DType dtype, int threads) {
    double compute = 0;
    double memory = 0;
    for (PlanReport.Step step : plan.steps()) {
      double operations = step.flops() / peak(dtype, threads);
      long once = (long) (step.bytes() / step.runs());
      double moves = step.bytes() / bandwidth(Einblas.Traffic.COPY, once, threads);
      compute += operations >= moves ? operations : 0;
      memory += operations < moves ? moves : 0;
    }
    return new Bound((compute + memory) * 1e6, compute > memory ? "P" : "B");
  }

  /**
   * Forgets the peaks and the bandwidth of main memory, to measure them again; caches hold their
   * speed.
   */
  public void reset() {
    measured.keySet().removeIf(k -> k.startsWith("peak") || k.contains(" " + (400L << 20) + " "));
  }
}
