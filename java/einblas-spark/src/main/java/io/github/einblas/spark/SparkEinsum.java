// Public API: contractions on a cluster.
package io.github.einblas.spark;

import io.github.einblas.Tensor;
import java.util.Objects;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Einsum of tensors that lie in blocks on a cluster, with the equations of {@link
 * io.github.einblas.Einsum}: explicit and implicit output, ellipsis, diagonals, any number of
 * operands.
 *
 * <pre>{@code
 * SparkPlan plan = SparkEinsum.plan(sc, "bij,bjk->bik", SparkOptions.DEFAULT, a, b);
 * System.out.println(plan.explain());
 * DistributedTensor c = plan.run(a, b);
 * }</pre>
 */
public final class SparkEinsum {
  private SparkEinsum() {}

  /** As {@link #plan(JavaSparkContext, String, SparkOptions, DistributedTensor...)}, and run. */
  public static DistributedTensor einsum(
      JavaSparkContext sc, String equation, DistributedTensor... operands) {
    return plan(sc, equation, SparkOptions.DEFAULT, operands).run(operands);
  }

  /**
   * Plans a contraction; nothing runs.
   *
   * @throws IllegalArgumentException if the equation does not fit the shapes, chunks of one label
   *     differ, a method that was asked for does not suit, or the smallest tile does not fit into
   *     the memory of a task
   */
  public static SparkPlan plan(
      JavaSparkContext sc, String equation, SparkOptions options, DistributedTensor... operands) {
    Objects.requireNonNull(sc, "sc");
    Objects.requireNonNull(equation, "equation");
    Objects.requireNonNull(options, "options");
    return SparkPlan.of(sc, equation, options, operands);
  }

  /**
   * Contracts small operands of a network whose intermediates or work are large: the operands are
   * broadcast, each task computes a run of slices, and the driver adds the runs in order.
   *
   * @param options as of one machine: order of pairs, and how finely it is cut by a memory limit of
   *     the run or of a slice, or a number of slices; by default it is cut into about eight slices
   *     for each place where tasks run
   */
  public static Tensor contract(
      JavaSparkContext sc, String equation, SparkOptions options, Tensor... operands) {
    return SlicedContraction.of(sc, equation, options, operands).run(operands);
  }
}
