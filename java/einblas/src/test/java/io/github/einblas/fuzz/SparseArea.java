// Test support: the API fuzzer's sparse matrices and Kronecker operators, beside dense loops.
package io.github.einblas.fuzz;

import io.github.einblas.BsrMatrix;
import io.github.einblas.CsrMatrix;
import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.Kronecker;
import io.github.einblas.Operand;
import io.github.einblas.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;

/** One matrix in its sparse form and as a dense array. */
final class SparseArea {
  private final World w;
  private final DType dtype;
  private String doing = "";

  private SparseArea(World w) {
    this.w = w;
    this.dtype = w.floating();
  }

  static void run(World w) throws Exception {
    SparseArea area = new SparseArea(w);
    try {
      for (int i = w.in(1, 3); i > 0; i--) {
        switch (w.in(0, 2)) {
          case 0 -> area.csr();
          case 1 -> area.bsr();
          default -> area.kronecker();
        }
        w.verify();
      }
    } catch (Exception | Error e) {
      throw new AssertionError(area.doing + ": " + e, e);
    }
  }

  /** Products of dense matrices, row-major. */
  static double[] product(double[] a, double[] b, int m, int k, int n) {
    double[] c = new double[m * n];
    for (int i = 0; i < m; i++) {
      for (int s = 0; s < k; s++) {
        for (int j = 0; j < n; j++) {
          c[i * n + j] += a[i * k + s] * b[s * n + j];
        }
      }
    }
    return c;
  }

