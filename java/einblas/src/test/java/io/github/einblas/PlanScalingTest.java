// Plans: alpha and beta, 0 among them, by every way to run a plan.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.einblas.reference.RandomEquation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlanScalingTest {
  private static final double[] FACTORS = {0, 1, -2};

  private static Tensor tensor(double[] data, long[] shape) {
    return shape.length == 0 ? Tensor.scalar(DType.F64, data[0]) : Tensor.of(data, shape);
  }

  private static double[] values(Tensor t) {
    try (Tensor own = t.copy()) {
      return own.toDoubleArray();
    }
  }

  /** What is right: beta = 0 reads nothing of an output full of NaN. */
  private static double[] scaled(double[] plain, double alpha, double beta) {
    return Arrays.stream(plain)
        .map(v -> (alpha == 0 ? 0 : alpha * v) + (beta == 0 ? 0 : 3 * beta))
        .toArray();
  }

  private static double before(double beta) {
    return beta == 0 ? Double.NaN : 3;
  }

  /** A plan, its operands, and what it gives by definition. */
  private static void check(EinsumPlan plan, Tensor[] in, double[] plain, String what) {
    assertArrayEquals(plain, values(plan.run(in)), 1e-300, what + " run");
    for (double alpha : FACTORS) {
      for (double beta : FACTORS) {
        String which = what + " alpha " + alpha + " beta " + beta;
        double[] expected = scaled(plain, alpha, beta);
        try (Tensor out = Tensor.full(DType.F64, before(beta), plan.outputShape())) {
          plan.runInto(out, alpha, beta, in);
          assertArrayEquals(expected, values(out), 1e-300, which + " runInto");
          if (in.length == 2) {
            out.fill(before(beta));
            plan.runInto(out, alpha, beta, in[0], in[1]);
            assertArrayEquals(expected, values(out), 1e-300, which + " runInto of two");
          }
        }
        batch(plan, in, expected, alpha, beta, which);
        bound(plan, in, expected, alpha, beta, which);
      }
    }
  }

  private static void batch(
      EinsumPlan plan, Tensor[] in, double[] expected, double alpha, double beta, String which) {
    long[] one = plan.outputShape();
    long[] shape = new long[one.length + 1];
    shape[0] = 3;
    System.arraycopy(one, 0, shape, 1, one.length);
    try (Tensor out = Tensor.full(DType.F64, before(beta), shape)) {
      plan.runBatchInto(out, alpha, beta, List.of(in, in, in));
      for (int s = 0; s < 3; s++) {
        assertArrayEquals(expected, values(out.select(0, s)), 1e-300, which + " runBatchInto");
      }
    }
  }

  /** Each operand constant, and all of them; also the plan behind a bound one. */
  private static void bound(
      EinsumPlan plan, Tensor[] in, double[] expected, double alpha, double beta, String which) {
    for (int fixed = 0; fixed <= in.length; fixed++) {
      Tensor[] constants = new Tensor[in.length];
      List<Tensor> given = new ArrayList<>();
      for (int i = 0; i < in.length; i++) {
        constants[i] = i == fixed || fixed == in.length ? in[i] : null;
        if (constants[i] == null) {
          given.add(in[i]);
        }
      }
      try (BoundPlan bound = plan.bind(constants);
          Tensor out = Tensor.full(DType.F64, before(beta), plan.outputShape())) {
        bound.runInto(out, alpha, beta, given.toArray(Tensor[]::new));
        assertArrayEquals(expected, values(out), 1e-300, which + " bound " + fixed);
        out.fill(before(beta));
        EinsumPlan.of(bound).runInto(out, alpha, beta, in);
        assertArrayEquals(expected, values(out), 1e-300, which + " behind bound " + fixed);
        batch(EinsumPlan.of(bound), in, expected, alpha, beta, which + " behind bound " + fixed);
      }
    }
  }

  private static void slices(EinsumPlan plan, Tensor[] in, double[] plain, String what) {
    try (Tensor sum = Tensor.zeros(DType.F64, plan.outputShape())) {
      plan.slices().forEach(slice -> slice.addTo(sum, in));
      assertArrayEquals(plain, values(sum), 1e-300, what + " slices");
    }
  }

  @Test
  void alphaZeroOfABatchOfSeveralSteps() {
    try (Tensor s = Tensor.scalar(DType.F64, 2);
        Tensor m = Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3);
        Tensor out = Tensor.full(DType.F64, 5, 4)) {
      EinsumPlan plan = Einsum.plan(",ij->", s, m);
      Tensor[] set = {s, m};
      plan.runBatchInto(out, 0, 2, List.of(set, set, set, set));
      assertArrayEquals(new double[] {10, 10, 10, 10}, out.toDoubleArray());
      plan.runBatchInto(out, 0, 0, List.of(set, set, set, set));
      assertArrayEquals(new double[4], out.toDoubleArray());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void everyWayToRun(int operands) {
    Random random = new Random(31 + operands);
    for (int e = 0; e < 25; e++) {
      RandomEquation equation = new RandomEquation(random, operands);
      double[] plain = equation.evaluate(equation.data);
      Tensor[] in = new Tensor[operands];
      Arrays.setAll(in, i -> tensor(equation.data[i], equation.shapes[i]));
      EinsumPlan plan = Einsum.plan(equation.text, DType.F64, equation.shapes);
      check(plan, in, plain, equation.toString());
      slices(plan, in, plain, equation.toString());
      try (Tensor upstream = Tensor.full(DType.F64, 2, plan.outputShape())) {
        Tensor[] all = plan.gradients(upstream, in).list().toArray(Tensor[]::new);
        for (int i = 0; i < operands; i++) {
          Tensor[] given = new Tensor[operands];
          given[0] = upstream;
          System.arraycopy(in, 0, given, 1, i);
          System.arraycopy(in, i + 1, given, i + 1, operands - 1 - i);
          String what = equation + " gradient " + i;
          check(plan.gradient(i), given, values(all[i]), what);
        }
      }
    }
  }
}
