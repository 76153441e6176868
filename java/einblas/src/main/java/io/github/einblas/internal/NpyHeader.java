// .npy: parses and writes the header. Formats 1.0 to 3.0 as numpy.lib.format defines them.
package io.github.einblas.internal;

import io.github.einblas.DType;
import io.github.einblas.NpyFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a .npy file says of its array; headerBytes lie in front of the elements. */
public record NpyHeader(
    DType dtype, ByteOrder order, boolean fortran, long[] shape, long headerBytes) {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

  /** NumPy itself refuses headers beyond 10,000 characters unless told otherwise. */
  private static final int MAX_HEADER = 1 << 16;

  private static final Pattern KEY =
      Pattern.compile("\\G\\s*(['\"])(descr|fortran_order|shape)\\1\\s*:\\s*");
  private static final Pattern STRING = Pattern.compile("\\G(['\"])([^'\"]*)\\1");
  private static final Pattern BOOL = Pattern.compile("\\G(True|False)");
  private static final Pattern TUPLE =
      Pattern.compile("\\G\\(\\s*((?:\\d+L?\\s*,\\s*)*(?:\\d+L?)?)\\s*\\)");
  private static final Pattern COMMA = Pattern.compile("\\G\\s*,?\\s*");

  /** Bytes of the array's elements. */
  public long bytes() {
    return Views.bytes(shape, dtype.bytes());
  }

  /** Reads magic, version and header; the stream then stands at the first element. */
  public static NpyHeader read(InputStream in, String name) throws IOException {
    byte[] start = bytes(in, 8, name);
    if (!Arrays.equals(start, 0, 6, MAGIC, 0, 6)) {
      throw new NpyFormatException(name + " is not a .npy file: it does not begin with \\x93NUMPY");
    }
    int version = start[6];
    if (version < 1 || version > 3) {
      throw new NpyFormatException(
          name
              + " has .npy version "
              + version
              + "."
              + start[7]
              + "; 1.0, 2.0 and 3.0 are supported");
    }
    byte[] length = bytes(in, version == 1 ? 2 : 4, name);
    long size = 0;
    for (int i = length.length - 1; i >= 0; i--) {
      size = size << 8 | (length[i] & 0xff);
    }
    if (size > MAX_HEADER) {
      throw new NpyFormatException(
          name + " claims a header of " + size + " bytes; at most " + MAX_HEADER + " are accepted");
    }
    String text =
        new String(
            bytes(in, (int) size, name),
            version == 3 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
    return parse(text, name, 8 + length.length + size);
  }

  private static byte[] bytes(InputStream in, int n, String name) throws IOException {
    byte[] b = in.readNBytes(n);
    if (b.length < n) {
      throw new NpyFormatException(name + " ends inside its .npy header");
    }
    return b;
  }

  private static NpyHeader parse(String text, String name, long headerBytes)
      throws NpyFormatException {
    String dict = text.strip();
    if (!dict.startsWith("{") || !dict.endsWith("}")) {
      throw malformed(text, name);
    }
    String body = dict.substring(1, dict.length() - 1);
    String descr = null;
    String shape = null;
    String fortran = null;
    int at = 0;
    while (at < body.length() && !body.substring(at).isBlank()) {
      Matcher key = KEY.matcher(body);
      if (!key.find(at)) {
        throw malformed(text, name);
      }
      boolean isDescr = "descr".equals(key.group(2));
      Matcher value =
          (isDescr ? STRING : "shape".equals(key.group(2)) ? TUPLE : BOOL).matcher(body);
      if (!value.find(key.end())) {
        if (isDescr) {
          throw new NpyFormatException(
              name
                  + " holds a structured type; F32 ('<f4'), F64 ('<f8'), I32 ('<i4') and I64 ('<i8')"
                  + " are supported");
        }
        throw malformed(text, name);
      }
      if (isDescr) {
        descr = value.group(2);
      } else if ("shape".equals(key.group(2))) {
        shape = value.group(1);
      } else {
        fortran = value.group(1);
      }
      Matcher comma = COMMA.matcher(body);
      at = comma.find(value.end()) ? comma.end() : value.end();
    }
    if (descr == null || shape == null || fortran == null) {
      throw malformed(text, name);
    }
    long[] lengths = lengths(shape, name);
    return new NpyHeader(
        dtype(descr, name), order(descr), "True".equals(fortran), lengths, headerBytes);
  }

  private static NpyFormatException malformed(String text, String name) {
    String shown = text.strip();
    return new NpyFormatException(
        name
            + " has a malformed .npy header: "
            + (shown.length() > 120 ? shown.substring(0, 120) + "..." : shown));
  }

  private static DType dtype(String descr, String name) throws NpyFormatException {
    if (descr.length() == 3 && "<>=|".indexOf(descr.charAt(0)) >= 0) {
      for (DType type : DType.values()) {
        if (descr.endsWith(type.numpyName())) {
          return type;
        }
      }
    }
    throw new NpyFormatException(
        name
            + " holds elements of type '"
            + descr
            + "'; F32 ('<f4'), F64 ('<f8'), I32 ('<i4') and I64 ('<i8') are supported");
  }

  private static ByteOrder order(String descr) {
    return switch (descr.charAt(0)) {
      case '<' -> ByteOrder.LITTLE_ENDIAN;
      case '>' -> ByteOrder.BIG_ENDIAN;
      default -> ByteOrder.nativeOrder();
    };
  }

  private static long[] lengths(String tuple, String name) throws NpyFormatException {
    String[] parts = tuple.isBlank() ? new String[0] : tuple.split(",");
    long[] shape = new long[parts.length];
    int n = 0;
    try {
      for (String part : parts) {
        if (!part.isBlank()) {
          shape[n++] = Long.parseLong(part.strip().replace("L", ""));
        }
      }
      shape = Arrays.copyOf(shape, n);
      Views.bytes(shape, 8);
      return shape;
    } catch (IllegalArgumentException e) {
      throw new NpyFormatException(name + " has the absurd shape (" + tuple + ")");
    }
  }

  /**
   * The bytes in front of the elements of a little- or big-endian native array in C or Fortran
   * order, version 1.0.
   */
  public static byte[] write(DType dtype, boolean fortran, long[] shape) {
    StringJoiner tuple = new StringJoiner(", ", "(", shape.length == 1 ? ",)" : ")");
    for (long length : shape) {
      tuple.add(Long.toString(length));
    }
    String order = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? "<" : ">";
    String dict =
        "{'descr': '"
            + order
            + dtype.numpyName()
            + "', 'fortran_order': "
            + (fortran ? "True" : "False")
            + ", 'shape': "
            + tuple
            + ", }";
    // NumPy pads so that the elements start at a multiple of 64 bytes, and ends the header with a
    // newline.
    int unpadded = MAGIC.length + 4 + dict.length() + 1;
    String header = dict + " ".repeat((64 - unpadded % 64) % 64) + "\n";
    byte[] bytes = new byte[MAGIC.length + 4 + header.length()];
    System.arraycopy(MAGIC, 0, bytes, 0, MAGIC.length);
    bytes[6] = 1;
    bytes[8] = (byte) header.length();
    bytes[9] = (byte) (header.length() >> 8);
    System.arraycopy(header.getBytes(StandardCharsets.ISO_8859_1), 0, bytes, 10, header.length());
    return bytes;
  }

  /** For a stream that ends inside the elements. */
  public static NpyFormatException truncated(String name, long have, long need) {
    return new NpyFormatException(
        name + " is truncated: its header promises " + need + " bytes of elements, it has " + have);
  }
}
