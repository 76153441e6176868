// The same elements in other chunks, each sent once.
package io.github.einblas.spark.internal.run;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.Chunks;
import io.github.einblas.spark.TensorBlock;
import io.github.einblas.spark.internal.data.Regions;
import io.github.einblas.spark.internal.executor.NativeScope;
import io.github.einblas.spark.internal.executor.WorkerSetup;
import io.github.einblas.spark.internal.plan.Placement;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaPairRDD;
import scala.Tuple2;

/** Pieces of blocks, sorted by the block that they go to, and put together one block at a time. */
public final class RechunkRun implements Serializable {
  private static final long serialVersionUID = 1;

  private final DType dtype;
  private final Chunks from;
  private final Chunks to;
  private final int[] axes;
  private final int[] pieces;
  private final int tasks;
  private final WorkerSetup setup = WorkerSetup.here(true); // a copy has the same bits everywhere

  private RechunkRun(DType dtype, Chunks from, Chunks to, Placement placement) {
    this.dtype = dtype;
    this.from = from;
    this.to = to;
    this.axes = placement.axes();
    this.pieces = placement.pieces();
    this.tasks = placement.partitions();
  }

  /** The blocks in other chunks, where a placement has them. */
  public static JavaPairRDD<BlockIndex, TensorBlock> of(
      DType dtype,
      JavaPairRDD<BlockIndex, TensorBlock> blocks,
      Chunks from,
      Chunks to,
      Placement placement) {
    RechunkRun run = new RechunkRun(dtype, from, to, placement);
    return SlabShuffle.sorted(blocks.flatMap(block -> run.slabs(block._1(), block._2())), run.tasks)
        .mapPartitionsToPair(slabs -> new Joined(run, slabs));
  }

  private Iterator<Tuple2<SlabKey, Slab>> slabs(BlockIndex index, TensorBlock block) {
    setup.enter(TaskContext.get());
    Placement placement = new Placement(axes, pieces, tasks);
    List<Tuple2<SlabKey, Slab>> slabs = new ArrayList<>();
    try (Tensor tensor = block.tensor()) {
      for (BlockIndex target : Regions.overlapping(to, from, index)) {
        SlabKey key =
            new SlabKey(placement.of(target), to.number(target), from.number(index), 0, 0, 0, 0);
        int part = 0;
        for (Slab slab :
            Slab.of(TensorBlock.of(Regions.part(tensor, from.from(index), to, target)))) {
          slabs.add(new Tuple2<>(key.withPart(part++), slab));
        }
      }
    }
    return slabs.iterator();
  }

  private static final class Joined implements Iterator<Tuple2<BlockIndex, TensorBlock>> {
    private final RechunkRun run;
    private final Arrivals arrivals;
    private final NativeScope scope = NativeScope.of(TaskContext.get());

    Joined(RechunkRun run, Iterator<Tuple2<SlabKey, Slab>> slabs) {
      this.run = run;
      run.setup.enter(TaskContext.get());
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
            BlockIndex target = run.to.block(number);
            Tensor whole = scope.own(Tensor.empty(run.dtype, run.to.shape(target)));
            List<BlockIndex> needed = Regions.overlapping(run.from, run.to, target);
            int met = 0;
            while (arrivals.isOf(number)) {
              BlockIndex source = run.from.block(arrivals.key().sum());
              if (met == needed.size() || !source.equals(needed.get(met))) {
                throw new IllegalStateException(
                    "block " + source + " is there twice, or another is missing");
              }
              met++;
              Tensor part = scope.own(arrivals.block().tensor());
              Regions.part(whole, run.to.from(target), run.from, source).copyFrom(part);
              scope.free(part);
              arrivals.advance();
            }
            if (met < needed.size()) {
              throw new IllegalStateException("block " + needed.get(met) + " is missing");
            }
            TensorBlock block = TensorBlock.of(whole);
            scope.free(whole);
            return new Tuple2<>(target, block);
          });
    }
  }
}
