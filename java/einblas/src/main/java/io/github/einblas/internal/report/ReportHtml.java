// Explanations: a report as one page: tree, memory, roofline and steps, with nothing outside it.
package io.github.einblas.internal.report;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Writes the page of a report, in HTML that is XML too: without scripts, fonts and images. */
public final class ReportHtml {
  /** Rows of the table: a browser shows more slowly than anybody reads. */
  private static final int MOST_ROWS = 2000;

  private static final int MOST_OPERANDS = 12;

  private static final String STYLE =
      """
      :root{color-scheme:light dark;--bg:#fbfbfa;--card:#fff;--fg:#1b1b1f;--dim:#63636b;\
      --line:#dcdce0;--node:#f1f1f4;--hot:#ff6a5c;--cool:#3f7fd6;--cut:#b35c00}
      @media(prefers-color-scheme:dark){:root{--bg:#131316;--card:#1c1c21;--fg:#ececf0;\
      --dim:#a2a2ad;--line:#37373f;--node:#2a2a31;--hot:#d1382c;--cool:#6ea8ff;--cut:#ffb254}}
      *{box-sizing:border-box}
      body{margin:0 auto;padding:20px;max-width:1180px;background:var(--bg);color:var(--fg);\
      font:15px/1.45 system-ui,sans-serif}
      h1{font-size:20px;margin:0 0 4px;overflow-wrap:anywhere;max-height:5.6em;overflow:auto}
      h2{font-size:16px;margin:0 0 8px}
      p{margin:4px 0}
      section{background:var(--card);border:1px solid var(--line);border-radius:10px;\
      padding:14px;margin:14px 0}
      .note,.dim{color:var(--dim);font-size:13px}
      .warn{border-left:4px solid var(--hot);padding:6px 10px;background:var(--node)}
      .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;\
      margin:14px 0}
      .tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px}
      .tile b{display:block;font-size:18px}
      .scroll{overflow:auto;max-height:85vh}
      svg{display:block;margin:auto;font:12px system-ui,sans-serif}
      svg text{fill:var(--fg);text-anchor:middle}
      .chart{width:100%;min-width:560px;max-width:860px}
      svg .end{text-anchor:end}
      svg .mark{text-anchor:start;font-weight:600}
      svg .tick,svg .axis{fill:var(--dim)}
      .grid{stroke:var(--line)}
      .step rect,.folded rect{fill:var(--node);stroke:var(--dim)}
      .folded rect{stroke-dasharray:4 3}
      .operand rect{fill:none;stroke:var(--line)}
      rect.hot,.step rect.hot,.folded rect.hot{fill:var(--hot);stroke:none}
      .name{font-weight:600}
      .edge{fill:none;stroke:var(--dim);stroke-opacity:.55}
      .label{paint-order:stroke;stroke:var(--card);stroke-width:4px}
      .cut{fill:var(--cut);color:var(--cut);font-weight:700;text-decoration:underline}
      .live{fill:var(--cool);fill-opacity:.75}
      .work{fill:var(--dim);fill-opacity:.45}
      .peak{fill:var(--hot)}
      .roof{fill:none;stroke:var(--fg);stroke-width:2}
      .point{fill:var(--hot);stroke:var(--fg);stroke-opacity:.5}
      .key i{display:inline-block;width:11px;height:11px;border-radius:3px;margin:0 5px 0 12px}
      table{border-collapse:collapse;width:100%;font-size:13px}
      th,td{text-align:right;padding:4px 8px;border-bottom:1px solid var(--line);\
      white-space:nowrap}
      th{position:sticky;top:0;background:var(--card);color:var(--dim);font-weight:600}
      .l{text-align:left}
      .w{max-width:260px;overflow:hidden;text-overflow:ellipsis}
      td div{height:4px;border-radius:2px;background:var(--hot);margin-left:auto}
      """;

  private ReportHtml() {}

  /** The page. */
  public static String of(Report r) {
    ReportFlow flow = new ReportFlow(r);
    HtmlText out =
        new HtmlText()
            .raw("<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n")
            .raw("<head><meta charset=\"utf-8\"/>\n")
            .raw("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n")
            .add("<title>%s</title>\n<style>\n", HtmlText.cut("einblas " + r.equation(), 120))
            .raw(STYLE)
            .raw("</style></head>\n<body>\n");
    head(out, r);
    tiles(out, r);
    out.raw("<section><h2>Contraction tree</h2>\n");
    out.raw("<p class=\"dim\">Size and red: share of the time. Lines: labels and bytes that flow.");
    out.raw(r.cuts().isEmpty() ? "" : " <span class=\"cut\">Cut labels</span> stand out.");
    out.raw("</p>\n").raw(HtmlTree.of(r, flow)).raw("</section>\n");
    memory(out, r, flow);
    out.raw("<section><h2>Roofline</h2>\n");
    out.add(
        "<p class=\"dim\">Each step by its %s speed, below what arithmetic (P) and memory (B)"
            + " allow. Steps above the slope are served by the caches.</p>\n",
        r.isProfile() ? "measured" : "predicted");
    out.raw(HtmlCharts.roofline(r, flow)).raw("</section>\n");
    steps(out, r, flow);
    return out.raw("</body></html>\n").toString();
  }

