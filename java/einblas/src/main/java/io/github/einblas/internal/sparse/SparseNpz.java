// Sparse matrices: SciPy's .npz files, as scipy.sparse.save_npz writes and load_npz reads them.
package io.github.einblas.internal.sparse;

import io.github.einblas.DType;
import io.github.einblas.NpyFormatException;
import io.github.einblas.internal.io.NpzFile;
import io.github.einblas.internal.tensor.Elements;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads and writes sparse matrices of entries (CSR) and of blocks (BSR). */
public final class SparseNpz {
  /** Indices below 2^31 are written as SciPy makes them, in 32 bits. */
  private static final long NARROW = Integer.MAX_VALUE;

  private SparseNpz() {}

  /** Reads csr, csc and coo. */
  public static Csr readCsr(Path file) throws IOException {
    try (NpzFile arrays = NpzFile.open(file)) {
      String format = format(file, arrays);
      long[] shape = shape(file, arrays);
      try (Strided data = arrays.read("data")) {
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

  private static Csr ofTriples(NpzFile arrays, long[] shape, Strided data) throws IOException {
    if (arrays.has("coords")) {
      try (Strided coords = arrays.read("coords")) {
        if (coords.rank() != 2 || coords.length(0) != 2) {
          throw new IllegalArgumentException(
              "coords must be of shape (2, entries), got " + coords.describe());
        }
        try (Strided row = coords.select(0, 0);
            Strided column = coords.select(0, 1)) {
          return Csr.ofTriples(data, row, column, shape[0], shape[1]);
        }
      }
    }
    try (Strided row = arrays.read("row");
        Strided column = arrays.read("col")) {
      return Csr.ofTriples(data, row, column, shape[0], shape[1]);
    }
  }

  private static Csr compressed(NpzFile arrays, String format, long[] shape, Strided data)
      throws IOException {
    try (Strided indptr = arrays.read("indptr");
        Strided indices = arrays.read("indices")) {
      return "csr".equals(format)
          ? Csr.of(data, indices, indptr, shape[0], shape[1])
          : Csr.ofColumns(data, indices, indptr, shape[0], shape[1]);
    }
  }

  /** Reads bsr. */
  public static Bsr readBsr(Path file) throws IOException {
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
      try (Strided data = arrays.read("data");
          Strided indices = arrays.read("indices");
          Strided indptr = arrays.read("indptr")) {
        return Bsr.of(data, indices, indptr, shape[0], shape[1]);
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
    try (Strided shape = arrays.read("shape")) {
      if (!shape.holdsIndices() || shape.rank() != 1 || shape.size() != 2) {
        throw new NpyFormatException(file + ":shape must be two integers, got " + shape.describe());
      }
      return new long[] {
        Elements.getLong(shape, new long[] {0}), Elements.getLong(shape, new long[] {1})
      };
    }
  }

  private static NpyFormatException noMatrix(Path file, RuntimeException why) {
    NpyFormatException wrong = new NpyFormatException(file + ": " + why.getMessage());
    wrong.initCause(why);
    return wrong;
  }

  /** Writes the format csr. */
  public static void write(Csr matrix, Path file, boolean sync) throws IOException {
    CsrArrays arrays = matrix.arrays(false);
    long n = matrix.entries();
    long[] shape = {matrix.rows(), matrix.columns()};
    DType index = n <= NARROW ? DType.I32 : DType.I64;
    try (Strided indices = arrays.indices().slice(0, 0, n);
        Strided values = arrays.values().slice(0, 0, n);
        Strided data = TensorCopy.copy(values)) {
      write(file, "csr", shape, index, indices, arrays.indptr(), data, sync);
    }
  }

  /** Writes the format bsr. */
  public static void write(Bsr matrix, Path file, boolean sync) throws IOException {
    long[] shape = {matrix.rows(), matrix.columns()};
    if (matrix.transposed()) {
      writeTurned(matrix, shape, file, sync);
      return;
    }
    try (Strided indices = matrix.indices();
        Strided indptr = matrix.indptr()) {
      write(file, "bsr", shape, DType.I32, indices, indptr, matrix.blocks(), sync);
    }
  }

  /** A transposed view: its blocks in the order of its own rows. */
  private static void writeTurned(Bsr matrix, long[] shape, Path file, boolean sync)
      throws IOException {
    long[][] stored = matrix.structure().arrays();
    long[] order = new long[stored[1].length];
    long[][] turned = turned(stored[1], stored[0], matrix.rows() / matrix.blockShape()[0], order);
    try (Strided blocks = matrix.blocks().permute(0, 2, 1);
        Strided ordered = Strided.empty(blocks.dtype(), blocks.shape());
        Strided indices = Indices.tensor(turned[0]);
        Strided indptr = Indices.tensor(turned[1])) {
      for (int i = 0; i < order.length; i++) {
        try (Strided to = ordered.select(0, i);
            Strided from = blocks.select(0, order[i])) {
          TensorCopy.copy(from, to);
        }
      }
      write(file, "bsr", shape, DType.I32, indices, indptr, ordered, sync);
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
      Strided indices,
      Strided indptr,
      Strided data,
      boolean sync)
      throws IOException {
    try (Strided conjugates = data.isConjugate() ? TensorCopy.copy(data) : null;
        Strided writtenIndices = TensorCopy.convert(indices, index);
        Strided writtenIndptr = TensorCopy.convert(indptr, index);
        Strided writtenShape = Indices.tensor(shape)) {
      Map<String, Strided> arrays = new LinkedHashMap<>();
      arrays.put("indices", writtenIndices);
      arrays.put("indptr", writtenIndptr);
      arrays.put("shape", writtenShape);
      arrays.put("data", conjugates == null ? data : conjugates);
      NpzFile.write(file, arrays, Map.of("format", format), sync);
    }
  }
}
