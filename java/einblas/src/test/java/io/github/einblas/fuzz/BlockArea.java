// Test support: the API fuzzer's block-sparse products, beside Theano's formulae as loops.
package io.github.einblas.fuzz;

import io.github.einblas.BlockPattern;
import io.github.einblas.BlockSparse;
import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;

/** One pair of index matrices and the products that it gives. */
final class BlockArea {
  private final World w;
  private final DType dtype;
  private final int batch;
  private final int inWindow;
  private final int outWindow;
  private final int inBlocks;
  private final int outBlocks;
  private final int inSize;
  private final int outSize;
  private final long[][] x;
  private final long[][] y;
  private String doing;

  private BlockArea(World w) {
    this.w = w;
    dtype = w.floating();
    batch = w.in(1, 4);
    inWindow = w.in(1, 4);
    outWindow = w.in(1, 4);
    inBlocks = w.in(1, 5);
    outBlocks = w.in(1, 5);
    inSize = w.in(1, w.pick(3, 9, 33));
    outSize = w.in(1, w.pick(3, 9, 33));
    x = indices(inWindow, inBlocks);
    y = indices(outWindow, outBlocks);
    doing =
        dtype
            + " blocks of "
            + inSize
            + " x "
            + outSize
            + " "
            + Arrays.deepToString(x)
            + Arrays.deepToString(y);
  }

  private long[][] indices(int window, int blocks) {
    return IntStream.range(0, batch)
        .mapToObj(b -> w.random.longs(window, 0, blocks).toArray())
        .toArray(long[][]::new);
  }

  static void run(World w) throws Exception {
    BlockArea area = new BlockArea(w);
    try {
      area.products();
      area.refuse();
    } catch (Exception | Error e) {
      throw new AssertionError(area.doing + ": " + e, e);
    }
  }

  /** One term: example, its windows' places and blocks. */
  @FunctionalInterface
  private interface Term {
    void add(int hAt, int oAt, int wAt);
  }

  /** All terms of all elements: places of h, o and W. */
  private void terms(Term term) {
    for (int b = 0; b < batch; b++) {
      for (int i = 0; i < inWindow; i++) {
        for (int j = 0; j < outWindow; j++) {
          int block = (int) (x[b][i] * outBlocks + y[b][j]) * inSize * outSize;
          for (int s = 0; s < inSize; s++) {
            for (int t = 0; t < outSize; t++) {
              term.add(
                  (b * inWindow + i) * inSize + s,
                  (b * outWindow + j) * outSize + t,
                  block + s * outSize + t);
            }
          }
        }
      }
    }
  }

  private Tensor index(long[][] m, int window) {
    double[] flat = Arrays.stream(m).flatMapToLong(Arrays::stream).asDoubleStream().toArray();
    return w.field(w.pick(DType.I32, DType.I64), flat, batch, window).view;
  }

