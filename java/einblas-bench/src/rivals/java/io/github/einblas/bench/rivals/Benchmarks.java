// Rivals: the command that measures everything and writes docs/benchmarks.md with its plots.
package io.github.einblas.bench.rivals;

import io.github.einblas.DType;
import io.github.einblas.bench.Catalogue;
import io.github.einblas.bench.Result;
import io.github.einblas.bench.Rival;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Case by case, each implementation in a process of its own, one after the other, einblas first and
 * again last; figures are appended as they come, and those already there are not measured again.
 */
@Command(
    name = "einblas-bench",
    mixinStandardHelpOptions = true,
    description =
        "Measures einblas beside its rivals and writes docs/benchmarks.md and docs/plots.")
public final class Benchmarks implements Callable<Integer> {
  @Option(
      names = "--cases",
      defaultValue = "",
      description = "regular expression; part of a name or of a group")
  private String cases;

  @Option(names = "--sweeps", description = "the cases of cpp/bench/sweeps.txt as well")
  private boolean sweeps;

  @Option(
      names = "--quick",
      description =
          "a few minutes: one case of each kind, F32, all threads, no usual forms of slow rivals")
  private boolean quick;

  @Option(
      names = "--implementations",
      split = ",",
      description = "of einblas, numpy and those on the class path (default: all)")
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
      names = "--styles",
      split = ",",
      defaultValue = "BEST,USUAL",
      description = "forms (${DEFAULT-VALUE})")
  private List<Rival.Style> styles;

  @Option(
      names = "--millis",
      defaultValue = "100",
      description = "time of one figure (${DEFAULT-VALUE})")
  private long millis;

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

  private final Map<String, WorkerProcess> workers = new LinkedHashMap<>();
  private Path folder;
  private Path results;

  /** The command. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Benchmarks()).execute(arguments));
  }

  @Override
  public Integer call() throws IOException {
    folder = root.resolve("java/einblas-bench/target/rivals");
    Files.createDirectories(folder);
    results = folder.resolve("results.tsv");
    if (!Files.exists(results)) {
      Files.writeString(results, Result.HEADER + "\n");
    }
    if (!reportOnly) {
      append(folder.resolve("runs.tsv"), Machine.line(root));
      try {
        measureAll();
      } finally {
        workers.values().forEach(WorkerProcess::close);
      }
    }
    if (!noReport) {
      new Report(root, folder).write();
    }
    return 0;
  }

  private void measureAll() throws IOException {
    List<Integer> counts = counts();
    if (again) {
      forget(counts);
    }
    Set<String> done = new HashSet<>();
    for (String line : Files.readAllLines(results)) {
      if (!line.equals(Result.HEADER)) {
        Result r = Result.parse(line);
        done.add(key(r.implementation(), r.name(), r.dtype(), r.threads()));
      }
    }
    List<String> who = implementations == null ? all() : implementations;
    Exclusive turns = new Exclusive(exclusive, turn);
    try {
      for (int count : counts) {
        for (Catalogue.Case c : chosen()) {
          for (DType dtype : quick ? dtypes.subList(0, 1) : dtypes) {
            List<String> missing =
                new ArrayList<>(
                    who.stream()
                        .filter(w -> !done.contains(key(w, c.name(), dtype, count)))
                        .toList());
            if (missing.isEmpty()) {
              continue;
            }
            if (!missing.contains("einblas")) {
              missing.add(0, "einblas"); // again, for the ratio
            }
            if (turns.take()) {
              limits(count);
            }
            round(c, dtype, count, missing);
          }
        }
        workers.values().forEach(WorkerProcess::close);
        workers.clear();
      }
    } finally {
      turns.give();
    }
  }

  private List<Integer> counts() {
    int processors = Runtime.getRuntime().availableProcessors();
    if (threads != null) {
      return threads;
    }
    return quick || processors == 1 ? List.of(processors) : List.of(1, processors);
  }

  /** Removes earlier figures of what will be measured now. */
  private void forget(List<Integer> counts) throws IOException {
    Set<String> names = new HashSet<>(chosen().stream().map(Catalogue.Case::name).toList());
    List<String> kept = new ArrayList<>();
    for (String line : Files.readAllLines(results)) {
      Result r = line.equals(Result.HEADER) ? null : Result.parse(line);
      boolean measuredNow =
          r != null
              && names.contains(r.name())
              && counts.contains(r.threads())
              && dtypes.contains(r.dtype());
      if (!measuredNow) {
        kept.add(line);
      }
    }
    Files.write(results, kept);
  }

  private static String key(String implementation, String name, DType dtype, int threads) {
    return implementation + " " + name + " " + dtype + " " + threads;
  }

  private static List<String> all() {
    List<String> names = new ArrayList<>(Rival.all().stream().map(Rival::name).toList());
    names.add(1, "numpy");
    return names;
  }

  private List<Catalogue.Case> chosen() {
    Map<String, Catalogue.Case> all = new LinkedHashMap<>(Catalogue.load());
    all.putAll(Catalogue.plans());
    if (sweeps) {
      all.putAll(Catalogue.sweeps());
    }
    Pattern pattern = Pattern.compile(cases);
    Set<String> kinds = new HashSet<>();
    List<Catalogue.Case> chosen = new ArrayList<>();
    for (Catalogue.Case c : all.values()) {
      boolean wanted = pattern.matcher(c.name()).find() || pattern.matcher(c.group()).matches();
      if (wanted && (!quick || kinds.add(c.group() + " " + c.equation()))) {
        chosen.add(c);
      }
    }
    return chosen;
  }

  /** One case by all, einblas first and last. */
  private void round(Catalogue.Case c, DType dtype, int count, List<String> who)
      throws IOException {
    Path reference = folder.resolve("reference");
    Files.deleteIfExists(reference);
    List<String> order = new ArrayList<>(who);
    if (who.size() > 2) {
      order.add("einblas");
    }
    StringBuilder summary = new StringBuilder("%-26s %s %d".formatted(c.name(), dtype, count));
    for (String name : order) {
      List<String> replies =
          ask(
              name,
              count,
              String.join(
                  "\t",
                  c.name(),
                  dtype.name(),
                  "" + count,
                  reference.toString(),
                  "" + millis,
                  String.join(",", styles.stream().map(Enum::name).toList())));
      boolean any = false;
      for (String reply : replies) {
        if (reply.startsWith("row\t")) {
          any = true;
          append(results, reply.substring(4));
          Result r = Result.parse(reply.substring(4));
          if (!r.error().isEmpty()) {
            System.err.println("\n" + name + " " + r.name() + " " + r.style() + ": " + r.error());
          } else if (r.style() == Rival.Style.BEST) {
            summary.append("  %s %.4g".formatted(name, r.median()));
          }
        }
      }
      if (!any) {
        append(
            results,
            new Result(
                    name,
                    "",
                    Rival.Style.BEST,
                    "",
                    c.name(),
                    dtype,
                    count,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    "",
                    "cannot")
                .line());
      }
    }
    System.out.println(summary);
  }

  private List<String> ask(String name, int count, String request) throws IOException {
    WorkerProcess worker =
        workers.computeIfAbsent(
            name, n -> new WorkerProcess(n, count, root, folder.resolve("workers.log")));
    try {
      List<String> replies = worker.ask(request);
      worker.settle();
      return replies;
    } catch (IOException e) {
      worker.close();
      workers.remove(name);
      System.err.println(
          name + ": " + e.getMessage() + "; target/rivals/workers.log has what it said");
      return List.of();
    }
  }

  private void limits(int count) throws IOException {
    for (String reply : ask("einblas", count, "limits\t" + count)) {
      if (reply.startsWith("limit\t")) {
        append(folder.resolve("limits.tsv"), reply.substring(6));
      }
    }
  }

  private static void append(Path file, String line) throws IOException {
    Files.writeString(
        file,
        line + "\n",
        StandardCharsets.UTF_8,
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }
}
