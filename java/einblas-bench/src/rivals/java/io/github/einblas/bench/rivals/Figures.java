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
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.DoubleStream;

/** A results file and its limits file. */
final class Figures {
  /** Noise: a ratio that is no further below 1 is not behind. */
  static final double BEHIND = 0.97;

  private final List<Result> results = new ArrayList<>();
  private final Map<String, List<Result>> measured = new HashMap<>();
  private final Set<String> known = new LinkedHashSet<>();
  private final Map<String, List<Double>> limits = new LinkedHashMap<>();

  /**
   * einblas beside another one.
   *
   * @param who the other one
   * @param ratio its time over einblas's
   * @param clear whether their quartiles do not overlap
   */
  record Versus(String who, double ratio, boolean clear) {
    boolean isBehind() {
      return ratio < BEHIND;
    }
  }

  Figures(Path results, Path limits) throws IOException {
    for (String line : Files.readAllLines(results)) {
      if (line.equals(Result.HEADER)) {
        continue;
      }
      Result r = Result.parse(line);
      this.results.add(r);
      String key = key(r.implementation(), r.name(), r.dtype(), r.threads(), r.style());
      known.add(key);
      if (r.median() > 0) {
        measured.computeIfAbsent(key, k -> new ArrayList<>()).add(r);
      }
    }
    for (String line : Files.exists(limits) ? Files.readAllLines(limits) : List.<String>of()) {
      String[] f = line.split("\t");
      this.limits
          .computeIfAbsent(f[0] + "\t" + f[1], k -> new ArrayList<>())
          .add(Double.parseDouble(f[2]));
    }
  }

  private static String key(
      String implementation, String name, DType dtype, int threads, Rival.Style style) {
    return String.join(" ", implementation, name, dtype.name(), "" + threads, style.name());
  }

  List<Integer> threads() {
    return results.stream().map(Result::threads).distinct().sorted().toList();
  }

  /** Those that have a figure, in the order of the phases. */
  Set<String> implementations() {
    Set<String> names = new LinkedHashSet<>();
    for (Phase phase : Phase.values()) {
      names.addAll(phase.who());
    }
    Set<String> there = new HashSet<>();
    results.stream().filter(r -> r.median() > 0).forEach(r -> there.add(r.implementation()));
    names.retainAll(there);
    return names;
  }

  Optional<String> version(String implementation) {
    return results.stream()
        .filter(r -> r.implementation().equals(implementation) && r.median() > 0)
        .map(Result::version)
        .reduce((a, b) -> b);
  }

  /** The figures of an implementation for a case. */
  List<Result> of(String implementation, String name, DType dtype, int threads, Rival.Style style) {
    return measured.getOrDefault(key(implementation, name, dtype, threads, style), List.of());
  }

  /** Whether an implementation was asked, be it in vain. */
  boolean asked(Phase.Round round, String implementation) {
    return known.contains(
        key(implementation, round.work().name(), round.dtype(), round.threads(), round.style()));
  }

  /** Microseconds: the median over the turns of each turn's median; NaN when there is none. */
  double time(String implementation, String name, DType dtype, int threads, Rival.Style style) {
    return median(
        of(implementation, name, dtype, threads, style).stream().mapToDouble(Result::median));
  }

  /** From the median to the quartile that is further off, as a share of the median. */
  double spread(String implementation, String name, DType dtype, int threads, Rival.Style style) {
    return median(
        of(implementation, name, dtype, threads, style).stream()
            .mapToDouble(r -> Math.max(r.high() - r.median(), r.median() - r.low()) / r.median()));
  }

  /** einblas's share of the bound of a case; NaN when there is none. */
  double share(String name, DType dtype, int threads) {
    return median(
        of("einblas", name, dtype, threads, Rival.Style.BEST).stream()
            .filter(r -> r.bound() > 0)
            .mapToDouble(r -> r.bound() / r.median()));
  }

  /** Another one beside einblas, in the turns in which both were measured. */
  Optional<Versus> versus(String who, String name, DType dtype, int threads, Rival.Style style) {
    List<Result> mine = of("einblas", name, dtype, threads, style);
    List<Result> theirs = of(who, name, dtype, threads, style);
    List<Double> ratios = new ArrayList<>();
    for (Result r : theirs) {
      mine.stream()
          .filter(m -> m.round() == r.round())
          .mapToDouble(Result::median)
          .average()
          .ifPresent(t -> ratios.add(r.median() / t));
    }
    if (ratios.isEmpty()) {
      return Optional.empty();
    }
    double least = median(mine.stream().mapToDouble(Result::low));
    double most = median(theirs.stream().mapToDouble(Result::high));
    return Optional.of(new Versus(who, median(ratios.stream().mapToDouble(r -> r)), most < least));
  }

  /** The fastest other one. */
  Optional<Versus> bestRival(String name, DType dtype, int threads, Rival.Style style) {
    return implementations().stream()
        .filter(w -> !w.equals("einblas"))
        .flatMap(w -> versus(w, name, dtype, threads, style).stream())
        .min(Comparator.comparingDouble(Versus::ratio));
  }

  /** What an implementation failed on. */
  List<Result> failures() {
    return results.stream()
        .filter(r -> !r.error().isEmpty() && !r.error().equals(Result.CANNOT))
        .toList();
  }

  /** Median over the turns, GFLOP/s or GB/s; NaN when not measured. */
  double limit(String what, int threads) {
    return median(
        limits.getOrDefault(what + "\t" + threads, List.of()).stream().mapToDouble(v -> v));
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
    double median = median(Arrays.stream(values));
    return values.length == 1
        ? "%.0f".formatted(median)
        : "%.0f (%.0f to %.0f)".formatted(median, values[0], values[values.length - 1]);
  }

  static double median(DoubleStream values) {
    double[] sorted = values.filter(v -> !Double.isNaN(v)).sorted().toArray();
    int n = sorted.length;
    return n == 0 ? Double.NaN : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  }

  static double geometricMean(Collection<Double> values) {
    double[] logs = values.stream().mapToDouble(v -> v).filter(v -> v > 0).map(Math::log).toArray();
    return logs.length == 0 ? Double.NaN : Math.exp(Arrays.stream(logs).average().orElseThrow());
  }
}
