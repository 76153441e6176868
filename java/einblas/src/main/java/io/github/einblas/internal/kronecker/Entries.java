// Kronecker: the entries of a sparse factor in Java's arrays, and the product of two of them.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.sparse.Csr;
import io.github.einblas.internal.sparse.CsrArrays;
import io.github.einblas.internal.sparse.Indices;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Entries of a matrix with their rows and columns; those of one place add up.
 *
 * @param value in F64, of complex numbers both parts in turn
 */
@SuppressWarnings("try") // the lease is closed for what it holds, not read
record Entries(DType type, long rows, long columns, long[] row, long[] column, double[] value) {
  static Entries of(Term term) {
    return of(term, 0, term.rows());
  }

  /** Those of the rows from {@code first} to before {@code end}. */
  static Entries of(Term term, long first, long end) {
    CsrArrays a = term.arrays(false);
    try (Lease lease = a.inUse("Kronecker")) {
      long[] begin = Indices.of(a.indptr().slice(0, first, end + 1));
      int last = begin.length - 1;
      long[] column = Indices.of(a.indices().slice(0, begin[0], begin[last]));
      long[] row = new long[column.length];
      for (int r = 0; r < last; r++) {
        Arrays.fill(row, (int) (begin[r] - begin[0]), (int) (begin[r + 1] - begin[0]), first + r);
      }
      double[] value = Numbers.of(a.values().slice(0, begin[0], begin[last]));
      return new Entries(a.dtype(), a.rows(), a.columns(), row, column, value);
    }
  }

  /** The matrix, whose values are rounded to the type once. */
  Csr matrix() {
    try (Strided r = Indices.tensor(row);
        Strided c = Indices.tensor(column);
        Strided v = Numbers.vector(type, value)) {
      return Csr.ofTriples(v, r, c, rows, columns);
    }
  }

  /** Number of entries. */
  int count() {
    return row.length;
  }

  /** Numbers of each entry. */
  private int parts() {
    return Numbers.parts(type);
  }

  /** Those on the main diagonal. */
  Entries onDiagonal() {
    int[] chosen = IntStream.range(0, count()).filter(e -> row[e] == column[e]).toArray();
    Triples own = new Triples(parts());
    for (int e : chosen) {
      own.add(row[e], column[e], re(e), im(e));
    }
    return own.entries(this, columns);
  }

  private double re(int e) {
    return value[e * parts()];
  }

  private double im(int e) {
    return parts() == 2 ? value[2 * e + 1] : 0;
  }

  /** Row-major numbers of the places. */
  long[] places() {
    long[] places = new long[count()];
    Arrays.setAll(places, e -> row[e] * columns + column[e]);
    return places;
  }

  /** The same with one entry for each place: those of one place stand one after the other. */
  Entries merged() {
    Triples sums = new Triples(parts());
    for (int e = 0; e < count(); e++) {
      if (e > 0 && row[e] == row[e - 1] && column[e] == column[e - 1]) {
        sums.addToLast(re(e), im(e));
      } else {
        sums.add(row[e], column[e], re(e), im(e));
      }
    }
    return sums.entries(this, columns);
  }

  /** Each entry times one of these numbers: that of its column, or of its row. */
  Entries scaled(double[] scale, boolean byColumn) {
    Triples products = new Triples(parts());
    int parts = parts();
    for (int e = 0; e < count(); e++) {
      int at = parts * (int) (byColumn ? column[e] : row[e]);
      products.addProduct(
          row[e], column[e], re(e), im(e), scale[at], parts == 2 ? scale[at + 1] : 0);
    }
    return products.entries(this, columns);
  }

  /**
   * Row by row: each entry of the first selects a row of the second (Gustavson). The products of a
   * row are sorted by column, those of one place in the order in which they came, and added up.
   */
  static Csr multiply(Entries a, Entries b) {
    int[] begin = new int[Math.toIntExact(b.rows + 1)];
    for (long r : b.row) {
      begin[(int) r + 1]++;
    }
    Arrays.parallelPrefix(begin, Integer::sum);
    Triples products = new Triples(a.parts());
    Triples sums = new Triples(a.parts());
    long[] order = {};
    for (int e = 0; e < a.count(); ) {
      long row = a.row[e];
      products.size = 0;
      for (; e < a.count() && a.row[e] == row; e++) {
        int k = (int) a.column[e];
        for (int i = begin[k]; i < begin[k + 1]; i++) {
          products.addProduct(row, b.column[i], a.re(e), a.im(e), b.re(i), b.im(i));
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
          sums.addToLast(products.re(at), products.im(at));
        } else {
          sums.add(row, products.column[at], products.re(at), products.im(at));
        }
      }
    }
    return sums.entries(a, b.columns).matrix();
  }

  /** Growing arrays of entries. */
  private static final class Triples {
    private static final int FIRST = 256;

    private final int parts;
    private long[] row = new long[FIRST];
    private long[] column = new long[FIRST];
    private double[] value;
    private int size;

    Triples(int parts) {
      this.parts = parts;
      this.value = new double[FIRST * parts];
    }

    double re(int e) {
      return value[e * parts];
    }

    double im(int e) {
      return parts == 2 ? value[2 * e + 1] : 0;
    }

    void add(long r, long c, double re, double im) {
      if (size == row.length) {
        int room = (int) Math.min((Integer.MAX_VALUE - 8L) / parts, 2L * size);
        row = Arrays.copyOf(row, room);
        column = Arrays.copyOf(column, room);
        value = Arrays.copyOf(value, room * parts);
      }
      row[size] = r;
      column[size] = c;
      value[size * parts] = re;
      if (parts == 2) {
        value[2 * size + 1] = im;
      }
      size++;
    }

    /** Of real numbers no imaginary part is computed, which infinity times 0 would make NaN. */
    void addProduct(long r, long c, double ar, double ai, double br, double bi) {
      if (parts == 1) {
        add(r, c, ar * br, 0);
      } else {
        add(r, c, ar * br - ai * bi, ar * bi + ai * br);
      }
    }

    void addToLast(double re, double im) {
      value[(size - 1) * parts] += re;
      if (parts == 2) {
        value[2 * size - 1] += im;
      }
    }

    /** Of a matrix of as many rows as this one. */
    Entries entries(Entries like, long columns) {
      return new Entries(
          like.type,
          like.rows,
          columns,
          Arrays.copyOf(row, size),
          Arrays.copyOf(column, size),
          Arrays.copyOf(value, size * parts));
    }
  }
}
