// Rivals: docs/benchmarks.md: summary, machine, versions, limits, tables, and the pictures of
// Plots.
package io.github.einblas.bench.rivals;

import io.github.einblas.DType;
import io.github.einblas.bench.Catalogue;
import io.github.einblas.bench.Result;
import io.github.einblas.bench.Rival;
import io.github.einblas.bench.Structured;
import io.github.einblas.bench.Work;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;

/** Replaces what stands between the two markers of docs/benchmarks.md. */
final class Report {
  private static final String BEGIN = "<!-- einblas-bench writes from here -->";
  private static final String END = "<!-- to here -->";

  private final Path root;
  private final Path folder;
  private final List<Integer> counts;
  private final Figures figures;
  private final Text text = new Text();

  Report(Path root, Path folder, List<Integer> counts) throws IOException {
    this.root = root;
    this.folder = folder;
    this.counts = counts;
    this.figures = new Figures(folder.resolve("results.tsv"), folder.resolve("limits.tsv"));
  }

  void write() throws IOException {
    Plots plots = new Plots(figures, root.resolve("docs/plots"));
    List<Catalogue.Case> catalogue = List.copyOf(Catalogue.load().values());
    List<Work> all = new ArrayList<>(catalogue);
    all.addAll(Catalogue.plans().values());
    all.addAll(Structured.load().values());
    Summary summary = new Summary(figures, text, all);
    summary.write();
    head();
    tablesAndPlots(plots, catalogue);
    List<String> sweeps = new ArrayList<>();
    for (String group :
        new LinkedHashSet<>(
            Catalogue.sweeps().values().stream().map(Catalogue.Case::group).toList())) {
      for (DType dtype : DType.floating()) {
        sweeps.addAll(plots.sweep(group, dtype));
      }
    }
    if (!sweeps.isEmpty()) {
      text.line("## Sweeps");
      text.line("Time per call of best forms while one length grows (`cpp/bench/sweeps.txt`).\n");
      summary.sweepTable();
      pictures(sweeps, "sweep");
    }
    missing();
    replace();
  }

  private void tablesAndPlots(Plots plots, List<Catalogue.Case> catalogue) throws IOException {
    text.line("## Tables");
    text.line(
        """
        Microseconds of einblas, median and in brackets the distance of the further quartile; its share of the bound; each
        rival's time over einblas's in its best form, and behind a slash in its usual form over einblas's usual form. Bold:
        einblas is behind by more than 3 %; with ~ where the quartiles overlap.
        """);
    for (int threads : figures.threads()) {
      for (DType dtype : DType.floating()) {
        String where = "%s, %d thread%s".formatted(dtype, threads, threads == 1 ? "" : "s");
        table(where, catalogue, dtype, threads);
        pictures(plots.relative(catalogue, dtype, threads), "time relative to einblas per case");
        pictures(plots.roofline(catalogue, dtype, threads), "roofline with every case");
        table(where + ": many operands", Catalogue.plans().values(), dtype, threads);
        table(where + ": structured matrices", Structured.load().values(), dtype, threads);
      }
    }
  }

  private void replace() throws IOException {
    Path page = root.resolve("docs/benchmarks.md");
    String old = Files.readString(page);
    int begin = old.indexOf(BEGIN);
    int end = old.indexOf(END);
    if (begin < 0 || end < begin) {
      throw new IOException("docs/benchmarks.md lacks the lines " + BEGIN + " and " + END);
    }
    Files.writeString(page, old.substring(0, begin) + BEGIN + "\n" + text + old.substring(end));
    System.out.println("wrote docs/benchmarks.md and docs/plots");
  }

  private void head() throws IOException {
    text.line("## What was measured");
    Path runs = folder.resolve("runs.tsv");
    List<String> lines = Files.exists(runs) ? Files.readAllLines(runs) : List.of();
    for (String run : new LinkedHashSet<>(lines)) {
      String[] f = run.split("\t");
      text.line("- %s, commit %s, %s, JDK %s", f[0], f[1], f[2], f[3]);
    }
    for (String implementation : figures.implementations()) {
      text.line("- %s: %s", implementation, figures.version(implementation).orElse(""));
    }
    text.line("");
    text.line(
        "Limits of the machine over all turns: median (least to largest). P: peak of multiply-adds in GFLOP/s, B: bandwidth in GB/s.\n");
    text.line(
        "| threads | P F32 | P F64 | B read, DRAM | fill | non-temporal fill | copy | B read, L3 | B read, L2 |");
    text.line("|---|---|---|---|---|---|---|---|---|");
    for (int t : figures.threads()) {
      StringBuilder row = new StringBuilder("| " + t + " |");
      for (String what :
          List.of(
              "P F32",
              "P F64",
              "B read DRAM",
              "B fill DRAM",
              "B fill_stream DRAM",
              "B copy DRAM",
              "B read L3",
              "B read L2")) {
        row.append(' ').append(figures.range(what, t)).append(" |");
      }
      text.line("%s", row);
    }
    text.line("");
  }

