// Block-sparse products: gradients against numeric differences, refusals, views, a falling loss.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

class BlockSparseTest {
  private static final long SEED = 20261121;
  private static final long[][] INPUT = {{2, 0}, {1, 1}, {2, 1}};
  private static final long[][] OUTPUT = {{3, 1, 3}, {0, 2, 1}, {3, 3, 0}};

  private static Tensor random(Random random, long... shape) {
    double[] values = new double[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    Arrays.setAll(values, i -> random.nextDouble() * 2 - 1);
    return Tensor.of(values, shape);
  }

  private static BlockPattern pattern() {
    return BlockPattern.of(INPUT, OUTPUT, 3, 4);
  }

  private static double dot(Tensor a, Tensor b) {
    double[] x = a.toDoubleArray();
    double[] y = b.toDoubleArray();
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  /**
   * Central differences of a function that is at most quadratic in each element are exact but for
   * rounding: some 1e-16 * (values up to 100) / step.
   */
  private static void assertGradient(
      String name, Tensor variable, Tensor gradient, ToDoubleFunction<Tensor> loss) {
    double step = 1e-3;
    double[] values = variable.toDoubleArray();
    double[] expected = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      double[] moved = values.clone();
      moved[i] = values[i] + step;
      double up;
      try (Tensor t = Tensor.of(moved, variable.shape())) {
        up = loss.applyAsDouble(t);
      }
      moved[i] = values[i] - step;
      try (Tensor t = Tensor.of(moved, variable.shape())) {
        expected[i] = (up - loss.applyAsDouble(t)) / (2 * step);
      }
    }
    assertArrayEquals(expected, gradient.toDoubleArray(), 1e-10, name);
  }

  @Test
  void gradientsAreThoseOfNumericDifferences() {
    System.out.println("BlockSparseTest seed " + SEED);
    Random random = new Random(SEED);
    BlockPattern p = pattern();
    try (Tensor o = random(random, 3, 3, 2);
        Tensor w = random(random, 3, 4, 5, 2);
        Tensor h = random(random, 3, 2, 5);
        Tensor bias = random(random, 4, 2);
        Tensor g = random(random, 3, 3, 2);
        BlockSparse.GemvGradient gemv = BlockSparse.gemvGradient(w, h, g, p);
        BlockSparse.DotGradient dot = BlockSparse.dotGradient(w, h, g, p)) {
      assertGradient("o", o, gemv.o(), t -> loss(BlockSparse.gemv(t, w, h, p), g));
      assertGradient("w", w, gemv.w(), t -> loss(BlockSparse.gemv(o, t, h, p), g));
      assertGradient("h", h, gemv.h(), t -> loss(BlockSparse.gemv(o, w, t, p), g));
      assertGradient("w of dot", w, dot.w(), t -> loss(BlockSparse.dot(t, h, bias, p), g));
      assertGradient("bias", bias, dot.bias(), t -> loss(BlockSparse.dot(w, h, t, p), g));
    }
  }

  @Test
  void gradientsOfOuter() {
    Random random = new Random(SEED + 1);
    BlockPattern p = pattern();
    double alpha = -0.75;
    try (Tensor o = random(random, 3, 4, 5, 2);
        Tensor x = random(random, 3, 2, 5);
        Tensor y = random(random, 3, 3, 2);
        Tensor g = random(random, 3, 4, 5, 2);
        BlockSparse.OuterGradient d = BlockSparse.outerGradient(x, y, g, p, alpha)) {
      assertGradient("o", o, d.o(), t -> loss(BlockSparse.outer(t, alpha, x, y, p), g));
      assertGradient("x", x, d.x(), t -> loss(BlockSparse.outer(o, alpha, t, y, p), g));
      assertGradient("y", y, d.y(), t -> loss(BlockSparse.outer(o, alpha, x, t, p), g));
      double up = loss(BlockSparse.outer(o, alpha + 1, x, y, p), g);
      double down = loss(BlockSparse.outer(o, alpha - 1, x, y, p), g);
      assertEquals((up - down) / 2, d.alpha(), 1e-12);
    }
  }

  private static double loss(Tensor result, Tensor g) {
    try (result) {
      return dot(result, g);
    }
  }

  /** A random problem: sizes, repeated indices, operands whose views run in any order. */
  private static final class Problem implements AutoCloseable {
    final long[][] in;
    final long[][] out;
    final BlockPattern pattern;
    final Tensor o;
    final Tensor w;
    final Tensor h;
    final Tensor bias;

    Problem(Random random, DType dtype) {
      int batch = 1 + random.nextInt(5);
      int blocksIn = 1 + random.nextInt(4);
      int blocksOut = 1 + random.nextInt(4);
      int sizeIn = 1 + random.nextInt(20);
      int sizeOut = 1 + random.nextInt(20);
      in = index(random, batch, 1 + random.nextInt(4), blocksIn);
      out = index(random, batch, 1 + random.nextInt(4), blocksOut);
      pattern = BlockPattern.of(in, out, blocksIn, blocksOut);
      o = view(random, dtype, batch, out[0].length, sizeOut);
      w = view(random, dtype, blocksIn, blocksOut, sizeIn, sizeOut);
      h = view(random, dtype, batch, in[0].length, sizeIn);
      bias = view(random, dtype, blocksOut, sizeOut);
    }

    private static long[][] index(Random random, int batch, int window, int blocks) {
      long[][] rows = new long[batch][window];
      for (long[] row : rows) {
        Arrays.setAll(row, i -> random.nextInt(blocks));
      }
      return rows;
    }

    /** A tensor whose axes lie in any order in memory, some of them backwards. */
    private static Tensor view(Random random, DType dtype, long... shape) {
      Integer[] order = new Integer[shape.length];
      Arrays.setAll(order, i -> i);
      java.util.Collections.shuffle(Arrays.asList(order), random);
      long[] stored = new long[shape.length];
      int[] back = new int[shape.length];
      for (int d = 0; d < order.length; d++) {
        stored[d] = shape[order[d]];
        back[order[d]] = d;
      }
      try (Tensor wide = random(random, stored)) {
        Tensor view = wide.to(dtype).permute(back);
        for (int axis = 0; axis < shape.length; axis++) {
          view = random.nextBoolean() ? view.flip(axis) : view;
        }
        return view;
      }
    }

    @Override
    public void close() {
      o.close();
      w.close();
      h.close();
      bias.close();
    }
  }

  @Test
  void gradientsOfRandomShapesAndStridesAreThoseOfNumericDifferences() {
    for (long seed : Seeds.upTo(40)) {
      Random random = new Random(SEED + 100 + seed);
      try (Problem q = new Problem(random, DType.F64);
          Tensor g = Problem.view(random, DType.F64, q.o.shape());
          Tensor gw = Problem.view(random, DType.F64, q.w.shape());
          BlockSparse.DotGradient d = BlockSparse.dotGradient(q.w, q.h, g, q.pattern);
          BlockSparse.GemvGradient v = BlockSparse.gemvGradient(q.w, q.h, g, q.pattern);
          BlockSparse.OuterGradient u = BlockSparse.outerGradient(q.h, g, gw, q.pattern, 0.5)) {
        String name = "seed " + seed + ": ";
        BlockPattern p = q.pattern;
        assertGradient(name + "w", q.w, d.w(), t -> loss(BlockSparse.dot(t, q.h, q.bias, p), g));
        assertGradient(name + "h", q.h, d.h(), t -> loss(BlockSparse.dot(q.w, t, q.bias, p), g));
        assertGradient(
            name + "bias", q.bias, d.bias(), t -> loss(BlockSparse.dot(q.w, q.h, t, p), g));
        try (Tensor w = q.w.copy();
            Tensor bias = q.bias.copy()) {
          BlockSparse.addDotGradient(w, bias, -0.5, q.h, g, p);
          assertArrayEquals(moved(q.w, d.w()), w.toDoubleArray(), 1e-13, name + "step of w");
          assertArrayEquals(
              moved(q.bias, d.bias()), bias.toDoubleArray(), 1e-13, name + "step of bias");
        }
        assertGradient(name + "o", q.o, v.o(), t -> loss(BlockSparse.gemv(t, q.w, q.h, p), g));
        assertGradient(name + "x", q.h, u.x(), t -> loss(BlockSparse.outer(q.w, 0.5, t, g, p), gw));
        assertGradient(name + "y", g, u.y(), t -> loss(BlockSparse.outer(q.w, 0.5, q.h, t, p), gw));
      }
    }
  }

  private static double[] moved(Tensor from, Tensor gradient) {
    double[] values = from.toDoubleArray();
    double[] step = gradient.toDoubleArray();
    Arrays.setAll(values, i -> values[i] - 0.5 * step[i]);
    return values;
  }

  /** Every form of a call, on any number of threads, gives the same bits. */
  @Test
  void preparedAndDirectFormsAndThreadsGiveTheSameBits() {
    int threads = Einblas.threads();
    try {
      for (long seed : Seeds.upTo(20)) {
        Random random = new Random(SEED + 200 + seed);
        DType dtype = seed % 2 == 0 ? DType.F32 : DType.F64;
        try (Problem q = new Problem(random, dtype)) {
          List<double[]> results = new ArrayList<>();
          for (int n : new int[] {1, 2, 3}) {
            Einblas.setThreads(n);
            results.add(gemvThenOuter(q, q.in, q.out));
          }
          for (double[] result : results) {
            assertArrayEquals(results.get(0), result, "seed " + seed);
          }
        }
      }
    } finally {
      Einblas.setThreads(threads);
    }
  }

  /**
   * All forms, each compared with the first bit by bit; the elements of gemv's and outer's result.
   */
  private static double[] gemvThenOuter(Problem q, long[][] in, long[][] out) {
    int[][] narrowIn = narrow(in);
    int[][] narrowOut = narrow(out);
    try (Tensor tensorIn = Tensor.of(flat(in), in.length, in[0].length);
        Tensor wide = Tensor.of(flat(out), out.length, out[0].length);
        Tensor tensorOut = wide.to(DType.I32);
        Tensor prepared = BlockSparse.gemv(q.o, q.w, q.h, q.pattern);
        Tensor outer = BlockSparse.outer(q.w, -0.25, q.h, prepared, q.pattern)) {
      double[] expected = elements(prepared);
      for (Tensor other :
          List.of(
              BlockSparse.gemv(
                  q.o, q.w, q.h, BlockPattern.of(in, out, q.w.length(0), q.w.length(1))),
              BlockSparse.gemv(
                  q.o,
                  q.w,
                  q.h,
                  BlockPattern.of(narrowIn, narrowOut, q.w.length(0), q.w.length(1))),
              BlockSparse.gemv(
                  q.o,
                  q.w,
                  q.h,
                  BlockPattern.of(tensorIn, tensorOut, q.w.length(0), q.w.length(1))))) {
        assertArrayEquals(expected, elements(other));
        other.close();
      }
      double[] blocks = elements(outer);
      for (Tensor other :
          List.of(
              BlockSparse.outer(
                  q.w,
                  -0.25,
                  q.h,
                  prepared,
                  BlockPattern.of(in, out, q.w.length(0), q.w.length(1))),
              BlockSparse.outer(
                  q.w,
                  -0.25,
                  q.h,
                  prepared,
                  BlockPattern.of(narrowIn, narrowOut, q.w.length(0), q.w.length(1))),
              BlockSparse.outer(
                  q.w,
                  -0.25,
                  q.h,
                  prepared,
                  BlockPattern.of(tensorIn, tensorOut, q.w.length(0), q.w.length(1))))) {
        assertArrayEquals(blocks, elements(other));
        other.close();
      }
      try (Tensor dot = BlockSparse.dot(q.w, q.h, q.bias, q.pattern);
          Tensor again =
              BlockSparse.dot(
                  q.w,
                  q.h,
                  q.bias,
                  BlockPattern.of(narrowIn, narrowOut, q.w.length(0), q.w.length(1)));
          Tensor third = Tensor.full(q.o.dtype(), Double.NaN, q.o.shape());
          Tensor place = q.o.copy()) {
        BlockSparse.dotInto(
            third,
            q.w,
            q.h,
            q.bias,
            BlockPattern.of(tensorIn, tensorOut, q.w.length(0), q.w.length(1)));
        assertArrayEquals(elements(dot), elements(again));
        assertArrayEquals(elements(dot), elements(third));
        BlockSparse.gemvInPlace(
            place, q.w, q.h, BlockPattern.of(tensorIn, tensorOut, q.w.length(0), q.w.length(1)));
        assertArrayEquals(expected, elements(place));
        // W = outer's result through the in-place form.
        try (Tensor w = q.w.copy()) {
          BlockSparse.outerInPlace(
              w,
              -0.25,
              q.h,
              prepared,
              BlockPattern.of(narrowIn, narrowOut, w.length(0), w.length(1)));
          assertArrayEquals(blocks, elements(w));
        }
      }
      double[] all = Arrays.copyOf(expected, expected.length + blocks.length);
      System.arraycopy(blocks, 0, all, expected.length, blocks.length);
      return all;
    }
  }

  private static double[] elements(Tensor t) {
    try (Tensor wide = t.to(DType.F64)) {
      return wide.toDoubleArray();
    }
  }

  private static long[] flat(long[][] rows) {
    return Arrays.stream(rows).flatMapToLong(Arrays::stream).toArray();
  }

  private static int[][] narrow(long[][] rows) {
    return Arrays.stream(rows)
        .map(r -> Arrays.stream(r).mapToInt(Math::toIntExact).toArray())
        .toArray(int[][]::new);
  }

  @Test
  void oneExampleAsInTheano() {
    Random random = new Random(SEED + 5);
    try (Tensor w = random(random, 3, 4, 5, 2);
        Tensor h = random(random, 2, 5);
        Tensor bias = random(random, 4, 2);
        Tensor in = Tensor.of(new int[] {2, 0});
        Tensor out = Tensor.of(new long[] {3, 1, 3});
        Tensor got =
            BlockSparse.dot(w, h, bias, BlockPattern.of(in, out, w.length(0), w.length(1)));
        Tensor batch = h.unsqueeze(0);
        Tensor expected =
            BlockSparse.dot(
                w,
                batch,
                bias,
                BlockPattern.of(
                    new int[][] {{2, 0}}, new int[][] {{3, 1, 3}}, w.length(0), w.length(1)))) {
      assertArrayEquals(new long[] {1, 3, 2}, got.shape());
      assertArrayEquals(expected.toDoubleArray(), got.toDoubleArray());
    }
  }

  @Test
  void errorsNameOperandPositionAndValue() {
    try (Tensor w = Tensor.ones(DType.F32, 3, 4, 5, 2);
        Tensor h = Tensor.ones(DType.F32, 1, 2, 5);
        Tensor o = Tensor.ones(DType.F32, 1, 3, 2);
        Tensor reals = Tensor.ones(DType.F32, 1, 2);
        Tensor in = Tensor.of(new long[] {0, 5}, 1, 2);
        Tensor out = Tensor.of(new int[] {0, 1, 2}, 1, 3);
        Tensor ints = Tensor.zeros(DType.I32, 1, 2, 5)) {
      message(
          "inputIndex[0][1] is 5",
          () ->
              BlockSparse.gemvInPlace(o, w, h, BlockPattern.of(in, out, w.length(0), w.length(1))));
      message(
          "inputIndex[0][1] is 5",
          () -> BlockSparse.outer(w, 1, h, o, BlockPattern.of(in, out, w.length(0), w.length(1))));
      message(
          "inputIndex must be a tensor of integers",
          () -> BlockSparse.gemv(o, w, h, BlockPattern.of(reals, out, w.length(0), w.length(1))));
      BlockPattern p = BlockPattern.of(new int[][] {{0, 2}}, new int[][] {{0, 1, 2}}, 3, 4);
      message(
          "o shares elements with h",
          () ->
              BlockSparse.gemvInPlace(
                  o, w, o.select(2, 0).unsqueeze(2).broadcastTo(1, 3, 5).slice(1, 0, 2), p));
      try (Tensor bias = Tensor.zeros(DType.F32, 4, 2);
          Tensor wide = Tensor.zeros(DType.F32, 4, 3)) {
        message("bias must have", () -> BlockSparse.addDotGradient(w, wide, 1, h, o, p));
        message(
            "bias shares elements with w",
            () -> BlockSparse.addDotGradient(w, w.select(0, 0).select(1, 0), 1, h, o, p));
        message("h must have shape", () -> BlockSparse.addDotGradient(w, bias, 1, o, o, p));
        assertArrayEquals(new float[8], bias.toFloatArray());
      }
      message("I32", () -> BlockSparse.gemvInPlace(o, w, ints, p));
      message("y must have shape [1, 3, 2]", () -> BlockSparse.outerGradient(h, h, w, p, 1));
      assertArrayEquals(new float[] {1, 1, 1, 1, 1, 1}, o.toFloatArray());
    }
  }

  private static void message(String text, org.junit.jupiter.api.function.Executable call) {
    RuntimeException e = assertThrows(RuntimeException.class, call);
    assertTrue(e.getMessage().contains(text), e.getMessage());
  }

  /** A layer of which each example uses a few blocks learns what another such layer computes. */
  @Test
  void aLayerWithConditionalComputationLearns() {
    Random random = new Random(SEED + 2);
    BlockPattern p = pattern();
    try (Tensor truth = random(random, 3, 4, 5, 2);
        Tensor w = Tensor.zeros(DType.F64, 3, 4, 5, 2);
        Tensor bias = Tensor.zeros(DType.F64, 4, 2);
        Tensor h = random(random, 3, 2, 5);
        Tensor target = BlockSparse.dot(truth, h, bias, p)) {
      double first = 0;
      double last = 0;
      for (int step = 0; step < 200; step++) {
        try (Tensor out = BlockSparse.dot(w, h, bias, p)) {
          // error = out - target, in place; the loss is half its square.
          Einsum.plan("bjs->bjs", target).runInto(out, -1, 1, target);
          last = dot(out, out) / 2;
          first = step == 0 ? last : first;
          BlockSparse.outerInPlace(w, -0.05, h, out, p);
        }
      }
      assertTrue(last < first / 1000, "loss " + first + " fell to " + last);
    }
  }

  @Test
  void permutedViewsAreTakenWhereTheyLie() {
    Random random = new Random(SEED + 3);
    BlockPattern p = pattern();
    try (Tensor w = random(random, 3, 4, 5, 2);
        Tensor h = random(random, 3, 2, 5);
        Tensor o = random(random, 3, 3, 2);
        Tensor stored = w.permute(1, 0, 3, 2).copy();
        Tensor view = stored.permute(1, 0, 3, 2);
        Tensor expected = BlockSparse.gemv(o, w, h, p);
        Tensor got = BlockSparse.gemv(o, view, h, p)) {
      assertArrayEquals(expected.toDoubleArray(), got.toDoubleArray(), 1e-14);
    }
  }

  @Test
  void wrongInputIsRefusedBeforeAnythingIsWritten() {
    IndexOutOfBoundsException far =
        assertThrows(
            IndexOutOfBoundsException.class,
            () -> BlockPattern.of(new int[][] {{0, 3}}, new int[][] {{0}}, 3, 4));
    assertTrue(far.getMessage().contains("inputIndex[0][1] is 3"), far.getMessage());
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> BlockPattern.of(new int[][] {{0}}, new int[][] {{-1}}, 3, 4));
    assertThrows(
        IllegalArgumentException.class,
        () -> BlockPattern.of(new int[][] {{0}, {1, 2}}, new int[][] {{0}, {1}}, 3, 4));
    assertThrows(
        IllegalArgumentException.class,
        () -> BlockPattern.of(new int[][] {{0}}, new int[][] {{0}, {1}}, 3, 4));
    assertThrows(
        NullPointerException.class,
        () -> BlockPattern.of(new int[][] {null}, new int[][] {{0}}, 3, 4));
    BlockPattern p = pattern();
    Random random = new Random(SEED + 4);
    try (Tensor w = random(random, 3, 4, 5, 2);
        Tensor h = random(random, 3, 2, 5);
        Tensor o = random(random, 3, 3, 2);
        Tensor before = o.copy();
        Tensor narrow = random(random, 3, 2, 4);
        Tensor single = h.to(DType.F32);
        Tensor fixed = o.select(0, 0).unsqueeze(0).broadcastTo(3, 3, 2)) {
      for (Tensor wrong : new Tensor[] {narrow, single, o, w}) {
        assertThrows(IllegalArgumentException.class, () -> BlockSparse.gemvInPlace(o, w, wrong, p));
      }
      assertThrows(IllegalArgumentException.class, () -> BlockSparse.gemvInPlace(fixed, w, h, p));
      assertThrows(IllegalArgumentException.class, () -> BlockSparse.outerInPlace(w, 1, h, h, p));
      Tensor closed = h.copy();
      closed.close();
      assertThrows(IllegalStateException.class, () -> BlockSparse.gemvInPlace(o, w, closed, p));
      assertArrayEquals(before.toDoubleArray(), o.toDoubleArray());
    }
  }

