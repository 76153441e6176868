// A task's sorted blocks, one after the other.
package io.github.einblas.spark.internal.run;

import io.github.einblas.spark.TensorBlock;
import io.github.einblas.spark.internal.executor.NativeScope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;

/** Stands at a block, until there is none; asks at each whether the job was cancelled. */
final class Arrivals {
  private final Iterator<Item> items;
  private final NativeScope scope;
  private Item here;

  Arrivals(Iterator<Item> items, NativeScope scope) {
    this.items = items;
    this.scope = scope;
    advance();
  }

  /** The place of this block, or null behind the last. */
  SlabKey key() {
    return here == null ? null : here.key();
  }

  /** Whether there is a block and it is of this place along the batch labels. */
  boolean isOf(long batch) {
    return here != null && here.key().batch() == batch;
  }

  /** This block. */
  TensorBlock block() {
    try {
      return here.block().get();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void advance() {
    scope.ifCancelled();
    here = items.hasNext() ? items.next() : null;
  }
}
