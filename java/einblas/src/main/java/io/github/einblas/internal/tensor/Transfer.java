// Copies between Java buffers and native memory, in windows that a buffer can address.
package io.github.einblas.internal.tensor;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.Native;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;

/** Bulk copies. Sizes in elements; addresses are checked by the caller. */
public final class Transfer {
  /** Bytes per window: far below the 2^31 - 1 of a buffer, a multiple of every element. */
  private static final long WINDOW = 1L << 28;

  private Transfer() {}

  /** A piece of native memory as a direct buffer in native order. */
  @FunctionalInterface
  public interface Piece<E extends Exception> {
    /** Handles the bytes of one piece. */
    void accept(ByteBuffer bytes) throws E;
  }

  /** Hands native memory to {@code piece} in windows, in order. */
  public static <E extends Exception> void windows(long address, long bytes, Piece<E> piece)
      throws E {
    for (long done = 0; done < bytes; ) {
      long length = Math.min(WINDOW, bytes - done);
      try (Native.Window window = new Native.Window(address + done, length)) {
        piece.accept(window.buffer());
      }
      done += length;
    }
  }

  /** Copies the remaining elements to native memory. */
  public static void in(FloatBuffer from, long address) {
    windows(
        address,
        from.remaining() * 4L,
        bytes -> {
          FloatBuffer to = bytes.asFloatBuffer();
          FloatBuffer part = from.slice(from.position(), to.remaining());
          from.position(from.position() + to.remaining());
          to.put(part);
        });
  }

  /** Copies the remaining elements to native memory. */
  public static void in(DoubleBuffer from, long address) {
    windows(
        address,
        from.remaining() * 8L,
        bytes -> {
          DoubleBuffer to = bytes.asDoubleBuffer();
          DoubleBuffer part = from.slice(from.position(), to.remaining());
          from.position(from.position() + to.remaining());
          to.put(part);
        });
  }

  /** Copies native memory into a buffer with room for it. */
  public static void out(long address, FloatBuffer to, long size) {
    windows(address, size * 4L, bytes -> to.put(bytes.asFloatBuffer()));
  }

  /** Copies native memory into a buffer with room for it. */
  public static void out(long address, DoubleBuffer to, long size) {
    windows(address, size * 8L, bytes -> to.put(bytes.asDoubleBuffer()));
  }

  /** Copies the remaining elements to native memory. */
  public static void in(IntBuffer from, long address) {
    windows(
        address,
        from.remaining() * 4L,
        bytes -> {
          IntBuffer to = bytes.asIntBuffer();
          IntBuffer part = from.slice(from.position(), to.remaining());
          from.position(from.position() + to.remaining());
          to.put(part);
        });
  }

  /** Copies native memory into a buffer with room for it. */
  public static void out(long address, IntBuffer to, long size) {
    windows(address, size * 4L, bytes -> to.put(bytes.asIntBuffer()));
  }

  /** Copies the remaining elements to native memory. */
  public static void in(LongBuffer from, long address) {
    windows(
        address,
        from.remaining() * 8L,
        bytes -> {
          LongBuffer to = bytes.asLongBuffer();
          LongBuffer part = from.slice(from.position(), to.remaining());
          from.position(from.position() + to.remaining());
          to.put(part);
        });
  }

  /** Copies native memory into a buffer with room for it. */
  public static void out(long address, LongBuffer to, long size) {
    windows(address, size * 8L, bytes -> to.put(bytes.asLongBuffer()));
  }

  /**
   * Converts elements. To F32 and F64 it rounds to nearest; to an integer type it rounds towards 0
   * and clips to the type's range (NaN becomes 0), as Java's casts do.
   *
   * @throws ArithmeticException if an I64 does not fit I32
   */
  public static void convert(long from, DType fromType, long to, DType toType, long size) {
    long step = WINDOW / 8;
    for (long done = 0; done < size; done += step) {
      long n = Math.min(step, size - done);
      try (Native.Window source =
              new Native.Window(from + done * fromType.bytes(), n * fromType.bytes());
          Native.Window target =
              new Native.Window(to + done * toType.bytes(), n * toType.bytes())) {
        if (fromType.isFloating()) {
          convertReal(source.buffer(), fromType, target.buffer(), toType);
        } else {
          convertInteger(source.buffer(), fromType, target.buffer(), toType);
        }
      }
    }
  }

  private static void convertReal(ByteBuffer in, DType inType, ByteBuffer out, DType outType) {
    while (in.hasRemaining()) {
      double v =
          switch (inType) {
            case F32 -> in.getFloat();
            case F64 -> in.getDouble();
            case I32, I64, BF16, F16, I8, U8, I16, BOOL, C64, C128 -> throw new AssertionError(inType);
          };
      ByteBuffer unused =
          switch (outType) {
            case F32 -> out.putFloat((float) v);
            case F64 -> out.putDouble(v);
            case I32 -> out.putInt((int) v);
            case I64 -> out.putLong((long) v);
            case BF16, F16, I8, U8, I16, BOOL, C64, C128 -> throw new AssertionError(outType);
          };
    }
  }

  private static void convertInteger(ByteBuffer in, DType inType, ByteBuffer out, DType outType) {
    while (in.hasRemaining()) {
      long v =
          switch (inType) {
            case I32 -> in.getInt();
            case I64 -> in.getLong();
            case F32, F64, BF16, F16, I8, U8, I16, BOOL, C64, C128 -> throw new AssertionError(inType);
          };
      ByteBuffer unused =
          switch (outType) {
            case F32 -> out.putFloat((float) v);
            case F64 -> out.putDouble((double) v);
            case I32 -> out.putInt(Math.toIntExact(v));
            case I64 -> out.putLong(v);
            case BF16, F16, I8, U8, I16, BOOL, C64, C128 -> throw new AssertionError(outType);
          };
    }
  }
}
