// Where the blocks of a BSR matrix lie: SciPy's arrays checked once, and their native form.
package io.github.einblas;

import io.github.einblas.internal.natives.NativeSparse;
import io.github.einblas.internal.natives.Reclaim;
import java.lang.ref.Reference;
import java.util.Objects;

/**
 * Stored blocks sorted by block row, then by block column, none twice. Immutable, shared by a
 * matrix, its transposes and its gradients; the native part is freed when nothing refers to it.
 */
final class BsrStructure {
  /** Block rows and columns, rows and columns of a block. */
  final long[] shape;

  final long blocks;
  private final long handle;

  private BsrStructure(long[] shape, long handle) {
    this.shape = shape;
    this.handle = handle;
    this.blocks = NativeSparse.bsrBlocks(handle);
    Reclaim.register(this, () -> NativeSparse.destroyBsr(handle));
  }

  /**
   * From SciPy's arrays.
   *
   * @param slots gets the place of each given block among the stored ones
   */
  static BsrStructure of(long[] shape, long[] indptr, long[] indices, long[] slots) {
    checkRows(shape[0], indptr, indices.length);
    checkColumns(shape[1], indices);
    return new BsrStructure(shape, NativeSparse.createBsr(shape, indptr, indices, slots));
  }

  /** Of the blocks of a dense matrix in use that hold anything but zeros. */
  static BsrStructure ofDense(long[] shape, Tensor dense) {
    return new BsrStructure(
        shape,
        NativeSparse.bsrOfDense(
            dense.dtype().ordinal(), shape, dense.address(), dense.stridesRef()));
  }

  /** The shape in blocks of a matrix of this many rows and columns. */
  static long[] shapeOf(long rows, long columns, long r, long c) {
    if (r < 1 || c < 1) {
      throw new IllegalArgumentException(
          "BSR matrix: blocks must have at least one row and column, got " + r + " x " + c);
    }
    if (rows < 0 || columns < 0 || rows % r != 0 || columns % c != 0) {
      throw new IllegalArgumentException(
          "BSR matrix: a shape of "
              + rows
              + " x "
              + columns
              + " is not made of blocks of "
              + r
              + " x "
              + c);
    }
    long[] shape = {rows / r, columns / c, r, c};
    for (long length : shape) {
      if (length > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "BSR matrix: at most 2^31 - 1 blocks along an axis, and elements along a block, got "
                + length);
      }
    }
    return shape;
  }

  private static void checkRows(long blockRows, long[] indptr, int given) {
    if (indptr.length != blockRows + 1) {
      throw new IllegalArgumentException(
          "BSR matrix: indptr must have "
              + (blockRows + 1)
              + " elements for "
              + blockRows
              + " block rows, got "
              + indptr.length);
    }
    if (indptr[0] != 0) {
      throw new IllegalArgumentException("BSR matrix: indptr[0] must be 0, got " + indptr[0]);
    }
    for (int i = 1; i < indptr.length; i++) {
      if (indptr[i] < indptr[i - 1]) {
        throw new IllegalArgumentException(
            "BSR matrix: indptr must not fall, but indptr["
                + i
                + "] is "
                + indptr[i]
                + " after "
                + indptr[i - 1]);
      }
    }
    if (indptr[indptr.length - 1] != given) {
      throw new IllegalArgumentException(
          "BSR matrix: indptr ends with "
              + indptr[indptr.length - 1]
              + ", but there are "
              + given
              + " indices");
    }
  }

  private static void checkColumns(long blockColumns, long[] indices) {
    for (int b = 0; b < indices.length; b++) {
      if (indices[b] < 0 || indices[b] >= blockColumns) {
        throw new IndexOutOfBoundsException(
            "BSR matrix: indices["
                + b
                + "] is "
                + indices[b]
                + ", but there are "
                + blockColumns
                + " block columns: 0 to "
                + (blockColumns - 1));
      }
    }
  }

  static long[] widened(String name, int[] values) {
    Objects.requireNonNull(values, name);
    long[] wide = new long[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  /** A copy of an index tensor. */
  static long[] numbers(String name, Tensor t) {
    Objects.requireNonNull(t, name);
    if (t.rank() != 1 || t.dtype().isFloating()) {
      throw new IllegalArgumentException(
          "BSR matrix: " + name + " must be integers of rank 1, got " + t.describe());
    }
    return t.toLongArray();
  }

  long handle() {
    return handle;
  }

  /** SciPy's indptr, a new I64 tensor. */
  Tensor indptr() {
    return Tensor.of(arrays()[0]);
  }

  /** SciPy's indices, a new I32 tensor. */
  Tensor indices() {
    try (Tensor wide = Tensor.of(arrays()[1])) {
      return wide.to(DType.I32);
    }
  }

  /** indptr and indices. */
  long[][] arrays() {
    long[][] arrays = {new long[Math.toIntExact(shape[0] + 1)], new long[(int) blocks]};
    try {
      NativeSparse.bsrStructure(handle, arrays[0], arrays[1]);
      return arrays;
    } finally {
      Reference.reachabilityFence(this);
    }
  }
}
