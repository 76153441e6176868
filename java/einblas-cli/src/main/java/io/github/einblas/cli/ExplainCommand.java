// Command line: explains a plan for given shapes, without data.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.PlanReport;
import java.util.Collections;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas explain EQUATION SHAPE... [--dtype TYPE[,TYPE...]] [--json|--dot|--mermaid]}. */
@Command(
    name = "explain",
    description = "Say how an einsum over these shapes would be computed; no data is needed.")
final class ExplainCommand extends BaseCommand {
  @Parameters(index = "0", paramLabel = "EQUATION", description = "labels as in NumPy's einsum")
  String equation;

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "SHAPE",
      description = "one per operand, such as 32x64x128, or scalar")
  List<String> shapes;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      split = ",",
      defaultValue = "f32",
      description =
          "type of the elements, or one for each operand: ${COMPLETION-CANDIDATES}"
              + " (default: ${DEFAULT-VALUE})")
  List<DType> dtypes;

  @Mixin PlanArguments planning = new PlanArguments();

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
  void run() {
    long[][] lengths = shapes.stream().map(Shapes::parse).toArray(long[][]::new);
    List<DType> types =
        dtypes.size() == 1 ? Collections.nCopies(lengths.length, dtypes.get(0)) : dtypes;
    PlanReport report = Einsum.plan(equation, planning.options(), types, lengths).report();
    String text =
        format.json
            ? report.json()
            : format.dot ? report.dot() : format.mermaid ? report.mermaid() : report.text();
    io.out().println(text.stripTrailing());
  }
}
