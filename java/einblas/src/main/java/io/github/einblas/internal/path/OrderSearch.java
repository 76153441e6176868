// Planner, second stage: a search that gets better the longer it goes on.
package io.github.einblas.internal.path;

import io.github.einblas.internal.path.Network.Node;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Anneals trees of several kinds, and the best of them again, in generations of rounds, each
 * generation with more sweeps than the one before. A round depends on the seed, its number and the
 * best trees of earlier generations: as many rounds give the same tree by any number of threads.
 * Used once.
 */
final class OrderSearch {
  /** Rounds of a generation. */
  static final int ROUNDS = 8;

  /** Trees that are annealed again. */
  private static final int POOL = 4;

  /**
   * Betas of new trees begin between these, those of trees that are annealed again between {@link
   * #AGAIN_BETA} and the last. They are drawn: no single beginning was looked for. At 20 a turn
   * that makes two pairs dearer by a tenth is taken once in 16 times.
   */
  private static final double FIRST_BETA = 0.7;

  private static final double MOST_FIRST_BETA = 6;
  private static final double AGAIN_BETA = 2;
  private static final double LAST_BETA = 20;

  /** Few at first, so that thousands of tensors have a tree in a second; then more and more. */
  private static final int FIRST_SWEEPS = 40;

  private static final double MORE_SWEEPS = 1.5;
  private static final int MOST_SWEEPS = 50_000;

  /** Branches of the pieces that an annealed tree is refined by: 1,093 pairs. */
  private static final int PIECE = 7;

  /** Nanoseconds of that in any case, and the share of the annealing's. */
  private static final double LEAST_REFINED = 1e5;

  private static final double REFINED = 0.25;

  /** Nanoseconds of a new tree for each pair of operands, roughly; it orders effort, not time. */
  private static final double START_OF_PAIR = 3.75;

  /** Pairs that are contracted beforehand take together this share of the best tree's points. */
  private static final double NEXT_TO_NOTHING = 1e-3;

  /** And each of them at most so many: what is known at first may be far from the best. */
  private static final double FEW = 4096;

  /** Kinds of which the best tree is dearer than this many of the best are given up. */
  private static final double NEAR = 1000;

  /** Words that an elimination may look at: some 50 ms. */
  private static final long ELIMINATION = 60_000_000;

  /** Larger tables than this many words are not made: 64 MB for each thread. */
  private static final double MOST_WORDS = 1 << 23;

  /** Where a round's tree comes from. */
  private enum Kind {
    BISECTION,
    FILL,
    GREEDY,
    DEGREE
  }

  private record Tree(Node root, int round) {}

  private final Network whole;
  private final PathCost model;
  private final long seed;
  private final Node[] parts;
  private final Network network;
  private final Kind[] kinds;

  /** The best results of each kind of start. */
  private final double[] reached = new double[Kind.values().length];

  private List<Tree> pool = new ArrayList<>();
  private Node best;
  private double spent;
  private int rounds;

  /**
   * Prepares.
   *
   * @param known a tree of the network by any model, to begin with
   * @param onlyGreedy whether trees come from greedy searches alone
   */
  OrderSearch(Network whole, PathCost model, Node known, long seed, boolean onlyGreedy) {
    this.whole = whole;
    this.model = model;
    this.seed = seed;
    best = whole.costed(known, model);
    parts = parts(whole, model, best);
    network = whole.of(parts, true);
    kinds = onlyGreedy ? new Kind[] {Kind.GREEDY} : Kind.values();
    Arrays.fill(reached, Double.POSITIVE_INFINITY);
  }

  /** What is left of the operands after contractions that cost nothing beside a tree. */
  static Node[] parts(Network network, PathCost model, Node tree) {
    double points = tree.costBy((all, a, b, c) -> all);
    double few = Math.min(FEW, NEXT_TO_NOTHING * points / network.leaves.length);
    return Simplification.parts(network, model, few);
  }

  /** Whether the network is small enough for tables of its labels. */
  static boolean takes(Network network) {
    return (double) network.leaves.length * network.lengths.length / 32 <= MOST_WORDS;
  }

  /** The best tree so far. */
  Node root() {
    return best;
  }

  /** How it was found, in words. */
  String origin() {
    return "the best of " + rounds + " annealed trees";
  }

  /** Nanoseconds that it took, estimated from the turns. */
  double spent() {
    return spent;
  }

  /** So many rounds, or until the limit. */
  void run(int most, int threads, SearchLimit limit) {
    while (rounds < most && !limit.isOver()) {
      generation(Math.min(ROUNDS, most - rounds), sweeps(), threads, limit);
    }
  }

  /** One generation by this thread, of fewer sweeps where so much time (estimated) is not left. */
  void step(double nanos) {
    double fit = nanos / (Annealing.nanosOfTurn(network) * network.leaves.length * ROUNDS);
    generation(ROUNDS, (int) Math.max(1, Math.min(sweeps(), fit)), 1, SearchLimit.none());
  }

