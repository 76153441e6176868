// .safetensors: an open file of tensors, its header checked as a whole before anything is read.
package io.github.einblas.internal.io;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.einblas.DType;
import io.github.einblas.NpyFormatException;
import io.github.einblas.internal.tensor.Storage;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.Transfer;
import io.github.einblas.internal.tensor.Views;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The length of the header in 8 bytes, the header, the elements of all tensors side by side. */
public final class SafetensorsFile implements Closeable {
  /** As the format's own library. */
  private static final long MOST_HEADER = 100_000_000;

  private static final int PIECE = 1 << 17;

  /** Not a tensor, but texts by names. */
  static final String METADATA = "__metadata__";

  /** A tensor of the header; type is null where it is none of ours. */
  private record Entry(String name, String typeName, DType type, long[] shape, long from, long to) {
    /** Bytes of its elements. */
    long bytes() {
      return Views.bytes(shape, type.bytes());
    }
  }

  private final Path file;
  private final FileBytes bytes;

  /** Where the elements begin. */
  private final long start;

  private final Map<String, Entry> entries;

  private SafetensorsFile(Path file, FileBytes bytes, long start, Map<String, Entry> entries) {
    this.file = file;
    this.bytes = bytes;
    this.start = start;
    this.entries = entries;
  }

  /** Opens a file and checks its header. */
  public static SafetensorsFile open(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString(), null, "no such file");
    }
    if (!Files.isRegularFile(file)) {
      throw new NpyFormatException(file + " is no regular file, not a .safetensors file");
    }
    FileBytes bytes = new FileBytes(file);
    boolean done = false;
    try {
      byte[] header = header(file, bytes);
      long start = 8L + header.length;
      Map<String, Entry> entries = entries(file, text(file, header));
      requireSideBySide(file, entries, bytes.size() - start);
      SafetensorsFile opened = new SafetensorsFile(file, bytes, start, entries);
      done = true;
      return opened;
    } finally {
      if (!done) {
        bytes.close();
      }
    }
  }

  @Override
  public void close() throws IOException {
    bytes.close();
  }

  // ---- the header

  private static byte[] header(Path file, FileBytes bytes) throws IOException {
    byte[] length = new byte[8];
    if (bytes.read(0, length, 0, 8) < 8) {
      throw new NpyFormatException(
          file + " is no .safetensors file: it is shorter than the 8 bytes of a header's length");
    }
    long size = ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (size < 0 || size > MOST_HEADER || size > bytes.size() - 8) {
      throw new NpyFormatException(
          file
              + " is no .safetensors file: it claims a header of "
              + Long.toUnsignedString(size)
              + " bytes; at most "
              + Math.min(MOST_HEADER, bytes.size() - 8)
              + " are possible");
    }
    byte[] header = new byte[(int) size];
    if (bytes.read(8, header, 0, header.length) < header.length) {
      throw new NpyFormatException(file + " ends inside its header");
    }
    return header;
  }

  private static String text(Path file, byte[] header) throws NpyFormatException {
    try {
      if (header.length > 0 && header[0] == '{') {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(header)).toString();
      }
    } catch (CharacterCodingException e) {
      throw new NpyFormatException(file + " has a header that is not UTF-8");
    }
    throw new NpyFormatException(file + " has a header that does not begin with {");
  }

  private static Map<String, Entry> entries(Path file, String header) throws NpyFormatException {
    Map<String, Entry> entries = new LinkedHashMap<>();
    String at = "";
    try {
      for (Map.Entry<String, JsonElement> member :
          StrictJson.object(StrictJson.parse(header), "header").entrySet()) {
        String name = member.getKey();
        if (METADATA.equals(name)) {
          JsonObject unused = StrictJson.object(member.getValue(), name);
          continue;
        }
        at = ":" + Npy.brief(name);
        entries.put(name, entry(name, StrictJson.object(member.getValue(), "tensor")));
      }
      return entries;
    } catch (IllegalArgumentException e) {
      NpyFormatException wrong = new NpyFormatException(file + at + ": " + e.getMessage());
      wrong.initCause(e);
      throw wrong;
    }
  }

  /** One tensor; what it says of itself must agree. */
  private static Entry entry(String name, JsonObject o) {
    String type = StrictJson.text(o, "dtype");
    long[] shape = numbers(o, "shape");
    long[] offsets = numbers(o, "data_offsets");
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw new IllegalArgumentException(
          "\"data_offsets\" must be a begin and an end behind it, got " + Arrays.toString(offsets));
    }
    Entry entry = new Entry(name, type, type(type), shape, offsets[0], offsets[1]);
    if (entry.type != null && entry.bytes() != entry.to - entry.from) {
      throw new IllegalArgumentException(
          "shape "
              + Npy.brief(Arrays.toString(shape))
              + " of "
              + type
              + " takes "
              + entry.bytes()
              + " bytes, \"data_offsets\" give it "
              + (entry.to - entry.from));
    }
    return entry;
  }

  private static long[] numbers(JsonObject o, String key) {
    JsonArray array = StrictJson.array(StrictJson.need(o, key), key);
    long[] numbers = new long[array.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = StrictJson.integer(array.get(i), key, 0, Long.MAX_VALUE);
    }
    return numbers;
  }

  /** The format's names are ours; C128 it does not have. */
  private static DType type(String name) {
    for (DType type : DType.values()) {
      if (type != DType.C128 && type.name().equals(name)) {
        return type;
      }
    }
    return null;
  }

  /** The tensors fill the file behind the header without overlaps and gaps. */
  private static void requireSideBySide(Path file, Map<String, Entry> entries, long length)
      throws NpyFormatException {
    List<Entry> sorted = new ArrayList<>(entries.values());
    sorted.sort(Comparator.comparingLong(Entry::from).thenComparingLong(Entry::to));
    long end = 0;
    for (Entry e : sorted) {
      if (e.from != end || e.to > length) {
        String what =
            e.to > length
                ? "ends behind the file's " + length + " bytes of elements"
                : e.from < end ? "overlaps the tensor before it" : "leaves a gap before it";
        throw new NpyFormatException(
            file + ":" + Npy.brief(e.name) + " at [" + e.from + ", " + e.to + "] " + what);
      }
      end = e.to;
    }
    if (end != length) {
      throw new NpyFormatException(
          file
              + " has "
              + length
              + " bytes of elements, but its tensors end at "
              + end
              + ": it is damaged, or has something appended");
    }
  }

  // ---- elements

  /** All tensors in the order of the header. */
  public Map<String, Strided> readAll() throws IOException {
    for (Entry e : entries.values()) {
      requireType(e);
    }
    Map<String, Strided> tensors = new LinkedHashMap<>();
    try {
      for (Entry e : entries.values()) {
        tensors.put(e.name, read(e));
      }
      return tensors;
    } catch (IOException | RuntimeException | Error e) {
      tensors.values().forEach(Strided::close);
      throw e;
    }
  }

  /** The tensor of a name. */
  public Strided read(String name) throws IOException {
    return read(require(name));
  }

  private Entry require(String name) throws NpyFormatException {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw new NpyFormatException(
          file
              + " has no tensor '"
              + Npy.brief(name)
              + "'; it has "
              + Npy.brief(entries.keySet().toString()));
    }
    requireType(entry);
    return entry;
  }

  /** The names of all tensors in the order of the header. */
  public Set<String> names() {
    return Collections.unmodifiableSet(entries.keySet());
  }

  /** The elements of all tensors as bytes in memory, which nothing may write. */
  public Strided map() throws IOException {
    MappedFile mapped = MappedFile.open(file, FileChannel.MapMode.READ_ONLY);
    Storage memory = mapped.from(Math.min(start, mapped.bytes()));
    if (mapped.bytes() != bytes.size()) {
      memory.close();
      throw new IOException(file + " changed while it was opened");
    }
    return Strided.over(DType.U8, memory, new long[] {memory.bytes()});
  }

  /** The tensor of a name as a view of what {@link #map} made; null where it must be copied. */
  public Strided view(Strided mapped, String name) throws IOException {
    Entry e = require(name);
    boolean aligned =
        e.from % e.type.bytes() == 0 && mapped.address() % e.type.partType().bytes() == 0;
    return aligned ? mapped.at(e.type, e.from / e.type.bytes(), e.shape) : null;
  }

  private void requireType(Entry e) throws NpyFormatException {
    if (e.type == null) {
      throw new NpyFormatException(
          file
              + ":"
              + Npy.brief(e.name)
              + " has elements of type '"
              + Npy.brief(e.typeName)
              + "'; supported are BOOL, U8, I8, I16, I32, I64, F16, BF16, F32, F64 and C64");
    }
  }

  private Strided read(Entry e) throws IOException {
    Strided t = Strided.empty(e.type, e.shape);
    boolean done = false;
    try {
      byte[] piece = new byte[(int) Math.min(PIECE, e.bytes())];
      long[] at = {start + e.from};
      Transfer.windows(
          t.address(),
          e.bytes(),
          window -> {
            while (window.hasRemaining()) {
              int n = Math.min(piece.length, window.remaining());
              if (bytes.read(at[0], piece, 0, n) < n) {
                throw new IOException(file + " became shorter while it was read");
              }
              window.put(piece, 0, n);
              at[0] += n;
            }
          });
      done = true;
      return t;
    } finally {
      if (!done) {
        t.close();
      }
    }
  }
}
