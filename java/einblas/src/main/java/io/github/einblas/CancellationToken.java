// Public API: stops what runs, from another thread or after a time.
package io.github.einblas;

import io.github.einblas.internal.natives.Stop;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * Stops long work between its native calls: of a plan between steps, slices and parts of a batch,
 * of gradients between pairs, of a search for an order at once, with the best order so far. An
 * {@linkplain Thread#interrupt interrupt} of the thread does the same, and stays pending.
 *
 * <pre>{@code
 * CancellationToken token = CancellationToken.after(Duration.ofSeconds(30));
 * Tensor c = token.call(() -> plan.run(a, b));   // here
 * token.cancel();                                // on another thread, or when the time is over
 * }</pre>
 *
 * <p>What is stopped ends in a {@link java.util.concurrent.CancellationException}, whose text says
 * how much was done and whether a given output was written. New tensors of it are closed. A single
 * native step is not broken off: work that ends with it ends as usual. Thread-safe; one token may
 * stop the work of many threads.
 */
public final class CancellationToken {
  private final long start = System.nanoTime();
  private final long nanos;
  private volatile boolean cancelled;

  /** A token that {@link #cancel} alone cancels. */
  public CancellationToken() {
    this(Long.MAX_VALUE);
  }

  private CancellationToken(long nanos) {
    this.nanos = nanos;
  }

  /**
   * {@return a token that is cancelled after a time from now, or earlier by {@link #cancel}}
   *
   * @param time at least 0
   * @throws IllegalArgumentException if negative
   */
  public static CancellationToken after(Duration time) {
    if (Objects.requireNonNull(time, "time").isNegative()) {
      throw new IllegalArgumentException("the time must not be negative, got " + time);
    }
    boolean counted = time.compareTo(Duration.ofNanos(Long.MAX_VALUE)) < 0;
    return new CancellationToken(counted ? time.toNanos() : Long.MAX_VALUE);
  }

  /** Stops what runs under this token, and all that will. */
  public void cancel() {
    cancelled = true;
  }

  /** {@return whether it was cancelled, or its time is over} */
  public boolean isCancelled() {
    return cancelled || (nanos != Long.MAX_VALUE && System.nanoTime() - start >= nanos);
  }

  /**
   * Does work on this thread that the token stops, also within other tokens' work.
   *
   * @param work what is stopped when the token is cancelled
   * @param <T> what the work gives
   * @return what the work returns
   * @throws java.util.concurrent.CancellationException if it was stopped
   */
  public <T> T call(Supplier<T> work) {
    return Stop.with(this::isCancelled, Objects.requireNonNull(work, "work"));
  }

  /**
   * As {@link #call}, for work without a result.
   *
   * @param work what is stopped when the token is cancelled
   */
  public void run(Runnable work) {
    Objects.requireNonNull(work, "work");
    Stop.<Void>with(
        this::isCancelled,
        () -> {
          work.run();
          return null;
        });
  }

  @Override
  public String toString() {
    return "CancellationToken(" + (isCancelled() ? "cancelled" : "not cancelled") + ")";
  }
}
