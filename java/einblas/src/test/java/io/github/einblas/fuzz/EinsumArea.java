// Test support: the API fuzzer's einsum calls: every form of one random equation.
package io.github.einblas.fuzz;

import io.github.einblas.BoundPlan;
import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.NativeMemoryException;
import io.github.einblas.PlanOptions;
import io.github.einblas.PlanSlice;
import io.github.einblas.Sublist;
import io.github.einblas.Tensor;
import io.github.einblas.internal.natives.Reclaim;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** One equation, its operands and its result, and what can be done with them. */
final class EinsumArea extends EinsumCase {
  private EinsumArea(World w) {
    super(w);
  }

  static void run(World w) throws Exception {
    EinsumArea area = new EinsumArea(w);
    try {
      for (int i = w.in(3, 8); i > 0; i--) {
        area.step();
        w.verify();
      }
    } catch (Exception | Error e) {
      throw new AssertionError(
          area.doing + " of " + area.p + " " + Arrays.toString(area.fields) + ": " + e, e);
    }
  }

  private void step() throws Exception {
    switch (w.in(0, 12)) {
      case 0 -> fresh();
      case 1 -> into(plan(options(false)));
      case 2 -> into(plan(options(true)));
      case 3 -> limits();
      case 4 -> batch(plan(options(w.chance(2))));
      case 5 -> bound(plan(options(w.chance(2))));
      case 6 -> slices(plan(options(true)));
      case 7 -> gradients(plan(options(w.chance(2))));
      case 8 -> json(plan(options(w.chance(2))));
      case 9 -> starved(plan(options(w.chance(2))));
      case 10 -> forced(options(false));
      case 11 -> bits(options(w.chance(3)));
      default -> unread(plan(options(w.chance(3))));
    }
  }

  private void fresh() throws Exception {
    doing = "einsum";
    w.gives(doing, dtype, p.outShape, result, () -> Einsum.einsum(p.text, in));
    doing = "einsum by numbers";
    if (!p.hasEllipsis) {
      Sublist[] lists = new Sublist[in.length];
      Arrays.setAll(lists, i -> Sublist.of(in[i], p.numbers[i]));
      int[] out = p.numbers[in.length];
      w.gives(doing, dtype, p.outShape, result, () -> Einsum.einsum(out, lists));
    }
  }

  private void into(EinsumPlan plan) throws Exception {
    doing = "run with " + plan.options();
    long limit = plan.options().memoryLimit();
    long before = Einblas.nativeBytesInUse();
    w.gives(doing, dtype, p.outShape, result, () -> plan.run(in));
    if (limit < Long.MAX_VALUE && plan.report(in).peakBytes() > limit) {
      throw new AssertionError("promises " + plan.report(in).peakBytes() + " of " + limit);
    }
    // Fewer when the collector has freed an older plan meanwhile.
    if (!w.beside && Einblas.nativeBytesInUse() > before) {
      throw new AssertionError("left " + (Einblas.nativeBytesInUse() - before) + " bytes");
    }
    doing = "runInto with " + plan.options();
    double alpha = w.factor(dtype);
    double beta = w.factor(dtype);
    Field out = w.output(dtype, beta, p.outShape);
    unfit(
        () ->
            w.writes(
                doing, out, alpha, beta, result, () -> plan.runInto(out.view, alpha, beta, in)));
    if (in.length == 2) {
      Field two = w.output(dtype, beta, p.outShape);
      unfit(
          () ->
              w.writes(
                  doing,
                  two,
                  alpha,
                  beta,
                  result,
                  () -> plan.runInto(two.view, alpha, beta, in[0], in[1])));
    }
    doing = "texts with " + plan.options();
    String text = plan.explain() + plan.explain(in) + plan.report().json() + plan.report().dot();
    if (text.isEmpty()) {
      throw new AssertionError(text);
    }
  }

  /** Many limits between the least and what a run takes: each may cut in another way. */
  private void limits() throws Exception {
    PlanOptions o = options(false);
    doing = "limits of " + o;
    long peak = plan(o).peakBytes();
    EinsumPlan tight = plan(plan(o).options().withMemoryLimit(0));
    long least = Math.min(tight.options().memoryLimit(), peak);
    for (int i = 0; i < 12; i++) {
      PlanOptions now =
          tight.options().withMemoryLimit(least + (long) (w.random.nextDouble() * (peak - least)));
      doing = "run with " + now;
      EinsumPlan plan = Einsum.plan(p.text, now, dtype, p.shapes);
      if (plan.sliceCount() < 500) {
        unfit(() -> w.gives(doing, dtype, p.outShape, result, () -> plan.run(in)));
      }
    }
  }

  /** Every kernel gives the same, or says that it cannot run a step. */
  private void forced(PlanOptions o) throws Exception {
    PlanOptions now = o.withKernel(w.pick(Einblas.kernels().toArray(String[]::new)));
    doing = "run with " + now;
    try {
      w.gives(doing, dtype, p.outShape, result, () -> Einsum.plan(p.text, now, in).run(in));
    } catch (IllegalArgumentException e) {
      World.documented(doing, e);
    }
  }

