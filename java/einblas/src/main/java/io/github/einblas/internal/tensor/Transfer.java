// Copies between Java buffers and native memory, in windows that a buffer can address.
package io.github.einblas.internal.tensor;

import io.github.einblas.internal.natives.Native;
import java.nio.Buffer;
import java.nio.ByteBuffer;

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

  /** Copies the remaining numbers to native memory. */
  public static void in(Buffer from, long address) {
    long bytes = (long) from.remaining() * Buffers.bytes(from);
    windows(address, bytes, window -> Buffers.take(from, window));
  }

  /** Copies so many numbers of native memory into a buffer with room for them. */
  public static void out(long address, Buffer to, long numbers) {
    windows(address, numbers * Buffers.bytes(to), window -> Buffers.give(window, to));
  }
}
