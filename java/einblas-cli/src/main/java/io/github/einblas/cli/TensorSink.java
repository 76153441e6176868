// Command line: where a result goes: a .npy file, standard output as .npy, or printed as text.
package io.github.einblas.cli;

import io.github.einblas.Tensor;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Destination of a result, checked before anything is computed. */
final class TensorSink {
  private static final int BUFFER = 1 << 16;

  private final String name;
  private final Path path; // null: a standard stream
  private final boolean print;
  private final Streams io;

  private TensorSink(String name, Path path, boolean print, Streams io) {
    this.name = name;
    this.path = path;
    this.print = print;
    this.io = io;
  }

  /** The destination named by -o: null prints the tensor, {@code -} is standard output. */
  static TensorSink of(String output, Streams io) throws IOException {
    if (output == null || output.equals("-")) {
      return new TensorSink("standard output", null, output == null, io);
    }
    if (output.isEmpty()) {
      throw new InputException("the name of the output file is empty");
    }
    if (output.toLowerCase(Locale.ROOT).endsWith(".npz")) {
      throw new InputException(output + ": the output is a .npy file, not an archive");
    }
    Path path = Path.of(output);
    if (Files.isDirectory(path)) {
      throw new InputException(output + ": is a directory; -o needs the name of a file");
    }
    if (Files.exists(path)) {
      // The target of a link is replaced, not the link.
      path = path.toRealPath();
    }
    Path folder = path.toAbsolutePath().getParent();
    if (!Files.isDirectory(folder)) {
      throw new InputException(output + ": there is no directory " + folder);
    }
    if (!Files.isWritable(Files.exists(path) && !Files.isRegularFile(path) ? path : folder)) {
      throw new InputException(output + ": permission denied");
    }
    return new TensorSink(output, path, false, io);
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
    } else if (Files.exists(path) && !Files.isRegularFile(path)) {
      // A device or a pipe: a file must not be moved over it.
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(path), BUFFER)) {
        result.writeNpy(out);
      }
    } else {
      result.writeNpy(path);
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
