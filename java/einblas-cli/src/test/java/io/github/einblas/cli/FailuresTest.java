// Test: each kind of failure is one line of words and one exit status.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class FailuresTest {
  private static Streams streams(ByteArrayOutputStream err) {
    return new Streams(
        new ByteArrayInputStream(new byte[0]),
        OutputStream.nullOutputStream(),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        false);
  }

  /** The status and the line. */
  private static String report(Throwable failure) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int status = Failures.report(failure, streams(err), false);
    return status + " " + err.toString(StandardCharsets.UTF_8).strip();
  }

  @Test
  void oneLineEach() {
    Map<Throwable, String> expected = new LinkedHashMap<>();
    expected.put(new InputException("no such label"), "2 einblas: no such label");
    expected.put(new IllegalArgumentException("two\nlines"), "2 einblas: two lines");
    expected.put(
        new ExceptionInInitializerError(new IllegalStateException("no natives")),
        "1 einblas: no natives");
    expected.put(
        new OutOfMemoryError("Java heap space"),
        "1 einblas: the Java heap is too small (Java heap space); give java a larger -Xmx");
    expected.put(new EOFException(), "1 einblas: java.io.EOFException");
    expected.put(new ArithmeticException("singular"), "1 einblas: ArithmeticException: singular");
    expected.put(new NoSuchFileException("a.npy"), "1 einblas: a.npy: there is no such file");
    expected.put(new AccessDeniedException("a.npy"), "1 einblas: a.npy: permission denied");
    expected.put(new FileSystemLoopException("a.npy"), "1 einblas: a.npy: FileSystemLoopException");
    expected.put(
        new FileSystemException(null, null, "Input/output error"),
        "1 einblas: a file: Input/output error");
    expected.put(new IOException("Broken pipe"), "1");
    expected.forEach((failure, text) -> assertEquals(text, report(failure).strip()));
  }

  @Test
  void reasonsWithoutTheFilesName() {
    assertEquals("permission denied", Failures.reason(new AccessDeniedException("a.npy")));
    assertEquals("No space left", Failures.reason(new IOException("No space left")));
    assertEquals("java.io.EOFException", Failures.reason(new EOFException()));
  }

  @Test
  void verboseShowsWhere() {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Failures.report(new IllegalStateException("closed"), streams(err), true);
    assertTrue(err.toString(StandardCharsets.UTF_8).contains("FailuresTest"));
  }

  /** What has failed once is not tried again, and the first reason is kept. */
  @Test
  void aStreamThatFailsIsLeft() {
    int[] writes = new int[1];
    OutputStream broken =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("gone " + ++writes[0]);
          }

          @Override
          public void write(byte[] bytes, int offset, int length) throws IOException {
            write(0);
          }
        };
    Streams io =
        new Streams(
            new ByteArrayInputStream(new byte[0]),
            broken,
            new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
            false);
    io.out().println("one");
    io.out().flush();
    io.out().println("two");
    assertEquals("gone 1", io.outputFailure().getMessage());
    assertEquals(1, writes[0]);
  }

  /** As of a pipe whose reader went away after the last write. */
  @Test
  void aFlushThatFailsIsKnown() throws IOException {
    ByteArrayOutputStream got = new ByteArrayOutputStream();
    OutputStream closed =
        new OutputStream() {
          @Override
          public void write(int b) {
            got.write(b);
          }

          @Override
          public void flush() throws IOException {
            throw new IOException("Broken pipe");
          }
        };
    Streams io =
        new Streams(
            new ByteArrayInputStream(new byte[0]),
            closed,
            new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
            false);
    io.bytes().write('a');
    assertEquals("Broken pipe", io.outputFailure().getMessage());
    assertEquals("a", got.toString(StandardCharsets.UTF_8));
  }

  @Test
  void theProcessHasStreams() {
    Streams io = Streams.ofProcess();
    assertEquals(System.err, io.err());
    assertEquals(System.in, io.in());
    assertEquals(null, io.outputFailure());
  }
}
