// Public API: a strided view of native memory, and how to make, view, copy and print one.
package io.github.einblas;

import io.github.einblas.internal.Native;
import io.github.einblas.internal.Overlap;
import io.github.einblas.internal.Storage;
import io.github.einblas.internal.TensorText;
import io.github.einblas.internal.Transfer;
import io.github.einblas.internal.Views;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.Buffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * An n-dimensional array of {@link DType} elements in 64-byte aligned native memory, or a view of
 * one.
 *
 * <p>Views share memory and never copy. Strides count elements and may be negative or 0. Closing
 * the tensor that made the memory frees it at once and ends all its views; closing a view ends that
 * view alone. A tensor that is never closed is freed some time after it became unreachable. Every
 * use of a closed tensor throws {@link IllegalStateException}.
 *
 * <p>Axis numbers may be negative and then count from the end. Thread-safe as far as the elements
 * are not written by two threads at once.
 */
public final class Tensor implements AutoCloseable, KroneckerFactor {
  private final DType dtype;
  private final Storage storage;
  private final long offset;
  private final long[] shape;
  private final long[] strides;
  private final boolean owner;
  private volatile boolean closed;

  private Tensor(
      DType dtype, Storage storage, long offset, long[] shape, long[] strides, boolean owner) {
    this.dtype = dtype;
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
    this.owner = owner;
  }

  // ---- made from data

  /**
   * An uninitialised tensor.
   *
   * @throws NativeMemoryException if the machine has not that much memory free
   */
  public static Tensor empty(DType dtype, long... shape) {
    Objects.requireNonNull(dtype, "dtype");
    long[] own = Objects.requireNonNull(shape, "shape").clone();
    Storage storage = Storage.allocate(Views.bytes(own, dtype.bytes()));
    return new Tensor(dtype, storage, 0, own, Views.contiguous(own), true);
  }

  /** A tensor of one value. */
  public static Tensor full(DType dtype, double value, long... shape) {
    Tensor t = empty(dtype, shape);
    t.fill(value);
    return t;
  }

  /** A tensor of zeros. */
  public static Tensor zeros(DType dtype, long... shape) {
    return full(dtype, 0, shape);
  }

  /** A tensor of ones. */
  public static Tensor ones(DType dtype, long... shape) {
    return full(dtype, 1, shape);
  }

  /** A tensor of rank 0. */
  public static Tensor scalar(DType dtype, double value) {
    return full(dtype, value);
  }

  /** Copies an array in row-major order; no shape given means rank 1. */
  public static Tensor of(float[] data, long... shape) {
    return of(FloatBuffer.wrap(Objects.requireNonNull(data, "data")), shapeFor(shape, data.length));
  }

  /** Copies an array in row-major order; no shape given means rank 1. */
  public static Tensor of(double[] data, long... shape) {
    return of(
        DoubleBuffer.wrap(Objects.requireNonNull(data, "data")), shapeFor(shape, data.length));
  }

  /** Copies an array in row-major order; no shape given means rank 1. */
  public static Tensor of(int[] data, long... shape) {
    return of(IntBuffer.wrap(Objects.requireNonNull(data, "data")), shapeFor(shape, data.length));
  }

  /** Copies an array in row-major order; no shape given means rank 1. */
  public static Tensor of(long[] data, long... shape) {
    return of(LongBuffer.wrap(Objects.requireNonNull(data, "data")), shapeFor(shape, data.length));
  }

  /** Copies the remaining elements of a buffer in row-major order; no shape given means rank 1. */
  public static Tensor of(FloatBuffer data, long... shape) {
    Objects.requireNonNull(data, "data");
    Tensor t =
        empty(DType.F32, checked(shapeFor(shape, data.remaining()), data.remaining(), "data"));
    t.with(() -> Transfer.in(data.duplicate(), t.address()));
    return t;
  }

  /** Copies the remaining elements of a buffer in row-major order; no shape given means rank 1. */
  public static Tensor of(DoubleBuffer data, long... shape) {
    Objects.requireNonNull(data, "data");
    Tensor t =
        empty(DType.F64, checked(shapeFor(shape, data.remaining()), data.remaining(), "data"));
    t.with(() -> Transfer.in(data.duplicate(), t.address()));
    return t;
  }

