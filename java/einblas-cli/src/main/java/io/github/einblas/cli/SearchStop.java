// Command line: Ctrl-C during a search ends the search, not what was found.
package io.github.einblas.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * While this is open, a signal that ends the process waits: the search is asked to stop, and the
 * process ends when its output is written. The JVM then exits with 130 after Ctrl-C, as after any
 * interrupt.
 */
final class SearchStop implements AutoCloseable {
  private static final int MOST_SECONDS = 60;

  private final Streams io;
  private final CountDownLatch written = new CountDownLatch(1);
  private final Thread hook = new Thread(this::stop, "einblas-stop");
  private volatile boolean asked;

  SearchStop(Streams io) {
    this.io = io;
    io.whenWritten(written::countDown);
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private void stop() {
    asked = true;
    try {
      if (!written.await(MOST_SECONDS, TimeUnit.SECONDS)) {
        io.err().println("einblas: stopped; there was no plan within " + MOST_SECONDS + " s");
        io.err().flush();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether the search is to end. */
  boolean isAsked() {
    return asked;
  }

  @Override
  public void close() {
    if (!asked) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        asked = true; // it has begun meanwhile, and waits for the output
      }
    }
  }
}
