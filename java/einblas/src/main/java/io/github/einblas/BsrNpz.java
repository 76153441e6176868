// BSR matrices: SciPy's .npz files, as scipy.sparse.save_npz writes and load_npz reads them.
package io.github.einblas;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads and writes sparse matrices of blocks. */
final class BsrNpz {
  private BsrNpz() {}

  static BsrMatrix read(Path file) throws IOException {
    try (NpzFile arrays = NpzFile.open(file)) {
      String format = CsrNpz.format(file, arrays);
      if (!"bsr".equals(format)) {
        throw new NpyFormatException(
            file
                + " holds a sparse matrix of format '"
                + format
                + "'; bsr is read, and CsrMatrix.readNpz reads csr, csc and coo");
      }
      long[] shape = CsrNpz.shape(file, arrays);
      try (Tensor data = arrays.read("data")) {
        return BsrMatrix.of(
            data, numbers(arrays, "indices"), numbers(arrays, "indptr"), shape[0], shape[1]);
      }
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw CsrNpz.noMatrix(file, e);
    }
  }

  private static long[] numbers(NpzFile arrays, String name) throws IOException {
    try (Tensor t = arrays.read(name)) {
      if (t.dtype().isFloating() || t.rank() != 1) {
        throw new IllegalArgumentException(
            name + " must be integers of rank 1, got " + t.describe());
      }
      try (Tensor wide = t.to(DType.I64)) {
        return wide.toLongArray();
      }
    }
  }

  static void write(BsrMatrix matrix, Path file, boolean sync) throws IOException {
    long[] indices = matrix.indices();
    long[] indptr = matrix.indptr();
    try (Tensor blocks = matrix.blocks()) {
      if (matrix.isTransposed()) {
        long[] order = new long[indices.length];
        long[][] turned =
            turned(indices, indptr, matrix.shape()[0] / matrix.blockShape()[0], order);
        try (Tensor ordered = Tensor.empty(blocks.dtype(), blocks.shape())) {
          for (int i = 0; i < order.length; i++) {
            try (Tensor to = ordered.select(0, i);
                Tensor from = blocks.select(0, order[i])) {
              to.copyFrom(from);
            }
          }
          write(matrix, ordered, turned[0], turned[1], file, sync);
        }
      } else {
        write(matrix, blocks, indices, indptr, file, sync);
      }
    }
  }

  /**
   * Indices and indptr of the transposed matrix.
   *
   * @param order gets, for each of its blocks, which one of the matrix it is
   */
  private static long[][] turned(long[] indices, long[] indptr, long rows, long[] order) {
    long[] start = new long[Math.toIntExact(rows + 1)];
    for (long column : indices) {
      start[(int) column + 1]++;
    }
    for (int i = 1; i < start.length; i++) {
      start[i] += start[i - 1];
    }
    long[] next = start.clone();
    long[] columns = new long[indices.length];
    for (int row = 0; row + 1 < indptr.length; row++) {
      for (long b = indptr[row]; b < indptr[row + 1]; b++) {
        int place = (int) next[(int) indices[(int) b]]++;
        columns[place] = row;
        order[place] = b;
      }
    }
    return new long[][] {columns, start};
  }

  private static void write(
      BsrMatrix matrix, Tensor blocks, long[] indices, long[] indptr, Path file, boolean sync)
      throws IOException {
    // Below 2^31, as block rows, block columns and blocks are, SciPy has 32 bits.
    try (Tensor wideIndices = Tensor.of(indices);
        Tensor wideIndptr = Tensor.of(indptr);
        Tensor writtenIndices = wideIndices.to(DType.I32);
        Tensor writtenIndptr = wideIndptr.to(DType.I32);
        Tensor shape = Tensor.of(matrix.shape())) {
      Map<String, Tensor> arrays = new LinkedHashMap<>();
      arrays.put("indices", writtenIndices);
      arrays.put("indptr", writtenIndptr);
      arrays.put("shape", shape);
      arrays.put("data", blocks);
      NpzFile.write(file, arrays, Map.of("format", "bsr"), sync);
    }
  }
}
