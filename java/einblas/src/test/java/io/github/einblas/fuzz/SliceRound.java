// Test support: one round of the fuzzer of sliced plans.
package io.github.einblas.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.BoundPlan;
import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.PlanSlice;
import io.github.einblas.Tensor;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.reference.RandomEquation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * One equation of up to six operands of small whole numbers, whose products and sums are exact in
 * any order, and a few plans of it under limits from the least to what the whole takes.
 */
final class SliceRound {
  private static final Pattern LEAST = Pattern.compile("that does is (\\d+)|(\\d+) would do");
  private static final Pattern ALLOW = Pattern.compile("its labels allow (\\d+)");
  private static final int PLANS = 4;

  /** Steps of a loop nest, and slices of a plan, that a round has time for. */
  private static final double MOST_STEPS = 40_000;

  private static final long MOST_SLICES = 3_000;
  private static final AtomicLong CUT = new AtomicLong();

  private final Random random;
  private final RandomEquation equation;
  private final DType dtype;
  private final Tensor[] in;
  private final double[] expected;
  private String doing = "";

  SliceRound(long seed) {
    random = new Random(seed);
    RandomEquation drawn;
    do {
      drawn = new RandomEquation(random, 1 + random.nextInt(6), 5, 5);
    } while (steps(drawn) > MOST_STEPS);
    equation = drawn;
    dtype = random.nextInt(3) == 0 ? DType.F32 : DType.F64;
    in = new Tensor[equation.shapes.length];
    Arrays.setAll(in, i -> tensor(equation.data[i], equation.shapes[i]));
    expected = equation.evaluate(equation.data);
  }

  /** Plans that were cut, in all rounds. */
  static long cut() {
    return CUT.get();
  }

  private static double steps(RandomEquation e) {
    return e.parse().lengths(e.shapes).values().stream()
        .mapToDouble(l -> l)
        .reduce(1, (x, y) -> x * y);
  }

  /** A tensor of whole numbers, contiguous or with its axes laid out backwards. */
  private Tensor tensor(double[] values, long[] shape) {
    Tensor t = Tensor.of(values).to(dtype).reshape(shape);
    if (random.nextInt(4) > 0) {
      return t;
    }
    int[] back = IntStream.range(0, shape.length).map(d -> shape.length - 1 - d).toArray();
    return t.permute(back).copy().permute(back);
  }

  void run() {
    try {
      PlanOptions options = options();
      EinsumPlan whole = Einsum.plan(equation.text, options, in);
      same("whole", expected, whole.run(in));
      long least = least(options.withMemoryLimit(0));
      long most = Math.max(whole.peakBytes(), least + 1);
      for (int p = 0; p < PLANS; p++) {
        long limit = p == 0 ? least : least + (long) (random.nextDouble() * (most - least));
        PlanOptions limited = options.withMemoryLimit(limit);
        check(random.nextInt(4) == 0 ? sliced(limited) : limited);
      }
      check(sliced(options));
      check(sliceLimited(options));
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError(equation + " " + dtype + ": " + doing + ": " + e, e);
    }
  }

  private PlanOptions options() {
    int operands = in.length;
    PlanOptions o = PlanOptions.DEFAULT.withThreads(1 + random.nextInt(3));
    PlanOptions.Strategy[] all = {
      PlanOptions.Strategy.AUTO,
      PlanOptions.Strategy.OPTIMAL,
      PlanOptions.Strategy.GREEDY,
      PlanOptions.Strategy.BRANCH,
      PlanOptions.Strategy.LEFT_TO_RIGHT
    };
    o = o.withStrategy(all[random.nextInt(all.length)]);
    o = random.nextBoolean() ? o : o.withCostModel(PlanOptions.CostModel.FLOPS);
    return operands > 1 && random.nextBoolean() ? o.withPath(path(operands)) : o;
  }

  /** Any tree, any order of its pairs, any order within them. */
  private int[][] path(int operands) {
    List<Integer> slots = new ArrayList<>(IntStream.range(0, operands).boxed().toList());
    int[][] path = new int[operands - 1][];
    for (int i = 0; i < path.length; i++) {
      int a = slots.remove(random.nextInt(slots.size()));
      int b = slots.remove(random.nextInt(slots.size()));
      path[i] = new int[] {a, b};
      slots.add(operands + i);
    }
    return path;
  }

