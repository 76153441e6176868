// Properties on native memory: random equations on random views give what the definition gives, and
// the number of
// threads changes no bit.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.equation.Equation;
import io.github.einblas.reference.NaiveEinsum;
import io.github.einblas.reference.RandomEquation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

class EinsumPropertyTest {
  private static final double GUARD = 7.25;

  /** A view of random layout into a larger buffer full of guards. */
  private record Placed(Tensor buffer, Tensor view) {
    static Placed random(Random random, DType dtype, long[] shape) {
      int rank = shape.length;
      int[] order = permutation(random, rank);
      long[] padded = new long[rank];
      long[] step = new long[rank];
      for (int d = 0; d < rank; d++) {
        step[d] = random.nextInt(4) == 0 ? 2 : 1;
        padded[order[d]] = shape[d] * step[d] + 2;
      }
      Tensor buffer = Tensor.full(dtype, GUARD, padded);
      Tensor view = buffer.permute(order);
      for (int d = 0; d < rank; d++) {
        view = view.slice(d, 1, 1 + shape[d] * step[d], step[d]);
        view = random.nextInt(3) == 0 ? view.flip(d) : view;
      }
      return new Placed(buffer, view);
    }
  }

  private static int[] permutation(Random random, int rank) {
    List<Integer> order = IntStream.range(0, rank).boxed().collect(Collectors.toList());
    if (random.nextBoolean()) {
      Collections.shuffle(order, random);
    }
    return order.stream().mapToInt(Integer::intValue).toArray();
  }

  private static double[] values(Tensor t) {
    try (Tensor wide = t.to(DType.F64)) {
      return wide.toDoubleArray();
    }
  }

  private static Tensor tensor(DType dtype, double[] data, long[] shape) {
    try (Tensor wide =
        shape.length == 0 ? Tensor.scalar(DType.F64, data[0]) : Tensor.of(data, shape)) {
      return wide.to(dtype);
    }
  }

  /** An operand of random layout; sometimes all elements along an axis are one (stride 0). */
  private static Tensor operand(
      Random random, DType dtype, double[] data, long[] shape, List<Tensor> owned) {
    Placed placed = Placed.random(random, dtype, shape);
    owned.add(placed.buffer);
    try (Tensor source = tensor(dtype, data, shape)) {
      placed.view.copyFrom(source);
    }
    int axis = shape.length == 0 ? 0 : random.nextInt(shape.length);
    if (shape.length > 0 && shape[axis] > 1 && random.nextInt(6) == 0) {
      return placed.view.select(axis, 0).unsqueeze(axis).broadcastTo(shape);
    }
    return placed.view;
  }

  @Property(tries = 1500, seed = "20261121", shrinking = ShrinkingMode.OFF)
  void randomEquationsOnRandomViews(@ForAll long seed) {
    Random random = new Random(seed);
    RandomEquation r = new RandomEquation(random, 1 + random.nextInt(6));
    DType dtype = random.nextBoolean() ? DType.F32 : DType.F64;
    List<Tensor> owned = new ArrayList<>();
    try {
      Tensor[] operands = new Tensor[r.shapes.length];
      for (int i = 0; i < operands.length; i++) {
        operands[i] = operand(random, dtype, r.data[i], r.shapes[i], owned);
      }
      // Whole numbers below 2^24 all along: exact in F32, whatever the order of summation.
      double[] expected =
          r.evaluate(
              Arrays.stream(operands).map(EinsumPropertyTest::values).toArray(double[][]::new));
      PlanOptions options = PlanOptions.DEFAULT.withThreads(random.nextInt(4));
      EinsumPlan plan = Einsum.plan(r.text, options, operands);
      Tensor fresh = plan.run(operands);
      owned.add(fresh);
      String what = "seed " + seed + ": " + r + " " + dtype;
      assertArrayEquals(expected, values(fresh), 1e-300, what);

      Placed out = Placed.random(random, dtype, plan.outputShape());
      owned.add(out.buffer);
      double alpha = random.nextInt(5) / 2.0 - 1;
      double beta = random.nextInt(3) - 1;
      out.view.fill(beta == 0 ? Double.NaN : 3);
      plan.runInto(out.view, alpha, beta, operands);
      double[] scaled =
          Arrays.stream(expected).map(v -> alpha * v + (beta == 0 ? 0 : 3 * beta)).toArray();
      assertArrayEquals(scaled, values(out.view), 1e-300, what);
      out.view.fill(GUARD);
      assertTrue(
          Arrays.stream(values(out.buffer)).allMatch(v -> v == GUARD),
          () -> what + ": written outside the output");
    } finally {
      owned.forEach(Tensor::close);
    }
  }

