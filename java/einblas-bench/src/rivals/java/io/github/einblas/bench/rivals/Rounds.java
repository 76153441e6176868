// Rivals: asks the workers, round by round, and keeps what they answer.
package io.github.einblas.bench.rivals;

import io.github.einblas.bench.Result;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Figures are appended as they come, so that a run that was stopped goes on where it was. */
final class Rounds implements AutoCloseable {
  private final Path root;
  private final Path folder;
  private final Path results;
  private final long millis;
  private final Exclusive turns;
  private final Set<String> done = new HashSet<>();
  private final Map<String, WorkerProcess> workers = new LinkedHashMap<>();
  private int threads;

  /** Reads what is there already. Results of another format are put aside. */
  Rounds(Path root, Path folder, long millis, Exclusive turns) throws IOException {
    this.root = root;
    this.folder = folder;
    this.results = folder.resolve("results.tsv");
    this.millis = millis;
    this.turns = turns;
    List<String> lines = Files.exists(results) ? Files.readAllLines(results) : List.of();
    if (lines.isEmpty() || !lines.get(0).equals(Result.HEADER)) {
      if (!lines.isEmpty()) {
        Files.move(results, folder.resolve("results.old.tsv"), StandardCopyOption.REPLACE_EXISTING);
      }
      Files.writeString(results, Result.HEADER + "\n");
      lines = List.of();
    }
    for (String line : lines) {
      if (!line.equals(Result.HEADER)) {
        done.add(key(Result.parse(line)));
      }
    }
  }

  private static String key(Result r) {
    return String.join(
        " ", r.implementation(), r.name(), r.dtype().name(), "" + r.threads(), r.style().name());
  }

  /** Who has no figure of a round yet. */
  List<String> missing(Phase.Round round) {
    return round.who().stream().filter(w -> !done.contains(round.key(w))).toList();
  }

  /** Removes earlier figures of these rounds. */
  void forget(List<Phase.Round> rounds) throws IOException {
    Set<String> gone = new HashSet<>();
    rounds.forEach(r -> r.who().forEach(w -> gone.add(r.key(w))));
    List<String> kept = new ArrayList<>();
    for (String line : Files.readAllLines(results)) {
      if (line.equals(Result.HEADER) || !gone.contains(key(Result.parse(line)))) {
        kept.add(line);
      }
    }
    Files.write(results, kept);
    done.removeAll(gone);
  }

  /** Measures a round by those, einblas first and, where several are asked, again last. */
  void measure(Phase.Round round, List<String> who) throws IOException {
    if (round.threads() != threads) {
      closeWorkers();
      threads = round.threads();
    }
    List<String> order = new ArrayList<>(who);
    order.remove("einblas");
    order.add(0, "einblas"); // for the ratios
    if (order.size() > 1) {
      order.add("einblas");
    }
    if (turns.take()) {
      limits();
    }
    Path reference = folder.resolve("reference");
    Files.deleteIfExists(reference);
    long number = System.currentTimeMillis() / 1000;
    StringBuilder summary =
        new StringBuilder(
            "%-26s %s %d".formatted(round.work().name(), round.dtype(), round.threads()));
    for (String name : order) {
      List<String> replies =
          ask(
              name,
              String.join(
                  "\t",
                  round.work().name(),
                  round.dtype().name(),
                  "" + round.threads(),
                  reference.toString(),
                  "" + millis,
                  round.style().name()));
      boolean any = false;
      for (String reply : replies) {
        if (reply.startsWith("row\t")) {
          any = true;
          Result r = Result.parse(reply.substring(4)).ofRound(number);
          append(results, r.line());
          if (!r.error().isEmpty()) {
            System.err.println("\n" + name + " " + r.name() + " " + r.style() + ": " + r.error());
          } else {
            summary.append(String.format(Locale.ROOT, "  %s %.4g", name, r.median()));
          }
        }
      }
      if (!any) {
        Result none =
            Result.cannot(name, round.style(), round.work(), round.dtype(), round.threads());
        append(results, none.line());
      }
      done.add(round.key(name));
    }
    System.out.println(summary);
  }

  private List<String> ask(String name, String request) throws IOException {
    WorkerProcess worker =
        workers.computeIfAbsent(
            name, n -> new WorkerProcess(n, threads, root, folder.resolve("workers.log")));
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

  private void limits() throws IOException {
    for (String reply : ask("einblas", "limits\t" + threads)) {
      if (reply.startsWith("limit\t")) {
        append(folder.resolve("limits.tsv"), reply.substring(6));
      }
    }
  }

  /** Adds a line to a file. */
  static void append(Path file, String line) throws IOException {
    Files.writeString(
        file,
        line + "\n",
        StandardCharsets.UTF_8,
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  private void closeWorkers() {
    workers.values().forEach(WorkerProcess::close);
    workers.clear();
  }

  @Override
  public void close() throws IOException {
    closeWorkers();
    turns.give();
  }
}
