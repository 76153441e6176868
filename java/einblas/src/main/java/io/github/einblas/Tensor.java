// Public API: a strided view of native memory, and how to make, view, copy and print one.
package io.github.einblas;

import io.github.einblas.internal.io.DataStreams;
import io.github.einblas.internal.io.Npy;
import io.github.einblas.internal.io.NpzFile;
import io.github.einblas.internal.plan.PlanChecks;
import io.github.einblas.internal.tensor.Elements;
import io.github.einblas.internal.tensor.Exported;
import io.github.einblas.internal.tensor.Nested;
import io.github.einblas.internal.tensor.Scope;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorArrays;
import io.github.einblas.internal.tensor.TensorCopy;
import io.github.einblas.internal.tensor.TensorText;
import io.github.einblas.internal.tensor.View;
import io.github.einblas.internal.tensor.Wrapped;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;

/**
 * An n-dimensional array of {@link DType} elements in 64-byte aligned native memory, or a view of
 * one.
 *
 * <p>Views share memory and never copy. Strides count elements and may be negative or 0. Memory has
 * one owner, the tensor that made it or the view that {@link #owning} made the owner: closing the
 * owner frees it at once and ends all its views, closing another view ends that view alone. What is
 * never closed is freed some time after it became unreachable, or at the end of a {@link
 * TensorScope}. Every use of a closed tensor throws {@link IllegalStateException}.
 *
 * <p>Axis numbers may be negative and then count from the end. Thread-safe as far as the elements
 * are not written by two threads at once.
 *
 * <pre>{@code
 * try (Tensor x = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
 *     Tensor half = x.to(DType.BF16);
 *     Tensor z = Tensor.ofComplex(new double[] {1, 2, 3, -4}); // 1 + 2i, 3 - 4i
 *     Tensor conj = z.conj()) {
 *   half.toFloatArray(); // 1, 2, 3, 4
 *   conj.getImag(1); // 4
 * }
 * }</pre>
 */
public final class Tensor implements AutoCloseable, Operand {
  private final Strided strided;

