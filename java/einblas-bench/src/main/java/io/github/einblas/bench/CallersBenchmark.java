// Benchmarks: many threads of a service that call at once.
package io.github.einblas.bench;

import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.Tensor;
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
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Square products by 32 Java threads that share a plan, each with a result of its own: calls per
 * second of all, and what single calls take, with as many threads per call as the process has and
 * with one.
 */
@State(Scope.Benchmark)
@BenchmarkMode({Mode.Throughput, Mode.SampleTime})
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1, time = 2)
@Measurement(iterations = 1, time = 10)
@Threads(32)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class CallersBenchmark {
  /** Threads per call; 0 leaves it to the process. */
  @Param({"0", "1"})
  public int threads;

  /** Rows and columns. */
  @Param("64")
  public int size;

  private Tensor a;
  private Tensor b;
  private EinsumPlan plan;

  /** A caller's own result. */
  @State(Scope.Thread)
  public static class Caller {
    private Tensor result;

    /** Frees it. */
    @TearDown(Level.Trial)
    public void tearDown() {
      if (result != null) {
        result.close();
      }
    }
  }

  /** Makes operands and plan. */
  @Setup(Level.Trial)
  public void setUp() {
    float[] values = new float[size * size];
    Arrays.fill(values, 0.5f);
    a = Tensor.of(values, size, size);
    b = Tensor.of(values, size, size);
    PlanOptions options = PlanOptions.DEFAULT;
    plan = Einsum.plan("ij,jk->ik", threads == 0 ? options : options.withThreads(threads), a, b);
  }

  /** Frees them. */
  @TearDown(Level.Trial)
  public void tearDown() {
    a.close();
    b.close();
  }

  /** One call. */
  @Benchmark
  public Tensor call(Caller caller) {
    if (caller.result == null) {
      caller.result = plan.run(a, b);
    } else {
      plan.runInto(caller.result, a, b);
    }
    return caller.result;
  }
}
