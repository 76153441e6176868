// What Spark's configuration says of the cluster.
package io.github.einblas.spark.internal.plan;

import io.github.einblas.Einblas;
import io.github.einblas.spark.SparkOptions;
import io.github.einblas.spark.internal.executor.WorkerSetup;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** Places of tasks and their memory. */
public final class ClusterFacts {
  private static final long RESERVED_HEAP = 300L << 20;
  private static final double SORT_SHARE = 0.6 / 2; // of spark.memory.fraction, half may be cached

  private ClusterFacts() {}

  /** Of a context, where options do not say otherwise. */
  public static Site.Cluster of(JavaSparkContext sc, SparkOptions options) {
    SparkConf conf = sc.getConf();
    int cpus = Math.max(1, conf.getInt("spark.task.cpus", 1));
    boolean local = sc.sc().isLocal();
    int places =
        options.parallelism() > 0
            ? options.parallelism()
            : Math.max(1, Math.max(sc.defaultParallelism(), instances(conf)) / cpus);
    int perExecutor = local ? places : Math.max(1, conf.getInt("spark.executor.cores", 1) / cpus);
    long nativeBytes;
    String reason;
    if (options.taskMemory() > 0) {
      nativeBytes = options.taskMemory();
      reason = "withTaskMemory";
    } else if (local) {
      nativeBytes = Einblas.nativeBytesAvailable() / places;
      reason = "what is free on this machine, divided among " + places;
    } else {
      nativeBytes = WorkerSetup.nativeLimit(conf) / perExecutor;
      reason = "three quarters of spark.executor.memoryOverhead, divided among " + perExecutor;
    }
    long heap =
        local
            ? Runtime.getRuntime().maxMemory()
            : conf.getSizeAsMb("spark.executor.memory", "1g") << 20;
    long sort = (long) (SORT_SHARE * Math.max(0, heap - RESERVED_HEAP) / perExecutor);
    return new Site.Cluster(
        places, cpus, nativeBytes, reason, sort, options.shuffleBytesPerSecond());
  }

  private static int instances(SparkConf conf) {
    return conf.getInt("spark.executor.instances", 0) * conf.getInt("spark.executor.cores", 1);
  }
}
