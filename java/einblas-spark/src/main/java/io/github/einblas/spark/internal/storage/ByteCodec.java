// Storage: what Zarr does with the bytes of a chunk before they are a file.
package io.github.einblas.spark.internal.storage;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.CRC32C;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.InflaterInputStream;

/** Compressions, and a checksum behind the bytes. */
enum ByteCodec {
  GZIP(1032),
  ZLIB(1032),
  ZSTD(1 << 16),
  CRC32C(1);

  static final int GZIP_LEVEL = 5;
  static final int ZSTD_LEVEL = 3;

  private static final int CHECKSUM_BYTES = 4;

  /** At least the bytes that one byte can stand for. */
  private final long ratio;

  ByteCodec(long ratio) {
    this.ratio = ratio;
  }

  /**
   * Decodes a chunk's file through all codecs, the last one first.
   *
   * @param size bytes that the chunk has
   * @param where the file, for messages
   */
  static byte[] decodeAll(ByteCodec[] codecs, byte[] file, int size, String where)
      throws IOException {
    byte[] bytes = file;
    for (int i = codecs.length - 1; i >= 0; i--) {
      long exact = exactBytes(codecs, i, size);
      bytes = codecs[i].decode(bytes, exact >= 0 ? exact : mostBytes(size), exact >= 0, where);
    }
    if (bytes.length != size) {
      throw new IOException(
          where + " holds " + bytes.length + " bytes of elements; a chunk has " + size);
    }
    return bytes;
  }

  /** Bytes behind the first codecs, or -1 where a compression is among them. */
  private static long exactBytes(ByteCodec[] codecs, int count, int size) {
    for (int i = 0; i < count; i++) {
      if (codecs[i] != CRC32C) {
        return -1;
      }
    }
    return size + (long) CHECKSUM_BYTES * count;
  }

  /** Bytes that a chunk's file has at most: compression adds little to what it cannot compress. */
  static long mostBytes(int size) {
    return Math.min(Integer.MAX_VALUE - 64, size + (size >> 3) + 65536L);
  }

  private byte[] decode(byte[] bytes, long size, boolean exact, String where) throws IOException {
    if (this == CRC32C) {
      return checked(bytes, where);
    }
    if (exact && size > ratio * bytes.length) {
      throw new IOException(
          where + " has " + bytes.length + " bytes, which cannot hold the " + size + " of a chunk");
    }
    try (InputStream in = stream(new ByteArrayInputStream(bytes))) {
      byte[] whole;
      if (exact) {
        whole = new byte[(int) size];
        int have = in.readNBytes(whole, 0, whole.length);
        if (have < size) {
          throw new IOException("it holds " + have + " bytes; a chunk has " + size);
        }
      } else {
        whole = in.readNBytes((int) size);
      }
      if (in.read() >= 0) {
        throw new IOException("it holds more than the " + size + " bytes of a chunk");
      }
      return whole;
    } catch (IOException e) {
      throw new IOException(where + " cannot be read as " + codecName() + ": " + e.getMessage(), e);
    }
  }

  private InputStream stream(InputStream in) throws IOException {
    return switch (this) {
      case GZIP -> new GZIPInputStream(in, 1 << 16);
      case ZLIB -> new InflaterInputStream(in);
      default -> new ZstdInputStream(in);
    };
  }

  private static byte[] checked(byte[] bytes, String where) throws IOException {
    int length = bytes.length - CHECKSUM_BYTES;
    if (length < 0) {
      throw new IOException(where + " is too short for its checksum: " + bytes.length + " bytes");
    }
    int found = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(length);
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    if (found != (int) crc.getValue()) {
      throw new IOException(
          where
              + " is damaged: the CRC-32C of its "
              + length
              + " bytes is "
              + Integer.toHexString((int) crc.getValue())
              + ", it says "
              + Integer.toHexString(found));
    }
    return Arrays.copyOf(bytes, length);
  }

  /** Compresses; of codecs that are written. */
  byte[] encode(byte[] bytes) throws IOException {
    return switch (this) {
      case GZIP -> {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new Gzip(out)) {
          gzip.write(bytes);
        }
        yield out.toByteArray();
      }
      case ZSTD -> Zstd.compress(bytes, ZSTD_LEVEL);
      default -> throw new IllegalArgumentException(codecName() + " is not written");
    };
  }

  /** As Zarr names it. */
  String codecName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** With a level. */
  private static final class Gzip extends GZIPOutputStream {
    Gzip(ByteArrayOutputStream out) throws IOException {
      super(out, 1 << 16);
      def.setLevel(GZIP_LEVEL);
    }
  }
}
