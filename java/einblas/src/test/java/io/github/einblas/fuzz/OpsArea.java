// Test support: the API fuzzer's named products.
package io.github.einblas.fuzz;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import io.github.einblas.TensorOps;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;

/** Each operation as the equation that defines it, by labels. */
final class OpsArea {
  private final World w;
  private final DType dtype;
  private String doing = "";

  private OpsArea(World w) {
    this.w = w;
    this.dtype = w.any();
  }

  static void run(World w) throws Exception {
    OpsArea area = new OpsArea(w);
    try {
      for (int i = w.in(2, 5); i > 0; i--) {
        area.step();
        area.refuse();
        w.verify();
      }
    } catch (Exception | Error e) {
      throw new AssertionError(area.doing + ": " + e, e);
    }
  }

  /** An operation into a given output. */
  @FunctionalInterface
  private interface Into {
    void run(Tensor out, double alpha, double beta);
  }

  private void check(
      String name, int[][] axes, Field[] in, long[] shape, Callable<Tensor> fresh, Into into)
      throws Exception {
    doing = name + " " + Arrays.toString(in);
    long[][] shapes = new long[axes.length][];
    long[] lengths = new long[32];
    Arrays.fill(lengths, 1);
    for (int i = 0; i < in.length; i++) {
      shapes[i] = in[i].shape;
      for (int d = 0; d < axes[i].length; d++) {
        lengths[axes[i][d]] = shapes[i][d] == 1 ? lengths[axes[i][d]] : shapes[i][d];
      }
    }
    shapes[in.length] = Arrays.stream(axes[in.length]).mapToLong(l -> lengths[l]).toArray();
    double[][] data = new double[axes.length][];
    Arrays.setAll(data, i -> i < in.length ? in[i].values() : null);
    double[] result = new Loops(32, axes, shapes).into(in.length, data);
    w.gives(doing, dtype, shape, result, fresh);
    double alpha = w.factor(dtype);
    double beta = w.factor(dtype);
    Field out = w.output(dtype, beta, shape);
    w.writes(doing, out, alpha, beta, result, () -> into.run(out.view, alpha, beta));
  }

  private void step() throws Exception {
    switch (w.in(0, 6)) {
      case 0 -> matmul();
      case 1 -> batchedDot();
      case 2 -> tensordot();
      case 3 -> outer();
      case 4 -> kron();
      case 5 -> columns(true);
      default -> columns(false);
    }
  }

  private long length() {
    return w.chance(20) ? 0 : w.chance(6) ? w.in(10, 40) : w.in(1, 6);
  }

  /** Labels 0 to 2 are rows, columns and the sum; 3 and 4 the batch, the last axis first. */
  private void matmul() throws Exception {
    long m = length();
    long n = length();
    long k = length();
    long[] batch = {w.in(1, 3), w.in(1, 3)};
    int da = w.in(0, 2);
    int db = w.in(0, 2);
    boolean row = w.chance(5);
    boolean column = w.chance(5);
    long[] sa = new long[row ? 1 : da + 2];
    long[] sb = new long[column ? 1 : db + 2];
    int[] la = new int[sa.length];
    int[] lb = new int[sb.length];
    for (int d = 0; !row && d < da; d++) {
      la[d] = 3 + da - 1 - d;
      sa[d] = w.chance(4) ? 1 : batch[la[d] - 3];
    }
    for (int d = 0; !column && d < db; d++) {
      lb[d] = 3 + db - 1 - d;
      sb[d] = w.chance(4) ? 1 : batch[lb[d] - 3];
    }
    la[la.length - 1] = 2;
    sa[la.length - 1] = k;
    lb[column ? 0 : lb.length - 2] = 2;
    sb[column ? 0 : lb.length - 2] = k;
    if (!row) {
      la[la.length - 2] = 0;
      sa[la.length - 2] = m;
    }
    if (!column) {
      lb[lb.length - 1] = 1;
      sb[lb.length - 1] = n;
    }
    int depth = Math.max(row ? 0 : da, column ? 0 : db);
    int[] lo =
        IntStream.concat(
                IntStream.range(0, depth).map(d -> 3 + depth - 1 - d),
                IntStream.range(0, 2).filter(l -> l == 0 ? !row : !column))
            .toArray();
    Field a = w.field(dtype, sa);
    Field b = w.field(dtype, sb);
    long[] shape = lengths(new int[][] {la, lb}, new long[][] {sa, sb}, lo);
    check(
        "matmul",
        new int[][] {la, lb, lo},
        new Field[] {a, b},
        shape,
        () -> TensorOps.matmul(a.view, b.view),
        (o, x, y) -> TensorOps.matmulInto(o, x, y, a.view, b.view));
  }

