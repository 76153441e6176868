// Public API: a plan that no cutting fits into its memory limit.
package io.github.einblas;

/**
 * A plan's memory limit ({@link PlanOptions#withMemoryLimit}, {@link
 * PlanOptions#withSliceMemoryLimit}) is less than any way found to cut the contraction needs.
 * Thrown when a plan or its gradients are made, before anything is computed.
 *
 * <pre>{@code
 * long limit = 1000; // bytes
 * try {
 *   Einsum.plan("ij,jk->ik", PlanOptions.DEFAULT.withMemoryLimit(limit), x, x);
 * } catch (MemoryLimitException e) {
 *   limit = e.neededBytes();
 * }
 * Tensor y = Einsum.plan("ij,jk->ik", PlanOptions.DEFAULT.withMemoryLimit(limit), x, x).run(x, x);
 * }</pre>
 */
public final class MemoryLimitException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /** The smallest limit that would do. */
  private final long neededBytes;

  /**
   * With the smallest limit that would do.
   *
   * @param message what was given and what is needed
   * @param neededBytes smallest limit that would do, in bytes
   */
  public MemoryLimitException(String message, long neededBytes) {
    super(message);
    this.neededBytes = neededBytes;
  }

  /** {@return the smallest limit found that would do} */
  public long neededBytes() {
    return neededBytes;
  }
}
