// Plans: written as JSON and read again.
package io.github.einblas;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.github.einblas.internal.Equation;
import io.github.einblas.internal.SlicedProgram;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * JSON of {@link EinsumPlan#toJson}: {@code {"einblasPlan": 2, "equation": ..., ...}}. Version 2
 * has the cuts, so that its slices are the same everywhere. Version 1 had not: a plan of it is read
 * where nothing made it cut labels.
 */
final class PlanJson {
  private static final int VERSION = 2;
  private static final int WITHOUT_CUTS = 1;
  private static final String MARK = "einblasPlan";

  private PlanJson() {}

  static String write(
      Equation equation,
      DType dtype,
      long[][] shapes,
      PlanOptions options,
      int[][] path,
      List<SlicedProgram.Cut> cuts) {
    JsonObject o = new JsonObject();
    o.addProperty(MARK, VERSION);
    o.addProperty("equation", equation.toString());
    o.addProperty("numbered", equation.isNumbered());
    o.addProperty("dtype", dtype.name());
    JsonArray rows = new JsonArray();
    for (long[] shape : shapes) {
      JsonArray row = new JsonArray();
      Arrays.stream(shape).forEach(row::add);
      rows.add(row);
    }
    o.add("shapes", rows);
    o.add("path", matrix(path));
    o.add("cuts", PlanCutsJson.write(equation, cuts));
    JsonObject own = new JsonObject();
    own.addProperty("threads", options.threads());
    own.addProperty("strategy", options.strategy().name());
    own.addProperty("costModel", options.costModel().name());
    own.addProperty("searchNanos", options.searchTime().toNanos());
    own.addProperty("memoryLimit", options.memoryLimit());
    if (options.slices() > 1) {
      own.addProperty("slices", options.slices());
    }
    if (options.kernel() != null) {
      own.addProperty("kernel", options.kernel());
    }
    if (options.batchInvariance()) {
      own.addProperty("batchInvariance", true);
    }
    if (options.path() != null) {
      own.add("path", matrix(options.path()));
    }
    o.add("options", own);
    return o.toString();
  }

  static String writeGradient(
      String plan, int operand, Equation gradient, int[][] path, List<SlicedProgram.Cut> cuts) {
    JsonObject o = new JsonObject();
    o.addProperty(MARK, VERSION);
    o.addProperty("gradientFor", operand);
    o.add("of", JsonParser.parseString(plan));
    o.add("path", matrix(path));
    o.add("cuts", PlanCutsJson.write(gradient, cuts));
    return o.toString();
  }

  static EinsumPlan read(String json) {
    Objects.requireNonNull(json, "json");
    try {
      JsonElement parsed = JsonParser.parseString(json);
      if (!parsed.isJsonObject()) {
        throw new IllegalArgumentException("it is no JSON object");
      }
      return plan(parsed.getAsJsonObject());
    } catch (JsonParseException
        | IllegalArgumentException
        | IllegalStateException
        | UnsupportedOperationException
        | ArithmeticException
        | IndexOutOfBoundsException e) {
      throw new IllegalArgumentException("not a saved plan: " + e.getMessage(), e);
    }
  }

  private static EinsumPlan plan(JsonObject o) {
    int version = need(o, MARK).getAsInt();
    if (version != VERSION && version != WITHOUT_CUTS) {
      throw new IllegalArgumentException(
          "its version is " + version + ", not " + WITHOUT_CUTS + " or " + VERSION);
    }
    if (o.has("gradientFor")) {
      return gradient(o, version);
    }
    JsonArray rows = need(o, "shapes").getAsJsonArray();
    long[][] shapes = new long[rows.size()][];
    int[] ranks = new int[shapes.length];
    for (int i = 0; i < shapes.length; i++) {
      JsonArray row = rows.get(i).getAsJsonArray();
      shapes[i] = new long[row.size()];
      ranks[i] = shapes[i].length;
      for (int d = 0; d < shapes[i].length; d++) {
        shapes[i][d] = row.get(d).getAsLong();
        if (shapes[i][d] < 0) {
          throw new IllegalArgumentException("a length is " + shapes[i][d]);
        }
      }
    }
    String text = need(o, "equation").getAsString();
    Equation equation =
        o.has("numbered") && o.get("numbered").getAsBoolean()
            ? numbers(text).parse(ranks)
            : Equation.parse(text, ranks);
    DType dtype = DType.valueOf(need(o, "dtype").getAsString());
    PlanOptions options = options(need(o, "options").getAsJsonObject());
    if (version == WITHOUT_CUTS && options.isCut()) {
      throw new IllegalArgumentException(
          "it has a memory limit and is of version 1, which does not say how labels are cut: each"
              + " machine would cut in its own way. Make the plan anew and save it");
    }
    KnownPlan known = known(o, equation, version);
    return new EinsumPlan(equation, dtype, shapes, options, known);
  }

  private static KnownPlan known(JsonObject o, Equation equation, int version) {
    int[][] path = matrix(need(o, "path"));
    return KnownPlan.of(
        path, version == WITHOUT_CUTS ? null : PlanCutsJson.read(need(o, "cuts"), equation));
  }

  private static EinsumPlan gradient(JsonObject o, int version) {
    EinsumPlan of = plan(need(o, "of").getAsJsonObject());
    int operand = need(o, "gradientFor").getAsInt();
    return version == WITHOUT_CUTS
        ? of.gradient(operand)
        : of.gradient(operand, known(o, of.gradientEquation(operand), version));
  }

  /** Labels as numbers, such as {@code [0 1],[1 ...]->[0 ...]}. */
  private static Equation.Numbers numbers(String text) {
    String[] sides = text.split("->", -1);
    int[][] operands =
        Arrays.stream(sides[0].split(",", -1)).map(PlanJson::term).toArray(int[][]::new);
    return new Equation.Numbers(operands, sides.length == 1 ? null : term(sides[1]));
  }

  private static int[] term(String text) {
    if (!text.startsWith("[") || !text.endsWith("]")) {
      throw new IllegalArgumentException("\"" + text + "\" is no term of numbers");
    }
    String inner = text.substring(1, text.length() - 1);
    return inner.isEmpty()
        ? new int[0]
        : Arrays.stream(inner.split(" ", -1))
            .mapToInt(l -> l.equals("...") ? Sublist.ELLIPSIS : Integer.parseInt(l))
            .toArray();
  }

  private static PlanOptions options(JsonObject o) {
    PlanOptions options =
        PlanOptions.DEFAULT
            .withThreads(need(o, "threads").getAsInt())
            .withStrategy(PlanOptions.Strategy.valueOf(need(o, "strategy").getAsString()))
            .withCostModel(PlanOptions.CostModel.valueOf(need(o, "costModel").getAsString()))
            .withSearchTime(Duration.ofNanos(need(o, "searchNanos").getAsLong()))
            .withMemoryLimit(need(o, "memoryLimit").getAsLong());
    options = o.has("slices") ? options.withSlices(o.get("slices").getAsLong()) : options;
    options = o.has("kernel") ? options.withKernel(o.get("kernel").getAsString()) : options;
    if (o.has("batchInvariance")) {
      options = options.withBatchInvariance(o.get("batchInvariance").getAsBoolean());
    }
    return o.has("path") ? options.withPath(matrix(o.get("path"))) : options;
  }

  private static JsonElement need(JsonObject o, String name) {
    JsonElement value = o.get(name);
    if (value == null) {
      throw new IllegalArgumentException("\"" + name + "\" is missing");
    }
    return value;
  }

  private static JsonArray array(int[] values) {
    JsonArray array = new JsonArray();
    Arrays.stream(values).forEach(array::add);
    return array;
  }

  private static JsonArray matrix(int[][] rows) {
    JsonArray array = new JsonArray();
    Arrays.stream(rows).forEach(row -> array.add(array(row)));
    return array;
  }

  private static int[][] matrix(JsonElement rows) {
    JsonArray array = rows.getAsJsonArray();
    int[][] result = new int[array.size()][];
    Arrays.setAll(result, i -> row(array.get(i).getAsJsonArray()));
    return result;
  }

  private static int[] row(JsonArray array) {
    int[] row = new int[array.size()];
    Arrays.setAll(row, i -> array.get(i).getAsInt());
    return row;
  }
}