  /** Copies the remaining elements of a buffer in row-major order; no shape given means rank 1. */
  public static Tensor of(IntBuffer data, long... shape) {
    Objects.requireNonNull(data, "data");
    Tensor t =
        empty(DType.I32, checked(shapeFor(shape, data.remaining()), data.remaining(), "data"));
    t.with(() -> Transfer.in(data.duplicate(), t.address()));
    return t;
  }

  /** Copies the remaining elements of a buffer in row-major order; no shape given means rank 1. */
  public static Tensor of(LongBuffer data, long... shape) {
    Objects.requireNonNull(data, "data");
    Tensor t =
        empty(DType.I64, checked(shapeFor(shape, data.remaining()), data.remaining(), "data"));
    t.with(() -> Transfer.in(data.duplicate(), t.address()));
    return t;
  }

  /** Copies the elements from the pointer's position to its limit in row-major order. */
  public static Tensor of(FloatPointer data, long... shape) {
    return copyOf(wrap(data, shape));
  }

  /** Copies the elements from the pointer's position to its limit in row-major order. */
  public static Tensor of(DoublePointer data, long... shape) {
    return copyOf(wrap(data, shape));
  }

  private static Tensor copyOf(Tensor wrapped) {
    try (wrapped) {
      return wrapped.copy();
    }
  }

  /**
   * A tensor over the remaining elements of a direct buffer in native byte order, without copying.
   * The buffer is kept alive; closing the tensor does not free it.
   */
  public static Tensor wrap(FloatBuffer data, long... shape) {
    Objects.requireNonNull(data, "data");
    requireDirect(data, data.order());
    return wrapPointer(DType.F32, new FloatPointer(data.slice()), data, shape);
  }

  /** As {@link #wrap(FloatBuffer, long...)}. */
  public static Tensor wrap(DoubleBuffer data, long... shape) {
    Objects.requireNonNull(data, "data");
    requireDirect(data, data.order());
    return wrapPointer(DType.F64, new DoublePointer(data.slice()), data, shape);
  }

  /** As {@link #wrap(FloatBuffer, long...)}. */
  public static Tensor wrap(IntBuffer data, long... shape) {
    Objects.requireNonNull(data, "data");
    requireDirect(data, data.order());
    return wrapPointer(DType.I32, new IntPointer(data.slice()), data, shape);
  }

  /** As {@link #wrap(FloatBuffer, long...)}. */
  public static Tensor wrap(LongBuffer data, long... shape) {
    Objects.requireNonNull(data, "data");
    requireDirect(data, data.order());
    return wrapPointer(DType.I64, new LongPointer(data.slice()), data, shape);
  }

  /**
   * A tensor over a pointer's memory from its position to its limit, without copying; the pointer
   * is kept alive.
   */
  public static Tensor wrap(FloatPointer data, long... shape) {
    return wrapPointer(DType.F32, Objects.requireNonNull(data, "data"), data, shape);
  }

