// Which partition of an RDD holds which block, where that is known.
package io.github.einblas.spark.internal.plan;

import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.Chunks;
import java.util.Arrays;

/**
 * Runs of blocks along some axes, counted with the last of them fastest.
 *
 * @param axes in the order in which they count
 * @param pieces number of chunks of each
 * @param partitions number of runs
 */
public record Placement(int[] axes, int[] pieces, int partitions) {
  /** All blocks, row by row. */
  public static Placement rows(Chunks chunks, int partitions) {
    int[] axes = new int[chunks.rank()];
    Arrays.setAll(axes, d -> d);
    int[] pieces = Arrays.stream(axes).map(chunks::pieces).toArray();
    return leading(axes, pieces, partitions);
  }

  /** Without axes of one chunk, and without inner axes that no border cuts. */
  static Placement leading(int[] axes, int[] pieces, int partitions) {
    int n = axes.length;
    double outer = 1;
    for (int d = 0; d < axes.length; d++) {
      outer *= pieces[d];
      if (outer % partitions == 0) {
        n = d + 1;
        break;
      }
    }
    int[] kept = new int[n];
    int[] of = new int[n];
    int k = 0;
    for (int d = 0; d < n; d++) {
      if (pieces[d] > 1) {
        kept[k] = axes[d];
        of[k++] = pieces[d];
      }
    }
    return new Placement(Arrays.copyOf(kept, k), Arrays.copyOf(of, k), partitions);
  }

  /** The partition of a block. */
  public int of(BlockIndex block) {
    long number = 0;
    long blocks = 1;
    for (int i = 0; i < axes.length; i++) {
      number = number * pieces[i] + block.get(axes[i]);
      blocks *= pieces[i];
    }
    return (int) (number * partitions / blocks);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Placement p
        && partitions == p.partitions
        && Arrays.equals(axes, p.axes)
        && Arrays.equals(pieces, p.pieces);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(axes) + partitions;
  }
}
