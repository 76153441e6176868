// Benchmarks: products of sparse matrices, the cases of einblas_bench csr through Java.
package io.github.einblas.bench;

import io.github.einblas.CsrMatrix;
import io.github.einblas.DType;
import io.github.einblas.Einblas;
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

/** Time per call into a given result. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Xmx4g"})
public class CsrBenchmark {
  /** seed: 49980 x 784, 80 % zeros, times 30 columns; uniform_N: 100k x 100k, 20 in each row. */
  @Param({"tiny", "seed", "uniform_1", "uniform_8", "uniform_64", "uniform_256"})
  public String name;

  /** csr x dense, or csr^T x dense. */
  @Param({"false", "true"})
  public boolean transposed;

  /** Element type. */
  @Param({"F32", "F64"})
  public DType dtype;

  /** Threads per call. */
  @Param("2")
  public int threads;

  private CsrMatrix matrix;

  /** The matrix, or the transposed one. */
  private CsrMatrix operand;

  private Tensor x;
  private Tensor out;

  /** Makes the matrix, whose columns are random, and the operand. */
  @Setup(Level.Trial)
  public void setUp() {
    Einblas.setThreads(threads);
    boolean seed = name.equals("seed");
    int rows = seed ? 49980 : name.equals("tiny") ? 8 : 100_000;
    int columns = seed ? 784 : rows;
    int each = seed ? 157 : Math.min(20, rows / 2);
    int n = seed ? 30 : name.equals("tiny") ? 4 : Integer.parseInt(name.substring(8));
    Random random = new Random(20261121);
    int[] indptr = new int[rows + 1];
    int[] indices = new int[rows * each];
    for (int r = 0; r < rows; r++) {
      indptr[r + 1] = (r + 1) * each;
      for (int i = 0; i < each; i++) {
        indices[r * each + i] = random.nextInt(columns);
      }
    }
    double[] values = random.doubles(indices.length, -1, 1).toArray();
    try (CsrMatrix wide = CsrMatrix.of(values, indices, indptr, rows, columns)) {
      matrix = wide.to(dtype);
    }
    operand = transposed ? matrix.transpose() : matrix;
    x = filled(random, transposed ? rows : columns, n);
    out = Tensor.empty(dtype, transposed ? columns : rows, n);
  }

  private Tensor filled(Random random, int rows, int n) {
    try (Tensor wide = Tensor.of(random.doubles((long) rows * n, -1, 1).toArray(), rows, n)) {
      return wide.to(dtype);
    }
  }

  /** Frees them. */
  @TearDown(Level.Trial)
  public void tearDown() {
    matrix.close();
    x.close();
    out.close();
  }

  /** One call. */
  @Benchmark
  public Object call() {
    operand.timesInto(out, 1, 0, x);
    return out;
  }
}