  /** As {@link #wrap(FloatPointer, long...)}. */
  public static Tensor wrap(DoublePointer data, long... shape) {
    return wrapPointer(DType.F64, Objects.requireNonNull(data, "data"), data, shape);
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

  private static Tensor wrapPointer(DType dtype, Pointer data, Object kept, long[] shape) {
    if (data.isNull()) {
      throw new IllegalArgumentException("wrap needs a pointer to memory, got a null pointer");
    }
    long elements = Math.max(0, data.limit() - data.position());
    long[] own = checked(shapeFor(shape, elements), elements, "data");
    long address = data.address() + data.position() * dtype.bytes();
    if (address % dtype.bytes() != 0) {
      throw new IllegalArgumentException(
          "wrap needs memory aligned to " + dtype.bytes() + " bytes, got address " + address);
    }
    Storage storage = Storage.wrap(address, elements * dtype.bytes(), kept);
    return new Tensor(dtype, storage, 0, own, Views.contiguous(own), true);
  }

  private static long[] shapeFor(long[] shape, long elements) {
    Objects.requireNonNull(shape, "shape");
    return shape.length == 0 ? new long[] {elements} : shape;
  }

  private static long[] checked(long[] shape, long elements, String what) {
    if (Views.size(shape) != elements) {
      throw new IllegalArgumentException(
          "shape "
              + Arrays.toString(shape)
              + " needs "
              + Views.size(shape)
              + " elements, "
              + what
              + " has "
              + elements);
    }
    return shape.clone();
  }

  /**
   * Reads a {@code .npy} file: any {@link DType}, either byte order, C or Fortran order. The file
   * may exceed the Java heap.
   */
  public static Tensor readNpy(Path file) throws IOException {
    return Npy.read(Objects.requireNonNull(file, "file"));
  }

  /** Reads a {@code .npy} from a stream, which stays open behind the last element. */
  public static Tensor readNpy(InputStream in) throws IOException {
    return Npy.read(Objects.requireNonNull(in, "in"), "stream");
  }

  /** Reads one array of a {@code .npz} file by its name, with or without {@code .npy}. */
  public static Tensor readNpz(Path file, String name) throws IOException {
    return Npy.readNpz(Objects.requireNonNull(file, "file"), Objects.requireNonNull(name, "name"));
  }

  /** Reads all arrays of a {@code .npz} file, in file order. */
  public static Map<String, Tensor> readNpz(Path file) throws IOException {
    return Npy.readNpz(Objects.requireNonNull(file, "file"));
  }

  // ---- facts

  /** Type of the elements. */
  public DType dtype() {
    return dtype;
  }

  /** Lengths of the axes (a copy). */
  public long[] shape() {
    return shape.clone();
  }

  /** Strides of the axes in elements (a copy). */
  public long[] strides() {
    return strides.clone();
  }

  /** Number of axes. */
  public int rank() {
    return shape.length;
  }

  /** Length of one axis. */
  public long length(int axis) {
    return shape[Views.axis(axis, shape.length)];
  }

  /** Number of elements. */
  public long size() {
    return Views.size(shape);
  }

  /** Bytes of all elements. */
  public long nbytes() {
    return size() * dtype.bytes();
  }

  /** Whether the elements lie in row-major order without gaps. */
  public boolean isContiguous() {
    return Views.isContiguous(shape, strides);
  }

  /** Whether this tensor, or the one whose memory it views, was closed. */
  public boolean isClosed() {
    return closed || storage.isClosed();
  }

  /** Address of the element [0, 0, ...]; valid until the tensor is closed. */
  public long address() {
    return storage.address() + offset * dtype.bytes();
  }

  // ---- views

  /** The axes in another order: axis i of the view is axis {@code axes[i]} of this. */
  public Tensor permute(int... axes) {
    int[] order = Views.permutation(Objects.requireNonNull(axes, "axes"), shape.length);
    long[] newShape = new long[order.length];
    long[] newStrides = new long[order.length];
    for (int d = 0; d < order.length; d++) {
      newShape[d] = shape[order[d]];
      newStrides[d] = strides[order[d]];
    }
    return view(offset, newShape, newStrides);
  }

  /** The axes in reverse order. */
  public Tensor transpose() {
    int[] order = new int[shape.length];
    for (int d = 0; d < order.length; d++) {
      order[d] = order.length - 1 - d;
    }
    return permute(order);
  }

  /** Another shape of the same elements as owner of the memory, in place of this. */
  Tensor reshapeInPlace(long[] newShape) {
    Tensor t = reshape(newShape);
    return new Tensor(dtype, storage, t.offset, t.shape, t.strides, owner);
  }

  /** The transpose as owner of the memory, in place of this. */
  Tensor transposeInPlace() {
    Tensor t = transpose();
    return new Tensor(dtype, storage, t.offset, t.shape, t.strides, owner);
  }

  /**
   * Python's {@code start:stop:step} of one axis: negative numbers count from the end, bounds are
   * clipped.
   */
  public Tensor slice(int axis, long start, long stop, long step) {
    int a = Views.axis(axis, shape.length);
    return view(Views.slice(new Views.View(offset, shape, strides), a, start, stop, step));
  }

  /** Python's {@code start:stop} of one axis. */
  public Tensor slice(int axis, long start, long stop) {
    return slice(axis, start, stop, 1);
  }

  /** One index of an axis, which is dropped. */
  public Tensor select(int axis, long index) {
    int a = Views.axis(axis, shape.length);
    long i = index < 0 ? index + shape[a] : index;
    if (i < 0 || i >= shape[a]) {
      throw new IndexOutOfBoundsException(
          "index " + index + " is outside axis " + a + " of length " + shape[a]);
    }
    return view(offset + i * strides[a], without(shape, a), without(strides, a));
  }

  /** One axis backwards. */
  public Tensor flip(int axis) {
    int a = Views.axis(axis, shape.length);
    long[] newStrides = strides.clone();
    newStrides[a] = -strides[a];
    return view(offset + Math.max(0, shape[a] - 1) * strides[a], shape, newStrides);
  }

  /**
   * The same elements in row-major order under another shape; one length may be -1.
   *
   * @throws IllegalArgumentException if the sizes differ, or if the strides allow it only as a copy
   */
  public Tensor reshape(long... newShape) {
    long[] wanted = Views.inferred(Objects.requireNonNull(newShape, "newShape"), size());
    if (Views.size(wanted) != size()) {
      throw new IllegalArgumentException(
          "a tensor of shape "
              + Arrays.toString(shape)
              + " has "
              + size()
              + " elements and cannot take the shape "
              + Arrays.toString(wanted));
    }
    long[] newStrides = Views.reshape(shape, strides, wanted);
    if (newStrides == null) {
      throw new IllegalArgumentException(
          "a view of shape "
              + Arrays.toString(shape)
              + " and strides "
              + Arrays.toString(strides)
              + " cannot take the shape "
              + Arrays.toString(wanted)
              + " without a copy: call contiguous() first");
    }
    return view(offset, wanted, newStrides);
  }

  /** Without the axes of length 1. */
  public Tensor squeeze() {
    int[] axes = new int[shape.length];
    int n = 0;
    for (int d = 0; d < shape.length; d++) {
      if (shape[d] == 1) {
        axes[n++] = d;
      }
    }
    return squeeze(Arrays.copyOf(axes, n));
  }

  /** Without the given axes, which must have length 1. */
  public Tensor squeeze(int... axes) {
    Objects.requireNonNull(axes, "axes");
    boolean[] drop = new boolean[shape.length];
    for (int axis : axes) {
      int a = Views.axis(axis, shape.length);
      if (shape[a] != 1) {
        throw new IllegalArgumentException(
            "squeeze of axis " + a + ": its length is " + shape[a] + ", not 1");
      }
      drop[a] = true;
    }
    long[] newShape = new long[shape.length];
    long[] newStrides = new long[shape.length];
    int n = 0;
    for (int d = 0; d < shape.length; d++) {
      if (!drop[d]) {
        newShape[n] = shape[d];
        newStrides[n++] = strides[d];
      }
    }
    return view(offset, Arrays.copyOf(newShape, n), Arrays.copyOf(newStrides, n));
  }

  /** With a new axis of length 1 before the given one; the rank puts it last. */
  public Tensor unsqueeze(int axis) {
    int a = Views.axis(axis, shape.length + 1);
    long[] newShape = new long[shape.length + 1];
    long[] newStrides = new long[shape.length + 1];
    for (int d = 0; d < newShape.length; d++) {
      newShape[d] = d == a ? 1 : shape[d < a ? d : d - 1];
      newStrides[d] = d == a ? 0 : strides[d < a ? d : d - 1];
    }
    return view(offset, newShape, newStrides);
  }

  /**
   * Axes of length 1, and new leading ones, repeated to another shape with stride 0 (NumPy's
   * broadcast_to).
   */
  public Tensor broadcastTo(long... newShape) {
    long[] own = Objects.requireNonNull(newShape, "newShape").clone();
    return view(offset, own, Views.broadcast(shape, strides, own));
  }

  /** The elements whose indices on both axes agree; the new axis comes last. */
  public Tensor diagonal(int axis1, int axis2) {
    int a = Views.axis(axis1, shape.length);
    int b = Views.axis(axis2, shape.length);
    if (a == b) {
      throw new IllegalArgumentException("diagonal needs two different axes, got " + a + " twice");
    }
    long[] newShape = without(without(shape, Math.max(a, b)), Math.min(a, b));
    long[] newStrides = without(without(strides, Math.max(a, b)), Math.min(a, b));
    newShape = Arrays.copyOf(newShape, newShape.length + 1);
    newStrides = Arrays.copyOf(newStrides, newStrides.length + 1);
    newShape[newShape.length - 1] = Math.min(shape[a], shape[b]);
    newStrides[newStrides.length - 1] = strides[a] + strides[b];
    return view(offset, newShape, newStrides);
  }

  /**
   * Any strided view of this tensor's memory.
   *
   * @param newOffset elements from the start of the memory to the element [0, 0, ...]
   * @throws IllegalArgumentException if an element would lie outside the memory
   */
  public Tensor asStrided(long newOffset, long[] newShape, long[] newStrides) {
    long[] s = Objects.requireNonNull(newShape, "newShape").clone();
    long[] t = Objects.requireNonNull(newStrides, "newStrides").clone();
    if (s.length != t.length) {
      throw new IllegalArgumentException(
          "asStrided: " + s.length + " lengths but " + t.length + " strides");
    }
    Views.size(s);
    long elements = storage.bytes() / dtype.bytes();
    long[] range;
    try {
      range = Views.range(s, t);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("asStrided: the strides reach beyond 2^63", e);
    }
    boolean empty = range[1] < range[0];
    if (newOffset < 0
        || newOffset > elements
        || (!empty && (newOffset + range[0] < 0 || newOffset > elements - 1 - range[1]))) {
      throw new IllegalArgumentException(
          "asStrided: offset "
              + newOffset
              + ", shape "
              + Arrays.toString(s)
              + " and strides "
              + Arrays.toString(t)
              + " reach outside the "
              + elements
              + " elements of the memory");
    }
    return view(newOffset, s, t);
  }

  private static long[] without(long[] values, int index) {
    long[] rest = new long[values.length - 1];
    System.arraycopy(values, 0, rest, 0, index);
    System.arraycopy(values, index + 1, rest, index, rest.length - index);
    return rest;
  }

  private Tensor view(Views.View v) {
    return view(v.offset(), v.shape(), v.strides());
  }

  private Tensor view(long newOffset, long[] newShape, long[] newStrides) {
    if (isClosed()) {
      throw new IllegalStateException("the tensor is closed");
    }
    return new Tensor(dtype, storage, newOffset, newShape, newStrides, false);
  }

  // ---- copies and elements

  /** A contiguous copy. */
  public Tensor copy() {
    Tensor t = empty(dtype, shape);
    try {
      t.copyFrom(this);
      return t;
    } catch (RuntimeException e) {
      t.close();
      throw e;
    }
  }

  /**
   * A contiguous tensor of the same elements: a view of this when it is contiguous, else a copy.
   */
  public Tensor contiguous() {
    return isContiguous() ? view(offset, shape, Views.contiguous(shape)) : copy();
  }

  /**
   * A contiguous copy with another element type. To F32 and F64 it rounds to nearest; from those to
   * an integer type it rounds towards 0 and clips to the type's range, as Java's casts do.
   *
   * @throws ArithmeticException if an I64 does not fit I32
   */
  public Tensor to(DType newType) {
    Objects.requireNonNull(newType, "newType");
    if (newType == dtype) {
      return copy();
    }
    Tensor result = empty(newType, shape);
    try (Tensor source = contiguous()) {
      source.acquire();
      try {
        Transfer.convert(source.address(), dtype, result.address(), newType, size());
      } finally {
        source.release();
      }
      return result;
    } catch (RuntimeException e) {
      result.close();
      throw e;
    }
  }

  /**
   * Copies the elements of a tensor of the same shape and type into this one.
   *
   * @throws IllegalArgumentException if shape or type differ, or if the two share elements
   */
  public void copyFrom(Tensor source) {
    Objects.requireNonNull(source, "source");
    if (source.dtype != dtype || !Arrays.equals(source.shape, shape)) {
      throw new IllegalArgumentException(
          "copyFrom: needs " + describe() + ", got " + source.describe());
    }
    requireWritable("copyFrom");
    unary(source, 1);
  }

  /**
   * Sets every element.
   *
   * @throws IllegalArgumentException if the type is an integer one and the value is no such integer
   */
  public void fill(double value) {
    requireWritable("fill");
    if (dtype.isFloating()) {
      unary(null, value);
      return;
    }
    requireInteger(value);
    try (Tensor one = empty(dtype);
        Tensor all = one.broadcastTo(shape)) {
      one.set(value);
      unary(all, 1);
    }
  }

  /** this = alpha * source, or alpha where there is no source. */
  private void unary(Tensor source, double alpha) {
    int operands = source == null ? 0 : 1;
    long[] all = new long[shape.length * (operands + 1)];
    if (source != null) {
      System.arraycopy(source.strides, 0, all, 0, shape.length);
    }
    System.arraycopy(strides, 0, all, shape.length * operands, shape.length);
    acquire();
    try {
      if (source != null) {
        source.acquire();
      }
      try {
        // After both are acquired: memory of a closed source may already be the target's.
        if (source != null && sharesElements(source)) {
          throw new IllegalArgumentException("copyFrom: source and target share elements");
        }
        if (!dtype.isFloating()) {
          Native.copy(dtype.ordinal(), shape, source.address(), source.strides, address(), strides);
          return;
        }
        long step = Native.createStep(dtype.ordinal(), operands, shape.length, shape, all, null);
        try {
          Native.runStep(step, source == null ? 0 : source.address(), 0, 0, address(), alpha, 0, 0);
        } finally {
          Native.destroyStep(step);
        }
      } finally {
        if (source != null) {
          source.release();
        }
      }
    } finally {
      release();
    }
  }

  /** The elements in row-major order. */
  public float[] toFloatArray() {
    requireType(DType.F32, "toFloatArray");
    float[] data = new float[arrayLength()];
    copyTo(data);
    return data;
  }

  /** The elements in row-major order. */
  public double[] toDoubleArray() {
    requireType(DType.F64, "toDoubleArray");
    double[] data = new double[arrayLength()];
    copyTo(data);
    return data;
  }

  /** The elements in row-major order. */
  public int[] toIntArray() {
    requireType(DType.I32, "toIntArray");
    int[] data = new int[arrayLength()];
    copyTo(IntBuffer.wrap(data));
    return data;
  }

  /** The elements in row-major order, of an I32 or I64 tensor. */
  public long[] toLongArray() {
    if (dtype == DType.I32) {
      return Arrays.stream(toIntArray()).asLongStream().toArray();
    }
    requireType(DType.I64, "toLongArray");
    long[] data = new long[arrayLength()];
    copyTo(LongBuffer.wrap(data));
    return data;
  }

  /** Writes the elements in row-major order to an array of exactly their number. */
  public void copyTo(float[] target) {
    copyTo(FloatBuffer.wrap(exact(Objects.requireNonNull(target, "target"), target.length)));
  }

  /** Writes the elements in row-major order to an array of exactly their number. */
  public void copyTo(double[] target) {
    copyTo(DoubleBuffer.wrap(exact(Objects.requireNonNull(target, "target"), target.length)));
  }

  /** Puts the elements in row-major order into a buffer, whose position moves behind them. */
  public void copyTo(FloatBuffer target) {
    requireType(DType.F32, "copyTo(FloatBuffer)");
    requireRoom(Objects.requireNonNull(target, "target").remaining());
    withContiguous(address -> Transfer.out(address, target, size()));
  }

  /** Puts the elements in row-major order into a buffer, whose position moves behind them. */
  public void copyTo(DoubleBuffer target) {
    requireType(DType.F64, "copyTo(DoubleBuffer)");
    requireRoom(Objects.requireNonNull(target, "target").remaining());
    withContiguous(address -> Transfer.out(address, target, size()));
  }

  /** Puts the elements in row-major order into a buffer, whose position moves behind them. */
  public void copyTo(IntBuffer target) {
    requireType(DType.I32, "copyTo(IntBuffer)");
    requireRoom(Objects.requireNonNull(target, "target").remaining());
    withContiguous(address -> Transfer.out(address, target, size()));
  }

  /** Puts the elements in row-major order into a buffer, whose position moves behind them. */
  public void copyTo(LongBuffer target) {
    requireType(DType.I64, "copyTo(LongBuffer)");
    requireRoom(Objects.requireNonNull(target, "target").remaining());
    withContiguous(address -> Transfer.out(address, target, size()));
  }

  private <T> T exact(T array, int length) {
    if (length != size()) {
      throw new IllegalArgumentException(
          "copyTo: the array has " + length + " elements, the tensor " + size());
    }
    return array;
  }

  private void requireRoom(long remaining) {
    if (remaining < size()) {
      throw new IllegalArgumentException(
          "copyTo: the buffer has room for " + remaining + " elements, the tensor has " + size());
    }
  }

  private int arrayLength() {
    long size = size();
    if (size > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "a Java array cannot hold the " + size + " elements of this tensor");
    }
    return (int) size;
  }

