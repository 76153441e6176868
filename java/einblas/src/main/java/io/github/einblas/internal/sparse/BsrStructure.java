// Where the blocks of a BSR matrix lie: SciPy's arrays checked once, and their native form.
package io.github.einblas.internal.sparse;

import io.github.einblas.internal.natives.Handle;
import io.github.einblas.internal.natives.NativeSparse;
import io.github.einblas.internal.tensor.Strided;
import java.lang.ref.Reference;

/**
 * Stored blocks sorted by block row, then by block column, none twice. Immutable, shared by a
 * matrix, its transposes and its gradients; the native part is freed when nothing refers to it.
 */
public final class BsrStructure {
  /** Block rows and columns, rows and columns of a block. */
  final long[] shape;

  final long blocks;
  private final Handle handle;

  private BsrStructure(long[] shape, long handle) {
    this.shape = shape;
    this.handle = new Handle(NativeSparse::destroyBsr, handle);
    this.blocks = NativeSparse.bsrBlocks(handle);
  }

  /**
   * From SciPy's arrays.
   *
   * @param slots gets the place of each given block among the stored ones
   */
  static BsrStructure of(long[] shape, long[] indptr, long[] indices, long[] slots) {
    if (indptr.length != shape[0] + 1) {
      throw new IllegalArgumentException(
          "BSR matrix: indptr must have "
              + (shape[0] + 1)
              + " elements for "
              + shape[0]
              + " block rows, got "
              + indptr.length);
    }
    long handle = NativeSparse.createBsr(shape, indptr, indices, slots);
    if (handle == 0) {
      throw refusal(shape[1], indptr, indices);
    }
    return new BsrStructure(shape, handle);
  }

  /** Of the blocks of a dense matrix in use that hold anything but zeros. */
  static BsrStructure ofDense(long[] shape, Strided dense) {
    return new BsrStructure(
        shape, NativeSparse.bsrOfDense(dense.dtype(), shape, dense.address(), dense.strides()));
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

  /** What is wrong with arrays that the library refused. */
  private static RuntimeException refusal(long blockColumns, long[] indptr, long[] indices) {
    if (indptr[0] != 0) {
      return new IllegalArgumentException("BSR matrix: indptr[0] must be 0, got " + indptr[0]);
    }
    for (int i = 1; i < indptr.length; i++) {
      if (indptr[i] < indptr[i - 1]) {
        return new IllegalArgumentException(
            "BSR matrix: indptr must not fall, but indptr["
                + i
                + "] is "
                + indptr[i]
                + " after "
                + indptr[i - 1]);
      }
    }
    if (indptr[indptr.length - 1] != indices.length) {
      return new IllegalArgumentException(
          "BSR matrix: indptr ends with "
              + indptr[indptr.length - 1]
              + ", but there are "
              + indices.length
              + " indices");
    }
    Indices.requireWithin(
        indices, blockColumns, b -> "BSR matrix: indices[" + b + "]", "block columns");
    return new IllegalStateException("einblas: a BSR matrix was refused (a defect)");
  }

  /** The native form; whoever uses it keeps this reachable. */
  long handle() {
    return handle.value();
  }

  /** indptr and indices. */
  long[][] arrays() {
    long[][] arrays = {new long[Math.toIntExact(shape[0] + 1)], new long[(int) blocks]};
    try {
      NativeSparse.bsrStructure(handle(), arrays[0], arrays[1]);
      return arrays;
    } finally {
      Reference.reachabilityFence(this);
    }
  }
}
