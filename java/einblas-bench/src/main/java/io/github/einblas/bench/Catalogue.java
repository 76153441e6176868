// Benchmarks: the catalogue of named cases (cpp/bench/catalogue.txt), shared with the native
// workbench.
package io.github.einblas.bench;

import io.github.einblas.DType;
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
  public record Case(String name, String group, String equation, Map<Character, Long> lengths)
      implements Work {
    /** Labels of the operands. */
    public String[] terms() {
      return equation.substring(0, equation.indexOf("->")).split(",");
    }

    /** Labels of the result. */
    public String output() {
      return equation.substring(equation.indexOf("->") + 2);
    }

    /** Shapes of the operands. */
    public long[][] shapes() {
      return Arrays.stream(terms()).map(this::shape).toArray(long[][]::new);
    }

    /**
     * What the {@link Values} of an operand are multiplied by: 1, and of a plan, whose long sums of
     * positive numbers would leave F32, the power of two nearest to the root of its summed lengths,
     * inverted.
     */
    public double scale(int operand) {
      if (!group.equals("plan")) {
        return 1;
      }
      double bits = 0;
      for (int label : terms()[operand].chars().filter(l -> output().indexOf(l) < 0).toArray()) {
        bits += Math.log(lengths.get((char) label)) / Math.log(2);
      }
      return Math.scalb(1d, (int) -Math.rint(bits / 2));
    }

    /** Shape of the result. */
    public long[] outputShape() {
      return shape(output());
    }

    @Override
    public long results() {
      return Arrays.stream(outputShape()).reduce(1, (a, b) -> a * b);
    }

    @Override
    public double roundings() {
      double terms = 1;
      for (var label : lengths.entrySet()) {
        terms *= output().indexOf(label.getKey()) < 0 ? label.getValue() : 1;
      }
      return terms + terms().length;
    }

    /** Of a diagonal, its elements alone. */
    @Override
    public double bytes(DType dtype) {
      double elements = results();
      for (String term : terms()) {
        elements +=
            Arrays.stream(shape(distinct(term))).asDoubleStream().reduce(1, (a, b) -> a * b);
      }
      return elements * dtype.bytes();
    }

    private static String distinct(String labels) {
      StringBuilder once = new StringBuilder();
      labels.chars().distinct().forEach(l -> once.append((char) l));
      return once.toString();
    }

    /** Lengths of some labels. */
    public long[] shape(String labels) {
      return labels.chars().mapToLong(c -> lengths.get((char) c)).toArray();
    }
  }

  /** All cases in file order. */
  public static Map<String, Case> load() {
    return read("/catalogue.txt");
  }

  /** Cases that grow step by step (cpp/bench/sweeps.txt), to show cliffs. */
  public static Map<String, Case> sweeps() {
    return read("/sweeps.txt");
  }

  /** Cases of many operands (cpp/bench/plans.txt). */
  public static Map<String, Case> plans() {
    return read("/plans.txt");
  }

  /** Cases for memory limits and predictions (cpp/bench/limits.txt), where {@link PlanTimes} is. */
  public static Map<String, Case> limits() {
    return read("/limits.txt");
  }

  /**
   * The case of that name in any of the files.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Case find(String name) {
    Case c = load().getOrDefault(name, sweeps().getOrDefault(name, plans().get(name)));
    if (c == null) {
      throw new IllegalArgumentException(
          "no case " + name + " in cpp/bench/catalogue.txt, sweeps.txt or plans.txt");
    }
    return c;
  }

  private static Map<String, Case> read(String resource) {
    Map<String, Case> cases = new LinkedHashMap<>();
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                Catalogue.class.getResourceAsStream(resource), StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.isBlank() || line.startsWith("#")) {
          continue;
        }
        String[] fields = line.trim().split("\\s+");
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
