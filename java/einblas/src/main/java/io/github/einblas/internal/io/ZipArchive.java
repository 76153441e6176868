// .npz: a zip archive's directory, read with the checks of Python's zipfile and some more.
package io.github.einblas.internal.io;

import io.github.einblas.NpyFormatException;
import java.io.Closeable;
import java.io.IOException;
import java.lang.ref.SoftReference;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An open archive. Nothing that it says is believed beyond what the file's length allows.
 * java.util.zip.ZipFile compares neither CRC-32 nor local headers, and gives one of two members of
 * the same name.
 */
public final class ZipArchive implements Closeable {
  private static final int END = 0x06054b50;
  private static final int END_BYTES = 22;
  private static final int END64 = 0x06064b50;
  private static final int END64_BYTES = 56;
  private static final int LOCATOR64 = 0x07064b50;
  private static final int LOCATOR64_BYTES = 20;
  private static final int CENTRAL = 0x02014b50;
  private static final int CENTRAL_BYTES = 46;
  private static final int LOCAL = 0x04034b50;
  private static final int LOCAL_BYTES = 30;
  private static final int LOCAL_READ = 256;
  private static final int MOST_COMMENT = 0xffff;
  private static final int UTF8 = 1 << 11;
  private static final int SIZES_BEHIND = 1 << 3;
  private static final int ZIP64_FIELD = 1;
  private static final long IN_ZIP64 = 0xffffffffL;

  /** Version 6.3 of the format, as Python's zipfile. */
  private static final int MOST_VERSION = 63;

  /** In place of members of one name. */
  private static final ZipMember SEVERAL = new ZipMember("", 0, 0, 0, 0, 0, 0);

  /** Over a million members. */
  private static final long MOST_DIRECTORY = 64L << 20;

  private final Path file;
  private final FileBytes bytes;
  private List<ZipMember> members = new ArrayList<>();
  private Map<String, ZipMember> byName = Map.of();
  private long directory;
  private long[] offsets = {};

  /**
   * What the last archive's directory said, so that reading its arrays one by one reads it once.
   * What a member is is compared with its local header and its CRC-32 in any case.
   */
  private record Known(
      Path file,
      Object state,
      List<ZipMember> members,
      Map<String, ZipMember> byName,
      long directory,
      long[] offsets) {}

  private static volatile SoftReference<Known> last = new SoftReference<>(null);

  private ZipArchive(Path file, FileBytes bytes) {
    this.file = file;
    this.bytes = bytes;
  }

