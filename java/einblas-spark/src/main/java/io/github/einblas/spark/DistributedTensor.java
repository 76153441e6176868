// Public API: a tensor in blocks on a cluster.
package io.github.einblas.spark;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import io.github.einblas.spark.internal.data.BlockMoves;
import io.github.einblas.spark.internal.data.RandomSource;
import io.github.einblas.spark.internal.data.Regions;
import io.github.einblas.spark.internal.plan.Placement;
import io.github.einblas.spark.internal.run.RechunkRun;
import io.github.einblas.spark.internal.storage.NpyFile;
import io.github.einblas.spark.internal.storage.NpyFolder;
import io.github.einblas.spark.internal.storage.NpyWriter;
import io.github.einblas.spark.internal.storage.Stored;
import io.github.einblas.spark.internal.storage.ZarrArray;
import io.github.einblas.spark.internal.storage.ZarrCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * A tensor in blocks: a type, a shape cut into {@link Chunks}, and a block for each chunk. It is as
 * lazy as an RDD: nothing is read or computed before a result is asked for, and what was lost is
 * computed again, with the same bits.
 *
 * <pre>{@code
 * DistributedTensor a = DistributedTensor.random(sc, DType.F64, 1, new long[] {20000, 20000}, 4096, 4096);
 * DistributedTensor c = SparkEinsum.einsum(sc, "ij,kj->ik", a, a);
 * }</pre>
 */
public final class DistributedTensor {
  private static final long SOURCE_PARTITION = 128L << 20;

  private final JavaSparkContext sc;
  private final DType dtype;
  private final Chunks chunks;
  private final BlockSource source;
  private final JavaPairRDD<BlockIndex, TensorBlock> blocks;
  private final Placement placement;

  private DistributedTensor(
      JavaSparkContext sc,
      DType dtype,
      Chunks chunks,
      BlockSource source,
      JavaPairRDD<BlockIndex, TensorBlock> blocks,
      Placement placement) {
    this.sc = sc;
    this.dtype = dtype;
    this.chunks = chunks;
    this.source = source;
    this.blocks = blocks;
    this.placement = placement;
    TensorBlock.size(dtype, chunks.chunk());
  }

  /**
   * A tensor whose blocks any executor can read.
   *
   * @param source gives each block, of the type and of the shape that the chunks say
   */
  public static DistributedTensor of(
      JavaSparkContext sc, DType dtype, Chunks chunks, BlockSource source) {
    Objects.requireNonNull(sc, "sc");
    Objects.requireNonNull(dtype, "dtype");
    Objects.requireNonNull(chunks, "chunks");
    Objects.requireNonNull(source, "source");
    BlockSource checked = BlockMoves.checked(dtype, chunks, source);
    int partitions = partitions(sc, dtype, chunks);
    Placement placement = Placement.rows(chunks, partitions);
    return new DistributedTensor(
        sc, dtype, chunks, checked, BlockMoves.read(sc, chunks, partitions, checked), placement);
  }

  /** As many as tasks at a time at least, and none of much more than 128 MB. */
  private static int partitions(JavaSparkContext sc, DType dtype, Chunks chunks) {
    double bytes = chunks.size() * dtype.bytes();
    double wanted = Math.max(sc.defaultParallelism(), bytes / SOURCE_PARTITION);
    return (int) Math.max(1, Math.min(Math.min(wanted, (double) chunks.blocks()), 1e6));
  }

  /**
   * The blocks of an RDD, each once: a missing one, one twice and one of another shape or type end
   * the job that meets it.
   */
  public static DistributedTensor of(
      JavaSparkContext sc,
      DType dtype,
      Chunks chunks,
      JavaPairRDD<BlockIndex, TensorBlock> blocks) {
    Objects.requireNonNull(sc, "sc");
    return new DistributedTensor(
        sc,
        Objects.requireNonNull(dtype, "dtype"),
        Objects.requireNonNull(chunks, "chunks"),
        null,
        BlockMoves.checked(dtype, chunks, Objects.requireNonNull(blocks, "blocks")),
        null);
  }

  static DistributedTensor computed(
      JavaSparkContext sc,
      DType dtype,
      Chunks chunks,
      JavaPairRDD<BlockIndex, TensorBlock> blocks,
      Placement placement) {
    return new DistributedTensor(sc, dtype, chunks, null, blocks, placement);
  }

