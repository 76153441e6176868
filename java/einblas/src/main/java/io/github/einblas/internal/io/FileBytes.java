// Files: bytes at any place of a file, read to the end even where the reading thread is
// interrupted.
package io.github.einblas.internal.io;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Objects;

/** A file open for reading. For one thread. */
final class FileBytes implements Closeable {
  /** A change so soon after another may leave the time of the file as it was. */
  private static final long SETTLED_MILLIS = 2000;

  private final Path file;
  private final Object key;
  private final Object state;
  private final long size;
  private SeekableByteChannel channel;

  FileBytes(Path file) throws IOException {
    this.file = file;
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    this.key = attributes.fileKey();
    long changed = attributes.lastModifiedTime().toMillis();
    this.state =
        key == null || Math.abs(System.currentTimeMillis() - changed) < SETTLED_MILLIS
            ? new Object()
            : List.of(key, attributes.size(), attributes.lastModifiedTime());
    this.size = attributes.size();
    this.channel = Files.newByteChannel(file);
  }

  long size() {
    return size;
  }

  /** Equal for one file that nobody changed in between; to none where that cannot be known. */
  Object state() {
    return state;
  }

  /** Reads this many bytes, fewer where the file ends; how many. */
  int read(long at, byte[] to, int offset, int length) throws IOException {
    ByteBuffer wanted = ByteBuffer.wrap(to, offset, length);
    Uninterrupted.run(
        () -> {
          reopenIfClosed();
          int n = 0;
          while (wanted.hasRemaining() && n >= 0) {
            channel.position(at + wanted.position() - offset);
            n = channel.read(wanted);
          }
        });
    return wanted.position() - offset;
  }

  private void reopenIfClosed() throws IOException {
    if (channel.isOpen()) {
      return;
    }
    Object now = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    if (!Objects.equals(key, now)) {
      throw new IOException(file + " was replaced while it was read");
    }
    channel = Files.newByteChannel(file);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
