// Command line: what is planned: an equation with shapes and types, from arguments or a file.
package io.github.einblas.cli;

import static io.github.einblas.internal.io.StrictJson.array;
import static io.github.einblas.internal.io.StrictJson.integer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.einblas.DType;
import io.github.einblas.internal.io.StrictJson;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A contraction without data.
 *
 * @param types one for each operand, or one for all
 */
record Problem(String equation, long[][] shapes, List<DType> types) {
  private static final String STANDARD_INPUT = "-";
  private static final int MOST_NAMES = 8;

  /** What NumPy calls types that it has another name for. */
  private static final Map<String, DType> TYPES =
      Map.ofEntries(
          Map.entry("float32", DType.F32),
          Map.entry("float64", DType.F64),
          Map.entry("float16", DType.F16),
          Map.entry("bfloat16", DType.BF16),
          Map.entry("int8", DType.I8),
          Map.entry("uint8", DType.U8),
          Map.entry("int16", DType.I16),
          Map.entry("int32", DType.I32),
          Map.entry("int64", DType.I64),
          Map.entry("complex64", DType.C64),
          Map.entry("complex128", DType.C128));

  /**
   * The problem that the arguments name.
   *
   * @param equation an equation; or the name of a JSON file, which ends in .json or has a slash, or
   *     {@code -}
   * @param shapes null or empty where the file has them
   * @param types null for those of the file, or F32
   * @param instance the name of one among those of the file, or null
   */
  static Problem of(
      String equation, List<String> shapes, List<DType> types, String instance, Streams io) {
    long[][] given =
        shapes == null ? null : shapes.stream().map(Shapes::parse).toArray(long[][]::new);
    if (!isFile(equation)) {
      if (instance != null) {
        throw new InputException("--instance is for a JSON file of instances");
      }
      if (given == null) {
        throw new InputException(
            "a SHAPE for each operand of " + Terms.shortened(equation) + " is missing");
      }
      return new Problem(equation, given, types == null ? List.of(DType.F32) : types);
    }
    boolean standardInput = equation.equals(STANDARD_INPUT);
    String name = standardInput ? "standard input" : equation;
    String text = standardInput ? SavedPlan.standardInput(io) : PathFiles.text(equation);
    try {
      JsonObject o = StrictJson.object(StrictJson.parse(text), "instance");
      return read(chosen(o, instance), given, types);
    } catch (IllegalArgumentException e) {
      throw new InputException(name + ": " + e.getMessage(), e);
    }
  }

  private static boolean isFile(String equation) {
    return equation.equals(STANDARD_INPUT)
        || equation.contains("/")
        || equation.toLowerCase(Locale.ROOT).endsWith(".json");
  }

  /** The object itself, or the one of that name among its instances. */
  private static JsonObject chosen(JsonObject o, String instance) {
    if (!o.has("instances")) {
      if (instance != null && !(o.has("name") && StrictJson.text(o, "name").equals(instance))) {
        throw new IllegalArgumentException("it has no \"instances\", and none named " + instance);
      }
      return o;
    }
    List<String> names = new ArrayList<>();
    for (JsonElement e : array(o.get("instances"), "instances")) {
      JsonObject one = StrictJson.object(e, "instances");
      String name = StrictJson.text(one, "name");
      if (name.equals(instance)) {
        return one;
      }
      names.add(name);
    }
    String some =
        names.stream().limit(MOST_NAMES).collect(Collectors.joining(", "))
            + (names.size() > MOST_NAMES ? ", ..." : "");
    throw new IllegalArgumentException(
        instance == null
            ? "it has " + names.size() + " instances; --instance chooses one of " + some
            : "it has no instance named " + instance + ", but " + some);
  }

  private static Problem read(JsonObject o, long[][] given, List<DType> types) {
    String equation = StrictJson.text(o, "equation");
    if (o.has("shapes") && o.has("sizes")) {
      throw new IllegalArgumentException("it has both \"shapes\" and \"sizes\"");
    }
    boolean known = o.has("shapes") || o.has("sizes");
    if (known && given != null) {
      throw new IllegalArgumentException("it has the shapes, so none can be given");
    }
    if (!known && given == null) {
      throw new IllegalArgumentException("it has no \"sizes\" or \"shapes\"");
    }
    long[][] shapes =
        !known ? given : o.has("shapes") ? shapes(o.get("shapes")) : sizes(o, equation);
    if (types != null) {
      return new Problem(equation, shapes, types);
    }
    return new Problem(
        equation, shapes, o.has("dtype") ? types(o.get("dtype")) : List.of(DType.F32));
  }

  private static long[][] shapes(JsonElement value) {
    JsonArray rows = array(value, "shapes");
    long[][] shapes = new long[rows.size()][];
    for (int i = 0; i < shapes.length; i++) {
      shapes[i] = lengths(array(rows.get(i), "shapes"), "shapes");
    }
    return shapes;
  }

  private static long[] lengths(JsonArray row, String key) {
    long[] lengths = new long[row.size()];
    Arrays.setAll(lengths, i -> length(row.get(i), key));
    return lengths;
  }

  private static long length(JsonElement value, String key) {
    return integer(value, key, 0, Long.MAX_VALUE);
  }

  private static long[][] sizes(JsonObject o, String equation) {
    Terms terms = Terms.of(equation, null);
    if (terms.hasEllipsis()) {
      throw new IllegalArgumentException("\"sizes\" are of labels; an ellipsis needs \"shapes\"");
    }
    JsonElement value = o.get("sizes");
    long[] lengths = new long[terms.labelCount()];
    if (value.isJsonObject()) {
      JsonObject map = value.getAsJsonObject();
      for (int label = 0; label < lengths.length; label++) {
        String name = terms.name(label);
        if (!map.has(name)) {
          throw new IllegalArgumentException("\"sizes\" has no length of label '" + name + "'");
        }
        lengths[label] = length(map.get(name), "sizes");
      }
    } else if (value.isJsonArray()) {
      lengths = lengths(value.getAsJsonArray(), "sizes");
      if (lengths.length != terms.labelCount()) {
        throw new IllegalArgumentException(
            "\"sizes\" has " + lengths.length + " lengths for " + terms.labelCount() + " labels");
      }
    } else {
      Arrays.fill(lengths, length(value, "sizes"));
    }
    long[] all = lengths;
    long[][] shapes = new long[terms.count()][];
    Arrays.setAll(
        shapes, i -> Arrays.stream(terms.operand(i)).mapToLong(label -> all[label]).toArray());
    return shapes;
  }

  private static List<DType> types(JsonElement value) {
    if (!value.isJsonArray()) {
      return List.of(type(value));
    }
    List<DType> types = new ArrayList<>();
    value.getAsJsonArray().forEach(e -> types.add(type(e)));
    return types;
  }

  private static DType type(JsonElement value) {
    String name = value.isJsonPrimitive() ? value.getAsString().toLowerCase(Locale.ROOT) : "";
    for (DType type : DType.values()) {
      if (type.name().equalsIgnoreCase(name)) {
        return type;
      }
    }
    DType type = TYPES.get(name);
    if (type == null) {
      throw new IllegalArgumentException(
          "\"dtype\" must be a type such as float64 or f64, got " + value);
    }
    return type;
  }

  /** A type for each operand. */
  List<DType> allTypes() {
    return types.size() == 1 ? Collections.nCopies(shapes.length, types.get(0)) : types;
  }

  int[] ranks() {
    return Arrays.stream(shapes).mapToInt(s -> s.length).toArray();
  }
}