  private void requireType(DType needed, String what) {
    if (dtype != needed) {
      throw new IllegalArgumentException(
          what + " needs a tensor of type " + needed + ", this has " + dtype + "; to() converts");
    }
  }

  /** The element at an index; an I64 beyond 2^53 is rounded ({@link #getLong} is exact). */
  public double get(long... index) {
    long at = elementAddress(index);
    acquire();
    try {
      return Native.peek(at, dtype.ordinal());
    } finally {
      release();
    }
  }

  /** The element at an index of an integer tensor. */
  public long getLong(long... index) {
    if (dtype.isFloating()) {
      throw new IllegalArgumentException("getLong needs a tensor of integers, this has " + dtype);
    }
    long at = elementAddress(index);
    acquire();
    try {
      return Native.peekInteger(at, dtype.ordinal());
    } finally {
      release();
    }
  }

  /**
   * Sets the element at an index.
   *
   * @throws IllegalArgumentException if the type is an integer one and the value is no such integer
   */
  public void set(double value, long... index) {
    requireInteger(value);
    long at = elementAddress(index);
    acquire();
    try {
      Native.poke(at, dtype.ordinal(), value);
    } finally {
      release();
    }
  }

  /**
   * Sets the element at an index of an integer tensor.
   *
   * @throws IllegalArgumentException if the value is outside the type's range
   */
  public void setLong(long value, long... index) {
    if (dtype.isFloating() || (dtype == DType.I32 && value != (int) value)) {
      throw new IllegalArgumentException(
          "setLong needs a tensor of integers that can hold " + value + ", this has " + dtype);
    }
    long at = elementAddress(index);
    acquire();
    try {
      Native.pokeInteger(at, dtype.ordinal(), value);
    } finally {
      release();
    }
  }

