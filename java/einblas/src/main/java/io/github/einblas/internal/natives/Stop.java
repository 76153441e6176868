// Runs that are told to stop: by an interrupt of their thread, or by a caller's token.
package io.github.einblas.internal.natives;

import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Asked between native calls by the thread that makes them: a call that runs is not broken off. An
 * interrupt stays pending.
 */
public final class Stop {
  private static final ThreadLocal<BooleanSupplier> TOKEN = new ThreadLocal<>();

  private Stop() {}

  /** Does work that a token stops, beside those that stop its caller. */
  public static <T> T with(BooleanSupplier token, Supplier<T> work) {
    BooleanSupplier outer = TOKEN.get();
    TOKEN.set(outer == null ? token : () -> outer.getAsBoolean() || token.getAsBoolean());
    try {
      return work.get();
    } finally {
      if (outer == null) {
        TOKEN.remove();
      } else {
        TOKEN.set(outer);
      }
    }
  }

  /** Whether this thread's work is to stop. */
  public static boolean isAsked() {
    if (Thread.currentThread().isInterrupted()) {
      return true;
    }
    BooleanSupplier token = TOKEN.get();
    return token != null && token.getAsBoolean();
  }

  /**
   * Ends the work if it is to stop.
   *
   * @param done what was done, in words
   * @param output what the output holds, in words
   */
  public static void check(int done, int of, String what, String output) {
    if (isAsked()) {
      throw stopped(output + ": " + done + " of " + of + " " + what + " were done");
    }
  }

  /** What a run that stops is ended by. */
  public static CancellationException stopped(String state) {
    boolean interrupted = Thread.currentThread().isInterrupted();
    return new CancellationException((interrupted ? "interrupted: " : "cancelled: ") + state);
  }
}
