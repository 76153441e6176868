// Demo: one case from its files to a checked result and a median time.
package io.github.einblas.cli;

import io.github.einblas.CsrMatrix;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.Kronecker;
import io.github.einblas.PlanOptions;
import io.github.einblas.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * What a case gave.
 *
 * @param seconds median time of a run
 * @param runs runs that the median is of
 * @param flops operations of a run on real numbers
 * @param kernels kernels used
 * @param check comparison with plain loops
 */
record DemoRun(
    DemoCase demoCase,
    double seconds,
    int runs,
    double flops,
    List<String> kernels,
    DemoCheck check) {
  private static final double WARM_UP_SECONDS = 0.2;
  private static final double MEASURED_SECONDS = 0.8;
  private static final int FEWEST_RUNS = 7;
  private static final int MOST_RUNS = 101;

  /** Shorter runs are timed in batches, so that the clock's step does not matter. */
  private static final double SHORTEST_BATCH_SECONDS = 200e-6;

  /** Writes the operands as .npy files, reads them back, runs, checks. */
  static DemoRun of(DemoCase demoCase, Path folder, String name, long seed) throws IOException {
    Path[] files = {folder.resolve(name + "-a.npy"), folder.resolve(name + "-b.npy")};
    RandomData[] data = {
      new RandomData(demoCase.dtype(), 2 * seed, demoCase.zeros()),
      new RandomData(demoCase.dtype(), 2 * seed + 1)
    };
    if (demoCase.isSparse()) {
      return sparse(demoCase, folder, name, data, seed);
    }
    for (int i = 0; i < 2; i++) {
      try (Tensor tensor = data[i].tensor(demoCase.storedShape(i))) {
        tensor.writeNpy(files[i]);
      }
    }
    try (Tensor a = Tensor.readNpy(files[0]);
        Tensor b = Tensor.readNpy(files[1]);
        Tensor out = Tensor.empty(demoCase.result(), demoCase.storedShape(2));
        // Views: a file of folded rows is contracted as it lies, and so is the result.
        Tensor x = a.reshape(demoCase.shape(0));
        Tensor y = b.reshape(demoCase.shape(1));
        Tensor result = out.reshape(demoCase.shape(2))) {
      PlanOptions options = PlanOptions.DEFAULT.withOutputType(demoCase.result());
      EinsumPlan plan = Einsum.plan(demoCase.equation(), options, x, y);
      // An element that is not written fails the check.
      out.fill(demoCase.result().isInteger() ? Integer.MIN_VALUE : Double.NaN);
      double[] times =
          measure(
              demoCase.fold() > 1
                  ? kronecker(demoCase, a, b, out)
                  : () -> plan.runInto(result, x, y));
      DemoCheck check =
          DemoCheck.of(demoCase, result, new PlainLoops(demoCase, data[0], data[1]), seed);
      if (!check.whole()) {
        check = check.with(plan.verify(new Tensor[] {x, y}, result, seed));
      }
      return new DemoRun(
          demoCase, median(times), times.length, plan.flops(), plan.kernels(x, y), check);
    }
  }

  /** A sparse first operand, rd, from a file as SciPy writes it, times a dense od. */
  private static DemoRun sparse(
      DemoCase demoCase, Path folder, String name, RandomData[] data, long seed)
      throws IOException {
    Path file = folder.resolve(name + "-a.npz");
    try (Tensor dense = data[0].tensor(demoCase.storedShape(0));
        CsrMatrix matrix = CsrMatrix.ofDense(dense, 0)) {
      matrix.writeNpz(file);
    }
    Path weightsFile = folder.resolve(name + "-b.npy");
    try (Tensor weights = data[1].tensor(demoCase.shape(1))) {
      weights.writeNpy(weightsFile);
    }
    long[] shape = demoCase.shape(0);
    try (CsrMatrix stored = CsrMatrix.readNpz(file);
        CsrMatrix rows = stored.reshape(shape[0], shape[1]);
        Tensor weights = Tensor.readNpy(weightsFile);
        Tensor turned = weights.transpose();
        Tensor out = Tensor.full(demoCase.dtype(), Double.NaN, demoCase.shape(2))) {
      double[] times = measure(() -> rows.timesInto(out, 1, 0, turned));
      DemoCheck check =
          DemoCheck.of(demoCase, out, new PlainLoops(demoCase, data[0], data[1]), seed);
      double flops = 2.0 * rows.entries() * demoCase.shape(2)[1];
      return new DemoRun(demoCase, median(times), times.length, flops, List.of("csr"), check);
    }
  }

  /** Folded rows are X kron(I, W)^T: the operator finds the product of the rows itself. */
  private static Runnable kronecker(DemoCase demoCase, Tensor x, Tensor w, Tensor out) {
    Kronecker k = Kronecker.of(Kronecker.identity(demoCase.fold()), w).transpose();
    return () -> k.timesLeftInto(out, 1, 0, x);
  }

  /** Seconds per run, after warming up. */
  static double[] measure(Runnable run) {
    long start = System.nanoTime();
    int warm = 0;
    while (warm < 2 || (warm < 10_000 && since(start) < WARM_UP_SECONDS)) {
      run.run();
      warm++;
    }
    double once = since(start) / warm;
    int batch = (int) Math.max(1, Math.ceil(SHORTEST_BATCH_SECONDS / once));
    double[] times = new double[MOST_RUNS];
    int runs = 0;
    start = System.nanoTime();
    while (runs < MOST_RUNS && (runs < FEWEST_RUNS || since(start) < MEASURED_SECONDS)) {
      long begin = System.nanoTime();
      for (int i = 0; i < batch; i++) {
        run.run();
      }
      times[runs++] = since(begin) / batch;
    }
    return Arrays.copyOf(times, runs);
  }

  private static double since(long start) {
    return (System.nanoTime() - start) * 1e-9;
  }

  static double median(double[] times) {
    double[] sorted = times.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