  private void requireInteger(double value) {
    double limit = dtype == DType.I32 ? 0x1p31 : 0x1p63;
    if (!dtype.isFloating() && (value != Math.rint(value) || value < -limit || value >= limit)) {
      throw new IllegalArgumentException(
          "a tensor of type " + dtype + " cannot hold the value " + value);
    }
  }

  /** The only element of a tensor of size 1. */
  public double item() {
    if (size() != 1) {
      throw new IllegalArgumentException(
          "item() needs a tensor of one element, this has shape " + Arrays.toString(shape));
    }
    return get(new long[shape.length]);
  }

  private long elementAddress(long[] index) {
    Objects.requireNonNull(index, "index");
    if (index.length != shape.length) {
      throw new IllegalArgumentException(
          "an index of a tensor of rank "
              + shape.length
              + " needs as many numbers, got "
              + Arrays.toString(index));
    }
    long at = offset;
    for (int d = 0; d < index.length; d++) {
      long i = index[d] < 0 ? index[d] + shape[d] : index[d];
      if (i < 0 || i >= shape[d]) {
        throw new IndexOutOfBoundsException(
            "index " + Arrays.toString(index) + " is outside shape " + Arrays.toString(shape));
      }
      at += i * strides[d];
    }
    return storage.address() + at * dtype.bytes();
  }

