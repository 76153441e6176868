// Benchmarks: the block-sparse cases by every implementation on the class path.
package io.github.einblas.bench;

import io.github.einblas.DType;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Time per call. Names of cases are those of cpp/bench/blocks.txt. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Xmx4g"})
public class BlockBenchmark {
  /** Who computes: einblas, or a rival on the class path. */
  @Param("einblas")
  public String implementation;

  /** Case of blocks.txt. */
  @Param({
    "block_gemv_64",
    "block_gemv_32",
    "block_gemv_16",
    "block_gemv_output",
    "block_gemv_one",
    "block_call_one",
    "block_back_64",
    "block_outer_64",
    "block_outer_32",
    "block_outer_16"
  })
  public String name;

  /** Element type. */
  @Param({"F32", "F64"})
  public DType dtype;

  /** Threads per call. */
  @Param("2")
  public int threads;

  private Rival.Job job;

  /** Makes operands and result, and compares the result with einblas's. */
  @Setup(Level.Trial)
  public void setUp() {
    BlockCase c = BlockCase.find(name);
    long size = Arrays.stream(c.result()).reduce(1, (a, b) -> a * b);
    double[] expected;
    try (Rival.Job einblas = new EinblasBlocks().job(c, dtype)) {
      einblas.run();
      expected = Fingerprint.of(einblas::result, size);
    }
    BlockRival rival = BlockRival.named(implementation);
    rival.setThreads(threads);
    job = rival.job(c, dtype);
    job.run();
    // Sums of at most so many products of numbers of one sign.
    double terms = (double) c.batch() * Math.max(c.inputSize(), c.outputSize()) * 64;
    Fingerprint.check(
        Fingerprint.of(job::result, size), expected, Math.min(1e-3, terms * Trial.epsilon(dtype)));
  }

  /** Frees them. */
  @TearDown(Level.Trial)
  public void tearDown() {
    job.close();
  }

  /** One call. */
  @Benchmark
  public Object call() {
    job.run();
    return job;
  }
}