  private void batch(EinsumPlan plan) throws Exception {
    doing = "runBatch with " + plan.options();
    int n = w.in(0, 4);
    List<Tensor[]> sets = new ArrayList<>();
    int size = Loops.size(p.outShape);
    double[] all = new double[n * size];
    for (int s = 0; s < n; s++) {
      Field[] own = w.chance(3) ? fields : operands();
      sets.add(views(own));
      System.arraycopy(p.result(data(own)), 0, all, s * size, size);
    }
    long[] shape = new long[p.outShape.length + 1];
    shape[0] = n;
    System.arraycopy(p.outShape, 0, shape, 1, p.outShape.length);
    if (!unfit(() -> w.gives(doing, dtype, shape, all, () -> plan.runBatch(sets)))) {
      double alpha = w.factor(dtype);
      double beta = w.factor(dtype);
      doing = "runBatchInto with " + plan.options();
      Field out = w.output(dtype, beta, shape);
      unfit(
          () ->
              w.writes(
                  doing,
                  out,
                  alpha,
                  beta,
                  all,
                  () -> plan.runBatchInto(out.view, alpha, beta, sets)));
    }
  }

  private void bound(EinsumPlan plan) throws Exception {
    doing = "bind with " + plan.options();
    Tensor[] constants = new Tensor[in.length];
    List<Integer> free = new ArrayList<>();
    for (int i = 0; i < in.length; i++) {
      if (w.chance(2)) {
        free.add(i);
      } else {
        constants[i] = in[i];
      }
    }
    doing += " free " + free;
    unfit(
        () -> {
          try (BoundPlan b = plan.bind(constants)) {
            for (int run = w.in(1, 2); run > 0; run--) {
              Field[] all = fields.clone();
              free.forEach(i -> all[i] = w.field(dtype, p.shapes[i]));
              Tensor[] given = free.stream().map(i -> all[i].view).toArray(Tensor[]::new);
              double[] r = p.result(data(all));
              w.gives(doing, dtype, p.outShape, r, () -> b.run(given));
              double alpha = w.factor(dtype);
              double beta = w.factor(dtype);
              Field out = w.output(dtype, beta, p.outShape);
              w.writes(doing, out, alpha, beta, r, () -> b.runInto(out.view, alpha, beta, given));
              boundGradients(b, all, free, given);
            }
          }
        });
  }

  private void boundGradients(BoundPlan b, Field[] all, List<Integer> free, Tensor[] given)
      throws Exception {
    if (!hasGradients()) {
      return;
    }
    Field up = w.field(dtype, p.outShape);
    doing = doing.replace("bind", "bound gradients");
    Tensor[] got = b.gradients(up.view, given).list().toArray(Tensor[]::new);
    try {
      for (int i = 0; i < got.length; i++) {
        double[] g = p.gradient(free.get(i), withUpstream(all, up));
        Field.check(doing + " " + i, got[i], dtype, p.shapes[free.get(i)], g);
      }
    } finally {
      Arrays.stream(got).forEach(Tensor::close);
    }
  }

  private void slices(EinsumPlan plan) throws Exception {
    doing = plan.sliceCount() + " slices with " + plan.options();
    if (plan.sliceCount() > 300) {
      return;
    }
    Field out = w.field(dtype, p.outShape);
    double[] expected = out.combined(1, 1, result);
    List<PlanSlice> slices = slicesOf(plan);
    for (int i : w.permutation(slices.size())) {
      World.CALLS.incrementAndGet();
      slices.get(i).addTo(out.view, in);
    }
    if (!slices.isEmpty()) {
      out.expect(expected);
    }
    out.verify(doing);
    long[] seen = {0};
    doing = "run, told of slices, with " + plan.options();
    w.gives(doing, dtype, p.outShape, result, () -> plan.run(n -> seen[0] = n, in));
    w.attempt(
        "cancelled run",
        () ->
            plan.run(
                    n -> {
                      throw new IllegalStateException("cancelled");
                    },
                    in)
                .close());
  }

  /** None where they are added up in a wider type than the result's: refused. */
  private static List<PlanSlice> slicesOf(EinsumPlan plan) {
    try {
      return plan.slices();
    } catch (UnsupportedOperationException e) {
      World.documented("slices", e);
      if (plan.dtype() == plan.computeType()) {
        throw e;
      }
      return List.of();
    }
  }

