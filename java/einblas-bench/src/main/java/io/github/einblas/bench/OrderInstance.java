// Benchmarks: contractions of many tensors that others published, with their orders and figures.
package io.github.einblas.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.github.einblas.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One of a file {@code {"instances": [...]}}.
 *
 * @param equation one letter for each label
 * @param labels of each operand, as numbers in the order in which the equation first has them
 * @param output labels of the result
 * @param sizes length of each label
 * @param planOnly too large to run
 * @param paths orders by name, as pairs of slots
 * @param published the best published figures, or null
 */
public record OrderInstance(
    String name,
    String equation,
    DType dtype,
    int[][] labels,
    int[] output,
    long[] sizes,
    boolean planOnly,
    Map<String, int[][]> paths,
    Published published) {

  /**
   * Figures of an order that others found.
   *
   * @param log10 decimal logarithm of the operations
   * @param log2Largest binary logarithm of the elements of the largest result of a step
   * @param doubled whether a step that sums counts twice, as opt_einsum does; else each point once
   */
  public record Published(String who, double log10, double log2Largest, boolean doubled) {}

  /** All of a file. */
  public static List<OrderInstance> read(Path file) throws IOException {
    JsonElement root;
    try {
      root = JsonParser.parseString(Files.readString(file));
      List<OrderInstance> all = new ArrayList<>();
      for (JsonElement e : root.getAsJsonObject().getAsJsonArray("instances")) {
        all.add(of(e.getAsJsonObject()));
      }
      return all;
    } catch (JsonParseException | IllegalStateException | NullPointerException e) {
      throw new IllegalArgumentException(file + ": no file of instances: " + e.getMessage(), e);
    }
  }

  private static OrderInstance of(JsonObject o) {
    String name = o.get("name").getAsString();
    try {
      return of(name, o);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
    }
  }

  private static OrderInstance of(String name, JsonObject o) {
    String equation = o.get("equation").getAsString();
    int arrow = equation.indexOf("->");
    if (arrow < 0) {
      throw new IllegalArgumentException("the equation has no ->");
    }
    String[] terms = equation.substring(0, arrow).split(",", -1);
    Map<Integer, Integer> numbers = new LinkedHashMap<>();
    int[][] labels = Arrays.stream(terms).map(t -> numbered(t, numbers)).toArray(int[][]::new);
    int[] output = numbered(equation.substring(arrow + 2), numbers);
    Map<String, int[][]> paths = new LinkedHashMap<>();
    JsonObject orders = o.has("paths") ? o.getAsJsonObject("paths") : new JsonObject();
    for (Map.Entry<String, JsonElement> each : orders.entrySet()) {
      JsonArray path = each.getValue().getAsJsonObject().getAsJsonArray("path");
      paths.put(each.getKey(), slots(terms.length, path));
    }
    return new OrderInstance(
        name,
        equation,
        dtype(o.get("dtype").getAsString()),
        labels,
        output,
        sizes(o.get("sizes"), numbers.size()),
        o.has("plan_only") && o.get("plan_only").getAsBoolean(),
        paths,
        published(orders, o.has("published") ? o.getAsJsonObject("published") : new JsonObject()));
  }

  private static int[] numbered(String term, Map<Integer, Integer> numbers) {
    return term.codePoints()
        .map(
            letter -> {
              int next = numbers.size();
              return numbers.computeIfAbsent(letter, l -> next);
            })
        .toArray();
  }

  private static long[] sizes(JsonElement value, int labels) {
    long[] sizes = new long[labels];
    if (value.isJsonPrimitive()) {
      Arrays.fill(sizes, value.getAsLong());
      return sizes;
    }
    JsonArray list = value.getAsJsonArray();
    if (list.size() != labels) {
      throw new IllegalArgumentException(list.size() + " sizes for " + labels + " labels");
    }
    Arrays.setAll(sizes, i -> list.get(i).getAsLong());
    return sizes;
  }

  private static DType dtype(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "float32" -> DType.F32;
      case "float64" -> DType.F64;
      case "complex64" -> DType.C64;
      case "complex128" -> DType.C128;
      default -> throw new IllegalArgumentException("no type of instances: " + name);
    };
  }

  /** Places in the list of tensors that are left, as slots: results are n, n + 1, ... */
  static int[][] slots(int operands, JsonArray path) {
    int[][] places = new int[path.size()][];
    for (int i = 0; i < places.length; i++) {
      JsonArray step = path.get(i).getAsJsonArray();
      places[i] = new int[step.size()];
      Arrays.setAll(places[i], k -> step.get(k).getAsInt());
    }
    return slots(operands, places);
  }

  /** The same of numbers; steps of other than two tensors are refused. */
  static int[][] slots(int operands, int[][] places) {
    List<Integer> left = new ArrayList<>();
    for (int i = 0; i < operands; i++) {
      left.add(i);
    }
    int[][] slots = new int[places.length][];
    for (int i = 0; i < places.length; i++) {
      int[] step = places[i].clone();
      if (step.length != 2 || step[0] == step[1]) {
        throw new IllegalArgumentException("step " + i + " is no pair: " + Arrays.toString(step));
      }
      Arrays.sort(step);
      if (step[0] < 0 || step[1] >= left.size()) {
        throw new IllegalArgumentException(
            "step " + i + " of " + left.size() + " tensors: " + step[1]);
      }
      int b = left.remove(step[1]);
      int a = left.remove(step[0]);
      slots[i] = new int[] {a, b};
      left.add(operands + i);
    }
    if (left.size() != 1) {
      throw new IllegalArgumentException("an order leaves " + left.size() + " tensors");
    }
    return slots;
  }

  /** The fewest operations that are published; those of opt_einsum's convention first. */
  private static Published published(JsonObject orders, JsonObject published) {
    Published best = null;
    for (Map.Entry<String, JsonElement> each : orders.entrySet()) {
      JsonObject o = each.getValue().getAsJsonObject();
      if (o.has("log10_flops")) {
        best =
            fewer(
                best,
                new Published(
                    each.getKey(),
                    o.get("log10_flops").getAsDouble(),
                    o.get("log2_largest").getAsDouble(),
                    true));
      }
    }
    for (String who : List.of("opt_flops", "opt_size")) {
      if (published.has(who)) {
        JsonArray figures = published.getAsJsonArray(who);
        best =
            fewer(
                best,
                new Published(
                    who, figures.get(0).getAsDouble(), figures.get(1).getAsDouble(), true));
      }
    }
    if (best == null && published.has("orders")) {
      JsonArray figures = published.getAsJsonObject("orders").getAsJsonArray("best");
      double log10 = figures.get(0).getAsDouble() * Math.log10(2);
      best =
          new Published(figures.get(3).getAsString(), log10, figures.get(1).getAsDouble(), false);
    }
    return best;
  }

  private static Published fewer(Published a, Published b) {
    return a == null || b.log10() < a.log10() ? b : a;
  }

  /** Shapes of the operands. */
  public long[][] shapes() {
    return Arrays.stream(labels)
        .map(own -> Arrays.stream(own).mapToLong(l -> sizes[l]).toArray())
        .toArray(long[][]::new);
  }
}
