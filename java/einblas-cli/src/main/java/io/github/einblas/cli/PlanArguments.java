// Command line: how a contraction is planned, for the commands that plan one.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.PlanOptions;
import io.github.einblas.PlanOptions.Strategy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** {@code --path}, {@code --path-format}, {@code --output-type}, {@code --checked-integers}. */
final class PlanArguments {
  private static final Pattern PAIR =
      Pattern.compile("\\(?\\s*([0-9]{1,9})\\s*,\\s*([0-9]{1,9})\\s*\\)?\\s*;?\\s*");

  @Option(
      names = "--path",
      paramLabel = "SEARCH|PAIRS|FILE",
      description =
          "order of contractions: auto, optimal, branch, greedy, random-greedy, dynamic,"
              + " left-to-right, or pairs of slots such as \"(0,1)(3,2)\": operands are 0 to n-1,"
              + " the result of the first pair is n; or a file, or its text, with a list"
              + " such as [(0, 1), (0, 1)] (opt_einsum, NumPy, cotengra) or a tree (OMEinsum)")
  String path;

  @Option(
      names = "--path-format",
      paramLabel = "FORMAT",
      description =
          "what the numbers of that file mean: linear: places in the list of tensors that are left;"
              + " ssa: operands are 0 to n-1, the result of step i is n+i; tree; by default what"
              + " fits. A step of more than two tensors is computed from the left")
  PathFormat pathFormat;

  @Option(
      names = "--output-type",
      paramLabel = "TYPE",
      description =
          "type of the result, such as f32 or i64; by default the one that the operands promote to"
              + " by NumPy's rules")
  DType outputType;

  @Option(
      names = "--checked-integers",
      description =
          "refuse to wrap integers: say in which step, at which element and by which number it"
              + " would be; changes nothing for results of other types")
  boolean checkedIntegers;

  @Option(
      names = "--allow-slow",
      description = "run what is predicted to take more than an hour, which is refused otherwise")
  boolean allowSlow;

  /**
   * The options asked for.
   *
   * @param ranks of the operands
   */
  PlanOptions options(String equation, int[] ranks, MemoryArgument memory, Streams io) {
    PlanOptions options =
        PlanOptions.DEFAULT
            .withOutputType(outputType)
            .withCheckedIntegers(checkedIntegers)
            .withAllowSlow(allowSlow);
    if (memory.isGiven()) {
      options = options.withMemoryLimit(memory.bytes());
    }
    if (path == null) {
      if (pathFormat != null) {
        throw new InputException("--path-format is for a file of --path, which is not given");
      }
      return options;
    }
    String text = path.strip();
    Strategy strategy = strategy(text);
    int[][] pairs = strategy == null ? pairs(text) : null;
    if (pathFormat != null && (strategy != null || pairs != null)) {
      throw new InputException("--path-format is for a file of --path, not for '" + text + "'");
    }
    return strategy != null
        ? options.withStrategy(strategy)
        : options.withPath(pairs == null ? fromFile(text, Terms.of(equation, ranks), io) : pairs);
  }

  /** The first of these options that was given, or null: a saved plan has its own. */
  String given(MemoryArgument memory) {
    if (path != null) {
      return "--path";
    }
    if (pathFormat != null) {
      return "--path-format";
    }
    if (memory.isGiven()) {
      return "--memory-limit";
    }
    if (outputType != null) {
      return "--output-type";
    }
    if (allowSlow) {
      return "--allow-slow";
    }
    return checkedIntegers ? "--checked-integers" : null;
  }

  private static Strategy strategy(String text) {
    String name = text.toUpperCase(Locale.ROOT).replace('-', '_');
    for (Strategy strategy : Strategy.values()) {
      if (strategy.name().equals(name)) {
        return strategy;
      }
    }
    return null;
  }

  /** Pairs of slots on the command line, or null. */
  private static int[][] pairs(String text) {
    List<int[]> pairs = new ArrayList<>();
    Matcher m = PAIR.matcher(text);
    int at = 0;
    while (at < text.length() && m.find(at) && m.start() == at) {
      pairs.add(new int[] {Integer.parseInt(m.group(1)), Integer.parseInt(m.group(2))});
      at = m.end();
    }
    return pairs.isEmpty() || at < text.length() ? null : pairs.toArray(int[][]::new);
  }

  private int[][] fromFile(String text, Terms terms, Streams io) {
    if (PathFiles.isText(text)) {
      return PathFiles.read("--path", text, terms, pathFormat, io);
    }
    if (!text.contains(".") && !text.contains("/") && !Files.exists(Path.of(text))) {
      throw new InputException(
          "--path needs auto, optimal, branch, greedy, random-greedy, dynamic, left-to-right,"
              + " pairs such as \"(0,1)(3,2)\" or a file, not '"
              + text
              + "'");
    }
    return PathFiles.read(text, PathFiles.text(text), terms, pathFormat, io);
  }
}
