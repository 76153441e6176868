// Explanations: memory over the steps, and the steps below the machine's roofline, as drawings.
package io.github.einblas.internal.report;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** Draws charts in SVG. */
final class HtmlCharts {
  private static final int WIDTH = 720;
  private static final int LEFT = 82;
  private static final int RIGHT = 16;
  private static final int TOP = 14;

  /** Columns of the chart of memory, and points of the roofline: more would not be seen. */
  private static final int MOST = 400;

  private HtmlCharts() {}

  private static HtmlText open(String label, int height) {
    return new HtmlText()
        .add(
            "<div class=\"scroll\"><svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\""
                + " role=\"img\" aria-label=\"%s\" viewBox=\"0 0 %d %d\">\n",
            label, WIDTH, height);
  }

  private static void text(HtmlText out, String kind, double x, double y, String text) {
    out.add("<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", kind, x, y, text);
  }

  private static void grid(HtmlText out, double x0, double y0, double x1, double y1) {
    out.add(
        "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x0, y0, x1, y1);
  }

  // ---- memory

  /** Bytes of intermediates and workspaces while each step runs. */
  static String memory(Report report, ReportFlow flow) {
    int height = 230;
    int bottom = height - 34;
    double[] live = flow.live();
    int count = live.length;
    if (count == 0) {
      return "";
    }
    double[] all =
        IntStream.range(0, count)
            .mapToDouble(s -> live[s] + report.steps().get(s).workspaceBytes())
            .toArray();
    int peak = IntStream.range(0, count).reduce(0, (a, b) -> all[b] > all[a] ? b : a);
    double most = Math.max(1, all[peak]);
    HtmlText out = open("memory over time", height);
    for (int i = 0; i <= 4; i++) {
      double y = bottom - (bottom - TOP) * i / 4.0;
      grid(out, LEFT, y, WIDTH - RIGHT, y);
      text(out, "tick end", LEFT - 6, y + 4, ReportText.bytes(most * i / 4));
    }
    int columns = Math.min(count, MOST);
    out.raw(area("work", all, columns, most, bottom))
        .raw(area("live", live, columns, most, bottom));
    double width = (double) (WIDTH - LEFT - RIGHT) / count;
    double x = LEFT + width * (peak + 0.5);
    out.add(
        "<circle class=\"peak\" cx=\"%.1f\" cy=\"%d\" r=\"4\"><title>%s</title></circle>\n",
        x, TOP, "most: step " + (peak + 1) + ", " + ReportText.bytes(all[peak]));
    int marks = Math.min(count, 8);
    for (int i = 0; i < marks; i++) {
      int step = marks == 1 ? 0 : (int) Math.round((count - 1.0) * i / (marks - 1));
      text(out, "tick", LEFT + width * (step + 0.5), bottom + 16, Integer.toString(step + 1));
    }
    text(out, "axis", (LEFT + WIDTH - RIGHT) / 2.0, height - 4, "step");
    return out.raw("</svg></div>\n").toString();
  }

  private static String area(String kind, double[] values, int columns, double most, int bottom) {
    StringBuilder d = new StringBuilder();
    d.append(String.format(Locale.ROOT, "M%d %d", LEFT, bottom));
    double width = (double) (WIDTH - LEFT - RIGHT) / columns;
    for (int c = 0; c < columns; c++) {
      int from = (int) ((long) values.length * c / columns);
      int to = (int) ((long) values.length * (c + 1) / columns);
      double v = 0;
      for (int i = from; i < to; i++) {
        v = Math.max(v, values[i]);
      }
      d.append(
          String.format(
              Locale.ROOT,
              "V%.1fH%.1f",
              bottom - (bottom - TOP) * v / most,
              LEFT + width * (c + 1)));
    }
    return "<path class=\"" + kind + "\" d=\"" + d + "V" + bottom + "Z\"/>\n";
  }

  // ---- roofline

  /** A step that calculates. */
  private record Point(int step, double intensity, double rate, double share) {}

  /** Steps by operations for each byte and by operations per second, below what is possible. */
  static String roofline(Report report, ReportFlow flow) {
    List<Point> points = new ArrayList<>();
    for (int s = 0; s < report.steps().size(); s++) {
      Report.Step step = report.steps().get(s);
      double seconds = flow.seconds(s);
      if (step.flops() > 0 && step.bytes() > 0 && seconds > 0) {
        points.add(
            new Point(s, step.flops() / step.bytes(), step.flops() / seconds, flow.share(s)));
      }
    }
    double peak = report.peakFlops();
    double bandwidth = report.bandwidth();
    if (points.isEmpty() || !(peak > 0) || !(bandwidth > 0)) {
      return "<p class=\"note\">No step calculates.</p>\n";
    }
    points.sort(Comparator.comparingDouble(p -> -p.share()));
    List<Point> drawn = points.subList(0, Math.min(points.size(), MOST));
    double knee = peak / bandwidth;
    double x0 = knee / 8;
    double x1 = knee * 8;
    double y0 = peak / 100;
    double y1 = peak * 1.6;
    for (Point p : drawn) {
      x0 = Math.min(x0, p.intensity() / 1.6);
      x1 = Math.max(x1, p.intensity() * 1.6);
      y0 = Math.min(y0, p.rate() / 1.8);
      y1 = Math.max(y1, p.rate() * 1.6);
    }
    Plane plane = new Plane(x0, x1, y0, y1);
    HtmlText out = open("roofline", Plane.HEIGHT);
    plane.ticks(out);
    out.add(
        "<path class=\"roof\" d=\"M%.1f %.1fL%.1f %.1fH%d\"/>\n",
        plane.x(Math.max(x0, y0 / bandwidth)),
        plane.y(Math.max(x0, y0 / bandwidth) * bandwidth),
        plane.x(knee),
        plane.y(peak),
        WIDTH - RIGHT);
    for (int i = drawn.size() - 1; i >= 0; i--) { // the hottest last, in front
      point(out, report, plane, drawn.get(i));
    }
    String roof = String.format(Locale.ROOT, "P %.3g GFLOP/s", peak * 1e-9);
    String slope = String.format(Locale.ROOT, "B %.3g GB/s", bandwidth * 1e-9);
    text(out, "label end", WIDTH - RIGHT - 4, plane.y(peak) - 6, roof);
    text(out, "label", plane.x(knee), plane.y(peak) - 6, slope);
    names(out, report, plane, drawn);
    return out.raw("</svg></div>\n").toString();
  }

  private static double radius(Point p) {
    return 4 + 14 * Math.sqrt(p.share());
  }

  private static void point(HtmlText out, Report report, Plane plane, Point p) {
    Report.Step step = report.steps().get(p.step());
    out.add(
        "<circle class=\"point\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill-opacity=\"%.2f\">"
            + "<title>%s</title></circle>\n",
        plane.x(p.intensity()),
        plane.y(p.rate()),
        radius(p),
        0.35 + 0.6 * Math.sqrt(p.share()),
        String.format(
            Locale.ROOT,
            "step %d %s: %.3g FLOP/byte, %.3g GFLOP/s, %s of the time",
            step.number(),
            step.kernel(),
            p.intensity(),
            p.rate() * 1e-9,
            ReportFlow.percent(p.share())));
  }

  /** Numbers of hot steps, where there is room. */
  private static void names(HtmlText out, Report report, Plane plane, List<Point> points) {
    List<double[]> taken = new ArrayList<>();
    for (Point p : points.subList(0, Math.min(points.size(), 40))) {
      double x = plane.x(p.intensity()) + radius(p) + 4;
      double y = plane.y(p.rate()) + 4;
      String name = Integer.toString(report.steps().get(p.step()).number());
      double end = x + 8 * name.length();
      boolean room = end < WIDTH - RIGHT;
      for (double[] t : taken) {
        room &= Math.abs(t[1] - y) > 13 || t[0] > end || t[2] < x;
      }
      for (Point q : points.subList(0, Math.min(points.size(), 40))) {
        double dx = plane.x(q.intensity());
        double dy = plane.y(q.rate());
        boolean beside = dx + radius(q) < x || dx - radius(q) > end;
        room &= q.step() == p.step() || beside || Math.abs(dy - y + 4) > radius(q) + 7;
      }
      if (room) {
        taken.add(new double[] {x, y, end});
        text(out, "mark", x, y, name);
      }
    }
  }

  /** Two logarithmic axes. */
  private record Plane(double x0, double x1, double y0, double y1) {
    static final int HEIGHT = 340;
    private static final int BOTTOM = HEIGHT - 40;

    double x(double v) {
      return LEFT + (WIDTH - LEFT - RIGHT) * Math.log(v / x0) / Math.log(x1 / x0);
    }

    double y(double v) {
      return BOTTOM - (BOTTOM - TOP) * Math.log(v / y0) / Math.log(y1 / y0);
    }

    void ticks(HtmlText out) {
      for (double v : decades(x0, x1)) {
        grid(out, x(v), TOP, x(v), BOTTOM);
        text(out, "tick", x(v), BOTTOM + 16, number(v));
      }
      for (double v : decades(y0, y1)) {
        grid(out, LEFT, y(v), WIDTH - RIGHT, y(v));
        text(out, "tick end", LEFT - 6, y(v) + 4, number(v * 1e-9));
      }
      text(out, "axis", (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 6, "FLOP for each byte");
      out.add(
          "<text class=\"axis\" transform=\"translate(14 %d) rotate(-90)\">GFLOP/s</text>\n",
          (BOTTOM + TOP) / 2);
    }

    /** Powers of ten, not more than a dozen. */
    private static double[] decades(double from, double to) {
      int first = (int) Math.ceil(Math.log10(from));
      int last = (int) Math.floor(Math.log10(to));
      int each = Math.max(1, (last - first + 11) / 12);
      return IntStream.rangeClosed(first, last)
          .filter(e -> (e - first) % each == 0)
          .mapToDouble(e -> Math.pow(10, e))
          .toArray();
    }

    private static String number(double v) {
      return v >= 0.001 && v < 1e5
          ? BigDecimal.valueOf(v).stripTrailingZeros().toPlainString()
          : String.format(Locale.ROOT, "%.0e", v);
    }
  }
}
