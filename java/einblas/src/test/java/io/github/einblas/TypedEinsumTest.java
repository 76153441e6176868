// Einsum over all types, alone and mixed, against a scalar model: whole numbers bit for bit,
// rounded
// types as the rounded exact result.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.Numbers;
import io.github.einblas.reference.RandomEquation;
import io.github.einblas.reference.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TypedEinsumTest {
  private static final int EQUATIONS = 40;
  private static final DType[] TYPES = DType.values();

  /** An equation with elements of some types, its plan and its exact result. */
  private static final class Case implements AutoCloseable {
    final long seed;
    final RandomEquation e;
    final Numbers[] in;
    final boolean[] conjugate;
    final Tensor[] operands;
    final List<Tensor> owned = new ArrayList<>();
    PlanOptions options = PlanOptions.DEFAULT;
    EinsumPlan plan;

    Case(long seed, Random random, RandomEquation e, DType[] types) {
      this.seed = seed;
      this.e = e;
      int n = types.length;
      boolean whole = Stream.of(types).allMatch(t -> t.isInteger() || t.isBool());
      in = new Numbers[n];
      conjugate = new boolean[n];
      operands = new Tensor[n];
      for (int i = 0; i < n; i++) {
        in[i] = Numbers.random(random, types[i], e.data[i].length, whole);
        conjugate[i] = types[i].isComplex() && random.nextBoolean();
        try (Tensor own = TypedTensors.of(in[i], e.shapes[i])) {
          Tensor t = TypedTensors.scattered(random, own);
          operands[i] = conjugate[i] ? t.conj() : t;
          owned.add(t);
        }
      }
      plan = Einsum.plan(e.text, options, operands);
    }

    void with(PlanOptions other) {
      options = other;
      plan = Einsum.plan(e.text, options, operands);
    }

    Numbers expected(double alpha, double beta, Numbers before) {
      return Numbers.contract(e.parse(), e.shapes, in, conjugate, alpha, beta, before);
    }

    Numbers expected() {
      return expected(1, 0, zeros());
    }

    Numbers zeros() {
      int size = (int) Arrays.stream(plan.outputShape()).reduce(1, (x, y) -> x * y);
      return new Numbers(plan.dtype(), size);
    }

    String what(String how) {
      return "seed "
          + seed
          + ": "
          + e
          + " of "
          + plan.operandTypes()
          + " to "
          + plan.dtype()
          + " "
          + how;
    }

    void check(String how) {
      try (Tensor got = plan.run(operands)) {
        TypedTensors.check(expected(), got, what(how));
      }
    }

    @Override
    public void close() {
      owned.forEach(Tensor::close);
    }
  }

  private static DType[] types(Random random, int operands, DType first) {
    DType[] types = new DType[operands];
    boolean mixed = random.nextInt(3) > 0;
    Arrays.setAll(types, i -> i == 0 || !mixed ? first : TYPES[random.nextInt(TYPES.length)]);
    return types;
  }

  private static double scalar(Random random, DType type) {
    return switch (type.kind()) {
      case BOOL -> random.nextInt(2);
      case INTEGER -> random.nextInt(7) - 3;
      case REAL, COMPLEX -> (random.nextInt(7) - 3) / 2.0;
    };
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void randomEquations(DType type) {
    for (long seed : Seeds.upTo(EQUATIONS)) {
      Random random = new Random(seed * TYPES.length + type.ordinal());
      RandomEquation e = new RandomEquation(random, 1 + random.nextInt(3));
      try (Case c = new Case(seed, random, e, types(random, e.shapes.length, type))) {
        c.check("new");
        into(random, c);
        for (int threads = 1; threads <= 3; threads++) {
          c.with(c.options.withThreads(threads));
          c.check(threads + " threads");
        }
        c.with(c.options.withThreads(1).withSlices(1));
        c.plan = EinsumPlan.fromJson(c.plan.toJson(), c.plan.operandTypes(), e.shapes);
        c.check("from JSON");
        batch(random, c);
        bound(random, c);
        slices(c);
        verified(random, c);
      }
    }
  }

  private static void into(Random random, Case c) {
    double alpha = scalar(random, c.plan.dtype());
    double beta = scalar(random, c.plan.dtype());
    Numbers before = Numbers.random(random, c.plan.dtype(), c.zeros().re.length, false);
    try (Tensor own = TypedTensors.of(before, c.plan.outputShape());
        Tensor out = TypedTensors.scattered(random, own)) {
      c.plan.runInto(out, alpha, beta, c.operands);
      String how = "into, alpha " + alpha + " beta " + beta;
      TypedTensors.check(c.expected(alpha, beta, before), out, c.what(how));
    }
  }

  private static void batch(Random random, Case c) {
    Tensor[] plain = c.operands.clone();
    int set = 1 + random.nextInt(3);
    try (Tensor all = c.plan.runBatch(Collections.nCopies(set, plain))) {
      for (int s = 0; s < set; s++) {
        try (Tensor one = all.select(0, s)) {
          TypedTensors.check(c.expected(), one, c.what("batch"));
        }
      }
    }
  }

  private static void bound(Random random, Case c) {
    Tensor[] constants = c.operands.clone();
    List<Tensor> free = new ArrayList<>();
    for (int i = 0; i < constants.length; i++) {
      if (random.nextBoolean()) {
        free.add(constants[i]);
        constants[i] = null;
      }
    }
    try (BoundPlan bound = c.plan.bind(constants);
        Tensor got = bound.run(free.toArray(Tensor[]::new))) {
      TypedTensors.check(c.expected(), got, c.what("bound"));
    }
  }

  private static void slices(Case c) {
    PlanOptions before = c.options;
    try {
      c.with(before.withSlices(3));
    } catch (IllegalArgumentException e) {
      assertTrue(e.getMessage().contains("slices were asked for"), e::getMessage);
      return;
    }
    c.check("in slices");
    try (Tensor sum = Tensor.zeros(c.plan.dtype(), c.plan.outputShape())) {
      try {
        c.plan.runSlices(0, c.plan.sliceCount(), sum, c.operands);
      } catch (UnsupportedOperationException e) {
        assertTrue(c.plan.computeType() != c.plan.dtype(), e::getMessage);
        return;
      }
      TypedTensors.check(c.expected(), sum, c.what("slices added up"));
    }
    c.with(before);
  }

  private static void verified(Random random, Case c) {
    c.with(PlanOptions.DEFAULT);
    try (Tensor result = c.plan.run(c.operands)) {
      if (!Arrays.stream(TypedTensors.numbers(result).re).allMatch(Double::isFinite)) {
        return; // beyond F16
      }
      Verification right = c.plan.verify(c.operands, result, random.nextLong());
      assertTrue(right.passed(), () -> c.what("verified: " + right));
      if (result.size() == 0) {
        return;
      }
      Numbers wrong = TypedTensors.numbers(result);
      int at = random.nextInt(wrong.re.length);
      wrong.whole[at] = wrong.type.isBool() ? 1 - wrong.whole[at] : wrong.whole[at] ^ 1;
      wrong.re[at] += 1e6;
      try (Tensor other = TypedTensors.of(wrong, c.plan.outputShape())) {
        Verification found = c.plan.verify(c.operands, other, random.nextLong());
        assertTrue(!found.passed(), () -> c.what("wrong and verified: " + found));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void everyOutputType(DType type) {
    for (DType output : TYPES) {
      int seed = type.ordinal() * TYPES.length + output.ordinal();
      Random random = new Random(seed);
      RandomEquation e = new RandomEquation(random, 2);
      try (Case c = new Case(seed, random, e, new DType[] {type, type})) {
        PlanOptions options = PlanOptions.DEFAULT.withOutputType(output);
        if (type.kind().compareTo(output.kind()) > 0) {
          IllegalArgumentException refused =
              assertThrows(IllegalArgumentException.class, () -> c.with(options));
          assertTrue(refused.getMessage().contains(output.name()), refused::getMessage);
        } else {
          c.with(options);
          assertEquals(output, c.plan.dtype());
          c.check("asked for");
          c.plan = EinsumPlan.fromJson(c.plan.toJson());
          c.check("from JSON");
          assertEquals(output, c.plan.options().outputType());
        }
      }
    }
  }

  @Test
  void resultsArePromoted() {
    DType[][] triples = {
      {DType.I8, DType.U8, DType.I16},
      {DType.BF16, DType.F16, DType.F32},
      {DType.F16, DType.I16, DType.F32},
      {DType.F32, DType.I32, DType.F64},
      {DType.BOOL, DType.BF16, DType.BF16},
      {DType.C64, DType.F64, DType.C128},
      {DType.F32, DType.F64, DType.F64},
    };
    for (DType[] t : triples) {
      for (List<DType> order : List.of(List.of(t[0], t[1]), List.of(t[1], t[0]))) {
        EinsumPlan plan =
            Einsum.plan("i,i->", PlanOptions.DEFAULT, order, new long[] {3}, new long[] {3});
        assertEquals(t[2], plan.dtype());
      }
    }
    List<DType> three = List.of(DType.I8, DType.U8, DType.F16);
    long[][] shapes = {{3}, {3}, {3}};
    assertEquals(DType.F16, Einsum.plan("i,i,i->", PlanOptions.DEFAULT, three, shapes).dtype());
  }

  /** A sum in BF16 would stop at 256; partial sums rounded to F16 would lose the ones. */
  @Test
  void roundsOnceAtTheEnd() {
    try (Tensor ones = Tensor.ones(DType.BF16, 1000);
        Tensor sum = Einsum.einsum("i->", ones)) {
      assertEquals(1000, sum.item());
    }
    PlanOptions cut = PlanOptions.DEFAULT.withSlices(7);
    try (Tensor ones = Tensor.ones(DType.BF16, 1002)) {
      EinsumPlan plan = Einsum.plan("i->", cut, ones);
      assertTrue(plan.sliceCount() >= 7);
      try (Tensor sum = plan.run(ones);
          Tensor out = Tensor.full(DType.BF16, 4, new long[0])) {
        assertEquals(Numbers.round(DType.BF16, 1002), sum.item());
        plan.runInto(out, 2, 0.5, ones);
        assertEquals(Numbers.round(DType.BF16, 2006), out.item());
        plan.runInto(out, 0, 0.5, ones);
        assertEquals(Numbers.round(DType.BF16, 2006) / 2, out.item());
      }
      UnsupportedOperationException e =
          assertThrows(UnsupportedOperationException.class, plan::slices);
      assertTrue(e.getMessage().contains("F32"), e::getMessage);
    }
  }

  /** Counts of this chain are beyond F32, as infinity times 0 would be no number, hence true. */
  @Test
  void longChainsOfBoolDoNotCount() {
    int n = 30;
    String chain =
        "ab,bc,cd,de,ef,fg,gh,hi,ij,jk,kl,lm,mn,no,op,pq,qr,rs,st,tu,uv,vw,wx,xy,yz,zA->aA";
    Tensor[] operands = new Tensor[26];
    try (Tensor full = Tensor.ones(DType.BOOL, n, n);
        Tensor none = Tensor.zeros(DType.BOOL, n, n)) {
      Arrays.fill(operands, full);
      operands[25] = none;
      try (Tensor got = Einsum.einsum(chain, operands)) {
        TypedTensors.check(new Numbers(DType.BOOL, n * n), got, "chain");
      }
    }
  }

  @Test
  void refusesScalarsThatTheTypeHasNot() {
    try (Tensor whole = Tensor.of(new int[] {1, 2});
        Tensor count = Tensor.zeros(DType.I32, new long[0]);
        Tensor truth = Tensor.of(new boolean[] {true, false});
        Tensor any = Tensor.zeros(DType.BOOL, new long[0])) {
      EinsumPlan sum = Einsum.plan("i->", whole);
      EinsumPlan or = Einsum.plan("i->", truth);
      for (double wrong : new double[] {0.5, Double.NaN, 0x1p54, Double.POSITIVE_INFINITY}) {
        refused(() -> sum.runInto(count, wrong, 0, whole), "alpha must be an integer", "I32");
        refused(() -> sum.runInto(count, 1, wrong, whole), "beta must be an integer", "I32");
        refused(() -> or.runInto(any, 1, wrong, truth), "beta must be 0 or 1", "BOOL");
      }
      refused(() -> or.runInto(any, 2, 0, truth), "alpha must be 0 or 1");
      try (BoundPlan bound = sum.bind(whole)) {
        refused(() -> bound.runInto(count, 0.5, 0), "alpha");
      }
      List<Tensor[]> sets = List.<Tensor[]>of(new Tensor[] {whole});
      refused(() -> sum.runBatchInto(count.reshape(1), 0.5, 0, sets), "alpha");
      assertEquals(0, count.getLong());
      or.runInto(any, 1, 1, truth);
      assertEquals(1, any.getLong());
    }
  }

  @Test
  void refusesConjugateOutputs() {
    try (Tensor z = Tensor.ofComplex(new float[] {1, 2, 3, 4});
        Tensor out = Tensor.zeros(DType.C64, 2);
        Tensor conjugate = out.conj()) {
      EinsumPlan plan = Einsum.plan("i,i->i", z, z);
      refused(() -> plan.runInto(conjugate, z, z), "conjugate");
      assertEquals(0, out.real().get(0));
    }
  }

  private static void refused(org.junit.jupiter.api.function.Executable call, String... words) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call);
    for (String word : words) {
      assertTrue(e.getMessage().contains(word), e::getMessage);
    }
  }

  @Test
  void reportsShowTheTypes() {
    EinsumPlan plan =
        Einsum.plan(
            "ij,jk->ik",
            PlanOptions.DEFAULT.withOutputType(DType.BF16),
            List.of(DType.BF16, DType.I8),
            new long[] {20, 30},
            new long[] {30, 10});
    String text = plan.explain();
    assertTrue(text.contains("[20, 30] BF16") && text.contains("[30, 10] I8"), text);
    assertTrue(text.contains("BF16, computed in F32"), text);
    assertEquals(2 * 20 * 30 + 30 * 10 + 2 * 20 * 10, plan.bytes());
    PlanReport report = plan.report();
    assertEquals(List.of(DType.BF16, DType.I8), report.operandTypes());
    assertEquals(DType.F32, report.computeType());
    assertTrue(report.json().contains("\"computeType\": \"F32\""), report.json());
  }

  @Test
  void typesOfSavedPlansAreChecked() {
    long[][] shapes = {{3}, {3}};
    List<DType> types = List.of(DType.F32, DType.BF16);
    String json = Einsum.plan("i,i->", PlanOptions.DEFAULT, types, shapes).toJson();
    assertEquals(types, EinsumPlan.fromJson(json).operandTypes());
    refused(() -> EinsumPlan.fromJson(json, DType.F32, shapes), "BF16", "not for");
    refused(() -> EinsumPlan.fromJson(json.replace("BF16", "B16")), "types");
    refused(
        () -> EinsumPlan.fromJson(json.replace("\"dtype\":\"F32\"", "\"dtype\":\"F64\"")), "F64");
    refused(() -> EinsumPlan.fromJson(json.replace(",\"BF16\"", "")), "1 types for 2 operands");
  }
}
