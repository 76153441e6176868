// Memory of others that a tensor is laid over without copying.
package io.github.einblas.internal.tensor;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.Foreign;
import io.github.einblas.internal.natives.Native;
import java.nio.Buffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.Pointer;

/**
 * A piece of somebody's memory: how many elements, and the storage over them. Position and limit of
 * what is wrapped are read once, so that a thread that moves them does no harm.
 */
public record Wrapped(long elements, Storage storage) {

  /**
   * Lies over the remaining elements of a direct buffer in native byte order.
   *
   * @throws IllegalArgumentException if the buffer has no native memory of its own, another order,
   *     or cannot hold the type
   * @throws IllegalStateException if its memory is closed (the arena of a memory segment)
   */
  public static Wrapped of(DType type, Buffer data) {
    int numbers = Buffers.numbers(data, type, "wrap");
    requireDirect(data, Buffers.order(data, type));
    Buffer own = data.slice();
    int elements = Buffers.elements(own, numbers, type, "wrap");
    return of(own, elements, type, () -> Buffers.touch(own));
  }

  private static void requireDirect(Buffer data, ByteOrder order) {
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

  /**
   * Of a slice that nobody else has.
   *
   * @param first reads the first element; Java checks then that the memory is there
   */
  private static Wrapped of(Buffer own, int elements, DType type, Runnable first) {
    BufferOwner owner = new BufferOwner(own, elements == 0 ? () -> {} : first);
    owner.check();
    long address = new Pointer(own).address();
    requireAligned(address, type.partType().bytes());
    long bytes = (long) elements * type.bytes();
    return new Wrapped(elements, Storage.wrap(address, bytes, owner, own.isReadOnly()));
  }

  /**
   * Lies over a memory segment of JDK 22 and later.
   *
   * @throws IllegalArgumentException if it is none, lies on the heap, is not aligned, or has a
   *     piece of an element left over
   * @throws IllegalStateException if its arena is closed, or another thread's
   */
  public static Wrapped ofSegment(DType type, Object segment) {
    Foreign.require("wrapSegment");
    if (!Foreign.isSegment(segment)) {
      throw new IllegalArgumentException(
          "wrapSegment needs a java.lang.foreign.MemorySegment, got a "
              + segment.getClass().getName());
    }
    if (!Foreign.isNative(segment)) {
      throw new IllegalArgumentException(
          "wrapSegment needs a segment of native memory, got one on the heap; Tensor.of copies its"
              + " asByteBuffer()");
    }
    Native.require();
    SegmentOwner owner = new SegmentOwner(segment);
    owner.check();
    long bytes = Foreign.bytes(segment);
    if (bytes % type.bytes() != 0) {
      throw new IllegalArgumentException(
          "wrapSegment: the segment has "
              + bytes
              + " bytes, but an element of "
              + type
              + " takes "
              + type.bytes());
    }
    long address = Foreign.address(segment);
    requireAligned(address, type.partType().bytes());
    Storage memory = Storage.wrap(address, bytes, owner, Foreign.isReadOnly(segment));
    return new Wrapped(bytes / type.bytes(), memory);
  }

  /** A memory segment, kept alive. */
  private record SegmentOwner(Object segment) implements Storage.Owner {
    @Override
    public void check() {
      String fault = Foreign.fault(segment);
      if (fault != null) {
        throw new IllegalStateException("the wrapped memory segment cannot be used: " + fault);
      }
    }
  }

  /** A buffer, kept alive. */
  private record BufferOwner(Buffer buffer, Runnable first) implements Storage.Owner {
    @Override
    public void check() {
      try {
        first.run();
      } catch (RuntimeException e) {
        // Of a memory segment: its arena is closed, or belongs to another thread.
        throw new IllegalStateException(
            "the memory of the wrapped buffer cannot be used: " + e.getMessage(), e);
      }
    }
  }

  /**
   * Lies over the memory from a pointer's position to its limit, and holds a reference to it.
   *
   * @throws IllegalArgumentException if the pointer has no memory, or position and limit lie
   *     outside
   */
  public static Wrapped of(Pointer data, int elementBytes) {
    PointerOwner owner = new PointerOwner(data);
    boolean done = false;
    try {
      long position = data.position();
      long limit = data.limit();
      long capacity = data.capacity();
      if (owner.address == 0) {
        throw new IllegalArgumentException("wrap needs a pointer to memory, got a null pointer");
      }
      if (position < 0 || (capacity > 0 && limit > capacity) || limit > Long.MAX_VALUE / 16) {
        throw new IllegalArgumentException(
            "wrap needs a position and a limit within the pointer's memory, got position "
                + position
                + " and limit "
                + limit
                + " of a capacity of "
                + capacity);
      }
      long elements = Math.max(0, limit - position);
      long address = owner.address + position * elementBytes;
      requireAligned(address, elementBytes);
      Wrapped made =
          new Wrapped(elements, Storage.wrap(address, elements * elementBytes, owner, false));
      done = true;
      return made;
    } finally {
      if (!done) {
        owner.release();
      }
    }
  }

  private static void requireAligned(long address, int elementBytes) {
    if (address % elementBytes != 0) {
      throw new IllegalArgumentException(
          "wrap needs memory aligned to " + elementBytes + " bytes, got address " + address);
    }
  }

  /**
   * A pointer, kept alive and one reference of it taken; {@code deallocate()} frees it in any case.
   */
  private static final class PointerOwner implements Storage.Owner {
    private final Pointer pointer;
    private final long address;
    private final boolean counted;

    PointerOwner(Pointer pointer) {
      this.pointer = pointer;
      this.counted = pointer.referenceCount() >= 0;
      if (counted) {
        // A pointer outside any scope counts 0, and its own close() takes one away.
        if (pointer.referenceCount() == 0) {
          pointer.retainReference();
        }
        pointer.retainReference();
      }
      this.address = pointer.address();
    }

    @Override
    public void check() {
      if (pointer.address() != address || (counted && pointer.referenceCount() <= 0)) {
        throw new IllegalStateException("the wrapped pointer is closed");
      }
    }

    @Override
    public void release() {
      if (counted && pointer.address() == address) {
        pointer.releaseReference();
      }
    }
  }
}