  private static long[] lengths(int[][] axes, long[][] shapes, int[] of) {
    long[] all = new Loops(32, axes, shapes).lengths();
    return Arrays.stream(of).mapToLong(l -> all[l]).toArray();
  }

  private void batchedDot() throws Exception {
    long n = w.in(1, 4);
    long k = length();
    Field a = w.field(dtype, n, length(), k);
    Field b = w.field(dtype, n, k, length());
    check(
        "batchedDot",
        new int[][] {{0, 1, 2}, {0, 2, 3}, {0, 1, 3}},
        new Field[] {a, b},
        new long[] {n, a.shape[1], b.shape[2]},
        () -> TensorOps.batchedDot(a.view, b.view),
        (o, x, y) -> TensorOps.batchedDotInto(o, x, y, a.view, b.view));
  }

  private void tensordot() throws Exception {
    int pairs = w.in(0, 2);
    int fa = w.in(0, 2);
    int fb = w.in(0, 2);
    long[] lengths = w.random.longs(pairs + fa + fb, 1, 5).toArray();
    int[] oa = w.permutation(pairs + fa);
    int[] ob = w.permutation(pairs + fb);
    // Place i of a holds label oa[i]: below pairs it is summed.
    int[] la = oa;
    int[] lb = Arrays.stream(ob).map(l -> l < pairs ? l : l + fa).toArray();
    int[] axesA = IntStream.range(0, pairs).map(l -> find(la, l)).toArray();
    int[] axesB = IntStream.range(0, pairs).map(l -> find(lb, l)).toArray();
    Field a = w.field(dtype, Arrays.stream(la).mapToLong(l -> lengths[l]).toArray());
    Field b = w.field(dtype, Arrays.stream(lb).mapToLong(l -> lengths[l]).toArray());
    int[] lo =
        IntStream.concat(Arrays.stream(la), Arrays.stream(lb)).filter(l -> l >= pairs).toArray();
    check(
        "tensordot " + Arrays.toString(axesA) + Arrays.toString(axesB),
        new int[][] {la, lb, lo},
        new Field[] {a, b},
        Arrays.stream(lo).mapToLong(l -> lengths[l]).toArray(),
        () -> TensorOps.tensordot(a.view, b.view, axesA, axesB),
        (o, x, y) -> TensorOps.tensordotInto(o, x, y, a.view, b.view, axesA, axesB));
  }

  private static int find(int[] labels, int label) {
    return IntStream.range(0, labels.length)
        .filter(d -> labels[d] == label)
        .findFirst()
        .orElseThrow();
  }

  private void outer() throws Exception {
    Field[] in = new Field[w.in(1, 3)];
    int[][] axes = new int[in.length + 1][];
    int labels = 0;
    for (int i = 0; i < in.length; i++) {
      in[i] = w.field(dtype, w.shape(w.in(0, 2), 4));
      axes[i] = IntStream.range(labels, labels + in[i].shape.length).toArray();
      labels += axes[i].length;
    }
    axes[in.length] = IntStream.range(0, labels).toArray();
    long[] shape = Arrays.stream(in).flatMapToLong(f -> Arrays.stream(f.shape)).toArray();
    Tensor[] t = Arrays.stream(in).map(f -> f.view).toArray(Tensor[]::new);
    check(
        "outer",
        axes,
        in,
        shape,
        () -> TensorOps.outer(t),
        (o, x, y) -> TensorOps.outerInto(o, x, y, t));
    Field a = w.field(dtype, w.in(1, 4), in[0].at.length);
    Field b = w.field(dtype, w.in(1, 4), in[0].at.length);
    check(
        "hadamardOuter",
        new int[][] {{0, 2}, {1, 2}, {0, 1, 2}},
        new Field[] {a, b},
        new long[] {a.shape[0], b.shape[0], a.shape[1]},
        () -> TensorOps.hadamardOuter(a.view, b.view),
        (o, x, y) -> TensorOps.hadamardOuterInto(o, x, y, a.view, b.view));
  }