  private void products() throws Exception {
    Field weights = w.field(dtype, inBlocks, outBlocks, inSize, outSize);
    Field h = w.field(dtype, batch, inWindow, inSize);
    Field o = w.field(dtype, batch, outWindow, outSize);
    Field bias = w.field(dtype, outBlocks, outSize);
    double[] wv = weights.values();
    double[] hv = h.values();
    double[] ov = o.values();
    double[] wh = new double[ov.length];
    double[] dw = new double[wv.length];
    double[] dh = new double[hv.length];
    terms(
        (ha, oa, wa) -> {
          wh[oa] += hv[ha] * wv[wa];
          dw[wa] += hv[ha] * ov[oa];
          dh[ha] += ov[oa] * wv[wa];
        });
    BlockPattern p = BlockPattern.of(x, y, inBlocks, outBlocks);
    Tensor xi = index(x, inWindow);
    Tensor yi = index(y, outWindow);
    long[] shape = o.shape;
    double[] sum = o.combined(1, 1, wh);
    w.gives("gemv", dtype, shape, sum, () -> BlockSparse.gemv(o.view, weights.view, h.view, p));
    w.gives(
        "gemv",
        dtype,
        shape,
        sum,
        () ->
            BlockSparse.gemv(
                o.view,
                weights.view,
                h.view,
                BlockPattern.of(xi, yi, weights.view.length(0), weights.view.length(1))));
    w.gives(
        "gemv",
        dtype,
        shape,
        sum,
        () ->
            BlockSparse.gemv(
                o.view,
                weights.view,
                h.view,
                BlockPattern.of(x, y, weights.view.length(0), weights.view.length(1))));
    double alpha = w.factor();
    double beta = w.factor();
    Field out = w.output(dtype, beta, shape);
    w.writes(
        "gemvInto",
        out,
        alpha,
        beta,
        wh,
        () -> BlockSparse.gemvInto(out.view, alpha, beta, weights.view, h.view, p));
    double[] biased = wh.clone();
    double[] bv = bias.values();
    double[] db = new double[bv.length];
    for (int e = 0; e < biased.length; e++) {
      int row = e / outSize;
      int at = (int) y[row / outWindow][row % outWindow] * outSize + e % outSize;
      biased[e] += bv[at];
      db[at] += ov[e];
    }
    w.gives("dot", dtype, shape, biased, () -> BlockSparse.dot(weights.view, h.view, bias.view, p));
    try (BlockSparse.DotGradient g = BlockSparse.dotGradient(weights.view, h.view, o.view, p)) {
      Field.check("d_W", g.w(), dtype, weights.shape, dw);
      Field.check("d_h", g.h(), dtype, h.shape, dh);
      Field.check("d_b", g.bias(), dtype, bias.shape, db);
    }
    Field place = w.field(dtype, weights.shape);
    w.writes(
        "outerInPlace",
        place,
        2,
        1,
        dw,
        () -> BlockSparse.outerInPlace(place.view, 2, h.view, o.view, p));
    bits(weights, h, p);
    w.verify();
  }

  /** Sums of fractions: the same bits for one and three threads. */
  private void bits(Field weights, Field h, BlockPattern p) {
    Field f = w.field(dtype, fractions(weights.at.length), weights.shape);
    Field g = w.field(dtype, fractions(h.at.length), h.shape);
    double[] first = null;
    for (int threads = 1; threads <= 3; threads += 2) {
      io.github.einblas.Einblas.setThreads(threads);
      try (Tensor out = Tensor.empty(dtype, batch, outWindow, outSize)) {
        BlockSparse.gemvInto(out, 1, 0, f.view, g.view, p);
        double[] now = Field.elements(out);
        first = first == null ? now : first;
        if (!Arrays.equals(first, now)) {
          throw new AssertionError("other bits for " + threads + " threads");
        }
      }
    }
  }

  private double[] fractions(int n) {
    return w.random.doubles(n, -1, 1).map(d -> dtype == DType.F32 ? (float) d : d).toArray();
  }

  private void refuse() {
    Field a = w.field(w.pick(World.TYPES), w.shape(w.in(2, 4), 3));
    Field b = w.field(w.pick(World.TYPES), w.shape(w.in(1, 3), 3));
    Field out = w.field(w.pick(World.TYPES), w.shape(w.in(1, 3), 3));
    long[][] xi = {{w.in(-1, 3), w.pick(0L, Long.MAX_VALUE, 1L << 32)}};
    int[][] yi = {{w.in(-1, 3)}, {0}};
    int[][] xj = {{0}, {w.in(0, 2)}};
    int kind = w.in(0, 4);
    String what = "wild " + kind + " " + a + b + out + Arrays.deepToString(xi);
    boolean refused =
        w.attempt(
            what,
            () -> {
              switch (kind) {
                case 0 -> BlockPattern.of(xi, w.chance(3) ? null : xi, w.in(-1, 4), 3);
                case 1 ->
                    BlockSparse.gemvInto(
                        out.view,
                        1,
                        0,
                        a.view,
                        b.view,
                        BlockPattern.of(xj, yi, a.view.length(0), a.view.length(1)));
                case 2 ->
                    BlockSparse.outerInPlace(
                        out.view,
                        1,
                        a.view,
                        b.view,
                        BlockPattern.of(xj, yi, out.view.length(0), out.view.length(1)));
                case 3 ->
                    BlockSparse.gemvInPlace(
                        b.view,
                        a.view,
                        b.view,
                        BlockPattern.of(xj, xj, a.view.length(0), a.view.length(1)));
                default ->
                    BlockSparse.dot(
                            a.view,
                            b.view,
                            out.view,
                            BlockPattern.of(out.view, b.view, a.view.length(0), a.view.length(1)))
                        .close();
              }
            });
    if (!refused) {
      out.resync(what);
    }
    w.verify();
  }
}
