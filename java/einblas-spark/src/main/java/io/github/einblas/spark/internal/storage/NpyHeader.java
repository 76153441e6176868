// Storage: .npy headers, formats 1.0 to 3.0 as numpy.lib.format defines them.
package io.github.einblas.spark.internal.storage;

import io.github.einblas.DType;
import io.github.einblas.NpyFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.StringJoiner;

/**
 * What a .npy says of its array.
 *
 * @param start bytes in front of the elements
 */
record NpyHeader(NumpyType type, boolean fortran, long[] shape, long start) {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int MOST_BYTES = 1 << 20;

  DType dtype() {
    return type.dtype();
  }

  /** Bytes of the elements. */
  long bytes() {
    long bytes = dtype().bytes();
    for (long length : shape) {
      bytes *= length;
    }
    return bytes;
  }

  /** Reads magic, version and header; the stream then stands at the first element. */
  static NpyHeader read(InputStream in, String name) throws IOException {
    byte[] front = bytes(in, 8, name);
    if (!Arrays.equals(front, 0, 6, MAGIC, 0, 6)) {
      throw new NpyFormatException(name + " is not a .npy file: it does not begin with \\x93NUMPY");
    }
    if (front[6] < 1 || front[6] > 3 || front[7] != 0) {
      throw new NpyFormatException(
          name
              + " has .npy version "
              + (front[6] & 0xff)
              + "."
              + (front[7] & 0xff)
              + "; 1.0, 2.0 and 3.0 are supported");
    }
    byte[] length = bytes(in, front[6] == 1 ? 2 : 4, name);
    long size = 0;
    for (int i = length.length - 1; i >= 0; i--) {
      size = size << 8 | (length[i] & 0xff);
    }
    if (size > MOST_BYTES) {
      throw new NpyFormatException(
          name + " claims a header of " + size + " bytes; at most " + MOST_BYTES);
    }
    byte[] text = bytes(in, (int) size, name);
    return new Parser(
            new String(text, front[6] == 3 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1),
            name)
        .header(8 + length.length + size);
  }

  private static byte[] bytes(InputStream in, int n, String name) throws IOException {
    byte[] b = in.readNBytes(n);
    if (b.length < n) {
      throw new NpyFormatException(name + " ends inside its .npy header");
    }
    return b;
  }

  /** The bytes in front of the elements of a row-major array of this machine. */
  static byte[] write(DType dtype, long[] shape) {
    StringJoiner tuple = new StringJoiner(", ", "(", shape.length == 1 ? ",)" : ")");
    for (long length : shape) {
      tuple.add(Long.toString(length));
    }
    String dict =
        "{'descr': '"
            + NumpyType.letters(dtype)
            + "', 'fortran_order': False, 'shape': "
            + tuple
            + ", }";
    // NumPy pads so that the elements start at a multiple of 64 bytes, behind a newline. With the
    // axes that blocks may have the header always fits version 1.0.
    int unpadded = MAGIC.length + 4 + dict.length() + 1;
    String header = dict + " ".repeat((64 - unpadded % 64) % 64) + "\n";
    ByteBuffer bytes =
        ByteBuffer.allocate(MAGIC.length + 4 + header.length()).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) header.length());
    return bytes.put(header.getBytes(StandardCharsets.ISO_8859_1)).array();
  }

  /** For a file that ends inside the elements. */
  static NpyFormatException truncated(String name, long have, long need) {
    return new NpyFormatException(
        name + " is truncated: its header promises " + need + " bytes of elements, it has " + have);
  }

  /** Walks over the dictionary once: linear time, no recursion. */
  private static final class Parser {
    private static final int MOST_SHOWN = 120;

    private final String text;
    private final String name;
    private int at;

    Parser(String text, String name) {
      this.text = text;
      this.name = name;
    }

    NpyHeader header(long start) throws NpyFormatException {
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
      NumpyType type = NumpyType.of(descr);
      if (type == null) {
        throw new NpyFormatException(name + " holds " + NumpyType.refused(descr));
      }
      requireSize(shape, type.dtype().bytes());
      return new NpyHeader(type, fortran, shape, start);
    }

    /** As NumPy: lengths beside a length of 0 must make sense too. */
    private void requireSize(long[] shape, long bytes) throws NpyFormatException {
      long all = bytes;
      for (long length : shape) {
        if (length > Long.MAX_VALUE / all) {
          throw absurd(Arrays.toString(shape));
        }
        all *= Math.max(length, 1);
      }
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
        throw new NpyFormatException(
            name + " holds a structured type; supported are " + NumpyType.SUPPORTED);
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
        throw absurd(text.substring(tuple));
      }
    }

    private NpyFormatException absurd(String shape) {
      return new NpyFormatException(name + " has the absurd shape " + shown(shape));
    }

    private NpyFormatException malformed() {
      return new NpyFormatException(name + " has a malformed .npy header: " + shown(text));
    }

    private static String shown(String text) {
      String stripped = text.strip();
      return stripped.length() > MOST_SHOWN ? stripped.substring(0, MOST_SHOWN) + "..." : stripped;
    }
  }
}
