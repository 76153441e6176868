// Command line: finds thresholds and tile sizes that are faster on this machine, and saves them.
package io.github.einblas.cli;

import io.github.einblas.Einblas;
import io.github.einblas.Tuning;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code einblas tune}. */
@Command(
    description = {
      "Try other thresholds and tile sizes on this machine and save those that are clearly faster.",
      "Takes a minute or two; nothing else should be running."
    })
final class TuneCommand extends BaseCommand {
  /** A change must gain so much over all cases: less is noise on a shared machine. */
  private static final double LEAST_GAIN = 1.03;

  /** No case may lose more than this. */
  private static final double MOST_LOSS = 0.95;

  private static final int MOST_STEPS = 4;

  @Option(names = "--list", description = "show the numbers, their values and bounds; try nothing")
  boolean list;

  @Option(names = "--only", paramLabel = "REGEX", description = "tune the numbers of these names")
  String only = "";

  @Option(names = "--dry-run", description = "save nothing")
  boolean dryRun;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "save to this file instead of the one that the library reads")
  Path output;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "threads to tune for; by default all processors")
  Integer threads;

  TuneCommand(Streams io) {
    super(io);
  }

  @Override
  void run() throws Exception {
    List<Tuning.Value> chosen = chosen();
    if (list) {
      chosen.forEach(this::show);
      return;
    }
    TensorCommand.useThreads(threads);
    Path target = target();
    io.out()
        .printf("%s, isa %s, %d threads%n", Tuning.processor(), Einblas.isa(), Einblas.threads());
    chosen = withOpenBlas(chosen);
    List<Tuning.Value> before = Tuning.values();
    int changed = 0;
    try (Progress progress = new Progress(io, "tune", chosen.size());
        TuneCases cases = new TuneCases()) {
      for (Tuning.Value value : chosen) {
        progress.now(value.name());
        changed += tune(value, cases) ? 1 : 0;
        progress.done();
      }
      if (target != null) {
        Tuning.save(target);
      }
    } catch (Exception e) {
      before.forEach(v -> Tuning.set(v.name(), v.value()));
      throw e;
    }
    io.out()
        .printf(
            "%d of %d changed; %s%n",
            changed, chosen.size(), target == null ? "not saved" : "saved to " + target);
  }

  private List<Tuning.Value> chosen() {
    Pattern pattern;
    try {
      pattern = Pattern.compile(only);
    } catch (PatternSyntaxException e) {
      throw new InputException("--only: " + e.getDescription() + " in '" + only + "'");
    }
    List<Tuning.Value> chosen =
        Tuning.values().stream()
            .filter(v -> pattern.matcher(v.name()).find())
            .filter(v -> list || TuneCases.isJudged(v))
            .toList();
    if (chosen.isEmpty()) {
      throw new InputException(
          "--only: no number's name matches '"
              + only
              + "' among those that are tuned; see --list (POOL_... are set by hand)");
    }
    return chosen;
  }

  /** Without OpenBLAS its numbers change nothing, and would be judged by noise. */
  private List<Tuning.Value> withOpenBlas(List<Tuning.Value> chosen) {
    if (chosen.stream().noneMatch(TuneCases::isOpenBlas)) {
      return chosen;
    }
    try {
      Einblas.loadOpenBlas();
      return chosen;
    } catch (IllegalStateException e) {
      io.out().printf("OPENBLAS_...       left out: %s%n", e.getMessage());
      return chosen.stream().filter(v -> !TuneCases.isOpenBlas(v)).toList();
    }
  }

  private void show(Tuning.Value v) {
    io.out()
        .printf(
            "%-18s %12d  (default %d, %d to %d) %s%n",
            v.name(), v.value(), v.defaultValue(), v.least(), v.most(), v.meaning());
  }

  /** Where to save, or null. Known before minutes are spent. */
  private Path target() {
    if (dryRun) {
      return null;
    }
    Path target =
        output != null
            ? output
            : Tuning.file()
                .orElseThrow(
                    () ->
                        new InputException(
                            "the library reads no tuning file (EINBLAS_TUNING is empty); give -o"));
    if (Files.isDirectory(target)) {
      throw new InputException(target + ": is a directory; a file is needed");
    }
    return target;
  }

  /**
   * Doubles or halves one number while that gains; whether it changed. At its upper bound a number
   * means "never": it is halved until some call changes.
   */
  private boolean tune(Tuning.Value number, TuneCases cases) {
    List<TuneCases.Case> affected = cases.affectedBy(number);
    boolean off = number.value() == number.most();
    long best = number.value();
    double gained = 1;
    for (boolean up : new boolean[] {true, false}) {
      long tried = best;
      for (int step = 0; step < MOST_STEPS; step++) {
        long next = Math.max(number.least(), Math.min(up ? tried * 2 : tried / 2, number.most()));
        double gain = next == tried ? 0 : gain(affected, number.name(), best, next);
        if (gain >= LEAST_GAIN) {
          gained *= gain;
          best = next;
        } else if (!off || gain < MOST_LOSS) {
          break;
        }
        tried = next;
      }
      if (best != number.value()) {
        break; // what helps in one direction was not tried to help in the other
      }
    }
    Tuning.set(number.name(), best);
    String verdict =
        best == number.value()
            ? "kept"
            : String.format(
                Locale.ROOT, "was %d: %.0f %% faster", number.value(), (gained - 1) * 100);
    io.out().printf("%-18s %12d  %s%n", number.name(), best, verdict);
    io.out().flush();
    return best != number.value();
  }

  /** How many times faster over all cases, measured twice; 0 when some case loses. */
  private static double gain(
      List<TuneCases.Case> cases, String name, long current, long candidate) {
    double gain = Double.MAX_VALUE;
    for (int round = 0; round < 2; round++) {
      List<Double> ratios = new ArrayList<>();
      for (TuneCases.Case c : cases) {
        double ratio = c.speedup(name, current, candidate);
        if (ratio < MOST_LOSS) {
          return 0;
        }
        ratios.add(ratio);
      }
      double logs = ratios.stream().mapToDouble(Math::log).average().orElse(0);
      gain = Math.min(gain, Math.exp(logs));
      if (gain < LEAST_GAIN) {
        return gain;
      }
    }
    return gain;
  }
}
