// Puts blocks where a placement says.
package io.github.einblas.spark.internal.data;

import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.internal.plan.Placement;
import java.util.Arrays;
import org.apache.spark.Partitioner;

/** Equal by value. */
final class PlacementPartitioner extends Partitioner {
  private static final long serialVersionUID = 1;

  private final int[] axes;
  private final int[] pieces;
  private final int partitions;

  PlacementPartitioner(Placement placement) {
    axes = placement.axes();
    pieces = placement.pieces();
    partitions = placement.partitions();
  }

  @Override
  public int numPartitions() {
    return partitions;
  }

  @Override
  public int getPartition(Object key) {
    return new Placement(axes, pieces, partitions).of((BlockIndex) key);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PlacementPartitioner p
        && partitions == p.partitions
        && Arrays.equals(axes, p.axes)
        && Arrays.equals(pieces, p.pieces);
  }

  @Override
  public int hashCode() {
    return partitions;
  }
}
