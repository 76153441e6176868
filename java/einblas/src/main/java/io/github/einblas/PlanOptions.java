// Public API: how a plan is made and run.
package io.github.einblas;

import java.util.Arrays;
import java.util.Objects;

/**
 * Options of a plan: an immutable value, made from {@link #DEFAULT} by its {@code with} methods.
 */
public final class PlanOptions {
  /** How the order of contractions is found for more than two operands. */
  public enum Strategy {
    /** Optimal for few operands, greedy beyond. */
    AUTO,
    /** The cheapest of all orders; up to 14 operands. */
    OPTIMAL,
    /** Always the pair that shrinks the data most; hundreds of operands. */
    GREEDY,
    /** Pairs from the left, as written. */
    LEFT_TO_RIGHT
  }

  private static final int MOST_THREADS = 1024;

  /** The process's threads, automatic path, chosen kernels. */
  public static final PlanOptions DEFAULT = new PlanOptions(0, Strategy.AUTO, null, null);

  private final int threads;
  private final Strategy strategy;
  private final int[][] path;
  private final String kernel;

  private PlanOptions(int threads, Strategy strategy, int[][] path, String kernel) {
    this.threads = threads;
    this.strategy = strategy;
    this.path = path;
    this.kernel = kernel;
  }

  /** Threads per run; 0 means {@link Einblas#threads()} at the time of the run. */
  public int threads() {
    return threads;
  }

  /** How the path is searched when none is given. */
  public Strategy strategy() {
    return strategy;
  }

  /** The given path, or null: see {@link #withPath}. */
  public int[][] path() {
    return copy(path);
  }

  /** The native kernel forced on every step, or null. */
  public String kernel() {
    return kernel;
  }

  /**
   * With another number of threads per run.
   *
   * @param newThreads 1 to 1024, or 0 for the process's number
   * @throws IllegalArgumentException if out of range
   */
  public PlanOptions withThreads(int newThreads) {
    if (newThreads < 0 || newThreads > MOST_THREADS) {
      throw new IllegalArgumentException(
          "threads must be from 1 to "
              + MOST_THREADS
              + ", or 0 for the process's number, got "
              + newThreads);
    }
    return new PlanOptions(newThreads, strategy, path, kernel);
  }

  /** With another way to search the path. */
  public PlanOptions withStrategy(Strategy newStrategy) {
    return new PlanOptions(
        threads, Objects.requireNonNull(newStrategy, "newStrategy"), path, kernel);
  }

  /**
   * With a given order of contractions.
   *
   * @param newPath pairs of slots: operands are slots 0..n-1, the result of pair i is slot n+i;
   *     each slot is used once. Null to search. It is checked against the operands when a plan is
   *     made.
   */
  public PlanOptions withPath(int[][] newPath) {
    return new PlanOptions(threads, strategy, copy(newPath), kernel);
  }

  /** With a native kernel forced on every step (tests and tuning), or null for none. */
  public PlanOptions withKernel(String newKernel) {
    return new PlanOptions(threads, strategy, path, newKernel);
  }

  private static int[][] copy(int[][] path) {
    return path == null
        ? null
        : Arrays.stream(path).map(p -> p == null ? null : p.clone()).toArray(int[][]::new);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PlanOptions o
        && threads == o.threads
        && strategy == o.strategy
        && Arrays.deepEquals(path, o.path)
        && Objects.equals(kernel, o.kernel);
  }

  @Override
  public int hashCode() {
    return Objects.hash(threads, strategy, Arrays.deepHashCode(path), kernel);
  }

  @Override
  public String toString() {
    return "PlanOptions(threads="
        + threads
        + ", strategy="
        + strategy
        + (path == null ? "" : ", path=" + Arrays.deepToString(path))
        + (kernel == null ? "" : ", kernel=" + kernel)
        + ")";
  }
}
