// Demo: the table of results, one line per case, at most 120 columns.
package io.github.einblas.cli;

import io.github.einblas.DType;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/** Prints rows as cases finish. */
final class DemoTable {
  private static final String ROW = "%-14s %-22s %-4s %10s %13s %9s %9s %8s  %s%n";

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
    double arithmetic = run.flops() / limits.peak(demoCase.dtype());
    double memory = demoCase.bytes() / limits.bandwidth(demoCase);
    boolean byArithmetic = arithmetic >= memory;
    double work = byArithmetic ? run.flops() : demoCase.bytes();
    out.printf(
        ROW,
        demoCase.equation(),
        demoCase.sizes(),
        demoCase.dtype(),
        time(run.seconds()),
        String.format(
            Locale.ROOT, "%.1f %s", work / run.seconds() * 1e-9, byArithmetic ? "GFLOP/s" : "GB/s"),
        String.format(
            Locale.ROOT,
            "%.0f%% of %s",
            100 * Math.max(arithmetic, memory) / run.seconds(),
            byArithmetic ? "P" : "B"),
        String.format(Locale.ROOT, "%.1e", run.check().error()),
        run.check().right() ? String.format(Locale.ROOT, "%.3f", run.check().ofBound()) : "WRONG",
        kernels(run.kernels()));
  }

  /** The block-sparse product; its weight blocks count once each. */
  void row(DemoBlocks run) {
    double arithmetic = run.flops() / limits.peak(DType.F32);
    double memory = run.bytes() / limits.read();
    boolean byArithmetic = arithmetic >= memory;
    double work = byArithmetic ? run.flops() : run.bytes();
    out.printf(
        ROW,
        DemoBlocks.EQUATION,
        run.sizes(),
        DType.F32,
        time(run.seconds()),
        String.format(
            Locale.ROOT, "%.1f %s", work / run.seconds() * 1e-9, byArithmetic ? "GFLOP/s" : "GB/s"),
        String.format(
            Locale.ROOT,
            "%.0f%% of %s",
            100 * Math.max(arithmetic, memory) / run.seconds(),
            byArithmetic ? "P" : "B"),
        String.format(Locale.ROOT, "%.1e", run.error()),
        run.right() ? String.format(Locale.ROOT, "%.3f", run.ofBound()) : "WRONG",
        "block");
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
