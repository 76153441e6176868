// Strided: what the implementation may know of a tensor: type, memory, and where its elements lie.
package io.github.einblas.internal.tensor;

import io.github.einblas.DType;
import java.util.Arrays;

/**
 * The core of a tensor: elements of a type in a {@link Storage}, at an offset and strides counted
 * in elements. Shapes and strides are shared, never changed. Views share the storage, which has one
 * owner among them: closing it frees the storage once no call uses it, closing another ends that
 * one alone.
 */
public final class Strided implements AutoCloseable {
  private final DType dtype;
  private final Storage storage;
  private final long offset;
  private final long[] shape;
  private final long[] strides;

  /** Of the element [0, 0, ...]; the storage's never changes. */
  private final long address;

  /** Whether the elements are read with the other sign of their imaginary part. */
  private final boolean conjugate;

  private volatile boolean closed;

  private Strided(
      DType dtype, Storage storage, long offset, long[] shape, long[] strides, boolean conjugate) {
    this.dtype = dtype;
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
    this.address = storage.address() + offset * dtype.bytes();
    this.conjugate = conjugate;
  }

  /** A contiguous tensor that owns the storage. */
  private static Strided owner(DType dtype, Storage storage, long[] shape) {
    Strided t = new Strided(dtype, storage, 0, shape, Views.contiguous(shape), false);
    storage.holdFirst(t);
    return t;
  }

  /**
   * An uninitialised contiguous tensor.
   *
   * @param shape not to be changed later
   * @throws io.github.einblas.NativeMemoryException if the machine has not that much memory free
   */
  public static Strided empty(DType dtype, long... shape) {
    Storage storage = Storage.allocate(Views.bytes(shape, dtype.bytes()));
    return owner(dtype, storage, shape);
  }

  /** A contiguous tensor at the beginning of memory that holds it; the memory's owner. */
  public static Strided over(DType dtype, Storage memory, long[] shape) {
    return owner(dtype, memory, shape);
  }

  /**
   * Elements of another type in the same memory, as a view.
   *
   * @param first which of the memory's elements of that type is the first
   */
  public Strided at(DType other, long first, long[] otherShape) {
    requireOpen();
    return new Strided(other, storage, first, otherShape, Views.contiguous(otherShape), false);
  }

  /** A tensor over somebody's memory; none given means rank 1. The memory is let go on failure. */
  public static Strided wrap(DType dtype, Wrapped data, long[] shape) {
    boolean done = false;
    try {
      long[] own = Views.shapeFor(shape, data.elements());
      Strided t = owner(dtype, data.storage(), own);
      done = true;
      return t;
    } finally {
      if (!done) {
        data.storage().close();
      }
    }
  }

  // ---- facts

  /** Type of the elements. */
  public DType dtype() {
    return dtype;
  }

  /** Lengths of the axes, not to be changed. */
  public long[] shape() {
    return shape;
  }

  /** Strides of the axes in elements, not to be changed. */
  public long[] strides() {
    return strides;
  }

  /** Number of axes. */
  public int rank() {
    return shape.length;
  }

  /** Length of one axis; a negative number counts from the end. */
  public long length(int axis) {
    return shape[Views.axis(axis, shape.length)];
  }

  /** Number of elements. */
  public long size() {
    return Views.size(shape);
  }

  /** Bytes of all elements; {@link Long#MAX_VALUE} where a broadcast view has more. */
  public long nbytes() {
    long size = size();
    return size > Long.MAX_VALUE / dtype.bytes() ? Long.MAX_VALUE : size * dtype.bytes();
  }

  /** The types that products with sparse, block-sparse and Kronecker operands have, for texts. */
  public static final String MULTIPLIED = "F32, F64, BF16, F16, C64 or C128";

  /** Whether such products have a type: real and complex numbers, not integers and BOOL. */
  public static boolean isMultiplied(DType type) {
    return type.isReal() || type.isComplex();
  }

  /** Whether the elements of a type are indices: I32 or I64. */
  public static boolean holdsIndices(DType type) {
    return type == DType.I32 || type == DType.I64;
  }

  /** Whether the elements are indices: I32 or I64. */
  public boolean holdsIndices() {
    return holdsIndices(dtype);
  }

