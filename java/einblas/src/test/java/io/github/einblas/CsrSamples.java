// Random CSR matrices beside the dense ones that they must equal, and tensors of random layouts.
package io.github.einblas;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** What the tests of CSR matrices are made from. */
final class CsrSamples {
  private CsrSamples() {}

  /** A matrix and the dense one that it must equal. */
  record Sample(CsrMatrix csr, double[][] dense) {}

  /** Unsorted columns, repeated entries, empty rows, one long row; indices of 32 or 64 bits. */
  static Sample sample(Random random, DType dtype) {
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
  static Tensor place(Random random, DType dtype, long... shape) {
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

  static Tensor filled(Random random, DType dtype, long... shape) {
    Tensor t = place(random, dtype, shape);
    double[] data = random.doubles(t.size(), -1, 1).toArray();
    try (Tensor wide = Tensor.of(data, shape);
        Tensor typed = wide.to(dtype)) {
      t.copyFrom(typed);
    }
    return t;
  }

  static double[] values(Tensor t) {
    try (Tensor wide = t.to(DType.F64)) {
      return wide.toDoubleArray();
    }
  }

  static double[][] turned(double[][] a, int columns) {
    double[][] t = new double[columns][a.length];
    for (int r = 0; r < a.length; r++) {
      for (int c = 0; c < columns; c++) {
        t[c][r] = a[r][c];
      }
    }
    return t;
  }

  static double[] flat(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
  }

  static double[][] random(Random random, int rows, int columns) {
    double[][] m = new double[rows][columns];
    for (double[] row : m) {
      Arrays.setAll(row, i -> random.nextInt(3) == 0 ? random.nextInt(9) - 4 : 0);
    }
    return m;
  }

  /** 1 0 2; nothing; 0 0 1. */
  static CsrMatrix small() {
    return CsrMatrix.of(new float[] {2, 1, 1}, new int[] {2, 0, 2}, new int[] {0, 2, 2, 3}, 3, 3);
  }
}
