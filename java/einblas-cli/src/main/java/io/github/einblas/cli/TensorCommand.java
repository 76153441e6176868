// Command line: a subcommand that reads tensors, computes one and writes it.
package io.github.einblas.cli;

import io.github.einblas.Einblas;
import io.github.einblas.Tensor;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;

/** The frame of every subcommand that turns input tensors into one output tensor. */
abstract class TensorCommand extends BaseCommand {
  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT.npy",
      description =
          "write the result to this file, or to standard output when it is -;"
              + " without it the result is printed, abbreviated")
  String output;

  @Option(
      names = "--no-sync",
      description = "do not wait until the output file is on disk: faster, lost in a power failure")
  boolean noSync;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "threads to compute with; by default all processors")
  Integer threads;

  @Option(names = "--time", description = "say on standard error how long each part took")
  boolean time;

  TensorCommand(Streams io) {
    super(io);
  }

  /** The arguments that name inputs. */
  abstract List<String> inputs();

  /** Computes the result; the operands are closed afterwards. */
  abstract Tensor compute(Tensor[] operands);

  /** What --time adds about the computation, or nothing. */
  String details() {
    return "";
  }

  @Override
  final void run() throws Exception {
    TensorSink sink = TensorSink.of(output, !noSync, io);
    useThreads(threads);
    long start = System.nanoTime();
    try (TensorSource source = TensorSource.open(inputs(), io)) {
      long read = System.nanoTime();
      try (Tensor result = compute(source.tensors())) {
        long computed = System.nanoTime();
        sink.write(result);
        if (time) {
          report(read - start, computed - read, System.nanoTime() - computed, sink.printsText());
        }
      }
    }
  }

  private void report(long read, long computed, long written, boolean printed) {
    io.err()
        .printf(
            Locale.ROOT,
            "einblas: read %.6f s, computed %.6f s%s, %s %.6f s%n",
            read * 1e-9,
            computed * 1e-9,
            details(),
            printed ? "printed" : "wrote",
            written * 1e-9);
  }

  /** Sets the process's threads when a number was given. */
  static void useThreads(Integer threads) {
    if (threads != null) {
      if (threads < 1 || threads > 1024) {
        throw new InputException("--threads needs a number from 1 to 1024, not " + threads);
      }
      Einblas.setThreads(threads);
    }
  }
}
