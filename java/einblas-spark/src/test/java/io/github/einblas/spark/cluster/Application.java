// A Spark application of this process on the cluster.
package io.github.einblas.spark.cluster;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** Executors of one core, which get Einblas by spark.jars, with an empty cache for its natives. */
final class Application implements AutoCloseable {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final JavaSparkContext sc;
  private final int executors;

  private Application(JavaSparkContext sc, int executors) {
    this.sc = sc;
    this.executors = executors;
  }

  /** So many executors, all there before the first job; pairs of settings after that. */
  static Application start(int executors, String... settings) {
    StandaloneCluster cluster = StandaloneCluster.shared();
    String name = "application-" + NUMBER.incrementAndGet();
    SparkConf conf =
        new SparkConf()
            .setMaster(cluster.url())
            .setAppName(name)
            .set("spark.ui.enabled", "false")
            .set("spark.driver.host", "127.0.0.1")
            .set("spark.driver.bindAddress", "127.0.0.1")
            .set("spark.local.dir", cluster.folder().resolve("local").toString())
            .set("spark.jars", cluster.jars())
            .set("spark.cores.max", Integer.toString(executors))
            .set("spark.executor.cores", "1")
            .set("spark.executor.memory", "1g")
            .set("spark.shuffle.readHostLocalDisk", "false") // as on machines of their own
            .set("spark.shuffle.io.retryWait", "200ms")
            .set("spark.scheduler.minRegisteredResourcesRatio", "1.0")
            .set("spark.scheduler.maxRegisteredResourcesWaitingTime", "60s")
            .set(
                "spark.executor.extraJavaOptions",
                StandaloneCluster.QUICK_START
                    + " \"-Dorg.bytedeco.javacpp.cachedir="
                    + cluster.folder().resolve(name)
                    + "\"");
    for (int i = 0; i < settings.length; i += 2) {
      conf.set(settings[i], settings[i + 1]);
    }
    return new Application(new JavaSparkContext(conf), executors);
  }

  JavaSparkContext sc() {
    return sc;
  }

  /** Counts from now on; what ran before is not in them. */
  TaskCounts counts() {
    settle();
    TaskCounts counts = new TaskCounts();
    sc.sc().addSparkListener(counts);
    return counts;
  }

  /** Waits until listeners have heard of all that happened. */
  void settle() {
    try {
      sc.sc().listenerBus().waitUntilEmpty();
    } catch (java.util.concurrent.TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }

  /** All executors, each asked by a job. */
  Map<String, ExecutorProbe> executors() {
    Map<String, ExecutorProbe> all = new TreeMap<>();
    int tasks = 4 * executors;
    for (int round = 0; round < 100 && all.size() < executors; round++) {
      sc.parallelize(IntStream.range(0, tasks).boxed().toList(), tasks)
          .map(i -> ExecutorProbe.here())
          .collect()
          .forEach(
              text -> {
                ExecutorProbe one = ExecutorProbe.of(text);
                all.put(one.id(), one);
              });
    }
    if (all.size() < executors) {
      throw new IllegalStateException("only " + all + " of " + executors + " executors answer");
    }
    return all;
  }

  @Override
  public void close() {
    sc.close();
  }
}
