// Parts of the result's blocks, one for each piece of the contracted labels, added up in order.
package io.github.einblas.spark.internal.run;

import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.Tensor;
import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.TensorBlock;
import io.github.einblas.spark.internal.executor.NativeScope;
import io.github.einblas.spark.internal.executor.WorkerSetup;
import io.github.einblas.spark.internal.plan.PairStep;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import scala.Tuple2;

/** Whole blocks of the result from sorted parts. */
final class BlockSums implements Iterator<Tuple2<BlockIndex, TensorBlock>> {
  private final PairStep step;
  private final Arrivals arrivals;
  private final NativeScope scope;
  private final int threads;

  BlockSums(PairStep step, WorkerSetup setup, Iterator<Tuple2<SlabKey, Slab>> slabs) {
    this.step = step;
    this.threads = setup.enter(TaskContext.get());
    this.scope = NativeScope.of(TaskContext.get());
    this.arrivals = new Arrivals(Items.joined(slabs), scope);
  }

  @Override
  public boolean hasNext() {
    return arrivals.key() != null;
  }

  @Override
  public Tuple2<BlockIndex, TensorBlock> next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    return WorkerSetup.orRefused(
        () -> {
          long number = arrivals.key().batch();
          Tensor sum = scope.own(arrivals.block().tensor());
          arrivals.advance();
          while (arrivals.isOf(number)) {
            Tensor part = scope.own(arrivals.block().tensor());
            add(sum, part);
            scope.free(part);
            arrivals.advance();
          }
          TensorBlock block = finished(sum);
          scope.free(sum);
          return new Tuple2<>(step.result().block(number), block);
        });
  }

  private void add(Tensor sum, Tensor part) {
    EinsumPlan identity =
        Einsum.plan("...->...", step.options().plan(threads, step.accumulator()), part);
    identity.runInto(sum, 1, 1, part);
  }

  private TensorBlock finished(Tensor sum) {
    if (sum.dtype() == step.type()) {
      return TensorBlock.of(sum);
    }
    try (Tensor rounded = sum.to(step.type())) {
      return TensorBlock.of(rounded);
    }
  }
}
