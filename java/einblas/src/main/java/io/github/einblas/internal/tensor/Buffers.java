// Java's buffers: which types of elements each holds, and its numbers moved as they are.
package io.github.einblas.internal.tensor;

import io.github.einblas.DType;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.util.List;

/**
 * A buffer holds elements as memory does: a FloatBuffer F32, or the parts of C64 in turn; a
 * ShortBuffer I16, or the bits of BF16 and F16; a ByteBuffer the bytes of any type.
 */
final class Buffers {
  private Buffers() {}

  /** Bytes of one of its numbers. */
  static int bytes(Buffer b) {
    if (b instanceof ByteBuffer) {
      return 1;
    }
    if (b instanceof ShortBuffer) {
      return 2;
    }
    if (b instanceof IntBuffer || b instanceof FloatBuffer) {
      return 4;
    }
    if (b instanceof LongBuffer || b instanceof DoubleBuffer) {
      return 8;
    }
    throw new IllegalArgumentException(
        "elements of tensors are no characters: a " + name(b) + " cannot be used");
  }

  /** The class's name as the API has it. */
  static String name(Buffer b) {
    return b instanceof ByteBuffer
        ? "ByteBuffer"
        : b instanceof ShortBuffer
            ? "ShortBuffer"
            : b instanceof IntBuffer
                ? "IntBuffer"
                : b instanceof LongBuffer
                    ? "LongBuffer"
                    : b instanceof FloatBuffer
                        ? "FloatBuffer"
                        : b instanceof DoubleBuffer ? "DoubleBuffer" : "CharBuffer";
  }

  /** Types that it holds, that of its own numbers first; any in a ByteBuffer. */
  private static List<DType> types(Buffer b) {
    if (b instanceof ByteBuffer) {
      return List.of(DType.values());
    }
    if (b instanceof ShortBuffer) {
      return List.of(DType.I16, DType.BF16, DType.F16);
    }
    if (b instanceof FloatBuffer) {
      return List.of(DType.F32, DType.C64);
    }
    if (b instanceof DoubleBuffer) {
      return List.of(DType.F64, DType.C128);
    }
    return b instanceof IntBuffer
        ? List.of(DType.I32)
        : b instanceof LongBuffer ? List.of(DType.I64) : List.of();
  }

  /**
   * The type of its own numbers.
   *
   * @throws IllegalArgumentException for bytes, which may stand for anything
   */
  static DType own(Buffer b, String operation) {
    bytes(b);
    if (b instanceof ByteBuffer) {
      throw new IllegalArgumentException(
          operation
              + ": a ByteBuffer holds elements of any type, so name it: "
              + operation
              + "(DType, buffer, shape)");
    }
    return types(b).get(0);
  }

  /**
   * How many of its numbers make an element of a type.
   *
   * @throws IllegalArgumentException if it does not hold that type
   */
  static int numbers(Buffer b, DType type, String operation) {
    int bytes = bytes(b);
    if (!types(b).contains(type)) {
      throw new IllegalArgumentException(
          operation + ": a " + name(b) + " holds elements of " + types(b) + ", not of " + type);
    }
    if (order(b, type) != ByteOrder.nativeOrder() && b instanceof ByteBuffer) {
      throw new IllegalArgumentException(
          operation
              + ": a ByteBuffer of "
              + type
              + " must be in native byte order, "
              + ByteOrder.nativeOrder()
              + ": order(ByteOrder.nativeOrder())");
    }
    return type.bytes() / bytes;
  }

  /**
   * How many elements it has left, of so many numbers each.
   *
   * @throws IllegalArgumentException if a piece of an element is left over
   */
  static int elements(Buffer b, int numbers, DType type, String operation) {
    int remaining = b.remaining();
    if (remaining % numbers != 0) {
      throw new IllegalArgumentException(
          operation
              + ": the "
              + name(b)
              + " has "
              + remaining
              + " numbers left, but an element of "
              + type
              + " takes "
              + numbers);
    }
    return remaining / numbers;
  }

  /** Order of the bytes of its numbers; that of bytes does not matter for a type of one byte. */
  static ByteOrder order(Buffer b, DType type) {
    if (b instanceof ByteBuffer x) {
      return type.bytes() == 1 ? ByteOrder.nativeOrder() : x.order();
    }
    return b instanceof ShortBuffer s
        ? s.order()
        : b instanceof IntBuffer i
            ? i.order()
            : b instanceof LongBuffer l
                ? l.order()
                : b instanceof FloatBuffer f ? f.order() : ((DoubleBuffer) b).order();
  }

  /** Puts the next numbers into bytes in native order, as many as there is room for. */
  static void take(Buffer from, ByteBuffer to) {
    int n = to.remaining() / bytes(from);
    int at = from.position();
    if (from instanceof ByteBuffer b) {
      to.put(b.slice(at, n));
    } else if (from instanceof ShortBuffer b) {
      to.asShortBuffer().put(b.slice(at, n));
    } else if (from instanceof IntBuffer b) {
      to.asIntBuffer().put(b.slice(at, n));
    } else if (from instanceof LongBuffer b) {
      to.asLongBuffer().put(b.slice(at, n));
    } else if (from instanceof FloatBuffer b) {
      to.asFloatBuffer().put(b.slice(at, n));
    } else {
      to.asDoubleBuffer().put(((DoubleBuffer) from).slice(at, n));
    }
    from.position(at + n);
  }

  /** Puts all numbers of bytes in native order into a buffer with room for them. */
  static void give(ByteBuffer from, Buffer to) {
    if (to instanceof ByteBuffer b) {
      b.put(from);
    } else if (to instanceof ShortBuffer b) {
      b.put(from.asShortBuffer());
    } else if (to instanceof IntBuffer b) {
      b.put(from.asIntBuffer());
    } else if (to instanceof LongBuffer b) {
      b.put(from.asLongBuffer());
    } else if (to instanceof FloatBuffer b) {
      b.put(from.asFloatBuffer());
    } else {
      ((DoubleBuffer) to).put(from.asDoubleBuffer());
    }
  }

  /** Reads its first number, which Java refuses where the memory is gone. */
  static void touch(Buffer b) {
    if (b instanceof ByteBuffer x) {
      x.get(0);
    } else if (b instanceof ShortBuffer x) {
      x.get(0);
    } else if (b instanceof IntBuffer x) {
      x.get(0);
    } else if (b instanceof LongBuffer x) {
      x.get(0);
    } else if (b instanceof FloatBuffer x) {
      x.get(0);
    } else {
      ((DoubleBuffer) b).get(0);
    }
  }
}
