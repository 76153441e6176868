// Storage: writes an array of one file per chunk, so that attempts may fail, race and be repeated.
package io.github.einblas.spark.internal.storage;

import io.github.einblas.DType;
import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.Chunks;
import io.github.einblas.spark.TensorBlock;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.Arrays;
import java.util.UUID;
import org.apache.hadoop.fs.FileStatus;

/**
 * A chunk is written under a name of its own in the folder {@code _tmp} and then renamed; of
 * several attempts the first or the last one stays, all the same. The metadata comes last. To
 * overwrite, all of that happens in a folder beside the target, which the commit exchanges.
 */
abstract class FolderSink implements BlockSink {
  /** A file that is there while an array is being written; it holds the sink's key. */
  static final String UNFINISHED = "_unfinished";

  private static final long serialVersionUID = 1;
  private static final String TEMPORARY = "_tmp";
  private static final long MOST_KEY = 1000;

  private final Place target;
  private final Place folder;
  private final boolean overwrite;
  private final String key = UUID.randomUUID().toString();
  private final ChunkNames names;
  private final DType dtype;
  private final Chunks chunks;

  FolderSink(Place target, ChunkNames names, DType dtype, Chunks chunks, boolean overwrite) {
    Stored.cut(dtype, chunks.shape(), chunks.chunk());
    this.target = target;
    this.folder = overwrite ? target.beside() : target;
    this.overwrite = overwrite;
    this.names = names;
    this.dtype = dtype;
    this.chunks = chunks;
  }

  final DType dtype() {
    return dtype;
  }

  final Chunks chunks() {
    return chunks;
  }

  /** Whether a block without elements has a file too. */
  abstract boolean hasEmptyFiles();

  /** Writes a chunk's file. */
  abstract void write(OutputStream out, TensorBlock values) throws IOException;

  abstract String metadataName();

  abstract byte[] metadata();

  /** Whether the folder is an array, which may be overwritten. */
  private static boolean isArray(Place folder) throws IOException {
    return folder.child(UNFINISHED).exists()
        || NpyFolder.isArray(folder)
        || ZarrArray.isArray(folder);
  }

  private void requireFree() throws IOException {
    FileStatus status = target.status();
    if (status == null
        || (status.isDirectory() && target.fs().listStatus(target.path()).length == 0)) {
      return;
    }
    if (!status.isDirectory()) {
      throw new FileAlreadyExistsException(
          target + " is a file; a folder of chunks cannot take its place");
    }
    if (!overwrite) {
      throw new FileAlreadyExistsException(
          target
              + (target.child(UNFINISHED).exists()
                  ? " holds an array whose writing did not finish; overwriting it was not asked for"
                  : " is there already; overwriting it was not asked for"));
    }
    if (!isArray(target)) {
      throw new FileAlreadyExistsException(
          target + " is a folder of something else than an array: it is not overwritten");
    }
  }

  @Override
  public final void begin() throws IOException {
    requireFree();
    folder.makeFolder();
    try (OutputStream out = folder.child(UNFINISHED).create()) {
      out.write(key.getBytes(StandardCharsets.UTF_8));
    }
    folder.child(TEMPORARY).makeFolder();
  }

  @Override
  public final void write(BlockIndex block, TensorBlock values) throws IOException {
    if (values.dtype() != dtype || !Arrays.equals(values.shape(), chunks.shape(block))) {
      throw new IllegalArgumentException(
          "block "
              + block
              + " of "
              + target
              + " is "
              + Arrays.toString(chunks.shape(block))
              + " of "
              + dtype
              + ", not "
              + values);
    }
    if (values.nbytes() == 0 && !hasEmptyFiles()) {
      return;
    }
    String name = names.name(block);
    Place attempt = temporary(name);
    try (OutputStream out = attempt.create()) {
      write(out, values);
    } catch (IOException | RuntimeException | Error e) {
      attempt.deleteAfter(e);
      throw e;
    }
    give(attempt, name);
  }

  private Place temporary(String name) {
    return folder.child(TEMPORARY + "/" + name.replace('/', '.') + "-" + UUID.randomUUID());
  }

  /** Gives a finished file its name; another attempt may have done so before. */
  private void give(Place attempt, String name) throws IOException {
    Place place = folder.child(name);
    boolean renamed = false;
    try {
      if (name.contains("/")) {
        place.parent().makeFolder();
      }
      renamed = attempt.renameTo(place);
      if (!renamed && !place.exists()) {
        throw new IOException("the file system did not rename " + attempt + " to " + place);
      }
    } finally {
      if (!renamed) {
        attempt.delete();
      }
    }
  }

  @Override
  public final void commit() throws IOException {
    requireOwn();
    if (overwrite) {
      requireFree();
    }
    if (chunks.size() > 0 || hasEmptyFiles()) {
      names.requireAll(folder, chunks);
    }
    Place attempt = temporary(metadataName());
    try (OutputStream out = attempt.create()) {
      out.write(metadata());
    }
    give(attempt, metadataName());
    folder.child(TEMPORARY).delete();
    folder.child(UNFINISHED).delete();
    if (overwrite) {
      exchange();
    }
  }

  /** Puts the folder into the target's place. */
  private void exchange() throws IOException {
    Place old = target.beside();
    boolean there = target.exists();
    if (there && !target.renameTo(old)) {
      throw new IOException("the file system did not rename " + target + " to " + old);
    }
    if (!folder.renameTo(target)) {
      IOException failure =
          new IOException("the file system did not rename " + folder + " to " + target);
      if (there && !old.renameTo(target)) {
        failure.addSuppressed(new IOException("what was there is now " + old));
      }
      throw failure;
    }
    if (there) {
      old.delete();
    }
  }

  private boolean isOwn() throws IOException {
    byte[] found = folder.child(UNFINISHED).read(MOST_KEY);
    return found != null && key.equals(new String(found, StandardCharsets.UTF_8));
  }

  private void requireOwn() throws IOException {
    if (!isOwn()) {
      throw new IOException(
          folder + " was not begun, or was removed or taken by others since then");
    }
  }

  @Override
  public final void abort() throws IOException {
    if (isOwn()) {
      folder.delete();
    }
  }

  @Override
  public String toString() {
    return target.toString();
  }
}
