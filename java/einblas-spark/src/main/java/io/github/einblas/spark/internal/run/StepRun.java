// A step as RDDs.
package io.github.einblas.spark.internal.run;

import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.BlockSource;
import io.github.einblas.spark.TensorBlock;
import io.github.einblas.spark.internal.executor.NativeScope;
import io.github.einblas.spark.internal.executor.WorkerSetup;
import io.github.einblas.spark.internal.plan.Feed;
import io.github.einblas.spark.internal.plan.PairStep;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import scala.Tuple2;

/** Builds what Spark runs later; nothing runs here. */
public final class StepRun implements Serializable {
  private static final long serialVersionUID = 1;

  private final PairStep step;
  private final WorkerSetup setup;
  private final PairStep arrived;
  private final ArrayList<Feed> feeds = new ArrayList<>();
  private final ArrayList<BlockSource> sources = new ArrayList<>();

  private StepRun(PairStep step, WorkerSetup setup, List<Input> inputs) {
    this.step = step;
    this.setup = setup;
    boolean[] plain = new boolean[inputs.size()];
    for (int o = 0; o < inputs.size(); o++) {
      feeds.add(inputs.get(o).feed());
      sources.add(inputs.get(o).source());
      plain[o] = inputs.get(o).feed() == Feed.SHUFFLED;
    }
    this.arrived = step.prepared(plain);
  }

  /** The blocks of a step's result. */
  public static JavaPairRDD<BlockIndex, TensorBlock> of(
      JavaSparkContext sc, PairStep step, WorkerSetup setup, List<Input> inputs) {
    return new StepRun(step, setup, inputs).blocks(sc, inputs);
  }

  private JavaPairRDD<BlockIndex, TensorBlock> blocks(JavaSparkContext sc, List<Input> inputs) {
    JavaRDD<TileProduct.Part> parts = parts(sc, inputs);
    if (step.sumPieces() == 1) {
      return parts.mapToPair(
          part ->
              new Tuple2<>(
                  step.resultBlock(part.batch(), part.first(), part.second()), part.block()));
    }
    int tasks = (int) Math.min(step.result().blocks(), step.tasks());
    return SlabShuffle.sorted(parts.flatMap(part -> slabs(part, tasks)), tasks)
        .mapPartitionsToPair(slabs -> new BlockSums(step, setup, slabs));
  }

  private Iterator<Tuple2<SlabKey, Slab>> slabs(TileProduct.Part part, int tasks) {
    BlockIndex block = step.resultBlock(part.batch(), part.first(), part.second());
    long number = step.result().number(block);
    int task = (int) (number * tasks / step.result().blocks());
    SlabKey key = new SlabKey(task, number, part.sumPiece(), 0, 0, 0, 0);
    List<Tuple2<SlabKey, Slab>> all = new ArrayList<>();
    for (Slab slab : Slab.of(part.block())) {
      all.add(new Tuple2<>(key.withPart(all.size()), slab));
    }
    return all.iterator();
  }

  private JavaRDD<TileProduct.Part> parts(JavaSparkContext sc, List<Input> inputs) {
    if (feeds.contains(Feed.SHUFFLED)) {
      return shuffled(inputs);
    }
    if (feeds.contains(Feed.EACH)) {
      int own = feeds.indexOf(Feed.EACH);
      return inputs.get(own).blocks().mapPartitions(blocks -> new EachProduct(this, own, blocks));
    }
    if (!feeds.contains(Feed.PLACED)) {
      List<Integer> tasks = IntStream.range(0, step.tasks()).boxed().toList();
      return sc.parallelize(tasks, tasks.size())
          .mapPartitions(one -> tile(one.next(), Collections.emptyIterator()));
    }
    int first = feeds.indexOf(Feed.PLACED);
    int last = feeds.lastIndexOf(Feed.PLACED);
    JavaRDD<Arrived> placed =
        inputs
            .get(first)
            .blocks()
            .mapPartitionsWithIndex(
                (task, blocks) ->
                    List.of(new Arrived(task, Items.placed(step, first, blocks))).iterator(),
                true);
    if (first == last) {
      return placed.mapPartitions(
          one -> {
            Arrived here = one.next();
            return tile(here.task(), here.items());
          });
    }
    return placed.zipPartitions(
        inputs.get(last).blocks(),
        (one, blocks) -> {
          Arrived here = one.next();
          return tile(here.task(), Items.merged(here.items(), Items.placed(step, last, blocks)));
        });
  }

  /** What a partition holds for a task; handed on within a Spark task, never sent. */
  private record Arrived(int task, Iterator<Item> items) {}

  private JavaRDD<TileProduct.Part> shuffled(List<Input> inputs) {
    JavaRDD<Tuple2<SlabKey, Slab>> sent = null;
    for (int o = 0; o < inputs.size(); o++) {
      if (feeds.get(o) == Feed.SHUFFLED) {
        int operand = o;
        JavaRDD<Tuple2<SlabKey, Slab>> own =
            inputs.get(o).blocks().mapPartitions(blocks -> new Sends(step, operand, setup, blocks));
        sent = sent == null ? own : sent.union(own);
      }
    }
    return SlabShuffle.sorted(sent, step.tasks())
        .mapPartitionsWithIndex((task, slabs) -> tile(task, Items.joined(slabs)), true);
  }

  /** A task's tile, of what arrived and of what it reads. */
  private TileProduct tile(int task, Iterator<Item> arrivedItems) {
    Iterator<Item> items = arrivedItems;
    for (int o = 0; o < feeds.size(); o++) {
      if (isRead(o)) {
        items = Items.merged(items, Items.read(step, o, task, sources.get(o)));
      }
    }
    return product(step.sumPiece(task), TileProduct.Expected.of(step, task), items);
  }

  private boolean isRead(int operand) {
    return feeds.get(operand) == Feed.READ || feeds.get(operand) == Feed.BROADCAST;
  }

  private TileProduct product(int sumPiece, TileProduct.Expected expected, Iterator<Item> items) {
    TaskContext context = TaskContext.get();
    int threads = setup.enter(context);
    return new TileProduct(arrived, sumPiece, expected, items, threads, NativeScope.of(context));
  }

  boolean isNeeded(int operand, BlockIndex index) {
    return step.operands().get(operand).isNeeded(index);
  }

  /** The products of one block with all that the other operand has for it. */
  Iterator<TileProduct.Part> products(int operand, BlockIndex index, TensorBlock block) {
    Item own = new Item(Keys.of(step, operand, 0, index), () -> block);
    Iterator<Item> items = List.of(own).iterator();
    for (int o = 0; o < feeds.size(); o++) {
      if (isRead(o)) {
        items = Items.merged(items, Items.readOfBatch(step, o, own.key().batch(), sources.get(o)));
      }
    }
    int other = 1 - operand;
    long all =
        step.operands().get(other).free().blocks() * step.operands().get(other).alone().blocks();
    return product(
        0, new TileProduct.Expected(1, 1, operand == 0 ? 1 : all, operand == 0 ? all : 1), items);
  }
}
