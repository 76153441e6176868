// Tensors: elements copied between tensors and to Java's arrays and buffers, and set all at once.
package io.github.einblas.internal.tensor;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.Native;
import java.nio.Buffer;
import java.nio.DoubleBuffer;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.LongConsumer;

/** What is done with all elements of a tensor. */
public final class TensorCopy {
  private TensorCopy() {}

  /** A new tensor of one value. */
  public static Strided full(DType dtype, double value, long... shape) {
    return made(Strided.empty(dtype, shape), t -> fill(t, value));
  }

  /** A new tensor of these elements in row-major order. */
  public static Strided of(double[] data, long... shape) {
    return made(
        Strided.empty(DType.F64, shape),
        t -> t.using(at -> Transfer.in(DoubleBuffer.wrap(data), at)));
  }

  /** A new tensor of rank 1 of these numbers, rounded to the type. */
  public static Strided of(DType type, double[] data) {
    Strided wide = of(data, data.length);
    if (type == DType.F64) {
      return wide;
    }
    try (wide) {
      return convert(wide, type);
    }
  }

  /** The elements in row-major order, widened. */
  public static double[] doubles(Strided t) {
    if (t.dtype() != DType.F64) {
      try (Strided wide = convert(t, DType.F64)) {
        return doubles(wide);
      }
    }
    double[] data = array(t, DType.F64, "toDoubleArray", double[]::new);
    withContiguous(t, from -> Transfer.out(from, DoubleBuffer.wrap(data), data.length));
    return data;
  }

  /** A view of the same elements where they are contiguous, else a copy. */
  public static Strided contiguous(Strided t) {
    View v = t.geometry();
    return t.isContiguous()
        ? t.view(new View(v.offset(), v.shape(), Views.contiguous(v.shape())))
        : copy(t);
  }

  /** A new contiguous tensor. */
  public static Strided copy(Strided source) {
    return made(Strided.empty(source.dtype(), source.shape()), t -> copy(source, t));
  }

  /** A new contiguous tensor of any type. */
  public static Strided convert(Strided source, DType type) {
    if (type == source.dtype()) {
      return copy(source);
    }
    for (DType one : new DType[] {source.dtype(), type}) {
      if (!one.isFloating() && !Strided.holdsIndices(one)) {
        throw new IllegalArgumentException(
            "to(" + type + ") of a tensor of type " + source.dtype() + " is not supported");
      }
    }
    return made(
        Strided.empty(type, source.shape()),
        t ->
            withContiguous(
                source,
                from -> Transfer.convert(from, source.dtype(), t.address(), type, source.size())));
  }

  private static Strided made(Strided result, Consumer<Strided> fill) {
    try {
      fill.accept(result);
      return result;
    } catch (RuntimeException | Error e) {
      result.close();
      throw e;
    }
  }

  /** Copies elements of the same shape and type. */
  public static void copy(Strided source, Strided target) {
    if (source.dtype() != target.dtype() || !Arrays.equals(source.shape(), target.shape())) {
      throw new IllegalArgumentException(
          "copyFrom: needs " + target.describe() + ", got " + source.describe());
    }
    target.requireWritable("copyFrom");
    unary(target, source, 1);
  }

  /** Sets every element. */
  public static void fill(Strided target, double value) {
    target.requireWritable("fill");
    if (target.dtype().isFloating()) {
      unary(target, null, value);
      return;
    }
    Elements.requireInteger(target.dtype(), value);
    try (Strided one = Strided.empty(target.dtype());
        Strided all = one.broadcastTo(target.shape())) {
      Elements.set(one, value, new long[0]);
      unary(target, all, 1);
    }
  }

  /** target = alpha * source, or alpha where there is no source. */
  private static void unary(Strided target, Strided source, double alpha) {
    target.acquire();
    try {
      if (source == null) {
        step(target, null, alpha);
        return;
      }
      source.acquire();
      try {
        // After both are acquired: memory of a closed source may already be the target's.
        if (target.sharesElements(source)) {
          throw new IllegalArgumentException("copyFrom: source and target share elements");
        }
        if (target.dtype().isFloating()) {
          step(target, source, alpha);
        } else {
          Native.copy(
              target.dtype(),
              target.shape(),
              source.address(),
              source.strides(),
              target.address(),
              target.strides());
        }
      } finally {
        source.release();
      }
    } finally {
      target.release();
    }
  }

  private static void step(Strided target, Strided source, double alpha) {
    int rank = target.rank();
    int operands = source == null ? 0 : 1;
    long[] strides = new long[rank * (operands + 1)];
    if (source != null) {
      System.arraycopy(source.strides(), 0, strides, 0, rank);
    }
    System.arraycopy(target.strides(), 0, strides, rank * operands, rank);
    long step = Native.createStep(target.dtype(), operands, rank, target.shape(), strides, null);
    try {
      long from = source == null ? 0 : source.address();
      Native.runStep(step, from, 0, 0, target.address(), alpha, 0, 0);
    } finally {
      Native.destroyStep(step);
    }
  }

  /** An array for the elements of a tensor of that type. */
  public static <A> A array(Strided t, DType needed, String what, IntFunction<A> make) {
    requireType(t, needed, what);
    long size = t.size();
    if (size <= Integer.MAX_VALUE - 8) {
      try {
        return make.apply((int) size);
      } catch (OutOfMemoryError e) {
        throw new IllegalArgumentException(
            what + ": the Java heap has no room for the " + size + " elements of this tensor", e);
      }
    }
    throw new IllegalArgumentException(
        what + ": a Java array cannot hold the " + size + " elements of this tensor");
  }

  /** The array, which must have exactly as many elements as the tensor. */
  public static <T> T exact(Strided t, T array, int length) {
    if (length != t.size()) {
      throw new IllegalArgumentException(
          "copyTo: the array has " + length + " elements, the tensor " + t.size());
    }
    return array;
  }

  /** The buffer, which must not be read-only. */
  public static <B extends Buffer> B writable(B target) {
    if (Objects.requireNonNull(target, "target").isReadOnly()) {
      throw new IllegalArgumentException("copyTo: the buffer is read-only");
    }
    return target;
  }

  /**
   * Hands the elements in row-major order to a copy into a buffer with so much room.
   *
   * @param needed type of the buffer's elements
   */
  public static void out(Strided t, DType needed, String buffer, int room, LongConsumer copy) {
    requireType(t, needed, "copyTo(" + buffer + ")");
    if (room < t.size()) {
      throw new IllegalArgumentException(
          "copyTo: the buffer has room for " + room + " elements, the tensor has " + t.size());
    }
    withContiguous(t, copy);
  }

  private static void requireType(Strided t, DType needed, String what) {
    if (t.dtype() != needed) {
      throw new IllegalArgumentException(
          what
              + " needs a tensor of type "
              + needed
              + ", this has "
              + t.dtype()
              + "; to() converts");
    }
  }

  private static void withContiguous(Strided tensor, LongConsumer body) {
    try (Strided t = contiguous(tensor)) {
      t.using(body::accept);
    }
  }
}
