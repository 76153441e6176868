// Memory of tensors lent to Java: buffers and segments that keep it there.
package io.github.einblas.internal.tensor;

import io.github.einblas.internal.natives.Foreign;
import io.github.einblas.internal.natives.Native;
import io.github.einblas.internal.natives.Reclaim;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Each counts as a user of the memory, as a running call does. */
public final class Exported {
  private Exported() {}

  /** A buffer; its memory stays until the buffer and what was made of it are unreachable. */
  public static ByteBuffer buffer(Strided t) {
    requireExportable(t, "asBuffer");
    long bytes = t.nbytes();
    if (bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "asBuffer: the tensor has "
              + bytes
              + " bytes, a buffer at most "
              + Integer.MAX_VALUE
              + "; take slices of it, or asSegment on JDK 22");
    }
    Storage memory = acquire(t);
    boolean done = false;
    try {
      ByteBuffer whole =
          bytes == 0
              ? ByteBuffer.allocateDirect(0)
              : new Native.Window(t.address(), bytes).buffer();
      // Slices and other views of a buffer refer to the first of them.
      Reclaim.register(whole, memory::release);
      done = true;
      ByteBuffer given = t.isReadOnly() ? whole.asReadOnlyBuffer() : whole;
      return given.order(ByteOrder.nativeOrder());
    } finally {
      if (!done) {
        memory.release();
      }
    }
  }

  /** A segment; its memory stays until the arena is closed. */
  public static Object segment(Strided t, Class<?> type, Object arena) {
    Foreign.require("asSegment");
    if (type != Foreign.segmentClass() || !Foreign.isArena(arena)) {
      throw new IllegalArgumentException(
          "asSegment needs MemorySegment.class and a java.lang.foreign.Arena, got "
              + type.getName()
              + " and a "
              + arena.getClass().getName());
    }
    requireExportable(t, "asSegment");
    if (!Foreign.isAlive(arena)) {
      throw new IllegalStateException("asSegment: the arena is closed");
    }
    Storage memory = acquire(t);
    boolean done = false;
    try {
      Object segment =
          Foreign.segment(t.address(), t.nbytes(), t.isReadOnly(), arena, memory::release);
      done = true;
      return segment;
    } finally {
      if (!done) {
        memory.release();
      }
    }
  }

  private static Storage acquire(Strided t) {
    t.acquire();
    return t.storage();
  }

  private static void requireExportable(Strided t, String what) {
    if (!t.isContiguous() || t.isConjugate()) {
      throw new IllegalArgumentException(
          what
              + " needs a contiguous tensor that is no conjugate view, this is "
              + t.describe()
              + "; contiguous() copies where it must");
    }
    if (t.storage().mayEnd()) {
      throw new IllegalArgumentException(
          what
              + ": the memory was wrapped, and its owner may free it; use what was wrapped, or a"
              + " copy()");
    }
  }
}