  /**
   * Cuts a tensor of this process. Its blocks travel with the tasks, so it should be small.
   *
   * @param chunk length of a chunk along each axis
   */
  public static DistributedTensor of(JavaSparkContext sc, Tensor tensor, long... chunk) {
    Chunks chunks = Chunks.of(tensor.shape(), chunk);
    TensorBlock.size(tensor.dtype(), chunks.chunk());
    int partitions = partitions(sc, tensor.dtype(), chunks);
    Placement placement = Placement.rows(chunks, partitions);
    List<List<Tuple2<BlockIndex, TensorBlock>>> parts = new ArrayList<>();
    for (int p = 0; p < partitions; p++) {
      parts.add(new ArrayList<>());
    }
    for (long b = 0; b < chunks.blocks(); b++) {
      BlockIndex index = chunks.block(b);
      TensorBlock block =
          TensorBlock.of(Regions.part(tensor, new long[tensor.rank()], chunks, index));
      parts.get(placement.of(index)).add(new Tuple2<>(index, block));
    }
    return new DistributedTensor(
        sc,
        tensor.dtype(),
        chunks,
        null,
        sc.parallelize(parts, partitions).flatMapToPair(List::iterator),
        placement);
  }

  /**
   * Uniform random numbers from -1 to 1, which each executor makes by itself. They depend on the
   * seed and on an element's place, not on the chunks.
   *
   * @param dtype F32 or F64
   * @param chunk length of a chunk along each axis
   */
  public static DistributedTensor random(
      JavaSparkContext sc, DType dtype, long seed, long[] shape, long... chunk) {
    Chunks chunks = Chunks.of(shape, chunk);
    return of(sc, dtype, chunks, new RandomSource(dtype, chunks, seed));
  }

  /**
   * A {@code .npy} file that all executors see, read by byte ranges.
   *
   * @param path as Hadoop reads it, such as {@code hdfs:///a.npy} or {@code /shared/a.npy}
   * @param chunk length of a chunk along each axis; none: blocks near 32 MB
   * @throws IOException if it is no such file, is shorter than it says, or holds another type; it
   *     names the file
   */
  public static DistributedTensor readNpy(JavaSparkContext sc, String path, long... chunk)
      throws IOException {
    return stored(sc, NpyFile.open(sc.hadoopConfiguration(), path, chunk));
  }

  /**
   * A folder that {@link #writeNpyChunks} wrote: a {@code .npy} for each block and a {@code
   * chunks.json}.
   *
   * @throws IOException if it is none, or a chunk is missing
   */
  public static DistributedTensor readNpyChunks(JavaSparkContext sc, String folder)
      throws IOException {
    return stored(sc, NpyFolder.open(sc.hadoopConfiguration(), folder));
  }

  /**
   * A Zarr array, v2 or v3, raw or compressed by zlib, gzip or Zstandard. Chunks without a file are
   * its fill value.
   *
   * @throws IOException if it is none, or has what is not supported, which is named
   */
  public static DistributedTensor readZarr(JavaSparkContext sc, String folder) throws IOException {
    return stored(sc, ZarrArray.open(sc.hadoopConfiguration(), folder));
  }

  /** Any of the three, by what is there. */
  public static DistributedTensor read(JavaSparkContext sc, String path) throws IOException {
    Configuration conf = sc.hadoopConfiguration();
    Path place = new Path(path);
    FileSystem files = place.getFileSystem(conf);
    if (files.exists(new Path(place, "chunks.json"))) {
      return readNpyChunks(sc, path);
    }
    return files.exists(place) && files.getFileStatus(place).isDirectory()
        ? readZarr(sc, path)
        : readNpy(sc, path);
  }

  private static DistributedTensor stored(JavaSparkContext sc, Stored stored) {
    return of(sc, stored.dtype(), stored.chunks(), stored.source());
  }

  /**
   * Writes one {@code .npy} file, through the driver, slab by slab of the first axis's chunks.
   *
   * @param overwrite whether a file that is there may be replaced
   * @throws IOException if it cannot be written, or is there and must not be replaced
   */
  public void writeNpy(String path, boolean overwrite) throws IOException {
    boolean keeps = source == null && blocks.getStorageLevel().equals(StorageLevel.NONE());
    try (NpyWriter out =
        NpyFile.writer(sc.hadoopConfiguration(), path, dtype, chunks.shape(), overwrite)) {
      if (keeps) {
        blocks.persist(StorageLevel.MEMORY_AND_DISK()); // each slab is a job
      }
      BlockMoves.slabs(sc, dtype, chunks, blocks, out::write);
      out.commit();
    } finally {
      if (keeps) {
        blocks.unpersist(true); // later jobs must not look for what is going
      }
    }
  }

