// Many callers at once for some seconds, or for minutes with -Dsoak=minutes: same bits, and memory
// and threads back to
// where they were.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SoakTest {
  private static final int CALLERS = 64;
  private static final long SEED = Long.getLong("soak.seed", 20261128);
  private static final long NANOS =
      System.getProperty("soak") == null
          ? 2_000_000_000L
          : (long) (Double.parseDouble(System.getProperty("soak")) * 60e9);

  private int threads;
  private long bytes;

  @BeforeEach
  void remember() throws InterruptedException {
    System.out.println("soak: seed " + SEED + ", " + NANOS / 1_000_000 + " ms");
    threads = Einblas.threads();
    for (int i = 0; i < 20; i++) { // what other tests left to the collector
      System.gc();
      Thread.sleep(10);
    }
    bytes = Einblas.nativeBytesInUse();
    Tuning.set("POOL_KEEP", 1);
  }

  @AfterEach
  void allIsAsBefore() throws InterruptedException {
    Einblas.setThreads(threads);
    assertTrue(
        Einblas.nativeBytesInUse() <= bytes, // the rest of what other tests left may be gone
        () -> (Einblas.nativeBytesInUse() - bytes) + " native bytes are not given back");
    // Workers that went to sleep before POOL_KEEP was 1 take their half a minute.
    long end = System.nanoTime() + 60_000_000_000L;
    while (Einblas.workers() > 0 && System.nanoTime() < end) {
      Thread.sleep(20);
    }
    assertEquals(0, Einblas.workers());
    Tuning.set("POOL_KEEP", 30);
  }

  /** A plan that all callers share, its operands' values, and the bits of the result. */
  private record Job(EinsumPlan plan, float[][] values, float[] expected) {
    static Job of(Random random, String equation, long[]... shapes) {
      float[][] values = new float[shapes.length][];
      Tensor[] operands = new Tensor[shapes.length];
      for (int i = 0; i < shapes.length; i++) {
        values[i] = new float[(int) Arrays.stream(shapes[i]).reduce(1, (a, b) -> a * b)];
        for (int k = 0; k < values[i].length; k++) {
          values[i][k] = random.nextFloat() - 0.5f;
        }
        operands[i] = Tensor.of(values[i], shapes[i]);
      }
      EinsumPlan plan = Einsum.plan(equation, operands);
      EinsumPlan alone = Einsum.plan(equation, PlanOptions.DEFAULT.withThreads(1), operands);
      try (Tensor c = alone.run(operands)) {
        return new Job(plan, values, c.toFloatArray());
      } finally {
        close(operands);
      }
    }

    Tensor[] operands() {
      Tensor[] operands = new Tensor[values.length];
      for (int i = 0; i < operands.length; i++) {
        operands[i] = Tensor.of(values[i], plan.shapes()[i]);
      }
      return operands;
    }

    void run(Tensor... operands) {
      try (Tensor c = plan.run(operands)) {
        if (!Arrays.equals(expected, c.toFloatArray())) {
          throw new AssertionError("other bits: " + plan.equation());
        }
      }
    }
  }

  private static void close(Tensor... tensors) {
    for (Tensor t : tensors) {
      t.close();
    }
  }

  private static List<Job> jobs(Random random) {
    return List.of(
        Job.of(random, "ij,jk->ik", new long[] {4, 4}, new long[] {4, 4}),
        Job.of(random, "ij,jk->ik", new long[] {64, 64}, new long[] {64, 64}),
        Job.of(random, "ij,jk->ik", new long[] {200, 130}, new long[] {130, 170}),
        Job.of(random, "ij,jk->ik", new long[] {300, 300}, new long[] {300, 300}),
        Job.of(random, "nhd,khd->nkd", new long[] {32, 16, 64}, new long[] {32, 16, 64}),
        Job.of(random, "bij,bjk->bik", new long[] {200, 16, 16}, new long[] {200, 16, 16}),
        Job.of(random, "ij->ji", new long[] {300, 400}),
        Job.of(random, "ij->j", new long[] {400, 500}),
        Job.of(
            random, "ab,bc,cd->ad", new long[] {60, 80}, new long[] {80, 90}, new long[] {90, 70}));
  }

  /** A thread for each task: a virtual one where it is asked for and the JVM has them. */
  private static ExecutorService callers(boolean virtual) throws ReflectiveOperationException {
    if (!virtual) {
      return Executors.newFixedThreadPool(CALLERS);
    }
    assumeTrue(Runtime.version().feature() >= 21, "virtual threads come with JDK 21");
    return (ExecutorService)
        Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
  }

  private interface Caller {
    void call(Random random) throws Exception;
  }

  /** Callers until the time is over and each has called, while the process's threads change. */
  private static void soak(boolean virtual, int callers, Caller caller) throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    AtomicInteger called = new AtomicInteger();
    ExecutorService executor = callers(virtual);
    List<Future<?>> running = new ArrayList<>();
    for (int c = 0; c < callers; c++) {
      long seed = SEED + c;
      running.add(
          executor.submit(
              () -> {
                Random random = new Random(seed);
                for (long calls = 0; !stop.get(); calls++) {
                  caller.call(random);
                  if (calls == 0) {
                    called.incrementAndGet();
                  }
                  if (virtual) {
                    Thread.sleep(1); // as a request does; only then may another one run
                  }
                }
                return null;
              }));
    }
    long end = System.nanoTime() + NANOS;
    long last = end + 60_000_000_000L;
    for (int n = 1;
        System.nanoTime() < end || (called.get() < callers && System.nanoTime() < last);
        n = n % 7 + 1) {
      Einblas.setThreads(n);
      Thread.sleep(15);
    }
    stop.set(true);
    executor.shutdown();
    assertTrue(executor.awaitTermination(120, TimeUnit.SECONDS), "callers hang");
    for (Future<?> f : running) {
      f.get();
    }
    assertEquals(callers, called.get(), "callers that had their turn");
  }

  /** Requests of all sizes by many threads, each with operands of its own; plans are shared. */
  private void servlet(boolean virtual) throws Exception {
    List<Job> jobs = jobs(new Random(SEED));
    soak(
        virtual,
        CALLERS,
        random -> {
          Job job = jobs.get(random.nextInt(jobs.size()));
          Tensor[] operands = job.operands();
          try {
            job.run(operands);
          } finally {
            close(operands);
          }
        });
  }

  @Test
  void requestsOnPlatformThreads() throws Exception {
    servlet(false);
  }

  @Test
  void requestsOnVirtualThreads() throws Exception {
    servlet(true);
  }

  /** Few executors, many calls on tensors that all share, which others close meanwhile. */
  @Test
  void tensorsAreClosedUnderRunningCalls() throws Exception {
    List<Job> jobs = jobs(new Random(SEED + 1));
    Tensor[][] shared = new Tensor[jobs.size()][];
    for (int j = 0; j < shared.length; j++) {
      shared[j] = jobs.get(j).operands();
    }
    AtomicInteger refused = new AtomicInteger();
    AtomicInteger right = new AtomicInteger();
    soak(
        false,
        16,
        random -> {
          int j = random.nextInt(shared.length);
          Tensor[] operands;
          synchronized (shared) {
            operands = shared[j];
          }
          try {
            jobs.get(j).run(operands);
            right.incrementAndGet();
          } catch (IllegalStateException closed) {
            refused.incrementAndGet();
          }
          if (random.nextInt(8) == 0) {
            Tensor[] fresh = jobs.get(j).operands();
            synchronized (shared) {
              operands = shared[j];
              shared[j] = fresh;
            }
            close(operands);
          }
        });
    for (Tensor[] operands : shared) {
      close(operands);
    }
    assertTrue(right.get() > 0, refused + " refused");
  }
}
