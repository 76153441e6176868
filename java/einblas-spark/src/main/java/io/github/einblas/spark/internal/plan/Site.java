// What the planner knows of an operand and of the cluster.
package io.github.einblas.spark.internal.plan;

import io.github.einblas.DType;

/** Vocabulary of the planner. */
public final class Site {
  private Site() {}

  /**
   * An operand of a step.
   *
   * @param labels of its axes
   * @param type of its elements
   * @param readable whether any task can read any block
   * @param placement which partition has which block, or null
   */
  public record Operand(int[] labels, DType type, boolean readable, Placement placement) {}

  /**
   * The cluster.
   *
   * @param places tasks that run at a time
   * @param threads of a task
   * @param nativeBytes of a task
   * @param nativeReason where that bound comes from
   * @param sortBytes heap of a task that Spark's sorters may fill before they spill
   * @param bytesPerSecond of a task in a shuffle
   */
  public record Cluster(
      int places,
      int threads,
      long nativeBytes,
      String nativeReason,
      long sortBytes,
      double bytesPerSecond) {}
}
