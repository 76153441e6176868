// Public API: one block of a tensor, as it travels and as Spark keeps it.
package io.github.einblas.spark;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoSerializable;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import java.io.StreamCorruptedException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The elements of a block in row-major order, as bytes on the Java heap, where Spark can count,
 * spill and drop them; {@link #tensor()} copies them into native memory for a product. Made once,
 * it never changes.
 */
public final class TensorBlock implements Externalizable, KryoSerializable {
  /** The largest number of bytes of a block. */
  public static final long MOST_BYTES = Integer.MAX_VALUE - 64;

  private static final long serialVersionUID = 1;
  private static final int MOST_AXES = 64;

  private DType dtype;
  private long[] shape;
  private byte[] bytes;

  /** For serialisers only. */
  public TensorBlock() {}

  private TensorBlock(DType dtype, long[] shape, byte[] bytes) {
    this.dtype = dtype;
    this.shape = shape;
    this.bytes = bytes;
  }

  /**
   * Copies a tensor of any strides.
   *
   * @throws IllegalArgumentException if it has 2 GB or more
   */
  public static TensorBlock of(Tensor tensor) {
    byte[] bytes = new byte[size(tensor.dtype(), tensor.shape())];
    if (bytes.length > 0) {
      tensor.copyTo(ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()));
    }
    return new TensorBlock(tensor.dtype(), tensor.shape(), bytes);
  }

  /**
   * Takes bytes as they are: elements in row-major order, in the machine's order of bytes. They are
   * not copied and must not change afterwards.
   *
   * @throws IllegalArgumentException if their number is not what type and shape need
   */
  public static TensorBlock of(DType dtype, long[] shape, byte[] bytes) {
    int needed = size(dtype, shape);
    if (bytes.length != needed) {
      throw new IllegalArgumentException(
          "a block "
              + Arrays.toString(shape)
              + " of "
              + dtype
              + " needs "
              + needed
              + " bytes, not "
              + bytes.length);
    }
    return new TensorBlock(dtype, shape.clone(), bytes);
  }

  /** Bytes of a block; refuses one of 2 GB or more. */
  static int size(DType dtype, long[] shape) {
    double size = dtype.bytes();
    for (long length : shape) {
      size *= length;
    }
    if (!(size >= 0 && size <= MOST_BYTES)) {
      throw new IllegalArgumentException(
          "a block "
              + Arrays.toString(shape)
              + " of "
              + dtype
              + " would have "
              + (long) size
              + " bytes; at most "
              + MOST_BYTES
              + ", and 8 to 128 MB serve best: use smaller chunks");
    }
    return (int) size;
  }

  /** Type of the elements. */
  public DType dtype() {
    return dtype;
  }

  /** Length of each axis. */
  public long[] shape() {
    return shape.clone();
  }

  /** Number of bytes of the elements. */
  public int nbytes() {
    return bytes.length;
  }

  /** The bytes themselves, not a copy; they must not be changed. */
  public byte[] bytes() {
    return bytes;
  }

  /** The block as a tensor of its own, in native memory, to be closed by the caller. */
  public Tensor tensor() {
    ByteBuffer all = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    if (shape.length > 0) {
      return Tensor.of(dtype, all, shape);
    }
    try (Tensor one = Tensor.of(dtype, all, 1)) { // without a shape it would be a vector
      return one.reshape().copy();
    }
  }

  @Override
  public void writeExternal(ObjectOutput out) throws IOException {
    out.writeByte(dtype.ordinal());
    out.writeByte(shape.length);
    for (long length : shape) {
      out.writeLong(length);
    }
    out.writeObject(bytes); // as an object its bytes go past the stream's small blocks
  }

  @Override
  public void readExternal(ObjectInput in) throws IOException, ClassNotFoundException {
    type(in.readUnsignedByte());
    shape = new long[axes(in.readUnsignedByte())];
    for (int d = 0; d < shape.length; d++) {
      shape[d] = in.readLong();
    }
    bytes = (byte[]) in.readObject();
    check();
  }

  @Override
  public void write(Kryo kryo, Output out) {
    out.writeByte(dtype.ordinal());
    out.writeByte(shape.length);
    for (long length : shape) {
      out.writeLong(length);
    }
    out.writeInt(bytes.length);
    out.writeBytes(bytes);
  }

  @Override
  public void read(Kryo kryo, Input in) {
    try {
      type(in.readByteUnsigned());
      shape = new long[axes(in.readByteUnsigned())];
      for (int d = 0; d < shape.length; d++) {
        shape[d] = in.readLong();
      }
      bytes = in.readBytes(in.readInt());
      check();
    } catch (IOException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  private void type(int ordinal) throws StreamCorruptedException {
    DType[] all = DType.values();
    if (ordinal >= all.length) {
      throw new StreamCorruptedException("a block of the unknown type number " + ordinal);
    }
    dtype = all[ordinal];
  }

  private static int axes(int axes) throws StreamCorruptedException {
    if (axes > MOST_AXES) {
      throw new StreamCorruptedException("a block of " + axes + " axes; at most " + MOST_AXES);
    }
    return axes;
  }

  private void check() throws StreamCorruptedException {
    if (bytes == null || bytes.length != size(dtype, shape)) {
      throw new StreamCorruptedException("the bytes of a block do not fit " + this);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TensorBlock b
        && dtype == b.dtype
        && Arrays.equals(shape, b.shape)
        && Arrays.equals(bytes, b.bytes);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(shape) + Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return "TensorBlock " + Arrays.toString(shape) + " of " + dtype;
  }
}