  private static void head(HtmlText out, Report r) {
    out.add("<h1>%s</h1>\n", r.equation());
    int operands = r.shapes().length;
    String shapes =
        IntStream.range(0, Math.min(operands, MOST_OPERANDS))
            .mapToObj(i -> "#" + i + " " + Arrays.toString(r.shapes()[i]) + " " + r.types().get(i))
            .collect(Collectors.joining(", "));
    out.add(
        "<p class=\"dim\">%s%s \u2192 %s %s%s</p>\n",
        shapes,
        operands > MOST_OPERANDS ? ", \u2026 " + operands + " operands" : "",
        Arrays.toString(r.resultShape()),
        r.dtype().name(),
        r.computeType() == r.dtype() ? "" : ", computed in " + r.computeType());
    out.add("<p class=\"dim\">order: %s</p>\n", r.pathOrigin());
    if (!r.reliable()) {
      out.raw(
          "<p class=\"warn\">The machine was busy while its speed was measured: predictions are"
              + " unreliable.</p>\n");
    }
    if (r.checked()) {
      out.raw(
          "<p class=\"note\">Integers are checked in each step; predictions are without that."
              + "</p>\n");
    }
  }

  private static void tiles(HtmlText out, Report r) {
    out.raw("<div class=\"tiles\">\n");
    if (r.isProfile()) {
      tile(out, ReportText.seconds(r.measuredSeconds()), "measured");
    }
    tile(out, ReportText.seconds(r.predictedSeconds()), "predicted");
    tile(
        out,
        ReportText.number(r.flops()) + " FLOP",
        r.naiveFlops() > 1.01 * r.flops()
            ? ReportText.number(r.naiveFlops()) + " by one loop nest"
            : "work");
    tile(out, ReportText.bytes(r.bytesMoved()), "moved");
    tile(out, ReportText.bytes((double) r.peakBytes()), "at most at a time, with the result");
    tile(
        out,
        Integer.toString(r.steps().size()),
        (r.steps().size() == 1 ? "step, " : "steps, ")
            + (r.threads() == 0 ? "the process's threads" : r.threads() + " threads"));
    if (r.slices() > 1) {
      tile(
          out,
          r.slices() + " slices",
          String.format(Locale.ROOT, "%.3g times the operations uncut", r.sliceOverhead()));
    }
    out.raw("</div>\n");
    if (!r.cuts().isEmpty()) {
      out.add("<p>Cut: <span class=\"cut\">%s</span></p>\n", String.join("; ", r.cuts()));
    }
  }

  private static void tile(HtmlText out, String number, String what) {
    out.add("<div class=\"tile\"><b>%s</b><span class=\"dim\">%s</span></div>\n", number, what);
  }

  private static void memory(HtmlText out, Report r, ReportFlow flow) {
    out.raw("<section><h2>Memory over time</h2>\n<p class=\"dim key\">");
    out.raw("<i style=\"background:var(--cool)\"></i>intermediates that are alive");
    out.raw("<i style=\"background:var(--dim)\"></i>workspace of the step");
    out.add(
        "%s; %s are laid out for intermediates in all</p>\n",
        r.slices() > 1 ? ", in one slice" : "", ReportText.bytes((double) r.intermediateBytes()));
    out.raw(HtmlCharts.memory(r, flow)).raw("</section>\n");
  }

  private static void steps(HtmlText out, Report r, ReportFlow flow) {
    List<Integer> rows =
        IntStream.range(0, r.steps().size())
            .boxed()
            .sorted(Comparator.comparingDouble(s -> -flow.seconds(s)))
            .limit(MOST_ROWS)
            .sorted()
            .toList();
    out.raw("<section><h2>Steps</h2>\n");
    if (rows.size() < r.steps().size()) {
      out.add(
          "<p class=\"note\">The %d that take longest, of %d.</p>\n",
          rows.size(), r.steps().size());
    }
    out.raw("<div class=\"scroll\"><table><thead><tr><th>step</th><th class=\"l\">equation</th>");
    out.raw("<th class=\"l\">reads</th><th class=\"l\">kernel</th><th>FLOP</th><th>bytes</th>");
    out.raw("<th>workspace</th><th>runs</th>");
    out.raw(r.isProfile() ? "<th>measured</th>" : "");
    out.raw("<th>predicted</th><th>GFLOP/s</th><th>share</th></tr></thead><tbody>\n");
    for (int s : rows) {
      row(out, r, flow, s);
    }
    out.raw("</tbody></table></div></section>\n");
  }

  private static void row(HtmlText out, Report r, ReportFlow flow, int index) {
    Report.Step s = r.steps().get(index);
    String from =
        Arrays.stream(s.inputs()).mapToObj(slot -> "#" + slot).collect(Collectors.joining(" "));
    double share = flow.share(index);
    out.add(
        "<tr><td>%d</td><td class=\"l w\" title=\"%s\">%s</td><td class=\"l\">%s</td>"
            + "<td class=\"l\" title=\"%s\">%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td>",
        s.number(),
        HtmlText.cut(s.equation() + "  " + s.lengths(), 1000),
        HtmlText.cut(s.equation(), 60),
        from + (s.output() < 0 ? " \u2192 result" : " \u2192 #" + s.output()),
        s.description(),
        s.kernel(),
        ReportText.number(s.flops()),
        ReportText.bytes(s.bytes()),
        ReportText.bytes((double) s.workspaceBytes()),
        ReportText.number(s.runs()));
    if (r.isProfile()) {
      out.add("<td>%s</td>", ReportText.seconds(s.measuredSeconds()));
    }
    out.add(
        "<td>%s</td><td>%.2f</td><td>%s<div style=\"width:%.1f%%\"></div></td></tr>\n",
        ReportText.seconds(s.predictedSeconds()),
        s.flops() / Math.max(flow.seconds(index), 1e-12) * 1e-9,
        ReportFlow.percent(share),
        100 * share);
  }
}
