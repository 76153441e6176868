// The blocks of a task in the order of the sums, wherever they come from.
package io.github.einblas.spark.internal.run;

import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.BlockSource;
import io.github.einblas.spark.TensorBlock;
import io.github.einblas.spark.internal.plan.OperandForm;
import io.github.einblas.spark.internal.plan.PairStep;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import scala.Tuple2;

/** Sequences of items. */
final class Items {
  private Items() {}

  /** Slabs that a shuffle brought, sorted, as blocks. */
  static Iterator<Item> joined(Iterator<Tuple2<SlabKey, Slab>> slabs) {
    return new Iterator<>() {
      private Tuple2<SlabKey, Slab> next = slabs.hasNext() ? slabs.next() : null;

      @Override
      public boolean hasNext() {
        return next != null;
      }

      @Override
      public Item next() {
        if (next == null) {
          throw new NoSuchElementException();
        }
        SlabKey key = next._1().withPart(0);
        List<Slab> parts = new ArrayList<>();
        while (next != null && next._1().withPart(0).equals(key)) {
          parts.add(next._2());
          next = slabs.hasNext() ? slabs.next() : null;
        }
        return new Item(key, () -> Slab.join(parts));
      }
    };
  }

  /** Blocks of a partition that holds all that a task needs, put in order. */
  static Iterator<Item> placed(
      PairStep step, int operand, Iterator<Tuple2<BlockIndex, TensorBlock>> blocks) {
    List<Item> items = new ArrayList<>();
    while (blocks.hasNext()) {
      Tuple2<BlockIndex, TensorBlock> next = blocks.next();
      if (step.operands().get(operand).isNeeded(next._1())) {
        for (int task : step.tasksOf(operand, next._1())) {
          items.add(new Item(Keys.of(step, operand, task, next._1()), next::_2));
        }
      }
    }
    items.sort(Comparator.comparing(Item::key));
    return items.iterator();
  }

  /** Blocks that a task reads by itself, in order. */
  static Iterator<Item> read(PairStep step, int operand, int task, BlockSource source) {
    int[] groups = {0, 3, 1 + operand}; // batch, sum, free: the order of keys of one operand
    long[] from = new long[4];
    long[] to = new long[4];
    for (int g = 0; g < groups.length; g++) {
      from[g] = step.from(task, groups[g]);
      to[g] = step.to(task, groups[g]);
    }
    to[3] = step.operands().get(operand).alone().blocks();
    return read(step.operands().get(operand), operand, task, from, to, source);
  }

  /** All blocks of one place along the batch labels. */
  static Iterator<Item> readOfBatch(PairStep step, int operand, long batch, BlockSource source) {
    OperandForm form = step.operands().get(operand);
    long[] from = {batch, 0, 0, 0};
    long[] to = {batch + 1, form.sum().blocks(), form.free().blocks(), form.alone().blocks()};
    return read(form, operand, 0, from, to, source);
  }

  private static Iterator<Item> read(
      OperandForm form, int operand, int task, long[] from, long[] to, BlockSource source) {
    return new Iterator<>() {
      private final long[] at = from.clone();
      private boolean more = isInside();

      private boolean isInside() {
        for (int g = 0; g < at.length; g++) {
          if (from[g] >= to[g]) {
            return false;
          }
        }
        return true;
      }

      @Override
      public boolean hasNext() {
        return more;
      }

      @Override
      public Item next() {
        if (!more) {
          throw new NoSuchElementException();
        }
        BlockIndex block = form.block(at[0], at[1], at[2], at[3]);
        Item item =
            new Item(
                new SlabKey(task, at[0], at[1], operand, at[2], at[3], 0),
                () -> source.read(block));
        more = advance();
        return item;
      }

      private boolean advance() {
        for (int g = at.length - 1; g >= 0; g--) {
          if (++at[g] < to[g]) {
            return true;
          }
          at[g] = from[g];
        }
        return false;
      }
    };
  }

  /** Two ordered sequences as one. */
  static Iterator<Item> merged(Iterator<Item> a, Iterator<Item> b) {
    return new Iterator<>() {
      private Item first = a.hasNext() ? a.next() : null;
      private Item second = b.hasNext() ? b.next() : null;

      @Override
      public boolean hasNext() {
        return first != null || second != null;
      }

      @Override
      public Item next() {
        Item item;
        if (second == null || (first != null && first.key().compareTo(second.key()) < 0)) {
          item = first;
          first = a.hasNext() ? a.next() : null;
        } else {
          item = second;
          second = b.hasNext() ? b.next() : null;
        }
        if (item == null) {
          throw new NoSuchElementException();
        }
        return item;
      }
    };
  }
}