  /** With a number of slices that the labels allow, and a limit that these fit. */
  private PlanOptions sliced(PlanOptions options) {
    PlanOptions asked = options.withSlices(1 + random.nextInt(40));
    for (int attempt = 0; ; attempt++) {
      try {
        Einsum.plan(equation.text, asked, in);
        return asked;
      } catch (IllegalArgumentException e) {
        if (attempt == 2) { // what is named does
          throw e;
        }
        Matcher m = ALLOW.matcher(e.getMessage());
        // The slices may need a workspace that the whole does not.
        asked =
            m.find()
                ? asked.withSlices(Long.parseLong(m.group(1)))
                : asked.withMemoryLimit(named(e));
      }
    }
  }

  /** With a limit of each slice from the least on. */
  private PlanOptions sliceLimited(PlanOptions options) {
    long least = least(options.withSliceMemoryLimit(0));
    return options.withSliceMemoryLimit(least + random.nextInt(1 << random.nextInt(16)));
  }

  private static long product(List<PlanSlice.Range> ranges) {
    return ranges.stream().mapToLong(PlanSlice.Range::length).reduce(1, (x, y) -> x * y);
  }

  /** Bytes of a slice that is computed alone, its parts of operands and result too. */
  private long alone(PlanSlice slice) {
    long elements =
        IntStream.range(0, in.length).mapToLong(i -> product(slice.operandRanges(i))).sum();
    return elements * dtype.bytes() + EinsumPlan.of(slice).peakBytes();
  }

  private long least(PlanOptions options) {
    try {
      return Einsum.plan(equation.text, options, in).peakBytes();
    } catch (IllegalArgumentException e) {
      return named(e);
    }
  }

  private static long named(IllegalArgumentException e) {
    Matcher m = LEAST.matcher(e.getMessage());
    if (!m.find()) {
      throw e;
    }
    return Long.parseLong(m.group(1) != null ? m.group(1) : m.group(2));
  }

  private void check(PlanOptions options) {
    doing = options.toString();
    EinsumPlan plan = Einsum.plan(equation.text, options, in);
    if (plan.sliceCount() > MOST_SLICES) {
      return;
    }
    CUT.addAndGet(plan.sliceCount() > 1 ? 1 : 0);
    assertTrue(plan.peakBytes() <= options.memoryLimit(), "promised " + plan.peakBytes());
    assertTrue(plan.sliceCount() >= options.slices(), plan.sliceCount() + " slices");
    // Strides of their own may need more than the least.
    Tensor[] operands = runs(plan) ? in : copies();
    run(plan, operands);
    slices(plan, operands);
    EinsumPlan back = EinsumPlan.fromJson(plan.toJson());
    assertEquals(plan, back, "read again");
    bits(plan, back, operands);
    bound(plan);
    gradients(plan, operands);
  }

  private boolean runs(EinsumPlan plan) {
    try {
      plan.kernels(in);
      return true;
    } catch (IllegalArgumentException e) {
      named(e);
      return false;
    }
  }

  private Tensor[] copies() {
    return Arrays.stream(in).map(Tensor::copy).toArray(Tensor[]::new);
  }

  private void run(EinsumPlan plan, Tensor[] operands) {
    try (Tensor out = plan.run(operands)) {
      same("run", expected, out);
      plan.runInto(out, 2, 3, operands);
      same("alpha 2, beta 3", times(5), out);
      plan.runInto(out, 0, 2, operands);
      same("alpha 0, beta 2", times(10), out);
    }
    try (Tensor batch = plan.runBatch(List.of(operands, operands))) {
      same("batch", expected, batch.select(0, 1));
    }
  }

  private double[] times(double factor) {
    return Arrays.stream(expected).map(v -> factor * v + 0.0).toArray();
  }

