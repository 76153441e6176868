// Fuzzing of files: good files of every kind that is read, and what is done to them.
package io.github.einblas.fuzz;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import io.github.einblas.ZipBytes;
import io.github.einblas.internal.io.NpyHeader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes files from one seed. */
final class FileMutator {
  /** Numbers that fields are set to. */
  private static final long[] ODD = {
    0,
    1,
    2,
    7,
    8,
    31,
    64,
    127,
    128,
    255,
    256,
    65535,
    65536,
    0x7fffffffL,
    0x80000000L,
    0xffffffffL,
    1L << 32,
    (1L << 53) + 1,
    1L << 60,
    1L << 62,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    -1,
    -8
  };

  private static final String[] WORDS = {
    "'", "\"", "{", "}", "(", ")", ",", ":", "L", "-", ".", "[", "True", "False", "None", "'shape'",
    "'descr'", "<f4", ">f8", "|S3", "<U3", "=i4", "\\", "\n", "\0", "e9", "0x"
  };

  private static final Pattern NUMBER = Pattern.compile("[0-9]+");
  private static final int[] SIGNATURES = {
    0x04034b50, 0x02014b50, 0x06054b50, 0x06064b50, 0x07064b50
  };
  private static final int[] HEADER_BYTES = {30, 46, 22, 56, 20};

  /** Types that have both byte orders. */
  private static final DType[] TYPES = {
    DType.F32, DType.F64, DType.I32, DType.I64, DType.F16, DType.I16, DType.C64, DType.C128
  };

  private final SplittableRandom random;

  FileMutator(SplittableRandom random) {
    this.random = random;
  }

  // ---- good files

