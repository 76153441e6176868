// Test support: the API fuzzer's wrong equations, plans, options and operands, and calls from
// several threads while tensors are closed.
package io.github.einblas.fuzz;

import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.Sublist;
import io.github.einblas.Tensor;
import io.github.einblas.Tuning;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** What must be refused without a trace, and what must hold while others close. */
final class WildArea {
  private static final String MARKS = "ab.c,->. xyZ0é\t*_";

  private WildArea() {}

  static void run(World w) throws Exception {
    String[] doing = {""};
    try {
      for (int i = w.in(3, 8); i > 0; i--) {
        Problem p = Problem.random(w);
        doing[0] = p.toString();
        switch (w.in(0, 4)) {
          case 0 -> equation(w, p);
          case 1 -> options(w, p);
          case 2 -> operands(w, p);
          case 3 -> json(w, p, doing);
          default -> threads(w, p);
        }
        w.verify();
      }
    } catch (Exception | Error e) {
      throw new AssertionError(doing[0] + ": " + e, e);
    }
  }

  /** A text with some characters put in, taken out or exchanged. */
  private static String mutated(World w, String text) {
    StringBuilder s = new StringBuilder(text);
    for (int n = w.in(1, 3); n > 0; n--) {
      int at = w.in(0, s.length());
      String mark = String.valueOf(MARKS.charAt(w.in(0, MARKS.length() - 1)));
      switch (w.in(0, 2)) {
        case 0 -> s.insert(at, mark);
        case 1 -> s.replace(at, Math.min(s.length(), at + 1), "");
        default -> s.replace(at, Math.min(s.length(), at + 1), mark);
      }
    }
    return s.toString();
  }

  private static Tensor[] operands(World w, Problem p, DType dtype) {
    return Arrays.stream(p.shapes).map(s -> w.field(dtype, s).view).toArray(Tensor[]::new);
  }

  private static void equation(World w, Problem p) {
    Tensor[] in = operands(w, p, w.floating());
    for (int i = 0; i < 5; i++) {
      String text = mutated(w, p.text);
      w.attempt("einsum \"" + text + "\"", () -> Einsum.einsum(text, in).close());
    }
    int[][] labels = new int[in.length][];
    Arrays.setAll(
        labels,
        i -> w.random.ints(w.in(0, 3), -2, 4).map(l -> w.chance(9) ? 1 << 30 : l).toArray());
    w.attempt(
        "sublists " + Arrays.deepToString(labels),
        () -> {
          Sublist[] lists = new Sublist[in.length];
          Arrays.setAll(lists, i -> Sublist.of(in[i], labels[i]));
          Einsum.einsum(w.chance(2) ? null : labels[0], lists).close();
        });
  }

  private static void options(World w, Problem p) {
    long wild = w.pick(-1L, 0L, 1L, 63L, 1L << 31, Long.MAX_VALUE, Long.MIN_VALUE);
    int kind = w.in(0, 7);
    String what = "options " + kind + " " + wild;
    w.attempt(
        what,
        () -> {
          PlanOptions o = PlanOptions.DEFAULT;
          switch (kind) {
            case 0 -> o = o.withThreads((int) wild);
            case 1 -> o = o.withSearchTime(Duration.ofMillis(Math.max(-1, Math.min(wild, 1))));
            case 2 -> o = o.withKernel(w.pick("", "gemm", "no such kernel", "loops", "é"));
            case 3 -> o = o.withMemoryLimit(wild);
            case 4 -> Einblas.setThreads((int) Math.max(-2, Math.min(wild, 3)));
            case 6 -> o = o.withSearchRounds((int) Math.max(-1, Math.min(wild, 9))).withSeed(wild);
            case 5 -> Tuning.set(w.pick("THREAD_NANOS", "NONE", "GEMM_TASK"), wild);
            default -> {
              int[][] path = new int[w.in(0, p.operands)][];
              Arrays.setAll(path, i -> w.random.ints(w.in(1, 3), -1, p.operands + 2).toArray());
              if (path.length > 0 && w.chance(6)) {
                path[0] = null;
              }
              o = o.withPath(path);
            }
          }
          Tensor[] in = operands(w, p, DType.F64);
          Einsum.plan(p.text, o, in).run(in).close();
        });
    Einblas.setThreads(w.in(1, 3));
  }

