// Storage: the names of the files that hold the chunks of an array.
package io.github.einblas.spark.internal.storage;

import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.Chunks;
import java.io.IOException;
import java.io.Serializable;
import java.util.BitSet;

/**
 * The numbers of a chunk with a separator between them.
 *
 * @param scalar the whole name of the only chunk of an array without axes
 */
record ChunkNames(String prefix, String separator, String suffix, String scalar)
    implements Serializable {
  static final ChunkNames NPY = new ChunkNames("", ".", ".npy", "0.npy");

  /** As Zarr 2 has them, and the encoding "v2" of Zarr 3. */
  static ChunkNames zarr2(String separator) {
    return new ChunkNames("", separator, "", "0");
  }

  /** The encoding "default" of Zarr 3. */
  static ChunkNames zarr3(String separator) {
    return new ChunkNames("c" + separator, separator, "", "c");
  }

  /** The name of a chunk, below the array's folder. */
  String name(BlockIndex block) {
    if (block.rank() == 0) {
      return scalar;
    }
    return prefix + block.toString().replace(".", separator) + suffix;
  }

  /** The number of the chunk of a name, or -1. */
  long number(String name, Chunks chunks) {
    if (chunks.rank() == 0) {
      return name.equals(scalar) ? 0 : -1;
    }
    if (!name.startsWith(prefix) || !name.endsWith(suffix)) {
      return -1;
    }
    int at = prefix.length();
    int end = name.length() - suffix.length();
    long number = 0;
    for (int d = 0; d < chunks.rank(); d++) {
      if (d > 0 && (at >= end || name.charAt(at++) != separator.charAt(0))) {
        return -1;
      }
      int first = at;
      long index = 0;
      while (at < end && at - first < 10 && Character.digit(name.charAt(at), 10) >= 0) {
        index = 10 * index + Character.digit(name.charAt(at++), 10);
      }
      if (at == first || index >= chunks.pieces(d)) {
        return -1;
      }
      number = number * chunks.pieces(d) + index;
    }
    return at == end && name.equals(name(chunks.block(number))) ? number : -1;
  }

  /**
   * Lists a folder: each block must have its file.
   *
   * @throws IOException if not; it names one that has none
   */
  void requireAll(Place folder, Chunks chunks) throws IOException {
    long blocks = chunks.blocks();
    if (blocks > Integer.MAX_VALUE) {
      return; // too many to list; a missing one is refused when it is read
    }
    BitSet found = new BitSet();
    folder.files(
        separator.equals("/"),
        name -> {
          long number = number(name, chunks);
          if (number >= 0) {
            found.set((int) number);
          }
        });
    int missing = found.nextClearBit(0);
    if (missing < blocks) {
      throw new IOException(
          folder
              + " has files of "
              + found.cardinality()
              + " of "
              + blocks
              + " chunks; missing is "
              + name(chunks.block(missing)));
    }
  }
}
