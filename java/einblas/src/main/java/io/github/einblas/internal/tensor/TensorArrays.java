// Tensors: made of Java's arrays and buffers, and given out to them.
package io.github.einblas.internal.tensor;

import io.github.einblas.DType;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.IntFunction;

/** Elements in row-major order. Those of complex tensors are two numbers each. */
public final class TensorArrays {
  private TensorArrays() {}

  // ---- in

  /** A copy of a buffer's remaining elements, of the type of its own numbers. */
  public static Strided of(Buffer data, long[] shape) {
    return of(Buffers.own(Objects.requireNonNull(data, "data"), "of"), data, shape);
  }

  /** A copy of a buffer's remaining elements; no shape given means rank 1. */
  public static Strided of(DType type, Buffer data, long[] shape) {
    Objects.requireNonNull(type, "type");
    int numbers = Buffers.numbers(Objects.requireNonNull(data, "data"), type, "of");
    Buffer own = data.duplicate();
    int elements = Buffers.elements(own, numbers, type, "of");
    Strided t = Strided.empty(type, Views.shapeFor(shape, elements));
    boolean done = false;
    try {
      t.using(at -> Transfer.in(own, at));
      done = true;
      return t;
    } finally {
      if (!done) {
        t.close();
      }
    }
  }

  /** A copy of the bits of BF16 or F16. */
  public static Strided ofBits(DType type, short[] bits, long[] shape) {
    Objects.requireNonNull(type, "type");
    ShortBuffer data = ShortBuffer.wrap(Objects.requireNonNull(bits, "bits"));
    if (type != DType.BF16 && type != DType.F16) {
      throw new IllegalArgumentException("ofBits makes tensors of BF16 and F16, not of " + type);
    }
    return of(type, data, shape);
  }

  /** A copy of truth values. */
  public static Strided of(boolean[] data, long[] shape) {
    byte[] bytes = new byte[Objects.requireNonNull(data, "data").length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (data[i] ? 1 : 0);
    }
    return of(DType.BOOL, ByteBuffer.wrap(bytes), shape);
  }

  /** A tensor over a direct buffer's memory, of the type of its own numbers. */
  public static Strided wrap(Buffer data, long[] shape) {
    return wrap(Buffers.own(Objects.requireNonNull(data, "data"), "wrap"), data, shape);
  }

  /** A tensor over a direct buffer's memory. */
  public static Strided wrap(DType type, Buffer data, long[] shape) {
    Objects.requireNonNull(type, "type");
    return Strided.wrap(type, Wrapped.of(type, Objects.requireNonNull(data, "data")), shape);
  }

  // ---- out

  /** The elements of a tensor that F32 holds, or of C64. */
  public static float[] floats(Strided t) {
    DType as = t.dtype().isComplex() ? DType.C64 : DType.F32;
    return elements(t, "toFloatArray", as, float[]::new, FloatBuffer::wrap);
  }

  /** The elements of a tensor that F64 holds, or of C64 or C128. */
  public static double[] doubles(Strided t) {
    DType as = t.dtype().isComplex() ? DType.C128 : DType.F64;
    return elements(t, "toDoubleArray", as, double[]::new, DoubleBuffer::wrap);
  }

  /** The elements of a tensor of integers that I32 holds, or of BOOL. */
  public static int[] ints(Strided t) {
    return elements(t, "toIntArray", DType.I32, int[]::new, IntBuffer::wrap);
  }

  /**
   * The elements of a tensor of integers or BOOL.
   *
   * @param what is asked for, for errors
   */
  public static long[] longs(Strided t, String what) {
    return elements(t, what, DType.I64, long[]::new, LongBuffer::wrap);
  }

  /** The elements of a tensor of integers that I16 holds, or of BOOL. */
  public static short[] shorts(Strided t) {
    return elements(t, "toShortArray", DType.I16, short[]::new, ShortBuffer::wrap);
  }

  /** The bytes of a tensor of I8 or U8. */
  public static byte[] bytes(Strided t) {
    requireOne(t, "toByteArray", DType.I8, DType.U8);
    return elements(t, "toByteArray", t.dtype(), byte[]::new, ByteBuffer::wrap);
  }

  /** The bits of a tensor of BF16 or F16. */
  public static short[] bits(Strided t) {
    requireOne(t, "toBits", DType.BF16, DType.F16);
    return elements(t, "toBits", t.dtype(), short[]::new, ShortBuffer::wrap);
  }

  /** The elements of a tensor of BOOL. */
  public static boolean[] booleans(Strided t) {
    requireOne(t, "toBooleanArray", DType.BOOL);
    byte[] bytes = elements(t, "toBooleanArray", DType.BOOL, byte[]::new, ByteBuffer::wrap);
    boolean[] data = new boolean[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      data[i] = bytes[i] != 0;
    }
    return data;
  }

  /** The elements as those of a type, in an array of the numbers that a buffer lies over. */
  private static <A> A elements(
      Strided t, String what, DType as, IntFunction<A> make, Function<A, Buffer> over) {
    if (!holdsExactly(as, t.dtype())) {
      throw new IllegalArgumentException(
          what
              + " needs a tensor of type "
              + as
              + ", or of one that it holds exactly, this has "
              + t.dtype()
              + "; to() converts");
    }
    int parts = as.isComplex() ? 2 : 1;
    A data = TensorCopy.array(t, parts, what, make);
    if (t.dtype() == as) {
      give(t, over.apply(data), parts * t.size());
    } else {
      try (Strided converted = TensorCopy.convert(t, as)) {
        give(converted, over.apply(data), parts * t.size());
      }
    }
    return data;
  }

  private static void give(Strided t, Buffer target, long numbers) {
    TensorCopy.withContiguous(t, from -> Transfer.out(from, target, numbers));
  }

  private static boolean holdsExactly(DType wide, DType narrow) {
    return DType.promote(wide, narrow) == wide && !(wide == DType.F64 && narrow == DType.I64);
  }

  private static void requireOne(Strided t, String what, DType... types) {
    if (!Arrays.asList(types).contains(t.dtype())) {
      throw new IllegalArgumentException(
          what + " needs a tensor of " + Arrays.toString(types) + ", this has " + t.dtype());
    }
  }

  /** Puts the elements into an array of exactly their number. */
  public static void copyTo(Strided t, Buffer target) {
    int numbers = Buffers.numbers(target, t.dtype(), "copyTo");
    if (target.remaining() % numbers != 0 || target.remaining() / numbers != t.size()) {
      throw new IllegalArgumentException(
          "copyTo: the array has " + target.remaining() + " elements, the tensor " + t.size());
    }
    give(t, target, t.size() * numbers);
  }

  /** Puts the elements into a buffer, whose position moves behind them. */
  public static void put(Strided t, Buffer target) {
    if (Objects.requireNonNull(target, "target").isReadOnly()) {
      throw new IllegalArgumentException("copyTo: the buffer is read-only");
    }
    int numbers = Buffers.numbers(target, t.dtype(), "copyTo");
    Buffer own = target.duplicate();
    int room = own.remaining() / numbers;
    long size = t.size();
    if (room < size) {
      throw new IllegalArgumentException(
          "copyTo: the buffer has room for " + room + " elements, the tensor has " + size);
    }
    give(t, own, size * numbers);
    target.position(own.position());
  }
}
