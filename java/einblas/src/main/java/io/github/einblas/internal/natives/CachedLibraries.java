// Loading: libraries of the jars, put into the cache where JavaCPP looks for them, and compared
// with the jars.
package io.github.einblas.internal.natives;

import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.zip.CRC32;

/**
 * A file that is there is used when nobody else could have written it and its length and CRC-32 are
 * those of the jar's entry. Else it is extracted under another name and renamed, so that no process
 * ever sees half of it. JavaCPP then finds length and time as it wants them, and extracts nothing.
 */
final class CachedLibraries {
  /** Waiting saves work only: without the lock the same bytes are extracted twice. */
  private static final int LOCK_SECONDS = 6;

  private static final int MESSAGE_SECONDS = 2;

  /** Up to here the JDK's file streams read without memory of their own: 12 ms for 45 MB. */
  private static final int BUFFER = 8192;

  private static final int COPY = 1 << 16;

  private static final String PART = ".part";

  private final CacheFolder folder;
  private final Set<Path> whole = new HashSet<>();
  private final Set<Path> extracted = new HashSet<>();

  CachedLibraries(CacheFolder folder) {
    this.folder = folder;
  }

  /** Whether this file was compared here. */
  boolean compared(Path file) {
    return whole.contains(file);
  }

  /** Whether this file was extracted here. */
  boolean extracted(Path file) {
    return extracted.contains(file);
  }

  /** What a file must be to be taken for the entry of a jar. */
  private record Entry(URL url, Path parent, String name, long size, long time, long crc) {}

  /**
   * Makes sure that a library lies in the cache as it is in the jar.
   *
   * @param name the file's name there, which is the entry's own or another
   * @return the file
   * @throws IOException if it cannot be written, or what is in its way cannot be replaced
   */
  Path place(URL url, String name) throws IOException {
    if (url.getProtocol().equals("file")) { // of a folder, and loaded from there
      return Path.of(URI.create(url.toString()));
    }
    Entry entry = entry(url, name);
    Path file = makeFolder(entry.parent()).resolve(name);
    if (!isWhole(file, entry)) {
      try (FileChannel lock = turn(folder.path().resolve(".einblas.lock"))) {
        if (!lock.isOpen() || !isWhole(file, entry)) { // else somebody was faster
          extract(entry, file);
        }
      }
    }
    whole.add(file);
    return file;
  }

  /** Where JavaCPP's Loader.cacheResource puts it, and what it compares. */
  private Entry entry(URL url, String name) throws IOException {
    String flat =
        System.getProperty("org.bytedeco.javacpp.cachedir.nosubdir", "false")
            .toLowerCase(Locale.ROOT);
    boolean inFolders = !(flat.equals("true") || flat.equals("t") || flat.isEmpty());
    URLConnection connection = url.openConnection();
    Path parent = folder.path();
    if (connection instanceof JarURLConnection jar) {
      JarEntry found = jar.getJarEntry();
      if (inFolders) {
        parent = parent.resolve(new File(jar.getJarFile().getName()).getName());
        String above = new File(found.getName()).getParent();
        parent = above == null ? parent : parent.resolve(above);
      }
      long crc = found.getCrc() >= 0 ? found.getCrc() : crc(url);
      return new Entry(url, parent, name, found.getSize(), found.getTime(), crc);
    }
    File path = new File(url.getPath());
    if (inFolders) {
      parent = parent.resolve(path.getParentFile().getName());
    }
    long size = connection.getContentLengthLong();
    long time = connection.getLastModified();
    if (url.getProtocol().equals("jrt")) { // of a run-time image, whose connections know no time
      Path image = Path.of(URI.create("jrt:" + url.getPath()));
      image = Files.exists(image) ? image : Path.of(URI.create("jrt:/modules" + url.getPath()));
      size = Files.size(image);
      time = Files.getLastModifiedTime(image).toMillis();
    }
    return new Entry(url, parent, name, size, time, crc(url));
  }

  private static long crc(URL url) throws IOException {
    try (InputStream in = url.openStream()) {
      return crc(in, OutputStream.nullOutputStream(), BUFFER);
    }
  }

