// Gradients of plans beside numeric differences, which are exact here: the result is linear in each
// operand, and the data are small whole numbers.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.tensor.Views;
import io.github.einblas.reference.RandomEquation;
import io.github.einblas.reference.Seeds;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanGradientTest {
  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  /** L(x + e) - L(x) for each element of operand i, L being the product of result and upstream. */
  private static double[] differences(RandomEquation r, int i, double[] upstream) {
    double before = dot(r.evaluate(r.data), upstream);
    double[] result = new double[r.data[i].length];
    for (int e = 0; e < result.length; e++) {
      double[][] moved = r.data.clone();
      moved[i] = r.data[i].clone();
      moved[i][e] += 1;
      result[e] = dot(r.evaluate(moved), upstream) - before;
    }
    return result;
  }

  private static Tensor[] tensors(RandomEquation r) {
    Tensor[] in = new Tensor[r.data.length];
    Arrays.setAll(in, i -> Tensor.of(r.data[i]).reshape(r.shapes[i]));
    return in;
  }

  private static Tensor[] without(Tensor[] in, int i, Tensor first) {
    Tensor[] rest = new Tensor[in.length];
    rest[0] = first;
    for (int j = 0, n = 1; j < in.length; j++) {
      if (j != i) {
        rest[n++] = in[j];
      }
    }
    return rest;
  }

  @Test
  void randomEquations() {
    for (long seed : Seeds.upTo(300)) {
      Random random = new Random(seed);
      RandomEquation r = new RandomEquation(random, 1 + random.nextInt(4));
      Tensor[] in = tensors(r);
      EinsumPlan plan = Einsum.plan(r.text, PlanOptions.DEFAULT, in);
      double[] up =
          random.doubles(Views.size(plan.outputShape())).map(v -> Math.floor(5 * v) - 2).toArray();
      Tensor upstream = Tensor.of(up).reshape(plan.outputShape());
      Tensor[] all = plan.gradients(upstream, in).list().toArray(Tensor[]::new);
      assertEquals(in.length, all.length);
      for (int i = 0; i < in.length; i++) {
        String what = "seed " + seed + ", operand " + i + ": " + r;
        double[] expected = differences(r, i, up);
        EinsumPlan gradient = plan.gradient(i);
        assertArrayEquals(r.shapes[i], gradient.outputShape(), what);
        Tensor[] rest = without(in, i, upstream);
        try (Tensor got = gradient.run(rest)) {
          assertArrayEquals(expected, got.toDoubleArray(), 1e-300, what);
          gradient.runInto(got, 2, 3, rest);
          assertArrayEquals(
              Arrays.stream(expected).map(v -> 5 * v).toArray(), got.toDoubleArray(), 1e-300, what);
        }
        assertArrayEquals(r.shapes[i], all[i].shape(), what);
        assertArrayEquals(expected, all[i].toDoubleArray(), 1e-300, what);
        all[i].close();
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ii->i        | 3x3",
        "iij->j       | 3x3x2",
        "iii,i->      | 2x2x2;2",
        "ij->         | 2x3",
        "ij,jk->i     | 2x3;1x4",
        "...i,ij->...j | 2x1x3;3x2",
        "ij,kj->ik    | 4x1;3x5",
        ",ij->ij      | ;2x2",
      })
  void namedCases(String equation, String shapes) {
    Random random = new Random(7);
    Tensor[] in =
        Arrays.stream(shapes.trim().split(";"))
            .map(s -> s.isEmpty() ? new long[0] : shape(s))
            .map(
                s ->
                    Tensor.of(random.ints(Views.size(s), -2, 3).asDoubleStream().toArray())
                        .reshape(s))
            .toArray(Tensor[]::new);
    EinsumPlan plan = Einsum.plan(equation.trim(), in);
    Tensor upstream =
        Tensor.of(random.ints(Views.size(plan.outputShape()), -2, 3).asDoubleStream().toArray())
            .reshape(plan.outputShape());
    Tensor[] all = plan.gradients(upstream, in).list().toArray(Tensor[]::new);
    for (int i = 0; i < in.length; i++) {
      double[] numeric = new double[(int) in[i].size()];
      double before = dot(plan.run(in).toDoubleArray(), upstream.toDoubleArray());
      for (int e = 0; e < numeric.length; e++) {
        double[] moved = in[i].toDoubleArray();
        moved[e] += 1;
        Tensor[] other = in.clone();
        other[i] = Tensor.of(moved).reshape(in[i].shape());
        numeric[e] = dot(plan.run(other).toDoubleArray(), upstream.toDoubleArray()) - before;
      }
      assertArrayEquals(numeric, all[i].toDoubleArray(), 1e-300);
      assertArrayEquals(
          numeric, plan.gradient(i).run(without(in, i, upstream)).toDoubleArray(), 1e-300);
    }
  }

  private static long[] shape(String text) {
    return Arrays.stream(text.split("x")).mapToLong(Long::parseLong).toArray();
  }

  @Test
  void intoViewsAndUnderALimit() {
    Random random = new Random(9);
    Tensor a = Tensor.of(random.ints(20 * 20, -2, 3).asDoubleStream().toArray(), 20, 20);
    Tensor b = Tensor.of(random.ints(20 * 30, -2, 3).asDoubleStream().toArray(), 20, 30);
    Tensor up = Tensor.of(random.ints(30, -2, 3).asDoubleStream().toArray(), 30);
    EinsumPlan plan = Einsum.plan("ii,ij->j", a, b);
    double[] expected = plan.gradient(0).run(up, b).toDoubleArray();
    try (Tensor room = Tensor.full(DType.F64, 5, 40, 20)) {
      Tensor out = room.slice(0, 0, 40, 2).flip(0).transpose();
      plan.gradient(0).runInto(out, up, b);
      assertArrayEquals(expected, out.copy().toDoubleArray(), 1e-300);
      assertEquals(5, room.select(0, 1).copy().toDoubleArray()[3]);
    }
    long least = plan.gradient(0).peakBytes();
    EinsumPlan limited =
        Einsum.plan("ii,ij->j", PlanOptions.DEFAULT.withMemoryLimit(least), a, b).gradient(0);
    assertArrayEquals(expected, limited.run(up, b).toDoubleArray(), 1e-300);
  }

  /** Each refusal names a larger limit, until one does, whichever operands lie backwards. */
  @Test
  void limitsThatAreNamedLeadToOneThatDoes() {
    long[][] shapes = {{4, 1, 4, 3, 1}, {1}, {1, 5, 5, 4}, {1, 5}, {3, 3, 5}};
    PlanOptions options =
        PlanOptions.DEFAULT
            .withThreads(1)
            .withStrategy(PlanOptions.Strategy.LEFT_TO_RIGHT)
            .withPath(new int[][] {{1, 0}, {4, 3}, {6, 2}, {7, 5}});
    for (int backwards = 0; backwards < 1 << shapes.length; backwards++) {
      Tensor[] in = new Tensor[shapes.length];
      for (int i = 0; i < in.length; i++) {
        int rank = shapes[i].length;
        int[] back = IntStream.range(0, rank).map(d -> rank - 1 - d).toArray();
        Tensor plain = Tensor.ones(DType.F32, shapes[i]);
        in[i] = (backwards >> i & 1) == 0 ? plain : plain.permute(back).copy().permute(back);
      }
      Tensor up = Tensor.ones(DType.F32, 1);
      long limit = 1;
      for (boolean done = false; !done; ) {
        try {
          PlanOptions limited = options.withMemoryLimit(limit);
          for (Tensor g : Einsum.plan("dadba,b,accd,dc,bbc->a", limited, in).gradients(up, in)) {
            g.close();
          }
          done = true;
        } catch (MemoryLimitException e) {
          String text = "backwards " + backwards + ", limit " + limit + ": " + e.getMessage();
          assertTrue(e.neededBytes() > limit, text);
          limit = e.neededBytes();
        }
      }
    }
  }

  @Test
  void refusals() {
    EinsumPlan plan = Einsum.plan("ij,jk->ik", DType.F64, new long[] {2, 3}, new long[] {3, 4});
    assertThrows(IndexOutOfBoundsException.class, () -> plan.gradient(2));
    assertThrows(IndexOutOfBoundsException.class, () -> plan.gradient(-1));
    Tensor a = Tensor.zeros(DType.F64, 2, 3);
    Tensor b = Tensor.zeros(DType.F64, 3, 4);
    assertThrows(IllegalArgumentException.class, () -> plan.gradients(a, a, b));
    assertThrows(IllegalArgumentException.class, () -> plan.gradient(0).run(a, b));
  }

  @Test
  void nothingNativeIsLeftBehind() {
    Tensor[] in = new Tensor[5];
    Arrays.setAll(in, i -> Tensor.ones(DType.F64, 6, 6));
    EinsumPlan plan = Einsum.plan("ab,bc,cd,de,ea->ac", PlanOptions.DEFAULT, in);
    try (Tensor up = Tensor.ones(DType.F64, 6, 6)) {
      long before = Einblas.nativeBytesInUse();
      for (Tensor t : plan.gradients(up, in)) {
        t.close();
      }
      assertTrue(Einblas.nativeBytesInUse() <= before, "native memory leaked");
    }
  }

  @Test
  void gradientsAreIndexedIteratedAndClosedTogether() {
    try (Tensor a = Tensor.full(DType.F64, 2, 3, 4);
        Tensor b = Tensor.full(DType.F64, 5, 4, 2);
        Tensor up = Tensor.ones(DType.F64, 3, 2)) {
      Gradients kept;
      try (Gradients d = Einsum.plan("ij,jk->ik", a, b).gradients(up, a, b)) {
        kept = d;
        assertEquals(2, d.size());
        assertEquals(10, d.get(0).get(2, 3));
        assertEquals(6, d.get(1).get(3, 1));
        int i = 0;
        for (Tensor one : d) {
          assertSame(d.get(i), one);
          assertSame(d.list().get(i++), one);
        }
        assertEquals(2, i);
        for (int wrong : new int[] {-1, 2}) {
          String text =
              assertThrows(IndexOutOfBoundsException.class, () -> d.get(wrong)).getMessage();
          assertEquals("gradients are numbered 0 to 1, got " + wrong, text);
        }
        assertThrows(UnsupportedOperationException.class, () -> d.list().remove(0));
      }
      assertTrue(kept.list().stream().allMatch(Tensor::isClosed));
      kept.close();
    }
  }
}