  static double[] turned(double[] a, int m, int n) {
    double[] t = new double[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        t[j * m + i] = a[i * n + j];
      }
    }
    return t;
  }

  /** Dense, mostly zeros. */
  private double[] sparse(int size) {
    double[] d = w.data(size);
    for (int i = 0; i < size; i++) {
      d[i] = w.chance(3) ? d[i] : 0;
    }
    return d;
  }

  // ---- CSR

  private CsrMatrix csrOf(DType type, double[] dense, int rows, int columns) throws Exception {
    int[] places =
        IntStream.range(0, dense.length).filter(i -> dense[i] != 0 || w.chance(20)).toArray();
    if (w.chance(2)) {
      int[] order = w.permutation(places.length);
      double[] r = new double[places.length];
      double[] c = new double[places.length];
      double[] v = new double[places.length];
      for (int e = 0; e < r.length; e++) {
        int place = places[order[e]];
        r[e] = Math.floorDiv(place, columns);
        c[e] = place % columns;
        v[e] = dense[place];
      }
      DType index = w.pick(DType.I32, DType.I64);
      return CsrMatrix.ofTriples(
          w.field(type, v, r.length).view,
          w.field(index, r, r.length).view,
          w.field(index, c, r.length).view,
          rows,
          columns);
    }
    return CsrMatrix.ofDense(w.field(type, dense, rows, columns).view, 0);
  }

  private void csr() throws Exception {
    int m = w.in(1, w.pick(4, 12, 60));
    int k = w.in(1, w.pick(4, 12, 60));
    int n = w.in(1, w.pick(3, 20));
    double[] dense = sparse(m * k);
    doing = "csr " + m + " x " + k + " " + dtype;
    try (CsrMatrix a = csrOf(dtype, dense, m, k)) {
      w.gives(doing + " toDense", dtype, new long[] {m, k}, dense, a::toDense);
      boolean vector = w.chance(3);
      int c = vector ? 1 : n;
      Field x = vector ? w.field(dtype, k) : w.field(dtype, k, n);
      Field y = vector ? w.field(dtype, m) : w.field(dtype, m, n);
      Field left = vector ? w.field(dtype, m) : w.field(dtype, n, m);
      long[] rows = vector ? new long[] {m} : new long[] {m, n};
      long[] columns = vector ? new long[] {k} : new long[] {k, n};
      long[] leftShape = vector ? new long[] {k} : new long[] {n, k};
      double[] ax = product(dense, x.values(), m, k, c);
      double[] aty = product(turned(dense, m, k), y.values(), k, m, c);
      double[] la = product(left.values(), dense, c, m, k);
      double alpha = w.factor();
      double beta = w.factor();
      doing += ", " + x + " and " + y;
      w.gives(doing + " times", dtype, rows, ax, () -> a.times(x.view));
      w.gives(doing + " transposeTimes", dtype, columns, aty, () -> a.transpose().times(y.view));
      w.gives(doing + " timesLeft", dtype, leftShape, la, () -> a.timesLeft(left.view));
      Field out = w.output(dtype, beta, rows);
      w.writes(
          doing + " timesInto",
          out,
          alpha,
          beta,
          ax,
          () -> a.timesInto(out.view, alpha, beta, x.view));
      Field outT = w.output(dtype, beta, columns);
      w.writes(
          doing + " transposeTimesInto",
          outT,
          alpha,
          beta,
          aty,
          () -> a.transpose().timesInto(outT.view, alpha, beta, y.view));
      String tail = vector ? "" : "n";
      w.gives(
          doing + " einsum",
          dtype,
          rows,
          ax,
          () -> Einsum.einsum("mk,k" + tail + "->m" + tail, a, x.view));
      try (CsrMatrix t = a.transpose()) {
        w.gives(doing + " transpose", dtype, columns, aty, () -> t.times(y.view));
      }
      csrGradient(a, dense, vector ? w.field(dtype, k) : w.field(dtype, k, n), rows);
      CsrMatrix flat = a.reshape(1, (long) m * k);
      w.gives(doing + " reshape", dtype, new long[] {1, (long) m * k}, dense, flat::toDense);
      files(a, dense, m, k);
      refuse(a, m, k);
    }
  }

  /** The gradient of A is what of g x^T its entries have; that of x is A^T g. */
  private void csrGradient(CsrMatrix a, double[] dense, Field x, long[] rows) throws Exception {
    int m = (int) a.rows();
    int k = (int) a.columns();
    int n = rows.length == 1 ? 1 : (int) rows[1];
    Field g = w.field(dtype, rows);
    double[] gx = product(g.values(), turned(x.values(), k, n), m, n, k);
    try (CsrMatrix.Gradient gradient = a.timesGradient(x.view, g.view)) {
      double[] live = new double[m * k];
      long[] indptr = a.indptr().toLongArray();
      int[] indices = a.indices().toIntArray();
      for (int i = 0; i < m; i++) {
        for (int e = (int) indptr[i]; e < indptr[i + 1]; e++) {
          live[i * k + indices[e]] = gx[i * k + indices[e]];
        }
      }
      w.gives(doing + " gradient", dtype, new long[] {m, k}, live, gradient.matrix()::toDense);
      double[] dx = product(turned(dense, m, k), g.values(), k, m, n);
      Field.check(doing + " gradient of x", gradient.x(), dtype, x.shape, dx);
    }
  }

  /** Written, read again, and read with one byte changed or the end missing. */
  private void files(CsrMatrix a, double[] dense, int m, int k) throws Exception {
    if (!w.chance(6)) {
      return;
    }
    Path file = Files.createTempFile("fuzz", ".npz");
    try {
      a.writeNpz(file);
      try (CsrMatrix read = CsrMatrix.readNpz(file)) {
        w.gives(doing + " from a file", dtype, new long[] {m, k}, dense, read::toDense);
      }
      byte[] bytes = Files.readAllBytes(file);
      bytes[w.in(0, bytes.length - 1)] ^= (byte) (1 << w.in(0, 7));
      Files.write(file, Arrays.copyOf(bytes, w.chance(3) ? w.in(0, bytes.length) : bytes.length));
      w.attempt(doing + " from a wrong file", () -> CsrMatrix.readNpz(file).close());
    } finally {
      Files.delete(file);
    }
  }

  private void refuse(CsrMatrix a, int m, int k) throws Exception {
    Field x = w.field(w.pick(World.TYPES), w.shape(w.in(0, 3), 4));
    Field out = w.field(w.pick(World.TYPES), w.shape(w.in(0, 3), 4));
    int kind = w.in(0, 4);
    String what = doing + " wild " + kind + " " + x + " into " + out;
    boolean refused =
        w.attempt(
            what,
            () -> {
              switch (kind) {
                case 0 -> a.timesInto(out.view, 1, 0, x.view);
                case 1 -> a.timesLeftInto(w.chance(3) ? x.view : out.view, 1, 1, x.view);
                case 2 ->
                    a.reshape(w.in(-1, 3), w.pick(1L << 62, Long.MAX_VALUE, 4L, (long) m * k));
                case 3 ->
                    CsrMatrix.of(
                            new double[w.in(1, 3)],
                            new int[] {w.in(-1, 4), 0},
                            new int[] {0, w.in(-1, 2), 2},
                            w.pick(-1, m, Integer.MAX_VALUE),
                            w.pick(-1, k, 1))
                        .close();
                default ->
                    Einsum.einsum(w.pick("mk,kn->mn", "mk,mk->", "kk,k->k"), a, x.view).close();
              }
            });
    if (!refused) {
      out.resync(what);
    }
  }

  // ---- BSR

  private void bsr() throws Exception {
    int r = w.in(1, w.pick(2, 5, 17));
    int c = w.in(1, w.pick(2, 5, 17));
    int rows = r * w.in(1, 4);
    int columns = c * w.in(1, 4);
    int n = w.in(1, w.pick(3, 20));
    double[] dense = new double[rows * columns];
    for (int i = 0; i < rows / r; i++) {
      for (int j = 0; j < columns / c; j++) {
        if (w.chance(2)) {
          double[] block = w.data(r * c);
          block[0] = 1;
          for (int e = 0; e < block.length; e++) {
            dense[(i * r + e / c) * columns + j * c + e % c] = block[e];
          }
        }
      }
    }
    doing = "bsr " + rows + " x " + columns + " of " + r + " x " + c + " " + dtype;
    Field whole = w.field(dtype, dense, rows, columns);
    try (BsrMatrix stored = BsrMatrix.ofDense(whole.view, r, c);
        BsrMatrix t = stored.transpose()) {
      boolean flip = w.chance(2);
      BsrMatrix s = flip ? t : stored;
      double[] d = flip ? turned(dense, rows, columns) : dense;
      int m = flip ? columns : rows;
      int k = flip ? rows : columns;
      w.gives(doing + " toDense", dtype, new long[] {m, k}, d, s::toDense);
      Field x = w.field(dtype, k, n);
      Field y = w.field(dtype, n, m);
      double[] sx = product(d, x.values(), m, k, n);
      double[] ys = product(y.values(), d, n, m, k);
      w.gives(doing, dtype, new long[] {m, n}, sx, () -> s.times(x.view));
      w.gives(doing + " left", dtype, new long[] {n, k}, ys, () -> s.timesLeft(y.view));
      double alpha = w.factor();
      double beta = w.factor();
      Field out = w.output(dtype, beta, m, n);
      w.writes(
          doing + " into", out, alpha, beta, sx, () -> s.timesInto(out.view, alpha, beta, x.view));
      Field a = w.field(dtype, m, n);
      Field b = w.field(dtype, n, k);
      double[] ab = product(a.values(), b.values(), m, n, k);
      double[] masked = masked(ab, d, m, k, flip ? c : r, flip ? r : c);
      try (BsrMatrix sampled = BsrMatrix.sampledMatmul(s, a.view, b.view)) {
        w.gives(doing + " sampled", dtype, new long[] {m, k}, masked, sampled::toDense);
      }
      // The gradient of s is what of g x^T its blocks have; that of x is s^T g.
      Field g = w.field(dtype, m, n);
      double[] gx = product(g.values(), turned(x.values(), k, n), m, n, k);
      double[] ds = masked(gx, d, m, k, flip ? c : r, flip ? r : c);
      try (BsrMatrix.Gradient gradient = s.timesGradient(x.view, g.view)) {
        w.gives(doing + " gradient", dtype, new long[] {m, k}, ds, gradient.matrix()::toDense);
        Field.check(
            doing + " gradient of x",
            gradient.x(),
            dtype,
            x.shape,
            product(turned(d, m, k), g.values(), k, m, n));
      }
    }
  }

  private static double[] masked(double[] ab, double[] d, int m, int k, int r, int c) {
    double[] result = new double[ab.length];
    for (int i = 0; i < m; i += r) {
      for (int j = 0; j < k; j += c) {
        boolean any = false;
        for (int e = 0; e < r * c; e++) {
          any |= d[(i + e / c) * k + j + e % c] != 0;
        }
        for (int e = 0; any && e < r * c; e++) {
          int at = (i + e / c) * k + j + e % c;
          result[at] = ab[at];
        }
      }
    }
    return result;
  }

  // ---- Kronecker

  private void kronecker() throws Exception {
    // Two factors of small whole numbers have products that F16 holds.
    DType type = w.chance(3) ? DType.F16 : dtype;
    int count = w.in(1, type == dtype ? 3 : 2);
    Operand[] factors = new Operand[count];
    double[] dense = {1};
    int rows = 1;
    int columns = 1;
    boolean square = w.chance(2);
    doing = "kronecker " + type;
    for (int f = 0; f < count; f++) {
      int r = w.in(1, 4);
      int c = square ? r : w.in(1, 4);
      int kind = f == 0 ? 0 : w.in(0, 3);
      double[] own = kind == 0 ? w.data(r * c) : sparse(r * c);
      if (kind == 0) {
        factors[f] = w.field(type, own, r, c).view;
      } else if (kind == 1) {
        factors[f] = w.own(csrOf(type, own, r, c));
      } else {
        c = r;
        double[] v = w.data(r);
        own = new double[r * r];
        for (int i = 0; i < r; i++) {
          own[i * r + i] = kind == 2 ? 1 : v[i];
        }
        factors[f] =
            kind == 2 ? Kronecker.identity(r) : Kronecker.diagonal(w.field(type, v, r).view);
      }
      doing += " " + kind + ":" + r + "x" + c;
      dense = kron(dense, rows, columns, own, r, c);
      rows *= r;
      columns *= c;
    }
    Kronecker k = Kronecker.of(factors);
    double[] d = dense;
    int m = rows;
    int n = columns;
    int p = w.in(1, 5);
    w.gives(doing + " toDense", type, new long[] {m, n}, d, k::toDense);
    Field x = w.field(type, n, p);
    Field y = w.field(type, p, m);
    double[] kx = product(d, x.values(), m, n, p);
    double[] yk = product(y.values(), d, p, m, n);
    doing += " " + x;
    w.gives(doing + " times", type, new long[] {m, p}, kx, () -> k.times(x.view));
    w.gives(doing + " left", type, new long[] {p, n}, yk, () -> k.timesLeft(y.view));
    double alpha = w.factor();
    double beta = w.factor();
    Field out = w.output(type, beta, m, p);
    w.writes(
        doing + " timesInto",
        out,
        alpha,
        beta,
        kx,
        () -> k.timesInto(out.view, alpha, beta, x.view));
    Field outLeft = w.output(type, beta, p, n);
    w.writes(
        doing + " timesLeftInto",
        outLeft,
        alpha,
        beta,
        yk,
        () -> k.timesLeftInto(outLeft.view, alpha, beta, y.view));
    Kronecker t = k.transpose();
    w.gives(doing + " transpose", type, new long[] {n, m}, turned(d, m, n), t::toDense);
    int i = w.in(0, m - 1);
    w.gives(
        doing + " row",
        type,
        new long[] {n},
        Arrays.copyOfRange(d, i * n, i * n + n),
        () -> k.row(i));
    double[] diagonal = IntStream.range(0, Math.min(m, n)).mapToDouble(e -> d[e * n + e]).toArray();
    w.gives(doing + " diagonal", type, new long[] {diagonal.length}, diagonal, k::diagonal);
    Field wild = w.field(type, w.shape(w.in(0, 3), 4));
    Tensor into = w.chance(4) ? x.view : out.view;
    if (!w.attempt(doing + " wild " + wild, () -> k.timesInto(into, 1, 0, wild.view))) {
      out.resync(doing);
      x.resync(doing);
    }
    Field g = w.field(type, m, p);
    try (Kronecker.Gradient gradient = k.timesGradient(x.view, g.view)) {
      double[] dx = product(turned(d, m, n), g.values(), n, m, p);
      Field.check(doing + " gradient of x", gradient.x(), type, x.shape, dx);
    }
    w.attempt(doing + " trace", k::trace);
    w.attempt(doing + " solve", () -> k.solve(wild.view).close());
    w.attempt(doing + " eigenvalues", () -> k.eigenvalues().close());
    w.attempt(doing + " logDeterminant", k::logDeterminant);
  }

  private static double[] kron(double[] a, int ar, int ac, double[] b, int br, int bc) {
    double[] k = new double[a.length * b.length];
    for (int i = 0; i < ar * br; i++) {
      for (int j = 0; j < ac * bc; j++) {
        k[i * ac * bc + j] = a[i / br * ac + j / bc] * b[i % br * bc + j % bc];
      }
    }
    return k;
  }
}
