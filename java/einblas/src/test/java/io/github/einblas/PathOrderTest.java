// Given paths: every tree, in every order of its pairs and within them, gives what the definition
// gives.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.einblas.fuzz.Fuzz;
import io.github.einblas.reference.RandomEquation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PathOrderTest {
  private static Tensor tensor(DType dtype, double[] data, long[] shape) {
    try (Tensor wide =
        shape.length == 0 ? Tensor.scalar(DType.F64, data[0]) : Tensor.of(data, shape)) {
      return wide.to(dtype);
    }
  }

  private static double[] values(Tensor t) {
    try (t;
        Tensor wide = t.to(DType.F64)) {
      return wide.toDoubleArray();
    }
  }

  /** All sequences of pairs that contract n operands, each pair in both orders. */
  private static void paths(int n, Consumer<int[][]> each) {
    List<Integer> live = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      live.add(i);
    }
    paths(n, live, new ArrayList<>(), each);
  }

  private static void paths(int n, List<Integer> live, List<int[]> pairs, Consumer<int[][]> each) {
    if (live.size() == 1) {
      each.accept(pairs.toArray(int[][]::new));
      return;
    }
    for (int a : live) {
      for (int b : live) {
        if (a != b) {
          List<Integer> rest = new ArrayList<>(live);
          rest.remove((Integer) a);
          rest.remove((Integer) b);
          rest.add(n + pairs.size());
          pairs.add(new int[] {a, b});
          paths(n, rest, pairs, each);
          pairs.remove(pairs.size() - 1);
        }
      }
    }
  }

  private static int[][] randomPath(Random random, int n) {
    List<Integer> live = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      live.add(i);
    }
    int[][] path = new int[n - 1][];
    for (int i = 0; i < path.length; i++) {
      int a = live.remove(random.nextInt(live.size()));
      int b = live.remove(random.nextInt(live.size()));
      path[i] = new int[] {a, b};
      live.add(n + i);
    }
    return path;
  }

  private static String withPath(String json, int[][] path) {
    JsonObject o = JsonParser.parseString(json).getAsJsonObject();
    JsonArray pairs = new JsonArray();
    for (int[] pair : path) {
      JsonArray row = new JsonArray();
      row.add(pair[0]);
      row.add(pair[1]);
      pairs.add(row);
    }
    o.add("path", pairs);
    return o.toString();
  }

  /** One equation with its operands, run along paths by all ways that take one. */
  private static final class Case implements AutoCloseable {
    final RandomEquation equation;
    final DType dtype;
    final Tensor[] in;
    final double[] expected;
    final String json;

    Case(RandomEquation equation, DType dtype) {
      this.equation = equation;
      this.dtype = dtype;
      this.expected = equation.evaluate(equation.data);
      this.in = new Tensor[equation.shapes.length];
      for (int i = 0; i < in.length; i++) {
        in[i] = tensor(dtype, equation.data[i], equation.shapes[i]);
      }
      this.json = Einsum.plan(equation.text, dtype, equation.shapes).toJson();
    }

    /** Whole numbers below 2^24: exact in F32, whatever the order. */
    void check(int[][] path) {
      String what = equation + " " + dtype + " " + Arrays.deepToString(path);
      PlanOptions options = PlanOptions.DEFAULT.withPath(path);
      EinsumPlan given = Einsum.plan(equation.text, options, dtype, equation.shapes);
      for (EinsumPlan plan : List.of(given, EinsumPlan.fromJson(withPath(json, path)))) {
        assertArrayEquals(expected, values(plan.run(in)), 1e-300, what);
        try (Tensor out = Tensor.full(dtype, 3, plan.outputShape());
            Tensor batch = plan.runBatch(List.of(in, in))) {
          plan.runInto(out, 2, -1, in);
          double[] twice = Arrays.stream(expected).map(v -> 2 * v - 3).toArray();
          assertArrayEquals(twice, values(out.copy()), 1e-300, what);
          assertArrayEquals(expected, values(batch.select(0, 1).copy()), 1e-300, what + " batch");
        }
        assertEquals(path.length, plan.path().length);
      }
    }

    @Override
    public void close() {
      Arrays.stream(in).forEach(Tensor::close);
    }
  }

  @Test
  void aPairGivenTheOtherWayRound() {
    try (Tensor a = Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3);
        Tensor b = Tensor.of(new double[] {1, 0, 2, -1, 0, 3}, 3, 2);
        Tensor x = Tensor.of(new double[] {1, 1, 1, 1}, 4);
        Tensor wide = Tensor.ones(DType.F64, 4, 200_000)) {
      PlanOptions turned = PlanOptions.DEFAULT.withPath(new int[][] {{1, 0}});
      assertArrayEquals(
          new double[] {5, 7, 14, 13}, values(Einsum.plan("ij,jk->ik", turned, a, b).run(a, b)));
      // The second operand read at the first one's address would end far outside of it.
      double[] sums = values(Einsum.plan("i,ij->j", turned, x, wide).run(x, wide));
      assertArrayEquals(DoubleStream.generate(() -> 4).limit(200_000).toArray(), sums);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4})
  void everyTreeInEveryOrder(int operands) {
    Random random = new Random(13 + operands);
    for (int e = 0; e < (operands == 4 ? 12 : 60); e++) {
      DType dtype = e % 2 == 0 ? DType.F64 : DType.F32;
      try (Case c = new Case(new RandomEquation(random, operands), dtype)) {
        paths(operands, c::check);
      }
    }
  }

  @Test
  void randomTreesOfUpToEight() {
    Fuzz.run(
        "paths",
        150,
        seed -> {
          Random random = new Random(seed);
          int operands = 2 + random.nextInt(7);
          DType dtype = random.nextBoolean() ? DType.F64 : DType.F32;
          try (Case c = new Case(new RandomEquation(random, operands), dtype)) {
            for (int p = 0; p < 4; p++) {
              c.check(randomPath(random, operands));
            }
          }
        });
  }

  private static Tensor random(long seed, long... shape) {
    int size = (int) Arrays.stream(shape).reduce(1, (x, y) -> x * y);
    return tensor(DType.F32, new Random(seed).doubles(size, -1, 1).toArray(), shape);
  }

  @Test
  void theOrderWithinAPairChangesNoBit() {
    try (Tensor a = random(1, 40, 50);
        Tensor b = random(2, 50, 60);
        Tensor c = random(3, 60, 30)) {
      double[] first = null;
      for (int order = 0; order < 4; order++) {
        int[][] path = {
          (order & 1) == 0 ? new int[] {1, 2} : new int[] {2, 1},
          (order & 2) == 0 ? new int[] {0, 3} : new int[] {3, 0}
        };
        PlanOptions options = PlanOptions.DEFAULT.withPath(path);
        double[] got = values(Einsum.plan("ij,jk,kl->il", options, a, b, c).run(a, b, c));
        first = first == null ? got : first;
        assertArrayEquals(first, got);
      }
    }
  }
}
