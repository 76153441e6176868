// BSR matrices: files of SciPy, there and back.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.io.NpyHeader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BsrNpzTest {
  @TempDir Path folder;

  /** The arrays of a 4 x 6 matrix of three blocks of 2 x 3, as SciPy has them. */
  private static Map<String, Tensor> arrays() {
    double[] data = new double[18];
    Arrays.setAll(data, i -> i + 1);
    Map<String, Tensor> arrays = new LinkedHashMap<>();
    arrays.put("indices", Tensor.of(new int[] {1, 0, 1}));
    arrays.put("indptr", Tensor.of(new int[] {0, 1, 3}));
    arrays.put("data", Tensor.of(data, 3, 2, 3));
    arrays.put("shape", Tensor.of(new long[] {4, 6}));
    return arrays;
  }

  private static final double[] DENSE = {
    0, 0, 0, 1, 2, 3, 0, 0, 0, 4, 5, 6, 7, 8, 9, 13, 14, 15, 10, 11, 12, 16, 17, 18
  };

  private Path file(byte[] format, Map<String, Tensor> arrays) throws IOException {
    ZipBytes zip = new ZipBytes();
    for (Map.Entry<String, Tensor> e : arrays.entrySet()) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      e.getValue().writeNpy(out);
      zip.add(e.getKey() + ".npy", out.toByteArray(), true);
    }
    zip.add("format.npy", format, true);
    return Files.write(folder.resolve("b.npz"), zip.make());
  }

  private void refused(String text, byte[] format, Map<String, Tensor> arrays) throws IOException {
    Path file = file(format, arrays);
    String message =
        assertThrows(NpyFormatException.class, () -> BsrMatrix.readNpz(file)).getMessage();
    assertTrue(message.contains(text), message);
    assertTrue(message.startsWith(file.toString()), message);
  }

  /** A .npy of a Unicode string, which files of SciPy before 1.0 hold. */
  private static byte[] unicode(String text, boolean big) {
    byte[] bytes = text.getBytes(Charset.forName(big ? "UTF-32BE" : "UTF-32LE"));
    String descr = (big ? ">U" : "<U") + text.length();
    String header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (), }";
    byte[] start =
        ("\u0093NUMPY\1\0" + (char) header.length() + "\0" + header)
            .getBytes(StandardCharsets.ISO_8859_1);
    byte[] all = Arrays.copyOf(start, start.length + bytes.length);
    System.arraycopy(bytes, 0, all, start.length, bytes.length);
    return all;
  }

  @Test
  void scipysFilesAreRead() throws IOException {
    for (byte[] format :
        new byte[][] {NpyHeader.ofText("bsr"), unicode("bsr", false), unicode("bsr", true)}) {
      try (BsrMatrix a = BsrMatrix.readNpz(file(format, arrays()));
          Tensor dense = a.toDense()) {
        assertArrayEquals(DENSE, dense.toDoubleArray());
        assertEquals(3, a.blockCount());
      }
    }
  }

  @Test
  void writtenAndReadAlsoTransposed() throws IOException {
    try (BsrMatrix a = BsrMatrix.readNpz(file(NpyHeader.ofText("bsr"), arrays()))) {
      for (BsrMatrix m : new BsrMatrix[] {a, a.transpose(), a.transpose().transpose()}) {
        Path out = folder.resolve("out.npz");
        m.writeNpz(out);
        try (BsrMatrix back = BsrMatrix.readNpz(out);
            Tensor dense = back.toDense();
            Tensor wanted = m.toDense()) {
          assertArrayEquals(m.shape(), back.shape());
          assertArrayEquals(m.blockShape(), back.blockShape());
          assertArrayEquals(wanted.toDoubleArray(), dense.toDoubleArray());
        }
      }
    }
  }

  @Test
  void whatIsNoMatrixIsNamed() throws IOException {
    refused("format 'csr'", NpyHeader.ofText("csr"), arrays());
    refused("not the name of a sparse format", NpyHeader.ofText("../x"), arrays());
    byte[] text = NpyHeader.ofText("x".repeat(4000)); // 4 KB: refused without looking at it
    refused("not the name of a sparse format", text, arrays());
    byte[] bsr = NpyHeader.ofText("bsr");
    Map<String, Tensor> wrong = arrays();
    wrong.put("shape", Tensor.of(new long[] {4, 5}));
    refused("not made of blocks", bsr, wrong);
    wrong.put("shape", Tensor.of(new long[] {4, 3}));
    refused("indices[0] is 1", bsr, wrong);
    wrong.put("shape", Tensor.of(new double[] {4, 6}));
    refused("two integers", bsr, wrong);
    wrong = arrays();
    wrong.put("indptr", Tensor.of(new double[] {0, 1, 3}));
    refused("integers of rank 1", bsr, wrong);
    wrong.put("indptr", Tensor.of(new long[] {0, 1, 2}));
    refused("ends with 2", bsr, wrong);
    wrong.remove("indptr");
    refused("no array 'indptr'", bsr, wrong);
    wrong = arrays();
    wrong.put("data", Tensor.of(new int[18], 3, 2, 3));
    refused("F32, F64, BF16, F16, C64 or C128", bsr, wrong);
  }
}