  private int sweeps() {
    double sweeps = FIRST_SWEEPS * Math.pow(MORE_SWEEPS, (double) rounds / ROUNDS);
    return (int) Math.min(MOST_SWEEPS, sweeps);
  }

  private void generation(int count, int sweeps, int threads, SearchLimit limit) {
    Tree[] found = new Tree[count];
    double[] taken = new double[count];
    Kind[] starts = new Kind[count];
    int first = rounds;
    Workers.each(
        threads,
        count,
        i -> {
          if (!limit.isOver()) {
            Round round = new Round(first + i, i, sweeps, limit);
            found[i] = new Tree(round.tree(), first + i);
            taken[i] = round.spent;
            starts[i] = round.kind;
          }
        });
    rounds += count;
    List<Tree> all = new ArrayList<>(pool);
    for (int i = 0; i < count; i++) {
      if (found[i] != null) {
        all.add(found[i]);
        spent += taken[i];
        if (starts[i] != null) {
          int kind = starts[i].ordinal();
          reached[kind] = Math.min(reached[kind], found[i].root.cost);
        }
      }
    }
    all.sort(Comparator.comparingDouble((Tree t) -> t.root.cost).thenComparingInt(t -> t.round));
    pool = new ArrayList<>(all.subList(0, Math.min(POOL, all.size())));
    if (!pool.isEmpty() && pool.get(0).root.cost < best.cost) {
      Node tree = Simplification.expanded(whole, pool.get(0).root, parts, model);
      tree = new TreeRefinement(whole, model, 3, Double.POSITIVE_INFINITY).refine(tree);
      best = tree.cost < best.cost ? tree : best;
    }
    double operations = best.costBy(PathCost.FLOPS);
    limit.found(new SearchLimit.Found(operations, best.largest(), 1, rounds));
  }

  /** One round. */
  private final class Round {
    private final int number;
    private final int place;
    private final int sweeps;
    private final SearchLimit limit;
    private final SplittableRandom random;
    Kind kind;
    double spent;

    Round(int number, int place, int sweeps, SearchLimit limit) {
      this.number = number;
      this.place = place;
      this.sweeps = sweeps;
      this.limit = limit;
      random = new SplittableRandom(Network.mixed(seed ^ Network.mixed(number + 1L)));
    }

    Node tree() {
      Node start;
      double from;
      boolean again = number >= ROUNDS && place % 2 == 0 && !pool.isEmpty();
      if (again) {
        start = pool.get(Math.min(pool.size() - 1, place / 2 % 3)).root;
        from = Math.exp(random.nextDouble(Math.log(AGAIN_BETA), Math.log(LAST_BETA)));
      } else {
        kind = kind();
        start = start(kind);
        from = Math.exp(random.nextDouble(Math.log(FIRST_BETA), Math.log(MOST_FIRST_BETA)));
      }
      Annealing annealing = new Annealing(network, model, start, random.nextLong());
      annealing.run(from, LAST_BETA, sweeps, limit::isOver);
      spent += annealing.turns() * Annealing.nanosOfTurn(network);
      Node tree = annealing.tree();
      tree = start.cost < tree.cost ? start : tree;
      double allowed = Math.max(LEAST_REFINED, REFINED * spent);
      TreeRefinement refinement = new TreeRefinement(network, model, PIECE, allowed);
      Node better = refinement.refine(tree);
      spent += refinement.spent();
      return better;
    }

    /**
     * Each kind at first; then those in turn that led near the best tree, the best one more often.
     */
    private Kind kind() {
      if (number < ROUNDS) {
        return kinds[place % kinds.length];
      }
      double least = Arrays.stream(reached).min().orElseThrow();
      List<Kind> near =
          Arrays.stream(kinds).filter(k -> reached[k.ordinal()] <= NEAR * least).toList();
      List<Kind> nearest = near.stream().filter(k -> reached[k.ordinal()] == least).toList();
      return place % 4 == 1 || near.isEmpty()
          ? nearest.get(0)
          : near.get((number / 2 + number / ROUNDS) % near.size());
    }

    private Node start(Kind kind) {
      boolean plain = number < kinds.length;
      double noise = plain ? 0 : Math.exp(random.nextDouble(Math.log(0.02), Math.log(0.5)));
      Node tree =
          switch (kind) {
            case GREEDY ->
                plain
                    ? GreedyPath.asOptEinsum(network, model).root()
                    : GreedyPath.drawn(network, model, random.nextLong()).root();
            case FILL ->
                new Elimination(
                        network,
                        model,
                        plain ? 1 : Math.exp(random.nextDouble(Math.log(0.1), Math.log(10))),
                        noise,
                        random,
                        ELIMINATION)
                    .tree(limit::isOver);
            case DEGREE ->
                new Elimination(network, model, 0, noise, random, ELIMINATION).tree(limit::isOver);
            case BISECTION ->
                new Bisection(network, model, random.nextDouble(0.02, 0.45), random)
                    .tree(limit::isOver);
          };
      spent += START_OF_PAIR * network.leaves.length * network.leaves.length;
      return tree != null ? tree : GreedyPath.drawn(network, model, random.nextLong()).root();
    }
  }
}
