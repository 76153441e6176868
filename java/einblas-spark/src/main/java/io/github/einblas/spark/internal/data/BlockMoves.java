// Blocks into RDDs, out of them, and into other chunks.
package io.github.einblas.spark.internal.data;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.BlockSource;
import io.github.einblas.spark.Chunks;
import io.github.einblas.spark.TensorBlock;
import io.github.einblas.spark.internal.storage.BlockSink;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import scala.Tuple2;

/** Moves of whole tensors. */
public final class BlockMoves {
  /** Bytes of a slab that are handed over at a time. */
  private static final double ROWS = 64 << 20;

  private BlockMoves() {}

  /** A source whose blocks are held against what they should be. */
  public static BlockSource checked(DType dtype, Chunks chunks, BlockSource source) {
    return index -> {
      TensorBlock block = source.read(index);
      check(dtype, chunks, index, block);
      return block;
    };
  }

  /** An RDD whose blocks are held against what they should be as they pass. */
  public static JavaPairRDD<BlockIndex, TensorBlock> checked(
      DType dtype, Chunks chunks, JavaPairRDD<BlockIndex, TensorBlock> blocks) {
    return blocks.mapToPair(
        block -> {
          check(dtype, chunks, block._1(), block._2());
          return block;
        });
  }

  private static void check(DType dtype, Chunks chunks, BlockIndex index, TensorBlock block) {
    long[] shape = chunks.shape(index);
    if (block.dtype() != dtype || !Arrays.equals(block.shape(), shape)) {
      throw new IllegalStateException(
          "block "
              + index
              + " is "
              + block
              + ", but the tensor "
              + chunks
              + " needs "
              + Arrays.toString(shape)
              + " of "
              + dtype);
    }
  }

  /** All blocks of a source, row by row in so many partitions. */
  public static JavaPairRDD<BlockIndex, TensorBlock> read(
      JavaSparkContext sc, Chunks chunks, int partitions, BlockSource source) {
    List<Integer> numbers = IntStream.range(0, partitions).boxed().toList();
    return sc.parallelize(numbers, partitions)
        .flatMapToPair(
            p -> {
              long all = chunks.blocks();
              return LongStream.range(first(p, all, partitions), first(p + 1, all, partitions))
                  .mapToObj(chunks::block)
                  .map(index -> new Tuple2<>(index, read(source, index)))
                  .iterator();
            });
  }

  private static long first(int partition, long blocks, int partitions) {
    return (Math.multiplyExact(blocks, (long) partition) + partitions - 1) / partitions;
  }

  private static TensorBlock read(BlockSource source, BlockIndex index) {
    try {
      return source.read(index);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** All blocks as one tensor of this process. */
  public static Tensor collect(
      JavaSparkContext sc,
      DType dtype,
      Chunks chunks,
      JavaPairRDD<BlockIndex, TensorBlock> blocks) {
    Tensor whole = Tensor.empty(dtype, chunks.shape());
    try {
      Set<BlockIndex> seen = new HashSet<>();
      long[] origin = new long[chunks.rank()];
      each(
          sc,
          blocks,
          chunks.size() * dtype.bytes(),
          block -> {
            if (!seen.add(block._1())) {
              throw new IllegalStateException("block " + block._1() + " is there twice");
            }
            try (Tensor part = block._2().tensor()) {
              Regions.part(whole, origin, chunks, block._1()).copyFrom(part);
            }
          });
      if (seen.size() != chunks.blocks()) {
        throw new IllegalStateException(
            "only " + seen.size() + " of " + chunks.blocks() + " blocks are there");
      }
      return whole;
    } catch (RuntimeException | Error e) {
      whole.close();
      throw e;
    }
  }

  /** Takes elements in row-major order. */
  @FunctionalInterface
  public interface RowSink {
    /** Takes the next bytes. */
    void write(byte[] bytes) throws IOException;
  }

  /** Hands over all elements in row-major order, a chunk of the first axis at a time. */
  public static void slabs(
      JavaSparkContext sc,
      DType dtype,
      Chunks chunks,
      JavaPairRDD<BlockIndex, TensorBlock> blocks,
      RowSink sink)
      throws IOException {
    if (chunks.rank() == 0) {
      try (Tensor scalar = collect(sc, dtype, chunks, blocks)) {
        sink.write(TensorBlock.of(scalar).bytes());
      }
      return;
    }
    for (int s = 0; s < chunks.pieces(0); s++) {
      int number = s;
      long[] shape = chunks.shape();
      shape[0] = Math.min(chunks.chunk(0), shape[0] - s * chunks.chunk(0));
      JavaPairRDD<BlockIndex, TensorBlock> own =
          blocks
              .filter(block -> block._1().get(0) == number)
              .mapToPair(block -> new Tuple2<>(atFirst(block._1()), block._2()));
      try (Tensor slab = collect(sc, dtype, Chunks.of(shape, chunks.chunk()), own)) {
        long rows = shape[0];
        long step = Math.max(1, (long) (ROWS / Math.max(1.0, (double) slab.nbytes() / rows)));
        for (long row = 0; row < rows; row += step) {
          sink.write(TensorBlock.of(slab.slice(0, row, Math.min(rows, row + step))).bytes());
        }
      }
    }
  }

  private static BlockIndex atFirst(BlockIndex index) {
    int[] at = index.toArray();
    at[0] = 0;
    return BlockIndex.of(at);
  }

  /** Writes all blocks from the executors; nothing is left where that fails. */
  public static void write(JavaPairRDD<BlockIndex, TensorBlock> blocks, BlockSink sink)
      throws IOException {
    sink.begin();
    boolean done = false;
    try {
      blocks.foreach(block -> sink.write(block._1(), block._2()));
      sink.commit();
      done = true;
    } finally {
      if (!done) {
        sink.abort();
      }
    }
  }

  /** All blocks by index. */
  public static Map<BlockIndex, TensorBlock> map(
      JavaSparkContext sc, JavaPairRDD<BlockIndex, TensorBlock> blocks, double bytes) {
    Map<BlockIndex, TensorBlock> all = new TreeMap<>();
    each(sc, blocks, bytes, block -> all.put(block._1(), block._2()));
    return all;
  }

  /** Hands all blocks over on the driver, in jobs whose results Spark lets through. */
  private static void each(
      JavaSparkContext sc,
      JavaPairRDD<BlockIndex, TensorBlock> blocks,
      double bytes,
      java.util.function.Consumer<Tuple2<BlockIndex, TensorBlock>> action) {
    int partitions = blocks.getNumPartitions();
    long limit = sc.getConf().getSizeAsBytes("spark.driver.maxResultSize", "1g");
    double room = (limit == 0 ? 4L << 30 : limit) / 4.0;
    int perJob = (int) Math.max(1, Math.min(partitions, room * partitions / Math.max(1, bytes)));
    for (int from = 0; from < partitions; from += perJob) {
      int[] some = IntStream.range(from, Math.min(partitions, from + perJob)).toArray();
      List<Tuple2<BlockIndex, TensorBlock>>[] results = blocks.collectPartitions(some);
      for (List<Tuple2<BlockIndex, TensorBlock>> result : results) {
        result.forEach(action);
      }
    }
  }
}
