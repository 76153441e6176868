// .npz: an open archive of arrays.
package io.github.einblas.internal.io;

import io.github.einblas.NpyFormatException;
import io.github.einblas.internal.tensor.Strided;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Reads arrays by their names, and writes archives. */
public final class NpzFile implements Closeable {
  private static final int BUFFER = 1 << 16;
  private static final int HEADER = 1 << 8;
  private static final int MOST_NAME = 0xffff;

  private final Path file;
  private final ZipArchive zip;

  private NpzFile(Path file, ZipArchive zip) {
    this.file = file;
    this.zip = zip;
  }

  public static NpzFile open(Path file) throws IOException {
    return new NpzFile(file, ZipArchive.open(file));
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }

  /** Whether there is an array of that name. */
  public boolean has(String array) throws NpyFormatException {
    return find(array) != null;
  }

  /** The array of a name, with or without {@code .npy}. */
  public Strided read(String array) throws IOException {
    return read(require(array));
  }

  /** All arrays in file order. */
  public Map<String, Strided> readAll() throws IOException {
    Map<String, Strided> tensors = new LinkedHashMap<>();
    try {
      for (ZipMember member : zip.members()) {
        if (member.isFolder()) {
          continue;
        }
        if (tensors.containsKey(member.array())) {
          throw twice(member.array());
        }
        tensors.put(member.array(), read(member));
      }
      return tensors;
    } catch (IOException | RuntimeException | Error e) {
      tensors.values().forEach(Strided::close);
      throw e;
    }
  }

  /** The text that an array of one byte string or Unicode string is; null if it is none. */
  public String readText(String array) throws IOException {
    ZipMember member = require(array);
    try (ZipMemberStream in = zip.stream(member)) {
      String text = NpyHeader.readText(in, shown(member));
      in.finish();
      return text;
    }
  }

  private Strided read(ZipMember member) throws IOException {
    try (ZipMemberStream in = zip.stream(member)) {
      // The header is read in small pieces; elements go past this buffer.
      InputStream buffered = new BufferedInputStream(in, HEADER);
      Strided t = Npy.read(buffered, shown(member), member.size());
      try {
        in.finish();
        return t;
      } catch (IOException | RuntimeException | Error e) {
        t.close();
        throw e;
      }
    }
  }

  private String shown(ZipMember member) {
    return file + ":" + member.array();
  }

  private ZipMember require(String array) throws NpyFormatException {
    ZipMember member = find(array);
    if (member == null) {
      TreeSet<String> names = new TreeSet<>();
      zip.members().stream().filter(m -> !m.isFolder()).forEach(m -> names.add(m.array()));
      throw new NpyFormatException(
          file + " has no array '" + array + "'; it has " + Npy.brief(names.toString()));
    }
    return member;
  }

  private ZipMember find(String array) throws NpyFormatException {
    ZipMember member = named(array + ".npy");
    return member != null ? member : named(array);
  }

  private ZipMember named(String name) throws NpyFormatException {
    ZipMember found = zip.named(name);
    return found == null || found.isFolder() ? null : found;
  }

  private NpyFormatException twice(String array) {
    return new NpyFormatException(file + " has the array '" + array + "' twice");
  }

  // ---- written

  /**
   * Writes an archive whose members are stored, not compressed.
   *
   * @param texts members that are byte strings
   */
  public static void write(
      Path file, Map<String, Strided> tensors, Map<String, String> texts, boolean sync)
      throws IOException {
    Map<String, Strided> own = new LinkedHashMap<>(tensors);
    own.forEach(NpzFile::requireWritable);
    OutputFile.write(
        file,
        sync,
        out -> {
          // Closed only when all went well: closing writes what is left, which a full disk refuses
          // and a reader that went away does not take.
          ZipOutputStream members = new ZipOutputStream(new BufferedOutputStream(out, BUFFER));
          members.setLevel(0);
          for (Map.Entry<String, Strided> entry : own.entrySet()) {
            members.putNextEntry(new ZipEntry(entry.getKey() + ".npy"));
            Npy.write(entry.getValue(), members);
            members.closeEntry();
          }
          for (Map.Entry<String, String> entry : texts.entrySet()) {
            members.putNextEntry(new ZipEntry(entry.getKey() + ".npy"));
            members.write(NpyHeader.ofText(entry.getValue()));
            members.closeEntry();
          }
          members.close();
        });
  }

  private static void requireWritable(String name, Strided tensor) {
    Objects.requireNonNull(name, "a name in tensors");
    Objects.requireNonNull(tensor, () -> "the tensor '" + name + "'");
    if (tensor.isClosed()) {
      throw new IllegalStateException("the tensor '" + name + "' is closed");
    }
    try {
      ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(java.nio.CharBuffer.wrap(name));
      if (bytes.remaining() <= MOST_NAME - ".npy".length() && name.indexOf(0) < 0) {
        return;
      }
    } catch (CharacterCodingException e) {
      // As a name that is too long.
    }
    throw new IllegalArgumentException(
        "a name in a .npz has at most 65531 bytes in UTF-8 and no zero, got '"
            + Npy.brief(name)
            + "'");
  }
}
