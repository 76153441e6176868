// .npy: reads and writes the header. Formats 1.0 to 3.0 as numpy.lib.format defines them.
package io.github.einblas.internal.io;

import io.github.einblas.DType;
import io.github.einblas.NpyFormatException;
import io.github.einblas.internal.tensor.Views;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.StringJoiner;

/** What a .npy file says of its array; headerBytes lie in front of the elements. */
public record NpyHeader(
    DType dtype, ByteOrder order, boolean fortran, long[] shape, long headerBytes) {
  private static final int MOST_VERSION_1 = 0xffff;

  /** Characters of a text that is read: names of formats are short. */
  private static final int MOST_TEXT = 256;

  /** Bytes of the array's elements. */
  public long bytes() {
    return Views.bytes(shape, dtype.bytes());
  }

  /** Reads magic, version and header; the stream then stands at the first element. */
  public static NpyHeader read(InputStream in, String name) throws IOException {
    NpyDict dict = NpyDict.read(in, name);
    DType dtype = dtype(dict.descr(), name);
    requireSize(dict.shape(), dtype.bytes(), name);
    return new NpyHeader(
        dtype, order(dict.descr()), dict.fortran(), dict.shape(), dict.headerBytes());
  }

  /**
   * Reads a .npy of one text, of bytes ('S') or characters ('U').
   *
   * @return null if it is no text
   */
  public static String readText(InputStream in, String name) throws IOException {
    NpyDict dict = NpyDict.read(in, name);
    String descr = dict.descr();
    boolean wide = descr.length() > 2 && descr.charAt(1) == 'U';
    int length = 0;
    for (int i = 2; i < descr.length(); i++) {
      length = 10 * Math.min(length, MOST_TEXT) + Character.digit(descr.charAt(i), 10);
    }
    boolean text = (wide && "<>=".indexOf(descr.charAt(0)) >= 0) || descr.startsWith("|S");
    if (!text || dict.shape().length != 0 || length < 1 || length > MOST_TEXT) {
      return null;
    }
    byte[] bytes = in.readNBytes(wide ? 4 * length : length);
    if (bytes.length < (wide ? 4 * length : length)) {
      throw truncated(name, bytes.length, wide ? 4L * length : length);
    }
    boolean big = order(descr) == ByteOrder.BIG_ENDIAN;
    Charset charset =
        wide ? Charset.forName(big ? "UTF-32BE" : "UTF-32LE") : StandardCharsets.ISO_8859_1;
    String padded = new String(bytes, charset);
    int end = padded.indexOf(0);
    return end < 0 ? padded : padded.substring(0, end);
  }

  private static DType dtype(String descr, String name) throws NpyFormatException {
    for (DType type : DType.values()) {
      // Bytes that are no number of NumPy's have no order.
      String orders = type == DType.BF16 ? "<|" : "<>=|";
      if (descr.endsWith(type.numpyName())
          && descr.length() == type.numpyName().length() + 1
          && orders.indexOf(descr.charAt(0)) >= 0) {
        return type;
      }
    }
    throw new NpyFormatException(
        name
            + " holds elements of type '"
            + NpyDict.shown(descr)
            + "'; supported are "
            + NpyDict.SUPPORTED);
  }

  private static ByteOrder order(String descr) {
    return switch (descr.charAt(0)) {
      case '<' -> ByteOrder.LITTLE_ENDIAN;
      case '>' -> ByteOrder.BIG_ENDIAN;
      default -> ByteOrder.nativeOrder();
    };
  }

  /** As NumPy: lengths beside a length of 0 must make sense too. */
  private static void requireSize(long[] shape, int elementBytes, String name)
      throws NpyFormatException {
    long bytes = elementBytes;
    for (long length : shape) {
      if (length > Long.MAX_VALUE / bytes) {
        throw new NpyFormatException(
            name + " has the absurd shape " + NpyDict.shown(Arrays.toString(shape)));
      }
      bytes *= Math.max(length, 1);
    }
  }

  /**
   * The bytes in front of the elements of a little- or big-endian native array in C or Fortran
   * order: version 1.0, or 2.0 where thousands of axes need it.
   */
  public static byte[] write(DType dtype, boolean fortran, long[] shape) {
    StringJoiner tuple = new StringJoiner(", ", "(", shape.length == 1 ? ",)" : ")");
    for (long length : shape) {
      tuple.add(Long.toString(length));
    }
    return write(NpyDict.descr(dtype), fortran, tuple.toString());
  }

  /** A whole .npy of one byte string, without elements behind it. */
  public static byte[] ofText(String text) {
    byte[] header = write("|S" + text.length(), false, "()");
    byte[] all = Arrays.copyOf(header, header.length + text.length());
    System.arraycopy(
        text.getBytes(StandardCharsets.ISO_8859_1), 0, all, header.length, text.length());
    return all;
  }

  private static byte[] write(String descr, boolean fortran, String tuple) {
    String dict =
        "{'descr': '"
            + descr
            + "', 'fortran_order': "
            + (fortran ? "True" : "False")
            + ", 'shape': "
            + tuple
            + ", }";
    // NumPy pads so that the elements start at a multiple of 64 bytes, and ends the header with a
    // newline.
    int version = dict.length() + 64 > MOST_VERSION_1 ? 2 : 1;
    int start = NpyDict.MAGIC.length + 2 + (version == 1 ? 2 : 4);
    int unpadded = start + dict.length() + 1;
    String header = dict + " ".repeat((64 - unpadded % 64) % 64) + "\n";
    ByteBuffer bytes = ByteBuffer.allocate(start + header.length()).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(NpyDict.MAGIC).put((byte) version).put((byte) 0);
    if (version == 1) {
      bytes.putShort((short) header.length());
    } else {
      bytes.putInt(header.length());
    }
    return bytes.put(header.getBytes(StandardCharsets.ISO_8859_1)).array();
  }

  /** For a stream that ends inside the elements. */
  public static NpyFormatException truncated(String name, long have, long need) {
    return new NpyFormatException(
        name + " is truncated: its header promises " + need + " bytes of elements, it has " + have);
  }
}
