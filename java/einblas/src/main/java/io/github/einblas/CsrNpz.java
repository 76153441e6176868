// CSR matrices: SciPy's .npz files, as scipy.sparse.save_npz writes and load_npz reads them.
package io.github.einblas;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads and writes sparse matrices. */
final class CsrNpz {
  /** A header of format 1.0 of a scalar of bytes, then those bytes. */
  private static final Pattern FORMAT =
      Pattern.compile(
          "\\x93NUMPY\\x01\\x00..\\{[^}]*'descr': '\\|S\\d+'[^}]*'shape': \\(\\)[^}]*}\\s*([a-z]+)",
          Pattern.DOTALL);

  /** Indices below 2^31 are written as SciPy makes them, in 32 bits. */
  private static final long NARROW = Integer.MAX_VALUE;

  private CsrNpz() {}

  static CsrMatrix read(Path file) throws IOException {
    String format = format(file);
    try (Tensor shape = Npy.readNpz(file, "shape");
        Tensor data = Npy.readNpz(file, "data")) {
      if (shape.dtype().isFloating() || shape.rank() != 1 || shape.size() != 2) {
        throw new NpyFormatException(file + ":shape must be two integers, got " + shape.describe());
      }
      return read(file, format, shape.getLong(0), shape.getLong(1), data);
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      NpyFormatException wrong = new NpyFormatException(file + ": " + e.getMessage());
      wrong.initCause(e);
      throw wrong;
    }
  }

  private static CsrMatrix read(Path file, String format, long rows, long columns, Tensor data)
      throws IOException {
    if ("coo".equals(format)) {
      try (Tensor row = Npy.readNpz(file, "row");
          Tensor column = Npy.readNpz(file, "col")) {
        return CsrMatrix.ofTriples(rows, columns, row, column, data);
      }
    }
    if (!"csr".equals(format) && !"csc".equals(format)) {
      throw new NpyFormatException(
          file + " holds a sparse matrix of format '" + format + "'; csr, csc and coo are read");
    }
    try (Tensor indptr = Npy.readNpz(file, "indptr");
        Tensor indices = Npy.readNpz(file, "indices")) {
      return "csr".equals(format)
          ? CsrMatrix.of(rows, columns, indptr, indices, data)
          : CsrMatrix.ofColumns(rows, columns, indptr, indices, data);
    }
  }

  private static String format(Path file) throws IOException {
    byte[] bytes = Npy.readNpzBytes(file, "format", 4096);
    Matcher m = FORMAT.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
    if (!m.lookingAt()) {
      throw new NpyFormatException(
          file + ":format is not the name of a sparse format, as scipy.sparse.save_npz writes it");
    }
    return m.group(1);
  }

  static void write(CsrMatrix matrix, Path file) throws IOException {
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
      Npy.writeNpz(file, arrays, Map.of("format", name("csr")));
    }
  }

  /** A .npy of one byte string. */
  private static byte[] name(String text) {
    String dict = "{'descr': '|S" + text.length() + "', 'fortran_order': False, 'shape': (), }";
    String header = dict + " ".repeat(128 - 10 - dict.length() - 1) + "\n";
    byte[] start = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) header.length(), 0};
    byte[] rest = (header + text).getBytes(StandardCharsets.ISO_8859_1);
    byte[] all = new byte[start.length + rest.length];
    System.arraycopy(start, 0, all, 0, start.length);
    System.arraycopy(rest, 0, all, start.length, rest.length);
    return all;
  }
}
