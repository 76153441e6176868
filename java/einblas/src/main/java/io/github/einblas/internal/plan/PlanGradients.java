// Plans: the gradients for all operands, as the memory limit allows.
package io.github.einblas.internal.plan;

import io.github.einblas.internal.natives.Native;
import io.github.einblas.internal.tensor.Strided;

/**
 * All gradients of a contraction: backwards through its pairs where the shared intermediates fit
 * the memory limit, else each by itself. Thread-safe.
 */
public final class PlanGradients {
  private final Contraction whole;
  private final GradientTree tree;

  /** Made when it is first needed. */
  private volatile GradientsApart apart;

  /**
   * Plans them.
   *
   * @throws UnsupportedOperationException if that is a gradient itself
   * @throws IllegalArgumentException if an operand's type has no gradient
   */
  public PlanGradients(Contraction whole) {
    whole.requireEquation("this is a gradient already; take the gradient of an equation");
    whole.checks().requireNoEpilogue(Contraction.NO_GRADIENT);
    whole.requireGradients();
    this.whole = whole;
    this.tree =
        new GradientTree(
            whole.equation(), whole.types(), whole.shapes(), whole.options(), whole.path());
  }

  /**
   * New tensors of the operands' shapes.
   *
   * @param upstream gradient for the result; both are checked
   */
  public Strided[] run(Strided upstream, Strided[] operands) {
    if (tree.isPossible() && !PlanLayouts.isLimited(whole.options())) {
      return tree.run(upstream, operands, 0);
    }
    // As cuts, this choice is one thread's: more threads must not change the bits.
    long limit = whole.options().memoryLimit();
    long[] above = upstream.strides();
    long[][] strides = PlanLayouts.strides(operands);
    if (!tree.isPossible() || tree.peakBytes(above, strides, 1) > limit) {
      return apart(limit).run(upstream, operands);
    }
    int own = whole.options().threads();
    int threads = tree.threadsWithin(limit, above, strides, own == 0 ? Native.threads() : own);
    return tree.run(upstream, operands, threads);
  }

  private GradientsApart apart(long limit) {
    GradientsApart known = apart;
    if (known == null) {
      known = new GradientsApart(whole, limit);
      apart = known;
    }
    return known;
  }
}
