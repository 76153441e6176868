// Test support: one random equation of the API fuzzer with operands, options and plans for it.
package io.github.einblas.fuzz;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An equation, its operands and its result. */
class EinsumCase {
  private static final Pattern LEAST =
      Pattern.compile("(?:that does is|needs at least|smallest[^0-9]*|bytes;) ?(\\d+)");

  final World w;
  final Problem p;
  final DType dtype;
  final Field[] fields;
  final Tensor[] in;
  final double[][] data;
  final double[] result;
  String doing = "";

  EinsumCase(World w) {
    this.w = w;
    this.p = Problem.random(w);
    this.dtype = w.any();
    this.fields = operands();
    this.in = views(fields);
    this.data = data(fields);
    this.result = p.result(data);
  }

  /** Whether gradients exist: of reals and of complex numbers. */
  boolean hasGradients() {
    return dtype.isReal() || dtype.isComplex();
  }

  Field[] operands() {
    return Arrays.stream(p.shapes).map(s -> w.field(dtype, s)).toArray(Field[]::new);
  }

  static Tensor[] views(Field[] fields) {
    return Arrays.stream(fields).map(f -> f.view).toArray(Tensor[]::new);
  }

  static double[][] data(Field[] fields) {
    return Arrays.stream(fields).map(Field::values).toArray(double[][]::new);
  }

  /** Random options; a limit may be one that nothing fits. */
  PlanOptions options(boolean limited) {
    PlanOptions o =
        PlanOptions.DEFAULT
            .withThreads(w.pick(0, 1, 1, 2, 3))
            .withCostModel(w.pick(PlanOptions.CostModel.values()));
    PlanOptions.Strategy strategy = w.pick(PlanOptions.Strategy.values());
    boolean slow = strategy == PlanOptions.Strategy.OPTIMAL && in.length > 6;
    o = o.withStrategy(slow ? PlanOptions.Strategy.AUTO : strategy);
    o = w.chance(2) ? o.withSearchTime(Duration.ofMillis(1)) : o.withSearchRounds(w.in(1, 9));
    // Of small numbers, which wrap in narrow integers alone: there is nothing to refuse.
    o = o.withCheckedIntegers(dtype.bytes() >= 4 && w.chance(3));
    if (in.length > 1 && w.chance(3)) {
      o = o.withPath(path());
    }
    // Below what a run takes, so that labels are cut.
    return limited && Loops.size(p.outShape) > 0
        ? o.withMemoryLimit((long) (w.random.nextDouble() * Einsum.plan(p.text, in).peakBytes()))
        : o;
  }

  int[][] path() {
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
  EinsumPlan plan(PlanOptions o) {
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

  EinsumPlan byShapes(PlanOptions o) {
    return Einsum.plan(p.text, o, dtype, p.shapes);
  }

  /**
   * Operands or a result of other strides may need more than the limit that was enough for others.
   */
  boolean unfit(World.Action call) throws Exception {
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

  double[][] withUpstream(Field[] all, Field up) {
    double[][] d = Arrays.copyOf(data(all), all.length + 1);
    d[all.length] = up.values();
    return d;
  }
}
