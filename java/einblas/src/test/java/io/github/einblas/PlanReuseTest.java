// Plans used again: constants, batches, JSON, equality.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.RandomEquation;
import io.github.einblas.reference.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlanReuseTest {
  private static Tensor[] tensors(RandomEquation r, double[][] data) {
    Tensor[] in = new Tensor[data.length];
    Arrays.setAll(in, i -> Tensor.of(data[i]).reshape(r.shapes[i]));
    return in;
  }

  private static double[][] other(RandomEquation r, Random random) {
    return Arrays.stream(r.data)
        .map(d -> random.ints(d.length, -2, 3).asDoubleStream().toArray())
        .toArray(double[][]::new);
  }

  @Test
  void constantsOfRandomEquations() {
    for (long seed : Seeds.upTo(300)) {
      Random random = new Random(seed);
      RandomEquation r = new RandomEquation(random, 1 + random.nextInt(5));
      Tensor[] first = tensors(r, r.data);
      boolean limited = random.nextInt(3) == 0;
      PlanOptions options = PlanOptions.DEFAULT;
      EinsumPlan plan = Einsum.plan(r.text, options, first);
      if (limited) {
        options = options.withMemoryLimit(plan.peakBytes() + 4096);
        plan = Einsum.plan(r.text, options, first);
      }
      Tensor[] constants = new Tensor[first.length];
      for (int i = 0; i < constants.length; i++) {
        constants[i] = random.nextBoolean() ? first[i] : null;
      }
      try (BoundPlan bound = plan.bind(constants)) {
        for (int run = 0; run < 2; run++) {
          double[][] data = other(r, random);
          List<Tensor> free = new ArrayList<>();
          for (int i = 0; i < constants.length; i++) {
            data[i] = constants[i] == null ? data[i] : r.data[i];
            if (constants[i] == null) {
              free.add(Tensor.of(data[i]).reshape(r.shapes[i]));
            }
          }
          assertEquals(free.size(), bound.operandCount());
          try (Tensor got = bound.run(free.toArray(Tensor[]::new))) {
            assertArrayEquals(
                r.evaluate(data), got.toDoubleArray(), 1e-300, "seed " + seed + ": " + r);
          }
        }
      }
    }
  }

  @Test
  void gradientsAndSlicesOfBoundPlans() {
    int cut = 0;
    for (long seed : Seeds.upTo(200)) {
      Random random = new Random(seed);
      RandomEquation r = new RandomEquation(random, 2 + random.nextInt(3));
      Tensor[] in = tensors(r, r.data);
      PlanOptions options = PlanOptions.DEFAULT.withThreads(1);
      EinsumPlan whole = Einsum.plan(r.text, options, in);
      Tensor upstream =
          Tensor.of(random.ints(sizeOf(whole.outputShape()), -2, 3).asDoubleStream().toArray())
              .reshape(whole.outputShape());
      Tensor[] expected = whole.gradients(upstream, in).list().toArray(Tensor[]::new);
      Tensor[] constants = new Tensor[in.length];
      List<Tensor> free = new ArrayList<>();
      List<Tensor> wanted = new ArrayList<>();
      for (int i = 0; i < in.length; i++) {
        constants[i] = random.nextBoolean() ? in[i] : null;
        if (constants[i] == null) {
          free.add(in[i]);
          wanted.add(expected[i]);
        }
      }
      String what = "seed " + seed + ": " + r;
      long before = Einblas.nativeBytesInUse();
      try (BoundPlan bound = whole.bind(constants)) {
        for (int run = 0; run < 2; run++) {
          Tensor[] got =
              bound.gradients(upstream, free.toArray(Tensor[]::new)).list().toArray(Tensor[]::new);
          assertEquals(wanted.size(), got.length);
          for (int i = 0; i < got.length; i++) {
            assertArrayEquals(wanted.get(i).toDoubleArray(), got[i].toDoubleArray(), 1e-300, what);
            got[i].close();
          }
        }
      }
      // Other tests' forgotten tensors may be freed meanwhile.
      assertTrue(Einblas.nativeBytesInUse() <= before, what);
      EinsumPlan tight = tightest(r, options, in);
      cut += tight.sliceCount() > 1 ? 1 : 0;
      try (BoundPlan bound = roomy(tight, constants);
          Tensor sum = Tensor.zeros(DType.F64, whole.outputShape())) {
        for (PlanSlice slice : EinsumPlan.of(bound).slices()) {
          slice.addTo(sum, in);
        }
        assertArrayEquals(r.evaluate(r.data), sum.toDoubleArray(), 1e-300, what);
      }
    }
    assertTrue(Seeds.one() || cut > 20, "only " + cut + " plans were cut");
  }

  private static int sizeOf(long[] shape) {
    return (int) Arrays.stream(shape).reduce(1, (x, y) -> x * y);
  }

  /** Under the smallest limit that the planner takes, found by halving. */
  private static EinsumPlan tightest(RandomEquation r, PlanOptions options, Tensor[] in) {
    EinsumPlan best = Einsum.plan(r.text, options, in);
    long high = best.peakBytes();
    long low = -1;
    while (high - low > 1) {
      long middle = (low + high) / 2;
      try {
        best = Einsum.plan(r.text, options.withMemoryLimit(middle), in);
        high = middle;
      } catch (IllegalArgumentException e) {
        low = middle;
      }
    }
    return best;
  }

  /** The constants' results count too: with them the limit may be too small. */
  private static BoundPlan roomy(EinsumPlan tight, Tensor[] constants) {
    try {
      return tight.bind(constants);
    } catch (IllegalArgumentException e) {
      assertTrue(e.getMessage().contains("the smallest that does is"), e::getMessage);
      return Einsum.plan(tight.equation(), DType.F64, tight.shapes()).bind(constants);
    }
  }

  @Test
  void constantsAreContractedOnceAndTogether() {
    // x (W1 W2 W3): from the left x would be cheapest; the constants' product is free.
    Tensor[] w = new Tensor[3];
    Arrays.setAll(w, i -> Tensor.full(DType.F64, i + 1, 20, 20));
    EinsumPlan plan =
        Einsum.plan(
            "bi,ij,jk,kl->bl",
            DType.F64,
            new long[] {1, 20},
            new long[] {20, 20},
            new long[] {20, 20},
            new long[] {20, 20});
    long before = Einblas.nativeBytesInUse();
    BoundPlan bound = plan.bind(null, w[0], w[1], w[2]);
    assertTrue(bound.heldBytes() >= 20 * 20 * 8);
    // The last pair alone depends on what each run gives.
    int[][] path = EinsumPlan.of(bound).path();
    assertTrue(path[2][0] == 0 || path[2][1] == 0, Arrays.deepToString(path));
    try (Tensor x = Tensor.ones(DType.F64, 1, 20)) {
      double[] expected = new double[20];
      Arrays.fill(expected, 20.0 * 20 * 20 * 6);
      assertArrayEquals(expected, bound.run(x).toDoubleArray());
      Tensor wrong = Tensor.ones(DType.F64, 2, 20);
      assertThrows(IllegalArgumentException.class, () -> bound.run(wrong));
      assertThrows(IllegalArgumentException.class, () -> bound.run(x, x));
      wrong.close();
    }
    bound.close();
    bound.close();
    try (Tensor x = Tensor.ones(DType.F64, 1, 20)) {
      assertThrows(IllegalStateException.class, () -> bound.run(x));
    }
    System.gc();
    assertTrue(Einblas.nativeBytesInUse() <= before + 4096);
  }

  @Test
  void wrongConstantsAreRefused() {
    EinsumPlan plan = Einsum.plan("ij,jk->ik", DType.F64, new long[] {2, 3}, new long[] {3, 2});
    Tensor a = Tensor.ones(DType.F64, 2, 3);
    Tensor closed = Tensor.ones(DType.F64, 3, 2);
    closed.close();
    assertThrows(IllegalArgumentException.class, () -> plan.bind(a));
    assertThrows(IllegalArgumentException.class, () -> plan.bind(null, a));
    assertThrows(NullPointerException.class, () -> plan.bind((Tensor[]) null));
    assertThrows(IllegalStateException.class, () -> plan.bind(null, closed));
    try (BoundPlan bound = plan.bind(null, Tensor.ones(DType.F64, 3, 2))) {
      assertThrows(IndexOutOfBoundsException.class, () -> bound.gradient(1));
      assertThrows(IndexOutOfBoundsException.class, () -> bound.gradient(-1));
      assertThrows(IllegalArgumentException.class, () -> bound.gradients(a, a));
      assertThrows(
          IllegalArgumentException.class, () -> bound.gradients(Tensor.ones(DType.F64, 2, 2)));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void batchesOfRandomEquations(int threads) {
    for (long seed : Seeds.upTo(150)) {
      Random random = new Random(seed);
      RandomEquation r = new RandomEquation(random, 1 + random.nextInt(4));
      PlanOptions options = PlanOptions.DEFAULT.withThreads(threads);
      Tensor[] in = tensors(r, r.data);
      EinsumPlan plan = Einsum.plan(r.text, options, in);
      if (random.nextInt(4) == 0) {
        plan = Einsum.plan(r.text, options.withMemoryLimit(plan.peakBytes()), in);
      }
      List<Tensor[]> sets = new ArrayList<>();
      List<double[]> expected = new ArrayList<>();
      for (int s = 0; s < 1 + random.nextInt(40); s++) {
        double[][] data = other(r, random);
        Tensor[] set = tensors(r, data);
        if (random.nextInt(4) == 0 && r.shapes[0].length == 2) {
          // Another layout in the middle of the batch.
          set[0] = set[0].transpose().copy().transpose();
        }
        sets.add(set);
        expected.add(r.evaluate(data));
      }
      try (Tensor got = plan.runBatch(sets)) {
        assertEquals(sets.size(), got.shape()[0]);
        plan.runBatchInto(got, 2, 1, sets);
        double[] all = got.toDoubleArray();
        int size = expected.get(0).length;
        for (int s = 0; s < sets.size(); s++) {
          assertArrayEquals(
              Arrays.stream(expected.get(s)).map(v -> 3 * v).toArray(),
              Arrays.copyOfRange(all, s * size, (s + 1) * size),
              1e-300,
              "seed " + seed + ", set " + s + ": " + r);
        }
      }
    }
  }

  @Test
  void batchRefusals() {
    EinsumPlan plan = Einsum.plan("ij,jk->ik", DType.F64, new long[] {2, 3}, new long[] {3, 2});
    Tensor a = Tensor.ones(DType.F64, 2, 3);
    Tensor b = Tensor.ones(DType.F64, 3, 2);
    List<Tensor[]> wrong = List.of(new Tensor[] {a, b}, new Tensor[] {b, a});
    assertThrows(IllegalArgumentException.class, () -> plan.runBatch(wrong));
    try (Tensor out = Tensor.full(DType.F64, 7, 2, 2, 2)) {
      assertThrows(IllegalArgumentException.class, () -> plan.runBatchInto(out, 1, 0, wrong));
      assertEquals(7, out.toDoubleArray()[0]);
      List<Tensor[]> one = List.<Tensor[]>of(new Tensor[] {a, b});
      assertThrows(IllegalArgumentException.class, () -> plan.runBatchInto(out, 1, 0, one));
    }
    try (Tensor none = plan.runBatch(List.of())) {
      assertArrayEquals(new long[] {0, 2, 2}, none.shape());
    }
    EinsumPlan diagonal = Einsum.plan("ii->i", DType.F64, new long[] {3, 3}).gradient(0);
    Tensor up = Tensor.of(new double[] {1, 2, 3}, 3);
    try (Tensor got = diagonal.runBatch(List.of(new Tensor[] {up}, new Tensor[] {up}))) {
      double[] once = {1, 0, 0, 0, 2, 0, 0, 0, 3};
      assertArrayEquals(once, Arrays.copyOfRange(got.toDoubleArray(), 9, 18));
    }
  }

  @Test
  void jsonAndBack() {
    for (long seed : Seeds.upTo(100)) {
      Random random = new Random(seed);
      RandomEquation r = new RandomEquation(random, 1 + random.nextInt(5));
      Tensor[] in = tensors(r, r.data);
      EinsumPlan plan = Einsum.plan(r.text, PlanOptions.DEFAULT.withMemoryLimit(1 << 20), in);
      EinsumPlan back = EinsumPlan.fromJson(plan.toJson(), DType.F64, r.shapes);
      assertEquals(plan, back);
      assertEquals(plan.hashCode(), back.hashCode());
      assertEquals(plan.toJson(), back.toJson());
      assertArrayEquals(plan.run(in).toDoubleArray(), back.run(in).toDoubleArray());
      EinsumPlan gradient = plan.gradient(0);
      assertEquals(gradient, EinsumPlan.fromJson(gradient.toJson()));
      assertNotEquals(gradient, plan);
    }
    Tensor a = Tensor.ones(DType.F32, 2, 3);
    EinsumPlan numbered = Einsum.plan(new int[] {500, 7}, Sublist.of(a, 7, 500));
    assertEquals(numbered, EinsumPlan.fromJson(numbered.toJson()));
    EinsumPlan dots = Einsum.plan(null, Sublist.of(a, Sublist.ELLIPSIS, 7), Sublist.of(a, 4, 7));
    assertEquals(dots, EinsumPlan.fromJson(dots.toJson()));
    EinsumPlan given =
        Einsum.plan(
            "ij,jk,kl->il",
            PlanOptions.DEFAULT.withPath(new int[][] {{1, 2}, {0, 3}}).withKernel("loops"),
            DType.F32,
            new long[] {2, 3},
            new long[] {3, 4},
            new long[] {4, 5});
    assertEquals(given, EinsumPlan.fromJson(given.toJson()));
    assertEquals(given.options(), EinsumPlan.fromJson(given.toJson()).options());
  }

  @Test
  void jsonForOtherShapesIsRefused() {
    EinsumPlan plan = Einsum.plan("ij,jk->ik", DType.F64, new long[] {2, 3}, new long[] {3, 2});
    String json = plan.toJson();
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> EinsumPlan.fromJson(json, DType.F64, new long[] {2, 3}, new long[] {3, 4}));
    assertTrue(e.getMessage().contains("[3, 4]"), e::getMessage);
    assertThrows(
        IllegalArgumentException.class, () -> EinsumPlan.fromJson(json, DType.F32, plan.shapes()));
    assertNotEquals(
        plan, Einsum.plan("ij,jk->ik", DType.F64, new long[] {2, 3}, new long[] {3, 4}));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{}",
        "null",
        "{\"einblasPlan\": 3}",
        "{\"einblasPlan\": 1, \"equation\": \"ij\"}",
        "{\"einblasPlan\": \"x\"}",
        "{\"einblasPlan\": 1, \"gradientFor\": 3, \"of\": 4}",
        "{\"einblasPlan\":1,\"equation\":\"i->i\",\"dtype\":\"F99\",\"shapes\":[[2]],\"path\":[],"
            + "\"options\":{\"threads\":0,\"strategy\":\"AUTO\",\"costModel\":\"FLOPS\","
            + "\"searchNanos\":1,\"memoryLimit\":1000}}",
        "{\"einblasPlan\":1,\"equation\":\"i->i\",\"dtype\":\"F32\",\"shapes\":[[-2]],\"path\":[],"
            + "\"options\":{}}",
        "{\"einblasPlan\":1,\"equation\":\"i,i->i\",\"dtype\":\"F32\",\"shapes\":[[2],[2]],"
            + "\"path\":[[0,5]],\"options\":{\"threads\":0,\"strategy\":\"AUTO\","
            + "\"costModel\":\"FLOPS\",\"searchNanos\":1,\"memoryLimit\":1000}}",
      })
  void brokenJsonIsRefused(String json) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> EinsumPlan.fromJson(json));
    assertTrue(e.getMessage().contains("not a saved plan"), e::getMessage);
  }
}
