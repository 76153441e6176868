// Public API: a strided view of native memory, and how to make, view, copy and print one.
package io.github.einblas;

import io.github.einblas.internal.io.Npy;
import io.github.einblas.internal.io.NpzFile;
import io.github.einblas.internal.tensor.Elements;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import io.github.einblas.internal.tensor.TensorText;
import io.github.einblas.internal.tensor.Transfer;
import io.github.einblas.internal.tensor.View;
import io.github.einblas.internal.tensor.Views;
import io.github.einblas.internal.tensor.Wrapped;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongConsumer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;

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
public final class Tensor implements AutoCloseable, Operand {
  private final Strided strided;

  Tensor(Strided strided) {
    this.strided = strided;
  }

  /** What the implementation knows of this tensor. */
  Strided strided() {
    return strided;
  }

  /** The core of a tensor, or null. */
  static Strided core(Tensor tensor) {
    return tensor == null ? null : tensor.strided;
  }

  /**
   * The cores of operands, in an array that nobody else has: what another thread puts into the
   * caller's array later is not used, so what was checked is what runs.
   */
  static Strided[] cores(Tensor[] operands) {
    return cores("operands", operands);
  }

  /** As {@link #cores(Tensor[])}, of an argument of another name. */
  static Strided[] cores(String name, Tensor[] tensors) {
    Strided[] cores = new Strided[Objects.requireNonNull(tensors, name).length];
    for (int i = 0; i < cores.length; i++) {
      cores[i] = core(tensors[i]);
    }
    return cores;
  }

  /** Doors to results. */
  static Tensor[] of(Strided[] results) {
    Tensor[] tensors = new Tensor[results.length];
    Arrays.setAll(tensors, i -> new Tensor(results[i]));
    return tensors;
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
    return new Tensor(Strided.empty(dtype, own));
  }

  /** A tensor of one value. */
  public static Tensor full(DType dtype, double value, long... shape) {
    Objects.requireNonNull(dtype, "dtype");
    return new Tensor(
        TensorCopy.full(dtype, value, Objects.requireNonNull(shape, "shape").clone()));
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
    return of(FloatBuffer.wrap(Objects.requireNonNull(data, "data")), shape);
  }

  /** Copies an array in row-major order; no shape given means rank 1. */
  public static Tensor of(double[] data, long... shape) {
    return of(DoubleBuffer.wrap(Objects.requireNonNull(data, "data")), shape);
  }

  /** Copies an array in row-major order; no shape given means rank 1. */
  public static Tensor of(int[] data, long... shape) {
    return of(IntBuffer.wrap(Objects.requireNonNull(data, "data")), shape);
  }

  /** Copies an array in row-major order; no shape given means rank 1. */
  public static Tensor of(long[] data, long... shape) {
    return of(LongBuffer.wrap(Objects.requireNonNull(data, "data")), shape);
  }

  /** Copies the remaining elements of a buffer in row-major order; no shape given means rank 1. */
  public static Tensor of(FloatBuffer data, long... shape) {
    Objects.requireNonNull(data, "data");
    FloatBuffer own = data.duplicate();
    return copyOf(DType.F32, own.remaining(), shape, at -> Transfer.in(own, at));
  }

  /** Copies the remaining elements of a buffer in row-major order; no shape given means rank 1. */
  public static Tensor of(DoubleBuffer data, long... shape) {
    Objects.requireNonNull(data, "data");
    DoubleBuffer own = data.duplicate();
    return copyOf(DType.F64, own.remaining(), shape, at -> Transfer.in(own, at));
  }

  /** Copies the remaining elements of a buffer in row-major order; no shape given means rank 1. */
  public static Tensor of(IntBuffer data, long... shape) {
    Objects.requireNonNull(data, "data");
    IntBuffer own = data.duplicate();
    return copyOf(DType.I32, own.remaining(), shape, at -> Transfer.in(own, at));
  }

  /** Copies the remaining elements of a buffer in row-major order; no shape given means rank 1. */
  public static Tensor of(LongBuffer data, long... shape) {
    Objects.requireNonNull(data, "data");
    LongBuffer own = data.duplicate();
    return copyOf(DType.I64, own.remaining(), shape, at -> Transfer.in(own, at));
  }

  /** Copies the elements from the pointer's position to its limit in row-major order. */
  public static Tensor of(FloatPointer data, long... shape) {
    return copyOf(wrap(data, shape));
  }

