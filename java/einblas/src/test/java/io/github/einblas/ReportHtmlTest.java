// The page of a report: XML that parses, the report's own numbers, escapes, trees of any size.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class ReportHtmlTest {
  private static Document parsed(String page) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(page)));
  }

  private static List<Element> elements(Document page, String tag, String kind) {
    NodeList all = page.getElementsByTagName(tag);
    return IntStream.range(0, all.getLength())
        .mapToObj(i -> (Element) all.item(i))
        .filter(e -> kind == null || e.getAttribute("class").equals(kind))
        .toList();
  }

  private static EinsumPlan chain(PlanOptions options) {
    return Einsum.plan(
        "ij,jk,kl->il",
        options,
        DType.F64,
        new long[] {300, 400},
        new long[] {400, 500},
        new long[] {500, 200});
  }

  @Test
  void numbersAreThoseOfTheJson() throws Exception {
    PlanReport report = chain(PlanOptions.DEFAULT).report();
    Document page = parsed(report.html());
    JsonObject json = JsonParser.parseString(report.json()).getAsJsonObject();
    JsonArray steps = json.getAsJsonArray("steps");
    List<Element> rows = elements(page, "tr", null);
    assertEquals(steps.size() + 1, rows.size());
    double share = 0;
    for (int s = 0; s < steps.size(); s++) {
      JsonObject step = steps.get(s).getAsJsonObject();
      NodeList cells = rows.get(s + 1).getElementsByTagName("td");
      assertEquals(step.get("number").getAsString(), cells.item(0).getTextContent());
      assertEquals(step.get("equation").getAsString(), cells.item(1).getTextContent());
      assertEquals(step.get("kernel").getAsString(), cells.item(3).getTextContent());
      assertEquals(
          step.get("flops").getAsDouble(), Double.parseDouble(cells.item(4).getTextContent()), 1e6);
      double part = Double.parseDouble(cells.item(10).getTextContent().replaceAll("[<% ]", ""));
      assertEquals(
          100
              * step.get("predictedSeconds").getAsDouble()
              / json.get("predictedSeconds").getAsDouble(),
          part,
          0.51);
      share += part;
    }
    assertEquals(100, share, 1);
    assertEquals(steps.size(), elements(page, "g", "step").size());
    assertEquals(3 + 1, elements(page, "g", "operand").size(), "operands and the result");
    assertEquals(steps.size(), elements(page, "circle", "point").size());
    assertEquals(3 + steps.size() + 1, elements(page, "text", "label").size(), "lines, and B");
    assertFalse(report.html().contains("<script"));
    assertFalse(report.html().matches("(?s).*(src|href|url\\().*"));
  }

  @Test
  void profilesShowMeasuredTimes() throws Exception {
    try (Tensor a = Tensor.ones(DType.F64, 60, 70);
        Tensor b = Tensor.ones(DType.F64, 70, 80)) {
      PlanReport report = Einsum.plan("ij,jk->ik", a, b).profile(a, b);
      String page = report.html();
      parsed(page);
      assertTrue(page.contains("<th>measured</th>"));
      assertTrue(page.contains("by its measured speed"));
    }
    assertFalse(chain(PlanOptions.DEFAULT).report().html().contains("<th>measured</th>"));
  }

  @Test
  void cutsStandOut() throws Exception {
    PlanReport report = chain(PlanOptions.DEFAULT.withMemoryLimit(1_000_000)).report();
    assertTrue(report.slices() > 1);
    Document page = parsed(report.html());
    assertFalse(elements(page, "tspan", "cut").isEmpty());
    assertTrue(
        elements(page, "span", "cut").get(0).getTextContent().contains(report.cuts().get(0)));
  }

  @Test
  void lettersOfAnyScriptAndNumbersAsLabels() throws Exception {
    long[][] shapes = {{2, 3}, {3, 4}};
    for (String equation :
        List.of("\u03b1\u4e2d,\u4e2d\u05d0->\u03b1\u05d0", "\ud835\udc00b,bc->\ud835\udc00c")) {
      String page = Einsum.plan(equation, DType.F32, shapes).report().html();
      parsed(page);
      assertTrue(page.contains(equation.replace("->", "-&gt;")), equation);
    }
    int[][] labels = {{10, 200}, {200, 3}};
    parsed(Einsum.plan(labels, new int[] {10, 3}, DType.F32, shapes).report().html());
  }

  @Test
  void scalarsEmptyTensorsAndSingleOperands() throws Exception {
    parsed(Einsum.plan("->", DType.F32, new long[0]).report().html());
    parsed(Einsum.plan("ij->ji", DType.I8, new long[] {3, 4}).report().html());
    parsed(Einsum.plan("ij,jk->ik", DType.F32, new long[][] {{0, 3}, {3, 2}}).report().html());
    parsed(Einsum.plan("i,i->", DType.C128, new long[][] {{0}, {0}}).report().html());
  }

  @Test
  void aThousandOperandsAreFolded() throws Exception {
    int n = 1000;
    int[][] labels = new int[n][];
    long[][] shapes = new long[n][];
    for (int i = 0; i < n; i++) {
      labels[i] = new int[] {i, i + 1};
      shapes[i] = new long[] {2 + i % 3, 2 + (i + 1) % 3};
    }
    for (PlanOptions options :
        List.of(
            PlanOptions.DEFAULT.withStrategy(PlanOptions.Strategy.GREEDY),
            PlanOptions.DEFAULT.withStrategy(PlanOptions.Strategy.LEFT_TO_RIGHT))) {
      PlanReport report =
          Einsum.plan(labels, new int[] {0, n}, options, DType.F32, shapes).report();
      String page = report.html();
      assertTrue(page.length() < 2_000_000, () -> page.length() + " characters");
      Document parsed = parsed(page);
      List<Element> steps = elements(parsed, "g", "step");
      assertEquals(60, steps.size());
      assertFalse(elements(parsed, "g", "folded").isEmpty());
      int folded =
          elements(parsed, "g", "folded").stream()
              .map(g -> g.getElementsByTagName("text").item(0).getTextContent())
              .mapToInt(t -> Integer.parseInt(t.split(" ")[0]))
              .sum();
      assertEquals(report.steps().size(), steps.size() + folded);
      noOverlap(parsed);
    }
  }

  /** Boxes of a drawing do not lie on each other. */
  private static void noOverlap(Document page) {
    List<double[]> boxes = new ArrayList<>();
    for (Element r : elements(page, "rect", "")) {
      double[] b =
          Arrays.stream(new String[] {"x", "y", "width", "height"})
              .mapToDouble(a -> Double.parseDouble(r.getAttribute(a)))
              .toArray();
      for (double[] other : boxes) {
        boolean apart =
            b[0] >= other[0] + other[2]
                || other[0] >= b[0] + b[2]
                || b[1] >= other[1] + other[3]
                || other[1] >= b[1] + b[3];
        assertTrue(apart, () -> Arrays.toString(b) + " on " + Arrays.toString(other));
      }
      boxes.add(b);
    }
    assertTrue(boxes.size() > 60);
  }
}
