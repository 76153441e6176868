// .npy: the Python dictionary of a header, parsed by hand: linear time, no recursion, bounded.
package io.github.einblas.internal.io;

import io.github.einblas.DType;
import io.github.einblas.NpyFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * What a header says, whatever the type.
 *
 * @param descr the type in NumPy's letters
 * @param headerBytes in front of the elements
 */
record NpyDict(String descr, boolean fortran, long[] shape, long headerBytes) {
  static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

  /** NumPy itself refuses headers beyond 10,000 characters unless told otherwise. */
  static final int MOST_HEADER = 1 << 20;

  private static final int MOST_SHOWN = 120;

  /** The types that are read and written, as F32 ('<f4'). */
  static final String SUPPORTED =
      Arrays.stream(DType.values())
          .map(type -> type + " ('" + descr(type) + "')")
          .collect(Collectors.joining(", "));

  /** How NumPy names a type that this machine wrote. */
  static String descr(DType type) {
    boolean little = type == DType.BF16 || ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
    return (type.bytes() == 1 ? "|" : little ? "<" : ">") + type.numpyName();
  }

  /** Reads magic, version and header; the stream then stands at the first element. */
  static NpyDict read(InputStream in, String name) throws IOException {
    byte[] start = bytes(in, 8, name);
    if (!Arrays.equals(start, 0, 6, MAGIC, 0, 6)) {
      throw new NpyFormatException(name + " is not a .npy file: it does not begin with \\x93NUMPY");
    }
    int version = start[6];
    if (version < 1 || version > 3 || start[7] != 0) {
      throw new NpyFormatException(
          name
              + " has .npy version "
              + (version & 0xff)
              + "."
              + (start[7] & 0xff)
              + "; 1.0, 2.0 and 3.0 are supported");
    }
    byte[] length = bytes(in, version == 1 ? 2 : 4, name);
    long size = 0;
    for (int i = length.length - 1; i >= 0; i--) {
      size = size << 8 | (length[i] & 0xff);
    }
    if (size > MOST_HEADER) {
      throw new NpyFormatException(
          name
              + " claims a header of "
              + size
              + " bytes; at most "
              + MOST_HEADER
              + " are accepted");
    }
    String text =
        new String(
            bytes(in, (int) size, name),
            version == 3 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
    return new Parser(text, name).dict(8 + length.length + size);
  }

  private static byte[] bytes(InputStream in, int n, String name) throws IOException {
    byte[] b = in.readNBytes(n);
    if (b.length < n) {
      throw new NpyFormatException(name + " ends inside its .npy header");
    }
    return b;
  }

  /** A text with its white space and length made fit for a message. */
  static String shown(String text) {
    String stripped = text.strip();
    return stripped.length() > MOST_SHOWN ? stripped.substring(0, MOST_SHOWN) + "..." : stripped;
  }

  /** Walks over the text once. */
  private static final class Parser {
    private final String text;
    private final String name;
    private int at;

    Parser(String text, String name) {
      this.text = text;
      this.name = name;
    }

    NpyDict dict(long headerBytes) throws NpyFormatException {
      String descr = null;
      Boolean fortran = null;
      long[] shape = null;
      expect('{');
      while (peek() != '}') {
        String key = string();
        expect(':');
        switch (key) {
          case "descr" -> descr = descr();
          case "fortran_order" -> fortran = bool();
          case "shape" -> shape = tuple();
          default -> throw malformed();
        }
        if (peek() != '}') {
          expect(',');
        }
      }
      expect('}');
      peek();
      if (at < text.length() || descr == null || fortran == null || shape == null) {
        throw malformed();
      }
      return new NpyDict(descr, fortran, shape, headerBytes);
    }

    /** The next character that is no white space, or 0 at the end. */
    private char peek() {
      while (at < text.length() && " \t\n\r\f".indexOf(text.charAt(at)) >= 0) {
        at++;
      }
      return at < text.length() ? text.charAt(at) : 0;
    }

    private void expect(char wanted) throws NpyFormatException {
      if (peek() != wanted) {
        throw malformed();
      }
      at++;
    }

    private String string() throws NpyFormatException {
      char quote = peek();
      int end = quote == '\'' || quote == '"' ? text.indexOf(quote, at + 1) : -1;
      if (end < 0) {
        throw malformed();
      }
      String inside = text.substring(at + 1, end);
      at = end + 1;
      return inside;
    }

    private String descr() throws NpyFormatException {
      if (peek() == '[' || peek() == '(') {
        throw new NpyFormatException(name + " holds a structured type; supported are " + SUPPORTED);
      }
      return string();
    }

    private boolean bool() throws NpyFormatException {
      peek();
      boolean isTrue = text.startsWith("True", at);
      if (!isTrue && !text.startsWith("False", at)) {
        throw malformed();
      }
      at += isTrue ? 4 : 5;
      return isTrue;
    }

    /** (), (2,), (2, 3) or (2, 3,); Python 2 wrote (2L, 3L). One length without a comma is none. */
    private long[] tuple() throws NpyFormatException {
      int from = at;
      long[] lengths = new long[8];
      int rank = 0;
      boolean comma = true;
      expect('(');
      while (peek() != ')') {
        if (!comma) {
          throw malformed();
        }
        if (rank == lengths.length) {
          lengths = Arrays.copyOf(lengths, 2 * rank);
        }
        lengths[rank++] = length(from);
        comma = peek() == ',';
        at += comma ? 1 : 0;
      }
      at++;
      if (rank == 1 && !comma) {
        throw malformed();
      }
      return Arrays.copyOf(lengths, rank);
    }

    private long length(int tuple) throws NpyFormatException {
      char first = peek();
      int from = at;
      while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
        at++;
      }
      if (at == from || (first == '0' && at > from + 1)) {
        throw malformed();
      }
      String digits = text.substring(from, at);
      at += at < text.length() && text.charAt(at) == 'L' ? 1 : 0;
      try {
        return Long.parseLong(digits);
      } catch (NumberFormatException e) {
        throw new NpyFormatException(
            name + " has the absurd shape " + shown(text.substring(tuple)));
      }
    }

    private NpyFormatException malformed() {
      return new NpyFormatException(name + " has a malformed .npy header: " + shown(text));
    }
  }
}
