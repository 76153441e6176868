// A network of small operands whose slices are computed all over the cluster.
package io.github.einblas.spark;

import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.Tensor;
import io.github.einblas.spark.internal.executor.Refusals;
import io.github.einblas.spark.internal.executor.WorkerSetup;
import io.github.einblas.spark.internal.plan.ClusterFacts;
import io.github.einblas.spark.internal.plan.ProductOptions;
import io.github.einblas.spark.internal.plan.Site;
import io.github.einblas.spark.internal.run.SliceRuns;
import java.util.Objects;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Plans on the driver, whose cuts travel in the plan's JSON, so that all executors compute the same
 * slices.
 */
final class SlicedContraction {
  /** Slices, so that bits do not depend on the executors of a small cluster. */
  private static final int LEAST_SLICES = 64;

  /** Slices for each place of a large one: enough to even out. */
  private static final int PER_PLACE = 4;

  private final JavaSparkContext sc;
  private final EinsumPlan plan;
  private final SparkOptions options;
  private final Site.Cluster cluster;

  private SlicedContraction(
      JavaSparkContext sc, EinsumPlan plan, SparkOptions options, Site.Cluster cluster) {
    this.sc = sc;
    this.plan = plan;
    this.options = options;
    this.cluster = cluster;
  }

  static SlicedContraction of(
      JavaSparkContext sc, String equation, SparkOptions options, Tensor... operands) {
    Objects.requireNonNull(sc, "sc");
    Objects.requireNonNull(options, "options");
    Site.Cluster cluster = ClusterFacts.of(sc, options);
    PlanOptions own = options.planOptions();
    if (!ProductOptions.cuts(own)) {
      own = own.withSlices(Math.max(LEAST_SLICES, PER_PLACE * cluster.places()));
    }
    EinsumPlan plan = Einsum.plan(equation, own, operands);
    double bytes = 0;
    for (Tensor operand : operands) {
      bytes += operand.nbytes();
    }
    if (bytes > options.broadcastLimit()) {
      throw new IllegalArgumentException(
          String.format(
              java.util.Locale.ROOT,
              "%s: the operands have %.0f bytes together, the limit of a broadcast is %d"
                  + " (SparkOptions.withBroadcastLimit); larger ones are contracted as"
                  + " DistributedTensors",
              equation,
              bytes,
              options.broadcastLimit()));
    }
    if (bytes + plan.peakBytes() > cluster.nativeBytes()) {
      throw new IllegalArgumentException(
          String.format(
              java.util.Locale.ROOT,
              "%s: a task has %d bytes of native memory (%s), operands, result and one slice need"
                  + " %.0f: give it that by spark.executor.memoryOverhead or"
                  + " SparkOptions.withTaskMemory, or cut finer by PlanOptions.withSliceMemoryLimit",
              equation,
              cluster.nativeBytes(),
              cluster.nativeReason(),
              bytes + plan.peakBytes()));
    }
    return new SlicedContraction(sc, plan, options, cluster);
  }

  Tensor run(Tensor... operands) {
    Refusals.hear(sc.sc());
    WorkerSetup setup = WorkerSetup.here(options.mixedIsa());
    return SliceRuns.of(sc, plan, setup, cluster).sum(operands);
  }
}
