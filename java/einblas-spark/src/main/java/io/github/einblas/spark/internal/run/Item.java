// A block that a task is about to use, and its place in the order of the sums.
package io.github.einblas.spark.internal.run;

import io.github.einblas.spark.TensorBlock;
import java.io.IOException;

/**
 * A place and how to come by the block there.
 *
 * @param key its place
 * @param block reads or joins it
 */
record Item(SlabKey key, Load block) {
  /** Comes by a block. */
  @FunctionalInterface
  interface Load {
    TensorBlock get() throws IOException;
  }
}
