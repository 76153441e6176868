// Bias and activation of a contraction's result: against the contraction and TensorMath, wherever a
// plan can run.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EpilogueTest {
  private static PlanOptions with(Epilogue epilogue) {
    return PlanOptions.DEFAULT.withEpilogue(epilogue);
  }

  /** Numbers of [-1, 1] by a seed. */
  private static Tensor random(DType type, long seed, long... shape) {
    return TensorMath.uniform(type, seed, -1, 1, shape);
  }

  /** What an epilogue should give, by functions of their own. */
  private static Tensor expected(Epilogue epilogue, Tensor result, Tensor bias) {
    Tensor sum = epilogue.hasBias() ? TensorMath.add(result, bias) : result;
    return switch (epilogue) {
      case NONE, BIAS -> sum;
      case RELU, RELU_BIAS -> TensorMath.relu(sum);
      case TANH, TANH_BIAS -> TensorMath.tanh(sum);
      case SIGMOID, SIGMOID_BIAS -> TensorMath.sigmoid(sum);
      case GELU, GELU_BIAS -> TensorMath.gelu(sum);
    };
  }

  private static Tensor[] tensors(Epilogue epilogue, Tensor bias, Tensor... operands) {
    Tensor[] all = Arrays.copyOf(operands, operands.length + (epilogue.hasBias() ? 1 : 0));
    if (epilogue.hasBias()) {
      all[operands.length] = bias;
    }
    return all;
  }

  /** Sums of k products of [-1, 1]: 2 (k + 4) roundings of them; functions of a few units. */
  private static void assertClose(Tensor want, Tensor got, long k) {
    DType type = got.dtype();
    double unit = type == DType.F64 ? 0x1p-52 : type == DType.F32 ? 0x1p-23 : 0x1p-7;
    double bound = 2 * (k + 4) * k * (type == DType.F64 ? 0x1p-52 : 0x1p-23) + 8 * unit;
    assertTrue(TensorMath.allClose(got, want, 2 * unit, bound), () -> want + "\n" + got);
  }

  @ParameterizedTest
  @EnumSource(Epilogue.class)
  void isRightForEveryTypeAndShapeOfTheBias(Epilogue epilogue) {
    for (DType type : List.of(DType.F32, DType.F64, DType.BF16)) {
      Tensor x = random(type, 1, 3, 17, 40);
      Tensor w = random(type, 2, 40, 70);
      for (long[] shape : new long[][] {{}, {1}, {70}, {17, 1}, {17, 70}, {3, 1, 1}, {3, 17, 70}}) {
        Tensor bias = random(type, 3, shape);
        Tensor want =
            expected(
                epilogue, Einsum.einsum("bnd,dk->bnk", x.to(DType.F64), w.to(DType.F64)), bias);
        Tensor got = Einsum.einsum("bnd,dk->bnk", with(epilogue), tensors(epilogue, bias, x, w));
        assertEquals(type, got.dtype());
        assertClose(want, got, 40);
        // Into any strides, with factors.
        Tensor out = Tensor.zeros(type, 70, 17, 3).permute(2, 1, 0);
        Einsum.einsumInto(out, 2, 0, "bnd,dk->bnk", with(epilogue), tensors(epilogue, bias, x, w));
        Tensor twice =
            TensorMath.scale(2, Einsum.einsum("bnd,dk->bnk", x.to(DType.F64), w.to(DType.F64)));
        assertClose(expected(epilogue, twice, bias), out, 80);
      }
    }
  }

  @Test
  void theOutputIsAddedBeforeTheFunction() {
    Tensor x = random(DType.F32, 1, 4, 5);
    Tensor w = random(DType.F32, 2, 5, 6);
    Tensor bias = random(DType.F32, 3, 6);
    EinsumPlan plan = Einsum.plan("nd,dk->nk", with(Epilogue.RELU_BIAS), x, w);
    for (double alpha : new double[] {0, 1, -0.5}) {
      Tensor out = random(DType.F32, 4, 4, 6);
      Tensor sum = out.copy();
      Einsum.einsumInto(sum, alpha, 0.25, "nd,dk->nk", x, w);
      plan.runInto(out, alpha, 0.25, x, w, bias);
      assertClose(TensorMath.relu(TensorMath.add(sum, bias)), out, 5);
    }
  }

  @Test
  void slicesLimitsKernelsAndThreeOperandsHaveItToo() {
    Tensor a = random(DType.F32, 1, 30, 40);
    Tensor b = random(DType.F32, 2, 40, 50);
    Tensor c = random(DType.F32, 3, 50, 20);
    Tensor bias = random(DType.F32, 4, 20);
    Tensor want = TensorMath.tanh(TensorMath.add(Einsum.einsum("ab,bc,cd->ad", a, b, c), bias));
    PlanOptions plain = with(Epilogue.TANH_BIAS);
    for (PlanOptions options :
        List.of(
            plain,
            plain.withSlices(4),
            plain.withMemoryLimit(40_000),
            plain.withKernel("loops"),
            plain.withBatchInvariance(true),
            plain.withThreads(3))) {
      assertClose(want, Einsum.einsum("ab,bc,cd->ad", options, a, b, c, bias), 2000);
    }
    Tensor x = random(DType.F32, 5, 7);
    Tensor got = Einsum.einsum("i,i,i->i", with(Epilogue.GELU), x, x, x);
    assertClose(TensorMath.gelu(Einsum.einsum("i,i,i->i", x, x, x)), got, 1);
    Tensor one = Einsum.einsum("ab->ba", with(Epilogue.BIAS), a, random(DType.F32, 4, 30));
    assertClose(TensorMath.add(a.permute(1, 0), random(DType.F32, 4, 30)), one, 1);
  }

  @Test
  void nothingSummedAndEmptyResults() {
    Tensor none =
        Einsum.einsum(
            "ij,jk->ik",
            with(Epilogue.SIGMOID_BIAS),
            Tensor.zeros(DType.F64, 2, 0),
            Tensor.zeros(DType.F64, 0, 3),
            Tensor.zeros(DType.F64, 3));
    assertTrue(TensorMath.allClose(none, TensorMath.scale(0.5, Tensor.ones(DType.F64, 2, 3))));
    Tensor empty =
        Einsum.einsum(
            "ij,jk->ik",
            with(Epilogue.GELU),
            Tensor.zeros(DType.F64, 0, 4),
            Tensor.zeros(DType.F64, 4, 3));
    assertEquals(0, empty.size());
  }

  @Test
  void boundPlansBatchesAndSavedPlans() {
    Tensor w = random(DType.F32, 2, 64, 48);
    Tensor bias = random(DType.F32, 3, 48);
    EinsumPlan plan =
        Einsum.plan(
            "nd,dk->nk",
            with(Epilogue.GELU_BIAS),
            DType.F32,
            new long[] {8, 64},
            new long[] {64, 48});
    Tensor x = random(DType.F32, 1, 8, 64);
    Tensor want = TensorMath.gelu(TensorMath.add(Einsum.einsum("nd,dk->nk", x, w), bias));
    try (BoundPlan layer = plan.bind(null, w, bias)) {
      assertEquals(1, layer.operandCount());
      assertClose(want, layer.run(x), 64);
    }
    try (BoundPlan layer = plan.bind(null, w, null)) {
      assertEquals(2, layer.operandCount());
      assertClose(want, layer.run(x, bias), 64);
      Tensor out = Tensor.zeros(DType.F32, 8, 48);
      layer.runInto(out, x, bias);
      assertClose(want, out, 64);
    }
    Tensor other = random(DType.F32, 9, 48);
    Tensor both = plan.runBatch(List.of(new Tensor[] {x, w, bias}, new Tensor[] {x, w, other}));
    assertClose(want, both.select(0, 0), 64);
    assertClose(
        TensorMath.gelu(TensorMath.add(Einsum.einsum("nd,dk->nk", x, w), other)),
        both.select(0, 1),
        64);
    EinsumPlan again = EinsumPlan.fromJson(plan.toJson());
    assertEquals(plan, again);
    assertNotEquals(plan, Einsum.plan("nd,dk->nk", x, w));
    assertClose(want, again.run(x, w, bias), 64);
    assertTrue(
        plan.explain().contains("GELU_BIAS, while the result lies in cache"), plan.explain());
    assertTrue(plan.profile(x, w, bias).text().contains("GELU_BIAS"));
    assertTrue(plan.report().json().contains("GELU_BIAS"));
    assertFalse(Einsum.plan("nd,dk->nk", x, w).explain().contains("epilogue"));
  }

  @Test
  void sameBitsForAnyThreads() {
    Tensor x = random(DType.F32, 1, 300, 200);
    Tensor w = random(DType.F32, 2, 200, 500);
    Tensor bias = random(DType.F32, 3, 500);
    Tensor one = Einsum.einsum("nd,dk->nk", with(Epilogue.GELU_BIAS).withThreads(1), x, w, bias);
    for (int threads : new int[] {2, 3, 7}) {
      Tensor more =
          Einsum.einsum("nd,dk->nk", with(Epilogue.GELU_BIAS).withThreads(threads), x, w, bias);
      assertTrue(TensorMath.contentEquals(one, more));
    }
  }

  private static void refuses(Class<? extends Exception> kind, String text, Runnable run) {
    String said = assertThrows(kind, run::run).getMessage();
    assertTrue(said.contains(text), said);
  }

  @Test
  void wrongBiasesAndTypesAreRefused() {
    Tensor x = random(DType.F32, 1, 4, 5);
    Tensor w = random(DType.F32, 2, 5, 6);
    Tensor bias = random(DType.F32, 3, 6);
    PlanOptions options = with(Epilogue.BIAS);
    EinsumPlan plan = Einsum.plan("nd,dk->nk", options, x, w);
    Class<IllegalArgumentException> wrong = IllegalArgumentException.class;
    refuses(wrong, "2 operands and a bias, got 2 tensors", () -> plan.run(x, w));
    refuses(
        wrong,
        "takes 2 operands and a bias, got 2",
        () -> Einsum.einsum("nd,dk->nk", options, x, w));
    refuses(
        wrong,
        "must broadcast to shape=[4, 6], dtype=F32, got",
        () -> plan.run(x, w, random(DType.F32, 3, 5)));
    refuses(wrong, "must broadcast", () -> plan.run(x, w, random(DType.F32, 3, 1, 4, 6)));
    refuses(wrong, "must broadcast", () -> plan.run(x, w, random(DType.F64, 3, 6)));
    refuses(
        NullPointerException.class,
        "the bias, behind the operands, is null",
        () -> plan.run(x, w, null));
    Tensor closed = random(DType.F32, 3, 6);
    closed.close();
    refuses(IllegalStateException.class, "the bias is closed", () -> plan.run(x, w, closed));
    Tensor out = Tensor.zeros(DType.F32, 4, 6);
    refuses(
        wrong,
        "the output shares elements with the bias",
        () -> plan.runInto(out, x, w, out.select(0, 1)));
    refuses(wrong, "behind the output", () -> plan.runInto(x, w, bias));
    UnsupportedOperationException none = new UnsupportedOperationException();
    refuses(none.getClass(), "gradients are of the contraction alone", () -> plan.gradient(0));
    refuses(none.getClass(), "of the contraction alone", () -> plan.gradients(out, x, w, bias));
    refuses(none.getClass(), "slices are of the contraction alone", plan::slices);
    refuses(
        none.getClass(),
        "slices are of the contraction alone",
        () -> plan.runSlices(0, 1, out, x, w, bias));
    refuses(
        none.getClass(),
        "the contraction alone is verified",
        () -> plan.verify(new Tensor[] {x, w, bias}, out));
    refuses(
        wrong,
        "is of results of F32, F64, BF16 or F16, got I32",
        () ->
            Einsum.einsum(
                "i,i->i",
                with(Epilogue.RELU),
                Tensor.ones(DType.I32, 2),
                Tensor.ones(DType.I32, 2)));
    refuses(
        wrong,
        "got C64",
        () -> Einsum.einsum("i->i", with(Epilogue.RELU), Tensor.ones(DType.C64, 2)));
    refuses(
        wrong,
        "the bias of the epilogue BIAS has none",
        () -> Einsum.einsum(new int[] {0}, options, Sublist.of(bias, 0), Sublist.of(bias, 0)));
    assertThrows(NullPointerException.class, () -> PlanOptions.DEFAULT.withEpilogue(null));
    // Nothing was written by any of them.
    assertTrue(TensorMath.contentEquals(out, Tensor.zeros(DType.F32, 4, 6)));
  }
}
