// Rivals: dev.ludovic.netlib on Java arrays: cases as loops of BLAS calls.
package io.github.einblas.bench.rivals;

import dev.ludovic.netlib.blas.BLAS;
import io.github.einblas.DType;
import io.github.einblas.bench.Catalogue;
import io.github.einblas.bench.Rival;
import io.github.einblas.bench.Values;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * BLAS.getInstance(): a native BLAS of the system where there is one, else its own with
 * jdk.incubator.vector, on one thread. Cases: those that {@link GemmLoop} can do.
 */
public final class NetlibRival implements Rival {
  private final BLAS blas = BLAS.getInstance();

  @Override
  public String name() {
    return "netlib";
  }

  @Override
  public String version() {
    return "dev.ludovic.netlib " + Rival.jar(BLAS.class) + ", " + blas.getClass().getSimpleName();
  }

  @Override
  public void setThreads(int threads) {
    // VectorBLAS has one thread; a system's BLAS takes its number from the environment.
  }

  @Override
  public List<Job> jobs(Catalogue.Case c, DType dtype, Style style) {
    return GemmLoop.of(c).stream()
        .map(loop -> (Job) new BlasJob(c, dtype, style == Style.USUAL, loop))
        .toList();
  }

  private final class BlasJob implements Job {
    private final GemmLoop loop;
    private final DType dtype;
    private final boolean fresh;
    private final int size;
    private final List<float[]> floats = new ArrayList<>();
    private final List<double[]> doubles = new ArrayList<>();

    BlasJob(Catalogue.Case c, DType dtype, boolean fresh, GemmLoop loop) {
      this.loop = loop;
      this.dtype = dtype;
      this.fresh = fresh;
      this.size = Math.toIntExact(product(c.outputShape()));
      for (int t = 0; t < 2; t++) {
        boolean ones = t == c.shapes().length;
        long n = ones ? product(c.shapes()[0]) / size : product(c.shapes()[t]);
        if (dtype == DType.F32) {
          floats.add(ones ? new float[(int) n] : Values.floats(t, n));
          if (ones) {
            Arrays.fill(floats.get(t), 1);
          }
        } else {
          doubles.add(ones ? new double[(int) n] : Values.doubles(t, n));
          if (ones) {
            Arrays.fill(doubles.get(t), 1);
          }
        }
      }
      floats.add(dtype == DType.F32 ? new float[size] : null);
      doubles.add(dtype == DType.F64 ? new double[size] : null);
    }

    private static long product(long[] shape) {
      return Arrays.stream(shape).reduce(1, (x, y) -> x * y);
    }

    @Override
    public String form() {
      String calls = loop.c().length > 1 ? loop.c().length + " x " : "";
      return calls + loop.kind().toString().toLowerCase(Locale.ROOT);
    }

    @Override
    public void run() {
      int a = loop.swapped() ? 1 : 0;
      if (dtype == DType.F32) {
        if (fresh) {
          floats.set(2, new float[size]);
        }
        for (int i = 0; i < loop.c().length; i++) {
          call(i, floats.get(a), floats.get(1 - a), floats.get(2));
        }
      } else {
        if (fresh) {
          doubles.set(doubles.size() - 1, new double[size]);
        }
        for (int i = 0; i < loop.c().length; i++) {
          call(i, doubles.get(a), doubles.get(1 - a), doubles.get(doubles.size() - 1));
        }
      }
    }

    /** Column-major BLAS sees each row-major matrix transposed: C^T = B^T A^T. */
    private void call(int i, float[] a, float[] b, float[] c) {
      GemmLoop l = loop;
      int ao = (int) l.a()[i];
      int bo = (int) l.b()[i];
      int co = (int) l.c()[i];
      float beta = l.add()[i] ? 1 : 0;
      String ta = l.transposeA() ? "T" : "N";
      switch (l.kind()) {
        case GEMM ->
            blas.sgemm(
                l.transposeB() ? "T" : "N",
                ta,
                l.n(),
                l.m(),
                l.k(),
                1,
                b,
                bo,
                l.ldb(),
                a,
                ao,
                l.lda(),
                beta,
                c,
                co,
                l.ldc());
        case GEMV -> {
          int rows = l.transposeA() ? l.m() : l.k();
          int columns = l.transposeA() ? l.k() : l.m();
          String t = l.transposeA() ? "N" : "T";
          blas.sgemv(t, rows, columns, 1, a, ao, l.lda(), b, bo, l.ldb(), beta, c, co, l.ldc());
        }
        case DOT ->
            c[co] = blas.sdot(l.k(), a, ao, l.lda(), b, bo, l.ldb()) + (beta == 0 ? 0 : c[co]);
      }
    }

    private void call(int i, double[] a, double[] b, double[] c) {
      GemmLoop l = loop;
      int ao = (int) l.a()[i];
      int bo = (int) l.b()[i];
      int co = (int) l.c()[i];
      double beta = l.add()[i] ? 1 : 0;
      String ta = l.transposeA() ? "T" : "N";
      switch (l.kind()) {
        case GEMM ->
            blas.dgemm(
                l.transposeB() ? "T" : "N",
                ta,
                l.n(),
                l.m(),
                l.k(),
                1,
                b,
                bo,
                l.ldb(),
                a,
                ao,
                l.lda(),
                beta,
                c,
                co,
                l.ldc());
        case GEMV -> {
          int rows = l.transposeA() ? l.m() : l.k();
          int columns = l.transposeA() ? l.k() : l.m();
          String t = l.transposeA() ? "N" : "T";
          blas.dgemv(t, rows, columns, 1, a, ao, l.lda(), b, bo, l.ldb(), beta, c, co, l.ldc());
        }
        case DOT ->
            c[co] = blas.ddot(l.k(), a, ao, l.lda(), b, bo, l.ldb()) + (beta == 0 ? 0 : c[co]);
      }
    }

    @Override
    public double result(long index) {
      return dtype == DType.F32
          ? floats.get(2)[(int) index]
          : doubles.get(doubles.size() - 1)[(int) index];
    }

    @Override
    public void close() {
      floats.clear();
      doubles.clear();
    }
  }
}
