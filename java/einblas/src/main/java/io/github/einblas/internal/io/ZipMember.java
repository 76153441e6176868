// .npz: what an archive's directory says of one member.
package io.github.einblas.internal.io;

import io.github.einblas.NpyFormatException;

/**
 * One member.
 *
 * @param name with {@code .npy}
 * @param flags general purpose bits
 * @param method of compression: 0 stored, 8 deflate
 * @param crc CRC-32 of its bytes
 * @param compressed bytes in the file
 * @param size bytes when unpacked
 * @param offset of its local header
 */
public record ZipMember(
    String name, int flags, int method, int crc, long compressed, long size, long offset) {
  static final int STORED = 0;
  static final int DEFLATED = 8;
  private static final int ENCRYPTED = 1;
  private static final int PATCHED = 1 << 5;
  private static final int STRONGLY_ENCRYPTED = 1 << 6;

  /** Bytes that one byte of deflate can stand for at most: two bits for 258. */
  private static final long MOST_RATIO = 1032;

  /** The name of the array: without {@code .npy}. */
  public String array() {
    return array(name);
  }

  /** The name of the array in a member of that name. */
  static String array(String member) {
    return member.endsWith(".npy") ? member.substring(0, member.length() - 4) : member;
  }

  /** Whether it is a folder's entry, which holds nothing. */
  public boolean isFolder() {
    return name.endsWith("/") && size == 0;
  }

  /** Refuses what is not read here, and sizes that cannot be. */
  void requireReadable(String shown) throws NpyFormatException {
    if ((flags & (ENCRYPTED | STRONGLY_ENCRYPTED)) != 0) {
      throw new NpyFormatException(shown + " is encrypted; only plain members are read");
    }
    if ((flags & PATCHED) != 0) {
      throw new NpyFormatException(shown + " is compressed patched data, which is not read");
    }
    if (method != STORED && method != DEFLATED) {
      throw new NpyFormatException(
          shown + " is compressed by " + methodName() + "; stored and deflate are read");
    }
    if (method == STORED ? size != compressed : size / MOST_RATIO > compressed) {
      throw new NpyFormatException(
          shown
              + " is damaged: it promises "
              + size
              + " bytes, which its "
              + compressed
              + " bytes in the archive cannot hold");
    }
  }

  private String methodName() {
    return switch (method) {
      case 1 -> "shrink";
      case 6 -> "implode";
      case 9 -> "deflate64";
      case 12 -> "bzip2";
      case 14 -> "lzma";
      case 93 -> "zstd";
      case 95 -> "xz";
      default -> "method " + method;
    };
  }
}