  /** Axis d of factor f has the label d * factors + f, so that row-major order is the product's. */
  private void kron() throws Exception {
    int n = w.in(1, 3);
    int rank = w.in(1, 3);
    Field[] in = new Field[n];
    int[][] axes = new int[n + 1][];
    long[] shape = new long[rank];
    Arrays.fill(shape, 1);
    for (int f = 0; f < n; f++) {
      int own = f == 0 ? rank : w.in(0, rank);
      in[f] = w.field(dtype, w.shape(own, 4));
      axes[f] = new int[own];
      for (int d = 0; d < own; d++) {
        axes[f][d] = (rank - own + d) * n + f;
        shape[rank - own + d] *= in[f].shape[d];
      }
    }
    axes[n] = IntStream.range(0, rank * n).toArray();
    Tensor[] t = Arrays.stream(in).map(f -> f.view).toArray(Tensor[]::new);
    check(
        "kron",
        axes,
        in,
        shape,
        () -> TensorOps.kron(t),
        (o, x, y) -> TensorOps.kronInto(o, x, y, t));
  }

  private void columns(boolean shareColumns) throws Exception {
    int n = w.in(2, 3);
    long shared = length();
    Field[] in = new Field[n];
    int[][] axes = new int[n + 1][];
    long product = 1;
    for (int f = 0; f < n; f++) {
      long own = w.in(1, 5);
      product *= own;
      in[f] = shareColumns ? w.field(dtype, own, shared) : w.field(dtype, shared, own);
      axes[f] = shareColumns ? new int[] {f, n} : new int[] {n, f};
    }
    IntStream own = IntStream.range(0, n);
    axes[n] =
        (shareColumns
                ? IntStream.concat(own, IntStream.of(n))
                : IntStream.concat(IntStream.of(n), own))
            .toArray();
    long[] shape = shareColumns ? new long[] {product, shared} : new long[] {shared, product};
    Tensor[] t = Arrays.stream(in).map(f -> f.view).toArray(Tensor[]::new);
    check(
        shareColumns ? "khatriRao" : "faceSplitting",
        axes,
        in,
        shape,
        () -> shareColumns ? TensorOps.khatriRao(t) : TensorOps.faceSplitting(t),
        (o, x, y) -> {
          if (shareColumns) {
            TensorOps.khatriRaoInto(o, x, y, t);
          } else {
            TensorOps.faceSplittingInto(o, x, y, t);
          }
        });
  }

  /** Tensors that do not fit each other: refused with the output untouched, or a result. */
  private void refuse() {
    Field a = w.field(w.pick(World.TYPES), w.shape(w.in(0, 3), 3));
    Field b = w.field(w.pick(World.TYPES), w.shape(w.in(0, 3), 3));
    Field out = w.field(w.pick(World.TYPES), w.shape(w.in(0, 4), 3));
    int kind = w.in(0, 9);
    doing = "wild operation " + kind + " of " + a + ", " + b + " into " + out;
    Tensor x = a.view;
    Tensor y = b.view;
    Tensor o = w.chance(4) ? x : out.view;
    boolean refused =
        w.attempt(
            doing,
            () -> {
              switch (kind) {
                case 0 -> TensorOps.matmulInto(o, 1, 1, x, y);
                case 1 -> TensorOps.batchedDotInto(o, 1, 0, x, y);
                case 2 -> TensorOps.tensordotInto(o, 1, 0, x, y, w.in(-1, 3));
                case 3 ->
                    TensorOps.tensordotInto(
                        o, 1, 0, x, y, new int[] {w.in(-1, 2)}, new int[] {w.in(-3, 2)});
                case 4 -> TensorOps.outerInto(o, 1, 1, x, y);
                case 5 -> TensorOps.hadamardOuterInto(o, 1, 0, x, y);
                case 6 -> TensorOps.kronInto(o, 1, 0, x, y);
                case 7 -> TensorOps.khatriRaoInto(o, 1, 0, x, y);
                case 8 -> TensorOps.faceSplittingInto(o, 1, 0, x, y);
                default -> TensorOps.matmul(x, w.chance(3) ? null : y).close();
              }
            });
    if (!refused) {
      out.resync(doing);
      a.verify(doing);
    }
  }
}