  /** Copies the elements from the pointer's position to its limit in row-major order. */
  public static Tensor of(DoublePointer data, long... shape) {
    return copyOf(wrap(data, shape));
  }

  private static Tensor copyOf(DType dtype, long elements, long[] shape, LongConsumer fill) {
    Strided t = Strided.empty(dtype, Views.shapeFor(shape, elements));
    t.using(fill::accept);
    return new Tensor(t);
  }

  private static Tensor copyOf(Tensor wrapped) {
    try (wrapped) {
      return wrapped.copy();
    }
  }

  /**
   * A tensor over the remaining elements of a direct buffer in native byte order, without copying.
   * The buffer is kept alive; closing the tensor does not free it. Over a read-only buffer the
   * tensor is {@linkplain #isReadOnly read-only}. The buffer of a memory segment can be used as
   * long as its arena is open, by the threads that the arena allows, and the arena must not be
   * closed while a call runs; a use after that throws {@link IllegalStateException}.
   *
   * @throws IllegalArgumentException if the buffer is on the heap or in the other byte order, or if
   *     the shape needs another number of elements
   */
  public static Tensor wrap(FloatBuffer data, long... shape) {
    Objects.requireNonNull(data, "data");
    return wrapped(DType.F32, Wrapped.of(data), shape);
  }

  /** As {@link #wrap(FloatBuffer, long...)}. */
  public static Tensor wrap(DoubleBuffer data, long... shape) {
    Objects.requireNonNull(data, "data");
    return wrapped(DType.F64, Wrapped.of(data), shape);
  }

  /** As {@link #wrap(FloatBuffer, long...)}. */
  public static Tensor wrap(IntBuffer data, long... shape) {
    Objects.requireNonNull(data, "data");
    return wrapped(DType.I32, Wrapped.of(data), shape);
  }

  /** As {@link #wrap(FloatBuffer, long...)}. */
  public static Tensor wrap(LongBuffer data, long... shape) {
    Objects.requireNonNull(data, "data");
    return wrapped(DType.I64, Wrapped.of(data), shape);
  }

  /**
   * A tensor over a pointer's memory from its position to its limit, without copying. The pointer
   * is kept alive and one reference to it held until the tensor is closed: its {@code close()} and
   * the end of its {@code PointerScope} leave the memory there. After {@code deallocate()}, which
   * frees it in any case and must not be called while a call runs, every use throws {@link
   * IllegalStateException}.
   *
   * @throws IllegalArgumentException if the pointer is null, its position or limit is outside its
   *     memory, or the shape needs another number of elements
   */
  public static Tensor wrap(FloatPointer data, long... shape) {
    Objects.requireNonNull(data, "data");
    return wrapped(DType.F32, Wrapped.of(data, DType.F32.bytes()), shape);
  }

  /** As {@link #wrap(FloatPointer, long...)}. */
  public static Tensor wrap(DoublePointer data, long... shape) {
    Objects.requireNonNull(data, "data");
    return wrapped(DType.F64, Wrapped.of(data, DType.F64.bytes()), shape);
  }

  private static Tensor wrapped(DType dtype, Wrapped data, long[] shape) {
    return new Tensor(Strided.wrap(dtype, data, shape));
  }

  /**
   * Reads a {@code .npy} file: any {@link DType}, either byte order, C or Fortran order. The file
   * may exceed the Java heap. Bytes behind the elements are ignored. An interrupted thread reads on
   * and stays interrupted.
   *
   * @throws NpyFormatException if it is no such file, naming it; no memory is taken for elements
   *     that the file does not hold
   */
  public static Tensor readNpy(Path file) throws IOException {
    return new Tensor(Npy.read(Objects.requireNonNull(file, "file")));
  }

  /**
   * Reads a {@code .npy} from a stream, which stays open behind the last element, also where the
   * thread is interrupted.
   */
  public static Tensor readNpy(InputStream in) throws IOException {
    return new Tensor(Npy.read(Objects.requireNonNull(in, "in"), "stream"));
  }

  /**
   * Reads one array of a {@code .npz} file by its name, with or without {@code .npy}: stored or
   * deflated, checked against its CRC-32, its header and its sizes.
   *
   * @throws NpyFormatException naming file, array and what is wrong
   */
  public static Tensor readNpz(Path file, String name) throws IOException {
    Objects.requireNonNull(name, "name");
    try (NpzFile arrays = NpzFile.open(Objects.requireNonNull(file, "file"))) {
      return new Tensor(arrays.read(name));
    }
  }

