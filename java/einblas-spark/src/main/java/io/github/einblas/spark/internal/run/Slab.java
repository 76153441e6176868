// A piece of a block, small enough for Spark's sorters and serialisers.
package io.github.einblas.spark.internal.run;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoSerializable;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import io.github.einblas.DType;
import io.github.einblas.spark.TensorBlock;
import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import java.util.ArrayList;
import java.util.List;

/**
 * Some bytes of a block. Spark asks for memory once in 32 records, and Kryo's buffers end at 64 MB:
 * records of a few MB keep both within bounds, whatever the blocks are.
 */
public final class Slab implements Externalizable, KryoSerializable {
  /** Bytes of a slab, the last of a block excepted; a multiple of every element's. */
  static final int BYTES = 4 << 20;

  private static final long serialVersionUID = 1;

  private DType dtype;
  private long[] shape;
  private byte[] bytes;
  private int from;
  private int length;

  /** For serialisers only. */
  public Slab() {}

  private Slab(TensorBlock block, int from, int length) {
    this.dtype = block.dtype();
    this.shape = block.shape();
    this.bytes = block.bytes();
    this.from = from;
    this.length = length;
  }

  /** A block's slabs, over its bytes. */
  static List<Slab> of(TensorBlock block) {
    List<Slab> slabs = new ArrayList<>();
    int at = 0;
    do {
      int length = Math.min(BYTES, block.nbytes() - at);
      slabs.add(new Slab(block, at, length));
      at += length;
    } while (at < block.nbytes());
    return slabs;
  }

  /** The block of all its slabs, in order. */
  static TensorBlock join(List<Slab> slabs) {
    Slab first = slabs.get(0);
    if (slabs.size() == 1 && first.from == 0 && first.length == first.bytes.length) {
      return TensorBlock.of(first.dtype, first.shape, first.bytes);
    }
    byte[] all = new byte[slabs.stream().mapToInt(s -> s.length).sum()];
    int at = 0;
    for (Slab slab : slabs) {
      System.arraycopy(slab.bytes, slab.from, all, at, slab.length);
      at += slab.length;
    }
    return TensorBlock.of(first.dtype, first.shape, all);
  }

  @Override
  public void writeExternal(ObjectOutput out) throws IOException {
    out.writeByte(dtype.ordinal());
    out.writeByte(shape.length);
    for (long axis : shape) {
      out.writeLong(axis);
    }
    out.writeObject(whole());
  }

  @Override
  public void readExternal(ObjectInput in) throws IOException, ClassNotFoundException {
    dtype = DType.values()[in.readUnsignedByte()];
    shape = new long[in.readUnsignedByte()];
    for (int d = 0; d < shape.length; d++) {
      shape[d] = in.readLong();
    }
    own((byte[]) in.readObject());
  }

  @Override
  public void write(Kryo kryo, Output out) {
    out.writeByte(dtype.ordinal());
    out.writeByte(shape.length);
    for (long axis : shape) {
      out.writeLong(axis);
    }
    out.writeInt(length);
    out.writeBytes(bytes, from, length);
  }

  @Override
  public void read(Kryo kryo, Input in) {
    dtype = DType.values()[in.readByteUnsigned()];
    shape = new long[in.readByteUnsigned()];
    for (int d = 0; d < shape.length; d++) {
      shape[d] = in.readLong();
    }
    own(in.readBytes(in.readInt()));
  }

  private byte[] whole() {
    if (from == 0 && length == bytes.length) {
      return bytes;
    }
    byte[] own = new byte[length];
    System.arraycopy(bytes, from, own, 0, length);
    return own;
  }

  private void own(byte[] all) {
    bytes = all;
    from = 0;
    length = all.length;
  }
}
