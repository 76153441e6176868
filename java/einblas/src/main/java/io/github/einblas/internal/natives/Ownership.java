// Loading: who could change what is about to be run: owners and modes of folders and files.
package io.github.einblas.internal.natives;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Map;
import java.util.Set;

/**
 * What lies in a folder is run with the rights of this process, so only its user and root may be
 * able to put it there. File systems without Unix's owners and modes are not looked at.
 */
final class Ownership {
  private static final int STICKY = 01000;
  private static final int ROOT = 0;

  /** With a value, owners and modes are not looked at. */
  static final String TRUST = "EINBLAS_TRUST_CACHE";

  private static final int NOBODY = -1;

  /** Other processes may take a name, but not so many. */
  private static final int PROBES = 100;

  private final boolean looks;
  private final int user;
  private final int unmapped;

  private Ownership(boolean looks, int user) {
    this.looks = looks;
    this.user = user;
    unmapped = looks ? unmapped() : NOBODY;
  }

  /**
   * In a user name space without the system's root (Flatpak, bubblewrap, unshare), the user that
   * root's folders seem to belong to.
   */
  private static int unmapped() {
    try {
      String map = Files.readString(Path.of("/proc/self/uid_map")).strip();
      return map.matches("0\\s+0\\s+4294967295")
          ? NOBODY
          : Integer.parseInt(Files.readString(Path.of("/proc/sys/kernel/overflowuid")).strip());
    } catch (IOException | NumberFormatException e) {
      return NOBODY;
    }
  }

  /**
   * As this process's user is seen in a folder: by the owner of a file that is made there.
   *
   * @throws IOException if no file can be made there
   */
  static Ownership in(Path folder) throws IOException {
    Path probe = probe(folder);
    try {
      String trust = System.getenv(TRUST);
      boolean unix = probe.getFileSystem().supportedFileAttributeViews().contains("unix");
      return unix && (trust == null || trust.isEmpty())
          ? new Ownership(true, attribute(probe, "uid"))
          : new Ownership(false, ROOT);
    } finally {
      Files.deleteIfExists(probe);
    }
  }

  /**
   * A new file. Its name need not be secret, as it is made or refused: the random numbers of
   * Files.createTempFile would cost some 15 ms of each start.
   */
  private static Path probe(Path folder) throws IOException {
    for (int left = PROBES; ; left--) {
      Path probe = folder.resolve(".einblas" + Long.toHexString(System.nanoTime()) + ".probe");
      try {
        return Files.createFile(probe);
      } catch (FileAlreadyExistsException e) {
        if (left == 0) {
          throw e;
        }
      }
    }
  }

  /**
   * Why others could change the contents of a folder, or put another in its place; null if they
   * cannot.
   *
   * @param real its real path
   */
  String faultOfFolder(Path real) throws IOException {
    if (!looks) {
      return null;
    }
    Path at = real.getRoot();
    for (Path name : real) {
      String fault = fault(at, true);
      if (fault != null) {
        return fault;
      }
      at = at.resolve(name);
    }
    return fault(at, false);
  }

  /** Why others could change one file or folder, whatever is above it; null if they cannot. */
  String faultOf(Path file) throws IOException {
    return looks ? fault(file, false) : null;
  }

  /** In a sticky folder others can make files, but not rename or remove ours. */
  private String fault(Path file, boolean above) throws IOException {
    int owner = attribute(file, "uid");
    if (owner != ROOT && owner != user && !(above && owner == unmapped)) {
      return file + " belongs to " + named(owner, file) + ", not to this process's user or root";
    }
    int mode = attribute(file, "mode");
    if (above && (mode & STICKY) != 0) {
      return null;
    }
    Set<PosixFilePermission> permissions = permissions(file);
    if (permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
      return "all users may write to " + file;
    }
    if (permissions.contains(PosixFilePermission.GROUP_WRITE) && !ownersGroup(file, owner)) {
      return "a group may write to " + file;
    }
    return null;
  }

  /** Takes the right to write from all but the owner, where that is this process's user. */
  void close(Path file) throws IOException {
    if (looks && attribute(file, "uid") == user) {
      Set<PosixFilePermission> permissions = permissions(file);
      boolean changed = permissions.remove(PosixFilePermission.GROUP_WRITE);
      if (permissions.remove(PosixFilePermission.OTHERS_WRITE) || changed) {
        Files.setPosixFilePermissions(file, permissions);
      }
    }
  }

  /** A user's own group has his name; systems that give one let it write by default. */
  private static boolean ownersGroup(Path file, int owner) throws IOException {
    PosixFileAttributes attributes =
        Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    return owner != ROOT && attributes.group().getName().equals(attributes.owner().getName());
  }

  private static Set<PosixFilePermission> permissions(Path file) throws IOException {
    return Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
        .readAttributes()
        .permissions();
  }

  private static String named(int owner, Path file) throws IOException {
    return Files.getOwner(file, LinkOption.NOFOLLOW_LINKS).getName() + " (" + owner + ")";
  }

  private static int attribute(Path file, String name) throws IOException {
    Map<String, Object> read =
        Files.readAttributes(file, "unix:" + name, LinkOption.NOFOLLOW_LINKS);
    return (Integer) read.get(name);
  }
}
