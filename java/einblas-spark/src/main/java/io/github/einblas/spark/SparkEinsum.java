// Public API: contractions on a cluster.
package io.github.einblas.spark;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.Operand;
import io.github.einblas.PlanOptions;
import io.github.einblas.PlanSlice;
import io.github.einblas.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
  private static final double BLOCK = 32 << 20;

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
   * The operands in chunks that agree: one length for each label.
   *
   * <pre>{@code
   * DistributedTensor[] x = SparkEinsum.agree("ij,jk->ik", Map.of("j", 2048L), a, b);
   * }</pre>
   *
   * @param chunks length of the chunks of some labels, by name ({@code <0>} and on for axes under
   *     an ellipsis, from the last); others get one that keeps blocks near 32 MB
   * @return operands that are cut so already, and others rechunked
   */
  public static DistributedTensor[] agree(
      String equation, Map<String, Long> chunks, DistributedTensor... operands) {
    List<DType> types = Arrays.stream(operands).map(DistributedTensor::dtype).toList();
    long[][] shapes = Arrays.stream(operands).map(DistributedTensor::shape).toArray(long[][]::new);
    PlanSlice whole = Einsum.plan(equation, PlanOptions.DEFAULT, types, shapes).slice(0);
    Map<String, Long> all = new HashMap<>();
    for (int i = 0; i < operands.length; i++) {
      int rank = shapes[i].length;
      double edge = Math.pow(BLOCK / types.get(i).bytes(), 1.0 / Math.max(1, rank));
      for (PlanSlice.Range axis : whole.operandRanges(i)) {
        if (axis.length() > 1) {
          all.merge(axis.label(), (long) Math.max(1, edge), Math::min);
        }
      }
    }
    for (Map.Entry<String, Long> given : chunks.entrySet()) {
      if (all.replace(given.getKey(), given.getValue()) == null) {
        throw new IllegalArgumentException(
            equation + " has no label '" + given.getKey() + "' to cut; it has " + all.keySet());
      }
    }
    DistributedTensor[] agreed = new DistributedTensor[operands.length];
    for (int i = 0; i < operands.length; i++) {
      agreed[i] =
          operands[i].rechunk(
              whole.operandRanges(i).stream()
                  .mapToLong(axis -> all.getOrDefault(axis.label(), 1L))
                  .toArray());
    }
    return agreed;
  }

  /**
   * Contracts small operands of a network whose intermediates or work are large: the operands are
   * broadcast, each task computes a run of slices, and the driver adds the runs in order.
   *
   * <pre>{@code
   * Tensor r = SparkEinsum.contract(sc, "ea,fb,abcd,gc,hd->efgh", SparkOptions.DEFAULT, c, c, i, c, c);
   * }</pre>
   *
   * @param options their plan options say the order of pairs, and how finely it is cut: by a memory
   *     limit of the run or of a slice, or a number of slices; by default it is cut into 64 slices
   *     at least, and four for each place where tasks run
   * @param operands dense; sparse and Kronecker operators are refused by name
   * @return in native memory, to be closed
   */
  public static Tensor contract(
      JavaSparkContext sc, String equation, SparkOptions options, Operand... operands) {
    Tensor[] dense = dense(equation, operands);
    return sliced(sc, equation, options, dense)
        .run(Arrays.stream(dense).map(TensorBlock::of).toList());
  }

  /** What {@link #contract} would do and what it costs, for people; nothing runs. */
  public static String explainContract(
      JavaSparkContext sc, String equation, SparkOptions options, Operand... operands) {
    return sliced(sc, equation, options, dense(equation, operands)).explain();
  }

  private static Tensor[] dense(String equation, Operand... operands) {
    Tensor[] dense = new Tensor[operands.length];
    for (int i = 0; i < operands.length; i++) {
      Objects.requireNonNull(operands[i], "operand " + i);
      if (!(operands[i] instanceof Tensor tensor)) {
        throw new IllegalArgumentException(
            equation
                + ": operand "
                + i
                + " is a "
                + operands[i].getClass().getSimpleName()
                + "; on Spark all operands are dense tensors: its toDense() is one");
      }
      dense[i] = tensor;
    }
    return dense;
  }

  private static SlicedContraction sliced(
      JavaSparkContext sc, String equation, SparkOptions options, Tensor... operands) {
    Objects.requireNonNull(sc, "sc");
    Objects.requireNonNull(options, "options");
    return SlicedContraction.of(
        sc,
        Objects.requireNonNull(equation, "equation"),
        options,
        Arrays.stream(operands).map(Tensor::dtype).toList(),
        Arrays.stream(operands).map(Tensor::shape).toArray(long[][]::new));
  }
}
