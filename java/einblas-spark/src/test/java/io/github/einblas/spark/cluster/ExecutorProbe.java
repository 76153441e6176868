// What an executor says of itself.
package io.github.einblas.spark.cluster;

import io.github.einblas.Einblas;
import io.github.einblas.spark.SparkEinsum;
import org.apache.spark.SparkEnv;

/**
 * Of one executor.
 *
 * @param id Spark's
 * @param pid its process
 * @param nativeBytes in use
 * @param isa its instruction set
 * @param loader of Einblas's classes
 */
record ExecutorProbe(String id, long pid, long nativeBytes, String isa, String loader) {
  /** Runs on an executor; a string, which every serialiser knows. */
  static String here() {
    StandaloneCluster.pause(20); // so that others get tasks too
    return String.join(
        "\t",
        SparkEnv.get().executorId(),
        Long.toString(ProcessHandle.current().pid()),
        Long.toString(Einblas.nativeBytesInUse()),
        Einblas.isa(),
        SparkEinsum.class.getClassLoader().getClass().getSimpleName());
  }

  static ExecutorProbe of(String text) {
    String[] parts = text.split("\t", -1);
    return new ExecutorProbe(
        parts[0], Long.parseLong(parts[1]), Long.parseLong(parts[2]), parts[3], parts[4]);
  }
}
