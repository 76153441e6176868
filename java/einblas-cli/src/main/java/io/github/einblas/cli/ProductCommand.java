// Command line: the named operations over einsum.
package io.github.einblas.cli;

import io.github.einblas.Tensor;
import io.github.einblas.TensorOps;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas matmul A.npy B.npy -o OUT.npy} and its relatives. */
@Command
class ProductCommand extends TensorCommand {
  private final Function<Tensor[], Tensor> operation;

  @Parameters(
      arity = "1..*",
      paramLabel = "IN.npy",
      description = "one per operand: a .npy file, archive.npz:name, or - for standard input")
  List<String> inputs;

  ProductCommand(Streams io, Function<Tensor[], Tensor> operation) {
    super(io);
    this.operation = operation;
  }

  /** Adds every named operation to the command line. */
  static void addTo(CommandLine line, Streams io) {
    add(
        line,
        "matmul",
        "Multiply matrices by NumPy's matmul rules: leading axes are batches and broadcast.",
        new Pair(io, t -> TensorOps.matmul(t[0], t[1])));
    add(
        line,
        "batched-dot",
        "Multiply item by item along the first axis, as Theano's batched_dot.",
        new Pair(io, t -> TensorOps.batchedDot(t[0], t[1])));
    add(line, "tensordot", "Sum over pairs of axes, as NumPy's tensordot.", new Tensordot(io));
    add(
        line,
        "outer",
        "Outer product of tensors of any rank: the shapes are joined.",
        new Pair(io, t -> TensorOps.outer(t[0], t[1])));
    add(
        line,
        "hadamard-outer",
        "From a (i, rest) and b (j, rest) make (i, j, rest): outer in the first axis,"
            + " elementwise in the rest.",
        new Pair(io, t -> TensorOps.hadamardOuter(t[0], t[1])));
    add(
        line,
        "kron",
        "Kronecker product of tensors of any rank, as NumPy's kron.",
        new ProductCommand(io, TensorOps::kron));
    add(
        line,
        "khatri-rao",
        "Kronecker product column by column, of matrices with as many columns.",
        new ProductCommand(io, TensorOps::khatriRao));
    add(
        line,
        "face-splitting",
        "Kronecker product row by row, of matrices with as many rows.",
        new ProductCommand(io, TensorOps::faceSplitting));
  }

  private static void add(
      CommandLine line, String name, String description, ProductCommand command) {
    CommandLine sub = new CommandLine(command);
    sub.getCommandSpec().name(name).usageMessage().description(description);
    line.addSubcommand(name, sub);
  }

  @Override
  List<String> inputs() {
    if (inputs.size() < 2) {
      throw new InputException(spec.name() + " needs two or more inputs, and got one");
    }
    return inputs;
  }

  @Override
  Tensor compute(Tensor[] operands) {
    return operation.apply(operands);
  }

  /** An operation on exactly two tensors. */
  @Command
  static class Pair extends ProductCommand {
    Pair(Streams io, Function<Tensor[], Tensor> operation) {
      super(io, operation);
    }

    @Override
    List<String> inputs() {
      if (inputs.size() != 2) {
        throw new InputException(spec.name() + " needs two inputs, and got " + inputs.size());
      }
      return inputs;
    }
  }

  /** tensordot, which has axes. */
  @Command
  static final class Tensordot extends Pair {
    @Option(
        names = "--axes",
        paramLabel = "AXES",
        defaultValue = "2",
        description =
            "how many axes to sum over: the last of the first input with the first of the second;"
                + " or the axes by name, as 1,2:0,1 (default: ${DEFAULT-VALUE})")
    String axes;

    Tensordot(Streams io) {
      super(io, null);
    }

    @Override
    Tensor compute(Tensor[] operands) {
      if (axes.matches("[0-9]{1,4}")) {
        return TensorOps.tensordot(operands[0], operands[1], Integer.parseInt(axes));
      }
      if (!axes.matches("(-?[0-9]{1,4}(,-?[0-9]{1,4})*)?:(-?[0-9]{1,4}(,-?[0-9]{1,4})*)?")) {
        throw new InputException(
            "--axes needs a number, or axes of both inputs such as 1,2:0,1; it is '" + axes + "'");
      }
      int colon = axes.indexOf(':');
      return TensorOps.tensordot(
          operands[0],
          operands[1],
          numbers(axes.substring(0, colon)),
          numbers(axes.substring(colon + 1)));
    }

    private static int[] numbers(String list) {
      return list.isEmpty()
          ? new int[0]
          : Arrays.stream(list.split(",", -1)).mapToInt(Integer::parseInt).toArray();
    }
  }
}
