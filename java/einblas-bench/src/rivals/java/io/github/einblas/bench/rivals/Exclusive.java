// Rivals: turns at a machine that others measure on too.
package io.github.einblas.bench.rivals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * While held, a program runs under the given command prefix (for instance {@code flock /tmp/lock}),
 * so that whoever uses the same prefix waits. Without a prefix it does nothing.
 */
final class Exclusive {
  private final List<String> prefix;
  private final long nanos;
  private Process holder;
  private long since;

  Exclusive(String prefix, int seconds) {
    this.prefix = prefix.isBlank() ? List.of() : List.of(prefix.trim().split("\\s+"));
    this.nanos = seconds * 1_000_000_000L;
  }

  /**
   * Waits for a turn, or goes on with the present one while its time lasts; true when a new one has
   * begun.
   */
  boolean take() throws IOException {
    if (holder != null && System.nanoTime() - since < nanos) {
      return false;
    }
    if (prefix.isEmpty() && since != 0 && System.nanoTime() - since < nanos) {
      return false;
    }
    give();
    if (!prefix.isEmpty()) {
      List<String> command = new ArrayList<>(prefix);
      command.addAll(List.of("sh", "-c", "echo begin; read line"));
      holder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      if (holder.getInputStream().read() < 0) {
        throw new IOException("--exclusive: " + command + " ended before its turn");
      }
    }
    since = System.nanoTime();
    return true;
  }

  /** Ends the turn. */
  void give() throws IOException {
    if (holder != null) {
      holder.getOutputStream().close();
      try {
        holder.waitFor();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      holder = null;
    }
  }
}
