// Storage: a folder with one .npy for each chunk, as any tool reads them, and chunks.json.
package io.github.einblas.spark.internal.storage;

import com.google.gson.JsonObject;
import io.github.einblas.DType;
import io.github.einblas.NpyFormatException;
import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.BlockSource;
import io.github.einblas.spark.Chunks;
import io.github.einblas.spark.TensorBlock;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;

/**
 * Files such as {@code 0.3.1.npy}, named by {@link BlockIndex}, and
 *
 * <pre>{@code
 * {"format": "npy chunks", "version": 1, "dtype": "f8", "shape": [10000, 300], "chunk": [4096, 300]}
 * }</pre>
 */
public final class NpyFolder {
  static final String METADATA = "chunks.json";

  private static final String FORMAT = "npy chunks";
  private static final int VERSION = 1;

  private NpyFolder() {}

  static boolean isArray(Place folder) throws IOException {
    return folder.child(METADATA).exists();
  }

  /**
   * Opens a folder: its metadata is read and its files are counted by name.
   *
   * @throws IOException if it is no such folder, or a chunk's file is missing
   */
  public static Stored open(Configuration conf, String folder) throws IOException {
    Place place = Place.of(conf, folder);
    Place metadata = place.child(METADATA);
    byte[] text = metadata.read(Json.MOST_BYTES);
    if (text == null) {
      throw new FileNotFoundException(
          place.child(FolderSink.UNFINISHED).exists()
              ? place + " holds an array whose writing did not finish"
              : place + " is no folder of .npy chunks: it has no " + METADATA);
    }
    Json json = Json.parse(text, metadata.toString());
    if (!json.text("format").equals(FORMAT) || json.number("version") != VERSION) {
      throw json.wrong("format and version are not '" + FORMAT + "' and " + VERSION);
    }
    DType dtype = dtype(json);
    Chunks chunks = json.cut(dtype, json.lengths("shape"), json.lengths("chunk"));
    ChunkNames.NPY.requireAll(place, chunks);
    return new Stored(dtype, chunks, new Source(place, dtype, chunks));
  }

  private static DType dtype(Json json) throws IOException {
    String name = json.text("dtype");
    for (DType type : DType.values()) {
      if (type.numpyName().equals(name)) {
        return type;
      }
    }
    throw json.wrong("it holds " + NumpyType.refused(name));
  }

  /** Writes a folder; chunks.json comes last. */
  public static BlockSink sink(
      Configuration conf, String folder, DType dtype, Chunks chunks, boolean overwrite)
      throws IOException {
    return new Sink(Place.of(conf, folder), dtype, chunks, overwrite);
  }

  private static final class Source implements BlockSource {
    private static final long serialVersionUID = 1;

    private final Place folder;
    private final DType dtype;
    private final Chunks chunks;

    Source(Place folder, DType dtype, Chunks chunks) {
      this.folder = folder;
      this.dtype = dtype;
      this.chunks = chunks;
    }

    @Override
    public TensorBlock read(BlockIndex block) throws IOException {
      long[] shape = chunks.shape(block);
      Place file = folder.child(ChunkNames.NPY.name(block));
      byte[] bytes;
      NpyHeader header;
      try (FSDataInputStream in = file.open()) {
        header = NpyHeader.read(in, file.toString());
        if (header.dtype() != dtype || !Arrays.equals(header.shape(), shape)) {
          throw new NpyFormatException(
              file
                  + " holds "
                  + Arrays.toString(header.shape())
                  + " of "
                  + header.dtype()
                  + "; the array needs "
                  + Arrays.toString(shape)
                  + " of "
                  + dtype
                  + " there");
        }
        bytes = new byte[Elements.count(shape) * dtype.bytes()];
        int have = in.readNBytes(bytes, 0, bytes.length);
        if (have < bytes.length) {
          throw NpyHeader.truncated(file.toString(), have, bytes.length);
        }
      } catch (FileNotFoundException e) {
        throw new IOException(
            file + " is missing, or this machine does not see it: all executors must", e);
      } catch (EOFException e) {
        throw new IOException(file + " ends too early", e);
      }
      if (header.fortran()) {
        bytes =
            Elements.permuted(
                bytes, Elements.reversed(shape), Elements.backwards(shape.length), dtype.bytes());
      }
      if (header.type().swap()) {
        Elements.swap(bytes, dtype);
      }
      return TensorBlock.of(dtype, shape, bytes);
    }

    @Override
    public String toString() {
      return folder.toString();
    }
  }

  private static final class Sink extends FolderSink {
    private static final long serialVersionUID = 1;

    Sink(Place folder, DType dtype, Chunks chunks, boolean overwrite) {
      super(folder, ChunkNames.NPY, dtype, chunks, overwrite);
    }

    @Override
    boolean hasEmptyFiles() {
      return true;
    }

    @Override
    void write(OutputStream out, TensorBlock values) throws IOException {
      out.write(NpyHeader.write(values.dtype(), values.shape()));
      out.write(values.bytes());
    }

    @Override
    String metadataName() {
      return METADATA;
    }

    @Override
    byte[] metadata() {
      JsonObject json = new JsonObject();
      json.addProperty("format", FORMAT);
      json.addProperty("version", VERSION);
      json.addProperty("dtype", dtype().numpyName());
      json.add("shape", Json.array(chunks().shape()));
      json.add("chunk", Json.array(chunks().chunk()));
      return Json.bytes(json);
    }
  }
}