  @Test
  void anOutputThatIsAnOperandIsRefused() {
    BlockPattern p = BlockPattern.of(new int[][] {{0}}, new int[][] {{0}}, 1, 1);
    try (Tensor h = Tensor.ones(DType.F64, 1, 1, 2);
        Tensor w = Tensor.ones(DType.F64, 1, 1, 2, 2)) {
      assertThrows(IllegalArgumentException.class, () -> BlockSparse.gemvInPlace(h, w, h, p));
    }
  }

  @Test
  void alphaOfZeroReadsNoOperand() {
    BlockPattern p = pattern();
    try (Tensor w = Tensor.full(DType.F64, Double.NaN, 3, 4, 5, 2);
        Tensor h = Tensor.full(DType.F64, Double.NaN, 3, 2, 5);
        Tensor o = Tensor.ones(DType.F64, 3, 3, 2);
        Tensor blocks = Tensor.ones(DType.F64, 3, 4, 5, 2);
        Tensor y = Tensor.full(DType.F64, Double.NaN, 3, 3, 2)) {
      BlockSparse.gemvInto(o, 0, 2, w, h, p);
      assertEquals(36, Arrays.stream(o.toDoubleArray()).sum());
      BlockSparse.outerInPlace(blocks, 0, h, y, p);
      assertEquals(120, Arrays.stream(blocks.toDoubleArray()).sum());
    }
  }

