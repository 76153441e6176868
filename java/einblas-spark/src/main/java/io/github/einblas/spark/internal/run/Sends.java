// The sending side: each block once for each task that needs it.
package io.github.einblas.spark.internal.run;

import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.TensorBlock;
import io.github.einblas.spark.internal.executor.NativeScope;
import io.github.einblas.spark.internal.executor.WorkerSetup;
import io.github.einblas.spark.internal.plan.OperandForm;
import io.github.einblas.spark.internal.plan.PairStep;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import scala.Tuple2;

/** Slabs of the blocks of a partition; one block is at hand at a time. */
final class Sends implements Iterator<Tuple2<SlabKey, Slab>> {
  private final PairStep step;
  private final int operand;
  private final Iterator<Tuple2<BlockIndex, TensorBlock>> blocks;
  private final Deque<Tuple2<SlabKey, Slab>> ready = new ArrayDeque<>();
  private final NativeScope scope;

  Sends(
      PairStep step,
      int operand,
      WorkerSetup setup,
      Iterator<Tuple2<BlockIndex, TensorBlock>> blocks) {
    this.step = step;
    this.operand = operand;
    this.blocks = blocks;
    setup.enter(TaskContext.get());
    scope = NativeScope.of(TaskContext.get());
  }

  @Override
  public boolean hasNext() {
    while (ready.isEmpty() && blocks.hasNext()) {
      scope.ifCancelled();
      Tuple2<BlockIndex, TensorBlock> next = blocks.next();
      send(next._1(), next._2());
    }
    return !ready.isEmpty();
  }

  private void send(BlockIndex index, TensorBlock block) {
    OperandForm form = step.operands().get(operand);
    if (!form.isNeeded(index)) {
      return;
    }
    TensorBlock plain = form.isPlain() ? block : plain(form, block);
    for (int task : step.tasksOf(operand, index)) {
      SlabKey key = Keys.of(step, operand, task, index);
      int part = 0;
      for (Slab slab : Slab.of(plain)) {
        ready.add(new Tuple2<>(key.withPart(part++), slab));
      }
    }
  }

  private TensorBlock plain(OperandForm form, TensorBlock block) {
    return WorkerSetup.orRefused(
        () -> {
          var tensor = BlockProducts.plain(form, block, scope);
          TensorBlock plain = TensorBlock.of(tensor);
          scope.free(tensor);
          return plain;
        });
  }

  @Override
  public Tuple2<SlabKey, Slab> next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    return ready.poll();
  }
}