  private void slices(EinsumPlan plan, Tensor[] operands) {
    List<PlanSlice> slices = new ArrayList<>(plan.slices());
    assertEquals(plan.sliceCount(), slices.size());
    Collections.shuffle(slices, random);
    try (Tensor sum = Tensor.zeros(dtype, plan.outputShape())) {
      for (PlanSlice slice : slices) {
        PlanSlice same = plan.slice(slice.id());
        assertEquals(slice.index(), same.index());
        if (plan.options().sliceMemoryLimit() != Long.MAX_VALUE) {
          assertTrue(
              alone(same) <= plan.options().sliceMemoryLimit(), same + " takes " + alone(same));
        }
        Tensor[] parts = same.operands(operands);
        for (int i = 0; i < parts.length; i++) {
          long[] lengths =
              same.operandRanges(i).stream().mapToLong(PlanSlice.Range::length).toArray();
          assertArrayEquals(lengths, parts[i].shape());
          assertArrayEquals(lengths, EinsumPlan.of(same).shapes()[i]);
        }
        same.addTo(sum, operands);
      }
      same("slices added up", expected, sum);
    }
    try (Tensor sum = Tensor.zeros(dtype, plan.outputShape())) {
      long middle = random.nextInt(slices.size() + 1);
      plan.runSlices(middle, slices.size(), sum, operands);
      plan.runSlices(0, middle, sum, operands);
      same("slices run in two parts", expected, sum);
    }
  }

  /** Data that rounds: the same bits by any number of threads, as saved, and slice by slice. */
  private void bits(EinsumPlan plan, EinsumPlan saved, Tensor[] operands) {
    Tensor[] rough =
        Arrays.stream(operands)
            .map(t -> t.to(DType.F64))
            .map(t -> Einsum.einsum("...,->...", t, Tensor.of(new double[] {Math.PI}).reshape()))
            .map(t -> t.to(dtype))
            .toArray(Tensor[]::new);
    double[] wanted = plan.run(rough).to(DType.F64).toDoubleArray();
    assertArrayEquals(
        wanted, saved.run(rough).to(DType.F64).toDoubleArray(), "bits of the saved plan");
    for (int threads = 1; threads <= 3; threads++) {
      EinsumPlan other =
          Einsum.plan(equation.text, plan.options().withThreads(threads), dtype, equation.shapes);
      assertEquals(plan.cutFingerprint(), other.cutFingerprint(), threads + " threads");
      double[] got = other.run(rough).to(DType.F64).toDoubleArray();
      assertArrayEquals(wanted, got, "bits by " + threads + " threads");
      Tensor batch = other.runBatch(List.of(rough, rough, rough));
      double[] last = batch.select(0, 2).to(DType.F64).toDoubleArray();
      assertArrayEquals(wanted, last, "bits of a batch by " + threads + " threads");
    }
    try (Tensor all = Tensor.zeros(dtype, plan.outputShape());
        Tensor each = Tensor.zeros(dtype, plan.outputShape())) {
      plan.runSlices(0, plan.sliceCount(), all, rough);
      plan.slices().forEach(slice -> slice.addTo(each, rough));
      double[] zeros = Arrays.stream(wanted).map(v -> v + 0.0).toArray();
      assertArrayEquals(zeros, all.to(DType.F64).toDoubleArray(), "bits of slices");
      assertArrayEquals(zeros, each.to(DType.F64).toDoubleArray(), "bits of slices one by one");
    }
  }

  /** With constants, which are cut for contiguous operands alone. */
  private void bound(EinsumPlan plan) {
    Tensor[] operands = copies();
    Tensor[] constants = operands.clone();
    List<Tensor> free = new ArrayList<>();
    for (int i = 0; i < constants.length; i++) {
      if (random.nextInt(3) == 0) {
        free.add(constants[i]);
        constants[i] = null;
      }
    }
    Tensor[] given = free.toArray(Tensor[]::new);
    try (BoundPlan bound = bind(plan, constants)) {
      EinsumPlan behind = EinsumPlan.of(bound);
      if (behind.sliceCount() > MOST_SLICES) {
        return;
      }
      CUT.addAndGet(behind.sliceCount() > 1 ? 1 : 0);
      same("bound", expected, bound.run(given));
      same("bound, again", expected, bound.run(given));
      same("bound plan with all operands", expected, behind.run(operands));
      try (Tensor sum = Tensor.zeros(dtype, plan.outputShape())) {
        behind.slices().forEach(s -> s.addTo(sum, operands));
        same("bound plan's slices", expected, sum);
        behind.runSlices(0, behind.sliceCount(), sum, operands);
        same("bound plan's slices, twice", times(2), sum);
      }
    }
  }

