// Rivals: docs/benchmarks.md: machine, versions, limits, tables, and the pictures of Plots.
package io.github.einblas.bench.rivals;

import io.github.einblas.DType;
import io.github.einblas.bench.Catalogue;
import io.github.einblas.bench.Result;
import io.github.einblas.bench.Rival;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;

/** Replaces what stands between the two markers of docs/benchmarks.md. */
final class Report {
  private static final String BEGIN = "<!-- einblas-bench writes from here -->";
  private static final String END = "<!-- to here -->";

  private final Path root;
  private final Path folder;
  private final Figures figures;
  private final StringBuilder text = new StringBuilder();

  Report(Path root, Path folder) throws IOException {
    this.root = root;
    this.folder = folder;
    this.figures = new Figures(folder.resolve("results.tsv"), folder.resolve("limits.tsv"));
  }

  void write() throws IOException {
    Plots plots = new Plots(figures, root.resolve("docs/plots"));
    Collection<Catalogue.Case> catalogue = Catalogue.load().values();
    List<Catalogue.Case> cases = List.copyOf(catalogue);
    head();
    for (int threads : figures.threads()) {
      for (DType dtype : DType.floating()) {
        table(cases, dtype, threads);
        pictures(plots.relative(cases, dtype, threads), "time relative to einblas per case");
        pictures(plots.roofline(cases, dtype, threads), "roofline with every case");
      }
    }
    List<String> sweeps = new ArrayList<>();
    for (String group :
        new LinkedHashSet<>(
            Catalogue.sweeps().values().stream().map(Catalogue.Case::group).toList())) {
      for (DType dtype : DType.floating()) {
        sweeps.addAll(plots.sweep(group, dtype));
      }
    }
    if (!sweeps.isEmpty()) {
      line("## Sweeps");
      line(
          "Time per call of best forms while one length grows (cpp/bench/sweeps.txt): a cliff would be a step.\n");
      pictures(sweeps, "sweep");
    }
    failures();
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
    line("## What was measured");
    Path runs = folder.resolve("runs.tsv");
    List<String> lines = Files.exists(runs) ? Files.readAllLines(runs) : List.of();
    for (String run : new LinkedHashSet<>(lines)) {
      String[] f = run.split("\t");
      line("- %s, commit %s, %s, JDK %s", f[0], f[1], f[2], f[3]);
    }
    for (String implementation : figures.implementations()) {
      line("- %s: %s", implementation, figures.version(implementation).orElse(""));
    }
    line("");
    line(
        "Limits of the machine over all turns of the runs: median (least to largest). P: FMA peak in GFLOP/s, B: bandwidth in GB/s.\n");
    line(
        "| threads | P F32 | P F64 | B read, DRAM | fill | non-temporal fill | copy | B read, L3 | B read, L2 |");
    line("|---|---|---|---|---|---|---|---|---|");
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
      line(row.toString());
    }
    line("");
  }

  private void table(List<Catalogue.Case> cases, DType dtype, int threads) {
    List<Catalogue.Case> known =
        cases.stream()
            .filter(
                c ->
                    !Double.isNaN(
                        figures.time("einblas", c.name(), dtype, threads, Rival.Style.BEST)))
            .toList();
    if (known.isEmpty()) {
      return;
    }
    List<String> others = new ArrayList<>(figures.implementations());
    others.remove("einblas");
    line("## %s, %d thread%s", dtype, threads, threads == 1 ? "" : "s");
    line(
        "Microseconds of einblas and its share of the bound; then each implementation's time divided by einblas's: best form, in brackets usual form (of both); bold where einblas is slower by a twentieth or more.\n");
    line("| case | einblas, us | of bound | %s |", String.join(" | ", others));
    line("|---|---|---|%s", "---|".repeat(others.size()));
    List<List<Double>> columns = new ArrayList<>();
    others.forEach(o -> columns.add(new ArrayList<>()));
    for (Catalogue.Case c : known) {
      double mine = figures.time("einblas", c.name(), dtype, threads, Rival.Style.BEST);
      double mineUsual = figures.time("einblas", c.name(), dtype, threads, Rival.Style.USUAL);
      List<Result> rows = figures.of("einblas", c.name(), dtype, threads, Rival.Style.BEST);
      double share = rows.stream().mapToDouble(Result::bound).average().orElse(0) / mine;
      StringBuilder row =
          new StringBuilder(
              "| %s | %s | %.0f %% of %s |"
                  .formatted(c.name(), number(mine), 100 * share, rows.get(0).limit()));
      for (int i = 0; i < others.size(); i++) {
        double best =
            figures.time(others.get(i), c.name(), dtype, threads, Rival.Style.BEST) / mine;
        double usual =
            figures.time(others.get(i), c.name(), dtype, threads, Rival.Style.USUAL) / mineUsual;
        boolean view =
            figures.of(others.get(i), c.name(), dtype, threads, Rival.Style.USUAL).stream()
                .anyMatch(r -> r.form().contains("view"));
        columns.get(i).add(best);
        row.append(' ')
            .append(
                Double.isNaN(best) ? "" : best < 0.95 ? "**" + number(best) + "**" : number(best));
        row.append(Double.isNaN(usual) ? "" : view ? " (view)" : " (" + number(usual) + ")")
            .append(" |");
      }
      line(row.toString());
    }
    StringBuilder means = new StringBuilder("| geometric mean | | |");
    for (List<Double> column : columns) {
      double mean = Figures.geometricMean(column);
      long n = column.stream().filter(v -> v > 0).count();
      means.append(Double.isNaN(mean) ? " |" : " %s of %d |".formatted(number(mean), n));
    }
    line(means.toString());
    line("");
  }

  private void failures() {
    List<Result> failures = figures.failures();
    line("## What is missing and what failed");
    line(
        "An empty cell: that implementation has no call for the case, or was not run on it. \"view\": its usual form gives a view that is not in the requested layout.");
    for (Result r : failures) {
      line(
          "- %s, %s, %s, %d threads, %s: %s",
          r.implementation(),
          r.name(),
          r.dtype(),
          r.threads(),
          r.style().name().toLowerCase(Locale.ROOT),
          r.error());
    }
    line("");
  }

  private void pictures(List<String> files, String what) {
    for (String file : files) {
      line("![%s](plots/%s)", what, file);
    }
    line("");
  }

  private static String number(double v) {
    return v >= 1000
        ? "%.0f".formatted(v)
        : v >= 100
            ? "%.0f".formatted(v)
            : v >= 10 ? "%.1f".formatted(v) : v >= 0.1 ? "%.2f".formatted(v) : "%.3f".formatted(v);
  }

  private void line(String format, Object... values) {
    text.append(values.length == 0 ? format : String.format(Locale.ROOT, format, values))
        .append('\n');
  }
}
