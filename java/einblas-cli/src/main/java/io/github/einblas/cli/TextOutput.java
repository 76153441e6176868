// Command line: where a text goes: a file, which appears whole, or standard output.
package io.github.einblas.cli;

import io.github.einblas.internal.io.OutputFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Destination of a plan or an order, checked before anything is planned. */
final class TextOutput {
  private final String name;
  private final Path path; // null: standard output
  private final Streams io;

  private TextOutput(String name, Path path, Streams io) {
    this.name = name;
    this.path = path;
    this.io = io;
  }

  /** The destination of a name, {@code -} being standard output; null for none. */
  static TextOutput of(String output, Streams io) {
    if (output == null) {
      return null;
    }
    return OutputPath.isStandardOutput(output)
        ? new TextOutput("standard output", null, io)
        : new TextOutput(output, OutputPath.of(output), io);
  }

  boolean isStandardOutput() {
    return path == null;
  }

  void write(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    try {
      if (path == null) {
        io.bytes().write(bytes);
        io.bytes().flush();
      } else {
        OutputFile.write(path, true, out -> out.write(bytes));
      }
    } catch (IOException e) {
      throw new IOException(name + " could not be written: " + Failures.reason(e), e);
    }
  }
}
