// Rivals: the command that measures everything and writes docs/benchmarks.md with its plots.
package io.github.einblas.bench.rivals;

import io.github.einblas.DType;
import io.github.einblas.bench.Catalogue;
import io.github.einblas.bench.Work;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Phase by phase and case by case, each implementation in a process of its own, one after the
 * other, einblas first and again last. Figures already there are not measured again.
 */
@Command(
    name = "einblas-bench",
    mixinStandardHelpOptions = true,
    description =
        "Measures einblas beside its rivals and writes docs/benchmarks.md and docs/plots.",
    footer = {"", "--orders, with options of its own, is about orders: --orders --help."})
public final class Benchmarks implements Callable<Integer> {
  @Option(
      names = "--cases",
      defaultValue = "",
      description = "regular expression; part of a name or of a group")
  private String cases;

  @Option(
      names = "--phases",
      split = ",",
      description =
          "of main, plans, structured, sweeps, usual, others (default: all; with --quick: the first"
              + " three)")
  private List<String> phases;

  @Option(names = "--quick", description = "a few minutes: one case of each kind, F32, all threads")
  private boolean quick;

  @Option(
      names = "--implementations",
      split = ",",
      description = "of those of a phase (default: all)")
  private List<String> implementations;

  @Option(names = "--threads", split = ",", description = "thread counts (default: 1 and all)")
  private List<Integer> threads;

  @Option(
      names = "--dtypes",
      split = ",",
      defaultValue = "F32,F64",
      description = "element types (${DEFAULT-VALUE})")
  private List<DType> dtypes;

  @Option(
      names = "--millis",
      defaultValue = "60",
      description = "time of one figure (${DEFAULT-VALUE})")
  private long millis;

  @Option(
      names = "--minutes",
      defaultValue = "0",
      description = "stop after so many; the next run goes on from there (default: never)")
  private double minutes;

  @Option(
      names = "--behind",
      description =
          "measure again, beside its best rival alone, each case that is behind; three turns")
  private boolean behind;

  @Option(
      names = "--exclusive",
      defaultValue = "",
      description = "command prefix that keeps others from measuring meanwhile")
  private String exclusive;

  @Option(
      names = "--turn",
      defaultValue = "30",
      description = "seconds after which others get a turn (${DEFAULT-VALUE})")
  private int turn;

  @Option(
      names = "--again",
      description = "forget earlier figures of the same cases, types and thread counts")
  private boolean again;

  @Option(names = "--report-only", description = "measure nothing, write the report")
  private boolean reportOnly;

  @Option(names = "--no-report", description = "measure, write no report")
  private boolean noReport;

  @Option(names = "--root", defaultValue = ".", hidden = true)
  private Path root;

  /** The command. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Benchmarks()).execute(arguments));
  }

  @Override
  public Integer call() throws IOException {
    Path folder = root.resolve("java/einblas-bench/target/rivals");
    Files.createDirectories(folder);
    try (Rounds rounds = new Rounds(root, folder, millis, new Exclusive(exclusive, turn))) {
      if (!reportOnly) {
        Rounds.append(folder.resolve("runs.tsv"), Machine.line(root));
        if (again) {
          for (Phase phase : chosen()) {
            rounds.forget(rounds(phase));
          }
        }
        if (behind) {
          measureBehind(rounds, folder);
        } else {
          measureAll(rounds);
        }
      }
    }
    if (!noReport) {
      new Report(root, folder, counts()).write();
    }
    return 0;
  }

  private List<Phase> chosen() {
    if (phases == null) {
      return List.of(Phase.values()).subList(0, quick ? 3 : Phase.values().length);
    }
    return phases.stream().map(p -> Phase.valueOf(p.toUpperCase(Locale.ROOT))).toList();
  }

  private List<Integer> counts() {
    int processors = Runtime.getRuntime().availableProcessors();
    if (threads != null) {
      return threads;
    }
    return quick || processors == 1 ? List.of(processors) : List.of(1, processors);
  }

  /** The rounds of a phase that the options let through. */
  private List<Phase.Round> rounds(Phase phase) {
    Pattern pattern = Pattern.compile(cases);
    Set<String> kinds = new HashSet<>();
    Set<String> names = new HashSet<>();
    for (Work work : phase.cases()) {
      String kind = work instanceof Catalogue.Case c ? c.equation() : "";
      boolean wanted =
          pattern.matcher(work.name()).find() || pattern.matcher(work.group()).matches();
      if (wanted && (!quick || kinds.add(work.group() + " " + kind))) {
        names.add(work.name());
      }
    }
    return phase.rounds(quick ? dtypes.subList(0, 1) : dtypes, counts()).stream()
        .filter(r -> names.contains(r.work().name()))
        .map(
            r ->
                implementations == null
                    ? r
                    : new Phase.Round(
                        r.work(),
                        r.dtype(),
                        r.threads(),
                        r.style(),
                        r.who().stream().filter(implementations::contains).toList()))
        .toList();
  }

  private void measureAll(Rounds rounds) throws IOException {
    long begin = System.nanoTime();
    Map<Phase, List<Phase.Round>> left = new EnumMap<>(Phase.class);
    double total = 0;
    for (Phase phase : chosen()) {
      List<Phase.Round> those =
          rounds(phase).stream().filter(r -> !rounds.missing(r).isEmpty()).toList();
      left.put(phase, those);
      total += those.size() * phase.seconds();
      System.out.printf(
          "%s: %d rounds left, about %.0f minutes%n",
          phase, those.size(), those.size() * phase.seconds() / 60);
    }
    System.out.printf("all: about %.0f minutes%n", total / 60);
    for (Map.Entry<Phase, List<Phase.Round>> entry : left.entrySet()) {
      long start = System.nanoTime();
      int n = 0;
      for (Phase.Round round : entry.getValue()) {
        double gone = (System.nanoTime() - begin) / 60e9;
        if (minutes > 0 && gone >= minutes) {
          System.out.printf("%.0f minutes are over: the same command goes on%n", minutes);
          return;
        }
        rounds.measure(round, rounds.missing(round));
        if (++n % 10 == 0 || n == entry.getValue().size()) {
          double each = (System.nanoTime() - start) / 60e9 / n;
          System.out.printf(
              "%s: %d of %d rounds, %.1f s each, about %.0f minutes left%n",
              entry.getKey(),
              n,
              entry.getValue().size(),
              60 * each,
              each * (entry.getValue().size() - n));
        }
      }
    }
  }

  private void measureBehind(Rounds rounds, Path folder) throws IOException {
    Figures figures = new Figures(folder.resolve("results.tsv"), folder.resolve("limits.tsv"));
    for (Phase phase : chosen()) {
      for (Phase.Round round : rounds(phase)) {
        Optional<Figures.Versus> best =
            figures.bestRival(round.work().name(), round.dtype(), round.threads(), round.style());
        if (best.isPresent() && best.get().isBehind()) {
          for (int i = 0; i < 3; i++) {
            rounds.measure(round, List.of(best.get().who()));
          }
        }
      }
    }
  }
}
