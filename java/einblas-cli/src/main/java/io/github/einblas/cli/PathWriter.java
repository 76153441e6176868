// Command line: writes the order of a plan for other programs.
package io.github.einblas.cli;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.stream.IntStream;

/** An order in each of the formats that {@link PathFiles} reads. */
final class PathWriter {
  private final int[][] pairs;
  private final Terms terms;

  private PathWriter(int[][] pairs, Terms terms) {
    this.pairs = pairs;
    this.terms = terms;
  }

  /** The text of an order, as JSON. */
  static String of(int[][] pairs, Terms terms, PathFormat format) {
    StringWriter text = new StringWriter();
    try (JsonWriter json = new JsonWriter(text)) {
      PathWriter writer = new PathWriter(pairs, terms);
      switch (format) {
        case LINEAR -> writer.linear(json);
        case SSA -> writer.lists(json, pairs);
        default -> writer.tree(json);
      }
    } catch (IOException e) {
      throw new IllegalStateException(e); // a StringWriter throws none
    }
    return text + "\n";
  }

  private void lists(JsonWriter json, int[][] lists) throws IOException {
    json.beginArray();
    for (int[] list : lists) {
      numbers(json, list);
    }
    json.endArray();
  }

  private void linear(JsonWriter json) throws IOException {
    int n = terms.count();
    Slots left = new Slots(n, pairs.length);
    int[][] places = new int[pairs.length][];
    for (int i = 0; i < pairs.length; i++) {
      int a = left.before(Math.min(pairs[i][0], pairs[i][1]));
      int b = left.before(Math.max(pairs[i][0], pairs[i][1]));
      places[i] = new int[] {a, b};
      left.remove(pairs[i][0]);
      left.remove(pairs[i][1]);
      left.add(n + i);
    }
    lists(json, places);
  }

  // ---- OMEinsum's tree: labels are numbers from 1 on

  private void tree(JsonWriter json) throws IOException {
    int[][] labels = labels();
    json.beginObject().name("label-type").value("Int64").name("inputs").beginArray();
    for (int i = 0; i < terms.count(); i++) {
      numbers(json, fromOne(terms.operand(i)));
    }
    numbers(json.endArray().name("output"), fromOne(terms.output()));
    json.name("tree");
    if (pairs.length == 0) {
      begin(json);
      leaf(json, 0);
      end(json, terms.output(), terms.operand(0));
    } else {
      nodes(json, labels);
    }
    json.endObject();
  }

  /** Walks the tree with a stack of its own; a slot below 0 is a node that ends. */
  private void nodes(JsonWriter json, int[][] labels) throws IOException {
    int n = terms.count();
    Deque<Integer> open = new ArrayDeque<>();
    open.push(n + pairs.length - 1);
    while (!open.isEmpty()) {
      int slot = open.pop();
      if (slot < 0) {
        int[] pair = pairs[~slot - n];
        end(json, labels[~slot], labels[pair[0]], labels[pair[1]]);
      } else if (slot < n) {
        leaf(json, slot);
      } else {
        begin(json);
        open.push(~slot);
        open.push(pairs[slot - n][1]);
        open.push(pairs[slot - n][0]);
      }
    }
  }

  private static void begin(JsonWriter json) throws IOException {
    json.beginObject().name("args").beginArray();
  }

  private static void leaf(JsonWriter json, int operand) throws IOException {
    json.beginObject().name("isleaf").value(true);
    json.name("tensorindex").value(operand + 1L).endObject();
  }

  private static void end(JsonWriter json, int[] result, int[]... inputs) throws IOException {
    json.endArray().name("eins").beginObject().name("ixs").beginArray();
    for (int[] input : inputs) {
      numbers(json, fromOne(input));
    }
    numbers(json.endArray().name("iy"), fromOne(result));
    json.endObject().name("isleaf").value(false).endObject();
  }

  /** Labels of each slot: of a result those that something later has. */
  private int[][] labels() {
    int n = terms.count();
    int[][] labels = new int[n + pairs.length][];
    int[] users = new int[terms.labelCount()]; // tensors that are left and have it, and the output
    for (int i = 0; i < n; i++) {
      labels[i] = terms.operand(i);
      count(users, labels[i], 1);
    }
    count(users, terms.output(), 1);
    for (int i = 0; i < pairs.length; i++) {
      int[] a = labels[pairs[i][0]];
      int[] b = labels[pairs[i][1]];
      count(users, a, -1);
      count(users, b, -1);
      int[] result =
          i == pairs.length - 1
              ? terms.output()
              : IntStream.concat(Arrays.stream(a), Arrays.stream(b))
                  .distinct()
                  .filter(l -> users[l] > 0)
                  .toArray();
      labels[n + i] = result;
      count(users, result, 1);
    }
    return labels;
  }

  private static void count(int[] users, int[] labels, int by) {
    for (int label : labels) {
      users[label] += by;
    }
  }

  private static int[] fromOne(int[] labels) {
    return Arrays.stream(labels).map(l -> l + 1).toArray();
  }

  private static void numbers(JsonWriter json, int[] numbers) throws IOException {
    json.beginArray();
    for (int number : numbers) {
      json.value(number);
    }
    json.endArray();
  }
}