  /**
   * Opens an archive and reads its directory.
   *
   * @throws NpyFormatException if it is none, or a damaged one
   */
  public static ZipArchive open(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString(), null, "no such file");
    }
    if (!Files.isRegularFile(file)) {
      throw new NpyFormatException(
          file
              + (Files.isDirectory(file) ? " is a directory" : " is not a regular file")
              + "; a .npz file is needed");
    }
    FileBytes bytes = new FileBytes(file);
    try {
      ZipArchive archive = new ZipArchive(file, bytes);
      if (!archive.takeKnown()) {
        archive.readDirectory();
        archive.remember();
      }
      return archive;
    } catch (BufferUnderflowException e) {
      bytes.close();
      throw new NpyFormatException(file + " is damaged: its directory of members is cut short");
    } catch (IOException | RuntimeException | Error e) {
      bytes.close();
      throw e;
    }
  }

  /** All members in the order of the directory. */
  public List<ZipMember> members() {
    return members;
  }

  /**
   * The member of a name, or null.
   *
   * @throws NpyFormatException if there are several
   */
  public ZipMember named(String name) throws NpyFormatException {
    ZipMember found = byName.get(name);
    if (SEVERAL.equals(found)) {
      throw new NpyFormatException(file + " has the array '" + ZipMember.array(name) + "' twice");
    }
    return found;
  }

  private static Map<String, ZipMember> byName(List<ZipMember> members) {
    Map<String, ZipMember> byName = new HashMap<>(2 * members.size());
    members.forEach(m -> byName.merge(m.name(), m, (one, other) -> SEVERAL));
    return byName;
  }

  /** Whether the file is the one that was read last, unchanged. */
  private boolean takeKnown() {
    Known known = last.get();
    if (known == null || !known.file.equals(file) || !known.state.equals(bytes.state())) {
      return false;
    }
    members = known.members;
    byName = known.byName;
    directory = known.directory;
    offsets = known.offsets;
    return true;
  }

  private void remember() {
    members = List.copyOf(members);
    byName = byName(members);
    last = new SoftReference<>(new Known(file, bytes.state(), members, byName, directory, offsets));
  }

  /** The bytes of a member. */
  public ZipMemberStream stream(ZipMember member) throws IOException {
    String shown = file + ":" + member.array();
    member.requireReadable(shown);
    try {
      return new ZipMemberStream(bytes, member, start(member, shown), shown);
    } catch (BufferUnderflowException e) {
      throw new NpyFormatException(shown + " is damaged: its header is cut short");
    }
  }

  @Override
  public void close() throws IOException {
    bytes.close();
  }

  // ---- the directory

  private void readDirectory() throws IOException {
    int signature = bytes.size() < END_BYTES ? 0 : at(0, 4).getInt();
    ByteBuffer end = signature == LOCAL || signature == END ? findEnd() : null;
    if (end == null) {
      throw new NpyFormatException(file + " is not a .npz file: it is no zip archive");
    }
    long place = bytes.size() - end.remaining();
    end.getInt();
    requireOneDisk(end.getShort(), end.getShort());
    end.getShort();
    long count = end.getShort() & 0xffff;
    boolean whole = false;
    long length = end.getInt() & IN_ZIP64;
    directory = end.getInt() & IN_ZIP64;
    ByteBuffer large = zip64(place);
    if (large != null) {
      large.position(16);
      requireOneDisk(large.getInt(), large.getInt());
      large.getLong();
      count = large.getLong();
      whole = true;
      length = large.getLong();
      directory = large.getLong();
      place -= LOCATOR64_BYTES + END64_BYTES;
    }
    if (length < 0 || directory < 0 || directory > place || length != place - directory) {
      throw damaged(
          "its directory should lie at byte "
              + Long.toUnsignedString(directory)
              + " with "
              + Long.toUnsignedString(length)
              + " bytes, and end at byte "
              + place);
    }
    if (length > MOST_DIRECTORY) {
      throw damaged(
          "its directory has "
              + length
              + " bytes, of which at most "
              + MOST_DIRECTORY
              + " are read");
    }
    readMembers(at(directory, (int) length));
    if (whole ? members.size() != count : (members.size() & 0xffff) != count) {
      throw damaged("it promises " + count + " members and has " + members.size());
    }
    offsets = members.stream().mapToLong(ZipMember::offset).sorted().toArray();
  }

  /** From the last end record to the end of the file, or null. */
  private ByteBuffer findEnd() throws IOException {
    int length = (int) Math.min(bytes.size(), END_BYTES + MOST_COMMENT);
    ByteBuffer tail = at(bytes.size() - length, length);
    for (int i = length - END_BYTES; i >= 0; i--) {
      if (tail.getInt(i) == END) {
        return tail.position(i);
      }
    }
    return null;
  }

  /** The zip64 end record in front of the end record at this place, or null. */
  private ByteBuffer zip64(long place) throws IOException {
    long locator = place - LOCATOR64_BYTES;
    if (locator < 0 || at(locator, 4).getInt() != LOCATOR64) {
      return null;
    }
    ByteBuffer found = at(locator, LOCATOR64_BYTES);
    found.getInt();
    int disk = found.getInt();
    long record = found.getLong();
    if (disk != 0 || Integer.compareUnsigned(found.getInt(), 1) > 0) {
      throw damaged("archives of several files are not read");
    }
    if (record != locator - END64_BYTES || at(record, 4).getInt() != END64) {
      throw damaged("its zip64 end record is not where it should be");
    }
    return at(record, END64_BYTES);
  }

  private void requireOneDisk(int disk, int directoryDisk) throws NpyFormatException {
    if (disk != 0 || directoryDisk != 0) {
      throw damaged("archives of several files are not read");
    }
  }

  private void readMembers(ByteBuffer in) throws NpyFormatException {
    while (in.hasRemaining()) {
      if (in.remaining() < CENTRAL_BYTES || in.getInt() != CENTRAL) {
        throw damaged("entry " + members.size() + " of its directory is none");
      }
      in.getShort();
      int version = in.getShort() & 0xff;
      int flags = in.getShort() & 0xffff;
      int method = in.getShort() & 0xffff;
      in.getInt();
      int crc = in.getInt();
      long[] sizes = {0, in.getInt() & IN_ZIP64, 0};
      sizes[0] = in.getInt() & IN_ZIP64;
      int nameLength = in.getShort() & 0xffff;
      int extraLength = in.getShort() & 0xffff;
      int commentLength = in.getShort() & 0xffff;
      in.getShort();
      in.getShort();
      in.getInt();
      sizes[2] = in.getInt() & IN_ZIP64;
      String name = name(bytes(in, nameLength), flags);
      wide(ByteBuffer.wrap(bytes(in, extraLength)).order(ByteOrder.LITTLE_ENDIAN), sizes, name);
      bytes(in, commentLength);
      if (version > MOST_VERSION) {
        throw damaged(
            "'" + name + "' needs version " + version / 10 + "." + version % 10 + " of zip");
      }
      if (sizes[0] < 0 || sizes[1] < 0 || sizes[2] < 0 || sizes[2] > directory - LOCAL_BYTES) {
        throw damaged(
            "'"
                + name
                + "' should begin at byte "
                + Long.toUnsignedString(sizes[2])
                + ", behind the last member");
      }
      members.add(new ZipMember(name, flags, method, crc, sizes[1], sizes[0], sizes[2]));
    }
  }

  private static byte[] bytes(ByteBuffer in, int length) {
    if (length > in.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] b = new byte[length];
    in.get(b);
    return b;
  }

  /** As the format has it: UTF-8 where the flag says so, else the first PC's characters. */
  private String name(byte[] raw, int flags) throws NpyFormatException {
    Charset charset = (flags & UTF8) != 0 ? StandardCharsets.UTF_8 : Charset.forName("IBM437");
    try {
      String name = charset.newDecoder().decode(ByteBuffer.wrap(raw)).toString();
      if (name.indexOf(0) < 0) {
        return name;
      }
    } catch (CharacterCodingException e) {
      // As a name with a zero in it.
    }
    throw damaged("a member's name is no text: " + Arrays.toString(Arrays.copyOf(raw, 20)));
  }

  /** Replaces (size, compressed size, offset) that are too wide for their fields. */
  private void wide(ByteBuffer extra, long[] sizes, String name) throws NpyFormatException {
    while (extra.remaining() >= 4) {
      int kind = extra.getShort() & 0xffff;
      int length = extra.getShort() & 0xffff;
      if (length > extra.remaining()) {
        throw damaged("a field of '" + name + "' in its directory is cut short");
      }
      int next = extra.position() + length;
      if (kind == ZIP64_FIELD) {
        for (int i = 0; i < sizes.length; i++) {
          if (sizes[i] == IN_ZIP64) {
            if (next - extra.position() < 8) {
              throw damaged("the zip64 field of '" + name + "' is cut short");
            }
            sizes[i] = extra.getLong();
          }
        }
      }
      extra.position(next);
    }
  }

  // ---- local headers

  /** Where the member's data begins; its local header must say what the directory says. */
  private long start(ZipMember member, String shown) throws IOException {
    // With the name and a few fields in one read; the file goes on with the directory at least.
    int first = (int) Math.min(LOCAL_READ, bytes.size() - member.offset());
    ByteBuffer in = at(member.offset(), first);
    if (in.getInt() != LOCAL) {
      throw differs(shown, "there is no member at byte " + member.offset());
    }
    in.getShort();
    int flags = in.getShort() & 0xffff;
    int method = in.getShort() & 0xffff;
    in.getInt();
    int crc = in.getInt();
    long[] sizes = {0, in.getInt() & IN_ZIP64, 0};
    sizes[0] = in.getInt() & IN_ZIP64;
    int nameLength = in.getShort() & 0xffff;
    int extraLength = in.getShort() & 0xffff;
    ByteBuffer rest =
        nameLength + extraLength <= in.remaining()
            ? in.slice(LOCAL_BYTES, nameLength + extraLength).order(ByteOrder.LITTLE_ENDIAN)
            : at(member.offset() + LOCAL_BYTES, nameLength + extraLength);
    String name = name(bytes(rest, nameLength), flags);
    if (!name.equals(member.name())) {
      throw differs(shown, "the member at byte " + member.offset() + " is '" + name + "'");
    }
    if (method != member.method()) {
      throw differs(shown, "methods " + method + " and " + member.method());
    }
    if ((flags & SIZES_BEHIND) == 0) {
      wide(rest, sizes, name);
      if (crc != member.crc() || sizes[0] != member.size() || sizes[1] != member.compressed()) {
        throw differs(shown, "its sizes or its CRC-32 are not the same");
      }
    }
    long start = member.offset() + LOCAL_BYTES + nameLength + extraLength;
    int i = Arrays.binarySearch(offsets, member.offset());
    // Of two members at one place either is refused: one of them is found to be the next.
    boolean twice =
        (i > 0 && offsets[i - 1] == offsets[i])
            || (i + 1 < offsets.length && offsets[i + 1] == offsets[i]);
    long limit = twice ? start : i + 1 < offsets.length ? offsets[i + 1] : directory;
    if (member.compressed() > limit - start) {
      throw new NpyFormatException(
          shown + " is damaged: its " + member.compressed() + " bytes reach into the next member");
    }
    return start;
  }

  private static NpyFormatException differs(String shown, String how) {
    return new NpyFormatException(
        shown + " is damaged: its header and the archive's directory differ: " + how);
  }

  private NpyFormatException damaged(String how) {
    return new NpyFormatException(file + " is damaged: " + how);
  }

  private ByteBuffer at(long place, int length) throws IOException {
    if (place < 0 || length > bytes.size() - place) {
      throw new BufferUnderflowException();
    }
    byte[] b = new byte[length];
    if (bytes.read(place, b, 0, length) < length) {
      throw new BufferUnderflowException();
    }
    return ByteBuffer.wrap(b).order(ByteOrder.LITTLE_ENDIAN);
  }
}
