// Plans: written as JSON and read again.
package io.github.einblas.internal.plan;

import static io.github.einblas.internal.io.StrictJson.need;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.github.einblas.DType;
import io.github.einblas.Epilogue;
import io.github.einblas.PlanOptions;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.io.StrictJson;
import io.github.einblas.internal.tensor.Views;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * JSON of a plan: {@code {"einblasPlan": 2, "equation": ..., ...}}. Version 2 has the cuts, so that
 * its slices are the same everywhere. Version 1 had not: a plan of it is read where nothing made it
 * cut labels.
 */
public final class PlanJson {
  private static final int VERSION = 2;
  private static final int WITHOUT_CUTS = 1;
  private static final String MARK = "einblasPlan";

  /** A file may ask for this long a search, if anything is searched with its options later. */
  private static final long MOST_SEARCH_NANOS = Duration.ofSeconds(10).toNanos();

  private static final int MOST_SEARCH_ROUNDS = 1_000_000;

  private PlanJson() {}

  /** The JSON of a contraction. */
  public static String write(Contraction plan) {
    Contraction.GradientOf gradient = plan.gradientOf();
    if (gradient != null) {
      return writeGradient(write(gradient.plan()), gradient.operand(), plan);
    }
    Equation equation = plan.equation();
    PlanOptions options = plan.options();
    JsonObject o = new JsonObject();
    o.addProperty(MARK, VERSION);
    o.addProperty("equation", equation.toString());
    o.addProperty("numbered", equation.isNumbered());
    PlanTypes types = plan.types();
    o.addProperty("dtype", types.result().name());
    if (!types.isUniform()) {
      JsonArray names = new JsonArray();
      types.operands().forEach(t -> names.add(t.name()));
      o.add("types", names);
    }
    JsonArray rows = new JsonArray();
    for (long[] shape : plan.shapes()) {
      JsonArray row = new JsonArray();
      Arrays.stream(shape).forEach(row::add);
      rows.add(row);
    }
    o.add("shapes", rows);
    o.add("path", matrix(plan.path()));
    o.add("cuts", PlanCutsJson.write(equation, plan.slices().cutList()));
    JsonObject own = new JsonObject();
    own.addProperty("threads", options.threads());
    own.addProperty("strategy", options.strategy().name());
    own.addProperty("costModel", options.costModel().name());
    own.addProperty(
        "searchNanos", options.searchTime() == null ? 0 : options.searchTime().toNanos());
    if (options.searchRounds() > 0) {
      own.addProperty("searchRounds", options.searchRounds());
    }
    if (options.seed() != 0) {
      own.addProperty("seed", options.seed());
    }
    own.addProperty("memoryLimit", options.memoryLimit());
    if (options.slices() > 1) {
      own.addProperty("slices", options.slices());
    }
    if (options.sliceMemoryLimit() != Long.MAX_VALUE) {
      own.addProperty("sliceMemoryLimit", options.sliceMemoryLimit());
    }
    if (options.kernel() != null) {
      own.addProperty("kernel", options.kernel());
    }
    if (options.batchInvariance()) {
      own.addProperty("batchInvariance", true);
    }
    if (options.checkedIntegers()) {
      own.addProperty("checkedIntegers", true);
    }
    if (options.allowSlow()) {
      own.addProperty("allowSlow", true);
    }
    if (options.epilogue() != Epilogue.NONE) {
      own.addProperty("epilogue", options.epilogue().name());
    }
    if (options.path() != null) {
      own.add("path", matrix(options.path()));
    }
    if (options.outputType() != null) {
      own.addProperty("outputType", options.outputType().name());
    }
    if (options.sameOperands().length > 0) {
      own.add("sameOperands", matrix(options.sameOperands()));
    }
    o.add("options", own);
    return o.toString();
  }

  private static String writeGradient(String of, int operand, Contraction gradient) {
    JsonObject o = new JsonObject();
    o.addProperty(MARK, VERSION);
    o.addProperty("gradientFor", operand);
    o.add("of", JsonParser.parseString(of));
    o.add("path", matrix(gradient.path()));
    o.add("cuts", PlanCutsJson.write(gradient.equation(), gradient.slices().cutList()));
    return o.toString();
  }

