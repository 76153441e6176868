// Gradients of reals of any float and of complex numbers: differences, which are exact where a loss
// is linear in each operand; refusals.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.Numbers;
import io.github.einblas.reference.RandomEquation;
import io.github.einblas.reference.Seeds;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TypedGradientTest {
  private static final int EQUATIONS = 25;
  private static final List<DType> REAL = List.of(DType.F32, DType.F64, DType.BF16, DType.F16);
  private static final List<DType> COMPLEX = List.of(DType.C64, DType.C128);

  private static DType pick(Random random, DType first, int i) {
    List<DType> same = first.isComplex() ? COMPLEX : REAL;
    return i == 0 ? first : same.get(random.nextInt(same.size()));
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F64", "BF16", "F16", "C64", "C128"})
  void areDifferencesOfTheLoss(DType type) {
    for (long seed : Seeds.upTo(EQUATIONS)) {
      Random random = new Random(seed * 100 + type.ordinal());
      RandomEquation e = new RandomEquation(random, 1 + random.nextInt(3), 3, 3);
      int n = e.shapes.length;
      Numbers[] in = new Numbers[n];
      boolean[] conjugate = new boolean[n];
      Tensor[] plain = new Tensor[n];
      Tensor[] operands = new Tensor[n];
      for (int i = 0; i < n; i++) {
        DType own = pick(random, type, i);
        in[i] = Numbers.random(random, own, e.data[i].length, false);
        conjugate[i] = own.isComplex() && random.nextBoolean();
        plain[i] = TypedTensors.of(in[i], e.shapes[i]);
        operands[i] = conjugate[i] ? plain[i].conj() : plain[i];
      }
      EinsumPlan plan = Einsum.plan(e.text, PlanOptions.DEFAULT, operands);
      int size = (int) Arrays.stream(plan.outputShape()).reduce(1, (x, y) -> x * y);
      Numbers upstream = Numbers.random(random, plan.dtype(), size, false);
      try (Tensor above = TypedTensors.of(upstream, plan.outputShape())) {
        Tensor[] all = plan.gradients(above, operands).list().toArray(Tensor[]::new);
        Tensor[] few =
            Einsum.plan(
                    e.text,
                    PlanOptions.DEFAULT.withMemoryLimit(plan.peakBytes() * 8 + 100_000),
                    operands)
                .gradients(above, operands)
                .list()
                .toArray(Tensor[]::new);
        for (int i = 0; i < n; i++) {
          String what = "seed " + seed + ": " + e + " " + plan.operandTypes() + ", operand " + i;
          Numbers expected = differences(e, in, conjugate, i, upstream);
          TypedTensors.check(expected, all[i], what);
          TypedTensors.check(expected, few[i], what + " under a limit");
          try (Tensor one = plan.gradient(i).run(given(above, operands, i))) {
            TypedTensors.check(expected, one, what + " alone");
          }
          String json = plan.gradient(i).toJson();
          try (Tensor one = EinsumPlan.fromJson(json).run(given(above, operands, i))) {
            TypedTensors.check(expected, one, what + " from JSON");
          }
          all[i].close();
          few[i].close();
        }
      }
      Arrays.stream(plain).forEach(Tensor::close);
    }
  }

  private static Tensor[] given(Tensor above, Tensor[] operands, int i) {
    Tensor[] given = new Tensor[operands.length];
    given[0] = above;
    System.arraycopy(operands, 0, given, 1, i);
    System.arraycopy(operands, i + 1, given, i + 1, given.length - 1 - i);
    return given;
  }

  /** dL/dRe + i dL/dIm of the real loss L = Re(sum of conj(upstream) * result). */
  private static Numbers differences(
      RandomEquation e, Numbers[] in, boolean[] conjugate, int i, Numbers upstream) {
    DType wide = DType.promote(upstream.type, DType.F64);
    Numbers result = new Numbers(in[i].type, in[i].re.length);
    Numbers[] changed = in.clone();
    boolean[] own = conjugate.clone();
    own[i] = false;
    Numbers before = new Numbers(wide, upstream.re.length);
    for (int p = 0; p < result.re.length; p++) {
      changed[i] = new Numbers(wide, result.re.length);
      changed[i].re[p] = 1;
      result.re[p] = Numbers.round(result.type, loss(e, changed, own, before, upstream));
      if (result.type.isComplex()) {
        changed[i].re[p] = 0;
        changed[i].im[p] = 1;
        result.im[p] = Numbers.round(result.type, loss(e, changed, own, before, upstream));
      }
    }
    return result;
  }

  private static double loss(
      RandomEquation e, Numbers[] in, boolean[] conjugate, Numbers before, Numbers upstream) {
    Numbers y = Numbers.contract(e.parse(), e.shapes, in, conjugate, 1, 0, before);
    double loss = 0;
    for (int k = 0; k < y.re.length; k++) {
      loss += upstream.re[k] * y.re[k] + upstream.im[k] * y.im[k];
    }
    return loss;
  }

  @Test
  void boundPlansConjugateTheirConstants() {
    try (Tensor x = Tensor.ofComplex(new double[] {1, 2, 3, 4});
        Tensor w = Tensor.ofComplex(new double[] {5, 6, 7, 8});
        Tensor one = Tensor.ofComplex(new double[] {1, 0}).reshape();
        BoundPlan bound = Einsum.plan("i,i->", x, w).bind(null, w)) {
      Tensor[] g = bound.gradients(one, x).list().toArray(Tensor[]::new);
      assertEquals(List.of(5.0, -6.0, 7.0, -8.0), doubles(g[0]));
      g[0].close();
    }
  }

  private static List<Double> doubles(Tensor t) {
    return Arrays.stream(t.toDoubleArray()).boxed().toList();
  }

  @Test
  void refusesTypesThatHaveNone() {
    long[][] shapes = {{3}, {3}};
    for (DType none : List.of(DType.I8, DType.U8, DType.I16, DType.I32, DType.I64, DType.BOOL)) {
      EinsumPlan plan = Einsum.plan("i,i->", PlanOptions.DEFAULT, List.of(DType.F32, none), shapes);
      refused(() -> plan.gradient(1), "operand 1 has " + none);
      assertEquals(DType.F32, plan.gradient(0).dtype());
      try (Tensor x = Tensor.ones(DType.F32, 3);
          Tensor y = Tensor.ones(none, 3);
          Tensor up = Tensor.ones(plan.dtype(), new long[0])) {
        refused(() -> plan.gradients(up, x, y), "operand 1 has " + none);
      }
    }
    EinsumPlan mixed =
        Einsum.plan("i,i->", PlanOptions.DEFAULT, List.of(DType.C64, DType.F64), shapes);
    refused(() -> mixed.gradient(1), "operand 1 has F64 beside complex ones", "C128");
    assertEquals(DType.C64, mixed.gradient(0).dtype());
  }

  private static void refused(org.junit.jupiter.api.function.Executable call, String... words) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call);
    for (String word : words) {
      assertTrue(e.getMessage().contains(word), e::getMessage);
    }
  }
}
