// Storage: what Zarr's metadata says that missing chunks are full of.
package io.github.einblas.spark.internal.storage;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import io.github.einblas.DType;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;

/** Parses values of each type into one element, in the machine's order of bytes. */
final class FillValue {
  private static final int MOST_CHARACTERS = 400;

  private FillValue() {}

  /** The element; null where the value is none of this type. */
  static byte[] parse(JsonElement value, DType dtype) {
    ByteBuffer element = ByteBuffer.allocate(dtype.bytes()).order(ByteOrder.nativeOrder());
    try {
      return put(value, dtype, element) ? element.array() : null;
    } catch (IllegalArgumentException | ArithmeticException e) {
      return null; // a text that is no number, or one that is too large
    }
  }

  private static boolean put(JsonElement value, DType dtype, ByteBuffer element) {
    if (dtype.isComplex()) {
      if (!value.isJsonArray()) {
        return putReal(Json.literal(value), dtype.partType(), element);
      }
      JsonArray parts = value.getAsJsonArray();
      return parts.size() == 2
          && putReal(Json.literal(parts.get(0)), dtype.partType(), element)
          && putReal(Json.literal(parts.get(1)), dtype.partType(), element);
    }
    String literal = Json.literal(value);
    if (literal == null || literal.length() > MOST_CHARACTERS) {
      return false;
    }
    if (dtype.isReal()) {
      return putReal(literal, dtype, element);
    }
    if (dtype.isBool()) {
      element.put((byte) (literal.equals("true") || literal.equals("1") ? 1 : 0));
      return "true 1 false 0".contains(literal) && !Json.isText(value);
    }
    return !Json.isText(value) && putInteger(literal, dtype, element);
  }

  private static boolean putInteger(String literal, DType dtype, ByteBuffer element) {
    int bits = 8 * dtype.bytes();
    BigDecimal exact = new BigDecimal(literal);
    if (exact.precision() - (long) exact.scale() > 20) {
      return false; // before it is written out with all its zeros
    }
    long number = exact.longValueExact();
    long least = dtype == DType.U8 ? 0 : -1L << (bits - 1);
    long most = dtype == DType.U8 ? 255 : ~least;
    if (number < least || number > most) {
      return false;
    }
    putBits(number, dtype, element);
    return true;
  }

  private static void putBits(long bits, DType dtype, ByteBuffer element) {
    switch (dtype.bytes()) {
      case 1 -> element.put((byte) bits);
      case 2 -> element.putShort((short) bits);
      case 4 -> element.putInt((int) bits);
      default -> element.putLong(bits);
    }
  }

  /** A number, one of Zarr's words, or the bits as {@code 0x7fc00000}. */
  private static boolean putReal(String literal, DType dtype, ByteBuffer element) {
    if (literal == null || literal.length() > MOST_CHARACTERS) {
      return false;
    }
    if (literal.startsWith("0x")) {
      if (literal.length() != 2 + 2 * dtype.bytes() || literal.charAt(2) == '+') {
        return false;
      }
      putBits(Long.parseUnsignedLong(literal.substring(2), 16), dtype, element);
      return true;
    }
    String number = literal;
    boolean named = number.equals("NaN") || number.equals("Infinity") || number.equals("-Infinity");
    if (!named && !number.matches("[-+.eE0-9]+")) {
      return false; // Java's own letters, as in 1f
    }
    switch (dtype) {
      case F32 -> element.putFloat(Float.parseFloat(number));
      case F64 -> element.putDouble(Double.parseDouble(number));
      case F16 -> element.putShort(small(Double.parseDouble(number), 10, 15));
      default -> element.putShort(small(Double.parseDouble(number), 7, 127));
    }
    return true;
  }

  /** Rounds to a type of 16 bits: ties to even, too large ones to infinity. */
  static short small(double value, int mantissaBits, int bias) {
    int infinity = (2 * bias + 1) << mantissaBits;
    int sign = (int) (Double.doubleToRawLongBits(value) >>> 63) << 15;
    double size = Math.abs(value);
    if (Double.isNaN(size)) {
      return (short) (infinity | 1 << (mantissaBits - 1));
    }
    if (Double.isInfinite(size)) {
      return (short) (sign | infinity);
    }
    int exponent = Math.max(Math.getExponent(size), 1 - bias);
    if (exponent > bias) {
      return (short) (sign | infinity);
    }
    // Below the normal numbers the steps stay the same; a carry goes into the exponent.
    double steps = Math.rint(Math.scalb(size, mantissaBits - exponent));
    return (short) (sign | (((exponent + bias - 1) << mantissaBits) + (int) steps));
  }

  /** Two bytes in Base64, as Zarr 2 writes elements that NumPy has no number for. */
  static byte[] ofBase64(String text) {
    try {
      byte[] bytes = Base64.getDecoder().decode(text);
      return bytes.length == 2 ? bytes : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }
}
