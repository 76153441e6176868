// Tensors: elements copied between tensors and to Java's arrays and buffers, and set all at once.
package io.github.einblas.internal.tensor;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.Native;
import java.nio.DoubleBuffer;
import java.util.Arrays;
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

  /** The elements in row-major order, widened; an I64 beyond 2^53 is rounded. */
  public static double[] doubles(Strided t) {
    if (t.dtype() != DType.F64) {
      try (Strided wide = convert(t, DType.F64)) {
        return doubles(wide);
      }
    }
    double[] data = array(t, 1, "toDoubleArray", double[]::new);
    withContiguous(t, from -> Transfer.out(from, DoubleBuffer.wrap(data), data.length));
    return data;
  }

  /** An array with room for so many numbers for each element. */
  static <A> A array(Strided t, int numbers, String what, IntFunction<A> make) {
    long size = t.size();
    if (size <= (Integer.MAX_VALUE - 8) / numbers) {
      try {
        return make.apply((int) size * numbers);
      } catch (OutOfMemoryError e) {
        throw new IllegalArgumentException(
            what + ": the Java heap has no room for the " + size + " elements of this tensor", e);
      }
    }
    throw new IllegalArgumentException(
        what + ": a Java array cannot hold the " + size + " elements of this tensor");
  }

  /** A view of the same elements where they are contiguous and no conjugates, else a copy. */
  public static Strided contiguous(Strided t) {
    View v = t.geometry();
    return t.isContiguous() && !t.isConjugate()
        ? t.view(new View(v.offset(), v.shape(), Views.contiguous(v.shape())))
        : copy(t);
  }

  /** A new contiguous tensor. */
  public static Strided copy(Strided source) {
    return made(Strided.empty(source.dtype(), source.shape()), t -> copy(source, t));
  }

  /**
   * A new contiguous tensor of any type.
   *
   * @throws ArithmeticException if an integer does not fit an integer type
   */
  public static Strided convert(Strided source, DType type) {
    DType from = source.dtype();
    if (type == from) {
      return copy(source);
    }
    if (from.isComplex() && !type.isComplex() && !type.isBool()) {
      throw new IllegalArgumentException(
          "to("
              + type
              + ") of a tensor of "
              + from
              + " would lose the imaginary parts; real() and imag() are views of the parts");
    }
    return made(
        Strided.empty(type, source.shape()),
        t -> {
          long wrong = acquiredAndConverted(source, t);
          if (wrong >= 0) {
            throw doesNotFit(source, type, wrong);
          }
        });
  }

  private static long acquiredAndConverted(Strided source, Strided target) {
    source.acquire();
    try {
      return convert(source, target);
    } finally {
      source.release();
    }
  }

  /** Writes elements to a tensor of their shape, rounded once to its type, which is no integer. */
  public static void round(Strided source, Strided target) {
    if (source.dtype() == target.dtype()) {
      copy(source, target);
      return;
    }
    target.acquire();
    try {
      acquiredAndConverted(source, target);
    } finally {
      target.release();
    }
  }

  /** The place of the first integer that the new type does not hold, or -1; both are acquired. */
  private static long convert(Strided source, Strided target) {
    return Native.convert(
        source.dtype(),
        target.dtype(),
        source.isConjugate(),
        source.shape(),
        source.address(),
        source.strides(),
        target.address(),
        target.strides(),
        0);
  }

  private static ArithmeticException doesNotFit(Strided source, DType type, long place) {
    long[] index = new long[source.rank()];
    long rest = place;
    for (int d = index.length - 1; d >= 0; d--) {
      index[d] = rest % source.shape()[d];
      rest /= source.shape()[d];
    }
    return new ArithmeticException(
        "to("
            + type
            + "): the element "
            + Arrays.toString(index)
            + " is "
            + Elements.getLong(source, index)
            + ", which "
            + type
            + " does not hold");
  }

  /** A new complex tensor of real and imaginary parts of one shape, both F32 or both F64. */
  public static Strided complex(Strided re, Strided im) {
    if (!re.dtype().isFloating()
        || im.dtype() != re.dtype()
        || !Arrays.equals(re.shape(), im.shape())) {
      throw new IllegalArgumentException(
          "complex: needs real and imaginary parts of one shape, both F32 or both F64, got "
              + re.describe()
              + " and "
              + im.describe());
    }
    DType type = re.dtype() == DType.F32 ? DType.C64 : DType.C128;
    return made(
        Strided.empty(type, re.shape()),
        t -> {
          unary(t.part(0), re, 1);
          unary(t.part(1), im, 1);
        });
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
    if (target.dtype().isComplex()) {
      unary(target.real(), null, value);
      unary(target.part(1), null, 0);
      return;
    }
    Elements.requireHeld(target.dtype(), value);
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
        } else if (source.isConjugate()) {
          convert(source, target);
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

  static void withContiguous(Strided tensor, LongConsumer body) {
    try (Strided t = contiguous(tensor)) {
      t.using(body::accept);
    }
  }
}