  @Test
  void emptyBatchesAndWindowsAddNothing() {
    BlockPattern none = BlockPattern.of(new long[2][0], new long[][] {{0}, {1}}, 3, 4);
    BlockPattern nobody = BlockPattern.of(new long[0][], new long[0][], 3, 4);
    try (Tensor w = Tensor.ones(DType.F32, 3, 4, 5, 2);
        Tensor h = Tensor.empty(DType.F32, 2, 0, 5);
        Tensor o = Tensor.ones(DType.F32, 2, 1, 2);
        Tensor x = Tensor.empty(DType.F32, 0, 0, 5);
        Tensor y = Tensor.empty(DType.F32, 0, 0, 2)) {
      BlockSparse.gemvInPlace(o, w, h, none);
      assertArrayEquals(new float[] {1, 1, 1, 1}, o.toFloatArray());
      BlockSparse.outerInPlace(w, 1, x, y, nobody);
      assertEquals(120, Arrays.stream(CorpusSum.of(w)).sum());
    }
  }

  /** Elements as doubles. */
  private static final class CorpusSum {
    static double[] of(Tensor t) {
      try (Tensor wide = t.to(DType.F64)) {
        return wide.toDoubleArray();
      }
    }
  }

  /** A pattern's first call orders its terms for itself, the second keeps them. */
  @Test
  void everyCallOfAPatternGivesTheSameBits() throws Exception {
    Random random = new Random(SEED);
    try (Tensor w = random(random, 3, 4, 8, 9);
        Tensor h = random(random, 3, 2, 8);
        Tensor o = random(random, 3, 3, 9);
        Tensor bias = random(random, 4, 9)) {
      BlockPattern kept = pattern();
      double[] first = bits(BlockSparse.gemv(o, w, h, kept));
      for (int call = 2; call < 5; call++) {
        assertArrayEquals(first, bits(BlockSparse.gemv(o, w, h, kept)), "call " + call);
        assertArrayEquals(first, bits(BlockSparse.gemv(o, w, h, pattern())), "a new pattern");
      }
      double[] dot = bits(BlockSparse.dot(w, h, bias, pattern()));
      BlockPattern shared = pattern();
      Thread[] threads = new Thread[8];
      double[][] got = new double[threads.length][];
      for (int t = 0; t < threads.length; t++) {
        int own = t;
        threads[t] = new Thread(() -> got[own] = bits(BlockSparse.dot(w, h, bias, shared)));
        threads[t].start();
      }
      for (int t = 0; t < threads.length; t++) {
        threads[t].join();
        assertArrayEquals(dot, got[t], "thread " + t);
      }
    }
  }

  private static double[] bits(Tensor t) {
    try (t) {
      return t.toDoubleArray();
    }
  }
}
