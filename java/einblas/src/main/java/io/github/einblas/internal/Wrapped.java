// Memory of others that a tensor is laid over without copying.
package io.github.einblas.internal;

import java.nio.Buffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.Pointer;

/** Checks of direct buffers and pointers that are wrapped. */
public final class Wrapped {
  private Wrapped() {}

  /** Refuses a buffer that has no native memory of its own in native byte order. */
  public static void requireDirect(Buffer data, ByteOrder order) {
    if (!data.isDirect() || order != ByteOrder.nativeOrder()) {
      throw new IllegalArgumentException(
          "wrap needs a direct buffer in native byte order, got a "
              + (data.isDirect() ? "direct" : "heap")
              + " buffer in "
              + order
              + "; Tensor.of copies any buffer");
    }
    Native.require();
  }

  /** Number of elements from a pointer's position to its limit. */
  public static long elements(Pointer data) {
    if (data.isNull()) {
      throw new IllegalArgumentException("wrap needs a pointer to memory, got a null pointer");
    }
    return Math.max(0, data.limit() - data.position());
  }

  /**
   * The memory from a pointer's position to its limit.
   *
   * @param kept what must stay reachable as long as the memory is used
   */
  public static Storage storage(Pointer data, Object kept, int elementBytes) {
    long address = data.address() + data.position() * elementBytes;
    if (address % elementBytes != 0) {
      throw new IllegalArgumentException(
          "wrap needs memory aligned to " + elementBytes + " bytes, got address " + address);
    }
    return Storage.wrap(address, elements(data) * elementBytes, kept);
  }
}
