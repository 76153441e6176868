// Runs of slices: one task each, added up in order on the driver.
package io.github.einblas.spark.internal.run;

import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.Tensor;
import io.github.einblas.spark.TensorBlock;
import io.github.einblas.spark.internal.executor.NativeScope;
import io.github.einblas.spark.internal.executor.WorkerSetup;
import io.github.einblas.spark.internal.plan.Site;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * The number of runs follows from the number of slices and the size of the result, not from the
 * executors of a cluster of up to 16 places, so that bits do not either.
 */
public final class SliceRuns implements Serializable {
  private static final long serialVersionUID = 1;

  /** Runs of a contraction, so that bits do not depend on the places of a small cluster. */
  public static final int LEAST = 64;

  /** Runs for each place of a large one: enough to even out. */
  private static final int PER_PLACE = 4;

  /** Runs that the driver keeps in view. */
  private static final int MOST = 100_000;

  private static final String INTERRUPT = "spark.job.interruptOnCancel";

  private final String json;
  private final String fingerprint;
  private final WorkerSetup setup;
  private final long slices;
  private final int runs;
  private final transient JavaSparkContext sc;
  private final transient EinsumPlan plan;

  private SliceRuns(JavaSparkContext sc, EinsumPlan plan, WorkerSetup setup, int runs) {
    this.sc = sc;
    this.plan = plan;
    this.json = plan.toJson();
    this.fingerprint = plan.cutFingerprint();
    this.setup = setup;
    this.slices = plan.sliceCount();
    this.runs = runs;
  }

  /**
   * Divides a plan's slices into runs.
   *
   * @throws IllegalArgumentException if Spark would not let two results through to the driver
   */
  public static SliceRuns of(
      JavaSparkContext sc, EinsumPlan plan, boolean mixedIsa, Site.Cluster cluster) {
    double result = plan.dtype().bytes();
    for (long length : plan.outputShape()) {
      result *= length;
    }
    long limit = sc.getConf().getSizeAsBytes("spark.driver.maxResultSize", "1g");
    double room = limit == 0 ? Double.POSITIVE_INFINITY : limit / 2.0;
    double most = Math.floor(room / Math.max(1, result));
    if (most < 1 || result > TensorBlock.MOST_BYTES) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s: the result has %.0f bytes; contract brings each run's to the driver and"
                  + " spark.driver.maxResultSize allows %d: raise it to %.0f, or contract"
                  + " DistributedTensors",
              plan.equation(),
              result,
              limit,
              4 * result));
    }
    int runs = (int) Math.min(Math.min(wanted(cluster), (double) plan.sliceCount()), most);
    return new SliceRuns(sc, plan, WorkerSetup.here(mixedIsa), runs);
  }

  /** Runs, and so slices at least, that a cluster wants. */
  public static int wanted(Site.Cluster cluster) {
    return (int) Math.max(LEAST, Math.min(MOST, (long) PER_PLACE * cluster.places()));
  }

  /** Number of runs, each of which is a task. */
  public int runs() {
    return runs;
  }

  /** The contraction's result. */
  public Tensor sum(List<TensorBlock> operands) {
    Broadcast<List<TensorBlock>> shared = sc.broadcast(new ArrayList<>(operands));
    Tensor sum = Tensor.zeros(plan.dtype(), plan.outputShape());
    String before = sc.getLocalProperty(INTERRUPT);
    sc.setLocalProperty(INTERRUPT, "true"); // runs of slices end between two when interrupted
    try {
      List<Integer> numbers = IntStream.range(0, runs).boxed().toList();
      JavaRDD<TensorBlock> parts =
          sc.parallelize(numbers, runs).mapPartitions(run -> compute(run.next(), shared));
      EinsumPlan identity = Einsum.plan("...->...", sum);
      for (List<TensorBlock> part : collected(parts)) {
        try (Tensor one = part.get(0).tensor()) {
          identity.runInto(sum, 1, 1, one);
        }
      }
      return sum;
    } catch (RuntimeException | Error e) {
      sum.close();
      throw e;
    } finally {
      sc.setLocalProperty(INTERRUPT, before);
      shared.destroy();
    }
  }

  private List<List<TensorBlock>> collected(JavaRDD<TensorBlock> parts) {
    return Arrays.asList(parts.collectPartitions(IntStream.range(0, runs).toArray()));
  }

  private Iterator<TensorBlock> compute(int run, Broadcast<List<TensorBlock>> shared) {
    TaskContext context = TaskContext.get();
    setup.enter(context); // the plan has its threads
    NativeScope scope = NativeScope.of(context);
    TensorBlock part =
        WorkerSetup.orRefused(
            () -> {
              EinsumPlan own = EinsumPlan.fromJson(json);
              if (!own.cutFingerprint().equals(fingerprint)) {
                throw new IllegalStateException(
                    "the plan's cut is " + own.cutFingerprint() + " here, not " + fingerprint);
              }
              Tensor[] operands =
                  shared.value().stream().map(b -> scope.own(b.tensor())).toArray(Tensor[]::new);
              Tensor sum = scope.own(Tensor.zeros(own.dtype(), own.outputShape()));
              long from = first(run);
              long to = first(run + 1);
              own.runSlices(from, to, sum, operands);
              return TensorBlock.of(sum);
            });
    scope.close();
    return List.of(part).iterator();
  }

  private long first(int run) {
    return (long) ((double) slices * run / runs);
  }
}
