// Files: the temporary file that becomes a finished one, and what is left of those whose process
// died.
package io.github.einblas.internal.io;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/**
 * A new file of an unpredictable name, locked by its process for as long as it is written, and
 * deleted unless it was moved: when closed, or when the process is told to end. A process that was
 * killed leaves its file behind without a lock; {@link #sweep} deletes those.
 */
final class PartFile implements Closeable {
  private static final String PREFIX = ".einblas-";
  private static final Pattern NAME =
      Pattern.compile("\\.einblas-([0-9a-f]{24})([0-9a-f]{8})\\.part");
  private static final int ATTEMPTS = 100;

  /**
   * A folder of more files is searched again when twenty times the last search's time has passed.
   */
  private static final int MANY_FILES = 1000;

  private static final long SEARCH_SHARE = 20;

  private static final int MOST_FOLDERS = 1000;
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Set<Path> LIVE = ConcurrentHashMap.newKeySet();
  private static final Map<Path, Long> NEXT_SEARCH = new ConcurrentHashMap<>();

  static {
    try {
      Runtime.getRuntime().addShutdownHook(new Thread(PartFile::deleteLive, "einblas-part-files"));
    } catch (IllegalStateException e) {
      // The process ends already; what is left is swept by the next one.
    }
  }

  private final Path path;
  private FileChannel channel;
  private boolean moved;
  private long length;

  private PartFile(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  private static void deleteLive() {
    LIVE.forEach(PartFile::deleteQuietly);
  }

  private static void deleteQuietly(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // The next write in the folder tries again.
    }
  }

  // ---- names

  private static String check(String random) {
    CRC32 crc = new CRC32();
    crc.update((PREFIX + random).getBytes(StandardCharsets.US_ASCII));
    return String.format(Locale.ROOT, "%08x", crc.getValue());
  }

  private static String newName() {
    byte[] random = new byte[12];
    RANDOM.nextBytes(random);
    String text = HexFormat.of().formatHex(random);
    return PREFIX + text + check(text) + ".part";
  }

  /** Whether a name is one that this class gave. */
  private static boolean isOurs(Path file) {
    var name = NAME.matcher(String.valueOf(file.getFileName()));
    return name.matches() && check(name.group(1)).equals(name.group(2));
  }

  // ---- made, written, moved

  /** A new, empty file in a folder. */
  static PartFile create(Path folder, FileAttribute<?>... attributes) throws IOException {
    for (int attempt = 0; ; attempt++) {
      Path path = folder.resolve(newName());
      LIVE.add(path);
      try {
        FileChannel channel =
            FileChannel.open(
                path, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), attributes);
        PartFile part = new PartFile(path, channel);
        if (part.lock()) {
          return part;
        }
        part.close();
      } catch (FileAlreadyExistsException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
      } catch (IOException | RuntimeException | Error e) {
        LIVE.remove(path);
        throw e;
      }
      LIVE.remove(path);
    }
  }

  /** Whether the file is ours still: a sweep may have met it before it was locked. */
  private boolean lock() throws IOException {
    boolean[] held = new boolean[1];
    Uninterrupted.run(
        () -> {
          reopenIfClosed();
          held[0] = tryLock(channel, /* otherwise= */ true);
        });
    return held[0] && Files.exists(path, LinkOption.NOFOLLOW_LINKS);
  }

  /** otherwise: what to say on a file system that has no locks. */
  private static boolean tryLock(FileChannel channel, boolean otherwise) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (java.nio.channels.ClosedByInterruptException e) {
      throw e;
    } catch (IOException | UnsupportedOperationException e) {
      return otherwise;
    } catch (java.nio.channels.OverlappingFileLockException e) {
      return false;
    }
  }

  private void reopenIfClosed() throws IOException {
    if (!channel.isOpen()) {
      channel = FileChannel.open(path, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
      tryLock(channel, true);
    }
  }

  Path path() {
    return path;
  }

  void write(byte[] from, int offset, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(from, offset, count);
    long start = length;
    Uninterrupted.run(
        () -> {
          reopenIfClosed();
          while (bytes.hasRemaining()) {
            channel.write(bytes, start + bytes.position() - offset);
          }
        });
    length += count;
  }

  /** Forces what was written to disk. */
  void sync() throws IOException {
    Uninterrupted.run(
        () -> {
          reopenIfClosed();
          channel.force(true);
        });
  }

  /** Gives the file its name, in the place of what had it. */
  void moveTo(Path target) throws IOException {
    try {
      Files.move(path, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(path, target, StandardCopyOption.REPLACE_EXISTING);
    }
    moved = true;
  }

  @Override
  public void close() throws IOException {
    try {
      if (!moved) {
        Files.deleteIfExists(path);
      }
    } finally {
      LIVE.remove(path);
      channel.close();
    }
  }

  // ---- left by others

  /**
   * Deletes the files of this class in a folder that nobody locks: those of processes that died.
   * Where there are many files it costs a twentieth of the time at most.
   */
  static void sweep(Path folder) {
    long now = System.nanoTime();
    Long next = NEXT_SEARCH.get(folder);
    if (next != null && now - next < 0) {
      return;
    }
    int count = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        count++;
        if (isOurs(file)) {
          deleteIfLeft(file);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // A folder that cannot be listed keeps what is in it.
    }
    if (count < MANY_FILES) {
      return;
    }
    if (NEXT_SEARCH.size() >= MOST_FOLDERS) {
      NEXT_SEARCH.clear();
    }
    long end = System.nanoTime();
    NEXT_SEARCH.put(folder, end + SEARCH_SHARE * (end - now));
  }

  private static void deleteIfLeft(Path file) {
    if (LIVE.contains(file) || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    boolean[] free = new boolean[1];
    try {
      Uninterrupted.run(
          () -> {
            try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
              free[0] = tryLock(channel, /* otherwise= */ false);
              if (free[0]) {
                deleteQuietly(file);
              }
            }
          });
    } catch (IOException | RuntimeException e) {
      // Not ours to open, or gone.
    }
  }
}
