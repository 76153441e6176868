// Benchmarks: chains of Kronecker factors, as one operator and as one einsum.
package io.github.einblas.bench;

import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.Kronecker;
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
import org.openjdk.jmh.annotations.Warmup;

/** Time of X K into a given result. Names of cases are those of einblas_bench kron. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Xmx4g"})
public class KroneckerBenchmark {
  /** The operator, or the same contraction as an einsum plan. */
  @Param({"operator", "einsum"})
  public String form;

  /** Rows of X, order and number of the factors. */
  @Param({"16x8^3", "1024x8^3", "16x16^3", "16x32^3", "16x4^6", "16x8^6", "1024x64^2", "16x128^2"})
  public String name;

  /** Element type. */
  @Param({"F32", "F64"})
  public DType dtype;

  /** Threads per call. */
  @Param("2")
  public int threads;

  private Tensor x;
  private Tensor[] factors;
  private Tensor[] operands;
  private Tensor result;
  private Kronecker operator;
  private EinsumPlan plan;
  private Tensor split;

  /** Makes operands and result. */
  @Setup(Level.Trial)
  public void setUp() {
    Einblas.setThreads(threads);
    int[] numbers = Arrays.stream(name.split("[x^]")).mapToInt(Integer::parseInt).toArray();
    int rows = numbers[0];
    int order = numbers[1];
    int count = numbers[2];
    long columns = 1;
    for (int i = 0; i < count; i++) {
      columns *= order;
    }
    x = operand(0, rows, columns);
    result = Tensor.zeros(dtype, rows, columns);
    factors = new Tensor[count];
    long[] shape = new long[count + 1];
    Arrays.fill(shape, order);
    shape[0] = rows;
    operands = new Tensor[count + 1];
    operands[0] = x.reshape(shape);
    StringBuilder from = new StringBuilder("z");
    StringBuilder middle = new StringBuilder();
    StringBuilder to = new StringBuilder("z");
    for (int i = 0; i < count; i++) {
      factors[i] = operand(i + 1, order, order);
      operands[i + 1] = factors[i];
      from.append((char) ('a' + i));
      to.append((char) ('A' + i));
      middle.append(',').append((char) ('a' + i)).append((char) ('A' + i));
    }
    operator = Kronecker.of(factors);
    split = result.reshape(shape);
    plan = Einsum.plan(from + middle.toString() + "->" + to, operands);
  }

  private Tensor operand(int number, long... shape) {
    Tensor t = Tensor.empty(dtype, shape);
    NativeArray.at(t.address(), dtype, t.size()).setOperand(number, t.size());
    return t;
  }

  /** Frees them. */
  @TearDown(Level.Trial)
  public void tearDown() {
    x.close();
    result.close();
    Arrays.stream(factors).forEach(Tensor::close);
  }

  /** One call. */
  @Benchmark
  public Tensor call() {
    if ("einsum".equals(form)) {
      plan.runInto(split, 1, 0, operands);
    } else {
      operator.timesLeftInto(result, 1, 0, x);
    }
    return result;
  }
}