  Tensor(Strided strided) {
    this.strided = strided;
    Scope.made(strided);
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

  /**
   * The sets' operands in one array: asked of the list once, and copied before they are checked.
   */
  static Strided[] cores(PlanChecks checks, int n, List<Tensor[]> sets) {
    Tensor[][] given = Objects.requireNonNull(sets, "sets").toArray(new Tensor[0][]).clone();
    Strided[] own = checks.sets(given.length);
    for (int s = 0; s < given.length; s++) {
      Tensor[] set = given[s];
      if (set == null) {
        throw new NullPointerException(checks.where() + "set " + s + " is null");
      }
      checks.count(set.length);
      for (int i = 0; i < n; i++) {
        own[s * n + i] = core(set[i]);
      }
    }
    return own;
  }

  /** Doors to results. */
  static Tensor[] of(Strided[] results) {
    Tensor[] tensors = new Tensor[results.length];
    Arrays.setAll(tensors, i -> new Tensor(results[i]));
    return tensors;
  }

  // ---- made from data

  /**
   * {@return an uninitialised tensor}
   *
   * @param dtype type of the elements
   * @param shape lengths of the axes
   * @throws NativeMemoryException if the machine has not that much memory free
   */
  public static Tensor empty(DType dtype, long... shape) {
    Objects.requireNonNull(dtype, "dtype");
    long[] own = Objects.requireNonNull(shape, "shape").clone();
    return new Tensor(Strided.empty(dtype, own));
  }

  /**
   * {@return a tensor of one value, rounded to the type; of a complex type without an imaginary
   * part}
   *
   * @param dtype type of the elements
   * @param value value of each element
   * @param shape lengths of the axes
   * @throws IllegalArgumentException if the type is an integer one, or BOOL with its 0 and 1, and
   *     does not hold the value
   */
  public static Tensor full(DType dtype, double value, long... shape) {
    Objects.requireNonNull(dtype, "dtype");
    return new Tensor(
        TensorCopy.full(dtype, value, Objects.requireNonNull(shape, "shape").clone()));
  }

  /**
   * {@return a tensor of zeros}
   *
   * @param dtype type of the elements
   * @param shape lengths of the axes
   */
  public static Tensor zeros(DType dtype, long... shape) {
    return full(dtype, 0, shape);
  }

  /**
   * {@return a tensor of ones}
   *
   * @param dtype type of the elements
   * @param shape lengths of the axes
   */
  public static Tensor ones(DType dtype, long... shape) {
    return full(dtype, 1, shape);
  }

  /**
   * {@return a tensor of rank 0}
   *
   * @param dtype type of the elements
   * @param value value of the element
   */
  public static Tensor scalar(DType dtype, double value) {
    return full(dtype, value);
  }

  /**
   * Copies an array in row-major order as F32; no shape given means rank 1.
   *
   * @param data elements in C order, which are copied
   * @param shape lengths of the axes
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor of(float[] data, long... shape) {
    return of(FloatBuffer.wrap(Objects.requireNonNull(data, "data")), shape);
  }

  /**
   * Copies an array in row-major order as F64; no shape given means rank 1.
   *
   * @param data elements in C order, which are copied
   * @param shape lengths of the axes
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor of(double[] data, long... shape) {
    return of(DoubleBuffer.wrap(Objects.requireNonNull(data, "data")), shape);
  }

  /**
   * Copies the rows of a matrix as F64.
   *
   * @param rows all of one length
   * @return a new tensor, to be closed by the caller
   * @throws IllegalArgumentException if they have different lengths
   */
  public static Tensor of(double[][] rows) {
    return new Tensor(Nested.of(rows));
  }

  /**
   * As {@link #of(double[][])}, as F32.
   *
   * @param rows all of one length
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor of(float[][] rows) {
    return new Tensor(Nested.of(rows));
  }

  /**
   * Copies an array in row-major order as I32; no shape given means rank 1.
   *
   * @param data elements in C order, which are copied
   * @param shape lengths of the axes
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor of(int[] data, long... shape) {
    return of(IntBuffer.wrap(Objects.requireNonNull(data, "data")), shape);
  }

  /**
   * Copies an array in row-major order as I64; no shape given means rank 1.
   *
   * @param data elements in C order, which are copied
   * @param shape lengths of the axes
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor of(long[] data, long... shape) {
    return of(LongBuffer.wrap(Objects.requireNonNull(data, "data")), shape);
  }

  /**
   * Copies an array in row-major order as I16; no shape given means rank 1.
   *
   * @param data elements in C order, which are copied
   * @param shape lengths of the axes
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor of(short[] data, long... shape) {
    return of(ShortBuffer.wrap(Objects.requireNonNull(data, "data")), shape);
  }

  /**
   * Copies an array in row-major order as I8; no shape given means rank 1.
   *
   * @param data elements in C order, which are copied
   * @param shape lengths of the axes
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor of(byte[] data, long... shape) {
    return of(DType.I8, ByteBuffer.wrap(Objects.requireNonNull(data, "data")), shape);
  }

  /**
   * Copies an array in row-major order as U8, a byte of -1 as 255; no shape means rank 1.
   *
   * @param data elements in C order
   * @param shape lengths of the axes
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor ofUnsigned(byte[] data, long... shape) {
    return of(DType.U8, ByteBuffer.wrap(Objects.requireNonNull(data, "data")), shape);
  }

  /**
   * Copies an array in row-major order as BOOL; no shape given means rank 1.
   *
   * @param data elements in C order, which are copied
   * @param shape lengths of the axes
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor of(boolean[] data, long... shape) {
    return new Tensor(TensorArrays.of(data, shape));
  }

  /**
   * Copies the bits of 16-bit floating-point numbers; no shape given means rank 1.
   *
   * <pre>{@code
   * Tensor one = Tensor.ofBits(DType.BF16, new short[] {0x3f80}); // 1.
   * }</pre>
   *
   * @param type type of the elements
   * @param bits upper half of an F32, or IEEE half, of each element
   * @param shape lengths of the axes
   * @return a new tensor, to be closed by the caller
   * @throws IllegalArgumentException if the type is not BF16 or F16
   */
  public static Tensor ofBits(DType type, short[] bits, long... shape) {
    return new Tensor(TensorArrays.ofBits(type, bits, shape));
  }

  /**
   * Copies complex numbers as C64: real and imaginary parts in turn, two for each element; no shape
   * given means rank 1.
   *
   * @param parts real and imaginary parts in turn
   * @param shape lengths of the axes
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor ofComplex(float[] parts, long... shape) {
    return of(DType.C64, FloatBuffer.wrap(Objects.requireNonNull(parts, "parts")), shape);
  }

  /**
   * As {@link #ofComplex(float[], long...)}, as C128.
   *
   * @param parts real and imaginary parts in turn
   * @param shape lengths of the axes
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor ofComplex(double[] parts, long... shape) {
    return of(DType.C128, DoubleBuffer.wrap(Objects.requireNonNull(parts, "parts")), shape);
  }

  /**
   * {@return a new tensor of C64 or C128 from its real and imaginary parts}
   *
   * @param real real parts
   * @param imag imaginary parts of the same shape and type
   * @throws IllegalArgumentException if the shapes differ, or both are not F32 or both F64
   */
  public static Tensor complex(Tensor real, Tensor imag) {
    Strided re = Objects.requireNonNull(real, "real").strided;
    return new Tensor(TensorCopy.complex(re, Objects.requireNonNull(imag, "imag").strided));
  }

  /**
   * Copies the remaining elements of a buffer in row-major order, as the type of its numbers (I16
   * of a ShortBuffer); no shape given means rank 1.
   *
   * @param data elements in C order, which are copied
   * @param shape lengths of the axes
   * @return a new tensor, to be closed by the caller
   * @throws IllegalArgumentException for a ByteBuffer, which needs {@link #of(DType, Buffer,
   *     long...)}
   */
  public static Tensor of(Buffer data, long... shape) {
    return new Tensor(TensorArrays.of(data, shape));
  }

  /**
   * Copies the remaining elements of a buffer in row-major order; no shape given means rank 1.
   *
   * <p>A ShortBuffer holds I16 or the bits of BF16 and F16, a FloatBuffer F32 or the parts of C64
   * in turn, a DoubleBuffer F64 or those of C128, a ByteBuffer in native order the bytes of any
   * type.
   *
   * @param type type of the elements
   * @param data elements in C order, which are copied
   * @param shape lengths of the axes
   * @return a new tensor, to be closed by the caller
   * @throws IllegalArgumentException if the buffer does not hold that type
   */
  public static Tensor of(DType type, Buffer data, long... shape) {
    return new Tensor(TensorArrays.of(type, data, shape));
  }

  /**
   * Copies the elements from the pointer's position to its limit in row-major order.
   *
   * @param data elements in C order, which are copied
   * @param shape lengths of the axes
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor of(FloatPointer data, long... shape) {
    return copyOf(wrap(data, shape));
  }

  /**
   * Copies the elements from the pointer's position to its limit in row-major order.
   *
   * @param data elements in C order, which are copied
   * @param shape lengths of the axes
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor of(DoublePointer data, long... shape) {
    return copyOf(wrap(data, shape));
  }

  private static Tensor copyOf(Tensor wrapped) {
    try (wrapped) {
      return wrapped.copy();
    }
  }

  /**
   * {@return a tensor over the remaining elements of a direct buffer in native byte order, without
   * copying} The buffer is kept alive; closing the tensor does not free it. Over a read-only buffer
   * the tensor is {@linkplain #isReadOnly read-only}. The buffer of a memory segment can be used as
   * long as its arena is open, by the threads that the arena allows, and the arena must not be
   * closed while a call runs; a use after that throws {@link IllegalStateException}.
   *
   * @param data memory that the tensor lies over
   * @param shape lengths of the axes
   * @throws IllegalArgumentException if the buffer is on the heap or in the other byte order, or if
   *     the shape needs another number of elements, or for a ByteBuffer, which needs {@link
   *     #wrap(DType, Buffer, long...)}
   */
  public static Tensor wrap(Buffer data, long... shape) {
    return new Tensor(TensorArrays.wrap(data, shape));
  }

  /**
   * As {@link #wrap(Buffer, long...)}, for elements of a type that the buffer holds as {@link
   * #of(DType, Buffer, long...)} has it.
   *
   * <pre>{@code
   * ByteBuffer weights = channel.map(READ_ONLY, offset, bytes).order(ByteOrder.nativeOrder());
   * Tensor w = Tensor.wrap(DType.BF16, weights, 4096, 4096);
   * }</pre>
   *
   * @param type type of the elements
   * @param data memory that the tensor lies over
   * @param shape lengths of the axes
   * @return a tensor over that memory
   */
  public static Tensor wrap(DType type, Buffer data, long... shape) {
    return new Tensor(TensorArrays.wrap(type, data, shape));
  }

  /**
   * {@return a tensor over a pointer's memory from its position to its limit, without copying} The
   * pointer is kept alive and one reference to it held until the tensor is closed: its {@code
   * close()} and the end of its {@code PointerScope} leave the memory there. After {@code
   * deallocate()}, which frees it in any case and must not be called while a call runs, every use
   * throws {@link IllegalStateException}.
   *
   * @param data memory that the tensor lies over
   * @param shape lengths of the axes
   * @throws IllegalArgumentException if the pointer is null, its position or limit is outside its
   *     memory, or the shape needs another number of elements
   */
  public static Tensor wrap(FloatPointer data, long... shape) {
    Objects.requireNonNull(data, "data");
    return wrapped(DType.F32, Wrapped.of(data, DType.F32.bytes()), shape);
  }

  /**
   * As {@link #wrap(FloatPointer, long...)}.
   *
   * @param data memory that the tensor lies over
   * @param shape lengths of the axes
   * @return a tensor over that memory
   */
  public static Tensor wrap(DoublePointer data, long... shape) {
    Objects.requireNonNull(data, "data");
    return wrapped(DType.F64, Wrapped.of(data, DType.F64.bytes()), shape);
  }

  /**
   * {@return a tensor over a {@code java.lang.foreign.MemorySegment} of native memory, of any size,
   * without copying; on JDK 22 and later} The segment is kept alive; closing the tensor does not
   * end it. It can be used as long as the segment's arena is open, by the threads that the arena
   * allows; a use after that throws {@link IllegalStateException}. The arena must not be closed
   * while a call runs. Over a read-only segment the tensor is {@linkplain #isReadOnly read-only}.
   *
   * <pre>{@code
   * MemorySegment segment = arena.allocate(4L * rows * columns, 64);
   * Tensor t = Tensor.wrapSegment(DType.F32, segment, rows, columns);
   * }</pre>
   *
   * @param type type of the elements
   * @param segment a MemorySegment; the type is not named, as JDK 17 has none
   * @param shape lengths of the axes
   * @throws IllegalArgumentException if it is none, on the heap or not aligned, or the shape needs
   *     another number of elements
   * @throws IllegalStateException if the arena is closed; before JDK 22
   */
  public static Tensor wrapSegment(DType type, Object segment, long... shape) {
    Objects.requireNonNull(type, "type");
    Objects.requireNonNull(segment, "segment");
    Objects.requireNonNull(shape, "shape");
    return wrapped(type, Wrapped.ofSegment(type, segment), shape);
  }

  private static Tensor wrapped(DType dtype, Wrapped data, long[] shape) {
    return new Tensor(Strided.wrap(dtype, data, shape));
  }

  /**
   * Reads a {@code .npy} file: any {@link DType}, either byte order, C or Fortran order. The file
   * may exceed the Java heap. Bytes behind the elements are ignored. An interrupted thread reads on
   * and stays interrupted.
   *
   * @param file path of the file
   * @return a new tensor, to be closed by the caller
   * @throws NpyFormatException if it is no such file, naming it; no memory is taken for elements
   *     that the file does not hold
   */
  public static Tensor readNpy(Path file) throws IOException {
    return new Tensor(Npy.read(Objects.requireNonNull(file, "file")));
  }

  /**
   * {@return a tensor over the elements of a {@code .npy} file, which is mapped into memory:
   * nothing is read before it is used, and the file may exceed heap and memory}
   *
   * <pre>{@code
   * try (Tensor t = Tensor.map(Path.of("big.npy"), FileChannel.MapMode.READ_ONLY);
   *     Tensor sums = Einsum.einsum("ij->i", t)) {
   *   System.out.println(sums);
   * }
   * }</pre>
   *
   * <p>The file must not be cut while it is mapped. Before JDK 22 the mapping ends when the
   * collector finds it, some time after {@link #close}.
   *
   * @param file path of the file
   * @param mode {@code READ_ONLY} for a {@linkplain #isReadOnly read-only} tensor; {@code
   *     READ_WRITE} for one whose changes the file gets; {@code PRIVATE} for one whose changes it
   *     does not get
   * @throws NpyFormatException if it is no such file, or its elements are in the other byte order
   *     or not aligned, which {@link #readNpy(Path)} reads
   */
  public static Tensor map(Path file, FileChannel.MapMode mode) throws IOException {
    Objects.requireNonNull(mode, "mode");
    return new Tensor(Npy.map(Objects.requireNonNull(file, "file"), mode));
  }

  /**
   * As {@link #map(Path, FileChannel.MapMode)}, read-only.
   *
   * @param file path of the file
   * @return a new tensor, to be closed by the caller
   * @throws IOException if it cannot be read
   */
  public static Tensor map(Path file) throws IOException {
    return map(file, FileChannel.MapMode.READ_ONLY);
  }

  /**
   * Reads a {@code .npy} from a stream, which stays open behind the last element, also where the
   * thread is interrupted.
   *
   * @param in stream, read from where it stands
   * @return a new tensor, to be closed by the caller
   * @throws IOException if it cannot be read
   */
  public static Tensor readNpy(InputStream in) throws IOException {
    return new Tensor(Npy.read(Objects.requireNonNull(in, "in"), "stream"));
  }

  /**
   * Reads what {@link #writeTo} wrote, and nothing behind it: {@code Externalizable} blocks, Kryo
   * and Hadoop's {@code Writable} hand out such inputs. Any {@code .npy} can be read so.
   *
   * @param in stream, read from where it stands
   * @return a new tensor, to be closed by the caller
   * @throws NpyFormatException if that is no {@code .npy}, or ends before its last element
   */
  public static Tensor readFrom(DataInput in) throws IOException {
    return new Tensor(Npy.read(DataStreams.from(Objects.requireNonNull(in, "in")), "input"));
  }

  /**
   * Reads one array of a {@code .npz} file by its name, with or without {@code .npy}: stored or
   * deflated, checked against its CRC-32, its header and its sizes.
   *
   * @param file path of the file
   * @param name name of the array
   * @return a new tensor, to be closed by the caller
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
   * @param file path of the file
   * @return the tensors by their names
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

  /** {@return strides of the axes in elements (a copy)} */
  public long[] strides() {
    return strided.strides().clone();
  }

  /** {@return number of axes} */
  public int rank() {
    return strided.rank();
  }

  /**
   * {@return length of one axis}
   *
   * @param axis number of the axis, negative from the end
   */
  public long length(int axis) {
    return strided.length(axis);
  }

  /** {@return number of elements} */
  public long size() {
    return strided.size();
  }

  /** {@return bytes of all elements; {@link Long#MAX_VALUE} where a broadcast view has more} */
  public long nbytes() {
    return strided.nbytes();
  }

  /** {@return whether the elements lie in row-major order without gaps} */
  public boolean isContiguous() {
    return strided.isContiguous();
  }

  /** {@return whether this tensor, or the one whose memory it views, was closed} */
  public boolean isClosed() {
    return strided.isClosed();
  }

  /**
   * {@return whether the memory is that of a read-only buffer or file, so that every operation that
   * would write to this tensor or a view of it throws {@link IllegalArgumentException}}
   */
  public boolean isReadOnly() {
    return strided.isReadOnly();
  }

  /**
   * {@return whether this is a view whose elements are the conjugates of what lies in memory, made
   * by {@link #conj}} Nothing can be written to it.
   */
  public boolean isConjugate() {
    return strided.isConjugate();
  }

  /** {@return address of the element [0, 0, ...]; valid until the tensor is closed} */
  public long address() {
    return strided.address();
  }

  /**
   * {@return the memory of a contiguous tensor as a direct buffer in native byte order, without
   * copying; read-only where the tensor is} The memory stays until buffer and slices of it are
   * unreachable, also where the tensor is closed before.
   *
   * @throws IllegalArgumentException if the tensor is not contiguous, a conjugate view, larger than
   *     2^31 - 1 bytes, or over wrapped memory, which its owner may free
   */
  public ByteBuffer asBuffer() {
    return Exported.buffer(strided);
  }

  /**
   * {@return the memory of a contiguous tensor as a {@code java.lang.foreign.MemorySegment},
   * without copying; read-only where the tensor is} The memory stays until the arena is closed,
   * also where the tensor is closed before. Java calls this a restricted method: {@code
   * --enable-native-access}.
   *
   * <pre>{@code
   * try (Arena arena = Arena.ofConfined()) {
   *   MemorySegment s = tensor.asSegment(MemorySegment.class, arena);
   * }
   * }</pre>
   *
   * @param type {@code MemorySegment.class}, which code for JDK 17 cannot name
   * @param arena an open {@code java.lang.foreign.Arena}
   * @param <S> MemorySegment
   * @throws IllegalArgumentException as {@link #asBuffer}, whatever the size; if the two arguments
   *     are not what they should be
   * @throws IllegalStateException if the tensor or the arena is closed; before JDK 22
   */
  public <S> S asSegment(Class<S> type, Object arena) {
    Objects.requireNonNull(type, "type");
    return type.cast(Exported.segment(strided, type, Objects.requireNonNull(arena, "arena")));
  }

  // ---- views

  /**
   * {@return the axes in another order: axis i of the view is axis {@code axes[i]} of this}
   *
   * @param axes each axis once, in the new order
   */
  public Tensor permute(int... axes) {
    return view(strided.geometry().permute(Objects.requireNonNull(axes, "axes")));
  }

  /** {@return the axes in reverse order} */
  public Tensor transpose() {
    return view(strided.geometry().transpose());
  }

  /**
   * {@return Python's {@code start:stop:step} of one axis: negative numbers count from the end,
   * bounds are clipped}
   *
   * @param axis number of the axis, negative from the end
   * @param start first index, negative from the end
   * @param stop index behind the last one
   * @param step distance of indices, not 0
   */
  public Tensor slice(int axis, long start, long stop, long step) {
    return view(strided.geometry().slice(axis, start, stop, step));
  }

  /**
   * {@return Python's {@code start:stop} of one axis}
   *
   * @param axis number of the axis, negative from the end
   * @param start first index, negative from the end
   * @param stop index behind the last one
   */
  public Tensor slice(int axis, long start, long stop) {
    return slice(axis, start, stop, 1);
  }

  /**
   * {@return one index of an axis, which is dropped}
   *
   * @param axis number of the axis, negative from the end
   * @param index from 0 to length - 1, negative from the end
   */
  public Tensor select(int axis, long index) {
    return view(strided.geometry().select(axis, index));
  }

  /**
   * {@return one axis backwards}
   *
   * @param axis number of the axis, negative from the end
   */
  public Tensor flip(int axis) {
    return view(strided.geometry().flip(axis));
  }

  /**
   * {@return the same elements in row-major order under another shape; one length may be -1}
   *
   * @param newShape lengths of the axes
   * @throws IllegalArgumentException if the sizes differ, or if the strides allow it only as a copy
   */
  public Tensor reshape(long... newShape) {
    return view(strided.geometry().reshape(Objects.requireNonNull(newShape, "newShape")));
  }

  /**
   * Without the axes of length 1.
   *
   * @return a view
   */
  public Tensor squeeze() {
    return view(strided.geometry().squeeze());
  }

  /**
   * Without the given axes, which must have length 1.
   *
   * @param axes axes of length 1
   * @return a view
   */
  public Tensor squeeze(int... axes) {
    return view(strided.geometry().squeeze(Objects.requireNonNull(axes, "axes")));
  }

  /**
   * With a new axis of length 1 before the given one; the rank puts it last.
   *
   * @param axis number of the axis, negative from the end
   * @return a view
   */
  public Tensor unsqueeze(int axis) {
    return view(strided.geometry().unsqueeze(axis));
  }

  /**
   * {@return axes of length 1, and new leading ones, repeated to another shape with stride 0
   * (NumPy's broadcast_to)}
   *
   * @param newShape lengths of the axes
   */
  public Tensor broadcastTo(long... newShape) {
    return view(strided.geometry().broadcastTo(Objects.requireNonNull(newShape, "newShape")));
  }

  /**
   * {@return the elements whose indices on both axes agree; the new axis comes last}
   *
   * @param axis1 first axis
   * @param axis2 second axis, another one
   */
  public Tensor diagonal(int axis1, int axis2) {
    return view(strided.geometry().diagonal(axis1, axis2));
  }

  /**
   * {@return any strided view of this tensor's memory}
   *
   * @param newOffset elements from the start of the memory to the element [0, 0, ...]
   * @param newShape lengths of the axes
   * @param newStrides distance of neighbours along each axis, in elements
   * @throws IllegalArgumentException if an element would lie outside the memory
   */
  public Tensor asStrided(long newOffset, long[] newShape, long[] newStrides) {
    Objects.requireNonNull(newShape, "newShape");
    Objects.requireNonNull(newStrides, "newStrides");
    return new Tensor(strided.asStrided(newOffset, newShape, newStrides));
  }

  /** {@return the conjugates of complex elements; of real ones the elements themselves} */
  public Tensor conj() {
    return new Tensor(strided.conj());
  }

  /**
   * {@return the real parts, as F32 of C64 and F64 of C128; of real elements the elements
   * themselves}
   */
  public Tensor real() {
    return new Tensor(strided.real());
  }

  /**
   * {@return the imaginary parts, as F32 of C64 and F64 of C128}
   *
   * @throws IllegalArgumentException if the elements are not complex, or this is a {@linkplain
   *     #isConjugate conjugate} view, whose imaginary parts have the other sign than the memory
   */
  public Tensor imag() {
    return new Tensor(strided.imag());
  }

  private Tensor view(View v) {
    return new Tensor(strided.view(v));
  }

  /**
   * This tensor, now the owner of the memory that it views: closing it frees the memory at once,
   * and the tensor that owned it before is a view. So a chain is closed as a whole, and a view
   * outlives the tensor that it was made from.
   *
   * <pre>{@code
   * try (Tensor t = Einsum.einsum("ij,jk->ik", a, b).reshape(-1).owning()) {
   *   t.get(3);
   * } // frees the product
   * }</pre>
   *
   * @return this
   * @throws IllegalStateException if it is closed
   */
  public Tensor owning() {
    strided.own();
    return this;
  }

  /** {@return whether closing this tensor frees its memory: it made it, or was made its owner} */
  public boolean isOwner() {
    return strided.isOwner();
  }

  // ---- copies and elements

  /** {@return a contiguous copy, conjugated where this is a conjugate view} */
  public Tensor copy() {
    return new Tensor(TensorCopy.copy(strided));
  }

  /**
   * {@return a contiguous tensor of the same elements: a view of this when it is contiguous and no
   * conjugate view, else a copy}
   */
  public Tensor contiguous() {
    return new Tensor(TensorCopy.contiguous(strided));
  }

  /**
   * {@return a contiguous copy with another element type}
   *
   * <ul>
   *   <li>To a floating-point or complex type: rounded to nearest, ties to even, once; too large
   *       numbers become infinite; imaginary parts of real numbers are 0.
   *   <li>From a floating-point type to an integer one: towards 0 and clipped to the type's range,
   *       NaN to 0, as Java's casts do.
   *   <li>To BOOL: whether it is not 0. From BOOL: 0 or 1.
   *   <li>From a complex type to a real one: refused; {@link #real} and {@link #imag} are views.
   * </ul>
   *
   * @param newType type of the elements of the result
   * @throws ArithmeticException if an integer does not fit an integer type, with its place
   */
  public Tensor to(DType newType) {
    return new Tensor(TensorCopy.convert(strided, Objects.requireNonNull(newType, "newType")));
  }

  /**
   * Copies the elements of a tensor of the same shape and type into this one.
   *
   * @param source tensor of the same shape and type
   * @throws IllegalArgumentException if shape or type differ, or if the two share elements
   */
  public void copyFrom(Tensor source) {
    TensorCopy.copy(Objects.requireNonNull(source, "source").strided, strided);
  }

  /**
   * Sets every element, as {@link #set} does.
   *
   * @param value value of each element
   * @throws IllegalArgumentException if the type is an integer one, or BOOL with its 0 and 1, and
   *     does not hold the value
   */
  public void fill(double value) {
    TensorCopy.fill(strided, value);
  }

  /**
   * {@return the elements in row-major order, of a type that F32 holds exactly: F32, BF16, F16, I8,
   * U8, I16 or BOOL} Of C64 the real and imaginary parts in turn.
   */
  public float[] toFloatArray() {
    return TensorArrays.floats(strided);
  }

  /**
   * {@return the elements in row-major order, of any type but I64} Of complex types the real and
   * imaginary parts in turn.
   */
  public double[] toDoubleArray() {
    return TensorArrays.doubles(strided);
  }

  /** {@return the rows of a tensor of rank 2, each as {@link #toDoubleArray} has it} */
  public double[][] toDoubleMatrix() {
    return Nested.doubleRows(strided);
  }

  /** {@return the rows of a tensor of rank 2, each as {@link #toFloatArray} has it} */
  public float[][] toFloatMatrix() {
    return Nested.floatRows(strided);
  }

  /**
   * {@return the elements in row-major order as a stream, of any real type but I64} A piece of them
   * is copied at a time, so a tensor may be larger than the heap; one that is not contiguous is
   * copied to native memory first. The tensor must stay open until the stream has ended.
   *
   * @throws IllegalArgumentException for complex elements and I64
   */
  public DoubleStream doubles() {
    return Nested.doubles(strided);
  }

  /**
   * As {@link #doubles}, of integers and BOOL.
   *
   * @return the stream
   * @throws IllegalArgumentException for other elements
   */
  public LongStream longs() {
    return Nested.longs(strided);
  }

  /** {@return the elements in row-major order, of a tensor of integers but I64, or of BOOL} */
  public int[] toIntArray() {
    return TensorArrays.ints(strided);
  }

  /** {@return the elements in row-major order, of a tensor of integers or BOOL} */
  public long[] toLongArray() {
    return TensorArrays.longs(strided, "toLongArray");
  }

  /** {@return the elements in row-major order, of I16, I8, U8 or BOOL} */
  public short[] toShortArray() {
    return TensorArrays.shorts(strided);
  }

  /** {@return the elements in row-major order, of I8 or U8: 255 as a byte of -1} */
  public byte[] toByteArray() {
    return TensorArrays.bytes(strided);
  }

  /** {@return the elements in row-major order, of BOOL} */
  public boolean[] toBooleanArray() {
    return TensorArrays.booleans(strided);
  }

  /** {@return the bits of the elements in row-major order, of BF16 or F16} */
  public short[] toBits() {
    return TensorArrays.bits(strided);
  }

  /**
   * Writes the elements in row-major order to an array of exactly their number, of F32; of C64 two
   * numbers each.
   *
   * @param target array or buffer with room for all elements
   */
  public void copyTo(float[] target) {
    TensorArrays.copyTo(strided, FloatBuffer.wrap(Objects.requireNonNull(target, "target")));
  }

  /**
   * As {@link #copyTo(float[])}, of F64 or C128.
   *
   * @param target array or buffer with room for all elements
   */
  public void copyTo(double[] target) {
    TensorArrays.copyTo(strided, DoubleBuffer.wrap(Objects.requireNonNull(target, "target")));
  }

  /**
   * Puts the elements in row-major order into a buffer that holds the type as {@link #of(DType,
   * Buffer, long...)} has it. Its position moves behind them.
   *
   * @param target array or buffer with room for all elements
   * @throws IllegalArgumentException if the buffer has no room for them, is read-only, or does not
   *     hold the type
   */
  public void copyTo(Buffer target) {
    TensorArrays.put(strided, target);
  }

  /**
   * {@return the element at an index; an I64 beyond 2^53 is rounded ({@link #getLong} is exact), a
   * BOOL is 0 or 1}
   *
   * @param index one number for each axis, from 0
   * @throws IllegalArgumentException if the elements are complex: {@link #getReal}, {@link
   *     #getImag}
   */
  public double get(long... index) {
    return Elements.get(strided, Objects.requireNonNull(index, "index"));
  }

  /**
   * {@return the real part of the element at an index}
   *
   * @param index one number for each axis, from 0
   */
  public double getReal(long... index) {
    return Elements.real(strided, Objects.requireNonNull(index, "index"));
  }

  /**
   * {@return the imaginary part of the element at an index; 0 of a real number}
   *
   * @param index one number for each axis, from 0
   */
  public double getImag(long... index) {
    return Elements.imaginary(strided, Objects.requireNonNull(index, "index"));
  }

  /**
   * {@return the element at an index of a tensor of integers, or of BOOL as 0 or 1}
   *
   * @param index one number for each axis, from 0
   */
  public long getLong(long... index) {
    return Elements.getLong(strided, Objects.requireNonNull(index, "index"));
  }

  /**
   * Sets the element at an index, rounded to the type; of a complex tensor to a number without an
   * imaginary part.
   *
   * @param value new value, rounded to the type
   * @param index one number for each axis, from 0
   * @throws IllegalArgumentException if the type is an integer one, or BOOL with its 0 and 1, and
   *     does not hold the value
   */
  public void set(double value, long... index) {
    Elements.set(strided, value, Objects.requireNonNull(index, "index"));
  }

  /**
   * Sets the element at an index of a complex tensor.
   *
   * @param re real part
   * @param im imaginary part
   * @param index one number for each axis, from 0
   * @throws IllegalArgumentException if the elements are not complex
   */
  public void setComplex(double re, double im, long... index) {
    Elements.setComplex(strided, re, im, Objects.requireNonNull(index, "index"));
  }

  /**
   * Sets the element at an index of a tensor of integers, or of BOOL to 0 or 1.
   *
   * @param value new value
   * @param index one number for each axis, from 0
   * @throws IllegalArgumentException if the value is outside the type's range
   */
  public void setLong(long value, long... index) {
    Elements.setLong(strided, value, Objects.requireNonNull(index, "index"));
  }

  /** {@return the only element of a tensor of size 1} */
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
   * @param file path of the file
   * @param options {@link WriteOption#SYNC} to outlive a crash of the machine
   * @throws IOException if the file cannot be written; it names the file
   */
  public void writeNpy(Path file, WriteOption... options) throws IOException {
    Npy.write(strided, Objects.requireNonNull(file, "file"), options);
  }

  /**
   * Writes the tensor as {@code .npy} bytes, straight from native memory: no array of its size is
   * made. {@link #readFrom} makes it again, with the same bits, type and shape, on any machine.
   *
   * <pre>{@code
   * final class Block implements Externalizable {
   *   private Tensor tensor;
   *   public void writeExternal(ObjectOutput out) throws IOException { tensor.writeTo(out); }
   *   public void readExternal(ObjectInput in) throws IOException { tensor = Tensor.readFrom(in); }
   * }
   * }</pre>
   *
   * @param out stream that is written to
   * @throws IOException if it cannot be written
   */
  public void writeTo(DataOutput out) throws IOException {
    Npy.write(strided, DataStreams.to(Objects.requireNonNull(out, "out")));
  }

  /**
   * Writes the tensor as {@code .npy} to a stream, which stays open.
   *
   * @param out stream that is written to
   * @throws IOException if it cannot be written
   */
  public void writeNpy(OutputStream out) throws IOException {
    Npy.write(strided, Objects.requireNonNull(out, "out"));
  }

  /**
   * Writes tensors as a {@code .npz} file, uncompressed, in the way of {@link #writeNpy(Path,
   * WriteOption...)}.
   *
   * @param file path of the file
   * @param tensors by name; each is written as the member {@code name.npy}
   * @param options {@link WriteOption#SYNC}, or none
   * @throws IllegalArgumentException if a name does not fit an archive
   * @throws IllegalStateException if a tensor is closed
   * @throws IOException if it cannot be written
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
