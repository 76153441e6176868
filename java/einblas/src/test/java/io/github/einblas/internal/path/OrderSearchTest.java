// The search that gets better with time: its trees, its rounds, its threads, its end.
package io.github.einblas.internal.path;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.PlanOptions;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.equation.Labels;
import io.github.einblas.internal.path.Network.Node;
import io.github.einblas.reference.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class OrderSearchTest {
  /** Operands of up to 4 labels each, some in many, some of length 1, some in the output. */
  private static Labels random(Random random, int operands, int labels) {
    int[][] sets = new int[operands][];
    for (int i = 0; i < operands; i++) {
      sets[i] =
          random
              .ints(0, labels)
              .distinct()
              .limit(random.nextInt(Math.min(labels, 4) + 1))
              .toArray();
    }
    int[] output =
        Arrays.stream(sets)
            .flatMapToInt(Arrays::stream)
            .distinct()
            .filter(l -> random.nextInt(8) == 0)
            .toArray();
    long[] lengths =
        random
            .longs(labels, -1, 5)
            .map(l -> l < 0 ? random.nextInt(9) == 0 ? 0 : 3 : l == 0 ? 2 : l)
            .toArray();
    return labels(sets, output, lengths);
  }

  private static Labels labels(int[][] sets, int[] output, long[] lengths) {
    long[][] shapes =
        Arrays.stream(sets)
            .map(s -> Arrays.stream(s).mapToLong(l -> lengths[l]).toArray())
            .toArray(long[][]::new);
    int[] ranks = Arrays.stream(sets).mapToInt(s -> s.length).toArray();
    Equation e = new Equation.Numbers(sets, output).parse(ranks);
    return new Labels(e, e.lengths(shapes), shapes);
  }

  /** A square lattice of tensors with bonds of length 2. */
  private static Labels lattice(int side) {
    List<List<Integer>> sets = new ArrayList<>();
    for (int i = 0; i < side * side; i++) {
      sets.add(new ArrayList<>());
    }
    int bond = 0;
    for (int i = 0; i < side * side; i++) {
      for (int j : new int[] {i % side < side - 1 ? i + 1 : -1, i + side}) {
        if (j >= 0 && j < side * side) {
          sets.get(i).add(bond);
          sets.get(j).add(bond++);
        }
      }
    }
    long[] lengths = new long[bond];
    Arrays.fill(lengths, 2);
    return labels(
        sets.stream()
            .map(s -> s.stream().mapToInt(Integer::intValue).toArray())
            .toArray(int[][]::new),
        new int[0],
        lengths);
  }

  /** Every operand once, the labels of each pair, and what it costs. */
  private static void check(Network network, PathCost model, Node tree, String what) {
    int[] met =
        tree.branchesFirst().stream().filter(Node::isLeaf).mapToInt(n -> n.leaf).sorted().toArray();
    assertArrayEquals(IntStream.range(0, network.leaves.length).toArray(), met, what);
    Node again = network.tree(network.path(tree), model);
    assertEquals(again.cost, tree.cost, 1e-9 * again.cost, what);
    assertArrayEquals(network.output, tree.set, what);
  }

  @Test
  void everyKindOfTreeIsATree() {
    for (long seed : Seeds.upTo(200)) {
      Random random = new Random(seed);
      int operands = 2 + random.nextInt(40);
      Network network = new Network(random(random, operands, 1 + random.nextInt(40)));
      SplittableRandom chance = new SplittableRandom(seed);
      for (PathCost model : List.of(PathCost.FLOPS, PathCost.KERNELS)) {
        String what = "seed " + seed;
        Node greedy = GreedyPath.asOptEinsum(network, model).root();
        check(network, model, greedy, what);
        Node cut = new Bisection(network, model, 0.3, chance).tree(() -> false);
        check(network, model, cut, what + ", bisection");
        for (double fill : new double[] {0, 1}) {
          Node eliminated =
              new Elimination(network, model, fill, 0.1, chance, 1L << 40).tree(() -> false);
          check(network, model, eliminated, what + ", elimination");
        }
        Annealing annealing = new Annealing(network, model, cut, seed);
        annealing.run(1, 20, 30, () -> false);
        check(network, model, annealing.tree(), what + ", annealed");
        assertTrue(annealing.tree().cost <= cut.cost * (1 + 1e-9), what);
        Node[] parts = Simplification.parts(network, model, 1e4);
        Network smaller = network.of(parts, true);
        Node tree = GreedyPath.asOptEinsum(smaller, model).root();
        check(
            network,
            model,
            Simplification.expanded(network, tree, parts, model),
            what + ", expanded");
        Network apart = network.of(parts, false);
        check(apart, model, Simplification.pruned(apart, greedy, parts, model), what + ", pruned");
      }
    }
  }

  private static OrderSearch search(Network network, long seed, int rounds, int threads) {
    Node known = GreedyPath.asOptEinsum(network, PathCost.FLOPS).root();
    OrderSearch search = new OrderSearch(network, PathCost.FLOPS, known, seed, false);
    search.run(rounds, threads, SearchLimit.none());
    return search;
  }

  @Test
  void moreRoundsAreNeverWorse() {
    for (long seed : Seeds.upTo(5)) {
      Network network = new Network(random(new Random(seed), 60, 50));
      double before = Double.POSITIVE_INFINITY;
      for (int rounds : new int[] {1, 5, 8, 20, 40}) {
        Node root = search(network, seed, rounds, 1).root();
        check(network, PathCost.FLOPS, root, "seed " + seed);
        assertTrue(root.cost <= before, "seed " + seed + ", " + rounds + " rounds");
        before = root.cost;
      }
    }
  }

  @Test
  void theSameByAnyNumberOfThreads() {
    Network network = new Network(lattice(8));
    for (int rounds : new int[] {3, 21}) {
      int[][] alone = network.path(search(network, 7, rounds, 1).root());
      for (int threads : new int[] {2, 3, 8}) {
        assertTrue(
            Arrays.deepEquals(alone, network.path(search(network, 7, rounds, threads).root())),
            rounds + " rounds by " + threads + " threads");
      }
    }
  }

  @Test
  void asCheapAsDynamicProgramming() {
    for (long seed : Seeds.upTo(5)) {
      Random random = new Random(seed);
      int n = 40;
      int[][] chain =
          IntStream.range(0, n).mapToObj(i -> new int[] {i, i + 1}).toArray(int[][]::new);
      long[] lengths = random.longs(n + 1, 2, 100).toArray();
      Network network = new Network(labels(chain, new int[] {0, n}, lengths));
      double exact = ConnectedSearch.tree(network, PathCost.FLOPS, 1L << 40).cost;
      double found = search(network, seed, 40, 1).root().cost;
      assertTrue(found <= 1.02 * exact, "seed " + seed + ": " + found + " of " + exact);
    }
  }

  @Test
  void aLatticeIsContractedAlongItsSide() {
    // Some order needs no result beyond 2^side elements, and 4 points of a loop nest for each.
    Network network = new Network(lattice(10));
    double most = 100 * 2 * Math.pow(2, 12);
    assertTrue(search(network, 0, 24, 1).root().cost <= most);
  }

  @Test
  void cutsFitWhatTheyAreFor() {
    for (long seed : Seeds.upTo(20)) {
      Random random = new Random(seed);
      Labels labels = random.nextBoolean() ? lattice(6) : random(random, 30, 25);
      PlanOptions options =
          PlanOptions.DEFAULT.withSeed(seed).withCostModel(PlanOptions.CostModel.FLOPS);
      boolean[] constant = new boolean[labels.operands.length];
      PathChoice choice = PathChoice.of(labels, options);
      Network network = Network.apart(labels, constant);
      double peak = network.tree(choice.pairs(), PathCost.FLOPS).peak();
      double most = Math.max(4, peak / 16);
      CutSearch search = new CutSearch(labels, options, constant, choice, 4);
      CutSearch.Cuts first = search.first(most, 1);
      CutSearch.Cuts cuts = search.search(most, 1);
      if (first != null) {
        check(labels, network, first, most, "seed " + seed);
        check(labels, network, cuts, most, "seed " + seed);
        assertTrue(cuts.cost() <= first.cost(), "seed " + seed);
      }
    }
  }

  private static void check(
      Labels labels, Network network, CutSearch.Cuts cuts, double most, String what) {
    double[] lengths = network.lengths.clone();
    for (int l = 0; l < lengths.length; l++) {
      Long piece = cuts.pieces().get(labels.ids[network.first[l]]);
      if (piece != null) {
        assertTrue(piece >= 1 && piece < lengths[l], what);
        lengths[l] = piece;
      }
    }
    Node tree = network.with(lengths).tree(cuts.choice().pairs(), PathCost.FLOPS);
    // The parts that were contracted before the search are small, not nothing.
    assertTrue(tree.peak() <= most + 3 * 4096, what + ": " + tree.peak() + " of " + most);
  }
}
