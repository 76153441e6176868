// Command line: where a result goes: a .npy file, standard output as .npy, or printed as text.
package io.github.einblas.cli;

import io.github.einblas.Tensor;
import io.github.einblas.WriteOption;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Locale;

/** Destination of a result, checked before anything is computed. */
final class TensorSink {
  private static final int BUFFER = 1 << 16;

  private final String name;
  private final Path path; // null: a standard stream
  private final boolean print;
  private final boolean sync;
  private final Streams io;

  private TensorSink(String name, Path path, boolean print, boolean sync, Streams io) {
    this.name = name;
    this.path = path;
    this.print = print;
    this.sync = sync;
    this.io = io;
  }

  /** The destination named by -o: null prints the tensor, {@code -} is standard output. */
  static TensorSink of(String output, boolean sync, Streams io) {
    if (output == null || OutputPath.isStandardOutput(output)) {
      return new TensorSink("standard output", null, output == null, sync, io);
    }
    if (output.toLowerCase(Locale.ROOT).endsWith(".npz")) {
      throw new InputException(output + ": the output is a .npy file, not an archive");
    }
    return new TensorSink(output, OutputPath.of(output), false, sync, io);
  }

  /** Whether a file is forced to disk before it gets its name. */
  static WriteOption[] options(boolean sync) {
    return sync ? new WriteOption[] {WriteOption.SYNC} : new WriteOption[0];
  }

  boolean printsText() {
    return print;
  }

  /** Writes a result; a file appears under its name only when it is complete. */
  void write(Tensor result) throws IOException {
    try {
      send(result);
    } catch (IOException e) {
      throw new IOException(name + " could not be written: " + Failures.reason(e), e);
    }
  }

  private void send(Tensor result) throws IOException {
    if (print) {
      io.out().println(result);
    } else if (path == null) {
      try (OutputStream out = unclosed(io.bytes())) {
        result.writeNpy(out);
      }
    } else {
      result.writeNpy(path, options(sync));
    }
  }

  /** A buffer over a stream that stays open. */
  private static OutputStream unclosed(OutputStream target) {
    return new BufferedOutputStream(target, BUFFER) {
      @Override
      public void close() throws IOException {
        flush();
      }
    };
  }
}
