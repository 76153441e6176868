// Public API: how a plan is made and run.
package io.github.einblas;

import java.util.Objects;

/**
 * Options of a plan; a value.
 *
 * @param threads threads per run; 0 means {@link Einblas#threads()} at the time of the run
 * @param path how the order of contractions is found for more than two operands
 * @param kernel name of a native kernel to force on every step (for tests and tuning), or null
 */
public record PlanOptions(int threads, Path path, String kernel) {
  /** How the order of contractions is found. */
  public enum Path {
    /** Optimal for few operands, greedy beyond. */
    AUTO,
    /** The cheapest of all orders; up to 14 operands. */
    OPTIMAL,
    /** Always the pair that shrinks the data most; hundreds of operands. */
    GREEDY,
    /** Pairs from the left, as written. */
    LEFT_TO_RIGHT
  }

  /** The process's threads, automatic path, chosen kernels. */
  public static final PlanOptions DEFAULT = new PlanOptions(0, Path.AUTO, null);

  /** Checks the values. */
  public PlanOptions {
    Objects.requireNonNull(path, "path");
    if (threads < 0 || threads > 1024) {
      throw new IllegalArgumentException(
          "threads must be from 1 to 1024, or 0 for the process's number, got " + threads);
    }
  }

  /** With another number of threads. */
  public PlanOptions withThreads(int newThreads) {
    return new PlanOptions(newThreads, path, kernel);
  }

  /** With another way to find the path. */
  public PlanOptions withPath(Path newPath) {
    return new PlanOptions(threads, newPath, kernel);
  }

  /** With a forced kernel, or null for none. */
  public PlanOptions withKernel(String newKernel) {
    return new PlanOptions(threads, path, newKernel);
  }
}
