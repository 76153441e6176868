// Test support: one round of the API fuzzer, all of it from a seed.
package io.github.einblas.fuzz;

import io.github.einblas.Einblas;
import io.github.einblas.Tuning;
import java.util.concurrent.atomic.AtomicReference;

/** Draws an area of the API, works in it, and checks what must hold afterwards. */
final class ApiRound {
  private ApiRound() {}

  /** An area of the API. */
  @FunctionalInterface
  private interface Area {
    void run(World w) throws Exception;
  }

  static void run(long seed) throws Exception {
    try (World w = new World(seed, false)) {
      settings(w);
      if (w.chance(12)) {
        sideBySide(w);
      } else {
        areas(w).run(w);
      }
      w.verify();
    } finally {
      Einblas.setNativeMemoryLimit(Long.MAX_VALUE);
    }
  }

  /** Rounds of their own in several threads at once. */
  private static void sideBySide(World w) throws InterruptedException {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread[] threads = new Thread[w.in(2, 4)];
    for (int t = 0; t < threads.length; t++) {
      long seed = w.random.nextLong();
      threads[t] =
          new Thread(
              () -> {
                try (World own = new World(seed, true)) {
                  areas(own).run(own);
                  own.verify();
                } catch (Throwable e) {
                  failure.set(e);
                }
              });
      threads[t].start();
    }
    for (Thread t : threads) {
      t.join();
    }
    if (failure.get() != null) {
      throw new AssertionError("side by side: " + failure.get(), failure.get());
    }
  }

  private static Area areas(World w) {
    return switch (w.in(0, 9)) {
      case 0 -> TensorArea::run;
      case 1 -> OpsArea::run;
      case 2 -> BlockArea::run;
      case 3 -> SparseArea::run;
      case 4 -> WildArea::run;
      default -> EinsumArea::run;
    };
  }

  /** Numbers that change how a kernel cuts its work, never what it computes. */
  private static void settings(World w) {
    Einblas.setThreads(w.pick(1, 1, 2, 3));
    boolean least = w.chance(2);
    boolean threads = w.chance(2);
    for (Tuning.Value v : Tuning.values()) {
      long value = v.defaultValue();
      if ((threads && v.name().equals("THREAD_NANOS")) || (least && w.chance(3))) {
        value = v.least();
      }
      if (value != v.value()) {
        Tuning.set(v.name(), value);
      }
    }
  }

  /**
   * Fails unless as many native bytes are in use as before, at the latest when the collector has
   * freed what is freed by it.
   */
  static void settled(long before) throws InterruptedException {
    for (int i = 0; Einblas.nativeBytesInUse() != before; i++) {
      if (i == 50) {
        throw new AssertionError(
            (Einblas.nativeBytesInUse() - before) + " native bytes are not given back");
      }
      System.gc();
      Thread.sleep(10);
    }
  }
}
