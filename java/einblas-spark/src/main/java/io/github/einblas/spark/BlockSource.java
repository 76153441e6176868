// Public API: where any executor can read any block of a tensor, again and again.
package io.github.einblas.spark;

import java.io.IOException;
import java.io.Serializable;

/**
 * Reads blocks on executors: a file that all of them see, or a formula. The same index gives the
 * same bits each time: blocks that were lost are read again.
 */
@FunctionalInterface
public interface BlockSource extends Serializable {
  /**
   * Reads one block, of the shape that the tensor's chunks give it.
   *
   * @throws IOException if it cannot be read; it names the file
   */
  TensorBlock read(BlockIndex block) throws IOException;
}
