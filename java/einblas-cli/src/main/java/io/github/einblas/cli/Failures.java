// Command line: turns what went wrong into one line on standard error and an exit status.
package io.github.einblas.cli;

import io.github.einblas.IntegerOverflowException;
import io.github.einblas.NativeMemoryException;
import io.github.einblas.NpyFormatException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.stream.Collectors;

/** Exit statuses and error lines. */
final class Failures {
  static final int DONE = 0;
  static final int FAILED = 1;
  static final int WRONG_INPUT = 2;

  private Failures() {}

  /** Reports a failure and gives the exit status that it means. */
  static int report(Throwable failure, Streams io, boolean verbose) {
    Throwable cause = rootOf(failure);
    if (isBrokenPipe(cause)) {
      return FAILED;
    }
    io.err().println("einblas: " + lineOf(cause));
    if (verbose) {
      failure.printStackTrace(io.err());
    }
    return isWrongInput(cause) ? WRONG_INPUT : FAILED;
  }

  /** Whether the reader of a pipe went away, which needs no message. */
  static boolean isBrokenPipe(Throwable failure) {
    return failure instanceof IOException
        && failure.getMessage() != null
        && failure.getMessage().contains("Broken pipe");
  }

  private static boolean isWrongInput(Throwable cause) {
    return cause instanceof InputException
        || cause instanceof IllegalArgumentException
        || cause instanceof IndexOutOfBoundsException
        || cause instanceof IntegerOverflowException
        || cause instanceof NpyFormatException
        || cause instanceof NativeMemoryException;
  }

  private static Throwable rootOf(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof ExceptionInInitializerError && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  /** What a failure says, as one line. */
  static String lineOf(Throwable cause) {
    if (cause instanceof FileSystemException file) {
      return oneLine(
          (file.getFile() == null ? "a file" : file.getFile()) + ": " + fileReason(file));
    }
    String message = cause.getMessage();
    if (cause instanceof OutOfMemoryError) {
      return "the Java heap is too small (" + message + "); give java a larger -Xmx";
    }
    if (message == null || message.isBlank()) {
      return cause.getClass().getName();
    }
    boolean spoken =
        isWrongInput(cause)
            || cause instanceof IOException
            || cause instanceof IllegalStateException
            || cause instanceof DemoCommand.WrongResult;
    return oneLine(spoken ? message : cause.getClass().getSimpleName() + ": " + message);
  }

  /** Why something with a file failed, without the file's name. */
  static String reason(IOException failure) {
    if (failure instanceof FileSystemException file) {
      return fileReason(file);
    }
    return failure.getMessage() == null ? failure.getClass().getName() : failure.getMessage();
  }

  private static String fileReason(FileSystemException failure) {
    if (failure instanceof NoSuchFileException) {
      return "there is no such file";
    }
    if (failure instanceof AccessDeniedException) {
      return "permission denied";
    }
    return failure.getReason() == null ? failure.getClass().getSimpleName() : failure.getReason();
  }

  static String oneLine(String text) {
    return text.lines()
        .map(String::strip)
        .filter(l -> !l.isEmpty())
        .collect(Collectors.joining(" "));
  }
}
