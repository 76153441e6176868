// Sparse matrices: SciPy's .npz files, as scipy.sparse.save_npz writes and load_npz reads them.
package io.github.einblas;

import io.github.einblas.internal.io.NpzFile;
import io.github.einblas.internal.tensor.Strided;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads and writes sparse matrices of entries (CSR) and of blocks (BSR). */
final class SparseNpz {
  /** Indices below 2^31 are written as SciPy makes them, in 32 bits. */
  private static final long NARROW = Integer.MAX_VALUE;

  private SparseNpz() {}

  static CsrMatrix readCsr(Path file) throws IOException {
    try (NpzFile arrays = NpzFile.open(file)) {
      String format = format(file, arrays);
      long[] shape = shape(file, arrays);
      try (Tensor data = new Tensor(arrays.read("data"))) {
        return switch (format) {
          case "coo" -> ofTriples(arrays, shape, data);
          case "csr", "csc" -> compressed(arrays, format, shape, data);
          case "bsr" ->
              throw new NpyFormatException(
                  file + " holds a sparse matrix of blocks (bsr); BsrMatrix.readNpz reads it");
          default ->
              throw new NpyFormatException(
                  file
                      + " holds a sparse matrix of format '"
                      + format
                      + "'; csr, csc and coo are read");
        };
      }
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw noMatrix(file, e);
    }
  }

  private static CsrMatrix ofTriples(NpzFile arrays, long[] shape, Tensor data) throws IOException {
    if (arrays.has("coords")) {
      try (Tensor coords = new Tensor(arrays.read("coords"))) {
        if (coords.rank() != 2 || coords.length(0) != 2) {
          throw new IllegalArgumentException(
              "coords must be of shape (2, entries), got " + coords.describe());
        }
        try (Tensor row = coords.select(0, 0);
            Tensor column = coords.select(0, 1)) {
          return CsrMatrix.ofTriples(data, row, column, shape[0], shape[1]);
        }
      }
    }
    try (Tensor row = new Tensor(arrays.read("row"));
        Tensor column = new Tensor(arrays.read("col"))) {
      return CsrMatrix.ofTriples(data, row, column, shape[0], shape[1]);
    }
  }

  private static CsrMatrix compressed(NpzFile arrays, String format, long[] shape, Tensor data)
      throws IOException {
    try (Tensor indptr = new Tensor(arrays.read("indptr"));
        Tensor indices = new Tensor(arrays.read("indices"))) {
      return "csr".equals(format)
          ? CsrMatrix.of(data, indices, indptr, shape[0], shape[1])
          : CsrMatrix.ofColumns(data, indices, indptr, shape[0], shape[1]);
    }
  }

  static BsrMatrix readBsr(Path file) throws IOException {
    try (NpzFile arrays = NpzFile.open(file)) {
      String format = format(file, arrays);
      if (!"bsr".equals(format)) {
        throw new NpyFormatException(
            file
                + " holds a sparse matrix of format '"
                + format
                + "'; bsr is read, and CsrMatrix.readNpz reads csr, csc and coo");
      }
      long[] shape = shape(file, arrays);
      try (Tensor data = new Tensor(arrays.read("data"));
          Tensor indices = new Tensor(arrays.read("indices"));
          Tensor indptr = new Tensor(arrays.read("indptr"))) {
        return BsrMatrix.of(data, indices, indptr, shape[0], shape[1]);
      }
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw noMatrix(file, e);
    }
  }

  /** The name of the format. */
  private static String format(Path file, NpzFile arrays) throws IOException {
    String format = arrays.readText("format");
    if (format == null || !format.chars().allMatch(c -> c >= 'a' && c <= 'z')) {
      throw new NpyFormatException(
          file + ":format is not the name of a sparse format, as scipy.sparse.save_npz writes it");
    }
    return format;
  }

  /** Rows and columns. */
  private static long[] shape(Path file, NpzFile arrays) throws IOException {
    try (Tensor shape = new Tensor(arrays.read("shape"))) {
      if (shape.dtype().isFloating() || shape.rank() != 1 || shape.size() != 2) {
        throw new NpyFormatException(file + ":shape must be two integers, got " + shape.describe());
      }
      return new long[] {shape.getLong(0), shape.getLong(1)};
    }
  }

  private static NpyFormatException noMatrix(Path file, RuntimeException why) {
    NpyFormatException wrong = new NpyFormatException(file + ": " + why.getMessage());
    wrong.initCause(why);
    return wrong;
  }

  static void write(CsrMatrix matrix, Path file, boolean sync) throws IOException {
    DType index = matrix.entries() <= NARROW ? DType.I32 : DType.I64;
    try (Tensor indices = matrix.indices();
        Tensor indptr = matrix.indptr();
        Tensor data = matrix.values()) {
      write(file, "csr", matrix.shape(), index, indices, indptr, data, sync);
    }
  }

  static void write(BsrMatrix matrix, Path file, boolean sync) throws IOException {
    try (Tensor indices = matrix.indices();
        Tensor indptr = matrix.indptr();
        Tensor blocks = matrix.blocks()) {
      if (matrix.isTransposed()) {
        writeTurned(matrix, indices.toLongArray(), indptr.toLongArray(), blocks, file, sync);
      } else {
        write(file, "bsr", matrix.shape(), DType.I32, indices, indptr, blocks, sync);
      }
    }
  }

  /** A transposed view: its blocks in the order of its own rows. */
  private static void writeTurned(
      BsrMatrix matrix, long[] indices, long[] indptr, Tensor blocks, Path file, boolean sync)
      throws IOException {
    long[] order = new long[indices.length];
    long[][] turned = turned(indices, indptr, matrix.rows() / matrix.blockShape()[0], order);
    try (Tensor ordered = Tensor.empty(blocks.dtype(), blocks.shape());
        Tensor turnedIndices = Tensor.of(turned[0]);
        Tensor turnedIndptr = Tensor.of(turned[1])) {
      for (int i = 0; i < order.length; i++) {
        try (Tensor to = ordered.select(0, i);
            Tensor from = blocks.select(0, order[i])) {
          to.copyFrom(from);
        }
      }
      write(file, "bsr", matrix.shape(), DType.I32, turnedIndices, turnedIndptr, ordered, sync);
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
      Path file,
      String format,
      long[] shape,
      DType index,
      Tensor indices,
      Tensor indptr,
      Tensor data,
      boolean sync)
      throws IOException {
    try (Tensor writtenIndices = indices.to(index);
        Tensor writtenIndptr = indptr.to(index);
        Tensor writtenShape = Tensor.of(shape)) {
      Map<String, Strided> arrays = new LinkedHashMap<>();
      arrays.put("indices", writtenIndices.strided());
      arrays.put("indptr", writtenIndptr.strided());
      arrays.put("shape", writtenShape.strided());
      arrays.put("data", data.strided());
      NpzFile.write(file, arrays, Map.of("format", format), sync);
    }
  }
}
