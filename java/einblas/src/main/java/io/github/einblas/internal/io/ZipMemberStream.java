// .npz: the unpacked bytes of one member, checked against what the archive says of them.
package io.github.einblas.internal.io;

import io.github.einblas.NpyFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.util.HexFormat;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Ends after exactly the promised bytes, and throws where they, or their CRC-32, differ. */
public final class ZipMemberStream extends InputStream {
  private static final int PIECE = 1 << 16;

  private final FileBytes file;
  private final ZipMember member;
  private final String shown;
  private final CRC32 crc = new CRC32();
  private final Inflater inflater;
  private final byte[] packed;
  private long next;
  private final long end;
  private long given;
  private boolean verified;

  ZipMemberStream(FileBytes file, ZipMember member, long start, String shown) {
    this.file = file;
    this.member = member;
    this.shown = shown;
    this.next = start;
    this.end = start + member.compressed();
    boolean deflated = member.method() == ZipMember.DEFLATED;
    this.inflater = deflated ? new Inflater(/* nowrap= */ true) : null;
    this.packed = deflated ? new byte[(int) Math.min(PIECE, member.compressed() + 1)] : null;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (given == member.size()) {
      verify();
      return -1;
    }
    int most = (int) Math.min(length, member.size() - given);
    int n = inflater == null ? stored(to, offset, most) : inflated(to, offset, most);
    if (n <= 0) {
      throw damaged("it promises " + member.size() + " bytes and ends after " + given);
    }
    crc.update(to, offset, n);
    given += n;
    return n;
  }

  /** Reads on to the end, so that the whole member is checked. */
  public void finish() throws IOException {
    byte[] rest = new byte[(int) Math.min(PIECE, member.size() - given + 1)];
    while (read(rest, 0, rest.length) >= 0) {}
  }

  private int stored(byte[] to, int offset, int length) throws IOException {
    int n = file.read(next, to, offset, length);
    next += n;
    return n;
  }

  /** At least one byte, or 0 at the end of the compressed data. */
  private int inflated(byte[] to, int offset, int length) throws IOException {
    try {
      while (true) {
        int n = inflater.inflate(to, offset, length);
        if (n > 0 || inflater.finished()) {
          return n;
        }
        if (inflater.needsDictionary() || !feed()) {
          return 0;
        }
      }
    } catch (DataFormatException e) {
      throw damaged(e.getMessage() == null ? "it is no deflate data" : e.getMessage());
    }
  }

  private boolean feed() throws IOException {
    if (!inflater.needsInput()) {
      return true;
    }
    int n = file.read(next, packed, 0, (int) Math.min(packed.length, end - next));
    next += n;
    inflater.setInput(packed, 0, n);
    return n > 0;
  }

  private void verify() throws IOException {
    if (verified) {
      return;
    }
    if (inflater != null) {
      if (inflated(new byte[1], 0, 1) > 0) {
        throw damaged("it promises " + member.size() + " bytes and holds more");
      }
      if (!inflater.finished()) {
        throw damaged("its compressed data has no end");
      }
    }
    if ((int) crc.getValue() != member.crc()) {
      throw damaged(
          "the CRC-32 of its "
              + member.size()
              + " bytes is "
              + hex((int) crc.getValue())
              + ", the archive says "
              + hex(member.crc()));
    }
    verified = true;
  }

  private static String hex(int crc) {
    return HexFormat.of().toHexDigits(crc);
  }

  private NpyFormatException damaged(String how) {
    return new NpyFormatException(shown + " is damaged: " + how);
  }

  @Override
  public void close() {
    if (inflater != null) {
      inflater.end();
    }
  }
}
