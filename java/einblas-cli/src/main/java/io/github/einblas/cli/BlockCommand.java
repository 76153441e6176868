// Command line: the block-sparse products over .npy files.
package io.github.einblas.cli;

import io.github.einblas.BlockPattern;
import io.github.einblas.BlockSparse;
import io.github.einblas.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas block-gemv O W H INPUT_INDEX OUTPUT_INDEX -o OUT.npy} and its relatives. */
@Command
abstract class BlockCommand extends TensorCommand {
  private static final String OF = "Theano's block-sparse product of ";

  private static final String SHAPES =
      "Shapes: W and O of block-outer (inputBlocks, outputBlocks, inputSize, outputSize), H"
          + " and X (batch, inputWindow, inputSize), O and Y (batch, outputWindow,"
          + " outputSize), indices (batch, window).";

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

  /** Which inputs are blocks of weights or what has their shape, input and output indices. */
  abstract int[] places();

  /** The pattern over the blocks that the product multiplies. */
  final BlockPattern pattern(Tensor... t) {
    int[] at = places();
    return pattern(t[at[0]], t[at[1]], t[at[2]]);
  }

  @Override
  final String explanation(Tensor[] t) {
    int[] at = places();
    Tensor blocks = t[at[0]];
    long products = t[at[1]].size() * t[at[2]].length(1);
    return String.format(
        Locale.ROOT,
        "%s: %s%n%d products with blocks of %d x %d, %.3g FLOP; there are %d blocks",
        spec.name(),
        pattern(t),
        products,
        blocks.length(2),
        blocks.length(3),
        2.0 * products * blocks.length(2) * blocks.length(3),
        blocks.length(0) * blocks.length(1));
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
  @Command(
      description = {
        OF
            + "O W H INPUT_INDEX OUTPUT_INDEX: beta * o[b,j] + alpha * sum_i h[b,i] ."
            + " W[inputIndex[b,i], outputIndex[b,j]].",
        SHAPES
      })
  static final class Gemv extends BlockCommand {
    @Option(names = "--alpha", paramLabel = "X", defaultValue = "1", description = "default 1")
    double alpha;

    @Option(names = "--beta", paramLabel = "X", defaultValue = "1", description = "default 1")
    double beta;

    Gemv(Streams io) {
      super(io, "O", "W", "H", "INPUT_INDEX", "OUTPUT_INDEX");
    }

    @Override
    int[] places() {
      return new int[] {1, 3, 4};
    }

    @Override
    Tensor compute(Tensor[] t) {
      Tensor out = t[0].copy();
      try {
        BlockSparse.gemvInto(out, alpha, beta, t[1], t[2], pattern(t));
        return out;
      } catch (RuntimeException | Error e) {
        out.close();
        throw e;
      }
    }
  }

  /** block-dot. */
  @Command(
      description = {
        OF
            + "W H INPUT_INDEX BIAS OUTPUT_INDEX: bias[outputIndex[b,j]] + sum_i h[b,i] ."
            + " W[inputIndex[b,i], outputIndex[b,j]].",
        SHAPES
      })
  static final class Dot extends BlockCommand {
    Dot(Streams io) {
      super(io, "W", "H", "INPUT_INDEX", "BIAS", "OUTPUT_INDEX");
    }

    @Override
    int[] places() {
      return new int[] {0, 2, 4};
    }

    @Override
    Tensor compute(Tensor[] t) {
      return BlockSparse.dot(t[0], t[1], t[3], pattern(t));
    }
  }

  /** block-outer. */
  @Command(
      description = {
        OF
            + "O X Y X_INDEX Y_INDEX: o with alpha * outer(x[b,i], y[b,j]) added to its block"
            + " (xIndex[b,i], yIndex[b,j]).",
        SHAPES
      })
  static final class Outer extends BlockCommand {
    @Option(names = "--alpha", paramLabel = "X", defaultValue = "1", description = "default 1")
    double alpha;

    Outer(Streams io) {
      super(io, "O", "X", "Y", "X_INDEX", "Y_INDEX");
    }

    @Override
    int[] places() {
      return new int[] {0, 3, 4};
    }

    @Override
    Tensor compute(Tensor[] t) {
      return BlockSparse.outer(t[0], alpha, t[1], t[2], pattern(t));
    }
  }
}