  private void table(String title, Iterable<? extends Work> cases, DType dtype, int threads) {
    List<Work> known = new ArrayList<>();
    LinkedHashSet<String> others = new LinkedHashSet<>();
    for (Work c : cases) {
      if (figures.of("einblas", c.name(), dtype, threads, Rival.Style.BEST).isEmpty()) {
        continue;
      }
      known.add(c);
      for (String who : figures.implementations()) {
        for (Rival.Style style : Rival.Style.values()) {
          if (!figures.of(who, c.name(), dtype, threads, style).isEmpty()) {
            others.add(who);
          }
        }
      }
    }
    others.remove("einblas");
    if (known.isEmpty()) {
      return;
    }
    text.line("### %s", title);
    text.line("| case | einblas, us | of bound | %s |", String.join(" | ", others));
    text.line("|---|---|---|%s", "---|".repeat(others.size()));
    for (Work c : known) {
      row(c, others, dtype, threads);
    }
    StringBuilder means = new StringBuilder("| geometric mean | | |");
    for (String who : others) {
      List<Double> column =
          known.stream()
              .flatMap(
                  c -> figures.versus(who, c.name(), dtype, threads, Rival.Style.BEST).stream())
              .map(Figures.Versus::ratio)
              .toList();
      means.append(
          column.isEmpty()
              ? " |"
              : " %s of %d |".formatted(Text.number(Figures.geometricMean(column)), column.size()));
    }
    text.line("%s", means);
    text.line("");
  }

  private void row(Work c, Iterable<String> others, DType dtype, int threads) {
    List<Result> rows = figures.of("einblas", c.name(), dtype, threads, Rival.Style.BEST);
    StringBuilder row = new StringBuilder();
    boolean behind = false;
    for (String who : others) {
      Optional<Figures.Versus> best =
          figures.versus(who, c.name(), dtype, threads, Rival.Style.BEST);
      behind |= best.isPresent() && best.get().isBehind();
      row.append(' ').append(best.map(Report::cell).orElse(""));
      Optional<Figures.Versus> usual =
          figures.versus(who, c.name(), dtype, threads, Rival.Style.USUAL);
      boolean view =
          figures.of(who, c.name(), dtype, threads, Rival.Style.USUAL).stream()
              .anyMatch(r -> r.form().contains("view"));
      usual.ifPresent(u -> row.append(" / ").append(view ? "view" : Text.number(u.ratio())));
      row.append(" |");
    }
    text.line(
        "| %s | %s (%.0f %%) | %s |%s",
        Text.bold(c.name(), behind),
        Text.number(figures.time("einblas", c.name(), dtype, threads, Rival.Style.BEST)),
        100 * figures.spread("einblas", c.name(), dtype, threads, Rival.Style.BEST),
        Text.share(figures.share(c.name(), dtype, threads), rows.get(0).limit()),
        row);
  }

  private static String cell(Figures.Versus v) {
    return Text.bold(
        Text.number(v.ratio()) + (v.isBehind() && !v.clear() ? " ~" : ""), v.isBehind());
  }

  private void missing() {
    text.line("## What is missing and what failed");
    text.line(
        """
        An empty cell: that implementation has no call for the case, or was not run on it. "view": its usual form gives a view
        that is not in the requested layout. SciPy has no threads.
        """);
    for (Phase phase : Phase.values()) {
      int all = 0;
      int lacking = 0;
      for (Phase.Round round : phase.rounds(DType.floating(), counts)) {
        for (String who : round.who()) {
          all++;
          lacking += figures.asked(round, who) ? 0 : 1;
        }
      }
      if (lacking > 0) {
        text.line("- Part %s: %d of %d figures were not measured.", phase, lacking, all);
      }
    }
    TreeMap<String, List<String>> failures = new TreeMap<>();
    for (Result r : figures.failures()) {
      String error = r.error().length() > 160 ? r.error().substring(0, 160) + ".." : r.error();
      failures
          .computeIfAbsent(r.implementation() + ": " + error, k -> new ArrayList<>())
          .add(
              "%s %s %d %s"
                  .formatted(
                      r.name(), r.dtype(), r.threads(), r.style().name().toLowerCase(Locale.ROOT)));
    }
    failures.forEach(
        (error, where) ->
            text.line(
                "- `%s`: %s",
                error.replace('`', '\''),
                where.size() > 4
                    ? where.get(0) + " and %d more".formatted(where.size() - 1)
                    : String.join(", ", where)));
    text.line("");
  }

  private void pictures(List<String> files, String what) {
    for (String file : files) {
      text.line("![%s](plots/%s)", what, file);
    }
    text.line("");
  }
}