  private BoundPlan bind(EinsumPlan plan, Tensor[] constants) {
    try {
      return plan.bind(constants);
    } catch (IllegalArgumentException e) {
      // What constants decide is kept beside the rest, and so may need more than the least.
      PlanOptions enough =
          e.getMessage().contains("no slice fits")
              ? plan.options().withSliceMemoryLimit(named(e))
              : plan.options().withMemoryLimit(named(e));
      return Einsum.plan(equation.text, enough, in).bind(constants);
    }
  }

  private void gradients(EinsumPlan plan, Tensor[] operands) {
    double[] above = random.doubles(expected.length).map(v -> Math.floor(5 * v) - 2).toArray();
    double[][] wanted = new double[in.length][];
    Arrays.setAll(wanted, i -> gradient(i, above));
    try (Tensor upstream = Tensor.of(above).to(dtype).reshape(plan.outputShape())) {
      EinsumPlan enough = fitting(plan, upstream, operands);
      Tensor[] got = enough.gradients(upstream, operands).list().toArray(Tensor[]::new);
      for (int i = 0; i < got.length; i++) {
        same("gradients: " + i, wanted[i], got[i]);
      }
      int i = random.nextInt(in.length);
      EinsumPlan one = enough.gradient(i);
      assertEquals(one, EinsumPlan.fromJson(one.toJson()), "gradient read again");
      if (one.sliceCount() <= MOST_SLICES) {
        CUT.addAndGet(one.sliceCount() > 1 ? 1 : 0);
        // Cut for contiguous operands; others may need more than the least.
        Tensor[] all = copies();
        Tensor[] own = new Tensor[in.length];
        own[0] = upstream;
        System.arraycopy(all, 0, own, 1, i);
        System.arraycopy(all, i + 1, own, i + 1, in.length - 1 - i);
        same("gradient " + i, wanted[i], one.run(own));
      }
    }
  }

  /** The plan, or one of the least limit that its gradients need. */
  private EinsumPlan fitting(EinsumPlan plan, Tensor upstream, Tensor[] operands) {
    EinsumPlan now = plan;
    for (int attempt = 0; ; attempt++) {
      try {
        for (int i = 0; i < in.length; i++) {
          now.gradient(i);
        }
        for (Tensor t : now.gradients(upstream, operands)) {
          t.close();
        }
        return now;
      } catch (IllegalArgumentException e) {
        if (attempt > 3 * in.length) {
          throw e;
        }
        long limit = Math.max(now.options().memoryLimit() + 1, named(e));
        now = Einsum.plan(equation.text, now.options().withMemoryLimit(limit), in);
      }
    }
  }

  private double[] gradient(int operand, double[] above) {
    int n = in.length;
    Equation e = equation.parse();
    List<Integer> labels = new ArrayList<>(e.lengths(equation.shapes).keySet());
    int[][] axes = new int[n + 1][];
    for (int t = 0; t <= n; t++) {
      int[] own = t < n ? e.operand(t) : e.output();
      axes[t] = Arrays.stream(own).map(labels::indexOf).toArray();
    }
    long[][] shapes = Arrays.copyOf(equation.shapes, n + 1);
    shapes[n] = Einsum.plan(equation.text, PlanOptions.DEFAULT, in).outputShape();
    double[][] data = Arrays.copyOf(equation.data, n + 1);
    data[n] = above;
    return new Loops(labels.size(), axes, shapes).into(operand, data);
  }

  private static void same(String what, double[] wanted, Tensor got) {
    assertArrayEquals(wanted, got.copy().to(DType.F64).toDoubleArray(), 1e-300, what);
  }
}
