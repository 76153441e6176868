// Planner, second stage: threads of a search.
package io.github.einblas.internal.path;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;

/** Runs numbered tasks by several threads, the caller's among them, and waits for all of them. */
final class Workers {
  private Workers() {}

  /** Tasks 0 to count - 1, each once; what the first that fails throws is thrown here. */
  static void each(int threads, int count, IntConsumer each) {
    AtomicInteger next = new AtomicInteger();
    Runnable task =
        () -> {
          for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
            each.accept(i);
          }
        };
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<Thread> others = new ArrayList<>();
    for (int i = 1; i < Math.min(threads, count); i++) {
      Thread thread = new Thread(() -> guarded(task, failure), "einblas-search-" + i);
      thread.setDaemon(true);
      thread.start();
      others.add(thread);
    }
    guarded(task, failure);
    boolean interrupted = false;
    for (Thread thread : others) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          // The limit of the search sees it and ends the others.
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure.get() instanceof RuntimeException e) {
      throw e;
    }
    if (failure.get() instanceof Error e) {
      throw e;
    }
  }

  private static void guarded(Runnable task, AtomicReference<Throwable> failure) {
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      failure.compareAndSet(null, e);
    }
  }
}
