// Storage: one .npy file, read block by block and written from front to back.
package io.github.einblas.spark.internal.storage;

import io.github.einblas.DType;
import io.github.einblas.NpyFormatException;
import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.BlockSource;
import io.github.einblas.spark.Chunks;
import io.github.einblas.spark.TensorBlock;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;

/** Arrays of NumPy in one file each. */
public final class NpyFile {
  private NpyFile() {}

  /**
   * Opens a file: its header is read and its length compared.
   *
   * @param chunk the length of a block along each axis; none: blocks near 32 MB
   * @throws IOException if it is not there, no .npy, of another type, or shorter than it says
   * @throws IllegalArgumentException if the chunks do not fit the shape
   */
  public static Stored open(Configuration conf, String path, long... chunk) throws IOException {
    Place file = Place.of(conf, path);
    FileStatus status = file.status();
    if (status == null) {
      throw new FileNotFoundException(file + " is not there");
    }
    if (status.isDirectory()) {
      throw new NpyFormatException(
          file
              + " is a folder, not a .npy file; folders of .npy chunks and Zarr arrays are others");
    }
    NpyHeader header;
    try (FSDataInputStream in = file.open()) {
      header = NpyHeader.read(in, file.toString());
    }
    if (header.bytes() > status.getLen() - header.start()) {
      throw NpyHeader.truncated(file.toString(), status.getLen() - header.start(), header.bytes());
    }
    long[] own = chunk.length == 0 ? Chunks.near(header.dtype(), header.shape()).chunk() : chunk;
    Chunks chunks = Stored.cut(header.dtype(), header.shape(), own);
    return new Stored(
        header.dtype(),
        chunks,
        new Source(file, header.type(), header.fortran(), header.start(), chunks));
  }

  /**
   * Begins a file. It has its name after {@link NpyWriter#commit()}; nothing is left of it without.
   *
   * @throws java.nio.file.FileAlreadyExistsException if the target is there and must not be
   *     overwritten, or is a folder
   */
  public static NpyWriter writer(
      Configuration conf, String path, DType dtype, long[] shape, boolean overwrite)
      throws IOException {
    return new NpyWriter(Place.of(conf, path), dtype, shape, overwrite);
  }

  private static final class Source implements BlockSource {
    private static final long serialVersionUID = 1;

    private final Place file;
    private final DType dtype;
    private final boolean swap;
    private final boolean fortran;
    private final long start;
    private final Chunks chunks;

    Source(Place file, NumpyType type, boolean fortran, long start, Chunks chunks) {
      this.file = file;
      this.dtype = type.dtype();
      this.swap = type.swap();
      this.fortran = fortran;
      this.start = start;
      this.chunks = chunks;
    }

    @Override
    public TensorBlock read(BlockIndex block) throws IOException {
      long[] box = chunks.shape(block);
      // A column-major array is the transpose of the row-major array of the reversed shape.
      long[] stored = fortran ? Elements.reversed(box) : box;
      long[] from = fortran ? Elements.reversed(chunks.from(block)) : chunks.from(block);
      long[] shape = fortran ? Elements.reversed(chunks.shape()) : chunks.shape();
      int width = dtype.bytes();
      byte[] bytes = new byte[Elements.count(box) * width];
      if (bytes.length > 0) {
        try (FSDataInputStream in = file.open()) {
          Ranges.read(in, start, shape, from, stored, width, bytes);
        } catch (EOFException e) {
          throw new IOException(
              file + " became shorter since it was opened: block " + block + " is not whole", e);
        }
      }
      if (fortran) {
        bytes = Elements.permuted(bytes, stored, Elements.backwards(box.length), width);
      }
      if (swap) {
        Elements.swap(bytes, dtype);
      }
      return TensorBlock.of(dtype, box, bytes);
    }

    @Override
    public String toString() {
      return file.toString();
    }
  }
}
