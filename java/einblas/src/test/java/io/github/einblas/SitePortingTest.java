// The page that ports Python: each right-hand side compiles, runs, and gives what the left gave.
package io.github.einblas;

import static io.github.einblas.Pages.ROOT;
import static io.github.einblas.Pages.read;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.lang.reflect.Array;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class SitePortingTest {
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `(.+?)` \\| `(.+?)` \\|$");
  private static final JsonObject STORED = stored();

  @TempDir static Path folder;

  private record Row(String left, String right, JsonObject result) {}

  private static JsonObject stored() {
    try (Reader in =
        new InputStreamReader(
            SitePortingTest.class.getResourceAsStream("/site/porting.json"),
            StandardCharsets.UTF_8)) {
      return JsonParser.parseReader(in).getAsJsonObject();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static List<Row> rows() {
    List<String[]> page =
        ROW.matcher(read(ROOT.resolve("docs/site/porting.md")))
            .results()
            .map(m -> new String[] {m.group(1), m.group(2)})
            .toList();
    JsonArray results = STORED.getAsJsonArray("rows");
    List<String> lefts = new ArrayList<>();
    results.forEach(r -> lefts.add(r.getAsJsonObject().get("left").getAsString()));
    assertEquals(
        page.stream().map(r -> r[0]).toList(), lefts, "run docs/mkdocs/porting.py after a change");
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < page.size(); i++) {
      rows.add(new Row(page.get(i)[0], page.get(i)[1], results.get(i).getAsJsonObject()));
    }
    return rows;
  }

  @Test
  void thereAreSixtyAndMore() {
    assertTrue(rows().size() >= 60, () -> "only " + rows().size());
  }

  @TestFactory
  Stream<DynamicTest> everyRow() throws IOException {
    Map<String, JsonObject> inputs = new LinkedHashMap<>();
    STORED
        .getAsJsonObject("inputs")
        .entrySet()
        .forEach(e -> inputs.put(e.getKey(), e.getValue().getAsJsonObject()));
    String parameters =
        inputs.keySet().stream().map(n -> "Tensor " + n + ", ").collect(Collectors.joining());
    List<Row> rows = rows();
    StringBuilder text = new StringBuilder(JavaPrograms.IMPORTS).append("class Porting {\n");
    for (int i = 0; i < rows.size(); i++) {
      String right = rows.get(i).right;
      String body = right.endsWith(";") ? right + " return out;" : "return " + right + ";";
      text.append("static Object row").append(i).append('(').append(parameters);
      text.append("Path file) throws Exception { ").append(body).append(" }\n");
    }
    Class<?> program = JavaPrograms.compile(folder, "Porting", text.append("}\n").toString());
    Path file = folder.resolve("a.npy");
    try (Tensor a = tensor(inputs.get("a"))) {
      a.writeNpy(file);
    }
    List<DynamicTest> tests = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      Row row = rows.get(i);
      String method = "row" + i;
      tests.add(
          DynamicTest.dynamicTest(
              row.left,
              () -> {
                List<Object> arguments = new ArrayList<>();
                inputs.values().forEach(v -> arguments.add(tensor(v)));
                arguments.add(file);
                check(row, JavaPrograms.call(program, method, arguments.toArray()));
              }));
    }
    return tests.stream();
  }

  private static void check(Row row, Object given) {
    if (given instanceof String text) {
      assertEquals(row.result.get("text").getAsString(), text);
      return;
    }
    long[] shape =
        array(row.result, "shape", JsonElement::getAsLong).stream().mapToLong(x -> x).toArray();
    if (given instanceof Tensor tensor) {
      assertArrayEquals(shape, tensor.shape(), "shape");
      if (row.result.has("dtype")) {
        assertEquals(row.result.get("dtype").getAsString(), tensor.dtype().numpyName());
      }
    }
    double[] expected =
        array(row.result, "data", JsonElement::getAsDouble).stream().mapToDouble(x -> x).toArray();
    double[] found = numbers(given);
    assertEquals(expected.length, found.length, "numbers");
    double largest = 1;
    for (double e : expected) {
      largest = Math.max(largest, Math.abs(e));
    }
    // At most 24 terms are added for an element, so sums of both sides err by that many roundings;
    // functions err by less.
    boolean single = row.result.has("dtype") && row.result.get("dtype").getAsString().equals("f4");
    double tolerance = 2 * 24 * (single ? Math.ulp(1f) : Math.ulp(1.0)) * largest;
    assertArrayEquals(expected, found, tolerance);
  }

  private static double[] numbers(Object given) {
    if (given instanceof Tensor tensor) {
      if (tensor.dtype().isComplex()) {
        double[] parts = new double[Math.toIntExact(2 * tensor.size())];
        try (Tensor own = tensor.copy();
            Tensor flat = own.reshape(tensor.size())) {
          for (int i = 0; i < tensor.size(); i++) {
            parts[2 * i] = flat.getReal(i);
            parts[2 * i + 1] = flat.getImag(i);
          }
        }
        return parts;
      }
      try (Tensor doubles = tensor.to(DType.F64)) {
        return doubles.toDoubleArray();
      }
    }
    if (given instanceof Boolean truth) {
      return new double[] {truth ? 1 : 0};
    }
    if (given instanceof Number number) {
      return new double[] {number.doubleValue()};
    }
    double[] all = new double[Array.getLength(given)];
    for (int i = 0; i < all.length; i++) {
      all[i] = ((Number) Array.get(given, i)).doubleValue();
    }
    return all;
  }

  private static Tensor tensor(JsonObject stored) {
    double[] data =
        array(stored, "data", JsonElement::getAsDouble).stream().mapToDouble(x -> x).toArray();
    long[] shape =
        array(stored, "shape", JsonElement::getAsLong).stream().mapToLong(x -> x).toArray();
    return switch (stored.get("dtype").getAsString()) {
      case "c16" -> Tensor.ofComplex(data, shape);
      case "i8" -> Tensor.of(data, shape).to(DType.I64);
      default -> Tensor.of(data, shape);
    };
  }

  private static <T> List<T> array(JsonObject of, String name, Function<JsonElement, T> each) {
    List<T> all = new ArrayList<>();
    of.getAsJsonArray(name).forEach(e -> all.add(each.apply(e)));
    return all;
  }
}
