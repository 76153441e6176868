// A network of small operands whose slices are computed all over the cluster.
package io.github.einblas.spark;

import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.PlanReport;
import io.github.einblas.PlanSlice;
import io.github.einblas.Tensor;
import io.github.einblas.spark.internal.executor.Refusals;
import io.github.einblas.spark.internal.plan.ClusterExplanation;
import io.github.einblas.spark.internal.plan.ClusterFacts;
import io.github.einblas.spark.internal.plan.ProductOptions;
import io.github.einblas.spark.internal.plan.Site;
import io.github.einblas.spark.internal.plan.StepCost;
import io.github.einblas.spark.internal.run.SliceRuns;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Plans on the driver, whose cuts travel in the plan's JSON, so that all executors compute the same
 * slices.
 */
final class SlicedContraction {
  private final JavaSparkContext sc;
  private final EinsumPlan plan;
  private final SliceRuns runs;
  private final Site.Cluster cluster;
  private final double operandBytes;

  private SlicedContraction(
      JavaSparkContext sc,
      EinsumPlan plan,
      SliceRuns runs,
      Site.Cluster cluster,
      double operandBytes) {
    this.sc = sc;
    this.plan = plan;
    this.runs = runs;
    this.cluster = cluster;
    this.operandBytes = operandBytes;
  }

  static SlicedContraction of(
      JavaSparkContext sc,
      String equation,
      SparkOptions options,
      List<DType> types,
      long[]... shapes) {
    Site.Cluster cluster = ClusterFacts.of(sc, options);
    PlanOptions own = options.planOptions();
    if (!ProductOptions.cuts(own)) {
      long wanted = SliceRuns.wanted(cluster);
      own = own.withSlices(Math.min(wanted, most(Einsum.plan(equation, own, types, shapes))));
    }
    EinsumPlan plan = Einsum.plan(equation, own.withThreads(cluster.threads()), types, shapes);
    double bytes = 0;
    for (int i = 0; i < shapes.length; i++) {
      bytes += bytes(types.get(i), shapes[i]);
    }
    if (bytes > options.broadcastLimit()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s: slices need all operands everywhere: they have %.0f bytes together, the limit of"
                  + " a broadcast is %d (SparkOptions.withBroadcastLimit); larger ones are"
                  + " contracted as DistributedTensors",
              equation,
              bytes,
              options.broadcastLimit()));
    }
    double task = bytes + plan.peakBytes();
    if (task > cluster.nativeBytes()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s: a task has %d bytes of native memory (%s), operands, result and one slice need"
                  + " %.0f: give it that by spark.executor.memoryOverhead or"
                  + " SparkOptions.withTaskMemory, or cut finer by PlanOptions.withSliceMemoryLimit",
              equation,
              cluster.nativeBytes(),
              cluster.nativeReason(),
              task));
    }
    SliceRuns runs = SliceRuns.of(sc, plan, options.mixedIsa(), cluster);
    return new SlicedContraction(sc, plan, runs, cluster, bytes);
  }

  /** Slices of which each takes one index of every label. */
  private static long most(EinsumPlan plan) {
    Map<String, Long> lengths = new HashMap<>();
    for (int i = 0; i < plan.shapes().length; i++) {
      for (PlanSlice.Range axis : plan.slice(0).operandRanges(i)) {
        lengths.merge(axis.label(), axis.length(), Math::max);
      }
    }
    double most =
        lengths.values().stream().mapToDouble(Long::doubleValue).reduce(1, (a, b) -> a * b);
    return (long) Math.max(1, most);
  }

  private static double bytes(DType type, long[] shape) {
    double bytes = type.bytes();
    for (long length : shape) {
      bytes *= length;
    }
    return bytes;
  }

  Tensor run(List<TensorBlock> operands) {
    Refusals.hear(sc.sc());
    return runs.sum(operands);
  }

  int tasks() {
    return runs.runs();
  }

  double broadcastBytes() {
    return operandBytes;
  }

  double taskBytes() {
    return operandBytes + plan.peakBytes();
  }

  /** Products evenly divided, operands out, and each run's result back. */
  double seconds() {
    double rounds = Math.ceil((double) tasks() / cluster.places());
    double back = tasks() * bytes(plan.dtype(), plan.outputShape());
    return 2 * StepCost.STAGE
        + rounds * plan.report().predictedSeconds() / tasks()
        + (operandBytes + back) / cluster.bytesPerSecond();
  }

  String explain() {
    PlanReport report = plan.report();
    double result = bytes(plan.dtype(), plan.outputShape());
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "equation  %s on Spark%nmethod    slices: %d of them, cut %s, in %d runs, a task each%n"
                + "cluster   %d tasks at a time of %d threads; native memory of a task %s: %s%n"
                + "moved     %s broadcast, %s back to the driver, nothing shuffled%n"
                + "task      at most %s native%n"
                + "time      %.2f s, %.2f s of work in all%n",
            plan.equation(),
            plan.sliceCount(),
            report.cuts(),
            tasks(),
            cluster.places(),
            cluster.threads(),
            ClusterExplanation.bytes((double) cluster.nativeBytes()),
            cluster.nativeReason(),
            ClusterExplanation.bytes(operandBytes),
            ClusterExplanation.bytes(tasks() * result),
            ClusterExplanation.bytes(taskBytes()),
            seconds(),
            report.predictedSeconds()));
    PlanReport alone =
        Einsum.plan(
                plan.equation(),
                plan.options().withThreads(PlanOptions.DEFAULT.threads()),
                plan.operandTypes(),
                plan.shapes())
            .report();
    text.append(
        String.format(
            Locale.ROOT,
            "one machine like this one would take %.2f s with %d threads%s%n",
            alone.predictedSeconds(),
            Einblas.threads(),
            alone.predictedSeconds() < seconds() ? ": that is faster" : ""));
    return text.toString().replace(System.lineSeparator(), "\n");
  }
}
