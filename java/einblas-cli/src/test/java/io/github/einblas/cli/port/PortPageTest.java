// Test: the lines of the page docs/site/porting.md, by port: the same Java, and the numbers that
// NumPy and PyTorch gave.
package io.github.einblas.cli.port;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PortPageTest {
  private static final Path ROOT = Path.of("..", "..");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `(.+?)` \\| `(.+?)` \\|$");

  /** Lines that port says in another way, which is proved as the others are. */
  private static final int OTHERWISE = 8;

  /** Lines that port says, of the page's; the rest make, convert or ask tensors, or are ND4J's. */
  private static final int LEAST = 117;

  @TempDir static Path folder;

  /** A line of the page, what port made of it, and what Python gave. */
  private record Row(String left, String right, Port port, JsonObject result) {}

  private static double[] numbers(JsonObject of, String name) {
    List<Double> all = new ArrayList<>();
    for (JsonElement e : of.getAsJsonArray(name)) {
      all.add(e.getAsDouble());
    }
    return all.stream().mapToDouble(d -> d).toArray();
  }

  private static int[] shape(JsonObject of) {
    return Arrays.stream(numbers(of, "shape")).mapToInt(d -> (int) d).toArray();
  }

  private static List<Row> rows() throws IOException {
    JsonObject stored =
        JsonParser.parseString(
                Files.readString(ROOT.resolve("java/einblas/src/test/resources/site/porting.json")))
            .getAsJsonObject();
    JsonObject inputs = stored.getAsJsonObject("inputs");
    List<MatchResult> page =
        ROW.matcher(Files.readString(ROOT.resolve("docs/site/porting.md"))).results().toList();
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < page.size(); i++) {
      JsonObject result = stored.getAsJsonArray("rows").get(i).getAsJsonObject();
      String left = page.get(i).group(1);
      if (result.get("library").getAsString().equals("ND4J")) {
        continue;
      }
      try {
        rows.add(new Row(left, page.get(i).group(2), port(left, inputs), result));
      } catch (IllegalArgumentException e) {
        assertTrue(
            e.getMessage().contains("support") || e.getMessage().contains("--"), e::getMessage);
      }
    }
    return rows;
  }

  private static Port port(String left, JsonObject inputs) {
    PythonSource source = new PythonSource(left);
    Set<String> names = new LinkedHashSet<>();
    PortNames.addTo(names, PythonParser.parse(source));
    Map<String, int[]> shapes = new LinkedHashMap<>();
    for (String name : names) {
      JsonObject input = inputs.getAsJsonObject(name);
      if (input == null || input.get("dtype").getAsString().equals("c16")) {
        throw new IllegalArgumentException("port does not support operands such as " + name);
      }
      shapes.put(name, shape(input));
    }
    return Port.of(
        source, shapes, DType.F64, (name, s) -> numbers(inputs.getAsJsonObject(name), "data"));
  }

  @Test
  void numbersAreThoseOfPython() throws IOException {
    List<Row> rows = rows();
    for (Row row : rows) {
      PlainTensor plain = row.port.line().value().plain();
      assertArrayEquals(shape(row.result), plain.shape(), row.left);
      double[] expected = numbers(row.result, "data");
      for (int i = 0; i < expected.length; i++) { // both are off: Python and the loops
        double bound = 2 * plain.errors()[i] + 4 * Math.ulp(expected[i]);
        assertEquals(expected[i], plain.values()[i], bound, row.left + " at " + i);
      }
      PortProof proof = PortProof.of(row.port.line(), row.port.operands(), PortedLine::run);
      assertTrue(proof.equal(), () -> row.left + ": " + proof.complaint());
    }
    assertTrue(rows.size() >= LEAST, () -> "only " + rows.size());
  }

  @Test
  void textsAreThoseOfThePage() throws IOException {
    List<String> other = new ArrayList<>();
    for (Row row : rows()) {
      if (!row.port.line().text().equals(row.right)) {
        other.add(row.left + "\n  " + row.port.line().text() + "\n  " + row.right);
      }
    }
    assertEquals(OTHERWISE, other.size(), () -> String.join("\n", other));
  }

  @Test
  void whatIsPrintedIsWhatIsRun() throws Exception {
    List<Row> rows = rows();
    StringBuilder text = new StringBuilder("import io.github.einblas.*;\nclass Printed {\n");
    for (int i = 0; i < rows.size(); i++) {
      PortedLine line = rows.get(i).port.line();
      String body =
          switch (line.form()) {
            case EXPRESSION -> "return " + line.text() + ";";
            default -> line.text() + " return " + line.target() + ";";
          };
      String parameters =
          rows.get(i).port.operands().bound().keySet().stream()
              .map(n -> "Tensor " + n)
              .collect(Collectors.joining(", "));
      text.append("  public static Tensor row" + i + "(" + parameters + ") { " + body + " }\n");
    }
    Path source = folder.resolve("Printed.java");
    Files.writeString(source, text.append("}\n"));
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-proc:none",
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                folder.toString(),
                source.toString());
    assertEquals(0, status, text.toString());
    try (URLClassLoader loader =
        new URLClassLoader(new URL[] {folder.toUri().toURL()}, getClass().getClassLoader())) {
      Class<?> printed = loader.loadClass("Printed");
      for (Method method : printed.getDeclaredMethods()) {
        Row row = rows.get(Integer.parseInt(method.getName().substring(3)));
        method.setAccessible(true);
        Map<String, Tensor> operands = row.port.operands().tensors();
        Tensor byText = (Tensor) method.invoke(null, operands.values().toArray());
        Map<String, Tensor> again = row.port.operands().tensors();
        Tensor byTree = row.port.line().run(again);
        assertEquals(byTree.dtype(), byText.dtype(), row.left);
        assertArrayEquals(byTree.shape(), byText.shape(), row.left);
        assertArrayEquals(
            byTree.to(DType.F64).toDoubleArray(), byText.to(DType.F64).toDoubleArray(), row.left);
      }
    }
  }
}
