// Named operations over all types; larger products of them: right, and the same bits for any number
// of threads.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.Numbers;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.BinaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TypedOpsTest {
  private static Map<String, BinaryOperator<Tensor>> operations() {
    Map<String, BinaryOperator<Tensor>> all = new LinkedHashMap<>();
    all.put("matmul", TensorOps::matmul);
    all.put("batchedDot", TensorOps::batchedDot);
    all.put("tensordot", (a, b) -> TensorOps.tensordot(a, b, 1));
    all.put("outer", TensorOps::outer);
    all.put("hadamardOuter", TensorOps::hadamardOuter);
    all.put("kron", TensorOps::kron);
    all.put("khatriRao", TensorOps::khatriRao);
    all.put("faceSplitting", TensorOps::faceSplitting);
    return all;
  }

  /** Zeros and ones, of which sums stay within I8. */
  private static Tensor bits(long seed, DType type) {
    Random random = new Random(seed);
    Numbers n = new Numbers(type, 9);
    for (int i = 0; i < 9; i++) {
      n.whole[i] = random.nextInt(2);
      n.re[i] = n.whole[i];
    }
    return TypedTensors.of(n, 3, 3);
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void everyOperation(DType type) {
    for (DType other : DType.values()) {
      operations().forEach((name, operation) -> check(name, operation, type, other));
    }
  }

  private static void check(
      String name, BinaryOperator<Tensor> operation, DType type, DType other) {
    DType promoted = DType.promote(type, other);
    try (Tensor a = bits(1, type);
        Tensor b = bits(2, other);
        Tensor x = bits(1, DType.F64);
        Tensor y = bits(2, DType.F64);
        Tensor got = operation.apply(a, b);
        Tensor wide = operation.apply(x, y);
        Tensor expected = wide.to(promoted)) {
      String what = name + " of " + type + " and " + other;
      assertArrayEquals(wide.shape(), got.shape(), what);
      TypedTensors.check(TypedTensors.numbers(expected), got, what);
    }
  }

  private static Tensor random(Random random, DType type, long... shape) {
    Numbers n = new Numbers(type, (int) (shape[0] * shape[1] * shape[2]));
    for (int i = 0; i < n.re.length; i++) {
      n.whole[i] = type.isBool() ? random.nextInt(2) : random.nextInt(7);
      n.re[i] = type.isReal() || type.isComplex() ? random.nextGaussian() : n.whole[i];
      n.im[i] = type.isComplex() ? random.nextGaussian() : 0;
    }
    return TypedTensors.of(n, shape);
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void sameBitsForAnyNumberOfThreads(DType type) {
    Random random = new Random(type.ordinal());
    DType other = DType.values()[random.nextInt(DType.values().length)];
    for (String equation : new String[] {"bij,bjk->bik", "bij,bjk->ik", "bij,bjk->bkji"}) {
      try (Tensor a = random(random, type, 3, 37, 70);
          Tensor b = random(random, other, 3, 70, 45)) {
        double[] first = null;
        for (int threads = 1; threads <= 3; threads++) {
          EinsumPlan plan = Einsum.plan(equation, PlanOptions.DEFAULT.withThreads(threads), a, b);
          String what = equation + " of " + type + " and " + other + ", " + threads + " threads";
          try (Tensor got = plan.run(a, b)) {
            Numbers n = TypedTensors.numbers(got);
            assertArrayEquals(first == null ? n.re : first, n.re, what);
            first = n.re;
            Verification v = plan.verify(new Tensor[] {a, b}, got, threads);
            assertTrue(v.passed(), () -> what + ": " + v);
          }
        }
      }
    }
  }

  /** Sums of 70 products of any sign, against F64 and with the bound of one rounding. */
  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void halvesAreTheRoundedSumOfF32(DType type) {
    Random random = new Random(7);
    try (Tensor a = random(random, type, 2, 30, 70);
        Tensor b = random(random, type, 2, 70, 20);
        Tensor x = a.to(DType.F32);
        Tensor y = b.to(DType.F32);
        Tensor got = Einsum.einsum("bij,bjk->bik", a, b);
        Tensor wide = Einsum.einsum("bij,bjk->bik", x, y);
        Tensor rounded = wide.to(type)) {
      double[] e = rounded.toDoubleArray();
      double[] w = wide.toDoubleArray();
      double[] g = got.toDoubleArray();
      int same = 0;
      double unit = type == DType.BF16 ? 0x1p-8 : 0x1p-11;
      for (int i = 0; i < g.length; i++) {
        same += g[i] == e[i] ? 1 : 0;
        // Another order of summation may round to the neighbour, seldom.
        assertEquals(w[i], g[i], unit * Math.abs(w[i]) + 70 * 0x1p-24 * 70, type + " " + i);
      }
      assertTrue(same > 0.99 * g.length, same + " of " + g.length);
    }
  }
}
