// A piece of a block, small enough for Spark's sorters and serialisers.
package io.github.einblas.spark.internal.run;

import io.github.einblas.DType;
import io.github.einblas.spark.TensorBlock;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.StreamCorruptedException;
import java.util.ArrayList;
import java.util.List;

/**
 * Some bytes of a block. Spark's sorters ask for memory once in 32 records: records of a few MB
 * keep them within bounds, whatever the blocks are.
 */
final class Slab {
  /**
   * Bytes of a slab, the last of a block excepted; a multiple of every element's. An array of 4 MB
   * has a header besides, for which the collector G1 would give it another region of 2 MB.
   */
  static final int BYTES = (4 << 20) - 64;

  private final DType dtype;
  private final long[] shape;
  private final byte[] bytes;
  private final int from;
  private final int length;

  private Slab(DType dtype, long[] shape, byte[] bytes, int from, int length) {
    this.dtype = dtype;
    this.shape = shape;
    this.bytes = bytes;
    this.from = from;
    this.length = length;
  }

  /** A block's slabs, over its bytes. */
  static List<Slab> of(TensorBlock block) {
    List<Slab> slabs = new ArrayList<>();
    int at = 0;
    do {
      int length = Math.min(BYTES, block.nbytes() - at);
      slabs.add(new Slab(block.dtype(), block.shape(), block.bytes(), at, length));
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

  void write(DataOutput out) throws IOException {
    out.writeByte(dtype.ordinal());
    out.writeByte(shape.length);
    for (long axis : shape) {
      out.writeLong(axis);
    }
    out.writeInt(length);
    out.write(bytes, from, length);
  }

  static Slab read(DataInput in) throws IOException {
    DType dtype = DType.values()[in.readUnsignedByte()];
    long[] shape = new long[in.readUnsignedByte()];
    for (int d = 0; d < shape.length; d++) {
      shape[d] = in.readLong();
    }
    int length = in.readInt();
    if (length < 0 || length > BYTES) {
      throw new StreamCorruptedException("a slab of " + length + " bytes");
    }
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return new Slab(dtype, shape, bytes, 0, length);
  }
}
