// CSR matrices: SciPy's .npz files, as scipy.sparse.save_npz writes and load_npz reads them.
package io.github.einblas;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads and writes sparse matrices. */
final class CsrNpz {
  /** Indices below 2^31 are written as SciPy makes them, in 32 bits. */
  private static final long NARROW = Integer.MAX_VALUE;

  private CsrNpz() {}

  static CsrMatrix read(Path file) throws IOException {
    try (NpzFile arrays = NpzFile.open(file)) {
      String format = format(file, arrays);
      long[] shape = shape(file, arrays);
      try (Tensor data = arrays.read("data")) {
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
      try (Tensor coords = arrays.read("coords")) {
        if (coords.rank() != 2 || coords.length(0) != 2) {
          throw new IllegalArgumentException(
              "coords must be of shape (2, entries), got " + coords.describe());
        }
        try (Tensor row = coords.select(0, 0);
            Tensor column = coords.select(0, 1)) {
          return CsrMatrix.ofTriples(shape[0], shape[1], row, column, data);
        }
      }
    }
    try (Tensor row = arrays.read("row");
        Tensor column = arrays.read("col")) {
      return CsrMatrix.ofTriples(shape[0], shape[1], row, column, data);
    }
  }

  private static CsrMatrix compressed(NpzFile arrays, String format, long[] shape, Tensor data)
      throws IOException {
    try (Tensor indptr = arrays.read("indptr");
        Tensor indices = arrays.read("indices")) {
      return "csr".equals(format)
          ? CsrMatrix.of(shape[0], shape[1], indptr, indices, data)
          : CsrMatrix.ofColumns(shape[0], shape[1], indptr, indices, data);
    }
  }

  // ---- for BSR too

  /** The name of the format. */
  static String format(Path file, NpzFile arrays) throws IOException {
    String format = arrays.readText("format");
    if (format == null || !format.chars().allMatch(c -> c >= 'a' && c <= 'z')) {
      throw new NpyFormatException(
          file + ":format is not the name of a sparse format, as scipy.sparse.save_npz writes it");
    }
    return format;
  }

  /** Rows and columns. */
  static long[] shape(Path file, NpzFile arrays) throws IOException {
    try (Tensor shape = arrays.read("shape")) {
      if (shape.dtype().isFloating() || shape.rank() != 1 || shape.size() != 2) {
        throw new NpyFormatException(file + ":shape must be two integers, got " + shape.describe());
      }
      return new long[] {shape.getLong(0), shape.getLong(1)};
    }
  }

  static NpyFormatException noMatrix(Path file, RuntimeException why) {
    NpyFormatException wrong = new NpyFormatException(file + ": " + why.getMessage());
    wrong.initCause(why);
    return wrong;
  }

  static void write(CsrMatrix matrix, Path file, boolean sync) throws IOException {
    DType index = matrix.entries() <= NARROW ? DType.I32 : DType.I64;
    try (Tensor indices = matrix.indices();
        Tensor indptr = matrix.indptr();
        Tensor data = matrix.values();
        Tensor writtenIndices = indices.to(index);
        Tensor writtenIndptr = indptr.to(index);
        Tensor shape = Tensor.of(matrix.shape())) {
      Map<String, Tensor> arrays = new LinkedHashMap<>();
      arrays.put("indices", writtenIndices);
      arrays.put("indptr", writtenIndptr);
      arrays.put("shape", shape);
      arrays.put("data", data);
      NpzFile.write(file, arrays, Map.of("format", "csr"), sync);
    }
  }
}
