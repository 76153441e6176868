// Storage: a file or folder that every machine finds under the same name.
package io.github.einblas.spark.internal.storage;

import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumFileSystem;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.RemoteIterator;

/** A whole path, with its scheme, and the settings that open it. */
final class Place implements Serializable {
  private static final long serialVersionUID = 1;

  private final HadoopConf conf;
  private final String path;

  private Place(HadoopConf conf, String path) {
    this.conf = conf;
    this.path = path;
  }

  /** Resolves a path on the driver: against its default file system and its working folder. */
  static Place of(Configuration conf, String path) throws IOException {
    Path given = new Path(path);
    return new Place(
        new HadoopConf(conf), given.getFileSystem(conf).makeQualified(given).toString());
  }

  Path path() {
    return new Path(path);
  }

  /** The folder that this is in; null of the root. */
  Place parent() {
    Path parent = path().getParent();
    return parent == null ? null : new Place(conf, parent.toString());
  }

  /** A file below this folder. */
  Place child(String name) {
    return new Place(conf, new Path(path(), name).toString());
  }

  /**
   * A name beside this one that nobody else has.
   *
   * @throws IllegalArgumentException if this is the root
   */
  Place beside() {
    Place parent = parent();
    if (parent == null) {
      throw new IllegalArgumentException(this + " is the root of a file system, not an array");
    }
    return parent.child("_" + path().getName() + "-" + UUID.randomUUID());
  }

  /**
   * The file system. Of local files the plain one: Hadoop's own checksum files beside them would
   * refuse a file that NumPy or Zarr wrote anew.
   */
  FileSystem fs() throws IOException {
    FileSystem fs = path().getFileSystem(conf.get());
    return fs instanceof ChecksumFileSystem checked ? checked.getRawFileSystem() : fs;
  }

  /** What the file system says of it, or null if it is not there. */
  FileStatus status() throws IOException {
    try {
      return fs().getFileStatus(path());
    } catch (FileNotFoundException e) {
      return null;
    }
  }

  boolean exists() throws IOException {
    return status() != null;
  }

  FSDataInputStream open() throws IOException {
    return fs().open(path());
  }

  /** A file's bytes, or null if it is not there. */
  byte[] read(long most) throws IOException {
    FileStatus status = status();
    if (status == null) {
      return null;
    }
    if (status.isDirectory()) {
      throw new IOException(this + " is a folder, not a file");
    }
    if (status.getLen() > most) {
      throw new IOException(this + " has " + status.getLen() + " bytes; at most " + most);
    }
    byte[] bytes = new byte[(int) status.getLen()];
    try (FSDataInputStream in = open()) {
      if (in.readNBytes(bytes, 0, bytes.length) < bytes.length) {
        throw new IOException(this + " became shorter than " + bytes.length + " bytes");
      }
    }
    return bytes;
  }

  /** Creates a file that is not there, in a folder that is. */
  OutputStream create() throws IOException {
    File local = local();
    return local == null
        ? fs().createFile(path()).create().overwrite(false).build()
        : Files.newOutputStream(
            local.toPath(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  /** Makes this folder and those on the way. */
  void makeFolder() throws IOException {
    File local = local();
    if (local == null ? !fs().mkdirs(path()) : !local.mkdirs() && !local.isDirectory()) {
      throw new IOException("the folder " + this + " cannot be made");
    }
  }

  /** A local file, or null: for what Hadoop would start chmod and ls for, file by file. */
  private File local() throws IOException {
    FileSystem fs = fs();
    return fs.getClass() == RawLocalFileSystem.class
        ? ((RawLocalFileSystem) fs).pathToFile(path())
        : null;
  }

  /** Calls for each file below this folder, with its name from here on, in any order. */
  void files(boolean alsoBelow, Consumer<String> each) throws IOException {
    if (local() != null) {
      walk(path(), "", alsoBelow, each);
      return;
    }
    // One request for many files, whatever their folders.
    String root = path().toUri().getPath() + "/";
    RemoteIterator<LocatedFileStatus> all = fs().listFiles(path(), alsoBelow);
    while (all.hasNext()) {
      String file = all.next().getPath().toUri().getPath();
      if (file.startsWith(root)) {
        each.accept(file.substring(root.length()));
      }
    }
  }

  private void walk(Path folder, String prefix, boolean alsoBelow, Consumer<String> each)
      throws IOException {
    for (FileStatus status : fs().listStatus(folder)) {
      String name = prefix + status.getPath().getName();
      if (!status.isDirectory()) {
        each.accept(name);
      } else if (alsoBelow) {
        walk(status.getPath(), name + "/", true, each);
      }
    }
  }

  /** Gives it another name; false where that is taken, or the file system refuses. */
  boolean renameTo(Place to) throws IOException {
    try {
      return fs().rename(path(), to.path());
    } catch (FileAlreadyExistsException e) {
      return false;
    }
  }

  /** Deletes it with all below it, if it is there. */
  void delete() throws IOException {
    fs().delete(path(), /* recursive= */ true);
  }

  /** Deletes what is left behind when something else failed. */
  void deleteAfter(Throwable failure) {
    try {
      delete();
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  public String toString() {
    return path;
  }
}
