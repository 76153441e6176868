// Plans whose orders are searched for by time or by rounds, under limits, and their results.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.PlanOptions.CostModel;
import io.github.einblas.PlanOptions.Strategy;
import io.github.einblas.reference.NaiveEinsum;
import io.github.einblas.reference.Seeds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SearchedPlanTest {
  /** Up to 16 operands over 12 labels of length 1 to 3, whole numbers from -1 to 1. */
  private static final class Network {
    final int[][] labels;
    final int[] output;
    final long[][] shapes;
    final double[][] data;
    final String text;

    Network(Random random) {
      int operands = 9 + random.nextInt(8);
      long[] lengths = random.longs(12, 0, 12).map(l -> l == 0 ? 1 : l == 1 ? 3 : 2).toArray();
      labels = new int[operands][];
      for (int i = 0; i < operands; i++) {
        labels[i] = random.ints(0, 12).distinct().limit(random.nextInt(5)).toArray();
      }
      output =
          Arrays.stream(labels)
              .flatMapToInt(Arrays::stream)
              .distinct()
              .filter(l -> random.nextInt(5) == 0)
              .toArray();
      shapes =
          Arrays.stream(labels)
              .map(s -> Arrays.stream(s).mapToLong(l -> lengths[l]).toArray())
              .toArray(long[][]::new);
      data =
          Arrays.stream(shapes)
              .map(s -> random.ints(Arrays.stream(s).reduce(1, (a, b) -> a * b), -1, 2))
              .map(ints -> ints.mapToDouble(x -> x).toArray())
              .toArray(double[][]::new);
      text =
          Arrays.stream(labels).map(Network::letters).collect(Collectors.joining(","))
              + "->"
              + letters(output);
    }

    private static String letters(int[] labels) {
      return Arrays.stream(labels)
          .mapToObj(l -> Character.toString('a' + l))
          .collect(Collectors.joining());
    }

    Tensor[] tensors() {
      return IntStream.range(0, data.length)
          .mapToObj(i -> Tensor.of(data[i]).reshape(shapes[i]))
          .toArray(Tensor[]::new);
    }
  }

  @Test
  void anySearchGivesTheResultOfTheDefinition() {
    int cut = 0;
    for (long seed : Seeds.upTo(150)) {
      Random random = new Random(seed);
      Network n = new Network(random);
      PlanOptions options =
          PlanOptions.DEFAULT
              .withStrategy(random.nextInt(4) == 0 ? Strategy.RANDOM_GREEDY : Strategy.AUTO)
              .withCostModel(random.nextBoolean() ? CostModel.FLOPS : CostModel.KERNELS)
              .withThreads(random.nextInt(3))
              .withSeed(random.nextLong());
      options =
          random.nextInt(3) == 0
              ? options.withSearchTime(Duration.ofMillis(1 + random.nextInt(3)))
              : options.withSearchRounds(1 + random.nextInt(10));
      if (random.nextBoolean()) {
        long least = Einsum.plan(n.text, options, DType.F64, n.shapes).peakBytes();
        options = options.withMemoryLimit(Math.max(8, least / (1 + random.nextInt(4))));
      }
      options = random.nextInt(4) == 0 ? options.withSlices(2) : options;
      EinsumPlan plan;
      try {
        plan = Einsum.plan(n.text, options, DType.F64, n.shapes);
      } catch (MemoryLimitException tight) {
        continue;
      } catch (IllegalArgumentException few) {
        assertTrue(few.getMessage().contains("slices were asked for"), few.getMessage());
        continue;
      }
      cut += plan.sliceCount() > 1 ? 1 : 0;
      Tensor[] in = n.tensors();
      String what = "seed " + seed + ": " + n.text + " " + options;
      double[] expected = NaiveEinsum.evaluate(n.labels, n.output, n.shapes, n.data);
      try (Tensor result = plan.run(in)) {
        assertArrayEquals(expected, result.toDoubleArray(), 1e-300, what);
      }
      assertEquals(plan, EinsumPlan.fromJson(plan.toJson()), what);
      for (Tensor t : in) {
        t.close();
      }
    }
    assertTrue(Seeds.one() || cut > 20, "only " + cut + " plans were cut");
  }

  @Test
  void givenTreesGiveItTooWholeAndCut() {
    int cut = 0;
    for (long seed : Seeds.upTo(100)) {
      Random random = new Random(seed);
      Network n = new Network(random);
      PlanOptions options = PlanOptions.DEFAULT.withThreads(1 + random.nextInt(2));
      options = options.withPath(randomPath(random, n.labels.length));
      Tensor[] in = n.tensors();
      double[] expected = NaiveEinsum.evaluate(n.labels, n.output, n.shapes, n.data);
      EinsumPlan whole = Einsum.plan(n.text, options, DType.F64, n.shapes);
      String what = "seed " + seed + ": " + n.text + " " + options;
      try (Tensor result = whole.run(in)) {
        assertArrayEquals(expected, result.toDoubleArray(), 1e-300, what);
      }
      try {
        long limit = whole.peakBytes() / (2 + random.nextInt(6));
        EinsumPlan tight = Einsum.plan(n.text, options.withMemoryLimit(limit), DType.F64, n.shapes);
        cut += tight.sliceCount() > 1 ? 1 : 0;
        assertTrue(tight.peakBytes() <= limit, what);
        assertTrue(Arrays.deepEquals(options.path(), tight.path()), what);
        try (Tensor result = tight.run(in)) {
          assertArrayEquals(expected, result.toDoubleArray(), 1e-300, what + ", cut");
        }
      } catch (MemoryLimitException none) {
        assertTrue(none.neededBytes() > 0, what);
      }
      for (Tensor t : in) {
        t.close();
      }
    }
    assertTrue(Seeds.one() || cut > 10, "only " + cut + " plans were cut");
  }

  /** Pairs by chance, in either order. */
  private static int[][] randomPath(Random random, int operands) {
    List<Integer> live =
        new ArrayList<>(IntStream.range(0, operands).boxed().collect(Collectors.toList()));
    int[][] path = new int[operands - 1][];
    for (int i = 0; i < path.length; i++) {
      int a = live.remove(random.nextInt(live.size()));
      int b = live.remove(random.nextInt(live.size()));
      path[i] = new int[] {a, b};
      live.add(operands + i);
    }
    return path;
  }

  /** A ring of rings, which takes many rounds. */
  private static final String RING =
      IntStream.range(0, 40)
          .mapToObj(i -> Character.toString('a' + i % 20) + Character.toString('A' + i * 7 % 20))
          .collect(Collectors.joining(",", "", "->"));

  private static long[][] shapes() {
    long[][] shapes = new long[40][];
    Arrays.fill(shapes, new long[] {8, 8});
    return shapes;
  }

  private static double operations(EinsumPlan plan) {
    return plan.flops();
  }

  @Test
  void roundsAreTheSameAgain() {
    PlanOptions options = PlanOptions.DEFAULT.withSearchRounds(12).withSeed(3);
    EinsumPlan first = Einsum.plan(RING, options.withThreads(1), DType.F64, shapes());
    EinsumPlan again = Einsum.plan(RING, options.withThreads(2), DType.F64, shapes());
    assertTrue(Arrays.deepEquals(first.path(), again.path()));
  }

  @Test
  void theListenerHearsOfItAndEndsIt() {
    List<SearchProgress> told = new ArrayList<>();
    PlanOptions options =
        PlanOptions.DEFAULT
            .withCostModel(CostModel.FLOPS)
            .withSearchTime(Duration.ofHours(1))
            .withSearchListener(
                p -> {
                  told.add(p);
                  return told.size() < 3;
                });
    EinsumPlan plan = Einsum.plan(RING, options, DType.F64, shapes());
    assertEquals(3, told.size());
    for (int i = 1; i < 3; i++) {
      assertTrue(told.get(i).operations() <= told.get(i - 1).operations());
      assertTrue(told.get(i).elapsed().compareTo(told.get(i - 1).elapsed()) >= 0);
    }
    assertTrue(operations(plan) <= told.get(2).operations() * (1 + 1e-9));
  }

  @Test
  void anInterruptKeepsTheBestOrder() throws InterruptedException {
    boolean[] pending = new boolean[1];
    EinsumPlan[] plan = new EinsumPlan[1];
    PlanOptions options = PlanOptions.DEFAULT.withSearchTime(Duration.ofHours(1));
    Thread thread =
        new Thread(
            () -> {
              plan[0] = Einsum.plan(RING, options, DType.F64, shapes());
              pending[0] = Thread.currentThread().isInterrupted();
            });
    thread.start();
    thread.interrupt();
    thread.join(60_000);
    assertFalse(thread.isAlive());
    assertEquals(39, plan[0].path().length);
    assertTrue(pending[0]);
  }

  @Test
  void optionsRefuseWhatIsNoSearch() {
    for (Duration wrong : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofHours(2))) {
      String text =
          assertThrows(
                  IllegalArgumentException.class, () -> PlanOptions.DEFAULT.withSearchTime(wrong))
              .getMessage();
      assertTrue(text.contains(wrong.toString()), text);
    }
    for (int wrong : new int[] {-1, 1_000_001}) {
      String text =
          assertThrows(
                  IllegalArgumentException.class, () -> PlanOptions.DEFAULT.withSearchRounds(wrong))
              .getMessage();
      assertTrue(text.contains("got " + wrong), text);
    }
  }
}