  /** The contraction of a JSON text. */
  public static Contraction read(String json) {
    Objects.requireNonNull(json, "json");
    try {
      JsonElement parsed = StrictJson.parse(json);
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

  /** The contraction of a JSON text, which must be for operands of these types and shapes. */
  public static Contraction read(String json, List<DType> types, long[][] shapes) {
    Contraction plan = read(json);
    if (!plan.types().operands().equals(types) || !Arrays.deepEquals(plan.shapes(), shapes)) {
      throw new IllegalArgumentException(
          plan.checks().where()
              + "it was saved for shapes "
              + Arrays.deepToString(plan.shapes())
              + " of "
              + plan.types().operands()
              + ", not for "
              + Arrays.deepToString(shapes)
              + " of "
              + types);
    }
    return plan;
  }

  private static Contraction plan(JsonObject o) {
    int version = (int) StrictJson.integer(o, MARK, 0, Integer.MAX_VALUE);
    if (version != VERSION && version != WITHOUT_CUTS) {
      throw new IllegalArgumentException(
          "its version is " + version + ", not " + WITHOUT_CUTS + " or " + VERSION);
    }
    if (o.has("gradientFor")) {
      return gradient(o, version);
    }
    JsonArray rows = StrictJson.array(need(o, "shapes"), "shapes");
    long[][] shapes = new long[rows.size()][];
    int[] ranks = new int[shapes.length];
    for (int i = 0; i < shapes.length; i++) {
      JsonArray row = StrictJson.array(rows.get(i), "shapes");
      shapes[i] = new long[row.size()];
      ranks[i] = shapes[i].length;
      for (int d = 0; d < shapes[i].length; d++) {
        shapes[i][d] = StrictJson.integer(row.get(d), "shapes", 0, Long.MAX_VALUE);
      }
      Views.size(shapes[i]);
    }
    String text = StrictJson.text(o, "equation");
    Equation equation =
        o.has("numbered") && StrictJson.isTrue(o, "numbered")
            ? numbers(text).parse(ranks)
            : Equation.parse(text, ranks);
    PlanOptions options = options(StrictJson.object(need(o, "options"), "options"));
    PlanTypes types = types(o, equation, shapes.length, options.outputType());
    if (version == WITHOUT_CUTS && PlanLayouts.isCut(options)) {
      throw new IllegalArgumentException(
          "it has a memory limit and is of version 1, which does not say how labels are cut: each"
              + " machine would cut in its own way. Make the plan anew and save it");
    }
    KnownPlan known = known(o, equation, version);
    return new Contraction(equation, types, shapes, options, known);
  }

  /** Types of the operands where they are not the result's, too. */
  private static PlanTypes types(JsonObject o, Equation equation, int count, DType output) {
    DType result = StrictJson.constant(o, "dtype", DType.class);
    DType[] own = new DType[Math.max(1, count)];
    Arrays.fill(own, result);
    if (o.has("types")) {
      JsonArray names = StrictJson.array(o.get("types"), "types");
      if (names.size() != count) {
        throw new IllegalArgumentException(
            "it has " + names.size() + " types for " + count + " operands");
      }
      for (int i = 0; i < count; i++) {
        JsonObject one = new JsonObject();
        one.add("types", names.get(i));
        own[i] = StrictJson.constant(one, "types", DType.class);
      }
    }
    PlanTypes types = PlanTypes.of(equation, own, output);
    if (types.result() != result) {
      throw new IllegalArgumentException(
          "its types give a result of " + types.result() + ", not of " + result);
    }
    return types;
  }

  private static KnownPlan known(JsonObject o, Equation equation, int version) {
    int[][] path = matrix(need(o, "path"), "path");
    return KnownPlan.of(
        path, version == WITHOUT_CUTS ? null : PlanCutsJson.read(need(o, "cuts"), equation));
  }

  private static Contraction gradient(JsonObject o, int version) {
    Contraction of = plan(contraction(o));
    int operand = (int) StrictJson.integer(o, "gradientFor", 0, Integer.MAX_VALUE);
    return version == WITHOUT_CUTS
        ? of.gradient(operand)
        : of.gradient(operand, known(o, of.gradientEquation(operand), version));
  }

  /** What a gradient is of: no gradient itself. */
  private static JsonObject contraction(JsonObject o) {
    JsonObject of = StrictJson.object(need(o, "of"), "of");
    if (of.has("gradientFor")) {
      throw new IllegalArgumentException("\"of\" is a gradient; there are none of gradients");
    }
    return of;
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
            .mapToInt(l -> l.equals("...") ? Equation.ELLIPSIS : Integer.parseInt(l))
            .toArray();
  }

  private static PlanOptions options(JsonObject o) {
    long searchNanos = StrictJson.integer(o, "searchNanos", 0, Duration.ofHours(1).toNanos());
    PlanOptions options =
        PlanOptions.DEFAULT
            .withThreads((int) StrictJson.integer(o, "threads", 0, PlanOptions.MOST_THREADS))
            .withStrategy(StrictJson.constant(o, "strategy", PlanOptions.Strategy.class))
            .withCostModel(StrictJson.constant(o, "costModel", PlanOptions.CostModel.class))
            .withSearchTime(
                searchNanos == 0
                    ? null
                    : Duration.ofNanos(Math.min(MOST_SEARCH_NANOS, searchNanos)))
            .withMemoryLimit(StrictJson.integer(o, "memoryLimit", 0, Long.MAX_VALUE));
    if (o.has("searchRounds")) {
      int rounds = (int) StrictJson.integer(o, "searchRounds", 1, MOST_SEARCH_ROUNDS);
      options = options.withSearchRounds(rounds);
    }
    if (o.has("seed")) {
      options = options.withSeed(StrictJson.integer(o, "seed", Long.MIN_VALUE, Long.MAX_VALUE));
    }
    options =
        o.has("slices")
            ? options.withSlices(StrictJson.integer(o, "slices", 1, Long.MAX_VALUE))
            : options;
    if (o.has("sliceMemoryLimit")) {
      long bytes = StrictJson.integer(o, "sliceMemoryLimit", 0, Long.MAX_VALUE);
      options = options.withSliceMemoryLimit(bytes);
    }
    options = o.has("kernel") ? options.withKernel(StrictJson.text(o, "kernel")) : options;
    if (o.has("batchInvariance")) {
      options = options.withBatchInvariance(StrictJson.isTrue(o, "batchInvariance"));
    }
    if (o.has("checkedIntegers")) {
      options = options.withCheckedIntegers(StrictJson.isTrue(o, "checkedIntegers"));
    }
    if (o.has("allowSlow")) {
      options = options.withAllowSlow(StrictJson.isTrue(o, "allowSlow"));
    }
    if (o.has("epilogue")) {
      options = options.withEpilogue(StrictJson.constant(o, "epilogue", Epilogue.class));
    }
    if (o.has("outputType")) {
      options = options.withOutputType(StrictJson.constant(o, "outputType", DType.class));
    }
    if (o.has("sameOperands")) {
      options = options.withSameOperands(matrix(o.get("sameOperands"), "sameOperands"));
    }
    return o.has("path") ? options.withPath(matrix(o.get("path"), "path")) : options;
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

  private static int[][] matrix(JsonElement rows, String key) {
    JsonArray array = StrictJson.array(rows, key);
    int[][] result = new int[array.size()][];
    Arrays.setAll(result, i -> row(StrictJson.array(array.get(i), key), key));
    return result;
  }

  private static int[] row(JsonArray array, String key) {
    int[] row = new int[array.size()];
    Arrays.setAll(row, i -> (int) StrictJson.integer(array.get(i), key, 0, Integer.MAX_VALUE));
    return row;
  }
}