  /** Writes a {@code .npy} file in C order: to a temporary name first, then moved into place. */
  public void writeNpy(Path file) throws IOException {
    Npy.write(this, Objects.requireNonNull(file, "file"));
  }

  /** Writes the tensor as {@code .npy} to a stream, which stays open. */
  public void writeNpy(OutputStream out) throws IOException {
    Npy.write(this, Objects.requireNonNull(out, "out"));
  }

  /** Writes tensors as a {@code .npz} file: to a temporary name first, then moved into place. */
  public static void writeNpz(Path file, Map<String, Tensor> tensors) throws IOException {
    Npy.writeNpz(Objects.requireNonNull(file, "file"), Objects.requireNonNull(tensors, "tensors"));
  }

  /** Like NumPy prints arrays, with the middle left out of large ones. */
  @Override
  public String toString() {
    if (isClosed()) {
      return "Tensor(" + describe() + ", closed)";
    }
    return TensorText.of(this);
  }

  /** Shape and type in words. */
  String describe() {
    return "shape=" + Arrays.toString(shape) + ", dtype=" + dtype;
  }

  @Override
  public void close() {
    closed = true;
    if (owner) {
      storage.close();
    }
  }

  // ---- for plans

  /** Counts a running call in; throws when closed. */
  void acquire() {
    if (closed) {
      throw new IllegalStateException("the tensor is closed");
    }
    storage.acquire();
  }