  /** A pair of operands with batch, free and summed labels in random order, some 10^5 products. */
  private static final class Product {
    final String text;
    final long[][] shapes = new long[2][];

    Product(Random random) {
      String[] terms = {"", "", ""};
      double budget = 3e5;
      // In which of a, b and the output a label of each kind stands.
      int[] kinds = {7, 5, 6, 3, 5, 6, 3, 7};
      long[] lengths = new long[kinds.length];
      int labels = 2 + random.nextInt(5);
      for (int l = 0; l < labels; l++) {
        int kind = kinds[random.nextInt(kinds.length)];
        double most = Math.max(1, Math.min(70, budget));
        lengths[l] = 1 + (long) (random.nextDouble() * most);
        budget /= lengths[l];
        for (int t = 0; t < 3; t++) {
          if ((kind >> t & 1) != 0) {
            int at = random.nextInt(terms[t].length() + 1);
            terms[t] = terms[t].substring(0, at) + (char) ('a' + l) + terms[t].substring(at);
          }
        }
      }
      text = terms[0] + "," + terms[1] + "->" + terms[2];
      for (int t = 0; t < 2; t++) {
        shapes[t] = terms[t].chars().mapToLong(c -> lengths[c - 'a']).toArray();
      }
    }

    double[] evaluate(double[]... data) {
      Equation e = Equation.parse(text, new int[] {shapes[0].length, shapes[1].length});
      return NaiveEinsum.evaluate(
          new int[][] {e.operand(0), e.operand(1)}, e.output(), shapes, data);
    }
  }

  @Property(tries = 200, seed = "20261121", shrinking = ShrinkingMode.OFF)
  void threadsChangeNoBit(@ForAll long seed) {
    Random random = new Random(seed);
    Product p = new Product(random);
    DType dtype = random.nextBoolean() ? DType.F32 : DType.F64;
    List<Tensor> owned = new ArrayList<>();
    try {
      Tensor[] in = new Tensor[2];
      for (int i = 0; i < 2; i++) {
        int size = (int) Arrays.stream(p.shapes[i]).reduce(1, (x, y) -> x * y);
        double[] data = random.doubles(size, -1, 1).toArray();
        in[i] = operand(random, dtype, data, p.shapes[i], owned);
      }
      String what = "seed " + seed + ": " + p.text + Arrays.deepToString(p.shapes) + dtype;
      double[] first = null;
      for (int threads : new int[] {1, 2, 3, 7}) {
        PlanOptions options = PlanOptions.DEFAULT.withThreads(threads);
        Tensor out = Einsum.plan(p.text, options, in).run(in);
        owned.add(out);
        double[] got = values(out);
        if (first == null) {
          first = got;
          checkAgainstDefinition(p, dtype, values(in[0]), values(in[1]), got, what);
        }
        assertArrayEquals(first, got, what + " with " + threads + " threads");
      }
    } finally {
      owned.forEach(Tensor::close);
    }
  }

  /** |got - expected| <= eps * (K + 4) * sum of |terms|, K terms: any order of summation passes. */
  private static void checkAgainstDefinition(
      Product p, DType dtype, double[] a, double[] b, double[] got, String what) {
    double[] expected = p.evaluate(a, b);
    double[] sizes =
        p.evaluate(
            Arrays.stream(a).map(Math::abs).toArray(), Arrays.stream(b).map(Math::abs).toArray());
    double[] ones = new double[a.length];
    double[] others = new double[b.length];
    Arrays.fill(ones, 1);
    Arrays.fill(others, 1);
    double[] terms = p.evaluate(ones, others);
    double eps = dtype == DType.F32 ? 0x1p-24 : 0x1p-53;
    for (int i = 0; i < got.length; i++) {
      assertEquals(expected[i], got[i], eps * (terms[i] + 4) * sizes[i], what + " element " + i);
    }
  }
}
