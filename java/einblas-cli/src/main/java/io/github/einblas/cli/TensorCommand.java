// Command line: a subcommand that reads tensors, computes one and writes it.
package io.github.einblas.cli;

import io.github.einblas.Einblas;
import io.github.einblas.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Mixin;
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

  @Mixin MemoryArgument memory = new MemoryArgument();

  @Option(names = "--explain", description = "say on standard error how it is computed")
  boolean explain;

  @Option(
      names = "--profile",
      description =
          "run a few times first and say on standard error how long it takes; where there are"
              + " steps, how long each takes beside its bound")
  boolean profile;

  @Option(names = "--time", description = "say on standard error how long each part took")
  boolean time;

  TensorCommand(Streams io) {
    super(io);
  }

  /** The arguments that name inputs. */
  abstract List<String> inputs();

  /** All that is read, which an output replaces with --force only. */
  List<String> files() {
    return inputs();
  }

  /** Refuses what can be known to be wrong before anything is read. */
  void check() {}

  /** Computes the result; the operands are closed afterwards. */
  abstract Tensor compute(Tensor[] operands);

  /** How it is computed, in words. */
  abstract String explanation(Tensor[] operands);

  /** The result, after what --profile says, within the limit. */
  Tensor result(Tensor[] operands) {
    if (!memory.isGiven()) {
      return profiled(operands);
    }
    long before = Einblas.nativeMemoryLimit();
    long inUse = Einblas.nativeBytesInUse();
    Einblas.setNativeMemoryLimit(
        Math.min(before, inUse + Math.min(memory.bytes(), Long.MAX_VALUE - inUse)));
    try {
      return profiled(operands);
    } finally {
      Einblas.setNativeMemoryLimit(before);
    }
  }

  private Tensor profiled(Tensor[] operands) {
    if (profile) {
      double[] times = DemoRun.measure(() -> compute(operands).close());
      Arrays.sort(times);
      io.err()
          .printf(
              Locale.ROOT,
              "profile   %.6g s, the median of %d runs; the fastest %.6g s, the slowest %.6g s%n",
              times[times.length / 2],
              times.length,
              times[0],
              times[times.length - 1]);
    }
    return compute(operands);
  }

  /** What --time adds about the computation, or nothing. */
  String details() {
    return "";
  }

  @Override
  final void run() throws Exception {
    TensorSink sink = TensorSink.of(output, !noSync, io);
    if (memory.isGiven()) {
      memory.bytes(); // nonsense is refused before anything is read
    }
    List<String> inputs = inputs();
    OutputPath.requireNoInput(output, files(), force);
    check();
    useThreads(threads);
    long start = System.nanoTime();
    try (TensorSource source = TensorSource.open(inputs, io)) {
      if (explain) {
        io.err().println(explanation(source.tensors()).stripTrailing());
      }
      long read = System.nanoTime();
      try (Tensor result = result(source.tensors())) {
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

  /** A list with more behind it, none of which is null. */
  static List<String> with(List<String> files, String... more) {
    List<String> all = new ArrayList<>(files);
    Arrays.stream(more).filter(f -> f != null).forEach(all::add);
    return all;
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
