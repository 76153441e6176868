// Benchmarks: operands and results in native memory, with fast access from Java.
package io.github.einblas.bench;

import io.github.einblas.DType;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.indexer.DoubleIndexer;
import org.bytedeco.javacpp.indexer.FloatIndexer;

/** Elements of one type, side by side. */
public final class NativeArray implements AutoCloseable {
  private final Pointer pointer;
  private final FloatIndexer floats;
  private final DoubleIndexer doubles;

  private NativeArray(Pointer pointer) {
    this.pointer = pointer;
    this.floats = pointer instanceof FloatPointer f ? FloatIndexer.create(f) : null;
    this.doubles = pointer instanceof DoublePointer d ? DoubleIndexer.create(d) : null;
  }

  /** New memory with whatever is in it. */
  public static NativeArray uninitialised(DType dtype, long size) {
    return new NativeArray(
        switch (dtype) {
          case F32 -> new FloatPointer(size);
          case F64 -> new DoublePointer(size);
          case I32, I64, BF16, F16, I8, U8, I16, BOOL, C64, C128 -> throw new AssertionError(dtype);
        });
  }

  /** New memory, zeros. */
  public static NativeArray zeros(DType dtype, long size) {
    NativeArray array = uninitialised(dtype, size);
    Pointer.memset(array.pointer, 0, size * dtype.bytes());
    return array;
  }

  /** New memory, ones. */
  public static NativeArray ones(DType dtype, long size) {
    NativeArray array = uninitialised(dtype, size);
    for (long i = 0; i < size; i++) {
      array.put(i, 1);
    }
    return array;
  }

  /** New memory with an operand's values. */
  public static NativeArray operand(DType dtype, int number, long size) {
    NativeArray array = zeros(dtype, size);
    array.setOperand(number, size);
    return array;
  }

  /** Memory that belongs to something else. */
  public static NativeArray at(long address, DType dtype, long size) {
    Pointer place = new Place(address);
    Pointer p =
        switch (dtype) {
          case F32 -> new FloatPointer(place);
          case F64 -> new DoublePointer(place);
          case I32, I64, BF16, F16, I8, U8, I16, BOOL, C64, C128 -> throw new AssertionError(dtype);
        };
    return new NativeArray(p.capacity(size));
  }

  /** Fills it with an operand's values. */
  public void setOperand(int number, long size) {
    setOperand(number, size, 1);
  }

  /** Fills it with an operand's values, each times a power of two. */
  public void setOperand(int number, long size, double scale) {
    for (long i = 0; i < size; i++) {
      put(i, (float) (Values.at(number, i) * scale));
    }
  }

  private void put(long index, float value) {
    if (floats != null) {
      floats.put(index, value);
    } else {
      doubles.put(index, value);
    }
  }

  /** An element. */
  public double get(long index) {
    return floats != null ? floats.get(index) : doubles.get(index);
  }

  /** Its memory, as FloatPointer or DoublePointer. */
  public Pointer pointer() {
    return pointer;
  }

  @Override
  public void close() {
    pointer.close();
  }

  private static final class Place extends Pointer {
    Place(long address) {
      this.address = address;
    }
  }
}
