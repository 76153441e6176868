// Rivals: the figures of all runs, looked up by case, and what the report derives from them.
package io.github.einblas.bench.rivals;

import io.github.einblas.DType;
import io.github.einblas.bench.Result;
import io.github.einblas.bench.Rival;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** A results file and its limits file. */
final class Figures {
  private final List<Result> results = new ArrayList<>();
  private final Map<String, List<Double>> limits = new LinkedHashMap<>();

  Figures(Path results, Path limits) throws IOException {
    for (String line : Files.readAllLines(results)) {
      if (!line.equals(Result.HEADER)) {
        this.results.add(Result.parse(line));
      }
    }
    for (String line : Files.exists(limits) ? Files.readAllLines(limits) : List.<String>of()) {
      String[] f = line.split("\t");
      this.limits
          .computeIfAbsent(f[0] + "\t" + f[1], k -> new ArrayList<>())
          .add(Double.parseDouble(f[2]));
    }
  }

  List<Integer> threads() {
    return results.stream().map(Result::threads).distinct().sorted().toList();
  }

  /** einblas first, then in the order in which they were first measured. */
  Set<String> implementations() {
    Set<String> names = new LinkedHashSet<>(Set.of("einblas"));
    results.stream().filter(r -> r.median() > 0).forEach(r -> names.add(r.implementation()));
    return names;
  }

  Optional<String> version(String implementation) {
    return measured(implementation).map(Result::version).reduce((a, b) -> b);
  }

  private Stream<Result> measured(String implementation) {
    return results.stream()
        .filter(r -> r.implementation().equals(implementation) && r.median() > 0);
  }

  /** The figures of an implementation for a case. */
  List<Result> of(String implementation, String name, DType dtype, int threads, Rival.Style style) {
    return measured(implementation)
        .filter(
            r ->
                r.name().equals(name)
                    && r.dtype() == dtype
                    && r.threads() == threads
                    && r.style() == style)
        .toList();
  }

  /**
   * Microseconds: the mean over the turns of each turn's fastest sample, which is what is left when
   * other programs keep away; NaN when there is none.
   */
  double time(String implementation, String name, DType dtype, int threads, Rival.Style style) {
    return of(implementation, name, dtype, threads, style).stream()
        .mapToDouble(Result::least)
        .average()
        .orElse(Double.NaN);
  }

  /** What an implementation failed on. */
  List<Result> failures() {
    return results.stream()
        .filter(r -> !r.error().isEmpty() && !r.error().equals("cannot"))
        .toList();
  }

  /** Median over the turns, GFLOP/s or GB/s; NaN when not measured. */
  double limit(String what, int threads) {
    double[] values =
        limits.getOrDefault(what + "\t" + threads, List.of()).stream()
            .mapToDouble(v -> v)
            .sorted()
            .toArray();
    return values.length == 0 ? Double.NaN : values[values.length / 2];
  }

  /** Least and largest over the turns. */
  String range(String what, int threads) {
    double[] values =
        limits.getOrDefault(what + "\t" + threads, List.of()).stream()
            .mapToDouble(v -> v)
            .sorted()
            .toArray();
    if (values.length == 0) {
      return "not measured";
    }
    double median = values[values.length / 2];
    return values.length == 1
        ? "%.0f".formatted(median)
        : "%.0f (%.0f to %.0f)".formatted(median, values[0], values[values.length - 1]);
  }

  static double geometricMean(List<Double> values) {
    double[] known =
        values.stream().mapToDouble(v -> v).filter(v -> v > 0).map(Math::log).toArray();
    return known.length == 0 ? Double.NaN : Math.exp(Arrays.stream(known).average().orElseThrow());
  }
}
