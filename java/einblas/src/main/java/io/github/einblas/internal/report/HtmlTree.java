// Explanations: the contraction tree as a drawing, hot steps large and red, cold branches folded.
package io.github.einblas.internal.report;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.stream.Collectors;

/** Draws a tree in SVG: the result at the top, operands below the steps that read them. */
final class HtmlTree {
  /** Steps of a tree that is drawn whole, or of the hottest branches of a larger one. */
  static final int MOST = 60;

  private static final int ROW = 118;
  private static final int GAP = 14;

  /** A box: a step, a folded branch, or an operand. */
  private static final class Node {
    private final String[] lines;
    private final String title;
    private final String kind;
    private final double share;
    private final int width;
    private final int height;
    private final List<Node> children = new ArrayList<>();
    private String edge = "";
    private String bytes = "";
    private double thickness = 1;
    private int size = 1;
    private int x;
    private int depth;

    Node(String kind, double share, String title, String... lines) {
      this.kind = kind;
      this.share = share;
      this.title = title;
      this.lines = lines;
      boolean operand = kind.equals("operand");
      this.width = operand ? 104 : 140 + (int) (90 * Math.sqrt(share));
      this.height = (operand ? 36 : 40) + (lines.length - 2) * 15 + (int) (24 * Math.sqrt(share));
    }
  }

  private final Report report;
  private final ReportFlow flow;
  private final boolean[] shown;
  private final Set<String> cuts;
  private final Node[] drawn;

  private HtmlTree(Report report, ReportFlow flow) {
    this.report = report;
    this.flow = flow;
    this.shown = new boolean[report.steps().size()];
    this.drawn = new Node[report.steps().size()];
    this.cuts =
        report.cuts().stream()
            .map(cut -> cut.substring(0, Math.max(0, cut.indexOf('='))))
            .collect(Collectors.toSet());
  }

  /** The drawing, and a note where branches are folded. */
  static String of(Report report, ReportFlow flow) {
    if (report.steps().isEmpty()) {
      return "<p>No steps.</p>";
    }
    HtmlTree tree = new HtmlTree(report, flow);
    int folded = tree.choose();
    Node root = tree.built();
    return (folded == 0
            ? ""
            : String.format(
                "<p class=\"note\">The %d steps of the hottest branches; %d others are folded into"
                    + " dashed boxes. The table below has them.</p>",
                report.steps().size() - folded, folded))
        + tree.svg(root);
  }

  // ---- which steps are shown

  /** Opens the branches that take most time; how many steps stay folded. */
  private int choose() {
    PriorityQueue<Integer> frontier =
        new PriorityQueue<>(
            Comparator.comparingDouble((Integer s) -> -flow.below(s)).thenComparing(s -> -s));
    frontier.add(report.steps().size() - 1);
    int count = 0;
    while (count < MOST && !frontier.isEmpty()) {
      int step = frontier.poll();
      shown[step] = true;
      count++;
      frontier.addAll(flow.children(step));
    }
    return report.steps().size() - count;
  }

  // ---- boxes

  /** The boxes below the result; steps are made before those that read them. */
  private Node built() {
    int last = report.steps().size() - 1;
    for (int s = 0; s <= last; s++) {
      if (shown[s]) {
        drawn[s] = step(s);
      }
    }
    Node result =
        new Node(
            "operand",
            0,
            "result " + Arrays.toString(report.resultShape()),
            "result",
            Arrays.toString(report.resultShape()));
    connect(result, drawn[last], terms(last)[report.steps().get(last).inputs().length], -1);
    return result;
  }

  private String[] terms(int step) {
    Report.Step s = report.steps().get(step);
    String[] sides = s.equation().split("->", -1);
    String[] inputs = sides[0].split(",", -1);
    String[] all = Arrays.copyOf(inputs, inputs.length + 1);
    all[inputs.length] = sides.length > 1 ? sides[1] : "";
    return all.length == s.inputs().length + 1
        ? all
        : new String[s.inputs().length + 1]; // an equation that is not read as terms
  }

  private Node step(int index) {
    Report.Step s = report.steps().get(index);
    double share = flow.share(index);
    String runs = s.runs() > 1 ? String.format(Locale.ROOT, ", %.3g runs", s.runs()) : "";
    Node node =
        new Node(
            "step",
            share,
            "step "
                + s.number()
                + "  "
                + s.equation()
                + "\n"
                + s.lengths()
                + "\n"
                + s.kernel()
                + ": "
                + s.description()
                + "\n"
                + ReportText.number(s.flops())
                + " FLOP, "
                + ReportText.bytes(s.bytes())
                + runs
                + s.equal().stream().map(e -> "\nequal: " + e).collect(Collectors.joining()),
            s.number() + " " + s.kernel(),
            ReportText.seconds(flow.seconds(index)) + ", " + ReportFlow.percent(share),
            ReportText.number(s.flops()) + " FLOP" + (runs.isEmpty() ? "" : " *"));
    String[] terms = terms(index);
    for (int i = 0; i < s.inputs().length; i++) {
      int slot = s.inputs()[i];
      int maker = flow.maker(slot);
      if (maker < 0) {
        connect(node, operand(slot), terms[i], slot);
      } else if (shown[maker] && flow.parent(maker) == index) {
        connect(node, drawn[maker], terms[i], slot);
      } else if (flow.parent(maker) == index) {
        connect(node, folded(maker), terms[i], slot);
      } else { // computed once, read again
        String again = "step " + (maker + 1) + " again";
        connect(node, new Node("operand", 0, again, again, ""), terms[i], slot);
      }
    }
    return node;
  }