  /** Whether the elements lie in row-major order without gaps. */
  public boolean isContiguous() {
    return Views.isContiguous(shape, strides);
  }

  /** Whether the elements are the conjugates of what lies in memory. */
  public boolean isConjugate() {
    return conjugate;
  }

  /** Whether this, or the owner of its memory, was closed. */
  public boolean isClosed() {
    return closed || storage.isClosed();
  }

  /** Whether nothing may be written to the memory. */
  public boolean isReadOnly() {
    return storage.isReadOnly();
  }

  /** Whether another has the same elements in the same places, read in the same way. */
  public boolean isSame(Strided other) {
    return this == other
        || (address == other.address
            && dtype == other.dtype
            && conjugate == other.conjugate
            && Views.same(shape, other.shape)
            && Views.same(strides, other.strides));
  }

  /** Address of the element [0, 0, ...]; valid between acquire and release. */
  public long address() {
    return address;
  }

  /** Address of one element; a negative index counts from the end. */
  long address(long[] index) {
    return storage.address() + geometry().at(index) * dtype.bytes();
  }

  /** Shape and type in words. */
  public String describe() {
    return "shape="
        + Arrays.toString(shape)
        + ", dtype="
        + dtype
        + (conjugate ? ", conjugate" : "");
  }

  @Override
  public String toString() {
    return "Strided(" + describe() + ")";
  }

  // ---- views

  /** Where the elements lie. Its methods make the geometries of views. */
  public View geometry() {
    return new View(offset, shape, strides);
  }

  /** A view of the same memory. */
  public Strided view(View v) {
    requireOpen();
    return new Strided(dtype, storage, v.offset(), v.shape(), v.strides(), conjugate);
  }

  private void requireOpen() {
    if (isClosed()) {
      throw new IllegalStateException("the tensor is closed");
    }
  }

  /** The conjugates of the elements, as a view; of real numbers a view of themselves. */
  public Strided conj() {
    requireOpen();
    boolean flag = dtype.isComplex() && !conjugate;
    return new Strided(dtype, storage, offset, shape, strides, flag);
  }

  /** The real parts, as a view; of real numbers a view of themselves. */
  public Strided real() {
    requireOpen();
    return dtype.isComplex() ? part(0) : view(geometry());
  }

  /** The imaginary parts, as a view. */
  public Strided imag() {
    if (!dtype.isComplex()) {
      throw new IllegalArgumentException(
          "imag needs a tensor of C64 or C128, this has " + dtype + ", without imaginary parts");
    }
    if (conjugate) {
      throw new IllegalArgumentException(
          "imag of a conjugate view has the other sign than the memory: call contiguous() first");
    }
    requireOpen();
    return part(1);
  }

  /** Real (0) or imaginary (1) parts as they lie in memory. */
  Strided part(int which) {
    long[] twice = strides.clone();
    Arrays.setAll(twice, d -> 2 * strides[d]);
    return new Strided(dtype.partType(), storage, 2 * offset + which, shape, twice, false);
  }

  // ---- whose close frees the memory

  /** Memory and its users. */
  public Storage storage() {
    return storage;
  }

  /** Whether closing this frees the memory. */
  public boolean isOwner() {
    return storage.isHeldBy(this);
  }

  /** Makes this the owner, in place of the one before. */
  public void own() {
    requireOpen();
    storage.hold(this);
    if (closed) {
      storage.close(); // by another thread, meanwhile or just before
    }
  }

  /** A view that owns the memory if this did, to be used in place of this. */
  private Strided inPlace(Strided v) {
    if (isOwner()) {
      v.own();
    }
    return v;
  }

  /** Another shape of the same elements, in place of this. */
  public Strided reshapeInPlace(long... newShape) {
    return inPlace(view(geometry().reshape(newShape)));
  }

  /** The conjugates of complex elements, in place of this. */
  public Strided conjInPlace() {
    return inPlace(conj());
  }

  /** The transpose, in place of this. */
  public Strided transposeInPlace() {
    return inPlace(transpose());
  }

  /** Axis i of the view is axis {@code axes[i]} of this. */
  public Strided permute(int... axes) {
    return view(geometry().permute(axes));
  }

  /** The axes in reverse order. */
  public Strided transpose() {
    return view(geometry().transpose());
  }

