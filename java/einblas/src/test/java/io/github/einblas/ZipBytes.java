// Test: zip archives made byte by byte, so that every field can lie.
package io.github.einblas;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** An archive under construction. */
@SuppressWarnings("ByteBufferBackingArray") // all are allocated here
public final class ZipBytes {
  /** One member; fields may be changed before {@link ZipBytes#make}. */
  public static final class Entry {
    public String name;
    public String localName;
    public int flags;
    public int method;
    public int localMethod;
    public int version = 20;
    public int crc;
    public long size;
    public byte[] packed;
    public long localSize;
    public byte[] extra = {};
    public byte[] localExtra = {};
    public Long offset;
  }

  public final List<Entry> entries = new ArrayList<>();
  public boolean zip64;
  public byte[] comment = {};
  public byte[] behind = {};
  public int promised = -1;

  /** Raw deflate. */
  public static byte[] deflate(byte[] plain) {
    Deflater deflater = new Deflater(9, true);
    deflater.setInput(plain);
    deflater.finish();
    byte[] packed = new byte[plain.length + 100];
    int n = deflater.deflate(packed);
    deflater.end();
    return Arrays.copyOf(packed, n);
  }

  /** CRC-32. */
  public static int crc(byte[] plain) {
    CRC32 crc = new CRC32();
    crc.update(plain);
    return (int) crc.getValue();
  }

  /** A member whose fields are right. */
  public Entry add(String name, byte[] plain, boolean deflated) {
    Entry e = new Entry();
    e.name = name;
    e.localName = name;
    e.method = deflated ? 8 : 0;
    e.localMethod = e.method;
    e.crc = crc(plain);
    e.size = plain.length;
    e.localSize = plain.length;
    e.packed = deflated ? deflate(plain) : plain;
    entries.add(e);
    return e;
  }

  /** The archive. */
  public byte[] make() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long[] offsets = new long[entries.size()];
    for (int i = 0; i < offsets.length; i++) {
      Entry e = entries.get(i);
      offsets[i] = e.offset == null ? out.size() : e.offset;
      byte[] name = e.localName.getBytes(StandardCharsets.UTF_8);
      ByteBuffer b = little(30 + name.length + e.localExtra.length);
      b.putInt(0x04034b50).putShort((short) e.version).putShort((short) e.flags);
      b.putShort((short) e.localMethod).putInt(0).putInt(e.crc);
      b.putInt(e.packed.length).putInt((int) e.localSize);
      b.putShort((short) name.length).putShort((short) e.localExtra.length);
      out.writeBytes(b.put(name).put(e.localExtra).array());
      out.writeBytes(e.packed);
    }
    int directory = out.size();
    for (int i = 0; i < offsets.length; i++) {
      Entry e = entries.get(i);
      byte[] name = e.name.getBytes(StandardCharsets.UTF_8);
      byte[] extra = zip64 ? wide(e, offsets[i]) : e.extra;
      ByteBuffer b = little(46 + name.length + extra.length);
      b.putInt(0x02014b50).putShort((short) 45).putShort((short) e.version);
      b.putShort((short) e.flags).putShort((short) e.method).putInt(0).putInt(e.crc);
      b.putInt(zip64 ? -1 : e.packed.length).putInt(zip64 ? -1 : (int) e.size);
      b.putShort((short) name.length).putShort((short) extra.length).putShort((short) 0);
      b.putInt(0).putInt(0).putInt(zip64 ? -1 : (int) offsets[i]);
      out.writeBytes(b.put(name).put(extra).array());
    }
    end(out, directory, out.size() - directory);
    return out.toByteArray();
  }

  private static byte[] wide(Entry e, long offset) {
    ByteBuffer b = little(28);
    b.putShort((short) 1).putShort((short) 24);
    return b.putLong(e.size).putLong(e.packed.length).putLong(offset).array();
  }

  private void end(ByteArrayOutputStream out, int directory, int length) {
    int count = promised >= 0 ? promised : entries.size();
    if (zip64) {
      int place = out.size();
      ByteBuffer b = little(76);
      b.putInt(0x06064b50).putLong(44).putShort((short) 45).putShort((short) 45);
      b.putInt(0).putInt(0).putLong(count).putLong(count).putLong(length).putLong(directory);
      b.putInt(0x07064b50).putInt(0).putLong(place).putInt(1);
      out.writeBytes(b.array());
    }
    ByteBuffer b = little(22 + comment.length);
    b.putInt(0x06054b50).putInt(0);
    b.putShort((short) (zip64 ? -1 : count)).putShort((short) (zip64 ? -1 : count));
    b.putInt(zip64 ? -1 : length).putInt(zip64 ? -1 : directory);
    out.writeBytes(b.putShort((short) comment.length).put(comment).array());
    out.writeBytes(behind);
  }

  private static ByteBuffer little(int length) {
    return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
  }
}
