// Benchmarks: the catalogue of named cases (cpp/bench/catalogue.txt), shared with the native
// workbench.
package io.github.einblas.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** The cases by name. */
public final class Catalogue {
  private Catalogue() {}

  /**
   * A case.
   *
   * @param name unique
   * @param group kernel class
   * @param equation with an explicit output
   * @param lengths of the labels
   */
  public record Case(String name, String group, String equation, Map<Character, Long> lengths) {
    /** Shapes of the operands. */
    public long[][] shapes() {
      String left = equation.substring(0, equation.indexOf("->"));
      return Arrays.stream(left.split(",")).map(this::shape).toArray(long[][]::new);
    }

    /** Shape of the result. */
    public long[] outputShape() {
      return shape(equation.substring(equation.indexOf("->") + 2));
    }

    private long[] shape(String labels) {
      return labels.chars().mapToLong(c -> lengths.get((char) c)).toArray();
    }
  }

  /** All cases in file order. */
  public static Map<String, Case> load() {
    Map<String, Case> cases = new LinkedHashMap<>();
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                Catalogue.class.getResourceAsStream("/catalogue.txt"), StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.isBlank() || line.startsWith("#")) {
          continue;
        }
        String[] fields = line.split("\\s+");
        Map<Character, Long> lengths = new LinkedHashMap<>();
        for (int i = 3; i < fields.length; i++) {
          lengths.put(fields[i].charAt(0), Long.parseLong(fields[i].substring(2)));
        }
        cases.put(fields[0], new Case(fields[0], fields[1], fields[2], lengths));
      }
      return cases;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
