// Path search: optimal against all trees, greedy on large networks. No native code.
package io.github.einblas.internal.path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.PlanOptions;
import io.github.einblas.PlanOptions.Strategy;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.equation.Labels;
import io.github.einblas.internal.plan.PathTies;
import io.github.einblas.internal.plan.PlanWork;
import io.github.einblas.internal.plan.Program;
import io.github.einblas.internal.plan.SlicedProgram;
import io.github.einblas.internal.plan.Step;
import io.github.einblas.reference.RandomEquation;
import io.github.einblas.reference.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathSearchTest {
  private static Program program(Equation e, long[][] shapes, Strategy strategy, int[][] path) {
    return SlicedProgram.whole(
            e,
            shapes,
            PlanOptions.DEFAULT
                .withStrategy(strategy)
                .withCostModel(PlanOptions.CostModel.FLOPS)
                .withPath(path),
            new boolean[shapes.length],
            null)
        .main();
  }

  private static Equation parse(String equation, long[][] shapes) {
    return Equation.parse(equation, Arrays.stream(shapes).mapToInt(s -> s.length).toArray());
  }

  @Test
  void optimalIsTheCheapestOfAllTrees() {
    for (long seed : Seeds.upTo(300)) {
      Random random = new Random(seed);
      RandomEquation r = new RandomEquation(random, 3 + random.nextInt(3));
      if (Arrays.stream(r.shapes).flatMapToLong(Arrays::stream).anyMatch(l -> l == 0)) {
        continue;
      }
      Equation e = r.parse();
      double best = Double.POSITIVE_INFINITY;
      for (int[][] path : allPaths(r.shapes.length)) {
        best = Math.min(best, cost(program(e, r.shapes, Strategy.AUTO, path)));
      }
      double found =
          cost(
              program(
                  e,
                  r.shapes,
                  Strategy.OPTIMAL,
                  program(e, r.shapes, Strategy.OPTIMAL, null).path()));
      assertEquals(best, found, 1e-9 * best, "seed " + seed + ": " + r);
    }
  }

  /** Floating-point operations of all steps. */
  private static double cost(Program p) {
    return PlanWork.flops(p);
  }

  private static List<int[][]> allPaths(int operands) {
    List<int[][]> all = new ArrayList<>();
    extend(IntStream.range(0, operands).boxed().toList(), operands, new ArrayList<>(), all);
    return all;
  }

  private static void extend(List<Integer> slots, int next, List<int[]> path, List<int[][]> all) {
    if (slots.size() == 1) {
      all.add(path.toArray(int[][]::new));
      return;
    }
    for (int i = 0; i < slots.size(); i++) {
      for (int j = i + 1; j < slots.size(); j++) {
        List<Integer> rest = new ArrayList<>(slots);
        rest.remove(j);
        rest.remove(i);
        rest.add(next);
        List<int[]> longer = new ArrayList<>(path);
        longer.add(new int[] {slots.get(i), slots.get(j)});
        extend(rest, next + 1, longer, all);
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = ';',
      value = {
        // The classic: (ab)(bc) first, never the outer product of the vectors.
        "a,b,ab->; (30),(40),(30 40); 2460",
        "ab,bc,cd->ad; (10 1000),(1000 10),(10 1000); 400000",
        // opt_einsum's example, 6 operands of length 8: the best order needs 8^5 * 4 products.
        "ea,fb,abcd,gc,hd->efgh; (8 8),(8 8),(8 8 8 8),(8 8),(8 8); 262144",
        // A label in all operands.
        "ia,ib,ic->abc; (50 3),(50 4),(50 5); 6600",
      })
  void knownCosts(String equation, String shapes, double expected) {
    long[][] given =
        Arrays.stream(shapes.trim().split(","))
            .map(s -> s.replaceAll("[()]", "").trim().split(" "))
            .map(s -> Arrays.stream(s).mapToLong(Long::parseLong).toArray())
            .toArray(long[][]::new);
    Equation e = parse(equation, given);
    int[][] path = program(e, given, Strategy.AUTO, null).path();
    assertEquals(expected, cost(program(e, given, Strategy.AUTO, path)), 0.5);
  }

  @Test
  void greedyPlansHundreds() {
    int n = 400;
    int[][] operands = new int[n][];
    long[][] shapes = new long[n][];
    for (int i = 0; i < n; i++) {
      // A chain whose matrices also share a batch label, and end in a closed ring.
      operands[i] = new int[] {n, i, (i + 1) % n};
      shapes[i] = new long[] {2, 8, 8};
    }
    Equation e =
        new Equation.Numbers(operands, new int[] {n})
            .parse(Arrays.stream(shapes).mapToInt(s -> 3).toArray());
    Program p = program(e, shapes, Strategy.AUTO, null);
    // Each pair of matrices costs 2 * 8^3; nothing larger than a batch of matrices is ever made.
    for (Step step : p.steps()) {
      assertTrue(p.elementsOf(step.output()) <= 2 * 64);
    }
    assertTrue(cost(p) <= n * (2 * 2 * 512 + 64.0));
  }

  @Test
  void greedyAvoidsOuterProducts() {
    // Two chains without a common label: each is contracted before they meet.
    String equation = "ab,bc,cd,de,ef,uv,vw,wx,xy,yz,z->af";
    long[][] shapes =
        Arrays.stream(equation.split("->")[0].split(","))
            .map(t -> t.chars().mapToLong(c -> 9).toArray())
            .toArray(long[][]::new);
    Equation e = parse(equation, shapes);
    Program p = program(e, shapes, Strategy.GREEDY, null);
    for (Step step : p.steps()) {
      assertTrue(
          p.elementsOf(step.output()) <= 81,
          () -> Arrays.stream(p.path()).map(Arrays::toString).collect(Collectors.joining()));
    }
  }

  @Test
  void moreThanSixtyFourLabels() {
    int[][] operands = new int[3][];
    long[][] shapes = new long[3][];
    for (int t = 0; t < 3; t++) {
      int from = 25 * t;
      operands[t] = IntStream.range(from, from + 30).toArray();
      shapes[t] = new long[30];
      Arrays.fill(shapes[t], 1);
      shapes[t][0] = 3;
      shapes[t][27] = 2;
    }
    shapes[1][2] = 2;
    shapes[1][25] = 3;
    shapes[2][2] = 2;
    Equation e = new Equation.Numbers(operands, null).parse(new int[] {30, 30, 30});
    assertEquals(2, program(e, shapes, Strategy.AUTO, null).path().length);
  }

  @Test
  void equalOrdersReadMemoryInItsOrder() {
    // Contracting c first reads a tensor of 40^4 in runs of 40 elements; a first, in runs of 40^3.
    for (String equation : List.of("ea,fb,abcd,gc,hd->efgh", "gc,hd,abcd,ea,fb->efgh")) {
      long[][] shapes =
          Arrays.stream(equation.split("->")[0].split(","))
              .map(t -> t.chars().mapToLong(c -> 40).toArray())
              .toArray(long[][]::new);
      Equation e = parse(equation, shapes);
      Labels labels = new Labels(e, e.lengths(shapes), shapes);
      PathChoice chosen = PathChoice.of(labels, PlanOptions.DEFAULT);
      PathChoice settled =
          PathTies.settle(chosen, e, labels, PlanOptions.DEFAULT, new boolean[shapes.length]);
      Network network = new Network(labels);
      assertEquals(
          network.tree(chosen.pairs(), PathCost.FLOPS).cost,
          network.tree(settled.pairs(), PathCost.FLOPS).cost,
          1);
      assertEquals(
          leastLost(e, labels, shapes.length),
          PathTies.lost(e, labels, settled.pairs()),
          0.1 * PathTies.lost(e, labels, settled.pairs()),
          equation);
    }
  }

  @Test
  void constantsKeepTheirOrder() {
    String equation = "ea,fb,abcd,gc,hd->efgh";
    long[][] shapes =
        Arrays.stream(equation.split("->")[0].split(","))
            .map(t -> t.chars().mapToLong(c -> 40).toArray())
            .toArray(long[][]::new);
    Equation e = parse(equation, shapes);
    Labels labels = new Labels(e, e.lengths(shapes), shapes);
    boolean[] constant = {true, false, false, false, true};
    PathChoice chosen = PathChoice.of(labels, PlanOptions.DEFAULT, constant);
    assertSame(chosen, PathTies.settle(chosen, e, labels, PlanOptions.DEFAULT, constant));
  }

  /** The least over all paths of the fewest operations. */
  private static double leastLost(Equation e, Labels labels, int operands) {
    Network network = new Network(labels);
    double fewest = Double.POSITIVE_INFINITY;
    double least = Double.POSITIVE_INFINITY;
    for (int[][] path : allPaths(operands)) {
      double operations = network.tree(path, PathCost.FLOPS).cost;
      double lost = PathTies.lost(e, labels, path);
      least = operations < fewest * (1 - 1e-9) ? lost : least;
      least = operations <= fewest * (1 + 1e-9) ? Math.min(least, lost) : least;
      fewest = Math.min(fewest, operations);
    }
    return least;
  }
}
