// Command line: explains a plan for given shapes, without data.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas explain EQUATION SHAPE... [--dtype f32|f64]}. */
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
      paramLabel = "f32|f64",
      defaultValue = "f32",
      description = "type of the elements (default: ${DEFAULT-VALUE})")
  DType dtype;

  ExplainCommand(Streams io) {
    super(io);
  }

  @Override
  void run() {
    long[][] lengths = shapes.stream().map(Shapes::parse).toArray(long[][]::new);
    io.out().println(Einsum.plan(equation, dtype, lengths).explain().stripTrailing());
  }
}
