// Tests CSR matrices against dense ones: other matrices, files, einsum, refusals, life and
// death.
package io.github.einblas;

import static io.github.einblas.CsrSamples.filled;
import static io.github.einblas.CsrSamples.flat;
import static io.github.einblas.CsrSamples.random;
import static io.github.einblas.CsrSamples.sample;
import static io.github.einblas.CsrSamples.small;
import static io.github.einblas.CsrSamples.turned;
import static io.github.einblas.CsrSamples.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.CsrSamples.Sample;
import io.github.einblas.reference.Seeds;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsrMatrixTest {
  @TempDir Path folder;

  @Property(tries = 60, seed = "5", shrinking = ShrinkingMode.OFF)
  void otherMatricesAndFiles(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    Sample s = sample(random, random.nextBoolean() ? DType.F32 : DType.F64);
    try (CsrMatrix a = s.csr();
        CsrMatrix t = a.transpose();
        CsrMatrix back = t.transpose();
        CsrMatrix again = CsrMatrix.ofDense(a.toDense(), 0)) {
      assertArrayEquals(flat(turned(s.dense(), (int) a.columns())), values(t.toDense()));
      assertArrayEquals(flat(s.dense()), values(back.toDense()));
      assertArrayEquals(flat(s.dense()), values(again.toDense()));
      long places = a.rows() * a.columns();
      for (long rows : new long[] {1, a.columns(), places}) {
        if (rows > 0 && places % rows == 0) {
          try (CsrMatrix b = a.reshape(rows, places / rows)) {
            assertArrayEquals(flat(s.dense()), values(b.toDense()));
            assertArrayEquals(b.shape(), b.toDense().shape());
          }
        }
      }
      Path directory = Files.createTempDirectory("einblas-csr");
      Path file = directory.resolve("a.npz");
      a.writeNpz(file);
      try (CsrMatrix read = CsrMatrix.readNpz(file)) {
        assertArrayEquals(values(a.values()), values(read.values()));
        assertArrayEquals(a.indices().toIntArray(), read.indices().toIntArray());
        assertArrayEquals(a.indptr().toLongArray(), read.indptr().toLongArray());
        assertArrayEquals(a.shape(), read.shape());
      }
      Files.delete(file);
      Files.delete(directory);
    }
  }

  @Test
  void khatriRaoIsTheKroneckerProductOfRows() {
    for (long seed : Seeds.upTo(20)) {
      Random random = new Random(seed);
      double[][] x = random(random, 7, 5);
      double[][] y = random(random, 7, 4);
      try (CsrMatrix a = CsrMatrix.ofDense(Tensor.of(flat(x), 7, 5), 0);
          CsrMatrix b = CsrMatrix.ofDense(Tensor.of(flat(y), 7, 4), 0);
          CsrMatrix c = a.khatriRao(b)) {
        double[] got = values(c.toDense());
        for (int r = 0; r < 7; r++) {
          for (int i = 0; i < 5; i++) {
            for (int j = 0; j < 4; j++) {
              assertEquals(x[r][i] * y[r][j] + 0.0, got[r * 20 + i * 4 + j]);
            }
          }
        }
        assertEquals(Arrays.stream(got).filter(v -> v != 0).count(), c.entries());
      }
    }
  }

  @Property(tries = 60, seed = "8", shrinking = ShrinkingMode.OFF)
  void integersAreStoredAndProductsRefuseThem(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    DType dtype = random.nextBoolean() ? DType.I32 : DType.I64;
    double[][] m = random(random, 1 + random.nextInt(9), 1 + random.nextInt(9));
    Path directory = Files.createTempDirectory("einblas-csr");
    Path file = directory.resolve("integers.npz");
    try (Tensor wide = Tensor.of(flat(m), m.length, m[0].length);
        Tensor dense = wide.to(dtype);
        CsrMatrix a = CsrMatrix.ofDense(dense, 0);
        CsrMatrix t = a.transpose();
        CsrMatrix row = a.reshape(1, dense.size());
        CsrMatrix floating = a.to(DType.F64);
        CsrMatrix back = floating.to(dtype);
        Tensor x = Tensor.ones(dtype, m[0].length)) {
      assertEquals(dtype, a.dtype());
      assertEquals(dtype, back.dtype());
      assertArrayEquals(flat(m), values(a.toDense()));
      assertArrayEquals(flat(m), values(row.toDense()));
      assertArrayEquals(flat(m), values(floating.toDense()));
      assertArrayEquals(flat(m), values(back.toDense()));
      assertArrayEquals(flat(turned(m, m[0].length)), values(t.toDense()));
      a.writeNpz(file);
      try (CsrMatrix read = CsrMatrix.readNpz(file)) {
        assertEquals(dtype, read.dtype());
        assertArrayEquals(flat(m), values(read.toDense()));
      }
      Files.delete(file);
      Files.delete(directory);
      String text = assertThrows(IllegalArgumentException.class, () -> a.times(x)).getMessage();
      assertTrue(text.contains("F32, F64, BF16, F16, C64 or C128 (CsrMatrix.to converts)"), text);
      text = assertThrows(IllegalArgumentException.class, () -> a.khatriRao(a)).getMessage();
      assertTrue(text.contains("F32, F64, BF16, F16, C64 or C128 (CsrMatrix.to converts)"), text);
      text =
          assertThrows(IllegalArgumentException.class, () -> Kronecker.of(Kronecker.identity(2), a))
              .getMessage();
      assertTrue(text.contains("factor 1 is a sparse matrix of " + dtype), text);
    }
  }

  @Test
  void einsumTakesOneSparseOperand() {
    Random random = new Random(1);
    double[][] m = random(random, 6, 4);
    try (Tensor dense = Tensor.of(flat(m), 6, 4);
        CsrMatrix a = CsrMatrix.ofDense(dense, 0);
        Tensor columns = filled(random, DType.F64, 4, 5);
        Tensor rows = filled(random, DType.F64, 6, 5);
        Tensor vector = filled(random, DType.F64, 6)) {
      for (String equation : List.of("ij,jk->ik", "ij,jk->ki", "Za,ax", " q b , b c -> c q")) {
        assertClose(Einsum.einsum(equation, dense, columns), Einsum.einsum(equation, a, columns));
      }
      for (String equation : List.of("ij,ik->jk", "ij,ik->kj")) {
        assertClose(Einsum.einsum(equation, dense, rows), Einsum.einsum(equation, a, rows));
      }
      for (String equation : List.of("ki,ij->kj", "ki,ij->jk", "ba,ac")) {
        assertClose(
            Einsum.einsum(equation, rows.transpose(), dense),
            Einsum.einsum(equation, rows.transpose(), a));
      }
      assertClose(
          Einsum.einsum("jk,ij->ik", columns, dense), Einsum.einsum("jk,ij->ik", columns, a));
      assertClose(Einsum.einsum("i,ij->j", vector, dense), Einsum.einsum("i,ij->j", vector, a));
      assertClose(Einsum.einsum("ij,i", dense, vector), Einsum.einsum("ij,i", a, vector));
      for (String wrong :
          List.of("ij,jk->ijk", "ij,jk->i", "ii,ik->k", "ij,kl->ijkl", "ij,ij->", "ij,jk,kl->il")) {
        String text =
            assertThrows(IllegalArgumentException.class, () -> Einsum.einsum(wrong, a, columns))
                .getMessage();
        assertTrue(text.contains(wrong), text);
      }
      assertThrows(IllegalArgumentException.class, () -> Einsum.einsum("ij,jk->ik", a, rows));
    }
  }

  private static void assertClose(Tensor want, Tensor got) {
    assertArrayEquals(want.shape(), got.shape());
    assertArrayEquals(values(want), values(got), 1e-13);
  }

  @Test
  void wrongStructureIsRefusedWithItsPlace() {
    int[] good = {0, 1, 2};
    float[] values = {1, 2};
    refused("indptr[0] must be 0, got 1", new int[] {1, 1, 2}, new int[] {0, 0}, values);
    refused("indptr[2] is 1, less than indptr[1]", new int[] {0, 2, 1}, new int[] {0, 0}, values);
    refused("indptr[2] is 3", new int[] {0, 1, 3}, new int[] {0, 0}, values);
    refused("needs 3 numbers, got 2", new int[] {0, 2}, new int[] {0, 0}, values);
    refused("1 indices for 2 values", good, new int[] {0}, values);
    refused("indices[1] is 4, but there are 4 columns", good, new int[] {0, 4}, values);
    refused("indices[0] is -1", good, new int[] {-1, 0}, values);
    String far =
        assertThrows(
                IndexOutOfBoundsException.class,
                () -> CsrMatrix.of(values, new long[] {0, 1L << 32}, new long[] {0, 1, 2}, 2, 4))
            .getMessage();
    assertTrue(far.contains("indices[1] is 4294967296"), far);
    try (Tensor one = Tensor.of(new int[] {1});
        Tensor two = Tensor.of(new int[] {2});
        Tensor value = Tensor.of(new float[] {1})) {
      String text =
          assertThrows(
                  IndexOutOfBoundsException.class, () -> CsrMatrix.ofTriples(value, two, one, 2, 2))
              .getMessage();
      assertTrue(text.contains("row[0] is 2, but there are 2 rows"), text);
      assertThrows(
          IllegalArgumentException.class, () -> CsrMatrix.of(value, one, one, 1L << 31, 1));
    }
  }

  private static void refused(String part, int[] indptr, int[] indices, float[] values) {
    long bytes = Einblas.nativeBytesInUse();
    RuntimeException thrown =
        assertThrows(RuntimeException.class, () -> CsrMatrix.of(values, indices, indptr, 2, 4));
    assertTrue(thrown.getMessage().contains(part), thrown.getMessage());
    assertTrue(Einblas.nativeBytesInUse() <= bytes, "native memory leaked");
  }

  private static String explain(CsrMatrix a, long n) {
    try (Tensor one = Tensor.ones(a.dtype(), 1, 1)) {
      return a.explain(one.broadcastTo(a.columns(), n));
    }
  }

  @Test
  void explanationSaysWhatIsFaster() {
    try (Tensor ones = Tensor.ones(DType.F32, 20, 10);
        CsrMatrix full = CsrMatrix.ofDense(ones, 0);
        CsrMatrix few = small()) {
      String text = explain(full, 3);
      assertTrue(text.contains("20 x 10 F32, 200 entries (100 %)"), text);
      assertTrue(text.contains("toDense()"), text);
      assertTrue(explain(few, 1).contains("stay sparse"), explain(few, 1));
      assertThrows(IllegalArgumentException.class, () -> few.explain(ones));
      // One third is full: dense pays for many columns, not for few.
      assertTrue(explain(few, 8).contains("stay sparse: with 8 columns"), explain(few, 8));
      assertTrue(explain(few, 300).contains("toDense()"), explain(few, 300));
    }
  }

  @Test
  void laterChangesOfTheGivenArraysAreNotSeen() {
    float[] values = {2, 1, 1};
    try (Tensor indptr = Tensor.of(new int[] {0, 2, 2, 3});
        Tensor indices = Tensor.of(new int[] {2, 0, 2});
        Tensor data = Tensor.of(values);
        CsrMatrix a = CsrMatrix.of(data, indices, indptr, 3, 3)) {
      indices.fill(1_000_000_000);
      indptr.fill(7);
      data.fill(5);
      assertArrayEquals(new float[] {1, 0, 2, 0, 0, 0, 0, 0, 1}, a.toDense().toFloatArray());
    }
  }

  @Test
  void closingEndsTheMatrixAndWhatCameFromIt() {
    CsrMatrix a = small();
    CsrMatrix t = a.transpose();
    CsrMatrix r = a.reshape(1, 9);
    CsrMatrix other = a.to(DType.F64);
    t.close();
    assertFalse(a.isClosed());
    assertEquals(3, a.transpose().entries());
    a.close();
    assertTrue(a.isClosed());
    assertTrue(r.isClosed());
    assertEquals(3, other.entries());
    assertArrayEquals(new double[] {1, 0, 2, 0, 0, 0, 0, 0, 1}, values(other.toDense()));
    other.close();
    try (Tensor x = Tensor.zeros(DType.F32, 3)) {
      assertThrows(IllegalStateException.class, () -> a.times(x));
      assertThrows(IllegalStateException.class, () -> a.transpose().times(x));
      assertThrows(IllegalStateException.class, a::toDense);
      assertThrows(IllegalStateException.class, () -> a.reshape(9, 1));
    }
    a.close();
    assertTrue(a.toString().contains("closed"));
  }

  @Test
  void filesOfScipyAreRead() throws IOException {
    Map<String, Tensor> arrays = new LinkedHashMap<>();
    arrays.put("indices", Tensor.of(new int[] {2, 0, 2}));
    arrays.put("indptr", Tensor.of(new int[] {0, 2, 2, 3}));
    arrays.put("data", Tensor.of(new float[] {2, 1, 1}));
    arrays.put("shape", Tensor.of(new long[] {3, 3}));
    float[] dense = {1, 0, 2, 0, 0, 0, 0, 0, 1};
    try (CsrMatrix a = CsrMatrix.readNpz(scipy("csr", arrays))) {
      assertArrayEquals(dense, a.toDense().toFloatArray());
    }
    try (CsrMatrix a = CsrMatrix.readNpz(scipy("csc", arrays))) {
      assertArrayEquals(dense, a.toDense().transpose().copy().toFloatArray());
      try (Tensor x = Tensor.of(new float[] {1, 2, 3})) {
        assertArrayEquals(new float[] {7, 0, 3}, a.transpose().times(x).toFloatArray());
      }
    }
    arrays.put("row", Tensor.of(new int[] {0, 0, 2}));
    arrays.put("col", Tensor.of(new int[] {2, 0, 2}));
    try (CsrMatrix a = CsrMatrix.readNpz(scipy("coo", arrays))) {
      assertArrayEquals(dense, a.toDense().toFloatArray());
    }
    arrays.remove("row");
    arrays.remove("col");
    arrays.put("coords", Tensor.of(new int[] {0, 0, 2, 2, 0, 2}, 2, 3));
    try (CsrMatrix a = CsrMatrix.readNpz(scipy("coo", arrays))) {
      assertArrayEquals(dense, a.toDense().toFloatArray());
    }
    arrays.put("coords", Tensor.of(new int[] {0, 0, 2, 2, 0, 2}, 3, 2));
    notRead("(2, entries)", scipy("coo", arrays));
    notRead("BsrMatrix.readNpz", scipy("bsr", arrays));
    notRead("format 'dia'", scipy("dia", arrays));
    arrays.put("shape", Tensor.of(new long[] {3, 2}));
    notRead("indices[0] is 2", scipy("csr", arrays));
    arrays.put("shape", Tensor.of(new long[] {3, 3, 1}));
    notRead("two integers", scipy("csr", arrays));
    arrays.put("shape", Tensor.of(new long[] {3, 3}));
    arrays.put("data", Tensor.of(new int[] {2, 1, 1}));
    try (CsrMatrix a = CsrMatrix.readNpz(scipy("csr", arrays))) {
      assertArrayEquals(new int[] {1, 0, 2, 0, 0, 0, 0, 0, 1}, a.toDense().toIntArray());
    }
    arrays.put("data", Tensor.of(new int[] {2, 1}));
    notRead("3 indices for 2 values", scipy("csr", arrays));
    arrays.remove("data");
    notRead("no array 'data'", scipy("csr", arrays));
    Path plain = folder.resolve("plain.npz");
    Tensor.writeNpz(plain, arrays);
    notRead("no array 'format'", plain);
    Files.writeString(plain, "no archive");
    notRead("plain.npz", plain);
  }

  private static void notRead(String part, Path file) {
    NpyFormatException thrown =
        assertThrows(NpyFormatException.class, () -> CsrMatrix.readNpz(file));
    assertTrue(thrown.getMessage().contains(part), thrown.getMessage());
  }

  /** As SciPy 1.17's save_npz: deflated, the format a |S3 scalar under a header of 118 bytes. */
  private Path scipy(String format, Map<String, Tensor> arrays) throws IOException {
    Path plain = folder.resolve("arrays.npz");
    Path file = folder.resolve(format + ".npz");
    Tensor.writeNpz(plain, arrays);
    try (ZipFile from = new ZipFile(plain.toFile());
        ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      for (ZipEntry entry : from.stream().toList()) {
        zip.putNextEntry(new ZipEntry(entry.getName()));
        from.getInputStream(entry).transferTo(zip);
      }
      zip.putNextEntry(new ZipEntry("format.npy"));
      String header = "{'descr': '|S3', 'fortran_order': False, 'shape': (), }";
      zip.write(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0});
      zip.write(
          (header + " ".repeat(117 - header.length()) + "\n")
              .getBytes(StandardCharsets.ISO_8859_1));
      zip.write(format.getBytes(StandardCharsets.ISO_8859_1));
    }
    return file;
  }
}
