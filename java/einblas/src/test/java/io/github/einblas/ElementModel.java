// Test support: elements of any type as bytes, and what a number becomes in a type, slowly.
package io.github.einblas;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The rules of {@link Tensor#to}, written without the library's code. */
final class ElementModel {
  private static final double[] HALVES = new double[0x7c01];
  private static final double[] BFLOATS = new double[0x7f81];

  static {
    for (int bits = 0; bits < HALVES.length; bits++) {
      int exponent = bits >> 10;
      int fraction = bits & 0x3ff;
      HALVES[bits] =
          exponent == 0
              ? fraction * 0x1p-24
              : (1 + fraction * 0x1p-10) * Math.pow(2, exponent - 15);
    }
    for (int bits = 0; bits < BFLOATS.length; bits++) {
      BFLOATS[bits] = Float.intBitsToFloat(bits << 16);
    }
    // Infinity is where the next number would be.
    BFLOATS[0x7f80] = 0x1p128;
  }

  private ElementModel() {}

  /** Finite values by their bits, without a sign; the last stands for infinity. */
  private static double[] values(DType type) {
    return type == DType.F16 ? HALVES : BFLOATS;
  }

  /** The value of 16 bits. */
  static double value(DType type, int bits) {
    double[] values = values(type);
    int magnitude = bits & 0x7fff;
    double v =
        magnitude < values.length - 1
            ? values[magnitude]
            : magnitude == values.length - 1 ? Double.POSITIVE_INFINITY : Double.NaN;
    return (bits & 0x8000) == 0 ? v : -v;
  }

  /** Bits of the number of the type that is nearest to an exact one; even where two are. */
  static int nearest(DType type, BigDecimal exact, boolean negative) {
    double[] values = values(type);
    BigDecimal v = exact.abs();
    int low = 0;
    int high = values.length - 1;
    if (v.compareTo(new BigDecimal(values[high])) >= 0) {
      return sign(negative) | high;
    }
    while (low + 1 < high) {
      int middle = (low + high) / 2;
      if (new BigDecimal(values[middle]).compareTo(v) <= 0) {
        low = middle;
      } else {
        high = middle;
      }
    }
    int side = v.compareTo(new BigDecimal((values[low] + values[high]) / 2));
    int bits = side < 0 ? low : side > 0 ? high : low % 2 == 0 ? low : high;
    return sign(negative) | bits;
  }

  private static int sign(boolean negative) {
    return negative ? 0x8000 : 0;
  }

  /** What a real number becomes; NaN in the 16-bit types is any NaN. */
  static void put(ByteBuffer to, DType type, double v) {
    switch (type) {
      case F32, C64 -> {
        to.putFloat((float) v);
        if (type == DType.C64) {
          to.putFloat(0);
        }
      }
      case F64, C128 -> {
        to.putDouble(v);
        if (type == DType.C128) {
          to.putDouble(0);
        }
      }
      case BF16, F16 -> {
        boolean negative = Double.doubleToRawLongBits(v) < 0;
        int infinite = values(type).length - 1;
        int bits =
            Double.isNaN(v)
                ? 0x7fff
                : Double.isInfinite(v)
                    ? sign(negative) | infinite
                    : nearest(type, new BigDecimal(v), negative);
        to.putShort((short) bits);
      }
      case BOOL -> to.put((byte) (v != 0 ? 1 : 0));
      case I8 -> to.put((byte) Math.max(-128, Math.min(127, (long) v)));
      case U8 -> to.put((byte) Math.max(0, Math.min(255, (long) v)));
      case I16 -> to.putShort((short) Math.max(-32768, Math.min(32767, (long) v)));
      case I32 -> to.putInt((int) v);
      case I64 -> to.putLong((long) v);
    }
  }

  /** What an integer becomes; false if an integer type does not hold it. */
  static boolean put(ByteBuffer to, DType type, long v) {
    switch (type) {
      case F32 -> to.putFloat((float) v);
      case F64 -> to.putDouble((double) v);
      case C64 -> to.putFloat((float) v).putFloat(0);
      case C128 -> to.putDouble((double) v).putDouble(0);
      case BF16, F16 -> to.putShort((short) nearest(type, new BigDecimal(v), v < 0));
      case BOOL -> to.put((byte) (v != 0 ? 1 : 0));
      case I8, U8, I16, I32, I64 -> {
        long low = type == DType.U8 ? 0 : -1L << (8 * type.bytes() - 1);
        long high = type == DType.U8 ? 255 : ~low;
        if (v < low || v > high) {
          return false;
        }
        byte[] bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(v).array();
        to.put(bytes, 0, type.bytes());
      }
    }
    return true;
  }

  /** A buffer for so many elements, in the order of the machine. */
  static ByteBuffer bytes(DType type, int elements) {
    return ByteBuffer.allocate(type.bytes() * elements).order(ByteOrder.nativeOrder());
  }

  /** The bytes of a tensor's elements in row-major order. */
  static ByteBuffer bytes(Tensor t) {
    ByteBuffer b = bytes(t.dtype(), (int) t.size());
    t.copyTo(b);
    return b.flip();
  }

  /** The parts of an element, from its bytes; the second is 0 of what is not complex. */
  static double[] parts(ByteBuffer b, DType type, int i) {
    int at = i * type.bytes();
    return switch (type) {
      case F32 -> new double[] {b.getFloat(at), 0};
      case F64 -> new double[] {b.getDouble(at), 0};
      case BF16, F16 -> new double[] {value(type, b.getShort(at) & 0xffff), 0};
      case C64 -> new double[] {b.getFloat(at), b.getFloat(at + 4)};
      case C128 -> new double[] {b.getDouble(at), b.getDouble(at + 8)};
      case I32, I64, I8, U8, I16, BOOL -> new double[] {(double) integer(b, type, i), 0};
    };
  }

  /** An integer or BOOL, from its bytes. */
  static long integer(ByteBuffer b, DType type, int i) {
    int at = i * type.bytes();
    return switch (type) {
      case I8 -> b.get(at);
      case U8 -> Byte.toUnsignedInt(b.get(at));
      case I16 -> b.getShort(at);
      case I32 -> b.getInt(at);
      case I64 -> b.getLong(at);
      case BOOL -> b.get(at) == 0 ? 0 : 1;
      case F32, F64, BF16, F16, C64, C128 -> throw new AssertionError(type);
    };
  }
}
