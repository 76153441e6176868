// Command line: makes a tensor of reproducible random numbers, for trying things out.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas random SHAPE -o OUT.npy}. */
@Command(
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
      paramLabel = "TYPE",
      description =
          "type of the elements, such as f32, bf16 or c64 (default: f32; with --below i64)")
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
      description =
          "make integers from 0 to N-1 instead, of I64 or the --dtype of integers or bool: indices")
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
    if (!type.isReal() && !type.isComplex()) {
      throw new InputException("--dtype " + type + " needs --below, the end of its range");
    }
    return new RandomData(type, seed).tensor(Shapes.parse(shape));
  }

  /** The end of the numbers from 0 on that a type holds, at most 2^31; 0 of other types. */
  private static long most(DType type) {
    return switch (type) {
      case BOOL -> 2;
      case I8 -> 128;
      case U8 -> 256;
      case I16 -> 32_768;
      case I32, I64 -> 1L << 31;
      case F32, F64, BF16, F16, C64, C128 -> 0;
    };
  }

  private Tensor integers() {
    DType type = dtype == null ? DType.I64 : dtype;
    if (most(type) == 0) {
      throw new InputException("--below needs a type of integers or bool, not " + type);
    }
    if (below < 1 || below > most(type)) {
      throw new InputException(
          "--below of " + type + " needs a number from 1 to " + most(type) + ", not " + below);
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
