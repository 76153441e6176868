// Command line: makes a tensor of reproducible random numbers, for trying things out.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas random SHAPE -o OUT.npy}. */
@Command(
    name = "random",
    description =
        "Make a tensor of uniform random numbers in [-1, 1); equal seeds give equal bits.")
final class RandomCommand extends BaseCommand {
  @Parameters(paramLabel = "SHAPE", description = "such as 32x64x128, or scalar")
  String shape;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT.npy",
      description = "write to this file, or to standard output when it is -; without it: print")
  String output;

  @Option(
      names = "--dtype",
      paramLabel = "f32|f64",
      defaultValue = "f32",
      description = "type of the elements (default: ${DEFAULT-VALUE})")
  DType dtype;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "start of the sequence (default: ${DEFAULT-VALUE})")
  long seed;

  RandomCommand(Streams io) {
    super(io);
  }

  @Override
  void run() throws Exception {
    TensorSink sink = TensorSink.of(output, io);
    try (Tensor tensor = new RandomData(dtype, seed).tensor(Shapes.parse(shape))) {
      sink.write(tensor);
    }
  }
}
