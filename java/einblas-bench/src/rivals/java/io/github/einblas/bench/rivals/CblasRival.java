// Rivals: what OpenBLAS and MKL share: cases as loops of cblas calls on native memory.
package io.github.einblas.bench.rivals;

import io.github.einblas.DType;
import io.github.einblas.bench.Catalogue;
import io.github.einblas.bench.NativeArray;
import io.github.einblas.bench.Rival;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.Pointer;

/** Row-major cblas on pointers. Cases: those that {@link GemmLoop} can do. */
abstract class CblasRival implements Rival {
  /** C = op(A) op(B) + beta C. */
  abstract void gemm(DType dtype, GemmLoop loop, Pointer a, Pointer b, double beta, Pointer c);

  /** y = op(A) x + beta y; rows and columns as A is stored. */
  abstract void gemv(
      DType dtype,
      GemmLoop loop,
      int rows,
      int columns,
      Pointer a,
      Pointer x,
      double beta,
      Pointer y);

  /** The sum of products. */
  abstract double dot(DType dtype, GemmLoop loop, Pointer x, Pointer y);

  /** Further ways than loops; the fastest counts. */
  List<Job> extra(Catalogue.Case c, DType dtype) {
    return List.of();
  }

  @Override
  public List<Job> jobs(Catalogue.Case c, DType dtype, Style style) {
    List<Job> jobs = new ArrayList<>();
    Optional<GemmLoop> loop = GemmLoop.of(c);
    if (loop.isPresent()) {
      jobs.add(new LoopJob(c, dtype, style == Style.USUAL, loop.get()));
    }
    if (style == Style.BEST) {
      jobs.addAll(extra(c, dtype));
    }
    return jobs;
  }

  private final class LoopJob extends NativeJob {
    private final GemmLoop loop;
    private final Pointer a;
    private final Pointer b;

    LoopJob(Catalogue.Case c, DType dtype, boolean fresh, GemmLoop loop) {
      super(
          (loop.c().length > 1 ? loop.c().length + " x " : "")
              + loop.kind().toString().toLowerCase(java.util.Locale.ROOT),
          c,
          dtype,
          fresh);
      this.loop = loop;
      this.a = operands.get(loop.swapped() ? 1 : 0).pointer();
      this.b = operands.get(loop.swapped() ? 0 : 1).pointer();
    }

    @Override
    void call(Pointer[] x, Pointer out) {
      int calls = loop.c().length;
      int rows = loop.transposeA() ? loop.k() : loop.m();
      int columns = loop.transposeA() ? loop.m() : loop.k();
      for (int i = 0; i < calls; i++) {
        a.position(loop.a()[i]);
        b.position(loop.b()[i]);
        out.position(loop.c()[i]);
        double beta = loop.add()[i] ? 1 : 0;
        switch (loop.kind()) {
          case GEMM -> gemm(dtype, loop, a, b, beta, out);
          case GEMV -> gemv(dtype, loop, rows, columns, a, b, beta, out);
          case DOT -> NativeJob.put(out, dot(dtype, loop, a, b), beta);
        }
      }
      a.position(0);
      b.position(0);
      out.position(0);
    }
  }

  /**
   * Operands and result in native memory; a case with one operand and a sum gets a second one of
   * ones.
   */
  abstract static class NativeJob implements Job {
    protected final DType dtype;
    protected final List<NativeArray> operands = new ArrayList<>();
    private final String form;
    private final boolean fresh;
    private final long size;
    private final Pointer[] pointers;
    private NativeArray out;

    NativeJob(String form, Catalogue.Case c, DType dtype, boolean fresh) {
      this.form = form;
      this.dtype = dtype;
      this.fresh = fresh;
      for (int t = 0; t < c.shapes().length; t++) {
        operands.add(NativeArray.operand(dtype, t, product(c.shapes()[t])));
      }
      size = product(c.outputShape());
      if (operands.size() == 1 && size < product(c.shapes()[0])) {
        operands.add(NativeArray.ones(dtype, product(c.shapes()[0]) / size));
      }
      pointers = operands.stream().map(NativeArray::pointer).toArray(Pointer[]::new);
      out = NativeArray.zeros(dtype, size);
    }

    abstract void call(Pointer[] x, Pointer out);

    static void put(Pointer out, double value, double beta) {
      if (out instanceof org.bytedeco.javacpp.FloatPointer f) {
        f.put((float) (value + (beta == 0 ? 0 : f.get())));
      } else if (out instanceof org.bytedeco.javacpp.DoublePointer d) {
        d.put(value + (beta == 0 ? 0 : d.get()));
      }
    }

    @Override
    public String form() {
      return form;
    }

    @Override
    public void run() {
      if (fresh) {
        out.close();
        out = NativeArray.uninitialised(dtype, size);
      }
      call(pointers, out.pointer());
    }

    @Override
    public double result(long index) {
      return out.get(index);
    }

    @Override
    public void close() {
      operands.forEach(NativeArray::close);
      out.close();
    }

    static long product(long[] shape) {
      return Arrays.stream(shape).reduce(1, (x, y) -> x * y);
    }
  }
}
