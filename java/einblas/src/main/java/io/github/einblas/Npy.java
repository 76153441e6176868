// .npy and .npz: streams elements between files and native memory, so that a file may exceed the
// Java heap.
package io.github.einblas;

import io.github.einblas.internal.Native;
import io.github.einblas.internal.NpyHeader;
import io.github.einblas.internal.Transfer;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/** Reads and writes NumPy's file formats. */
final class Npy {
  /** Elements are copied between streams and native memory in pieces of this many bytes. */
  private static final int PIECE = 1 << 20;

  /**
   * A stream whose length is unknown is believed at most this far ahead of what it has delivered.
   */
  private static final long TRUSTED = 64L << 20;

  private Npy() {}

  /** Reads a .npy file. */
  static Tensor read(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString(), null, "no such file");
    }
    if (Files.isDirectory(file)) {
      throw new NpyFormatException(file + " is a directory, not a .npy file");
    }
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), PIECE)) {
      boolean regular = Files.isRegularFile(file);
      return read(in, file.toString(), regular ? Files.size(file) : -1);
    }
  }

  /** Reads a .npy from a stream of unknown length. */
  static Tensor read(InputStream in, String name) throws IOException {
    return read(in, name, -1);
  }

  /** length: bytes of header and elements together, or -1 when unknown. */
  private static Tensor read(InputStream in, String name, long length) throws IOException {
    NpyHeader header = NpyHeader.read(in, name);
    long bytes = header.bytes();
    if (length >= 0 && bytes > length - header.headerBytes()) {
      throw NpyHeader.truncated(name, length - header.headerBytes(), bytes);
    }
    if (length < 0 && bytes > TRUSTED && bytes > Native.memoryAvailable()) {
      throw new NativeMemoryException(bytes, Native.memoryAvailable());
    }
    long[] stored = header.fortran() ? reversed(header.shape()) : header.shape();
    Tensor t = Tensor.empty(header.dtype(), stored);
    try {
      fill(t, in, name, bytes, header.order());
    } catch (IOException | RuntimeException e) {
      t.close();
      throw e;
    }
    // A column-major array is the transpose of the row-major array of the reversed shape.
    return header.fortran() ? t.transposeInPlace() : t;
  }

  private static long[] reversed(long[] shape) {
    long[] r = new long[shape.length];
    for (int d = 0; d < r.length; d++) {
      r[d] = shape[r.length - 1 - d];
    }
    return r;
  }

  private static void fill(Tensor t, InputStream in, String name, long bytes, ByteOrder order)
      throws IOException {
    ReadableByteChannel channel = Channels.newChannel(in);
    long[] done = new long[1];
    Transfer.windows(
        t.address(),
        bytes,
        window -> {
          while (window.hasRemaining()) {
            int n = channel.read(window);
            if (n < 0) {
              throw NpyHeader.truncated(name, done[0] + window.position(), bytes);
            }
          }
          done[0] += window.position();
          if (order != ByteOrder.nativeOrder()) {
            swap(window, t.dtype());
          }
        });
  }

  private static void swap(ByteBuffer bytes, DType dtype) {
    for (int i = 0; i < bytes.limit(); i += dtype.bytes()) {
      if (dtype.bytes() == 4) {
        bytes.putInt(i, Integer.reverseBytes(bytes.getInt(i)));
      } else {
        bytes.putLong(i, Long.reverseBytes(bytes.getLong(i)));
      }
    }
  }

  /** Reads one member of a .npz. */
  static Tensor readNpz(Path file, String name) throws IOException {
    try (ZipFile zip = open(file)) {
      ZipEntry entry = zip.getEntry(name + ".npy");
      if (entry == null) {
        entry = zip.getEntry(name);
      }
      if (entry == null) {
        TreeSet<String> members = new TreeSet<>();
        zip.stream().forEach(e -> members.add(member(e)));
        throw new NpyFormatException(file + " has no array '" + name + "'; it has " + members);
      }
      return read(zip, entry, file);
    }
  }

  /** Reads all members of a .npz. */
  static Map<String, Tensor> readNpz(Path file) throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (ZipFile zip = open(file)) {
      for (ZipEntry entry : zip.stream().toList()) {
        Tensor before = tensors.put(member(entry), read(zip, entry, file));
        if (before != null) {
          before.close();
          throw new NpyFormatException(file + " has the array '" + member(entry) + "' twice");
        }
      }
      return tensors;
    } catch (IOException | RuntimeException e) {
      tensors.values().forEach(Tensor::close);
      throw e;
    }
  }

  /** The bytes of one member of a .npz that needs no more than {@code most} of them. */
  static byte[] readNpzBytes(Path file, String name, int most) throws IOException {
    try (ZipFile zip = open(file)) {
      ZipEntry entry = zip.getEntry(name + ".npy");
      if (entry == null) {
        throw new NpyFormatException(file + " has no array '" + name + "'");
      }
      try (InputStream in = zip.getInputStream(entry)) {
        return in.readNBytes(most);
      } catch (ZipException e) {
        throw new NpyFormatException(file + ":" + name + " is damaged: " + e.getMessage());
      }
    }
  }

  private static String member(ZipEntry entry) {
    String name = entry.getName();
    return name.endsWith(".npy") ? name.substring(0, name.length() - 4) : name;
  }

  private static ZipFile open(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString(), null, "no such file");
    }
    try {
      return new ZipFile(file.toFile());
    } catch (ZipException e) {
      throw new NpyFormatException(file + " is not a .npz file: " + e.getMessage());
    }
  }

  private static Tensor read(ZipFile zip, ZipEntry entry, Path file) throws IOException {
    String name = file + ":" + member(entry);
    try (InputStream in = new BufferedInputStream(zip.getInputStream(entry), PIECE)) {
      return read(in, name, entry.getSize());
    } catch (ZipException e) {
      throw new NpyFormatException(name + " is damaged: " + e.getMessage());
    }
  }

  /** Writes a .npy to a stream. */
  static void write(Tensor t, OutputStream out) throws IOException {
    boolean fortran = !t.isContiguous() && t.transpose().isContiguous();
    try (Tensor stored = fortran ? t.transpose() : t.contiguous()) {
      long bytes = stored.nbytes();
      out.write(NpyHeader.write(t.dtype(), fortran, t.shape()));
      WritableByteChannel channel = Channels.newChannel(out);
      stored.using(
          address ->
              Transfer.windows(
                  address,
                  bytes,
                  window -> {
                    while (window.hasRemaining()) {
                      channel.write(window);
                    }
                  }));
    }
    out.flush();
  }

  /** Writes a .npy file by way of a temporary one in the same folder. */
  static void write(Tensor t, Path file) throws IOException {
    replace(
        file,
        part -> {
          try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(part), PIECE)) {
            write(t, out);
          }
        });
  }

  /**
   * Writes a .npz file by way of a temporary one in the same folder. Members are stored, not
   * compressed.
   */
  static void writeNpz(Path file, Map<String, Tensor> tensors) throws IOException {
    writeNpz(file, tensors, Map.of());
  }

  /** The same, with members that are finished .npy files. */
  static void writeNpz(Path file, Map<String, Tensor> tensors, Map<String, byte[]> finished)
      throws IOException {
    replace(
        file,
        part -> {
          try (ZipOutputStream zip =
              new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(part), PIECE))) {
            zip.setLevel(0);
            for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
              zip.putNextEntry(new ZipEntry(entry.getKey() + ".npy"));
              write(entry.getValue(), zip);
              zip.closeEntry();
            }
            for (Map.Entry<String, byte[]> entry : finished.entrySet()) {
              zip.putNextEntry(new ZipEntry(entry.getKey() + ".npy"));
              zip.write(entry.getValue());
              zip.closeEntry();
            }
          }
        });
  }

  @FunctionalInterface
  private interface Body {
    void write(Path part) throws IOException;
  }

  private static void replace(Path file, Body body) throws IOException {
    Path target = file.toAbsolutePath();
    if (Files.isDirectory(target)) {
      throw new IOException(file + " is a directory");
    }
    Path folder = target.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new NoSuchFileException(file.toString(), null, "its folder does not exist");
    }
    Path part = Files.createTempFile(folder, "." + target.getFileName(), ".part");
    try {
      // A temporary file is private to its owner; the result gets the usual rights.
      Files.delete(part);
      body.write(part);
      try {
        Files.move(
            part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } catch (AtomicMoveNotSupportedException e) {
        Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
      }
    } finally {
      Files.deleteIfExists(part);
    }
  }
}
