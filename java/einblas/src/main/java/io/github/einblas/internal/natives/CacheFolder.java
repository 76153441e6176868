// Loading: the folder that libraries are extracted to: the one asked for, the user's, or a new one.
package io.github.einblas.internal.natives;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;

/**
 * Chooses the folder and makes JavaCPP take it. JavaCPP alone goes on without a word to another one
 * when the one that was asked for does not work, at last to one among the temporary files that
 * anybody can have made.
 */
final class CacheFolder {
  private static final String ASKED = "org.bytedeco.javacpp.cachedir";
  private static final String ASKED_TOO = "org.bytedeco.javacpp.cacheDir";
  private static final String TEMPORARY = "einblas-natives-";
  private static final String ALIVE = ".alive";

  /** Keeps the lock that says that the temporary folder is in use, until the process ends. */
  private static FileChannel alive;

  private final Path path;
  private final Ownership ownership;
  private final String reason;

  private CacheFolder(Path path, Ownership ownership, String reason) {
    this.path = path;
    this.ownership = ownership;
    this.reason = reason;
  }

  Path path() {
    return path;
  }

  Ownership ownership() {
    return ownership;
  }

  /** Why it is a temporary one, which is removed when the process ends; null if it is not. */
  String temporaryBecause() {
    return reason;
  }

  /** The folder that JavaCPP takes, for texts. */
  static String javaCpps() {
    try {
      return Loader.getCacheDir().toString();
    } catch (IOException e) {
      return "(none)";
    }
  }

  /** A folder that is not usable, with the reason. */
  private static final class UnusableException extends IOException {
    private static final long serialVersionUID = 1;

    UnusableException(String reason, Throwable cause) {
      super(reason, cause);
    }
  }

  /**
   * The folder of this process.
   *
   * @throws IllegalStateException if one was asked for that is not usable, or there is none
   */
  static CacheFolder choose(LoadAdvice advice) {
    String name = System.getProperty(ASKED) != null ? ASKED : ASKED_TOO;
    String asked = System.getProperty(name);
    CacheFolder chosen;
    try {
      chosen = asked != null ? use(asked, false, null) : usersOrNew();
    } catch (UnusableException e) {
      throw new IllegalStateException(
          asked != null
              ? advice.askedCache("-D" + name + "=" + asked, e.getMessage())
              : advice.noCache(e.getMessage()),
          e);
    }
    return chosen.takenByJavaCpp(advice);
  }

  /** Without a wish: the user's, which is put right if it can be; else a new one. */
  private static CacheFolder usersOrNew() throws UnusableException {
    String home = System.getProperty("user.home", "");
    try {
      if (home.isEmpty() || !new File(home).isAbsolute()) {
        throw new UnusableException("user.home is '" + home + "'", null);
      }
      String users = home + "/.javacpp/cache";
      if (!Files.exists(Path.of(users))) {
        use(home, false, null); // nothing is left in another's home
      }
      return use(users, true, null);
    } catch (UnusableException e) {
      try {
        removeStale();
        Path made = Files.createTempDirectory(TEMPORARY);
        alive =
            FileChannel.open(
                made.resolve(ALIVE), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        alive.tryLock();
        return use(made.toString(), false, e.getMessage());
      } catch (IOException e2) {
        throw new UnusableException(e.getMessage() + "; " + text(e2), e2);
      }
    }
  }

  /**
   * Has all that is in a temporary folder removed when the process ends; folders are last. What
   * stays is removed by the next process that needs such a folder.
   */
  void removeAtExit() {
    if (reason == null) {
      return;
    }
    try (Stream<Path> files = Files.walk(path)) {
      files.forEach(file -> file.toFile().deleteOnExit());
    } catch (IOException e) {
      path.toFile().deleteOnExit();
    }
  }

  /** Folders of processes that were killed: nobody holds their lock. */
  private static void removeStale() throws IOException {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(temporary, TEMPORARY + "*")) {
      for (Path folder : folders) {
        if (isStale(folder)) {
          Loader.deleteDirectory(folder.toFile());
        }
      }
    }
  }

  private static boolean isStale(Path folder) {
    Path lock = folder.resolve(ALIVE);
    Instant old = Instant.now().minus(Duration.ofMinutes(1)); // younger: perhaps not locked yet
    try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE)) {
      return Files.getLastModifiedTime(lock).toInstant().isBefore(old)
          && Ownership.in(folder).faultOf(folder) == null
          && channel.tryLock() != null;
    } catch (IOException | OverlappingFileLockException e) {
      return false; // another user's, or in use
    }
  }

  private static CacheFolder use(String folder, boolean close, String reason)
      throws UnusableException {
    try {
      Path path = Path.of(folder);
      if (folder.isEmpty()) {
        throw new UnusableException("the name is empty", null);
      }
      boolean unix = path.getFileSystem().supportedFileAttributeViews().contains("unix");
      Files.createDirectories(path.toAbsolutePath(), unix ? privately() : new FileAttribute<?>[0]);
      Path real = path.toRealPath();
      Ownership ownership = Ownership.in(real);
      if (close) {
        ownership.close(real);
        if (real.getParent().endsWith(".javacpp")) {
          ownership.close(real.getParent());
        }
      }
      String fault = ownership.faultOfFolder(real);
      if (fault != null) {
        throw new UnusableException(fault, null);
      }
      return new CacheFolder(real, ownership, reason);
    } catch (UnusableException e) {
      throw e;
    } catch (IOException | InvalidPathException | UnsupportedOperationException e) {
      throw new UnusableException(text(e), e);
    }
  }

  static FileAttribute<?>[] privately() {
    return new FileAttribute<?>[] {
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
    };
  }

  private static String text(Exception e) {
    if (e instanceof UnusableException || !(e instanceof FileSystemException file)) {
      return String.valueOf(e.getMessage());
    }
    String reason = file.getReason() == null ? e.getClass().getSimpleName() : file.getReason();
    return file.getFile() + " cannot be written: " + reason;
  }

  /**
   * JavaCPP looks at its property once, at its first use, which may have been another library's.
   */
  private CacheFolder takenByJavaCpp(LoadAdvice advice) {
    String before = System.getProperty(ASKED);
    System.setProperty(ASKED, path.toString());
    String actual;
    try {
      actual = Loader.getCacheDir().toString();
    } catch (IOException e) {
      throw new IllegalStateException(advice.noCache(text(e)), e);
    } finally {
      if (before == null) {
        System.clearProperty(ASKED);
      } else {
        System.setProperty(ASKED, before);
      }
    }
    if (actual.equals(path.toString())) {
      return this;
    }
    try {
      return use(actual, false, null);
    } catch (UnusableException e) {
      throw new IllegalStateException(advice.othersCache(actual, e.getMessage()), e);
    }
  }
}
