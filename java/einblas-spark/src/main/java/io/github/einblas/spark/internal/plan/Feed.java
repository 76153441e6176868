// How the blocks of an operand come to the tasks.
package io.github.einblas.spark.internal.plan;

/** Ways of an operand. */
public enum Feed {
  /** Tasks read the blocks that they need from a file or a formula. */
  READ,
  /** Partitions hold what the tasks of the same number need. */
  PLACED,
  /** Blocks are products of their own, wherever they lie: the other operand is broadcast. */
  EACH,
  /** Each block is sent to each task that needs it. */
  SHUFFLED,
  /** All executors have all of it. */
  BROADCAST
}