  /**
   * Writes a folder of {@code .npy} files, one for each block, from the executors.
   *
   * @param overwrite whether such a folder that is there may be replaced
   * @throws IOException if it cannot be written, or is there and must not be replaced
   */
  public void writeNpyChunks(String folder, boolean overwrite) throws IOException {
    BlockMoves.write(
        blocks, NpyFolder.sink(sc.hadoopConfiguration(), folder, dtype, chunks, overwrite));
  }

  /** As {@link #writeZarr(String, int, String, boolean)}: version 3, Zstandard. */
  public void writeZarr(String folder, boolean overwrite) throws IOException {
    writeZarr(folder, 3, "zstd", overwrite);
  }

  /**
   * Writes a Zarr array from the executors.
   *
   * @param version 2 or 3
   * @param codec {@code raw}, {@code gzip} or {@code zstd}
   * @param overwrite whether an array that is there may be replaced
   * @throws IOException if it cannot be written, or is there and must not be replaced
   */
  public void writeZarr(String folder, int version, String codec, boolean overwrite)
      throws IOException {
    BlockMoves.write(
        blocks,
        ZarrArray.sink(
            sc.hadoopConfiguration(), folder, dtype, chunks, version, codec(codec), overwrite));
  }

  private static ZarrCodec codec(String name) {
    for (ZarrCodec codec : ZarrCodec.values()) {
      if (codec.name().equalsIgnoreCase(name)) {
        return codec;
      }
    }
    throw new IllegalArgumentException("Zarr codecs are raw, gzip and zstd, not '" + name + "'");
  }

  /** Type of the elements. */
  public DType dtype() {
    return dtype;
  }

  /** Length of each axis. */
  public long[] shape() {
    return chunks.shape();
  }

  /** How it is cut. */
  public Chunks chunks() {
    return chunks;
  }

  /** Bytes of all elements; a number that may be beyond a long's. */
  public double bytes() {
    return chunks.size() * dtype.bytes();
  }

  /** Its blocks; those that are read from a source are read again by each job. */
  public JavaPairRDD<BlockIndex, TensorBlock> blocks() {
    return blocks;
  }

  /** Where any task can read any block, or null if blocks have to be sent. */
  BlockSource source() {
    return source;
  }

  Placement placement() {
    return placement;
  }

  JavaSparkContext context() {
    return sc;
  }

  /**
   * The same tensor in other chunks. One that is read from a source is read in the new chunks;
   * otherwise each element is shuffled once.
   */
  public DistributedTensor rechunk(long... chunk) {
    Chunks to = Chunks.of(chunks.shape(), chunk);
    if (to.equals(chunks)) {
      return this;
    }
    if (source != null) {
      return of(sc, dtype, to, Regions.rechunked(dtype, source, chunks, to));
    }
    TensorBlock.size(dtype, to.chunk());
    int partitions = partitions(sc, dtype, to);
    Placement newPlacement = Placement.rows(to, partitions);
    return new DistributedTensor(
        sc, dtype, to, null, RechunkRun.of(dtype, blocks, chunks, to, newPlacement), newPlacement);
  }

  /** Kept in memory, and on disk what does not fit, once computed: {@code MEMORY_AND_DISK}. */
  public DistributedTensor persist() {
    return persist(StorageLevel.MEMORY_AND_DISK());
  }

  /**
   * Kept once computed. Blocks lie on the Java heap as bytes, so Spark counts them rightly in
   * serialised levels and others.
   */
  public DistributedTensor persist(StorageLevel level) {
    return new DistributedTensor(sc, dtype, chunks, null, blocks.persist(level), placement);
  }

  /** Gives back what {@link #persist()} holds. */
  public void unpersist() {
    blocks.unpersist();
  }

  /**
   * The whole tensor in this process, in native memory; to be closed.
   *
   * @param maxBytes what the caller is ready to hold
   * @throws IllegalArgumentException if it has more, before any job runs
   * @throws IllegalStateException if the blocks turn out not to be all of it
   */
  public Tensor collect(long maxBytes) {
    if (bytes() > maxBytes) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "collect: the tensor %s of %s has %.0f bytes, more than the %d allowed",
              Arrays.toString(shape()),
              dtype,
              bytes(),
              maxBytes));
    }
    return BlockMoves.collect(sc, dtype, chunks, blocks);
  }

  @Override
  public String toString() {
    return "DistributedTensor " + chunks + " of " + dtype;
  }
}
