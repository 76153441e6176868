// Tests CSR matrices against dense ones: random structures and layouts, files, einsum, refusals,
// life and death.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.Seeds;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

  /** A matrix and the dense one that it must equal. */
  private record Sample(CsrMatrix csr, double[][] dense) {}

  /** Unsorted columns, repeated entries, empty rows, one long row; indices of 32 or 64 bits. */
  private static Sample sample(Random random, DType dtype) {
    int rows = random.nextInt(40);
    int columns = random.nextInt(60);
    double[][] dense = new double[rows][columns];
    List<Integer> indices = new ArrayList<>();
    List<Double> values = new ArrayList<>();
    long[] indptr = new long[rows + 1];
    int longRow = random.nextInt(3) == 0 && rows > 0 ? random.nextInt(rows) : -1;
    for (int r = 0; r < rows; r++) {
      int n = columns == 0 ? 0 : r == longRow ? 5000 : random.nextInt(1 + random.nextInt(12));
      for (int i = 0; i < n; i++) {
        int c = random.nextInt(columns);
        // Of few bits: sums of the entries of a place are exact in any order, in F32 too.
        double v = (random.nextInt(129) - 64) / 64.0;
        indices.add(c);
        values.add(v);
        dense[r][c] += v;
      }
      indptr[r + 1] = indices.size();
    }
    double[] data = values.stream().mapToDouble(Double::doubleValue).toArray();
    DType index = random.nextBoolean() ? DType.I32 : DType.I64;
    try (Tensor p = Tensor.of(indptr, indptr.length);
        Tensor i = Tensor.of(indices.stream().mapToInt(Integer::intValue).toArray());
        Tensor v = Tensor.of(data);
        Tensor pointers = p.to(index);
        Tensor places = i.to(index);
        Tensor typed = v.to(dtype)) {
      return new Sample(CsrMatrix.of(typed, places, pointers, rows, columns), dense);
    }
  }

  /** A view of random layout of new memory. */
  private static Tensor place(Random random, DType dtype, long... shape) {
    boolean turn = shape.length == 2 && random.nextBoolean();
    long[] stored = turn ? new long[] {shape[1], shape[0]} : shape.clone();
    int step = 1 + random.nextInt(2);
    int last = stored.length - 1;
    stored[last] = stored[last] * step + random.nextInt(3);
    Tensor t = Tensor.full(dtype, 9, stored);
    long length = turn ? shape[0] : shape[last];
    t = t.slice(last, 0, length * step, step);
    t = random.nextInt(3) == 0 ? t.flip(0) : t;
    return turn ? t.transpose() : t;
  }

  private static Tensor filled(Random random, DType dtype, long... shape) {
    Tensor t = place(random, dtype, shape);
    double[] data = random.doubles(t.size(), -1, 1).toArray();
    try (Tensor wide = Tensor.of(data, shape);
        Tensor typed = wide.to(dtype)) {
      t.copyFrom(typed);
    }
    return t;
  }

  private static double[] values(Tensor t) {
    try (Tensor wide = t.to(DType.F64)) {
      return wide.toDoubleArray();
    }
  }

  private static double[][] turned(double[][] a, int columns) {
    double[][] t = new double[columns][a.length];
    for (int r = 0; r < a.length; r++) {
      for (int c = 0; c < columns; c++) {
        t[c][r] = a[r][c];
      }
    }
    return t;
  }

  @Property(tries = 300, seed = "20261121", shrinking = ShrinkingMode.OFF)
  void productsAreThoseOfTheDenseMatrix(@ForAll long seed) {
    Random random = new Random(seed);
    DType dtype = random.nextBoolean() ? DType.F32 : DType.F64;
    Sample s = sample(random, dtype);
    int columns = (int) s.csr.columns();
    try (CsrMatrix a = s.csr) {
      assertArrayEquals(flat(s.dense), values(a.toDense()));
      double[][] turned = turned(s.dense, columns);
      checkProduct(random, a, false, s.dense, columns);
      checkProduct(random, a.transpose(), false, turned, s.dense.length);
      checkProduct(random, a, true, turned, s.dense.length);
      checkProduct(random, a.transpose(), true, s.dense, columns);
    }
  }

  /** Of A x: A^T g, and g x^T where A has entries; of x A on the left: g A^T, and x^T g. */
  @Property(tries = 150, seed = "20261128", shrinking = ShrinkingMode.OFF)
  void gradientsAreThoseOfTheDenseProduct(@ForAll long seed) {
    Random random = new Random(seed);
    DType dtype = random.nextBoolean() ? DType.F32 : DType.F64;
    Sample s = sample(random, dtype);
    boolean vector = random.nextInt(3) == 0;
    boolean left = random.nextBoolean();
    int n = vector ? 1 : random.nextInt(40);
    int summed = left ? s.dense.length : (int) s.csr.columns();
    int kept = left ? (int) s.csr.columns() : s.dense.length;
    try (CsrMatrix a = s.csr) {
      Tensor x = vector ? filled(random, dtype, summed) : operand(random, dtype, left, summed, n);
      Tensor g = vector ? filled(random, dtype, kept) : operand(random, dtype, left, kept, n);
      try (CsrMatrix.Gradient gradient = left ? a.timesLeftGradient(x, g) : a.timesGradient(x, g);
          CsrMatrix back = a.transpose();
          Tensor dx = left ? back.timesLeft(g) : back.times(g)) {
        assertArrayEquals(values(dx), values(gradient.x()));
        assertArrayEquals(values(a.indptr()), values(gradient.matrix().indptr()));
        assertArrayEquals(values(a.indices()), values(gradient.matrix().indices()));
        double[] in = values(x);
        double[] up = values(g);
        double[] got = values(gradient.matrix().values());
        long[] indptr = a.indptr().toLongArray();
        int[] indices = a.indices().toIntArray();
        double eps = dtype == DType.F32 ? 0x1p-23 : 0x1p-52;
        for (int r = 0; r < s.dense.length; r++) {
          for (int e = (int) indptr[r]; e < indptr[r + 1]; e++) {
            double sum = 0;
            double size = 0;
            for (int j = 0; j < n; j++) {
              double term =
                  left
                      ? in[vector ? r : j * summed + r]
                          * up[vector ? indices[e] : j * kept + indices[e]]
                      : up[r * n + j] * in[indices[e] * n + j];
              sum += term;
              size += Math.abs(term);
            }
            assertEquals(sum, got[e], eps * (n + 2) * size, "entry " + e + " of " + a);
          }
        }
      }
    }
  }

  @Test
  void aSampledProductOutlivesItsPattern() {
    CsrMatrix a = CsrMatrix.of(new float[] {1, 2}, new int[] {0, 1}, new int[] {0, 1, 2}, 2, 2);
    try (Tensor x = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
        CsrMatrix sampled = CsrMatrix.sampledMatmul(a, x, x)) {
      a.close();
      assertArrayEquals(new double[] {7, 0, 0, 22}, values(sampled.toDense()));
    }
  }

  @Test
  void sampledProductsRefuseOtherShapesAndTypes() {
    try (CsrMatrix a =
            CsrMatrix.of(new float[] {1, 2, 3}, new int[] {0, 2, 2}, new int[] {0, 2, 2, 3}, 3, 4);
        CsrMatrix whole = a.to(DType.I32)) {
      Tensor x = Tensor.zeros(DType.F32, 3, 2);
      Tensor y = Tensor.zeros(DType.F32, 2, 4);
      CsrMatrix.sampledMatmul(a, x, y).close();
      refusedSample("(3, k) and (k, 4)", a, y, x);
      refusedSample("(3, k) and (k, 4)", a, x, Tensor.zeros(DType.F32, 3, 4));
      refusedSample("of its type", a, x, Tensor.zeros(DType.F64, 2, 4));
      refusedSample("of its type", a, Tensor.zeros(DType.F32, 3), y);
      refusedSample("CsrMatrix.to converts", whole, x, y);
      String text =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> a.timesGradient(Tensor.zeros(DType.F32, 4, 2), y))
              .getMessage();
      assertTrue(text.contains("gradient of the result must have shape [3, 2]"), text);
    }
  }

  private static void refusedSample(String part, CsrMatrix a, Tensor x, Tensor y) {
    String text =
        assertThrows(IllegalArgumentException.class, () -> CsrMatrix.sampledMatmul(a, x, y))
            .getMessage();
    assertTrue(text.contains(part), text);
  }

  private static double[] flat(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
  }

  /** out = alpha * a x + beta * out, or alpha * x a + beta * out, which is a^T x^T. */
  private static void checkProduct(
      Random random, CsrMatrix a, boolean onLeft, double[][] matrix, int summed) {
    boolean vector = random.nextInt(3) == 0;
    int n = vector ? 1 : random.nextInt(70);
    int rows = matrix.length;
    DType dtype = a.dtype();
    Tensor x = vector ? filled(random, dtype, summed) : operand(random, dtype, onLeft, summed, n);
    Tensor out = vector ? filled(random, dtype, rows) : operand(random, dtype, onLeft, rows, n);
    double alpha = random.nextInt(4) / 2.0 - 0.5;
    double beta = random.nextInt(3) / 2.0 - 0.5;
    if (beta == 0) {
      out.fill(Double.NaN);
    }
    double[] in = values(x);
    double[] before = values(out);
    if (onLeft) {
      a.timesLeftInto(out, alpha, beta, x);
    } else {
      a.timesInto(out, alpha, beta, x);
    }
    double[] got = values(out);
    double eps = dtype == DType.F32 ? 0x1p-23 : 0x1p-52;
    boolean left = onLeft && !vector;
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < n; j++) {
        int at = left ? j * rows + r : r * n + j;
        double sum = beta == 0 ? 0 : beta * before[at];
        double size = Math.abs(sum);
        for (int k = 0; k < summed; k++) {
          double term = alpha * matrix[r][k] * in[left ? j * summed + k : k * n + j];
          sum += term;
          size += Math.abs(term);
        }
        // Entries of one place may cancel before they are added up: 5000 of size 1 at most.
        double bound = eps * ((summed + 5003.0) * size + 5000.0 * Math.abs(alpha) * rounds(a));
        assertEquals(sum, got[at], bound, () -> (onLeft ? "x A" : "A x") + " of " + a + ", n " + n);
      }
    }
    if (dtype == DType.F32 && alpha == 1 && beta == 0 && !vector) {
      try (Tensor again = onLeft ? a.timesLeft(x) : a.times(x)) {
        assertArrayEquals(got, values(again));
      }
    }
  }

  /** Size that repeated entries may have on the way: nothing unless there are many. */
  private static double rounds(CsrMatrix a) {
    return a.entries() > a.rows() * 12 ? 5000 : 12;
  }

  private static Tensor operand(Random random, DType dtype, boolean left, int length, int n) {
    return left ? filled(random, dtype, n, length) : filled(random, dtype, length, n);
  }

  @Property(tries = 60, seed = "5", shrinking = ShrinkingMode.OFF)
  void otherMatricesAndFiles(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    Sample s = sample(random, random.nextBoolean() ? DType.F32 : DType.F64);
    try (CsrMatrix a = s.csr;
        CsrMatrix t = a.transpose();
        CsrMatrix back = t.transpose();
        CsrMatrix again = CsrMatrix.ofDense(a.toDense(), 0)) {
      assertArrayEquals(flat(turned(s.dense, (int) a.columns())), values(t.toDense()));
      assertArrayEquals(flat(s.dense), values(back.toDense()));
      assertArrayEquals(flat(s.dense), values(again.toDense()));
      long places = a.rows() * a.columns();
      for (long rows : new long[] {1, a.columns(), places}) {
        if (rows > 0 && places % rows == 0) {
          try (CsrMatrix b = a.reshape(rows, places / rows)) {
            assertArrayEquals(flat(s.dense), values(b.toDense()));
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
      assertTrue(text.contains("F32 and F64 (CsrMatrix.to converts)"), text);
      text = assertThrows(IllegalArgumentException.class, () -> a.khatriRao(a)).getMessage();
      assertTrue(text.contains("F32 and F64 (CsrMatrix.to converts)"), text);
      text =
          assertThrows(IllegalArgumentException.class, () -> Kronecker.of(Kronecker.identity(2), a))
              .getMessage();
      assertTrue(text.contains("factor 1: products are computed in F32 and F64"), text);
    }
  }

  private static double[][] random(Random random, int rows, int columns) {
    double[][] m = new double[rows][columns];
    for (double[] row : m) {
      Arrays.setAll(row, i -> random.nextInt(3) == 0 ? random.nextInt(9) - 4 : 0);
    }
    return m;
  }

  @Test
  void seedProblemAsOneProductOfTheReshapedMatrix() {
    // (4 x 15) . kron(I3, W)^T with W (2 x 5), as (12 x 5) . W^T.
    Random random = new Random(3);
    double[][] x = random(random, 4, 15);
    double[] w = random.doubles(10, -1, 1).toArray();
    try (CsrMatrix a = CsrMatrix.ofDense(Tensor.of(flat(x), 4, 15), 0);
        CsrMatrix rows = a.reshape(12, 5);
        Tensor weights = Tensor.of(w, 2, 5);
        Tensor result = rows.times(weights.transpose())) {
      double[] got = result.reshape(4, 6).copy().toDoubleArray();
      for (int r = 0; r < 4; r++) {
        for (int o = 0; o < 6; o++) {
          double sum = 0;
          for (int k = 0; k < 5; k++) {
            sum += x[r][o / 2 * 5 + k] * w[o % 2 * 5 + k];
          }
          assertEquals(sum, got[r * 6 + o], 1e-13);
        }
      }
    }
  }

  @Test
  void notANumberInRowsThatNoEntrySelectsStaysOut() {
    try (CsrMatrix a = small();
        Tensor x = Tensor.of(new float[] {1, Float.NaN, 3}, 3);
        Tensor wide =
            Tensor.of(new float[] {1, 2, Float.NaN, Float.POSITIVE_INFINITY, 3, 4}, 3, 2);
        Tensor y = a.times(x);
        Tensor z = a.times(wide);
        Tensor left = a.transpose().timesLeft(wide.transpose())) {
      assertArrayEquals(new float[] {7, 0, 3}, y.toFloatArray());
      assertArrayEquals(new float[] {7, 10, 0, 0, 3, 4}, z.toFloatArray());
      assertArrayEquals(new float[] {7, 0, 3, 10, 0, 4}, left.toFloatArray());
    }
  }

  /** 1 0 2; nothing; 0 0 1. */
  private static CsrMatrix small() {
    return CsrMatrix.of(new float[] {2, 1, 1}, new int[] {2, 0, 2}, new int[] {0, 2, 2, 3}, 3, 3);
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