  /**
   * Reads all arrays of a {@code .npz} file, in file order; entries of folders are passed over.
   *
   * @throws NpyFormatException as {@link #readNpz(Path, String)}; also for a name that comes twice
   */
  public static Map<String, Tensor> readNpz(Path file) throws IOException {
    try (NpzFile arrays = NpzFile.open(Objects.requireNonNull(file, "file"))) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      arrays.readAll().forEach((name, core) -> tensors.put(name, new Tensor(core)));
      return tensors;
    }
  }

  // ---- facts

  /** Type of the elements. */
  @Override
  public DType dtype() {
    return strided.dtype();
  }

  /** Lengths of the axes (a copy). */
  @Override
  public long[] shape() {
    return strided.shape().clone();
  }

  /** Strides of the axes in elements (a copy). */
  public long[] strides() {
    return strided.strides().clone();
  }

  /** Number of axes. */
  public int rank() {
    return strided.rank();
  }

  /** Length of one axis. */
  public long length(int axis) {
    return strided.length(axis);
  }

  /** Number of elements. */
  public long size() {
    return strided.size();
  }

  /** Bytes of all elements; {@link Long#MAX_VALUE} where a broadcast view has more. */
  public long nbytes() {
    return strided.nbytes();
  }

  /** Whether the elements lie in row-major order without gaps. */
  public boolean isContiguous() {
    return strided.isContiguous();
  }

  /** Whether this tensor, or the one whose memory it views, was closed. */
  public boolean isClosed() {
    return strided.isClosed();
  }

  /**
   * Whether the memory is that of a read-only buffer, so that every operation that would write to
   * this tensor or a view of it throws {@link IllegalArgumentException}.
   */
  public boolean isReadOnly() {
    return strided.isReadOnly();
  }

  /** Address of the element [0, 0, ...]; valid until the tensor is closed. */
  public long address() {
    return strided.address();
  }

  // ---- views

  /** The axes in another order: axis i of the view is axis {@code axes[i]} of this. */
  public Tensor permute(int... axes) {
    return view(strided.geometry().permute(Objects.requireNonNull(axes, "axes")));
  }

  /** The axes in reverse order. */
  public Tensor transpose() {
    return view(strided.geometry().transpose());
  }

  /**
   * Python's {@code start:stop:step} of one axis: negative numbers count from the end, bounds are
   * clipped.
   */
  public Tensor slice(int axis, long start, long stop, long step) {
    return view(strided.geometry().slice(axis, start, stop, step));
  }

  /** Python's {@code start:stop} of one axis. */
  public Tensor slice(int axis, long start, long stop) {
    return slice(axis, start, stop, 1);
  }

  /** One index of an axis, which is dropped. */
  public Tensor select(int axis, long index) {
    return view(strided.geometry().select(axis, index));
  }

  /** One axis backwards. */
  public Tensor flip(int axis) {
    return view(strided.geometry().flip(axis));
  }

  /**
   * The same elements in row-major order under another shape; one length may be -1.
   *
   * @throws IllegalArgumentException if the sizes differ, or if the strides allow it only as a copy
   */
  public Tensor reshape(long... newShape) {
    return view(strided.geometry().reshape(Objects.requireNonNull(newShape, "newShape")));
  }

  /** Without the axes of length 1. */
  public Tensor squeeze() {
    return view(strided.geometry().squeeze());
  }

  /** Without the given axes, which must have length 1. */
  public Tensor squeeze(int... axes) {
    return view(strided.geometry().squeeze(Objects.requireNonNull(axes, "axes")));
  }

  /** With a new axis of length 1 before the given one; the rank puts it last. */
  public Tensor unsqueeze(int axis) {
    return view(strided.geometry().unsqueeze(axis));
  }

  /**
   * Axes of length 1, and new leading ones, repeated to another shape with stride 0 (NumPy's
   * broadcast_to).
   */
  public Tensor broadcastTo(long... newShape) {
    return view(strided.geometry().broadcastTo(Objects.requireNonNull(newShape, "newShape")));
  }

  /** The elements whose indices on both axes agree; the new axis comes last. */
  public Tensor diagonal(int axis1, int axis2) {
    return view(strided.geometry().diagonal(axis1, axis2));
  }

  /**
   * Any strided view of this tensor's memory.
   *
   * @param newOffset elements from the start of the memory to the element [0, 0, ...]
   * @throws IllegalArgumentException if an element would lie outside the memory
   */
  public Tensor asStrided(long newOffset, long[] newShape, long[] newStrides) {
    Objects.requireNonNull(newShape, "newShape");
    Objects.requireNonNull(newStrides, "newStrides");
    return new Tensor(strided.asStrided(newOffset, newShape, newStrides));
  }

  private Tensor view(View v) {
    return new Tensor(strided.view(v));
  }

  // ---- copies and elements

  /** A contiguous copy. */
  public Tensor copy() {
    return new Tensor(TensorCopy.copy(strided));
  }

  /**
   * A contiguous tensor of the same elements: a view of this when it is contiguous, else a copy.
   */
  public Tensor contiguous() {
    return new Tensor(TensorCopy.contiguous(strided));
  }

  /**
   * A contiguous copy with another element type. To F32 and F64 it rounds to nearest; from those to
   * an integer type it rounds towards 0 and clips to the type's range, as Java's casts do.
   *
   * @throws ArithmeticException if an I64 does not fit I32
   */
  public Tensor to(DType newType) {
    return new Tensor(TensorCopy.convert(strided, Objects.requireNonNull(newType, "newType")));
  }

  /**
   * Copies the elements of a tensor of the same shape and type into this one.
   *
   * @throws IllegalArgumentException if shape or type differ, or if the two share elements
   */
  public void copyFrom(Tensor source) {
    TensorCopy.copy(Objects.requireNonNull(source, "source").strided, strided);
  }

  /**
   * Sets every element.
   *
   * @throws IllegalArgumentException if the type is an integer one and the value is no such integer
   */
  public void fill(double value) {
    TensorCopy.fill(strided, value);
  }

  /** The elements in row-major order. */
  public float[] toFloatArray() {
    float[] data = TensorCopy.array(strided, DType.F32, "toFloatArray", float[]::new);
    copyTo(data);
    return data;
  }

  /** The elements in row-major order. */
  public double[] toDoubleArray() {
    double[] data = TensorCopy.array(strided, DType.F64, "toDoubleArray", double[]::new);
    copyTo(data);
    return data;
  }

  /** The elements in row-major order. */
  public int[] toIntArray() {
    int[] data = TensorCopy.array(strided, DType.I32, "toIntArray", int[]::new);
    copyTo(IntBuffer.wrap(data));
    return data;
  }

  /** The elements in row-major order, of an I32 or I64 tensor. */
  public long[] toLongArray() {
    if (dtype() == DType.I32) {
      int[] narrow = toIntArray();
      long[] wide = TensorCopy.array(strided, DType.I32, "toLongArray", long[]::new);
      Arrays.setAll(wide, i -> narrow[i]);
      return wide;
    }
    long[] data = TensorCopy.array(strided, DType.I64, "toLongArray", long[]::new);
    copyTo(LongBuffer.wrap(data));
    return data;
  }

  /** Writes the elements in row-major order to an array of exactly their number. */
  public void copyTo(float[] target) {
    copyTo(
        FloatBuffer.wrap(
            TensorCopy.exact(strided, Objects.requireNonNull(target, "target"), target.length)));
  }

  /** Writes the elements in row-major order to an array of exactly their number. */
  public void copyTo(double[] target) {
    copyTo(
        DoubleBuffer.wrap(
            TensorCopy.exact(strided, Objects.requireNonNull(target, "target"), target.length)));
  }

  /**
   * Puts the elements in row-major order into a buffer, whose position moves behind them.
   *
   * @throws IllegalArgumentException if the buffer has no room for them, is read-only, or is of
   *     another type
   */
  public void copyTo(FloatBuffer target) {
    FloatBuffer own = TensorCopy.writable(target).duplicate();
    TensorCopy.out(
        strided,
        DType.F32,
        "FloatBuffer",
        own.remaining(),
        from -> Transfer.out(from, own, size()));
    target.position(own.position());
  }

  /**
   * Puts the elements in row-major order into a buffer, whose position moves behind them.
   *
   * @throws IllegalArgumentException if the buffer has no room for them, is read-only, or is of
   *     another type
   */
  public void copyTo(DoubleBuffer target) {
    DoubleBuffer own = TensorCopy.writable(target).duplicate();
    TensorCopy.out(
        strided,
        DType.F64,
        "DoubleBuffer",
        own.remaining(),
        from -> Transfer.out(from, own, size()));
    target.position(own.position());
  }

  /**
   * Puts the elements in row-major order into a buffer, whose position moves behind them.
   *
   * @throws IllegalArgumentException if the buffer has no room for them, is read-only, or is of
   *     another type
   */
  public void copyTo(IntBuffer target) {
    IntBuffer own = TensorCopy.writable(target).duplicate();
    TensorCopy.out(
        strided, DType.I32, "IntBuffer", own.remaining(), from -> Transfer.out(from, own, size()));
    target.position(own.position());
  }

  /**
   * Puts the elements in row-major order into a buffer, whose position moves behind them.
   *
   * @throws IllegalArgumentException if the buffer has no room for them, is read-only, or is of
   *     another type
   */
  public void copyTo(LongBuffer target) {
    LongBuffer own = TensorCopy.writable(target).duplicate();
    TensorCopy.out(
        strided, DType.I64, "LongBuffer", own.remaining(), from -> Transfer.out(from, own, size()));
    target.position(own.position());
  }

  /** The element at an index; an I64 beyond 2^53 is rounded ({@link #getLong} is exact). */
  public double get(long... index) {
    return Elements.get(strided, Objects.requireNonNull(index, "index"));
  }

  /** The element at an index of an integer tensor. */
  public long getLong(long... index) {
    return Elements.getLong(strided, Objects.requireNonNull(index, "index"));
  }

  /**
   * Sets the element at an index.
   *
   * @throws IllegalArgumentException if the type is an integer one and the value is no such integer
   */
  public void set(double value, long... index) {
    Elements.set(strided, value, Objects.requireNonNull(index, "index"));
  }

  /**
   * Sets the element at an index of an integer tensor.
   *
   * @throws IllegalArgumentException if the value is outside the type's range
   */
  public void setLong(long value, long... index) {
    Elements.setLong(strided, value, Objects.requireNonNull(index, "index"));
  }

  /** The only element of a tensor of size 1. */
  public double item() {
    if (size() != 1) {
      throw new IllegalArgumentException(
          "item() needs a tensor of one element, this has shape "
              + Arrays.toString(strided.shape()));
    }
    return get(new long[rank()]);
  }

  /**
   * Writes a {@code .npy} file, whole or not at all.
   *
   * <p>A regular file is written to a temporary name beside it (<code>.einblas-*.part</code>) and
   * moved into place; the owner, group and mode of a file that was there are kept as far as the
   * user may. A symbolic link stays and what it points to is written; a device, a pipe or standard
   * output is written into. A failure leaves what was there. Interrupting the thread stops nothing.
   * A process that is killed leaves its temporary file, which the next write in that folder
   * deletes.
   *
   * @param options {@link WriteOption#SYNC} to outlive a crash of the machine
   * @throws IOException if the file cannot be written; it names the file
   */
  public void writeNpy(Path file, WriteOption... options) throws IOException {
    Npy.write(strided, Objects.requireNonNull(file, "file"), options);
  }

  /** Writes the tensor as {@code .npy} to a stream, which stays open. */
  public void writeNpy(OutputStream out) throws IOException {
    Npy.write(strided, Objects.requireNonNull(out, "out"));
  }

  /**
   * Writes tensors as a {@code .npz} file, uncompressed, in the way of {@link #writeNpy(Path,
   * WriteOption...)}.
   *
   * @param tensors by name; each is written as the member {@code name.npy}
   * @throws IllegalArgumentException if a name does not fit an archive
   * @throws IllegalStateException if a tensor is closed
   */
  public static void writeNpz(Path file, Map<String, Tensor> tensors, WriteOption... options)
      throws IOException {
    Objects.requireNonNull(file, "file");
    Map<String, Strided> cores = new LinkedHashMap<>();
    Objects.requireNonNull(tensors, "tensors").forEach((name, t) -> cores.put(name, core(t)));
    NpzFile.write(file, cores, Map.of(), Npy.sync(options));
  }

  /**
   * Like NumPy prints arrays, with the middle left out of large ones, and with the elements left
   * out of those whose many short axes would make the text endless.
   */
  @Override
  public String toString() {
    if (isClosed()) {
      return "Tensor(" + strided.describe() + ", closed)";
    }
    try {
      return TensorText.of(strided);
    } catch (IllegalStateException e) {
      return "Tensor(" + strided.describe() + ", closed)"; // meanwhile
    }
  }

  @Override
  public void close() {
    strided.close();
  }
}
