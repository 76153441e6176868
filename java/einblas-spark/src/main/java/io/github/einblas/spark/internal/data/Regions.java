// Parts of blocks: what two ways of cutting a tensor have in common.
package io.github.einblas.spark.internal.data;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.BlockSource;
import io.github.einblas.spark.Chunks;
import io.github.einblas.spark.TensorBlock;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Cutting and putting together. */
public final class Regions {
  private Regions() {}

  /** The blocks of a cut that overlap a block of another. */
  public static List<BlockIndex> overlapping(Chunks cut, Chunks other, BlockIndex block) {
    long[] from = other.from(block);
    long[] shape = other.shape(block);
    int rank = cut.rank();
    int[] first = new int[rank];
    int[] last = new int[rank];
    for (int d = 0; d < rank; d++) {
      first[d] = (int) (from[d] / cut.chunk(d));
      last[d] = (int) ((from[d] + Math.max(1, shape[d]) - 1) / cut.chunk(d));
    }
    List<BlockIndex> all = new ArrayList<>();
    int[] at = first.clone();
    int d;
    do {
      all.add(BlockIndex.of(at));
      for (d = rank - 1; d >= 0 && ++at[d] > last[d]; d--) {
        at[d] = first[d];
      }
    } while (d >= 0);
    return all;
  }

  /** The part of a tensor that begins at {@code origin} which lies in a block of a cut. */
  public static Tensor part(Tensor tensor, long[] origin, Chunks cut, BlockIndex block) {
    long[] from = cut.from(block);
    long[] shape = cut.shape(block);
    Tensor view = tensor;
    for (int d = 0; d < origin.length; d++) {
      long begin = Math.max(0, from[d] - origin[d]);
      long end = Math.min(tensor.length(d), from[d] + shape[d] - origin[d]);
      view = view.slice(d, begin, end);
    }
    return view;
  }

  /** Copies what a block of one cut and a block of another have in common. */
  public static void copy(
      Tensor target, Chunks to, BlockIndex at, TensorBlock source, Chunks from, BlockIndex of) {
    try (Tensor block = source.tensor()) {
      part(target, to.from(at), from, of).copyFrom(part(block, from.from(of), to, at));
    }
  }

  /** A tensor read in other chunks than those in which it lies. */
  public static BlockSource rechunked(DType dtype, BlockSource source, Chunks from, Chunks to) {
    return block -> read(dtype, source, from, to, block);
  }

  private static TensorBlock read(
      DType dtype, BlockSource source, Chunks from, Chunks to, BlockIndex block)
      throws IOException {
    try (Tensor whole = Tensor.empty(dtype, to.shape(block))) {
      for (BlockIndex part : overlapping(from, to, block)) {
        copy(whole, to, block, source.read(part), from, part);
      }
      return TensorBlock.of(whole);
    }
  }
}
