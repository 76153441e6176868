// Test support: the API fuzzer's einsum calls: every form of one random equation.
package io.github.einblas.fuzz;

import io.github.einblas.BoundPlan;
import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.NativeMemoryException;
import io.github.einblas.PlanOptions;
import io.github.einblas.PlanSlice;
import io.github.einblas.Sublist;
import io.github.einblas.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One equation, its operands and its result, and what can be done with them. */
final class EinsumArea {
  private static final Pattern LEAST =
      Pattern.compile("(?:that does is|needs at least|smallest[^0-9]*|bytes;) ?(\\d+)");

  private final World w;
  private final Problem p;
  private final DType dtype;
  private final Field[] fields;
  private final Tensor[] in;
  private final double[][] data;
  private final double[] result;
  private String doing = "";

  private EinsumArea(World w) {
    this.w = w;
    this.p = Problem.random(w);
    this.dtype = w.floating();
    this.fields = operands();
    this.in = views(fields);
    this.data = data(fields);
    this.result = p.result(data);
  }

  private Field[] operands() {
    return Arrays.stream(p.shapes).map(s -> w.field(dtype, s)).toArray(Field[]::new);
  }

  private static Tensor[] views(Field[] fields) {
    return Arrays.stream(fields).map(f -> f.view).toArray(Tensor[]::new);
  }

  private static double[][] data(Field[] fields) {
    return Arrays.stream(fields).map(Field::values).toArray(double[][]::new);
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

  /** Random options; a limit may be one that nothing fits. */
  private PlanOptions options(boolean limited) {
    PlanOptions o =
        PlanOptions.DEFAULT
            .withThreads(w.pick(0, 1, 1, 2, 3))
            .withCostModel(w.pick(PlanOptions.CostModel.values()));
    PlanOptions.Strategy strategy = w.pick(PlanOptions.Strategy.values());
    boolean slow = strategy == PlanOptions.Strategy.OPTIMAL && in.length > 6;
    o = o.withStrategy(slow ? PlanOptions.Strategy.AUTO : strategy);
    o = o.withSearchTime(Duration.ofMillis(1));
    if (in.length > 1 && w.chance(3)) {
      o = o.withPath(path());
    }
    // Below what a run takes, so that labels are cut.
    return limited && Loops.size(p.outShape) > 0
        ? o.withMemoryLimit((long) (w.random.nextDouble() * Einsum.plan(p.text, in).peakBytes()))
        : o;
  }

  private int[][] path() {
    List<Integer> slots = new ArrayList<>();
    for (int i = 0; i < in.length; i++) {
      slots.add(i);
    }
    int[][] path = new int[in.length - 1][];
    for (int i = 0; i < path.length; i++) {
      int a = slots.remove(w.in(0, slots.size() - 1));
      int b = slots.remove(w.in(0, slots.size() - 1));
      path[i] = new int[] {a, b};
      slots.add(in.length + i);
    }
    return path;
  }

  /** A plan with these options; where they are refused, with a limit that does, or without. */
  private EinsumPlan plan(PlanOptions o) {
    EinsumPlan[] made = {null};
    PlanOptions with = o;
    for (int attempt = 0; attempt < 4 && made[0] == null; attempt++) {
      PlanOptions now = with;
      doing = "plan with " + now;
      try {
        made[0] = w.chance(2) ? Einsum.plan(p.text, now, in) : byShapes(now);
        made[0].kernels(in);
      } catch (IllegalArgumentException e) {
        World.documented(doing, e);
        made[0] = null;
        Matcher least = LEAST.matcher(e.getMessage());
        if (least.find()) {
          long bytes = Long.parseLong(least.group(1));
          with = with.withMemoryLimit(bytes + (w.chance(2) ? 0 : w.in(0, 300)));
        } else {
          with = attempt < 2 ? with.withPath(null) : PlanOptions.DEFAULT;
          with = with.withStrategy(PlanOptions.Strategy.AUTO);
        }
      }
    }
    doing = "plan with " + with;
    return made[0] != null ? made[0] : Einsum.plan(p.text, in);
  }

  private EinsumPlan byShapes(PlanOptions o) {
    return Einsum.plan(p.text, o, dtype, p.shapes);
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
    if (Einblas.nativeBytesInUse() > before) {
      throw new AssertionError("left " + (Einblas.nativeBytesInUse() - before) + " bytes");
    }
    doing = "runInto with " + plan.options();
    double alpha = w.factor();
    double beta = w.factor();
    Field out = w.output(dtype, beta, p.outShape);
    w.writes(doing, out, alpha, beta, result, () -> plan.runInto(out.view, alpha, beta, in));
    if (in.length == 2) {
      Field two = w.output(dtype, beta, p.outShape);
      w.writes(
          doing, two, alpha, beta, result, () -> plan.runInto(two.view, alpha, beta, in[0], in[1]));
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
      double alpha = w.factor();
      double beta = w.factor();
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

  /** Operands of other strides may need more than the limit that was enough for others. */
  private boolean unfit(World.Action call) throws Exception {
    try {
      call.run();
      return false;
    } catch (IllegalArgumentException e) {
      if (!e.getMessage().contains("memory limit")) {
        throw e;
      }
      return true;
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
              double alpha = w.factor();
              double beta = w.factor();
              Field out = w.output(dtype, beta, p.outShape);
              w.writes(doing, out, alpha, beta, r, () -> b.runInto(out.view, alpha, beta, given));
              boundGradients(b, all, free, given);
            }
          }
        });
  }

