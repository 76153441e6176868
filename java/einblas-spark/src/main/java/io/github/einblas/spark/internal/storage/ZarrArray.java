// Storage: one array of Zarr 2 or 3 in a folder.
package io.github.einblas.spark.internal.storage;

import io.github.einblas.DType;
import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.BlockSource;
import io.github.einblas.spark.Chunks;
import io.github.einblas.spark.TensorBlock;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;

/** Regular chunks, plain or compressed by zlib, gzip or zstd; blocks are its chunks. */
public final class ZarrArray {
  private static final String GROUP2 = ".zgroup";

  private ZarrArray() {}

  static boolean isArray(Place folder) throws IOException {
    if (folder.child(ZarrMetadata.ZARR2).exists()) {
      return true;
    }
    Place metadata = folder.child(ZarrMetadata.ZARR3);
    byte[] text = metadata.read(Json.MOST_BYTES);
    return text != null && Json.parse(text, metadata.toString()).text("node_type").equals("array");
  }

  /**
   * Opens an array: its metadata is read. Chunks that have no file are full of its fill value.
   *
   * @throws IOException if it is no array, or has something that is not supported; it says what
   */
  public static Stored open(Configuration conf, String path) throws IOException {
    Place folder = Place.of(conf, path);
    FileStatus status = folder.status();
    if (status == null) {
      throw new FileNotFoundException(folder + " is not there");
    }
    if (!status.isDirectory()) {
      throw new IOException(folder + " is a file; Zarr arrays are read from folders");
    }
    String name = ZarrMetadata.ZARR3;
    byte[] text = folder.child(name).read(Json.MOST_BYTES);
    ZarrMetadata metadata;
    if (text != null) {
      metadata = ZarrMetadata.parse3(text, folder.child(name).toString());
    } else {
      name = ZarrMetadata.ZARR2;
      text = folder.child(name).read(Json.MOST_BYTES);
      if (text == null) {
        throw new FileNotFoundException(folder + absent(folder));
      }
      metadata = ZarrMetadata.parse2(text, folder.child(name).toString());
    }
    return new Stored(
        metadata.type().dtype(), metadata.chunks(), new Source(folder, name, metadata));
  }

  private static String absent(Place folder) throws IOException {
    if (folder.child(GROUP2).exists()) {
      return " is a Zarr group, not an array; open one of the arrays in it by its own path";
    }
    return folder.child(FolderSink.UNFINISHED).exists()
        ? " holds an array whose writing did not finish"
        : " is no Zarr array: it has neither .zarray nor zarr.json";
  }

  /**
   * Writes an array; the metadata comes last.
   *
   * @param version of Zarr, 2 or 3
   * @throws IllegalArgumentException if there is no such version, or a chunk is too large
   */
  public static BlockSink sink(
      Configuration conf,
      String path,
      DType dtype,
      Chunks chunks,
      int version,
      ZarrCodec codec,
      boolean overwrite)
      throws IOException {
    if (version != 2 && version != 3) {
      throw new IllegalArgumentException("Zarr has versions 2 and 3, not " + version);
    }
    return new Sink(Place.of(conf, path), dtype, chunks, version, codec, overwrite);
  }

  private static final class Source implements BlockSource {
    private static final long serialVersionUID = 1;

    private final Place folder;
    private final String metadata;
    private final DType dtype;
    private final boolean swap;
    private final Chunks chunks;
    private final long[] stored;
    private final int[] order;
    private final ByteCodec[] codecs;
    private final ChunkNames names;
    private final byte[] fill;

    Source(Place folder, String name, ZarrMetadata metadata) {
      this.folder = folder;
      this.metadata = name;
      this.dtype = metadata.type().dtype();
      this.swap = metadata.type().swap();
      this.chunks = metadata.chunks();
      this.stored = metadata.stored();
      this.order = metadata.order();
      this.codecs = metadata.codecs();
      this.names = metadata.names();
      this.fill = metadata.fill();
    }

    @Override
    public TensorBlock read(BlockIndex block) throws IOException {
      long[] shape = chunks.shape(block);
      int count = Elements.count(shape);
      if (count == 0) {
        return TensorBlock.of(dtype, shape, new byte[0]);
      }
      int size = Stored.requireSize(dtype, stored);
      Place place = folder.child(names.name(block));
      byte[] file = place.read(codecs.length == 0 ? size : ByteCodec.mostBytes(size));
      if (file == null) {
        if (!folder.child(metadata).exists()) {
          throw new IOException(
              folder + " is not seen from this machine; all executors must see it");
        }
        return TensorBlock.of(dtype, shape, Elements.filled(count, fill));
      }
      byte[] bytes = ByteCodec.decodeAll(codecs, file, size, place.toString());
      int width = dtype.bytes();
      bytes = inOrder(bytes, width);
      if (!Arrays.equals(stored, shape)) {
        byte[] inside = new byte[count * width];
        long[] zero = new long[shape.length];
        Elements.copyBox(bytes, stored, zero, inside, shape, zero, shape, width);
        bytes = inside;
      }
      if (swap) {
        Elements.swap(bytes, dtype);
      }
      return TensorBlock.of(dtype, shape, bytes);
    }

    /** Brings the axes of a chunk's file into the order of the array. */
    private byte[] inOrder(byte[] bytes, int width) {
      long[] file = new long[order.length];
      int[] back = new int[order.length];
      for (int d = 0; d < order.length; d++) {
        file[d] = stored[order[d]];
        back[order[d]] = d;
      }
      return Elements.permuted(bytes, file, back, width);
    }

    @Override
    public String toString() {
      return folder.toString();
    }
  }

  private static final class Sink extends FolderSink {
    private static final long serialVersionUID = 1;

    private final int version;
    private final ByteCodec codec;

    Sink(
        Place folder, DType dtype, Chunks chunks, int version, ZarrCodec codec, boolean overwrite) {
      super(
          folder,
          version == 2 ? ChunkNames.zarr2(".") : ChunkNames.zarr3("/"),
          dtype,
          chunks,
          overwrite);
      this.version = version;
      this.codec = codec.codec();
    }

    @Override
    boolean hasEmptyFiles() {
      return false;
    }

    @Override
    void write(OutputStream out, TensorBlock values) throws IOException {
      byte[] bytes = values.bytes();
      long[] shape = values.shape();
      long[] whole = chunks().chunk();
      if (!Arrays.equals(shape, whole)) {
        byte[] padded = new byte[Stored.requireSize(dtype(), whole)];
        long[] zero = new long[shape.length];
        Elements.copyBox(bytes, shape, zero, padded, whole, zero, shape, dtype().bytes());
        bytes = padded;
      }
      out.write(codec == null ? bytes : codec.encode(bytes));
    }

    @Override
    String metadataName() {
      return version == 2 ? ZarrMetadata.ZARR2 : ZarrMetadata.ZARR3;
    }

    @Override
    byte[] metadata() {
      return version == 2
          ? ZarrMetadata.write2(dtype(), chunks(), codec)
          : ZarrMetadata.write3(dtype(), chunks(), codec);
    }
  }
}