  private void gradients(EinsumPlan plan) throws Exception {
    doing = "gradients with " + plan.options();
    if (!hasGradients()) {
      if (!w.attempt(doing, () -> plan.gradient(0))) {
        throw new AssertionError("a gradient of " + dtype);
      }
      return;
    }
    Field up = w.field(dtype, p.outShape);
    double[][] d = withUpstream(fields, up);
    unfit(
        () -> {
          Tensor[] got = plan.gradients(up.view, in).list().toArray(Tensor[]::new);
          try {
            for (int i = 0; i < got.length; i++) {
              Field.check(doing + " " + i, got[i], dtype, p.shapes[i], p.gradient(i, d));
            }
          } finally {
            Arrays.stream(got).forEach(Tensor::close);
          }
        });
    int i = w.in(0, in.length - 1);
    doing = "gradient " + i + " with " + plan.options();
    Tensor[] given = new Tensor[in.length];
    given[0] = up.view;
    System.arraycopy(in, 0, given, 1, i);
    System.arraycopy(in, i + 1, given, i + 1, in.length - 1 - i);
    unfit(
        () -> {
          EinsumPlan g = plan.gradient(i);
          w.gives(doing, dtype, p.shapes[i], p.gradient(i, d), () -> g.run(given));
        });
  }

  private void json(EinsumPlan plan) throws Exception {
    String text = plan.toJson();
    doing = "fromJson " + text;
    EinsumPlan again = EinsumPlan.fromJson(text);
    if (!again.toJson().equals(text)) {
      throw new AssertionError("written again as " + again.toJson());
    }
    w.gives(doing, dtype, p.outShape, result, () -> again.run(in));
  }

  private void starved(EinsumPlan plan) throws Exception {
    if (w.beside) {
      return;
    }
    double beta = w.factor(dtype);
    Field out = w.output(dtype, beta, p.outShape);
    double alpha = dtype.isBool() ? 1 : 2;
    double[] expected = out.combined(alpha, beta, result);
    doing = "starved run with " + plan.options();
    Einblas.setNativeMemoryLimit(Einblas.nativeBytesInUse() + w.in(0, 4_000));
    // Most rounds without the collector, which takes longer than all the rest.
    boolean collected = Reclaim.enable(w.in(0, 19) == 0);
    NativeMemoryException refused = null;
    try {
      if (!unfit(() -> plan.runInto(out.view, alpha, beta, in))) {
        out.expect(expected);
      }
    } catch (NativeMemoryException e) {
      refused = e;
    } finally {
      Reclaim.enable(collected);
      Einblas.setNativeMemoryLimit(Long.MAX_VALUE);
    }
    // Reading narrow elements takes memory too.
    if (refused != null) {
      World.documented(doing, refused);
    }
    if (refused != null && !refused.isOutputUntouched()) {
      out.resync(doing);
    } else {
      out.verify(doing + (refused == null ? "" : ", refused by " + refused));
    }
  }

  /** Fractions: the same bits for 1, 2 and 3 threads. */
  private void bits(PlanOptions o) {
    doing = "bits for any threads with " + o;
    if (!hasGradients()) {
      return; // whole numbers are exact
    }
    Tensor[] fractions = new Tensor[in.length];
    for (int i = 0; i < in.length; i++) {
      double[] d = w.random.doubles(fields[i].at.length, -1, 1).toArray();
      fractions[i] = w.field(dtype, d, p.shapes[i]).view;
    }
    double[] first = null;
    for (int threads = 1; threads <= 3; threads++) {
      PlanOptions now = plan(o).options().withThreads(threads);
      try (Tensor got = Einsum.plan(p.text, now, fractions).run(fractions)) {
        double[] d = Field.elements(got);
        first = first == null ? d : first;
        if (!Arrays.equals(first, d)) {
          throw new AssertionError("other bits for " + threads + " threads, " + now);
        }
      } catch (IllegalArgumentException e) {
        World.documented(doing, e);
        return;
      }
      o = now;
    }
  }

  /** alpha = 0 reads no operand: NaN in all of them stays out. */
  private void unread(EinsumPlan plan) throws Exception {
    doing = "alpha = 0 with " + plan.options();
    if (!hasGradients()) {
      return; // there is no NaN
    }
    Field[] nan = operands();
    for (Field f : nan) {
      double[] v = new double[f.at.length];
      Arrays.fill(v, Double.NaN);
      f.expect(v);
      f.view.fill(Double.NaN);
    }
    Tensor[] given = views(nan);
    double beta = w.factor(dtype);
    Field out = w.output(dtype, beta, p.outShape);
    boolean limited =
        unfit(
            () ->
                w.writes(doing, out, 0, beta, null, () -> plan.runInto(out.view, 0, beta, given)));
    if (!limited) {
      doing = "batch with alpha = 0 and " + plan.options();
      long[] one = new long[p.outShape.length + 1];
      one[0] = 1;
      System.arraycopy(p.outShape, 0, one, 1, p.outShape.length);
      Field outs = w.output(dtype, beta, one);
      List<Tensor[]> set = List.<Tensor[]>of(given);
      unfit(
          () ->
              w.writes(
                  doing, outs, 0, beta, null, () -> plan.runBatchInto(outs.view, 0, beta, set)));
    }
  }
}