  private Node operand(int slot) {
    String shape = Arrays.toString(report.shapes()[slot]) + " " + report.types().get(slot);
    return new Node("operand", 0, "operand " + slot + " " + shape, "#" + slot, shape);
  }

  private Node folded(int step) {
    double share = flow.below(step) / Math.max(flow.total(), Double.MIN_NORMAL);
    int steps = flow.stepsBelow(step);
    String what = steps == 1 ? "1 step" : steps + " steps";
    return new Node(
        "folded",
        Math.min(1, share),
        what + " up to step " + (step + 1),
        what,
        ReportText.seconds(flow.below(step)) + ", " + ReportFlow.percent(share));
  }

  private void connect(Node parent, Node child, String term, int slot) {
    double bytes = slot < 0 ? flow.resultBytes() : flow.bytes(slot);
    child.edge = term == null ? "" : term;
    child.bytes = ReportText.bytes(bytes).replace(" bytes", " B");
    child.thickness = 1 + 6 * Math.sqrt(bytes / Math.max(1, flow.largest()));
    parent.children.add(child);
    parent.size += child.size;
  }

  // ---- places

  private final List<Integer> free = new ArrayList<>();

  private int free(int depth) {
    while (free.size() <= depth) {
      free.add(2); // half a stroke and more
    }
    return free.get(depth);
  }

  /**
   * A box stands above its largest branch, so that long chains are straight; other branches stand
   * to the right, those of lower boxes first, so that no lines cross.
   */
  private void place(Node top, int depth) {
    List<Node> chain = new ArrayList<>();
    for (Node n = top; n != null; n = n.children.isEmpty() ? null : n.children.get(0)) {
      n.children.sort(Comparator.comparingInt(c -> -c.size));
      n.depth = depth + chain.size();
      chain.add(n);
    }
    int x = 0;
    for (Node n : chain) {
      x = Math.max(x, free(n.depth) + n.width / 2);
    }
    for (Node n : chain) {
      n.x = x;
      free.set(n.depth, x + n.width / 2 + GAP);
    }
    for (int i = chain.size() - 1; i >= 0; i--) {
      List<Node> children = chain.get(i).children;
      for (int c = 1; c < children.size(); c++) {
        place(children.get(c), chain.get(i).depth + 1);
      }
    }
  }

  // ---- SVG

  private String svg(Node root) {
    place(root, 0);
    HtmlText boxes = new HtmlText();
    HtmlText lines = new HtmlText();
    Deque<Node> left = new ArrayDeque<>(List.of(root));
    while (!left.isEmpty()) {
      Node n = left.pop();
      box(boxes, n);
      for (Node child : n.children) {
        line(lines, boxes, n, child);
        left.push(child);
      }
    }
    int width = free.stream().mapToInt(i -> i).max().orElse(0);
    int height = free.size() * ROW;
    return new HtmlText()
        .add(
            "<div class=\"scroll\"><svg class=\"tree\" xmlns=\"http://www.w3.org/2000/svg\" "
                + "role=\"img\" aria-label=\"contraction tree\" width=\"%1$d\" height=\"%2$d\" "
                + "viewBox=\"0 0 %1$d %2$d\">\n",
            width, height)
        .raw(lines.toString())
        .raw(boxes.toString())
        .raw("</svg></div>\n")
        .toString();
  }

  private static int top(Node n) {
    return n.depth * ROW + 24;
  }

  private static void box(HtmlText out, Node n) {
    int left = n.x - n.width / 2;
    out.add(
        "<g class=\"%s\"><title>%s</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\""
            + " rx=\"7\"/>",
        n.kind, n.title, left, top(n), n.width, n.height);
    if (n.share > 0) {
      out.add(
          "<rect class=\"hot\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"7\""
              + " fill-opacity=\"%.3f\"/>",
          left, top(n), n.width, n.height, Math.sqrt(n.share));
    }
    int lines = n.lines.length;
    double y = top(n) + n.height / 2.0 - (lines - 1) * 7.5 + 4;
    for (int i = 0; i < lines; i++) {
      out.add(
          "<text class=\"%s\" x=\"%d\" y=\"%.1f\">%s</text>",
          i == 0 ? "name" : "line", n.x, y + 15 * i, HtmlText.cut(n.lines[i], n.width / 7));
    }
    out.raw("</g>\n");
  }

  private void line(HtmlText lines, HtmlText labels, Node parent, Node child) {
    int y0 = top(parent) + parent.height;
    int y1 = top(child);
    int mid = (y0 + y1) / 2 - 8;
    lines.add(
        "<path class=\"edge\" d=\"M%d %dC%d %d %d %d %d %d\" stroke-width=\"%.1f\"/>\n",
        parent.x, y0, parent.x, mid, child.x, y0, child.x, y1, child.thickness);
    int room = child.width / 7 - child.bytes.length() - 2;
    labels
        .add(
            "<text class=\"label\" x=\"%d\" y=\"%d\"><title>%s</title>",
            child.x, y1 - 8, child.edge + ", " + child.bytes)
        .raw(marked(HtmlText.cut(child.edge, Math.max(2, room))))
        .add(" %s</text>\n", child.bytes);
  }

  /** Labels of a term; those that are cut stand out. */
  private String marked(String term) {
    HtmlText s = new HtmlText();
    boolean numbers = term.indexOf('.') >= 0 || term.chars().anyMatch(c -> c >= '0' && c <= '9');
    String[] labels =
        numbers
            ? term.split("(?=\\.)|(?<=\\.)")
            : term.codePoints().mapToObj(Character::toString).toArray(String[]::new);
    for (String label : labels) {
      s.add(cuts.contains(label) ? "<tspan class=\"cut\">%s</tspan>" : "%s", label);
    }
    return s.toString();
  }
}
