// Rivals: the top of the page: per class, what is behind, and the sweeps.
package io.github.einblas.bench.rivals;

import io.github.einblas.DType;
import io.github.einblas.bench.Catalogue;
import io.github.einblas.bench.Result;
import io.github.einblas.bench.Rival;
import io.github.einblas.bench.Work;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Best forms alone. */
final class Summary {
  /** Time may grow by so much more than the work. */
  private static final double STEP = 1.3;

  private static final double AIM = 3.5;

  private final Figures figures;
  private final Text text;
  private final List<Line> lines = new ArrayList<>();

  /** A case, type and thread count beside its best rival. */
  private record Line(
      Work work, DType dtype, int threads, Figures.Versus best, double share, String limit) {}

  /** The largest step of a sweep: by how much time grows beyond the work, and where. */
  private record Step(double factor, String to) {}

  Summary(Figures figures, Text text, List<Work> cases) {
    this.figures = figures;
    this.text = text;
    for (Work work : cases) {
      for (DType dtype : DType.floating()) {
        for (int threads : figures.threads()) {
          Optional<Figures.Versus> best =
              figures.bestRival(work.name(), dtype, threads, Rival.Style.BEST);
          if (best.isPresent()) {
            List<Result> mine =
                figures.of("einblas", work.name(), dtype, threads, Rival.Style.BEST);
            lines.add(
                new Line(
                    work,
                    dtype,
                    threads,
                    best.get(),
                    figures.share(work.name(), dtype, threads),
                    mine.get(0).limit()));
          }
        }
      }
    }
  }

  void write() {
    if (lines.isEmpty()) {
      return;
    }
    text.line("## Summary");
    long behind = lines.stream().filter(l -> l.best().isBehind()).count();
    double mean = mean(lines);
    text.line("| aim | now |");
    text.line("|---|---|");
    text.line(
        "| no case behind the best rival by more than 3 %% | %s |",
        Text.bold("%d of %d are".formatted(behind, lines.size()), behind > 0));
    text.line(
        "| geometric mean at least %s times the best rival | %s |",
        AIM, Text.bold(Text.number(mean), mean < AIM));
    long steps = sweeps().stream().filter(s -> s.factor() > STEP).count();
    if (!sweeps().isEmpty()) {
      text.line(
          "| no sweep with a step above %s | %s |",
          STEP, Text.bold("%d of %d have one".formatted(steps, sweeps().size()), steps > 0));
    }
    text.line("");
    text.line(
        """
        Each case counts once for each type and thread count. *Times*: the best rival's time over einblas's, geometric mean.
        *Clearly*: the quartiles do not overlap either. *Of bound*: median (least).
        """);
    text.line(
        "| class | figures | times | F32, 1 | F32, %d | F64, 1 | F64, %d | behind | clearly | of bound |",
        most(), most());
    text.line("|---|---|---|---|---|---|---|---|---|---|");
    Map<String, List<Line>> classes = new LinkedHashMap<>();
    lines.forEach(l -> classes.computeIfAbsent(l.work().group(), k -> new ArrayList<>()).add(l));
    classes.forEach(this::row);
    row("all", lines);
    text.line("");
    behind();
  }

  private int most() {
    return figures.threads().stream().mapToInt(t -> t).max().orElse(2);
  }

  private static double mean(List<Line> some) {
    return Figures.geometricMean(some.stream().map(l -> l.best().ratio()).toList());
  }

  private void row(String name, List<Line> some) {
    StringBuilder row = new StringBuilder("| %s | %d |".formatted(name, some.size()));
    row.append(' ').append(Text.number(mean(some))).append(" |");
    for (DType dtype : DType.floating()) {
      for (int threads : new int[] {1, most()}) {
        double part =
            mean(some.stream().filter(l -> l.dtype() == dtype && l.threads() == threads).toList());
        row.append(Double.isNaN(part) ? " |" : " " + Text.number(part) + " |");
      }
    }
    long behind = some.stream().filter(l -> l.best().isBehind()).count();
    long clearly = some.stream().filter(l -> l.best().isBehind() && l.best().clear()).count();
    // A case without a measured bound says nothing of its class.
    double[] shares =
        some.stream().mapToDouble(Line::share).filter(s -> !Double.isNaN(s)).toArray();
    double least = Arrays.stream(shares).min().orElse(Double.NaN);
    double median = Figures.median(Arrays.stream(shares));
    text.line(
        "%s %s | %d | %.0f %% (%.0f) |",
        row, Text.bold("" + behind, behind > 0), clearly, 100 * median, 100 * least);
  }

