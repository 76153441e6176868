// Explanations: a report as text for people.
package io.github.einblas.internal.report;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Writes the text of a report. */
public final class ReportText {
  private ReportText() {}

  /** The text, with a line break at the end. */
  public static String of(Report r) {
    StringBuilder s = new StringBuilder();
    line(s, "equation  %s", r.equation());
    long[][] shapes = r.shapes();
    for (int i = 0; i < shapes.length; i++) {
      line(s, "%-9s %s %s", "#" + i, Arrays.toString(shapes[i]), r.types().get(i));
    }
    String computed = r.computeType() == r.dtype() ? "" : ", computed in " + r.computeType();
    line(s, "result    %s %s%s", Arrays.toString(r.resultShape()), r.dtype(), computed);
    line(s, "path      %s", path(r));
    line(s, "work      %s", work(r));
    line(s, "memory    %s", memory(r));
    if (r.slices() > 1) {
      line(
          s,
          "slices    %d, %.3g times the operations of this order uncut: %s",
          r.slices(),
          r.sliceOverhead(),
          String.join(", ", r.cuts()));
    }
    line(s, "time      %s", time(r));
    if (!r.reliable()) {
      line(s, "          unreliable: the machine was busy while its speed was measured");
    }
    line(s, "threads   %s", r.threads() == 0 ? "the process's" : r.threads());
    if (!r.epilogue().isEmpty()) {
      line(s, "epilogue  %s", r.epilogue());
    }
    if (r.checked()) {
      line(
          s,
          "checked   each step's integers, before it writes; the predicted time is without that");
    }
    for (Report.Step step : r.steps()) {
      step(s, r, step);
    }
    return s.toString();
  }

  private static void step(StringBuilder s, Report r, Report.Step step) {
    String from =
        Arrays.stream(step.inputs()).mapToObj(slot -> "#" + slot).collect(Collectors.joining(","));
    String to = step.output() < 0 ? "result" : "#" + step.output();
    line(s, "%nstep %-4d %s   %s -> %s", step.number(), step.equation(), from, to);
    line(s, "  lengths %s%s", step.lengths(), step.runs() > 1 ? times(step.runs()) : "");
    if (!step.equal().isEmpty()) {
      line(s, "  equal   %s: computed once", String.join(" ", step.equal()));
    }
    line(s, "  kernel  %s: %s", step.kernel(), step.description());
    boolean share = r.steps().size() > 1;
    line(
        s,
        "  work    %s FLOP%s, %s, workspace %s",
        number(step.flops()),
        share ? percent(step.flops(), r.flops()) : "",
        bytes(step.bytes()),
        bytes((double) step.workspaceBytes()));
    String predicted =
        seconds(step.predictedSeconds())
            + (share ? percent(step.predictedSeconds(), r.predictedSeconds()) : "");
    if (r.isProfile()) {
      double time = Math.max(step.measuredSeconds(), 1e-9);
      line(
          s,
          "  time    %s%s: %.2f GFLOP/s, %.2f GB/s; predicted %s",
          seconds(time),
          share ? percent(time, r.measuredSeconds()) : "",
          step.flops() / time * 1e-9,
          step.bytes() / time * 1e-9,
          seconds(step.predictedSeconds()));
    } else {
      line(s, "  time    %s at this machine's speed", predicted);
    }
  }

  private static String times(double runs) {
    return String.format(Locale.ROOT, ", %.0f times", runs);
  }

  private static String path(Report r) {
    StringBuilder s = new StringBuilder();
    for (int[] pair : r.path()) {
      s.append('(').append(pair[0]).append(',').append(pair[1]).append(") ");
    }
    return s + (s.length() == 0 ? "" : "- ") + r.pathOrigin();
  }

  private static String work(Report r) {
    return number(r.flops())
        + " FLOP"
        + (r.naiveFlops() > 1.01 * r.flops()
            ? String.format(
                Locale.ROOT,
                "; one loop nest over all labels: %s (%.3gx)",
                number(r.naiveFlops()),
                r.naiveFlops() / Math.max(r.flops(), 1))
            : "");
  }

  private static String memory(Report r) {
    return bytes(r.bytesMoved())
        + " moved, at most "
        + bytes((double) r.peakBytes())
        + " taken at a time, result included; "
        + (r.largestStep() == 0
            ? "no intermediates"
            : bytes((double) r.intermediateBytes())
                + " for intermediates, the largest "
                + bytes((double) r.largestBytes())
                + " (step "
                + r.largestStep()
                + ")");
  }

  private static String time(Report r) {
    String predicted =
        String.format(
            Locale.ROOT,
            "%s%s at this machine's %.3g GFLOP/s and %.3g GB/s",
            r.isProfile() ? "predicted " : "",
            seconds(r.predictedSeconds()),
            r.peakFlops() * 1e-9,
            r.bandwidth() * 1e-9);
    return r.isProfile() ? seconds(r.measuredSeconds()) + " measured; " + predicted : predicted;
  }

  private static String percent(double part, double all) {
    return String.format(Locale.ROOT, " (%.0f %%)", all > 0 ? 100 * part / all : 0);
  }

  private static void line(StringBuilder s, String format, Object... values) {
    s.append(String.format(Locale.ROOT, format, values)).append('\n');
  }

  static String number(double v) {
    return v < 1e6 ? String.format(Locale.ROOT, "%.0f", v) : String.format(Locale.ROOT, "%.3g", v);
  }

  static String bytes(double bytes) {
    if (bytes < 10_000) {
      return String.format(Locale.ROOT, "%.0f bytes", bytes);
    }
    if (bytes < 10e6) {
      return String.format(Locale.ROOT, "%.1f KB", bytes / 1e3);
    }
    return bytes < 10e9
        ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
        : String.format(Locale.ROOT, "%.3g GB", bytes / 1e9);
  }

  static String seconds(double s) {
    if (s < 1e-6) {
      return String.format(Locale.ROOT, "%.0f ns", s * 1e9);
    }
    if (s < 1e-3) {
      return String.format(Locale.ROOT, "%.3g us", s * 1e6);
    }
    return s < 1
        ? String.format(Locale.ROOT, "%.3g ms", s * 1e3)
        : String.format(Locale.ROOT, "%.3g s", s);
  }
}