  static byte[] npy(Tensor tensor) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (tensor) {
      tensor.writeNpy(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /** A .npy of any type, shape and order; sometimes of the other byte order. */
  byte[] npy() {
    DType type = TYPES[random.nextInt(TYPES.length)];
    long[] shape = new long[random.nextInt(5)];
    Arrays.setAll(shape, i -> random.nextInt(5));
    Tensor tensor = Tensor.empty(type, shape);
    try (Tensor flat = tensor.reshape(tensor.size())) {
      for (long i = 0; i < flat.size(); i++) {
        flat.set(random.nextInt(1000), i);
      }
    }
    if (random.nextInt(3) > 0) {
      return npy(tensor);
    }
    byte[] bytes;
    try (tensor;
        Tensor turned = tensor.transpose()) {
      bytes = npy(turned.permute(axes(turned.rank())));
    }
    return random.nextBoolean() ? bytes : edit(bytes, "'<", "'>");
  }

  private static int[] axes(int rank) {
    int[] axes = new int[rank];
    Arrays.setAll(axes, i -> i);
    return axes;
  }

  /** An archive of arrays, or one of SciPy's of some format. */
  ZipBytes archive() {
    Map<String, byte[]> members = new LinkedHashMap<>();
    String[] formats = {"", "csr", "csc", "coo", "coords", "bsr"};
    String format = formats[random.nextInt(formats.length)];
    if (format.isEmpty()) {
      for (int i = random.nextInt(4); i >= 0; i--) {
        members.put("m" + i, npy());
      }
    } else {
      sparse(members, format);
    }
    ZipBytes zip = new ZipBytes();
    zip.zip64 = random.nextInt(8) == 0;
    boolean deflated = random.nextBoolean();
    members.forEach((name, bytes) -> zip.add(name + ".npy", bytes, deflated));
    if (random.nextInt(8) == 0) {
      zip.add("folder/", new byte[0], false);
    }
    return zip;
  }

  /** Four rows, six columns. */
  private void sparse(Map<String, byte[]> members, String format) {
    int rows = "csc".equals(format) ? 6 : "bsr".equals(format) ? 2 : 4;
    int columns = "csc".equals(format) ? 4 : "bsr".equals(format) ? 3 : 6;
    int entries = random.nextInt(8);
    int[] row = random.ints(entries, 0, rows).sorted().toArray();
    int[] column = random.ints(entries, 0, columns).toArray();
    int[] indptr = new int[rows + 1];
    for (int r : row) {
      indptr[r + 1]++;
    }
    for (int i = 0; i < rows; i++) {
      indptr[i + 1] += indptr[i];
    }
    double[] data = random.doubles(4L * entries, 1, 9).toArray();
    boolean blocks = "bsr".equals(format);
    Tensor values =
        blocks ? Tensor.of(data, entries, 2, 2) : Tensor.of(Arrays.copyOf(data, entries));
    boolean triples = "coo".equals(format) || "coords".equals(format);
    if ("coo".equals(format)) {
      members.put("row", npy(Tensor.of(row)));
      members.put("col", npy(Tensor.of(column)));
    } else if (triples) {
      int[] both = Arrays.copyOf(row, 2 * entries);
      System.arraycopy(column, 0, both, entries, entries);
      members.put("coords", npy(Tensor.of(both, 2, entries)));
    } else {
      members.put("indices", npy(Tensor.of(column)));
      members.put("indptr", npy(Tensor.of(indptr)));
    }
    members.put("format", NpyHeader.ofText(triples ? "coo" : format));
    members.put("shape", npy(Tensor.of(new long[] {4, 6})));
    members.put("data", npy(values));
  }

  // ---- what is done to them

  private static byte[] edit(byte[] bytes, String from, String to) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1).replace(from, to);
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Some bytes other than they were, anywhere. */
  byte[] damaged(byte[] good) {
    byte[] bytes = good;
    for (int i = random.nextInt(4); i >= 0 && bytes.length > 0; i--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(7)) {
        case 0 -> bytes = Arrays.copyOf(bytes, at);
        case 1 -> bytes = spliced(bytes, at, random.nextInt(bytes.length));
        case 2 -> bytes = inserted(bytes, at, random.nextInt(100));
        case 3 -> bytes = without(bytes, at, random.nextInt(100));
        case 4 -> {
          bytes = bytes.clone();
          bytes[at] = (byte) random.nextInt();
        }
        default -> {
          bytes = bytes.clone();
          bytes[at] ^= (byte) (1 << random.nextInt(8));
        }
      }
    }
    return bytes;
  }

  private byte[] spliced(byte[] bytes, int to, int from) {
    byte[] all = bytes.clone();
    int length = random.nextInt(1 + bytes.length - Math.max(to, from));
    System.arraycopy(bytes, from, all, to, length);
    return all;
  }

  private static byte[] inserted(byte[] bytes, int at, int length) {
    byte[] all = Arrays.copyOf(bytes, bytes.length + length);
    System.arraycopy(bytes, at, all, at + length, bytes.length - at);
    return all;
  }

  private static byte[] without(byte[] bytes, int at, int length) {
    int n = Math.min(length, bytes.length - at);
    byte[] all = Arrays.copyOf(bytes, bytes.length - n);
    System.arraycopy(bytes, at + n, all, at, bytes.length - at - n);
    return all;
  }

