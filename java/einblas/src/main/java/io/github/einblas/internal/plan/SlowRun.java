// Plans: refuses runs that would take so long that nobody can have meant them.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.NativeMemoryException;
import io.github.einblas.PlanOptions;
import io.github.einblas.internal.natives.MachineSpeed;
import io.github.einblas.internal.natives.Native;
import java.util.Locale;

/**
 * How long a run takes at least: its operations at the rate of a product of matrices, and a call
 * for each step of each slice. Decision 055 has the figures.
 */
final class SlowRun {
  private static final double MOST_SECONDS = PlanOptions.SLOW.toSeconds();

  /** Of the smallest step in a slice: addresses, and a call. */
  private static final double STEP = 1.25e-7;

  /** Operations per second that any machine has: what is quick at that rate is not asked for. */
  private static final double LEAST_RATE = 1e9;

  private final PlanChecks checks;
  private final SlicedProgram slices;
  private final PlanTypes types;
  private final int threads;
  private final double flops;
  private final double calls;

  /** Seconds at the least rate; 0 where slow runs are allowed. */
  private final double most;

  SlowRun(PlanChecks checks, SlicedProgram slices, PlanTypes types, PlanOptions options) {
    this.checks = checks;
    this.slices = slices;
    this.types = types;
    this.threads = options.threads();
    this.flops = PlanWork.flops(slices, types);
    int once = slices.main().firstOf(Program.EACH_SLICE);
    int each = slices.main().steps().size() - once;
    this.calls = once + (double) each * slices.slices();
    this.most = options.allowSlow() ? 0 : calls * STEP + flops / LEAST_RATE;
  }

  /**
   * Refuses runs that take too long.
   *
   * @param times so many of them, or a part of one
   */
  void check(double times) {
    if (most * times > MOST_SECONDS) {
      require(times);
    }
  }

  private void require(double times) {
    double rate;
    try {
      boolean wide = types.compute().bytes() == 8 && types.compute() != DType.C64;
      DType type = wide || types.compute() == DType.C128 ? DType.F64 : DType.F32;
      rate = MachineSpeed.THIS.flops(type, threads == 0 ? Native.threads() : threads).perSecond();
    } catch (NativeMemoryException e) {
      return; // nor is there memory for such a run
    }
    double seconds = times * (calls * STEP + flops / rate);
    if (seconds > MOST_SECONDS) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%sit would take %s at least on this machine (%s%.3g FLOP at %.3g GFLOP/s, %s);"
                  + " what takes more than %d minutes is refused unless"
                  + " PlanOptions.withAllowSlow(true) allows it. %s",
              checks.where(),
              duration(seconds),
              times == 1 ? "" : String.format(Locale.ROOT, "%.3g times ", times),
              flops,
              rate / 1e9,
              slices.cuts() == 0
                  ? "one slice"
                  : String.format(
                      Locale.ROOT,
                      "%.3g slices, of %.3g native calls together",
                      (double) slices.slices(),
                      calls),
              PlanOptions.SLOW.toMinutes(),
              slices.cuts() == 0
                  ? "A longer search (withSearchTime) may find an order of fewer operations"
                  : "A larger memory limit makes fewer slices; a longer search (withSearchTime)"
                      + " may find an order that needs fewer"));
    }
  }

  private static String duration(double seconds) {
    double hours = seconds / 3600;
    double days = hours / 24;
    return days >= 730
        ? String.format(Locale.ROOT, "%.3g years", days / 365.25)
        : days >= 2
            ? String.format(Locale.ROOT, "%.3g days", days)
            : String.format(Locale.ROOT, "%.3g hours", hours);
  }
}
