// Command line: the standard streams of one run, given by the process or by a test.
package io.github.einblas.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Standard input, output and error, and whether standard error is a terminal. */
final class Streams {
  /** How text is encoded: as the terminal has it. */
  static final Charset CHARSET = Charset.defaultCharset();

  private final InputStream in;
  private final Remembering bytes;
  private final PrintStream out;
  private final PrintStream err;
  private final boolean terminal;
  private final List<Runnable> whenWritten = new ArrayList<>();

  Streams(InputStream in, OutputStream out, PrintStream err, boolean terminal) {
    this.in = in;
    this.bytes = new Remembering(out);
    this.out = new PrintStream(bytes, false, CHARSET);
    this.err = err;
    this.terminal = terminal;
  }

  /** The streams of this process. */
  @SuppressWarnings("SystemConsoleNull") // only asked where /proc does not say it
  static Streams ofProcess() {
    boolean terminal;
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
      terminal = target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    } catch (IOException | UnsupportedOperationException e) {
      terminal = System.console() != null;
    }
    return new Streams(System.in, new FileOutputStream(FileDescriptor.out), System.err, terminal);
  }

  InputStream in() {
    return in;
  }

  /** Standard output for text. */
  PrintStream out() {
    return out;
  }

  /** Standard output for bytes; a write that fails throws. */
  OutputStream bytes() {
    return bytes;
  }

  PrintStream err() {
    return err;
  }

  /** Whether standard error is a terminal, where progress may be shown. */
  boolean terminal() {
    return terminal;
  }

  /** Has something done when all output of the run is written. */
  void whenWritten(Runnable action) {
    whenWritten.add(action);
  }

  /** Says that it is. */
  void written() {
    whenWritten.forEach(Runnable::run);
  }

  /** Flushes standard output; the first write that failed since the start, or null. */
  IOException outputFailure() {
    out.flush();
    return bytes.failure;
  }

  /** Remembers the first failed write, which a PrintStream would swallow. */
  private static final class Remembering extends OutputStream {
    private final OutputStream target;
    private IOException failure;

    Remembering(OutputStream target) {
      this.target = target;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] b, int offset, int length) throws IOException {
      if (failure != null) {
        // A new one: closing adds the second failure to the first, which cannot be itself.
        throw new IOException(failure.getMessage(), failure);
      }
      try {
        target.write(b, offset, length);
      } catch (IOException e) {
        failure = e;
        throw e;
      }
    }

    @Override
    public void flush() throws IOException {
      if (failure != null) {
        return;
      }
      try {
        target.flush();
      } catch (IOException e) {
        failure = e;
        throw e;
      }
    }
  }
}
