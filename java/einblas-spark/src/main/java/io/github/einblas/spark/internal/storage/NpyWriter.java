// Storage: one .npy file that is being written, from front to back.
package io.github.einblas.spark.internal.storage;

import io.github.einblas.DType;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.util.Arrays;
import org.apache.hadoop.fs.FileStatus;

/**
 * Takes the elements in row-major order, in the machine's order of bytes, in pieces of any size.
 * For one thread.
 *
 * <pre>{@code
 * try (NpyWriter out = NpyFile.writer(conf, "hdfs:///c.npy", DType.F64, shape, false)) {
 *   out.write(block.bytes());
 *   out.commit();
 * }
 * }</pre>
 */
public final class NpyWriter implements Closeable {
  private final Place target;
  private final Place temporary;
  private final boolean overwrite;
  private final long needed;
  private OutputStream out;
  private boolean closed; // out, without an error
  private long written;

  NpyWriter(Place target, DType dtype, long[] shape, boolean overwrite) throws IOException {
    this.target = target;
    this.temporary = target.beside();
    this.overwrite = overwrite;
    this.needed = bytes(dtype, shape);
    requireFree();
    byte[] header = NpyHeader.write(dtype, shape);
    temporary.parent().makeFolder();
    out = temporary.create();
    try {
      out.write(header);
    } catch (IOException | RuntimeException | Error e) {
      try {
        close();
      } catch (IOException | RuntimeException also) {
        e.addSuppressed(also);
      }
      throw e;
    }
  }

  private static long bytes(DType dtype, long[] shape) {
    if (shape.length > Stored.MOST_AXES) {
      throw new IllegalArgumentException(
          "the array has " + shape.length + " axes; at most " + Stored.MOST_AXES);
    }
    long bytes = dtype.bytes();
    for (long length : shape) {
      if (length < 0 || length > Long.MAX_VALUE / Math.max(1, bytes)) {
        throw new IllegalArgumentException(
            "an array of " + dtype + " cannot have the shape " + Arrays.toString(shape));
      }
      bytes *= length;
    }
    return bytes;
  }

  private void requireFree() throws IOException {
    FileStatus status = target.status();
    if (status != null && (status.isDirectory() || !overwrite)) {
      throw new FileAlreadyExistsException(
          target
              + (status.isDirectory()
                  ? " is a folder; a .npy file cannot take its place"
                  : " is there already; overwriting it was not asked for"));
    }
  }

  /** Writes the next elements. */
  public void write(byte[] bytes) throws IOException {
    write(bytes, 0, bytes.length);
  }

  /**
   * Writes the next elements.
   *
   * @throws IllegalArgumentException if they are more than the shape has
   */
  public void write(byte[] bytes, int from, int length) throws IOException {
    if (length > needed - written) {
      throw new IllegalArgumentException(
          target + " takes " + needed + " bytes, not " + written + " and " + length + " more");
    }
    out.write(bytes, from, length);
    written += length;
  }

  /**
   * Gives the file its name.
   *
   * @throws IllegalStateException if elements are missing
   * @throws IOException if the file system refuses; the writer is then closed as without commit
   */
  public void commit() throws IOException {
    if (written < needed) {
      throw new IllegalStateException(
          target + " needs " + needed + " bytes; " + written + " were written");
    }
    out.close();
    closed = true;
    requireFree();
    if (!temporary.renameTo(target)) {
      // HDFS does not rename onto a file.
      boolean there = overwrite && target.exists();
      if (there) {
        target.delete();
      }
      if (!there || !temporary.renameTo(target)) {
        throw new IOException("the file system did not rename " + temporary + " to " + target);
      }
    }
    out = null;
  }

  /** Deletes what was written, unless it was committed. */
  @Override
  public void close() throws IOException {
    if (out == null) {
      return;
    }
    OutputStream stream = out;
    out = null;
    try {
      if (!closed) {
        stream.close();
      }
    } finally {
      temporary.delete();
    }
  }
}
