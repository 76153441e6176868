// Kronecker: the entries of a sparse factor in Java's arrays, and the product of two of them.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.sparse.Csr;
import io.github.einblas.internal.sparse.CsrArrays;
import io.github.einblas.internal.sparse.Indices;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import java.util.Arrays;

/** Entries of a matrix with their rows and columns, in F64; those of one place add up. */
@SuppressWarnings("try") // the lease is closed for what it holds, not read
record Entries(long rows, long columns, long[] row, long[] column, double[] value) {
  static Entries of(Term term) {
    return of(term, 0, term.rows());
  }

  /** Those of the rows from {@code first} to before {@code end}. */
  static Entries of(Term term, long first, long end) {
    CsrArrays a = term.csr().arrays(term.turned());
    try (Lease lease = a.inUse("Kronecker")) {
      long[] begin = Indices.of(a.indptr().slice(0, first, end + 1));
      int last = begin.length - 1;
      long[] column = Indices.of(a.indices().slice(0, begin[0], begin[last]));
      long[] row = new long[column.length];
      for (int r = 0; r < last; r++) {
        Arrays.fill(row, (int) (begin[r] - begin[0]), (int) (begin[r + 1] - begin[0]), first + r);
      }
      double[] value = TensorCopy.doubles(a.values().slice(0, begin[0], begin[last]));
      return new Entries(a.rows(), a.columns(), row, column, value);
    }
  }

  Csr matrix(DType dtype) {
    try (Strided r = Indices.tensor(row);
        Strided c = Indices.tensor(column);
        Strided v = TensorCopy.of(dtype, value)) {
      return Csr.ofTriples(v, r, c, rows, columns);
    }
  }

  /** Row-major numbers of the places. */
  long[] places() {
    long[] places = new long[row.length];
    Arrays.setAll(places, e -> row[e] * columns + column[e]);
    return places;
  }

  /** The same with one entry for each place: those of one place stand one after the other. */
  Entries merged() {
    Triples sums = new Triples();
    for (int e = 0; e < row.length; e++) {
      if (e > 0 && row[e] == row[e - 1] && column[e] == column[e - 1]) {
        sums.value[sums.size - 1] += value[e];
      } else {
        sums.add(row[e], column[e], value[e]);
      }
    }
    return sums.entries(rows, columns);
  }

  /** Sum of the main diagonal. */
  double trace() {
    double sum = 0;
    for (int e = 0; e < row.length; e++) {
      sum += row[e] == column[e] ? value[e] : 0;
    }
    return sum;
  }

  /**
   * Row by row: each entry of the first selects a row of the second (Gustavson). The products of a
   * row are sorted by column, those of one place in the order in which they came, and added up.
   */
  static Csr multiply(Entries a, Entries b, DType dtype) {
    int[] begin = new int[Math.toIntExact(b.rows + 1)];
    for (long r : b.row) {
      begin[(int) r + 1]++;
    }
    Arrays.parallelPrefix(begin, Integer::sum);
    Triples products = new Triples();
    Triples sums = new Triples();
    long[] order = {};
    for (int e = 0; e < a.row.length; ) {
      long row = a.row[e];
      products.size = 0;
      for (; e < a.row.length && a.row[e] == row; e++) {
        int k = (int) a.column[e];
        for (int i = begin[k]; i < begin[k + 1]; i++) {
          products.add(row, b.column[i], a.value[e] * b.value[i]);
        }
      }
      if (order.length < products.size) {
        order = new long[products.row.length];
      }
      // Columns are below 2^31, as are places in an array.
      for (int i = 0; i < products.size; i++) {
        order[i] = products.column[i] << 32 | i;
      }
      Arrays.sort(order, 0, products.size);
      for (int i = 0; i < products.size; i++) {
        int at = (int) order[i];
        if (i > 0 && products.column[at] == sums.column[sums.size - 1]) {
          sums.value[sums.size - 1] += products.value[at];
        } else {
          sums.add(row, products.column[at], products.value[at]);
        }
      }
    }
    return sums.entries(a.rows, b.columns).matrix(dtype);
  }

  /** Growing arrays of entries. */
  private static final class Triples {
    private static final int FIRST = 256;

    private long[] row = new long[FIRST];
    private long[] column = new long[FIRST];
    private double[] value = new double[FIRST];
    private int size;

    void add(long r, long c, double v) {
      if (size == row.length) {
        int room = (int) Math.min(Integer.MAX_VALUE - 8L, 2L * size);
        row = Arrays.copyOf(row, room);
        column = Arrays.copyOf(column, room);
        value = Arrays.copyOf(value, room);
      }
      row[size] = r;
      column[size] = c;
      value[size++] = v;
    }

    Entries entries(long rows, long columns) {
      return new Entries(
          rows,
          columns,
          Arrays.copyOf(row, size),
          Arrays.copyOf(column, size),
          Arrays.copyOf(value, size));
    }
  }
}