  /** Indices of one axis from {@code start} to the one before {@code stop}. */
  public Strided slice(int axis, long start, long stop) {
    return view(geometry().slice(axis, start, stop, 1));
  }

  /** One index of an axis, which is dropped. */
  public Strided select(int axis, long index) {
    return view(geometry().select(axis, index));
  }

  /** The same elements in row-major order under another shape. */
  public Strided reshape(long... newShape) {
    return view(geometry().reshape(newShape));
  }

  /** Axes of length 1, and new leading ones, repeated with stride 0. */
  public Strided broadcastTo(long... newShape) {
    return view(geometry().broadcastTo(newShape));
  }

  /** Any view of the memory. */
  public Strided asStrided(long newOffset, long[] newShape, long[] newStrides) {
    return view(View.strided(storage.bytes() / dtype.bytes(), newOffset, newShape, newStrides));
  }

  // ---- while native code runs

  /** Counts a running call in; throws when closed. */
  public void acquire() {
    if (closed) {
      throw new IllegalStateException("the tensor is closed");
    }
    storage.acquire();
  }

  /** Counts a running call out. */
  public void release() {
    storage.release();
  }

  /** The body of {@link #using}. */
  @FunctionalInterface
  public interface AddressBody<E extends Exception> {
    /** Gets the address of the element [0, 0, ...]. */
    void accept(long address) throws E;
  }

  /**
   * Hands the address to {@code body} while no other thread's {@link #close} can free the memory.
   *
   * @throws IllegalStateException if closed
   */
  public <E extends Exception> void using(AddressBody<E> body) throws E {
    acquire();
    try {
      body.accept(address());
    } finally {
      release();
    }
  }

  /** Whether the two have an element in common, on the safe side for large interleaved views. */
  public boolean sharesElements(Strided other) {
    if (storage != other.storage) {
      // Wrapped memory may be the same bytes under another storage: compare addresses.
      long from = storage.address();
      long otherFrom = other.storage.address();
      return from < otherFrom + other.storage.bytes()
          && otherFrom < from + storage.bytes()
          && rangesMeet(other);
    }
    if (dtype.bytes() != other.dtype.bytes()) {
      int unit = Math.min(dtype.bytes(), other.dtype.bytes());
      View a = inUnits(unit);
      View b = other.inUnits(unit);
      return Overlap.mayShare(
          a.offset(), a.shape(), a.strides(), b.offset(), b.shape(), b.strides());
    }
    return Overlap.mayShare(offset, shape, strides, other.offset, other.shape, other.strides);
  }

  /** The same memory as elements of fewer bytes: one more axis, along an element. */
  private View inUnits(int bytes) {
    int units = dtype.bytes() / bytes;
    int rank = shape.length;
    long[] lengths = Arrays.copyOf(shape, rank + 1);
    long[] steps = new long[rank + 1];
    for (int d = 0; d < rank; d++) {
      steps[d] = shape[d] > 1 ? strides[d] * units : 0;
    }
    lengths[rank] = units;
    steps[rank] = 1;
    return new View(offset * units, lengths, steps);
  }

  private boolean rangesMeet(Strided other) {
    long[] a = Views.range(shape, strides);
    long[] b = Views.range(other.shape, other.strides);
    if (a[1] < a[0] || b[1] < b[0]) {
      return false;
    }
    return address() + a[0] * dtype.bytes() < other.address() + (b[1] + 1) * other.dtype.bytes()
        && other.address() + b[0] * other.dtype.bytes() < address() + (a[1] + 1) * dtype.bytes();
  }

  /** Refuses a read-only tensor, and a conjugate view. */
  public void requireNotReadOnly(String operation) {
    if (conjugate) {
      throw new IllegalArgumentException(
          operation
              + ": the target of "
              + describe()
              + " is a conjugate view; conj() of it is the tensor that can be written");
    }
    if (storage.isReadOnly()) {
      throw new IllegalArgumentException(
          operation
              + ": the target of "
              + describe()
              + " is read-only: it lies over such a buffer or file; copy() it");
    }
  }

  /** Refuses a read-only tensor, and one some of whose elements are the same memory. */
  public void requireWritable(String operation) {
    requireNotReadOnly(operation);
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

  @Override
  public void close() {
    closed = true;
    if (isOwner()) {
      storage.close();
    } else {
      storage.closedView();
    }
  }
}