  /** The folders below the cache down to this one; a link or another's folder is refused. */
  private Path makeFolder(Path wanted) throws IOException {
    Path at = folder.path();
    for (Path name : at.relativize(wanted)) {
      if (name.toString().isEmpty()) {
        continue;
      }
      at = at.resolve(name);
      if (!Files.isDirectory(at, LinkOption.NOFOLLOW_LINKS)) {
        makeOneFolder(at);
      }
      folder.ownership().close(at);
      String fault = folder.ownership().faultOf(at);
      if (fault != null) {
        throw new IOException(fault);
      }
    }
    return at;
  }

  private static long crc(Path file) throws IOException {
    try (InputStream in = new FileInputStream(file.toFile())) {
      return crc(in, OutputStream.nullOutputStream(), BUFFER);
    }
  }

  private static void makeOneFolder(Path path) throws IOException {
    try {
      if (path.getFileSystem().supportedFileAttributeViews().contains("unix")) {
        Files.createDirectory(path, CacheFolder.privately());
      } else {
        Files.createDirectory(path);
      }
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) { // else another process was faster
        throw new IOException(path + " is no folder", e);
      }
    }
  }

  private boolean isWhole(Path file, Entry entry) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        || Files.size(file) != entry.size()
        || folder.ownership().faultOf(file) != null
        || crc(file) != entry.crc()) {
      return false;
    }
    FileTime time = FileTime.fromMillis(entry.time());
    if (!Files.getLastModifiedTime(file).equals(time)) {
      Files.setLastModifiedTime(file, time); // another jar with the same library
    }
    return true;
  }

  /** By a stream, as a channel would be closed on a thread that is interrupted. */
  private static long crc(InputStream from, OutputStream to, int buffer) throws IOException {
    CRC32 crc = new CRC32();
    byte[] bytes = new byte[buffer];
    for (int n = from.read(bytes); n >= 0; n = from.read(bytes)) {
      crc.update(bytes, 0, n);
      to.write(bytes, 0, n);
    }
    return crc.getValue();
  }

  private void extract(Entry entry, Path file) throws IOException {
    Path parent = file.getParent();
    try (DirectoryStream<Path> parts = Files.newDirectoryStream(parent, "*" + PART)) {
      Instant old = Instant.now().minusSeconds(600);
      for (Path part : parts) { // of processes that were killed
        if (Files.getLastModifiedTime(part, LinkOption.NOFOLLOW_LINKS).toInstant().isBefore(old)) {
          Files.deleteIfExists(part);
        }
      }
    }
    Path part = Files.createTempFile(parent, "." + entry.name(), PART);
    try {
      long crc;
      try (InputStream in = entry.url().openStream();
          OutputStream out = new FileOutputStream(part.toFile())) {
        crc = crc(in, out, COPY);
      }
      if (crc != entry.crc()) {
        throw new IOException(
            entry.url() + " is damaged: its CRC-32 is not the one that the jar names");
      }
      Files.setLastModifiedTime(part, FileTime.fromMillis(entry.time()));
      if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
        throw new IOException(file + " is a folder; remove it");
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      extracted.add(file);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /** A channel that has the lock between processes that extract, or has waited long enough. */
  private static FileChannel turn(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
    long start = System.nanoTime();
    double seconds = 0;
    boolean said = false;
    boolean interrupted = false;
    while (!isLocked(channel) && !interrupted && seconds < LOCK_SECONDS) {
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        interrupted = true;
      }
      seconds = (System.nanoTime() - start) * 1e-9;
      if (!said && seconds > MESSAGE_SECONDS) {
        said = true;
        System.getLogger("io.github.einblas")
            .log(
                Level.WARNING,
                String.format(
                    Locale.ROOT,
                    "%s is held by another process, which may be extracting; after %d seconds the libraries are"
                        + " extracted without it",
                    file,
                    LOCK_SECONDS));
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return channel;
  }

  /** True as well on a file system without locks. */
  private static boolean isLocked(FileChannel channel) {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false; // another class loader's
    } catch (IOException e) {
      return true;
    }
  }
}
