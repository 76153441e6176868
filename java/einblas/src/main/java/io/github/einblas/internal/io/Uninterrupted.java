// Files: work with a channel that an interrupt of its thread would close.
package io.github.einblas.internal.io;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;

/** Runs the work to its end whatever interrupts the thread, which stays marked as interrupted. */
final class Uninterrupted {
  /** Work that opens its channel again when it finds it closed, and may be begun anew. */
  @FunctionalInterface
  interface Work {
    /** Does it. */
    void run() throws IOException;
  }

  private Uninterrupted() {}

  static void run(Work work) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        // An interrupt that comes before or during a call closes the channel.
        interrupted |= Thread.interrupted();
        try {
          work.run();
          return;
        } catch (ClosedByInterruptException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
