// Copies between Java buffers and native memory, in windows that a buffer can address.
package io.github.einblas.internal.tensor;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.Native;
import java.nio.Buffer;
import java.nio.ByteBuffer;

/** Bulk copies. Sizes in elements; addresses are checked by the caller. */
public final class Transfer {
  /** Bytes per window: far below the 2^31 - 1 of a buffer, a multiple of every element. */
  private static final long WINDOW = 1L << 28;

  private static final int WIDEST = DType.C128.bytes();

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

  /** Copies the remaining numbers to native memory. */
  public static void in(Buffer from, long address) {
    long bytes = (long) from.remaining() * Buffers.bytes(from);
    windows(address, bytes, window -> Buffers.take(from, window));
  }

  /** Copies so many numbers of native memory into a buffer with room for them. */
  public static void out(long address, Buffer to, long numbers) {
    windows(address, numbers * Buffers.bytes(to), window -> Buffers.give(window, to));
  }

  /**
   * Converts elements, as {@link Cell} has it. Complex numbers become complex ones or BOOL.
   *
   * @return the place of the first integer that the new type does not hold, or -1
   */
  static long convert(long from, DType fromType, long to, DType toType, long size) {
    long step = WINDOW / WIDEST;
    for (long done = 0; done < size; done += step) {
      int n = (int) Math.min(step, size - done);
      try (Native.Window source =
              new Native.Window(from + done * fromType.bytes(), (long) n * fromType.bytes());
          Native.Window target =
              new Native.Window(to + done * toType.bytes(), (long) n * toType.bytes())) {
        int wrong = convert(source.buffer(), fromType, target.buffer(), toType, n);
        if (wrong >= 0) {
          return done + wrong;
        }
      }
    }
    return -1;
  }

  private static int convert(ByteBuffer in, DType inType, ByteBuffer out, DType outType, int n) {
    return switch (inType.kind()) {
      case BOOL, INTEGER -> convertIntegers(in, inType, out, outType, n);
      case REAL -> convertReals(in, inType, out, outType, n);
      case COMPLEX -> convertComplex(in, inType, out, outType, n);
    };
  }

  private static int convertIntegers(
      ByteBuffer in, DType inType, ByteBuffer out, DType outType, int n) {
    int read = inType.bytes();
    int write = outType.bytes();
    for (int i = 0; i < n; i++) {
      if (!Cell.putInteger(out, i * write, outType, Cell.integer(in, i * read, inType))) {
        return i;
      }
    }
    return -1;
  }

  private static int convertReals(
      ByteBuffer in, DType inType, ByteBuffer out, DType outType, int n) {
    int read = inType.bytes();
    int write = outType.bytes();
    for (int i = 0; i < n; i++) {
      Cell.put(out, i * write, outType, Cell.real(in, i * read, inType));
    }
    return -1;
  }

  private static int convertComplex(
      ByteBuffer in, DType inType, ByteBuffer out, DType outType, int n) {
    int read = inType.bytes();
    int write = outType.bytes();
    for (int i = 0; i < n; i++) {
      double im = Cell.imaginary(in, i * read, inType);
      Cell.put(out, i * write, outType, Cell.real(in, i * read, inType), im);
    }
    return -1;
  }
}
