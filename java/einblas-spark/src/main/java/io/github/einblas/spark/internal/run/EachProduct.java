// Products of a partition's blocks, each with all of a broadcast operand.
package io.github.einblas.spark.internal.run;

import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.TensorBlock;
import java.util.Collections;
import java.util.Iterator;
import java.util.NoSuchElementException;
import scala.Tuple2;

/** One block after the other; each gives blocks of the result that no other block adds to. */
final class EachProduct implements Iterator<TileProduct.Part> {
  private final StepRun run;
  private final int operand;
  private final Iterator<Tuple2<BlockIndex, TensorBlock>> blocks;
  private Iterator<TileProduct.Part> current = Collections.emptyIterator();

  EachProduct(StepRun run, int operand, Iterator<Tuple2<BlockIndex, TensorBlock>> blocks) {
    this.run = run;
    this.operand = operand;
    this.blocks = blocks;
  }

  @Override
  public boolean hasNext() {
    while (!current.hasNext() && blocks.hasNext()) {
      Tuple2<BlockIndex, TensorBlock> next = blocks.next();
      if (run.isNeeded(operand, next._1())) {
        current = run.products(operand, next._1(), next._2());
      }
    }
    return current.hasNext();
  }

  @Override
  public TileProduct.Part next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    return current.next();
  }
}
