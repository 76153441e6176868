// Public API: how a contraction on Spark is planned and run.
package io.github.einblas.spark;

import io.github.einblas.PlanOptions;
import java.util.Objects;

/**
 * Choices of a {@link SparkPlan}; each {@code with} method gives a changed copy.
 *
 * <pre>{@code
 * SparkOptions options = SparkOptions.DEFAULT.withMethod(SparkOptions.Method.GRID).withTaskMemory(4L << 30);
 * }</pre>
 */
public final class SparkOptions {
  /** How two operands meet. */
  public enum Method {
    /** The cheapest of the others, by the model that {@link SparkPlan#explain} shows. */
    AUTO,
    /** Each task reads its own blocks of batch labels; nothing is shuffled. */
    LOCAL,
    /** The smaller operand goes to all executors; the larger one stays in its blocks. */
    BROADCAST,
    /**
     * Tasks compute tiles of the result, p along one operand's labels and q along the other's; each
     * block is sent once to each task that needs it.
     */
    GRID,
    /**
     * All operands are broadcast, and each task computes a run of slices of the whole contraction:
     * for networks of small operands with much work.
     */
    SLICES
  }

  /** Chooses by cost and takes what the cluster says of itself. */
  public static final SparkOptions DEFAULT = new SparkOptions(new Draft());

  private final Method method;
  private final long taskMemory;
  private final int parallelism;
  private final long broadcastLimit;
  private final double bytesPerSecond;
  private final double flopsPerSecond;
  private final int[] pieces;
  private final boolean mixedIsa;
  private final PlanOptions planOptions;

  private SparkOptions(Draft draft) {
    method = draft.method;
    taskMemory = draft.taskMemory;
    parallelism = draft.parallelism;
    broadcastLimit = draft.broadcastLimit;
    bytesPerSecond = draft.bytesPerSecond;
    flopsPerSecond = draft.flopsPerSecond;
    pieces = draft.pieces;
    mixedIsa = draft.mixedIsa;
    planOptions = draft.planOptions;
  }

  private static final class Draft {
    private Method method = Method.AUTO;
    private long taskMemory;
    private int parallelism;
    private long broadcastLimit = 256L << 20;
    private double bytesPerSecond = 300e6;
    private double flopsPerSecond;
    private int[] pieces = {};
    private boolean mixedIsa;
    private PlanOptions planOptions = PlanOptions.DEFAULT;
  }

  private Draft draft() {
    Draft draft = new Draft();
    draft.method = method;
    draft.taskMemory = taskMemory;
    draft.parallelism = parallelism;
    draft.broadcastLimit = broadcastLimit;
    draft.bytesPerSecond = bytesPerSecond;
    draft.flopsPerSecond = flopsPerSecond;
    draft.pieces = pieces;
    draft.mixedIsa = mixedIsa;
    draft.planOptions = planOptions;
    return draft;
  }

  /** How two operands meet. */
  public Method method() {
    return method;
  }

  /** Another method; one that an equation does not allow is refused when it is planned. */
  public SparkOptions withMethod(Method newMethod) {
    Draft draft = draft();
    draft.method = Objects.requireNonNull(newMethod, "method");
    return new SparkOptions(draft);
  }

  /** Native bytes that one task may take; 0: what the cluster's settings leave it. */
  public long taskMemory() {
    return taskMemory;
  }

  /**
   * Another bound on the native memory of a task.
   *
   * @param bytes 0 for three quarters of {@code spark.executor.memoryOverhead}, divided among the
   *     tasks that an executor runs at a time
   */
  public SparkOptions withTaskMemory(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("bytes of a task must not be negative: " + bytes);
    }
    Draft draft = draft();
    draft.taskMemory = bytes;
    return new SparkOptions(draft);
  }

  /** Tasks that run at a time; 0: as many as the cluster has places. */
  public int parallelism() {
    return parallelism;
  }

  /**
   * Another number of tasks at a time, which the pieces follow. A number makes plans, and so bits,
   * independent of how many executors there are.
   */
  public SparkOptions withParallelism(int tasks) {
    if (tasks < 0) {
      throw new IllegalArgumentException("tasks at a time must not be negative: " + tasks);
    }
    Draft draft = draft();
    draft.parallelism = tasks;
    return new SparkOptions(draft);
  }

  /** Largest operand in bytes that is broadcast; 256 MB by default. */
  public long broadcastLimit() {
    return broadcastLimit;
  }

  /** Another bound on what is broadcast; it passes through the driver's memory. */
  public SparkOptions withBroadcastLimit(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("bytes of a broadcast must not be negative: " + bytes);
    }
    Draft draft = draft();
    draft.broadcastLimit = bytes;
    return new SparkOptions(draft);
  }

  /** Bytes of a shuffle that one task writes and reads in a second. */
  public double shuffleBytesPerSecond() {
    return bytesPerSecond;
  }

  /** Another speed of shuffles for the predictions: that of network or disk for one task. */
  public SparkOptions withShuffleBytesPerSecond(double rate) {
    if (!(rate > 0)) {
      throw new IllegalArgumentException("bytes per second must be positive: " + rate);
    }
    Draft draft = draft();
    draft.bytesPerSecond = rate;
    return new SparkOptions(draft);
  }

  /** Operations on numbers that one task does in a second; 0: as this machine was measured. */
  public double flopsPerSecond() {
    return flopsPerSecond;
  }

  /** Another speed of products for the predictions, for executors on other machines. */
  public SparkOptions withFlopsPerSecond(double rate) {
    if (!(rate >= 0)) {
      throw new IllegalArgumentException("operations per second must not be negative: " + rate);
    }
    Draft draft = draft();
    draft.flopsPerSecond = rate;
    return new SparkOptions(draft);
  }

  /** Forced pieces: of batch labels, of p, q and of contracted labels; empty if none are. */
  public int[] pieces() {
    return pieces.clone();
  }

  /**
   * Forces the grid.
   *
   * @param batch pieces of the batch labels
   * @param p pieces of the labels that the first operand shares with the result
   * @param q pieces of the labels that the second operand shares with the result
   * @param sum pieces of the contracted labels; bits depend on this one alone
   */
  public SparkOptions withPieces(int batch, int p, int q, int sum) {
    int[] all = {batch, p, q, sum};
    for (int one : all) {
      if (one < 1) {
        throw new IllegalArgumentException("pieces must be at least 1: " + one);
      }
    }
    Draft draft = draft();
    draft.pieces = all;
    return new SparkOptions(draft);
  }

  /** Whether executors may have other instruction sets or tuning than the driver. */
  public boolean mixedIsa() {
    return mixedIsa;
  }

  /** Allows executors that round differently, or forbids them, as by default. */
  public SparkOptions withMixedIsa(boolean allowed) {
    Draft draft = draft();
    draft.mixedIsa = allowed;
    return new SparkOptions(draft);
  }

  /** Options of the products within a task; their threads follow {@code spark.task.cpus}. */
  public PlanOptions planOptions() {
    return planOptions;
  }

  /** Other options of the contractions: the order of pairs, the result's type, slices. */
  public SparkOptions withPlanOptions(PlanOptions options) {
    Draft draft = draft();
    draft.planOptions = Objects.requireNonNull(options, "options");
    return new SparkOptions(draft);
  }
}
