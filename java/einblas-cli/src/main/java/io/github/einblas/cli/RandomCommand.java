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
      names = "--no-sync",
      description = "do not wait until the output file is on disk: faster, lost in a power failure")
  boolean noSync;

  @Option(
      names = "--dtype",
      paramLabel = "f32|f64|i32|i64",
      description = "type of the elements (default: f32; with --below i64)")
  DType dtype;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "start of the sequence (default: ${DEFAULT-VALUE})")
  long seed;

  @Option(
      names = "--below",
      paramLabel = "N",
      description = "make integers from 0 to N-1 instead (I64, or I32 with --dtype i32): indices")
  Long below;

  RandomCommand(Streams io) {
    super(io);
  }

  @Override
  void run() throws Exception {
    TensorSink sink = TensorSink.of(output, !noSync, io);
    try (Tensor tensor = below == null ? reals() : integers()) {
      sink.write(tensor);
    }
  }

  private Tensor reals() {
    DType type = dtype == null ? DType.F32 : dtype;
    if (!type.isFloating()) {
      throw new InputException("--dtype " + type + " needs --below, the end of its range");
    }
    return new RandomData(type, seed).tensor(Shapes.parse(shape));
  }

  private Tensor integers() {
    DType type = dtype == null ? DType.I64 : dtype;
    boolean index = type == DType.I32 || type == DType.I64;
    if (!index || below < 1 || below > 1L << 31) {
      throw new InputException(
          "--below needs a number from 1 to 2^31 and type i32 or i64, not "
              + below
              + " and "
              + type);
    }
    RandomData data = new RandomData(DType.F64, seed);
    Tensor tensor = Tensor.empty(type, Shapes.parse(shape));
    try (Tensor flat = tensor.reshape(tensor.size())) {
      for (long i = 0; i < flat.size(); i++) {
        flat.setLong((long) ((data.element(i) + 1) / 2 * below), i);
      }
    }
    return tensor;
  }
}
