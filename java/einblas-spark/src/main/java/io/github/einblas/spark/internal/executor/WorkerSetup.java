// What an executor must be and have before it computes.
package io.github.einblas.spark.internal.executor;

import io.github.einblas.Einblas;
import io.github.einblas.NativeMemoryException;
import io.github.einblas.Tuning;
import java.io.Serializable;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;

/**
 * The driver's version, instruction set and tuning, which bits depend on, carried to each task; and
 * the native memory of an executor.
 *
 * @param version of Einblas
 * @param isa the instruction set
 * @param tuning values that are not the defaults
 * @param mixed whether executors may differ from the driver in the last two
 */
public record WorkerSetup(String version, String isa, String tuning, boolean mixed)
    implements Serializable {
  private static final long serialVersionUID = 1;

  /** Of Spark's overhead so much is left to the JVM's own needs. */
  private static final double NATIVE_SHARE = 0.75;

  private static final long LEAST_OVERHEAD = 384L << 20;

  private static boolean ready;

  /** This process's. */
  public static WorkerSetup here(boolean mixed) {
    return new WorkerSetup(Einblas.version(), Einblas.isa(), tuned(), mixed);
  }

  private static String tuned() {
    return Tuning.values().stream()
        .filter(v -> v.value() != v.defaultValue())
        .map(v -> v.name() + "=" + v.value())
        .collect(Collectors.joining(", ", "[", "]"));
  }

  /**
   * Checks and prepares the process of a task.
   *
   * @return threads of a task
   * @throws ExecutorRefusal if it differs from the driver
   */
  public int enter(TaskContext context) {
    WorkerSetup own = here(mixed);
    String host = SparkEnv.get() == null ? "here" : SparkEnv.get().executorId();
    if (!own.version.equals(version)) {
      throw Refusals.refusal(
          "executor "
              + host
              + " has Einblas "
              + own.version
              + ", the driver "
              + version
              + ": give all the same jars (spark.jars)",
          null);
    }
    if (!mixed && !own.isa.equals(isa)) {
      throw Refusals.refusal(
          "executor "
              + host
              + " computes on "
              + own.isa
              + ", the driver on "
              + isa
              + ", which would make bits depend on where a task runs: set"
              + " spark.executorEnv.EINBLAS_ISA and the driver's EINBLAS_ISA to one that all have,"
              + " or allow it by SparkOptions.withMixedIsa(true)",
          null);
    }
    if (!mixed && !Objects.equals(own.tuning, tuning)) {
      throw Refusals.refusal(
          "executor "
              + host
              + " is tuned otherwise than the driver ("
              + own.tuning
              + " there, "
              + tuning
              + " here), which would make bits depend on where a task runs: give all the same"
              + " tuning file, or allow it by SparkOptions.withMixedIsa(true)",
          null);
    }
    int threads = Math.max(1, context.cpus());
    prepare(threads);
    return threads;
  }

  private static synchronized void prepare(int threads) {
    SparkEnv env = SparkEnv.get();
    if (ready || env == null || env.executorId().equals("driver")) {
      return; // in local mode the process is the user's, with settings of its own
    }
    Einblas.setThreads(threads);
    Einblas.setNativeMemoryLimit(nativeLimit(env.conf()));
    ready = true;
  }

  /** The native memory of an executor: three quarters of its memory overhead. */
  public static long nativeLimit(SparkConf conf) {
    return (long) (NATIVE_SHARE * overhead(conf));
  }

  private static long overhead(SparkConf conf) {
    if (conf.contains("spark.executor.memoryOverhead")) {
      return conf.getSizeAsMb("spark.executor.memoryOverhead", "0") << 20;
    }
    double factor = conf.getDouble("spark.executor.memoryOverheadFactor", 0.1);
    long heap = conf.getSizeAsMb("spark.executor.memory", "1g") << 20;
    return Math.max(LEAST_OVERHEAD, (long) (factor * heap));
  }

  /**
   * Computes something, and says what to do where memory was short.
   *
   * @throws ExecutorRefusal if it was
   */
  public static <T> T orRefused(Supplier<T> work) {
    try {
      return work.get();
    } catch (NativeMemoryException e) {
      throw Refusals.refusal(
          "an executor is short of native memory ("
              + e.getMessage()
              + "): raise spark.executor.memoryOverhead, three quarters of which are Einblas's, or"
              + " use smaller chunks or more pieces",
          e);
    } catch (OutOfMemoryError e) {
      throw Refusals.refusal(
          "an executor is short of Java heap ("
              + e.getMessage()
              + "): raise spark.executor.memory or use smaller chunks",
          null); // with the error as its cause Spark would end the executor
    }
  }
}
