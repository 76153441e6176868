// Explanations: the contraction tree of a report as a picture.
package io.github.einblas.internal.report;

import java.util.Arrays;
import java.util.stream.Collectors;

/** Writes the pictures of a report. */
public final class ReportGraph {
  private ReportGraph() {}

  /** Graphviz: operands are boxes, steps ellipses. */
  public static String dot(Report r) {
    StringBuilder s = new StringBuilder("digraph plan {\n  rankdir=BT;\n");
    s.append("  label=\"").append(escaped(r.equation())).append("\";\n");
    for (int i = 0; i < r.shapes().length; i++) {
      s.append("  s").append(i).append(" [shape=box, label=\"");
      s.append(operand(r, i, "\\n")).append("\"];\n");
    }
    for (Report.Step step : r.steps()) {
      s.append("  ").append(name(step)).append(" [label=\"");
      s.append(escaped(label(step, "\n")).replace("\n", "\\n")).append("\"];\n");
      for (int slot : step.inputs()) {
        s.append("  s").append(slot).append(" -> ").append(name(step)).append(";\n");
      }
    }
    return s.append("}\n").toString();
  }

  /** Mermaid: a flowchart from the operands to the result. */
  public static String mermaid(Report r) {
    StringBuilder s = new StringBuilder("flowchart BT\n");
    for (int i = 0; i < r.shapes().length; i++) {
      s.append("  s").append(i).append("[\"").append(operand(r, i, "<br>")).append("\"]\n");
    }
    for (Report.Step step : r.steps()) {
      s.append("  ").append(name(step)).append("([\"");
      s.append(label(step, "<br>").replace("->", "→").replace("\"", "'")).append("\"])\n");
      for (int slot : step.inputs()) {
        s.append("  s").append(slot).append(" --> ").append(name(step)).append('\n');
      }
    }
    return s.toString();
  }

  private static String name(Report.Step step) {
    return step.output() < 0 ? "result" : "s" + step.output();
  }

  private static String operand(Report r, int i, String newline) {
    return "#" + i + newline + Arrays.toString(r.shapes()[i]);
  }

  private static String label(Report.Step step, String newline) {
    return step.equation()
        + newline
        + step.equal().stream().map(e -> "= " + e + newline).collect(Collectors.joining())
        + Arrays.toString(step.shape())
        + newline
        + step.kernel()
        + ", "
        + ReportText.number(step.flops())
        + " FLOP"
        + newline
        + ReportText.seconds(
            Double.isNaN(step.measuredSeconds())
                ? step.predictedSeconds()
                : step.measuredSeconds());
  }

  private static String escaped(String text) {
    return text.replace("\\", "\\\\").replace("\"", "\\\"");
  }
}