  private void behind() {
    List<Line> those =
        lines.stream()
            .filter(l -> l.best().isBehind())
            .sorted(Comparator.comparingDouble(l -> l.best().ratio()))
            .toList();
    if (those.isEmpty()) {
      return;
    }
    text.line("### Behind");
    text.line("| case | type, threads | rival | its time / ours | clearly | of bound |");
    text.line("|---|---|---|---|---|---|");
    for (Line l : those) {
      text.line(
          "| **%s** | %s, %d | %s | **%s** | %s | %s |",
          l.work().name(),
          l.dtype(),
          l.threads(),
          l.best().who(),
          Text.number(l.best().ratio()),
          l.best().clear() ? "yes" : "no",
          Text.share(l.share(), l.limit()));
    }
    text.line("");
  }

  /** einblas's largest step of each sweep, type and thread count. */
  private List<Step> sweeps() {
    List<Step> steps = new ArrayList<>();
    for (String group : groups()) {
      for (DType dtype : DType.floating()) {
        for (int threads : figures.threads()) {
          step("einblas", group, dtype, threads).ifPresent(steps::add);
        }
      }
    }
    return steps;
  }

  private static Set<String> groups() {
    return new LinkedHashSet<>(
        Catalogue.sweeps().values().stream().map(Catalogue.Case::group).toList());
  }

  private static List<Catalogue.Case> of(String group) {
    return Catalogue.sweeps().values().stream().filter(c -> c.group().equals(group)).toList();
  }

  /**
   * Where time grows most beyond the work, which is the one that grows most of operations, bytes
   * and the bound of the machine.
   */
  private Optional<Step> step(String who, String group, DType dtype, int threads) {
    Step largest = null;
    double before = Double.NaN;
    Result workBefore = null;
    for (Catalogue.Case c : of(group)) {
      double time = figures.time(who, c.name(), dtype, threads, Rival.Style.BEST);
      List<Result> mine = figures.of("einblas", c.name(), dtype, threads, Rival.Style.BEST);
      if (Double.isNaN(time) || mine.isEmpty()) {
        continue;
      }
      Result work = mine.get(0);
      if (workBefore != null) {
        double growth =
            Math.max(
                work.bytes() / workBefore.bytes(),
                Math.max(
                    workBefore.flops() > 0 ? work.flops() / workBefore.flops() : 0,
                    workBefore.bound() > 0 ? work.bound() / workBefore.bound() : 0));
        double factor = time / before / growth;
        if (largest == null || factor > largest.factor()) {
          largest = new Step(factor, c.name().replaceFirst(".*_", ""));
        }
      }
      before = time;
      workBefore = work;
    }
    return Optional.ofNullable(largest);
  }

  /** A row for each sweep, type and thread count. */
  void sweepTable() {
    List<String> others = new ArrayList<>(figures.implementations());
    others.retainAll(List.of("numpy", "pytorch", "openblas"));
    text.line(
        """
        *Step*: the most by which time grows beyond the work from one length to the next, and the length. The work is what
        grows most of operations, bytes and the machine's bound.
        """);
    text.line(
        "| sweep | type, threads | times the best rival | points behind | step of einblas | %s |",
        String.join(" | ", others));
    text.line("|---|---|---|---|---|%s", "---|".repeat(others.size()));
    for (String group : groups()) {
      for (DType dtype : DType.floating()) {
        for (int threads : figures.threads()) {
          Optional<Step> mine = step("einblas", group, dtype, threads);
          if (mine.isPresent()) {
            sweepRow(group, dtype, threads, mine.get(), others);
          }
        }
      }
    }
    text.line("");
  }

  private void sweepRow(String group, DType dtype, int threads, Step mine, List<String> others) {
    List<Figures.Versus> best =
        of(group).stream()
            .flatMap(c -> figures.bestRival(c.name(), dtype, threads, Rival.Style.BEST).stream())
            .toList();
    long behind = best.stream().filter(Figures.Versus::isBehind).count();
    double mean = Figures.geometricMean(best.stream().map(Figures.Versus::ratio).toList());
    StringBuilder row =
        new StringBuilder(
            "| %s | %s, %d | %s | %s | %s |"
                .formatted(
                    group.replaceFirst("sweep_", ""),
                    dtype,
                    threads,
                    Double.isNaN(mean) ? "" : Text.number(mean),
                    best.isEmpty()
                        ? ""
                        : Text.bold("%d of %d".formatted(behind, best.size()), behind > 0),
                    Text.bold(
                        "%s at %s".formatted(Text.number(mine.factor()), mine.to()),
                        mine.factor() > STEP)));
    for (String other : others) {
      row.append(
          step(other, group, dtype, threads)
              .map(s -> " %s at %s |".formatted(Text.number(s.factor()), s.to()))
              .orElse(" |"));
    }
    text.line("%s", row);
  }
}
