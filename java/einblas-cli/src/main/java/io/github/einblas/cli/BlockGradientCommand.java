// Command line: the gradients of the block-sparse products, written to one .npz.
package io.github.einblas.cli;

import io.github.einblas.BlockPattern;
import io.github.einblas.BlockSparse;
import io.github.einblas.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas block-grad PRODUCT IN.npy... -o OUT.npz}. */
@Command(
    description = {
      "Gradients of a block-sparse product for the upstream gradient G of its result:",
      "  gemv  W H INPUT_INDEX OUTPUT_INDEX G   gives d_o, d_W, d_h",
      "  dot   W H INPUT_INDEX OUTPUT_INDEX G   gives d_W, d_h, d_bias",
      "  outer X Y X_INDEX Y_INDEX G            gives d_o, d_x, d_y, d_alpha"
    })
final class BlockGradientCommand extends BaseCommand {
  /** The product whose gradients are wanted. */
  enum Product {
    GEMV,
    DOT,
    OUTER
  }

  @Parameters(index = "0", paramLabel = "PRODUCT", description = "gemv, dot or outer")
  Product product;

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "IN.npy",
      description = "in the order above: .npy files, archive.npz:name, or - for standard input")
  List<String> inputs;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT.npz",
      description = "write the gradients to this archive; without it they are printed, abbreviated")
  String output;

  @Option(
      names = "--alpha",
      paramLabel = "X",
      defaultValue = "1",
      description = "the alpha of outer (default: ${DEFAULT-VALUE})")
  double alpha;

  @Option(names = "--force", description = OutputPath.FORCE)
  boolean force;

  @Option(
      names = "--no-sync",
      description = "do not wait until the output file is on disk: faster, lost in a power failure")
  boolean noSync;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "threads to compute with; by default all processors")
  Integer threads;

  BlockGradientCommand(Streams io) {
    super(io);
  }

  @Override
  void run() throws Exception {
    Path target = target();
    TensorCommand.useThreads(threads);
    List<String> names =
        product == Product.OUTER
            ? BlockCommand.requireInputs(
                "block-grad outer", inputs, "X", "Y", "X_INDEX", "Y_INDEX", "G")
            : BlockCommand.requireInputs(
                "block-grad " + product.name().toLowerCase(Locale.ROOT),
                inputs,
                "W",
                "H",
                "INPUT_INDEX",
                "OUTPUT_INDEX",
                "G");
    OutputPath.requireNoInput(output, names, force);
    try (TensorSource source = TensorSource.open(names, io)) {
      gradients(source.tensors(), target);
    }
  }

  private Path target() {
    if (output == null) {
      return null;
    }
    if (!output.toLowerCase(Locale.ROOT).endsWith(".npz")) {
      throw new InputException(
          "-o needs the name of an .npz archive, because there are several gradients; it is '"
              + output
              + "'");
    }
    return OutputPath.of(output);
  }

  private void gradients(Tensor[] t, Path target) throws IOException {
    switch (product) {
      case GEMV -> {
        BlockPattern p = BlockCommand.pattern(t[0], t[2], t[3]);
        try (BlockSparse.GemvGradient d = BlockSparse.gemvGradient(t[0], t[1], t[4], p)) {
          write(target, named("d_o", d.o(), "d_W", d.w(), "d_h", d.h()));
        }
      }
      case DOT -> {
        BlockPattern p = BlockCommand.pattern(t[0], t[2], t[3]);
        try (BlockSparse.DotGradient d = BlockSparse.dotGradient(t[0], t[1], t[4], p)) {
          write(target, named("d_W", d.w(), "d_h", d.h(), "d_bias", d.bias()));
        }
      }
      case OUTER -> {
        BlockPattern p = BlockCommand.pattern(t[4], t[2], t[3]);
        try (BlockSparse.OuterGradient d = BlockSparse.outerGradient(t[0], t[1], t[4], p, alpha);
            Tensor dalpha = Tensor.scalar(t[4].dtype(), d.alpha())) {
          write(target, named("d_o", d.o(), "d_x", d.x(), "d_y", d.y(), "d_alpha", dalpha));
        }
      }
    }
  }

  private static Map<String, Tensor> named(Object... namesAndTensors) {
    Map<String, Tensor> map = new LinkedHashMap<>();
    for (int i = 0; i < namesAndTensors.length; i += 2) {
      map.put((String) namesAndTensors[i], (Tensor) namesAndTensors[i + 1]);
    }
    return map;
  }

  private void write(Path target, Map<String, Tensor> gradients) throws IOException {
    if (target != null) {
      try {
        Tensor.writeNpz(target, gradients, TensorSink.options(!noSync));
      } catch (IOException e) {
        throw new IOException(output + " could not be written: " + Failures.reason(e), e);
      }
      return;
    }
    gradients.forEach(
        (name, gradient) -> {
          io.out().println(name + " =");
          io.out().println(gradient);
        });
  }
}
