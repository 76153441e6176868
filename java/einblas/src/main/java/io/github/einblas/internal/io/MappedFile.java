// Files: a whole file in memory, of any length, by which tensors read and write it.
package io.github.einblas.internal.io;

import io.github.einblas.internal.natives.Foreign;
import io.github.einblas.internal.natives.Native;
import io.github.einblas.internal.tensor.Storage;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/**
 * A mapped file. Before each call it is asked whether the file is still as long as it was: memory
 * behind the end of a file cannot be touched.
 */
final class MappedFile implements Storage.Owner {
  /** Mapped at a time before JDK 22, whose buffers hold less than 2^31 bytes. */
  private static final long PIECE = 1L << 30;

  /** How often pieces are asked to lie side by side. */
  private static final int TRIES = 8;

  private final Path file;
  private final long bytes;
  private final MapMode mode;

  /** Asked for its length; unlike a channel it is not closed by an interrupt. */
  private final RandomAccessFile open;

  private Foreign.Mapped mapped;

  /** Of the mapping before JDK 22, kept reachable. */
  @SuppressWarnings("unused")
  private MappedByteBuffer[] pieces;

  private long address;

  private MappedFile(Path file, MapMode mode) throws IOException {
    this.file = file;
    this.mode = mode;
    if (file.getFileSystem() != FileSystems.getDefault()) {
      throw new IOException(file + " cannot be mapped: it is in a file system of its own");
    }
    open = new RandomAccessFile(file.toFile(), mode == MapMode.READ_WRITE ? "rw" : "r");
    bytes = open.length();
  }

  /** Maps a file that has at least a byte. */
  static MappedFile open(Path file, MapMode mode) throws IOException {
    MappedFile made = new MappedFile(file, mode);
    boolean done = false;
    try {
      Uninterrupted.run(made::map);
      done = true;
      return made;
    } finally {
      if (!done) {
        made.release();
      }
    }
  }

  /** Bytes of the file. */
  long bytes() {
    return bytes;
  }

  /** The memory from a byte to the end; one tensor's, or views of it. */
  Storage from(long start) {
    return Storage.wrap(address + start, bytes - start, this, mode == MapMode.READ_ONLY);
  }

  private void map() throws IOException {
    Set<StandardOpenOption> options =
        mode == MapMode.READ_ONLY
            ? Set.of(StandardOpenOption.READ)
            : Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
    try (FileChannel channel = FileChannel.open(file, options)) {
      if (channel.size() != bytes) {
        throw new IOException(file + " changed while it was opened");
      }
      if (Foreign.isThere()) {
        mapped = Foreign.map(channel, mode, bytes);
        address = mapped.address();
      } else {
        mapPieces(channel);
      }
    }
  }

  /**
   * Systems place a mapping right below the one before it where they can, so the last piece comes
   * first. It is the longest: a short one may go into a gap elsewhere.
   */
  private void mapPieces(FileChannel channel) throws IOException {
    int count = Math.toIntExact(Math.max(1, bytes / PIECE));
    MappedByteBuffer[][] kept = new MappedByteBuffer[TRIES][]; // so that their places stay taken
    for (int t = 0; t < TRIES; t++) {
      MappedByteBuffer[] tried = new MappedByteBuffer[count];
      for (int i = count - 1; i >= 0; i--) {
        long length = i == count - 1 ? bytes - i * PIECE : PIECE;
        tried[i] = channel.map(mode, i * PIECE, length);
        if (i + 1 < count && address(tried[i]) + PIECE != address(tried[i + 1])) {
          break;
        }
      }
      kept[t] = tried;
      if (tried[0] != null && (count == 1 || address(tried[0]) + PIECE == address(tried[1]))) {
        pieces = tried;
        address = address(tried[0]);
        return;
      }
    }
    throw new IOException(
        file
            + " of "
            + bytes
            + " bytes cannot be mapped as one piece: before JDK 22 Java maps 2 GB at a time, and"
            + " this system did not put them side by side");
  }

  private static long address(MappedByteBuffer piece) {
    return Native.address(piece);
  }

  @Override
  public void check() {
    long now;
    try {
      now = open.length();
    } catch (IOException e) {
      throw new IllegalStateException(
          file + ", which is mapped, cannot be asked for its length", e);
    }
    if (now < bytes) {
      throw new IllegalStateException(
          file + ", which is mapped, was cut from " + bytes + " to " + now + " bytes");
    }
  }

  /** Nobody else has the mapping. */
  @Override
  public boolean mayEnd() {
    return false;
  }

  /** Before JDK 22 the collector ends the mapping. */
  @Override
  public void release() {
    pieces = null;
    if (mapped != null) {
      mapped.close();
      mapped = null;
    }
    try {
      open.close();
    } catch (IOException e) {
      // Nothing was written by it.
    }
  }
}
