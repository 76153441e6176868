// Two executors: results, traffic, memory, cancelled jobs and a killed executor.
package io.github.einblas.spark.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.Tensor;
import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.Chunks;
import io.github.einblas.spark.DistributedTensor;
import io.github.einblas.spark.SparkEinsum;
import io.github.einblas.spark.SparkOptions;
import io.github.einblas.spark.SparkOptions.Method;
import io.github.einblas.spark.SparkPlan;
import io.github.einblas.spark.internal.data.RandomSource;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TwoExecutorsIT {
  private static final SparkOptions GRID = SparkOptions.DEFAULT.withMethod(Method.GRID);

  private static Application application;

  private TaskCounts counts;

  @BeforeAll
  static void start() {
    application = Application.start(2, "spark.executor.memoryOverhead", "400m");
  }

  @AfterAll
  static void stop() {
    if (application != null) {
      application.close();
    }
  }

  @BeforeEach
  void count() {
    counts = application.counts();
  }

  @AfterEach
  void forget() {
    application.sc().sc().removeSparkListener(counts);
  }

  @Test
  void resultsAreThoseOfOneMachine() {
    Jobs.checkResults(application.sc());
  }

  @Test
  void classesComeByTheLoaderOfTheApplication() {
    application
        .executors()
        .values()
        .forEach(one -> assertEquals("MutableURLClassLoader", one.loader()));
  }

  @Test
  void shufflesWriteWhatThePlanSays() {
    DistributedTensor a = random(1, 2048, 1536, 512);
    DistributedTensor b = random(2, 1536, 2048, 512);
    SparkPlan plan =
        SparkEinsum.plan(application.sc(), "ij,jk->ik", GRID.withPieces(1, 2, 2, 3), a, b);
    plan.run(a, b).blocks().count();
    application.settle();
    double ratio = counts.shuffled() / plan.shuffledBytes();
    System.out.println("shuffled / planned " + ratio + ": " + counts);
    assertEquals(1, ratio, 0.02, plan::explain);
  }

  @Test
  void operandsMayBeLargerThanTheHeap() {
    long inner = 98304; // 1.6 GB in both, and 1 GB of heap
    DistributedTensor a = random(1, 1024, inner, 1024, 2048);
    DistributedTensor b = random(2, inner, 1024, 2048, 1024);
    SparkPlan plan =
        SparkEinsum.plan(application.sc(), "ij,jk->ik", GRID.withPieces(1, 1, 1, 2), a, b);
    try (Tensor c = plan.run(a, b).collect(1 << 24);
        Tensor rows = firstBlock(1, new long[] {1024, inner}, 8, inner);
        Tensor columns = firstBlock(2, new long[] {inner, 1024}, inner, 8);
        Tensor expected = Einsum.einsum("ij,jk->ik", rows, columns)) {
      for (long i = 0; i < 8; i++) {
        for (long k = 0; k < 8; k++) {
          // each of the products is below 1, and so is 1 / inner of the sum of their sizes
          assertEquals(expected.get(i, k), c.get(i, k), inner * inner * 0x1p-53);
        }
      }
    }
    application.settle();
    System.out.println("larger than the heap: " + counts);
    assertTrue(counts.spilled() > 0, counts::toString);
    assertNothingIsHeld(application.executors());
  }

  @Test
  void shortNativeMemoryEndsTheJobAndNotTheExecutor() {
    Map<String, ExecutorProbe> before = application.executors();
    TaskCounts own = application.counts();
    DistributedTensor a = random(1, 8192, 512, 1024, 512);
    DistributedTensor b = random(2, 512, 8192, 512, 1024);
    SparkOptions options = GRID.withTaskMemory(8L << 30).withPieces(1, 1, 1, 1);
    SparkPlan plan = SparkEinsum.plan(application.sc(), "ij,jk->ik", options, a, b);
    Exception e = assertThrows(Exception.class, () -> plan.run(a, b).blocks().count());
    application.settle();
    System.out.println("short: " + own + "\n" + e.getMessage());
    assertSays(e, "short of native memory", "spark.executor.memoryOverhead", "smaller chunks");
    assertTrue(own.attempts() <= 2, own::toString);
    Map<String, ExecutorProbe> after = application.executors();
    assertEquals(processes(before), processes(after));
    assertNothingIsHeld(after);
  }

  @Test
  void cancelledJobHoldsNoNativeMemory() throws InterruptedException {
    Map<String, ExecutorProbe> before = application.executors();
    TaskCounts own = application.counts();
    DistributedTensor a = random(1, 4096, 4096, 256);
    SparkPlan plan =
        SparkEinsum.plan(application.sc(), "ij,jk->ik", GRID.withPieces(1, 2, 1, 1), a, a);
    CompletableFuture<Long> job =
        CompletableFuture.supplyAsync(
            () -> {
              application.sc().setJobGroup("cancelled", "cancelled", false);
              try {
                return plan.run(a, a).blocks().count();
              } finally {
                application.sc().clearJobGroup();
              }
            });
    own.await(c -> c.computing() > 0);
    StandaloneCluster.pause(700); // some way into the first tile
    application.sc().cancelJobGroup("cancelled");
    assertThrows(CompletionException.class, job::join);
    assertNothingIsHeld(application.executors());
    assertEquals(processes(before), processes(application.executors()));
  }

  @Test
  void bitsSurviveAnExecutor() throws InterruptedException {
    Jobs.checkBits("two executors", application.sc());
    application.settle();
    long undisturbed = counts.shuffled();
    Map<String, ExecutorProbe> before = application.executors();
    TaskCounts own = application.counts();
    CompletableFuture<Void> job =
        CompletableFuture.runAsync(
            () -> Jobs.checkBits("two executors, one of them killed", application.sc()));
    own.await(c -> c.results() > 0);
    String victim = own.mapExecutors().iterator().next(); // what it wrote has to be written again
    ProcessHandle.of(before.get(victim).pid()).orElseThrow().destroyForcibly();
    job.join();
    application.settle();
    System.out.println("killed: " + own);
    assertEquals(1, own.removed(), own::toString);
    assertTrue(own.shuffled() > 1.05 * undisturbed, own::toString);
  }

  /** After tasks that were killed have noticed it. */
  private static void assertNothingIsHeld(Map<String, ExecutorProbe> first) {
    Map<String, ExecutorProbe> now = first;
    for (int round = 0; round < 20 && isHeld(now); round++) {
      StandaloneCluster.pause(200);
      now = application.executors();
    }
    assertTrue(!isHeld(now), now::toString);
  }

  private static boolean isHeld(Map<String, ExecutorProbe> executors) {
    return executors.values().stream().anyMatch(one -> one.nativeBytes() > 0);
  }

  private static Map<String, Long> processes(Map<String, ExecutorProbe> executors) {
    return executors.values().stream()
        .collect(Collectors.toMap(ExecutorProbe::id, ExecutorProbe::pid));
  }

  static void assertSays(Exception e, String... parts) {
    for (String part : parts) {
      assertTrue(
          e.getMessage().contains(part), () -> "'" + part + "' is not in: " + e.getMessage());
    }
  }

  private static DistributedTensor random(long seed, long rows, long columns, long... chunk) {
    long[] both = chunk.length == 1 ? new long[] {chunk[0], chunk[0]} : chunk;
    return DistributedTensor.random(
        application.sc(), DType.F64, seed, new long[] {rows, columns}, both);
  }

  /** Of the same numbers, made here: they do not depend on the chunks. */
  private static Tensor firstBlock(long seed, long[] shape, long... chunk) {
    return new RandomSource(DType.F64, Chunks.of(shape, chunk), seed)
        .read(BlockIndex.of(0, 0))
        .tensor();
  }
}
