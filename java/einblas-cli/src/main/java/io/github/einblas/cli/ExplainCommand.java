// Command line: explains a plan for given shapes, without data.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanReport;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas explain EQUATION SHAPE... [--dtype TYPE[,TYPE...]] [--json|--dot|--mermaid]}. */
@Command(description = "Say how an einsum over these shapes would be computed; no data is needed.")
final class ExplainCommand extends BaseCommand {
  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "EQUATION",
      description = "labels as in NumPy's einsum; none with --plan")
  String equation;

  @Parameters(
      index = "1..*",
      arity = "0..*",
      paramLabel = "SHAPE",
      description = "one per operand, such as 32x64x128, or scalar")
  List<String> shapes;

  @Option(
      names = "--plan",
      paramLabel = "PLAN.json",
      description = "a plan that einblas plan -o wrote; - is standard input")
  String saved;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      split = ",",
      description =
          "type of the elements, or one for each operand: ${COMPLETION-CANDIDATES}"
              + " (default: F32)")
  List<DType> dtypes;

  @Mixin MemoryArgument memory = new MemoryArgument();

  @Mixin PlanArguments planning = new PlanArguments();

  @Option(
      names = "--html",
      paramLabel = "PLAN.html",
      description =
          "write a page for a browser instead, to this file or, where it is -, to standard output:"
              + " the tree with hot steps large and red, memory over time, a roofline, all steps")
  String html;

  @Option(names = "--force", description = OutputPath.FORCE)
  boolean force;

  @ArgGroup(exclusive = true)
  Format format = new Format();

  /** What is printed instead of text. */
  static final class Format {
    @Option(names = "--json", description = "print a JSON object")
    boolean json;

    @Option(names = "--dot", description = "print the contraction tree for Graphviz")
    boolean dot;

    @Option(names = "--mermaid", description = "print the contraction tree as a Mermaid flowchart")
    boolean mermaid;
  }

  ExplainCommand(Streams io) {
    super(io);
  }

  @Override
  void run() throws IOException {
    TextOutput page = TextOutput.of(html, io);
    if (page != null && (format.json || format.dot || format.mermaid)) {
      throw new InputException("--html is instead of --json, --dot and --mermaid");
    }
    OutputPath.requireNoInput(html, TensorCommand.with(List.of(), saved, planning.path), force);
    PlanReport report = (saved == null ? planned() : saved()).report();
    if (page != null) {
      page.write(report.html());
      return;
    }
    String text =
        format.json
            ? report.json()
            : format.dot ? report.dot() : format.mermaid ? report.mermaid() : report.text();
    io.out().println(text.stripTrailing());
  }

  private EinsumPlan planned() {
    if (equation == null) {
      throw new InputException("EQUATION and a SHAPE for each operand are missing, or --plan");
    }
    if (shapes == null) {
      throw new InputException("a SHAPE for each operand of " + equation + " is missing");
    }
    long[][] lengths = shapes.stream().map(Shapes::parse).toArray(long[][]::new);
    int[] ranks = Arrays.stream(lengths).mapToInt(s -> s.length).toArray();
    List<DType> types = dtypes == null ? List.of(DType.F32) : dtypes;
    return Einsum.plan(
        equation,
        planning.options(equation, ranks, memory, io),
        types.size() == 1 ? Collections.nCopies(lengths.length, types.get(0)) : types,
        lengths);
  }

  private EinsumPlan saved() {
    String given =
        equation != null ? "EQUATION" : dtypes != null ? "--dtype" : planning.given(memory);
    if (given != null) {
      throw new InputException("--plan explains a plan as it is; " + given + " is not for it");
    }
    return SavedPlan.read(saved, io).plan();
  }
}
