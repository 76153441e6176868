// Planner, second stage: when a search for an order ends, and who hears of it.
package io.github.einblas.internal.path;

import io.github.einblas.PlanOptions;
import io.github.einblas.SearchProgress;
import io.github.einblas.internal.natives.Stop;
import java.time.Duration;
import java.util.function.Predicate;

/**
 * Ends a search at its time, when the thread that began it is told to stop, or when the listener
 * says so. All threads of the search ask it; the one that began it tells the listener.
 */
final class SearchLimit {
  private static final long NANOS_BETWEEN = 100_000_000;

  private final Thread owner = Thread.currentThread();
  private final long start = System.nanoTime();
  private final long nanos;
  private final Predicate<SearchProgress> listener;
  private long told = start - NANOS_BETWEEN;

  /** Nanoseconds of the part of the search that goes on. */
  private volatile long end;

  private volatile boolean stopped;
  private volatile Found best = new Found(Double.POSITIVE_INFINITY, 0, 1, 0);

  /** What is told: operations, largest result, slices, rounds. */
  record Found(double operations, double largest, double slices, long round) {}

  private SearchLimit(long nanos, Predicate<SearchProgress> listener) {
    this.nanos = nanos;
    this.end = nanos;
    this.listener = listener;
  }

  /** The limit that options set. */
  static SearchLimit of(PlanOptions options) {
    Duration time = options.searchTime();
    return new SearchLimit(
        time == null ? Long.MAX_VALUE : time.toNanos(), options.searchListener());
  }

  /** No limit. */
  static SearchLimit none() {
    return new SearchLimit(Long.MAX_VALUE, null);
  }

  /** What follows ends when this share of the time is over. */
  SearchLimit upTo(double share) {
    end = nanos == Long.MAX_VALUE ? nanos : (long) (share * nanos);
    return this;
  }

  /** Whether to end. */
  boolean isOver() {
    if (Thread.currentThread() == owner && !stopped) {
      if (Stop.isAsked()) {
        stopped = true;
      } else {
        tell(false);
      }
    }
    return stopped || (end != Long.MAX_VALUE && System.nanoTime() - start >= end);
  }

  /** Takes down the best order so far. */
  void found(Found now) {
    boolean better = now.operations < best.operations;
    best = now;
    if (Thread.currentThread() == owner) {
      tell(better);
    }
  }

  private void tell(boolean better) {
    long now = System.nanoTime();
    if (listener != null
        && (better || now - told >= NANOS_BETWEEN)
        && best.operations < Double.POSITIVE_INFINITY) {
      told = now;
      Found b = best;
      Duration elapsed = Duration.ofNanos(now - start);
      if (!listener.test(new SearchProgress(b.operations, b.largest, b.slices, elapsed, b.round))) {
        stopped = true;
      }
    }
  }
}
