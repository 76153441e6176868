// The partition of a slab is the number of the task that needs it.
package io.github.einblas.spark.internal.run;

import org.apache.spark.Partitioner;

/** Equal by value, so that Spark sees when two are the same. */
final class TaskPartitioner extends Partitioner {
  private static final long serialVersionUID = 1;

  private final int tasks;

  TaskPartitioner(int tasks) {
    this.tasks = tasks;
  }

  @Override
  public int numPartitions() {
    return tasks;
  }

  @Override
  public int getPartition(Object key) {
    return ((SlabKey) key).task();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TaskPartitioner p && p.tasks == tasks;
  }

  @Override
  public int hashCode() {
    return tasks;
  }
}
