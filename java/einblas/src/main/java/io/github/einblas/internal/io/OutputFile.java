// Files: the one door through which files are written: whole or not at all.
package io.github.einblas.internal.io;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * A regular file, or a name that nothing has yet, is written to a {@link PartFile} beside it and
 * moved into place; of what was there, owner, group and mode are kept. A symbolic link stays: what
 * it points to is written. A device, a pipe or one of this process's own standard streams is
 * written into.
 */
public final class OutputFile {
  private static final int MOST_LINKS = 40;
  private static final Path DESCRIPTORS = Path.of("/proc");

  private OutputFile() {}

  /** Writes the content. */
  @FunctionalInterface
  public interface Body {
    /** Writes it to a stream that need not be closed. */
    void write(OutputStream out) throws IOException;
  }

  /**
   * Writes a file.
   *
   * @param sync whether it is forced to disk, and then its name
   */
  public static void write(Path file, boolean sync, Body body) throws IOException {
    Path target = target(file);
    OutputStream own = ownStream(target);
    try {
      if (own != null) {
        System.out.flush();
        body.write(own);
      } else if (isWrittenInto(target)) {
        try (OutputStream out = Files.newOutputStream(target, StandardOpenOption.WRITE)) {
          body.write(out);
        }
      } else {
        replace(target, sync, body);
      }
    } catch (IOException e) {
      throw named(e, file);
    }
  }

  // ---- what a name stands for

  /** The file itself behind symbolic links; it need not exist. */
  private static Path target(Path file) throws IOException {
    Path at = file.toAbsolutePath();
    for (int links = 0; links <= MOST_LINKS; links++) {
      Path folder = at.getParent();
      if (folder == null || Files.isDirectory(at)) {
        throw new FileSystemException(file.toString(), null, "is a directory");
      }
      if (!Files.isDirectory(folder)) {
        throw new NoSuchFileException(file.toString(), null, "its folder does not exist");
      }
      Path real = folder.toRealPath().resolve(at.getFileName());
      // Links below /proc stand for what a process has open; their text is no path.
      if (!Files.isSymbolicLink(real) || real.startsWith(DESCRIPTORS)) {
        return real;
      }
      at = real.resolveSibling(Files.readSymbolicLink(real));
    }
    throw new FileSystemLoopException(file.toString());
  }

  /** This process's standard output or error, if that is what the name stands for; else null. */
  private static OutputStream ownStream(Path target) {
    Path own = DESCRIPTORS.resolve(Long.toString(ProcessHandle.current().pid()));
    Path descriptor = target.startsWith(own) ? own.relativize(target) : Path.of("");
    return switch (descriptor.toString()) {
      case "fd/1" -> new FileOutputStream(FileDescriptor.out);
      case "fd/2" -> new FileOutputStream(FileDescriptor.err);
      default -> null;
    };
  }

  private static boolean isWrittenInto(Path target) {
    return target.startsWith(DESCRIPTORS) || (Files.exists(target) && !Files.isRegularFile(target));
  }

  // ---- replaced

  private static void replace(Path target, boolean sync, Body body) throws IOException {
    boolean exists = Files.exists(target);
    if (exists && !Files.isWritable(target)) {
      throw new AccessDeniedException(target.toString(), null, "it is write-protected");
    }
    Path folder = target.getParent();
    PartFile.sweep(folder);
    boolean posix = folder.getFileSystem().supportedFileAttributeViews().contains("posix");
    // What replaces a file may be as private as that file was: nobody else reads it meanwhile.
    FileAttribute<?>[] rights =
        exists && posix
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            }
            : new FileAttribute<?>[0];
    try (PartFile part = PartFile.create(folder, rights)) {
      body.write(new PartStream(part));
      if (sync || isRemote(folder)) {
        part.sync();
      }
      if (exists && posix) {
        keepRights(target, part.path());
      }
      part.moveTo(target);
      if (sync) {
        syncFolder(folder);
      }
    }
  }

  /** The same failure with the name that the caller gave, not the temporary one. */
  private static FileSystemException named(IOException e, Path file) {
    String reason = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
    FileSystemException renamed =
        e instanceof AccessDeniedException
            ? new AccessDeniedException(file.toString(), null, reason)
            : new FileSystemException(
                file.toString(), null, reason == null ? e.getClass().getSimpleName() : reason);
    renamed.initCause(e);
    return renamed;
  }

  /** Remote file systems may report a full disk only when a file is forced there. */
  private static boolean isRemote(Path folder) {
    try {
      String type = Files.getFileStore(folder).type().toLowerCase(Locale.ROOT);
      return type.startsWith("nfs") || type.startsWith("cifs") || type.startsWith("smb");
    } catch (IOException e) {
      return false; // not to be found among the mounts, as in some containers
    }
  }

  /** Gives the new file the owner, group and mode of the old one, as far as this user may. */
  private static void keepRights(Path old, Path made) throws IOException {
    PosixFileAttributes wanted = Files.readAttributes(old, PosixFileAttributes.class);
    PosixFileAttributeView view =
        Files.getFileAttributeView(made, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
    PosixFileAttributes now = view.readAttributes();
    Set<PosixFilePermission> mode = EnumSet.noneOf(PosixFilePermission.class);
    mode.addAll(wanted.permissions());
    if (!now.group().equals(wanted.group())) {
      try {
        view.setGroup(wanted.group());
      } catch (IOException e) {
        // Another group must not get what the old one had.
        restrict(mode, PosixFilePermission.GROUP_READ, PosixFilePermission.OTHERS_READ);
        restrict(mode, PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);
        restrict(mode, PosixFilePermission.GROUP_EXECUTE, PosixFilePermission.OTHERS_EXECUTE);
      }
    }
    if (!now.owner().equals(wanted.owner())) {
      try {
        view.setOwner(wanted.owner());
      } catch (IOException e) {
        // Only root gives files away; the new file belongs to who wrote it.
      }
    }
    view.setPermissions(mode);
  }

  private static void restrict(
      Set<PosixFilePermission> mode, PosixFilePermission group, PosixFilePermission others) {
    if (!mode.contains(others)) {
      mode.remove(group);
    }
  }

  private static void syncFolder(Path folder) throws IOException {
    Uninterrupted.run(
        () -> {
          try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
          } catch (java.nio.channels.ClosedByInterruptException e) {
            throw e;
          } catch (IOException e) {
            // Windows opens no folders, some file systems force none; the file itself is on disk.
          }
        });
  }

  /** Writes to the part file; closing it changes nothing. */
  private static final class PartStream extends OutputStream {
    private final PartFile part;

    PartStream(PartFile part) {
      this.part = part;
    }

    @Override
    public void write(int b) throws IOException {
      part.write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] b, int offset, int length) throws IOException {
      part.write(b, offset, length);
    }
  }
}
