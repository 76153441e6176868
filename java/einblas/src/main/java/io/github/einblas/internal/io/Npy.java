// .npy: streams elements between files and native memory, so that a file may exceed the Java heap.
package io.github.einblas.internal.io;

import io.github.einblas.DType;
import io.github.einblas.NpyFormatException;
import io.github.einblas.WriteOption;
import io.github.einblas.internal.tensor.Storage;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import io.github.einblas.internal.tensor.Transfer;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Reads and writes NumPy's arrays. Only plain streams: a channel over a caller's stream would close
 * it when the thread is interrupted.
 */
public final class Npy {
  /** Elements are copied between streams and native memory in pieces of this many bytes. */
  private static final int PIECE = 1 << 17;

  private static final int MOST_SHOWN = 1000;

  private Npy() {}

  /** Reads a .npy file. */
  public static Strided read(Path file) throws IOException {
    requireFile(file);
    try (InputStream in = Files.newInputStream(file)) {
      boolean regular = Files.isRegularFile(file);
      return read(in, file.toString(), regular ? Files.size(file) : -1);
    }
  }

  private static void requireFile(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString(), null, "no such file");
    }
    if (Files.isDirectory(file)) {
      throw new NpyFormatException(file + " is a directory, not a .npy file");
    }
  }

  /** Reads a .npy from a stream of unknown length. */
  public static Strided read(InputStream in, String name) throws IOException {
    return read(in, name, -1);
  }

  /** length: bytes of header and elements together, or -1 when unknown. */
  static Strided read(InputStream in, String name, long length) throws IOException {
    NpyHeader header = NpyHeader.read(in, name);
    long bytes = header.bytes();
    if (length >= 0 && bytes > length - header.headerBytes()) {
      throw NpyHeader.truncated(name, length - header.headerBytes(), bytes);
    }
    long[] stored = header.fortran() ? reversed(header.shape()) : header.shape();
    Strided t = Strided.empty(header.dtype(), stored);
    try {
      fill(t, in, name, bytes, header.order());
    } catch (IOException | RuntimeException | Error e) {
      t.close();
      throw e;
    }
    // A column-major array is the transpose of the row-major array of the reversed shape.
    return header.fortran() ? t.transposeInPlace() : t;
  }

  /**
   * Lies over the elements of a .npy file.
   *
   * @throws NpyFormatException if it is none, or its elements must be copied to be used
   */
  public static Strided map(Path file, FileChannel.MapMode mode) throws IOException {
    requireFile(file);
    if (!Files.isRegularFile(file)) {
      throw new NpyFormatException(file + " cannot be mapped: it is no regular file");
    }
    NpyHeader header;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      header = NpyHeader.read(in, file.toString());
    }
    DType type = header.dtype();
    int part = type.partType().bytes();
    if (header.order() != ByteOrder.nativeOrder() && part > 1) {
      throw new NpyFormatException(
          file
              + " cannot be mapped: its elements are "
              + header.order()
              + ", this machine's "
              + ByteOrder.nativeOrder()
              + "; readNpy turns them");
    }
    if (header.headerBytes() % part != 0) {
      throw new NpyFormatException(
          file
              + " cannot be mapped: its elements begin at byte "
              + header.headerBytes()
              + ", no multiple of the "
              + part
              + " bytes of a number; readNpy copies them");
    }
    MappedFile mapped = MappedFile.open(file, mode);
    Storage memory = mapped.from(header.headerBytes());
    boolean done = false;
    try {
      if (memory.bytes() < header.bytes()) {
        throw NpyHeader.truncated(file.toString(), memory.bytes(), header.bytes());
      }
      long[] shape = header.fortran() ? reversed(header.shape()) : header.shape();
      Strided t = Strided.over(type, memory, shape);
      done = true;
      return header.fortran() ? t.transposeInPlace() : t;
    } finally {
      if (!done) {
        memory.close();
      }
    }
  }

  private static long[] reversed(long[] shape) {
    long[] r = new long[shape.length];
    for (int d = 0; d < r.length; d++) {
      r[d] = shape[r.length - 1 - d];
    }
    return r;
  }

  private static void fill(Strided t, InputStream in, String name, long bytes, ByteOrder order)
      throws IOException {
    byte[] piece = new byte[(int) Math.min(PIECE, bytes)];
    long[] done = new long[1];
    Transfer.windows(
        t.address(),
        bytes,
        window -> {
          while (window.hasRemaining()) {
            int n = in.readNBytes(piece, 0, Math.min(piece.length, window.remaining()));
            window.put(piece, 0, n);
            done[0] += n;
            if (n < piece.length && window.hasRemaining()) {
              throw NpyHeader.truncated(name, done[0], bytes);
            }
          }
          if (order != ByteOrder.nativeOrder()) {
            swap(window, t.dtype());
          }
        });
  }

  /** Turns the bytes of each number, of which complex elements have two. */
  private static void swap(ByteBuffer bytes, DType dtype) {
    int width = dtype.partType().bytes();
    for (int i = 0; i < bytes.limit() && width > 1; i += width) {
      if (width == 2) {
        bytes.putShort(i, Short.reverseBytes(bytes.getShort(i)));
      } else if (width == 4) {
        bytes.putInt(i, Integer.reverseBytes(bytes.getInt(i)));
      } else {
        bytes.putLong(i, Long.reverseBytes(bytes.getLong(i)));
      }
    }
  }

  /** Writes a .npy to a stream. */
  public static void write(Strided t, OutputStream out) throws IOException {
    boolean fortran = !t.isContiguous() && t.transpose().isContiguous();
    writeElements(NpyHeader.write(t.dtype(), fortran, t.shape()), fortran ? t.transpose() : t, out);
    out.flush();
  }

  /** Writes what stands before the elements, and those in row-major order. */
  static void writeElements(byte[] header, Strided t, OutputStream out) throws IOException {
    try (Strided stored = TensorCopy.contiguous(t)) {
      long bytes = stored.nbytes();
      byte[] piece = new byte[(int) Math.min(PIECE, bytes)];
      out.write(header);
      stored.using(
          address ->
              Transfer.windows(
                  address,
                  bytes,
                  window -> {
                    while (window.hasRemaining()) {
                      int n = Math.min(piece.length, window.remaining());
                      window.get(piece, 0, n);
                      out.write(piece, 0, n);
                    }
                  }));
    }
  }

  /** Writes a .npy file, whole or not at all. */
  public static void write(Strided t, Path file, WriteOption... options) throws IOException {
    OutputFile.write(file, sync(options), out -> write(t, out));
  }

  /** Whether files are to be forced to disk. */
  public static boolean sync(WriteOption... options) {
    boolean sync = false;
    for (WriteOption option : Objects.requireNonNull(options, "options").clone()) {
      sync |= Objects.requireNonNull(option, "option") == WriteOption.SYNC;
    }
    return sync;
  }

  /** A text cut to what a message can show. */
  static String brief(String text) {
    return text.length() > MOST_SHOWN ? text.substring(0, MOST_SHOWN) + "..." : text;
  }
}
