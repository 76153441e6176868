// Demo: the table of results, one line per case, at most 120 columns.
package io.github.einblas.cli;

import io.github.einblas.DType;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/** Prints rows as cases finish. */
final class DemoTable {
  private static final String ROW = "%-14s %-24s %-4s %10s %13s %10s %9s %8s  %s%n";

  /** What measures of an idle machine differ by. */
  private static final double NOISE = 0.1;

  private final PrintStream out;
  private final MachineLimits limits;

  DemoTable(PrintStream out, MachineLimits limits) {
    this.out = out;
    this.limits = limits;
  }

  void header() {
    out.printf(
        ROW, "equation", "sizes", "type", "time", "rate", "share", "error", "of bound", "kernel");
  }

  /** One case, against the bound that allows it least: arithmetic or memory. */
  void row(DemoRun run) {
    DemoCase demoCase = run.demoCase();
    row(
        new String[] {demoCase.equation(), demoCase.sizes(), kernels(run.kernels())},
        demoCase.dtype(),
        run.seconds(),
        run.flops(),
        demoCase.bytes(),
        demoCase.bytes() / limits.bandwidth(demoCase),
        run.check().error(),
        run.check().ofBound());
  }

  /** The block-sparse product; its weight blocks count once each. */
  void row(DemoBlocks run) {
    row(
        new String[] {DemoBlocks.EQUATION, run.sizes(), "block"},
        DType.F32,
        run.seconds(),
        run.flops(),
        run.bytes(),
        run.bytes() / limits.reread(run.bytes()),
        run.error(),
        run.ofBound());
  }

  /** texts: equation, sizes, kernels; memory: seconds that the bytes must take. */
  private void row(
      String[] texts,
      DType dtype,
      double seconds,
      double flops,
      long bytes,
      double memory,
      double error,
      double ofBound) {
    double arithmetic = flops / limits.peak(dtype);
    boolean byArithmetic = arithmetic >= memory;
    double work = byArithmetic ? flops : (double) bytes;
    out.printf(
        ROW,
        texts[0],
        texts[1],
        dtype,
        time(seconds),
        String.format(
            Locale.ROOT, "%.1f %s", work / seconds * 1e-9, byArithmetic ? "GFLOP/s" : "GB/s"),
        share(Math.max(arithmetic, memory) / seconds, byArithmetic ? "P" : "B"),
        String.format(Locale.ROOT, "%.1e", error),
        ofBound <= 1 ? String.format(Locale.ROOT, "%.3f", ofBound) : "WRONG",
        texts[2]);
  }

  /** Nothing is faster than the machine: what seems so shows that it was busy when measured. */
  static String share(double share, String of) {
    return share > 1 + NOISE
        ? "unreliable"
        : String.format(Locale.ROOT, "%.0f%% of %s", 100 * share, of);
  }

  private static String kernels(List<String> kernels) {
    return String.join("+", kernels);
  }

  private static String time(double seconds) {
    return seconds < 1e-3
        ? String.format(Locale.ROOT, "%.2f us", seconds * 1e6)
        : String.format(Locale.ROOT, "%.2f ms", seconds * 1e3);
  }
}
