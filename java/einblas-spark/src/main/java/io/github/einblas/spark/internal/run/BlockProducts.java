// Products of single blocks in native memory.
package io.github.einblas.spark.internal.run;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.Tensor;
import io.github.einblas.spark.TensorBlock;
import io.github.einblas.spark.internal.executor.NativeScope;
import io.github.einblas.spark.internal.plan.OperandForm;
import io.github.einblas.spark.internal.plan.PairStep;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Plans are made once for each pair of shapes: those at ragged edges differ. */
final class BlockProducts {
  private final PairStep step;
  private final PlanOptions options;
  private final NativeScope scope;
  private final Map<List<Object>, EinsumPlan> plans = new HashMap<>();

  BlockProducts(PairStep step, int threads, NativeScope scope) {
    this.step = step;
    this.options = step.options().plan(threads, step.accumulator());
    this.scope = scope;
  }

  /** A block in native memory and in plain form, owned by the scope. */
  Tensor plain(int operand, TensorBlock block) {
    return plain(step.operands().get(operand), block, scope);
  }

  static Tensor plain(OperandForm form, TensorBlock block, NativeScope scope) {
    Tensor whole = scope.own(block.tensor());
    if (form.isPlain()) {
      return whole;
    }
    try (Tensor squeezed = whole.reshape(form.squeezed(whole.shape()))) {
      Tensor plain = scope.own(Einsum.einsum(form.preparation(), squeezed));
      scope.free(whole);
      return plain;
    }
  }

  /** The sum so far and one product more; the first product makes the sum. */
  Tensor add(Tensor sum, Tensor... blocks) {
    EinsumPlan plan = plan(blocks);
    if (sum == null) {
      return scope.own(plan.run(blocks));
    }
    plan.runInto(sum, 1, 1, blocks);
    return sum;
  }

  private EinsumPlan plan(Tensor... blocks) {
    List<Object> key = Arrays.stream(blocks).<Object>map(BlockProducts::shape).toList();
    return plans.computeIfAbsent(key, k -> Einsum.plan(step.equation(), options, blocks));
  }

  private static List<Long> shape(Tensor t) {
    return Arrays.stream(t.shape()).boxed().toList();
  }

  /** Rounds a finished sum to the result's type and lets it go. */
  TensorBlock finished(Tensor sum, DType type) {
    TensorBlock block;
    if (sum.dtype() == type) {
      block = TensorBlock.of(sum);
    } else {
      try (Tensor rounded = sum.to(type)) {
        block = TensorBlock.of(rounded);
      }
    }
    scope.free(sum);
    return block;
  }
}
