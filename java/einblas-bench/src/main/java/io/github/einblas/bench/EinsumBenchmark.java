// Benchmarks: every catalogue case through the Java API, into a given and into a new result.
package io.github.einblas.bench;

import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.Tensor;
import java.util.Random;
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

/**
 * Time per call. Names of cases are those of cpp/bench/catalogue.txt; choose with {@code -p
 * name=gemm_512,...}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class EinsumBenchmark {
  /** Case of the catalogue. */
  @Param({
    "nhd_khd_nkd_32",
    "nhd_khd_nkd_128",
    "nhd_khd_nkd_64",
    "nhd_khd_nkd_8",
    "nhd_khd_nkhd",
    "bij_k_bijk",
    "ijk_il_ijkl",
    "ixy_jxy_ijxy_small",
    "seed_tall_skinny",
    "gemm_128",
    "gemm_256",
    "gemm_512",
    "gemm_1024",
    "gemm_2048",
    "batched_4",
    "batched_8",
    "batched_16",
    "batched_32",
    "batched_64",
    "tiny_4_gemm",
    "tiny_4_hadamard"
  })
  public String name;

  /** Element type. */
  @Param({"F32", "F64"})
  public DType dtype;

  /** Threads per call. */
  @Param({"1", "2"})
  public int threads;

  private EinsumPlan plan;
  private Tensor[] operands;
  private Tensor out;
  private String equation;

  /** Makes operands and result, and says what the machine can do at this moment. */
  @Setup(Level.Trial)
  public void setUp() {
    Catalogue.Case c = Catalogue.load().get(name);
    if (c == null) {
      throw new IllegalArgumentException("no case " + name + " in cpp/bench/catalogue.txt");
    }
    Einblas.setThreads(threads);
    equation = c.equation();
    plan = Einsum.plan(equation, dtype, c.shapes());
    Random random = new Random(1);
    operands = new Tensor[c.shapes().length];
    for (int i = 0; i < operands.length; i++) {
      operands[i] = Tensor.full(dtype, 0.5 + random.nextDouble(), c.shapes()[i]);
    }
    out = Tensor.empty(dtype, c.outputShape());
    System.out.printf(
        "# isa %s, OpenBLAS core %s, P %.0f GFLOP/s, B read %.0f, non-temporal fill %.0f GB/s, work %.4g FLOP, %d bytes%n",
        Einblas.isa(),
        Einblas.blasCore(),
        Einblas.measurePeak(dtype, threads) / 1e9,
        Einblas.measureBandwidth(Einblas.Traffic.READ, 400L << 20, threads) / 1e9,
        Einblas.measureBandwidth(Einblas.Traffic.FILL_STREAM, 400L << 20, threads) / 1e9,
        plan.flops(),
        plan.bytes());
  }

  /** Frees them. */
  @TearDown(Level.Trial)
  public void tearDown() {
    for (Tensor t : operands) {
      t.close();
    }
    out.close();
  }

  /** A planned run into a given result. */
  @Benchmark
  public Tensor planned() {
    plan.runInto(out, 1, 0, operands);
    return out;
  }

  /** A cached einsum into a new result, closed after. */
  @Benchmark
  public long cachedEinsum() {
    try (Tensor result = Einsum.einsum(equation, operands)) {
      return result.address();
    }
  }
}
