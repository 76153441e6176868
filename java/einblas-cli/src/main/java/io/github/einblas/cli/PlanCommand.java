// Command line: searches for an order of contractions and keeps it as a plan.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.PlanOptions.Strategy;
import io.github.einblas.SearchProgress;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas plan EQUATION|INSTANCE.json SHAPE... [--time 10s] [-o PLAN.json]}. */
@Command(
    description = "Search for an order of contractions, and keep it for einsum --plan.",
    footer = {
      "",
      "Ctrl-C ends a search of --time or --rounds, not the command: the best order so far is"
          + " written and printed, then the exit status is 130.",
      "",
      "An instance is {\"equation\": ..., \"sizes\": ..., \"dtype\": ...}; sizes are one length for"
          + " all labels, a list in the order in which labels first stand, or an object of labels;"
          + " \"shapes\" may stand for them."
    })
final class PlanCommand extends BaseCommand {
  private static final Pattern TIME = Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?)(ms|s|m|h|)");
  private static final int MOST_OPERANDS = 8;
  private static final int MOST_COLUMNS = 160;
  private static final int PERCENT = 100;

  @Parameters(
      index = "0",
      paramLabel = "EQUATION|FILE",
      description =
          "labels as in NumPy's einsum; or a JSON file of an instance, which ends in .json or has a"
              + " slash, or - for standard input")
  String equation;

  @Parameters(
      index = "1..*",
      arity = "0..*",
      paramLabel = "SHAPE",
      description = "one per operand, such as 32x64x128, or scalar; none where a file has them")
  List<String> shapes;

  @Option(
      names = "--instance",
      paramLabel = "NAME",
      description = "one of a file with several {\"instances\": [{\"name\": ...}, ...]}")
  String instance;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      split = ",",
      description =
          "type of the elements, or one for each operand: ${COMPLETION-CANDIDATES}"
              + " (default: that of the file, or F32)")
  List<DType> dtypes;

  @Option(
      names = "--time",
      paramLabel = "TIME",
      description =
          "the best order that is found in this time, such as 10s, 500ms or 2m; by default as long"
              + " as a run is worth")
  String time;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "so many rounds of the search: the same seed and rounds give the same order")
  Integer rounds;

  @Option(names = "--seed", paramLabel = "N", description = "of the search (default: 0)")
  Long seed;

  @Mixin MemoryArgument memory = new MemoryArgument();

  @Mixin PlanArguments planning = new PlanArguments();

  @Option(names = "--json", description = "print the whole report as a JSON object")
  boolean json;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "PLAN.json",
      description =
          "write the plan to this file, or to standard output when it is -, which then has nothing"
              + " else")
  String output;

  @Option(names = "--force", description = OutputPath.FORCE)
  boolean force;

  @Option(
      names = "--path-out",
      paramLabel = "FILE",
      description = "write the order alone, for other programs; - is standard output")
  String pathOut;

  @Option(
      names = "--path-out-format",
      paramLabel = "FORMAT",
      defaultValue = "linear",
      description =
          "linear: opt_einsum, NumPy, cotengra's path; ssa: cotengra's ssa_path; tree: OMEinsum's"
              + " readjson (default: ${DEFAULT-VALUE})")
  PathFormat pathOutFormat;

  PlanCommand(Streams io) {
    super(io);
  }

  @Override
  void run() throws IOException {
    TextOutput planFile = TextOutput.of(output, io);
    TextOutput pathFile = TextOutput.of(pathOut, io);
    boolean planPrinted = planFile != null && planFile.isStandardOutput();
    boolean pathPrinted = pathFile != null && pathFile.isStandardOutput();
    if ((planPrinted ? 1 : 0) + (pathPrinted ? 1 : 0) + (json ? 1 : 0) > 1) {
      throw new InputException("--json, -o - and --path-out - each need standard output alone");
    }
    List<String> read = TensorCommand.with(List.of(), equation, planning.path);
    OutputPath.requireNoInput(output, read, force);
    OutputPath.requireNoInput(pathOut, read, force);
    Problem problem = Problem.of(equation, shapes, dtypes, instance, io);
    PlanOptions options =
        searched(planning.options(problem.equation(), problem.ranks(), memory, io));
    boolean search = time != null || rounds != null;
    try (SearchStop stop = search ? new SearchStop(io) : null) {
      EinsumPlan plan = search ? searched(problem, options, stop) : planned(problem, options);
      if (planFile != null) {
        planFile.write(plan.toJson() + "\n");
      }
      if (pathFile != null) {
        Terms terms = Terms.of(problem.equation(), problem.ranks());
        pathFile.write(PathWriter.of(plan.path(), terms, pathOutFormat));
      }
      if (!planPrinted && !pathPrinted) {
        io.out().println(json ? plan.report().json() : text(plan));
        io.out().flush();
      }
    }
  }

  private static EinsumPlan planned(Problem problem, PlanOptions options) {
    return Einsum.plan(problem.equation(), options, problem.allTypes(), problem.shapes());
  }

  // ---- the search

  private PlanOptions searched(PlanOptions given) {
    PlanOptions options = given;
    boolean search = time != null || rounds != null || seed != null;
    if (search && given.path() != null) {
      throw new InputException(
          "--path gives the order, so there is no search for --time, --rounds and --seed");
    }
    if (search && given.strategy() != Strategy.AUTO && given.strategy() != Strategy.RANDOM_GREEDY) {
      throw new InputException(
          "--time, --rounds and --seed are for auto and random-greedy, not for " + planning.path);
    }
    if (time != null) {
      options = options.withSearchTime(duration(time));
    }
    if (rounds != null) {
      if (rounds == 0) {
        throw new InputException("--rounds needs a number from 1 on, not 0");
      }
      options = options.withSearchRounds(rounds);
    }
    return seed == null ? options : options.withSeed(seed);
  }

  private static Duration duration(String text) {
    Matcher m = TIME.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!m.matches()) {
      throw new InputException("--time needs a time, such as 10s, 500ms or 2m, not '" + text + "'");
    }
    double unit =
        switch (m.group(2)) {
          case "ms" -> 1e6;
          case "m" -> 60e9;
          case "h" -> 3600e9;
          default -> 1e9;
        };
    double nanos = Double.parseDouble(m.group(1)) * unit;
    if (nanos < 1 || nanos > Duration.ofHours(1).toNanos()) {
      throw new InputException("--time must be more than 0, at most an hour, not '" + text + "'");
    }
    return Duration.ofNanos((long) nanos);
  }

  private EinsumPlan searched(Problem problem, PlanOptions options, SearchStop stop) {
    try (Progress progress = new Progress(io, "search", PERCENT)) {
      return planned(
          problem,
          options.withSearchListener(
              found -> {
                if (progress.isTime()) {
                  progress.at((long) (PERCENT * done(found, options)));
                  progress.now(line(found));
                }
                return !stop.isAsked();
              }));
    }
  }

  /** How much of the search is over, at most 1. */
  private static double done(SearchProgress found, PlanOptions options) {
    double time =
        options.searchTime() == null
            ? 0
            : (double) found.elapsed().toNanos() / options.searchTime().toNanos();
    double counted =
        options.searchRounds() == 0 ? 0 : (double) found.round() / options.searchRounds();
    return Math.min(1, Math.max(time, counted));
  }

  private static String line(SearchProgress found) {
    return String.format(
        Locale.ROOT,
        "%.3g FLOP, %.1f s%s",
        found.operations(),
        found.elapsed().toMillis() * 1e-3,
        found.slices() > 1 ? String.format(Locale.ROOT, ", %.3g slices", found.slices()) : "");
  }

  // ---- what is printed

  /** The head of the report, for any number of operands: no steps, long lines are cut. */
  private static String text(EinsumPlan plan) {
    StringBuilder s = new StringBuilder();
    int operands = 0;
    for (String line : plan.report().text().lines().takeWhile(l -> !l.isEmpty()).toList()) {
      operands += line.startsWith("#") ? 1 : 0;
      if (!line.startsWith("#") || operands <= MOST_OPERANDS) {
        s.append(shortened(line)).append('\n');
      } else if (operands == MOST_OPERANDS + 1) {
        s.append("...       ").append(plan.shapes().length).append(" operands\n");
      }
    }
    return s.toString().stripTrailing();
  }

  /** A line without its middle, where it is long. */
  private static String shortened(String line) {
    int half = (MOST_COLUMNS - 5) / 2;
    return line.length() <= MOST_COLUMNS
        ? line
        : line.substring(0, half) + " ... " + line.substring(line.length() - half);
  }
}