  /** Counts a running call out. */
  void release() {
    storage.release();
  }

  /** The shape, not to be changed. */
  long[] shapeRef() {
    return shape;
  }

  /** The strides, not to be changed. */
  long[] stridesRef() {
    return strides;
  }

  /** Whether the two have an element in common, on the safe side for large interleaved views. */
  boolean sharesElements(Tensor other) {
    if (storage != other.storage) {
      // Wrapped memory may be the same bytes under another storage: compare addresses.
      long from = storage.address();
      long otherFrom = other.storage.address();
      return from < otherFrom + other.storage.bytes()
          && otherFrom < from + storage.bytes()
          && rangesMeet(other);
    }
    return Overlap.mayShare(offset, shape, strides, other.offset, other.shape, other.strides);
  }

  private boolean rangesMeet(Tensor other) {
    long[] a = Views.range(shape, strides);
    long[] b = Views.range(other.shape, other.strides);
    if (a[1] < a[0] || b[1] < b[0]) {
      return false;
    }
    return address() + a[0] * dtype.bytes() < other.address() + (b[1] + 1) * other.dtype.bytes()
        && other.address() + b[0] * other.dtype.bytes() < address() + (a[1] + 1) * dtype.bytes();
  }

  /** Refuses a tensor some of whose elements are the same memory. */
  void requireWritable(String operation) {
    if (Overlap.selfOverlaps(shape, strides)) {
      throw new IllegalArgumentException(
          operation
              + ": the target of shape "
              + Arrays.toString(shape)
              + " and strides "
              + Arrays.toString(strides)
              + " addresses some element twice");
    }
  }

  /** The body of {@link #using}. */
  @FunctionalInterface
  interface AddressBody<E extends Exception> {
    /** Gets the address of the element [0, 0, ...]. */
    void accept(long address) throws E;
  }

  /**
   * Hands this tensor's address to {@code body} while no other thread's {@link #close} can free its
   * memory.
   *
   * @throws IllegalStateException if the tensor is closed
   */
  <E extends Exception> void using(AddressBody<E> body) throws E {
    acquire();
    try {
      body.accept(address());
    } finally {
      release();
    }
  }

  private void with(Runnable body) {
    acquire();
    try {
      body.run();
    } finally {
      release();
    }
  }

  private void withContiguous(java.util.function.LongConsumer body) {
    try (Tensor t = contiguous()) {
      t.acquire();
      try {
        body.accept(t.address());
      } finally {
        t.release();
      }
    }
  }
}
