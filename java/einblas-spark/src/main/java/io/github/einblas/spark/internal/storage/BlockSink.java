// Storage: where executors write the blocks of a tensor.
package io.github.einblas.spark.internal.storage;

import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.TensorBlock;
import java.io.IOException;
import java.io.Serializable;

/**
 * An array that is being written: {@link #begin} on the driver, {@link #write} for each block on
 * executors, then {@link #commit} or {@link #abort} on the driver. Until the commit there is no
 * array; one that is overwritten stays as it is until then.
 */
public interface BlockSink extends Serializable {
  /**
   * Prepares the folder.
   *
   * @throws java.nio.file.FileAlreadyExistsException if the target is there already and must not be
   *     overwritten, or is no array
   */
  void begin() throws IOException;

  /**
   * Writes one block. Several attempts at the same block are fine, also at the same time.
   *
   * @throws IllegalArgumentException if the block has another type or shape than the array
   */
  void write(BlockIndex block, TensorBlock values) throws IOException;

  /**
   * Makes the array whole, metadata last.
   *
   * @throws IOException if a block was not written, or the file system refuses
   */
  void commit() throws IOException;

  /** Deletes what was written since {@link #begin}; nothing after a commit. */
  void abort() throws IOException;
}
