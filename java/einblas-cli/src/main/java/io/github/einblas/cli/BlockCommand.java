// Command line: the block-sparse products over .npy files.
package io.github.einblas.cli;

import io.github.einblas.BlockPattern;
import io.github.einblas.BlockSparse;
import io.github.einblas.Tensor;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas block-gemv O W H INPUT_INDEX OUTPUT_INDEX -o OUT.npy} and its relatives. */
@Command
abstract class BlockCommand extends TensorCommand {
  @Parameters(
      arity = "1..*",
      paramLabel = "IN.npy",
      description =
          "in the order above: .npy files, archive.npz:name, or - for standard input;"
              + " index files hold int32 or int64")
  List<String> inputs;

  private final String[] names;

  BlockCommand(Streams io, String... names) {
    super(io);
    this.names = names;
  }

  /** Adds the block-sparse products to the command line. */
  static void addTo(CommandLine line, Streams io) {
    add(
        line,
        "block-gemv",
        new Gemv(io),
        "O W H INPUT_INDEX OUTPUT_INDEX: beta * o[b,j] + alpha * sum_i h[b,i] . W[inputIndex[b,i],"
            + " outputIndex[b,j]].");
    add(
        line,
        "block-dot",
        new Dot(io),
        "W H INPUT_INDEX BIAS OUTPUT_INDEX: bias[outputIndex[b,j]] + sum_i h[b,i] ."
            + " W[inputIndex[b,i], outputIndex[b,j]].");
    add(
        line,
        "block-outer",
        new Outer(io),
        "O X Y X_INDEX Y_INDEX: o with alpha * outer(x[b,i], y[b,j]) added to its block"
            + " (xIndex[b,i], yIndex[b,j]).");
    line.addSubcommand(new BlockGradientCommand(io));
  }

  private static void add(CommandLine line, String name, BlockCommand command, String description) {
    CommandLine sub = new CommandLine(command);
    sub.getCommandSpec()
        .name(name)
        .usageMessage()
        .description(
            "Theano's block-sparse product of " + description,
            "Shapes: W and O of block-outer (inputBlocks, outputBlocks, inputSize, outputSize), H"
                + " and X (batch, inputWindow, inputSize), O and Y (batch, outputWindow,"
                + " outputSize), indices (batch, window).");
    line.addSubcommand(name, sub);
  }

  @Override
  final List<String> inputs() {
    return requireInputs(spec.name(), inputs, names);
  }

  /** The arguments, as many as there are names. */
  static List<String> requireInputs(String command, List<String> inputs, String... names) {
    if (inputs.size() != names.length) {
      throw new InputException(
          command
              + " needs "
              + names.length
              + " inputs ("
              + String.join(" ", names)
              + "), and got "
              + inputs.size());
    }
    return inputs;
  }

  /** The pattern of two index tensors over the blocks of weights. */
  static BlockPattern pattern(Tensor weights, Tensor input, Tensor output) {
    if (weights.rank() != 4) {
      throw new IllegalArgumentException(
          "the weights must have rank 4, got shape " + Arrays.toString(weights.shape()));
    }
    return BlockPattern.of(input, output, weights.length(0), weights.length(1));
  }

  /** block-gemv. */
  @Command
  static final class Gemv extends BlockCommand {
    @Option(names = "--alpha", paramLabel = "X", defaultValue = "1", description = "default 1")
    double alpha;

    @Option(names = "--beta", paramLabel = "X", defaultValue = "1", description = "default 1")
    double beta;

    Gemv(Streams io) {
      super(io, "O", "W", "H", "INPUT_INDEX", "OUTPUT_INDEX");
    }

    @Override
    Tensor compute(Tensor[] t) {
      Tensor out = t[0].copy();
      try {
        BlockSparse.gemvInto(out, alpha, beta, t[1], t[2], pattern(t[1], t[3], t[4]));
        return out;
      } catch (RuntimeException | Error e) {
        out.close();
        throw e;
      }
    }
  }

  /** block-dot. */
  @Command
  static final class Dot extends BlockCommand {
    Dot(Streams io) {
      super(io, "W", "H", "INPUT_INDEX", "BIAS", "OUTPUT_INDEX");
    }

    @Override
    Tensor compute(Tensor[] t) {
      return BlockSparse.dot(t[0], t[1], t[3], pattern(t[0], t[2], t[4]));
    }
  }

  /** block-outer. */
  @Command
  static final class Outer extends BlockCommand {
    @Option(names = "--alpha", paramLabel = "X", defaultValue = "1", description = "default 1")
    double alpha;

    Outer(Streams io) {
      super(io, "O", "X", "Y", "X_INDEX", "Y_INDEX");
    }

    @Override
    Tensor compute(Tensor[] t) {
      return BlockSparse.outer(t[0], alpha, t[1], t[2], pattern(t[0], t[3], t[4]));
    }
  }
}