  private void boundGradients(BoundPlan b, Field[] all, List<Integer> free, Tensor[] given)
      throws Exception {
    Field up = w.field(dtype, p.outShape);
    doing = doing.replace("bind", "bound gradients");
    Tensor[] got = b.gradients(up.view, given);
    try {
      for (int i = 0; i < got.length; i++) {
        double[] g = p.gradient(free.get(i), withUpstream(all, up));
        Field.check(doing + " " + i, got[i], dtype, p.shapes[free.get(i)], g);
      }
    } finally {
      Arrays.stream(got).forEach(Tensor::close);
    }
  }

  private double[][] withUpstream(Field[] all, Field up) {
    double[][] d = Arrays.copyOf(data(all), all.length + 1);
    d[all.length] = up.values();
    return d;
  }

  private void slices(EinsumPlan plan) throws Exception {
    doing = plan.sliceCount() + " slices with " + plan.options();
    if (plan.sliceCount() > 300) {
      return;
    }
    Field out = w.field(dtype, p.outShape);
    double[] expected = out.combined(1, 1, result);
    List<PlanSlice> slices = plan.slices();
    for (int i : w.permutation(slices.size())) {
      World.CALLS.incrementAndGet();
      slices.get(i).addTo(out.view, in);
    }
    out.expect(expected);
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

  private void gradients(EinsumPlan plan) throws Exception {
    doing = "gradients with " + plan.options();
    Field up = w.field(dtype, p.outShape);
    double[][] d = withUpstream(fields, up);
    unfit(
        () -> {
          Tensor[] got = plan.gradients(up.view, in);
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
    double beta = w.factor();
    Field out = w.output(dtype, beta, p.outShape);
    double[] expected = out.combined(2, beta, result);
    doing = "starved run with " + plan.options();
    Einblas.setNativeMemoryLimit(Einblas.nativeBytesInUse() + w.in(0, 4_000));
    try {
      plan.runInto(out.view, 2, beta, in);
      out.expect(expected);
      out.verify(doing);
    } catch (NativeMemoryException e) {
      World.documented(doing, e);
      if (e.isOutputUntouched()) {
        out.verify(doing + ", refused by " + e);
      } else {
        out.resync(doing);
      }
    } finally {
      Einblas.setNativeMemoryLimit(Long.MAX_VALUE);
    }
  }

  /** Fractions: the same bits for 1, 2 and 3 threads. */
  private void bits(PlanOptions o) {
    doing = "bits for any threads with " + o;
    Tensor[] fractions = new Tensor[in.length];
    for (int i = 0; i < in.length; i++) {
      double[] d = w.random.doubles(fields[i].at.length, -1, 1).toArray();
      fractions[i] = w.field(dtype, round(d), p.shapes[i]).view;
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

  private double[] round(double[] d) {
    return dtype == DType.F64 ? d : Arrays.stream(d).map(x -> (float) x).toArray();
  }

  /** alpha = 0 reads no operand: NaN in all of them stays out. */
  private void unread(EinsumPlan plan) throws Exception {
    doing = "alpha = 0 with " + plan.options();
    Field[] nan = operands();
    for (Field f : nan) {
      double[] v = new double[f.at.length];
      Arrays.fill(v, Double.NaN);
      f.expect(v);
      f.view.fill(Double.NaN);
    }
    Tensor[] given = views(nan);
    double beta = w.factor();
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
      w.writes(doing, outs, 0, beta, null, () -> plan.runBatchInto(outs.view, 0, beta, set));
    }
  }
}
