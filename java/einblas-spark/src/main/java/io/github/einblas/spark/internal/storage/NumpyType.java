// Storage: the types of elements in NumPy's letters, as .npy and Zarr 2 write them.
package io.github.einblas.spark.internal.storage;

import io.github.einblas.DType;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * A type and an order of bytes.
 *
 * @param swap whether the bytes of a number are in the other order than this machine's
 */
record NumpyType(DType dtype, boolean swap) {
  static final boolean LITTLE = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

  private static final int MOST_SHOWN = 40;

  /** All of them, as {@code F32 ('<f4')}. */
  static final String SUPPORTED =
      Arrays.stream(DType.values())
          .map(type -> type + " ('" + letters(type) + "')")
          .collect(Collectors.joining(", "));

  /** How NumPy names a type of this machine. */
  static String letters(DType type) {
    boolean none = type.bytes() == 1 || type == DType.BF16;
    return (none ? "|" : LITTLE ? "<" : ">") + type.numpyName();
  }

  /** The type of letters such as {@code <f8}, or null. */
  static NumpyType of(String letters) {
    for (DType type : DType.values()) {
      // Bytes that are no number of NumPy's have no order.
      String orders = type == DType.BF16 ? "<|" : "<>=|";
      if (letters.length() == 1 + type.numpyName().length()
          && letters.endsWith(type.numpyName())
          && orders.indexOf(letters.charAt(0)) >= 0) {
        char order = letters.charAt(0);
        return new NumpyType(type, LITTLE ? order == '>' : order == '<' && type != DType.BF16);
      }
    }
    return null;
  }

  /** For a message. */
  static String refused(String letters) {
    return "elements of type '" + shown(letters) + "'; supported are " + SUPPORTED;
  }

  /** A text of a file, fit for a message. */
  static String shown(String text) {
    String stripped = text.strip();
    return stripped.length() > MOST_SHOWN ? stripped.substring(0, MOST_SHOWN) + "..." : stripped;
  }
}