  /** A .npy whose header says something else; its length field fits, mostly. */
  byte[] headerEdited(byte[] npy) {
    if (npy.length < 12) {
      return npy;
    }
    int end = Math.min(npy.length, 10 + (npy[8] & 0xff) + ((npy[9] & 0xff) << 8));
    StringBuilder text =
        new StringBuilder(new String(npy, 10, end - 10, StandardCharsets.ISO_8859_1));
    for (int i = random.nextInt(3); i >= 0; i--) {
      int at = random.nextInt(Math.max(1, text.indexOf("}") + 2));
      switch (random.nextInt(4)) {
        case 0 -> text.insert(Math.min(at, text.length()), WORDS[random.nextInt(WORDS.length)]);
        case 1 ->
            text.delete(
                Math.min(at, text.length()), Math.min(at + 1 + random.nextInt(9), text.length()));
        case 2 -> text.insert(Math.min(at, text.length()), "1, ".repeat(random.nextInt(2000)));
        default -> number(text);
      }
    }
    byte[] header = text.toString().getBytes(StandardCharsets.ISO_8859_1);
    int version = random.nextInt(6) == 0 ? 2 : npy[6];
    int start = version == 1 ? 10 : 12;
    byte[] all = Arrays.copyOf(Arrays.copyOf(npy, 8), start + header.length + npy.length - end);
    all[6] = (byte) version;
    int length = random.nextInt(20) == 0 ? random.nextInt() : header.length;
    for (int i = 8; i < start; i++) {
      all[i] = (byte) (length >> (8 * (i - 8)));
    }
    System.arraycopy(header, 0, all, start, header.length);
    System.arraycopy(npy, end, all, start + header.length, npy.length - end);
    return all;
  }

  private void number(StringBuilder text) {
    Matcher numbers = NUMBER.matcher(text.toString());
    int skip = random.nextInt(4);
    while (numbers.find()) {
      if (skip-- == 0) {
        text.replace(numbers.start(), numbers.end(), Long.toString(odd()));
        return;
      }
    }
  }

  private long odd() {
    long odd = ODD[random.nextInt(ODD.length)];
    return random.nextInt(3) == 0 ? odd + random.nextInt(-2, 3) : odd;
  }

  /** An archive whose directory or headers have a field set to an odd number. */
  byte[] fieldEdited(byte[] good) {
    byte[] bytes = good.clone();
    for (int i = random.nextInt(3); i >= 0; i--) {
      int kind = random.nextInt(SIGNATURES.length);
      int skip = random.nextInt(5);
      for (int at = 0; at + 4 <= bytes.length; at++) {
        int word =
            (bytes[at] & 0xff)
                | (bytes[at + 1] & 0xff) << 8
                | (bytes[at + 2] & 0xff) << 16
                | bytes[at + 3] << 24;
        if (word == SIGNATURES[kind] && skip-- == 0) {
          long value = random.nextInt(4) == 0 ? random.nextInt(good.length) : odd();
          int place = at + 4 + 2 * random.nextInt((HEADER_BYTES[kind] - 4) / 2);
          int length = Math.min(bytes.length - place, 1 << random.nextInt(1, 4));
          for (int b = 0; b < length; b++) {
            bytes[place + b] = (byte) (value >> (8 * b));
          }
        }
      }
    }
    return bytes;
  }

  /** An archive of damaged members whose CRC-32 and sizes are right, or lie together. */
  ZipBytes repacked(ZipBytes good) {
    ZipBytes zip = new ZipBytes();
    zip.zip64 = random.nextInt(8) == 0;
    for (ZipBytes.Entry e : good.entries) {
      byte[] plain = plain(e);
      int what = random.nextInt(4);
      byte[] changed = what == 0 ? damaged(plain) : what == 1 ? headerEdited(plain) : plain;
      ZipBytes.Entry made = zip.add(e.name, changed, random.nextBoolean());
      if (random.nextInt(30) == 0) {
        made.size = odd();
        made.localSize = made.size;
      }
      if (random.nextInt(30) == 0) {
        made.offset = odd();
      }
    }
    return zip;
  }

  /** What a member of a good archive holds. */
  static byte[] plain(ZipBytes.Entry e) {
    if (e.method == 0) {
      return e.packed;
    }
    java.util.zip.Inflater inflater = new java.util.zip.Inflater(true);
    try {
      byte[] plain = new byte[(int) e.size];
      inflater.setInput(e.packed);
      int n = inflater.inflate(plain);
      return Arrays.copyOf(plain, n);
    } catch (java.util.zip.DataFormatException x) {
      throw new IllegalStateException(x);
    } finally {
      inflater.end();
    }
  }
}