  private static void operands(World w, Problem p) throws Exception {
    DType dtype = w.floating();
    Tensor[] in = operands(w, p, dtype);
    Field out = w.field(dtype, p.outShape);
    EinsumPlan plan = Einsum.plan(p.text, dtype, p.shapes);
    for (int i = 0; i < 4; i++) {
      Tensor[] given = in.clone();
      int at = w.in(0, in.length - 1);
      int kind = w.in(0, 7);
      Tensor[] into = {out.view};
      boolean sure = true;
      switch (kind) {
        case 0 -> given[at] = null;
        case 1 ->
            given[at] = w.field(dtype == DType.F32 ? DType.F64 : DType.F32, p.shapes[at]).view;
        case 2 -> given[at] = closed(w, dtype, p.shapes[at]);
        case 3 -> given = Arrays.copyOf(given, in.length + 1);
        case 4 -> into[0] = null;
        case 5 -> into[0] = closed(w, dtype, p.outShape);
        case 6 -> into[0] = w.field(DType.I64, p.outShape).view;
        default -> {
          into[0] = given[at];
          sure = Arrays.equals(given[at].shape(), p.outShape) && Loops.size(p.outShape) > 0;
          sure |= !Arrays.equals(given[at].shape(), p.outShape);
        }
      }
      Tensor[] used = given;
      String what = "wrong operands " + kind + " at " + at + " of " + plan.options();
      boolean refused = w.attempt(what, () -> plan.runInto(into[0], 1, 1, used));
      if (sure && !refused) {
        throw new AssertionError(what + " must be refused");
      }
      out.verify(what);
      w.attempt(what, () -> plan.bind(used).close());
      w.attempt(what, () -> plan.runBatch(Arrays.<Tensor[]>asList(used, null)).close());
      w.attempt(what, () -> plan.runBatch(List.of(used, Arrays.copyOf(in, 0))).close());
      w.attempt(what, () -> plan.gradients(into[0], used).close());
    }
  }

  private static Tensor closed(World w, DType dtype, long[] shape) {
    Tensor t = Tensor.full(dtype, w.in(0, 3), shape);
    t.close();
    return t;
  }

  private static void json(World w, Problem p, String[] doing) {
    EinsumPlan plan = Einsum.plan(p.text, w.floating(), p.shapes);
    StringBuilder s = new StringBuilder(plan.toJson());
    for (int n = w.in(1, 3); n > 0; n--) {
      int at = w.in(0, s.length() - 1);
      String put = w.pick("", "9", "-", "null", "{", "1e9", "\"", ".5", "[", "true", "\\u0000");
      s.replace(at, Math.min(s.length(), at + w.in(0, 2)), put);
    }
    doing[0] = "fromJson " + s;
    w.attempt(doing[0], () -> EinsumPlan.fromJson(s.toString()).toJson());
  }

  /** Threads that run one plan while its operands are closed: right, or refused. */
  private static void threads(World w, Problem p) throws Exception {
    DType dtype = w.floating();
    Field[] fields = Arrays.stream(p.shapes).map(s -> w.field(dtype, s)).toArray(Field[]::new);
    Tensor[] in = Arrays.stream(fields).map(f -> f.view.copy()).toArray(Tensor[]::new);
    double[] result = p.result(Arrays.stream(fields).map(Field::values).toArray(double[][]::new));
    EinsumPlan plan = Einsum.plan(p.text, PlanOptions.DEFAULT.withThreads(w.in(1, 2)), in);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread[] threads = new Thread[w.in(2, 4)];
    int runs = w.in(1, 10);
    for (int t = 0; t < threads.length; t++) {
      threads[t] =
          new Thread(
              () -> {
                try {
                  for (int i = 0; i < runs; i++) {
                    World.CALLS.incrementAndGet();
                    try (Tensor got = plan.run(in)) {
                      Field.check("beside others", got, dtype, p.outShape, result);
                    }
                  }
                } catch (IllegalStateException e) {
                  World.REFUSED.incrementAndGet();
                } catch (Throwable e) {
                  failure.set(e);
                }
              });
      threads[t].start();
    }
    Thread.sleep(0, w.in(0, 200_000));
    for (Tensor t : in) {
      t.close();
    }
    for (Thread t : threads) {
      t.join();
    }
    if (failure.get() != null) {
      throw new AssertionError("beside others: " + failure.get(), failure.get());
    }
  }
}
