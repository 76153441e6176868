// Benchmarks: every catalogue case by every implementation on the class path.
package io.github.einblas.bench;

import io.github.einblas.DType;
import java.nio.file.Path;
import java.util.List;
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
 * name=gemm_512,...}, implementations with {@code -p implementation=einblas,pytorch,...}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {
      "--enable-native-access=ALL-UNNAMED",
      "--add-modules=jdk.incubator.vector",
      "-Xmx4g"
    })
public class EinsumBenchmark {
  /** Who computes: a name of {@link Rival#all()}. */
  @Param("einblas")
  public String implementation;

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

  /** Element type; {@code -p dtype=BF16} and every other is einblas's alone. */
  @Param({"F32", "F64"})
  public DType dtype;

  /** Threads per call. */
  @Param({"1", "2"})
  public int threads;

  /** How the implementation is called. */
  @Param({"BEST", "USUAL"})
  public Rival.Style style;

  /**
   * Position in {@link Rival#jobs}, for a rival that has several forms; -1: the one that is fastest
   * in a short trial.
   */
  @Param("-1")
  public int form;

  /** File of einblas's fingerprint; empty: einblas is asked in this process. */
  @Param("")
  public String reference;

  private Rival.Job job;

  /** Makes operands and result, and compares the result with einblas's. */
  @Setup(Level.Trial)
  public void setUp() throws Exception {
    Catalogue.Case c = Catalogue.find(name);
    Rival rival = Rival.named(implementation);
    if (!rival.has(dtype)) {
      throw new IllegalArgumentException(
          implementation + " is measured in F32 and F64, not in " + dtype);
    }
    double[] expected = null;
    if (!reference.isEmpty()) {
      expected = Fingerprint.read(Path.of(reference));
    } else if (!implementation.equals("einblas")) {
      try (Rival.Job einblas = new EinblasRival().jobs(c, dtype, Rival.Style.BEST).get(0)) {
        expected = Trial.fingerprint(einblas, c);
      }
    }
    rival.setThreads(threads);
    List<Rival.Job> jobs = rival.jobs(c, dtype, style);
    if (jobs.isEmpty()) {
      throw new IllegalArgumentException(implementation + " cannot do " + name + " " + style);
    }
    for (Rival.Job j : jobs) {
      double[] print = Trial.fingerprint(j, c);
      if (expected != null) {
        Fingerprint.check(print, expected, Fingerprint.tolerance(c, Trial.epsilon(dtype)));
      }
    }
    job = form < 0 ? Trial.fastest(jobs) : jobs.get(form);
    jobs.stream().filter(j -> j != job).forEach(Rival.Job::close);
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
