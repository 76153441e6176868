// Blocks that every executor has.
package io.github.einblas.spark.internal.data;

import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.BlockSource;
import io.github.einblas.spark.TensorBlock;
import java.io.IOException;
import java.util.Map;
import org.apache.spark.broadcast.Broadcast;

/**
 * Over a broadcast map.
 *
 * @param blocks all of a tensor's
 */
public record BroadcastSource(Broadcast<Map<BlockIndex, TensorBlock>> blocks)
    implements BlockSource {
  private static final long serialVersionUID = 1;

  @Override
  public TensorBlock read(BlockIndex block) throws IOException {
    TensorBlock found = blocks.value().get(block);
    if (found == null) {
      throw new IOException("block " + block + " of a broadcast tensor is missing");
    }
    return found;
  }
}
