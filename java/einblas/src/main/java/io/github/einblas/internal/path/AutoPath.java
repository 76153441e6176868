// Planner, second stage: the search of AUTO, as long as it is worth it.
package io.github.einblas.internal.path;

import io.github.einblas.internal.path.Network.Node;

/**
 * All orders of up to 8 operands; beyond, greedy trees, refined, and {@link OrderSearch} for long
 * runs. The first is the one that opt_einsum's {@code auto} takes from 15 operands on, so that the
 * result is never worse. What it took times {@link #LEAST} is spent in any case; after that the
 * search goes on as long as it takes less than {@link #SHARE} of a run of the best tree. Times are
 * estimated from the work, so that the same path comes out every time. Used once.
 */
final class AutoPath {
  /**
   * Effort in any case, in greedy searches: with the first one and all else it stays below a tenth
   * of opt_einsum's time, which is 60 to 130 of our greedy searches.
   */
  private static final double LEAST = 2.5;

  private static final double SHARE = 0.05;

  /** No search is meant to take longer than this, whatever a run takes. */
  private static final double MOST_NANOS = 3e8;

  /** A search of more than this, per operand, anneals. */
  private static final double ANNEALED = 10_000;

  /** What the operands' size counts against the result's, in turn; then chance decides. */
  private static final double[] WEIGHTS = {1, 2, 0.1, 0.5, 4, 0};

  /** Nanoseconds of a run for each unit of {@link PathCost#KERNELS}, and of each step's call. */
  private static final double NANOS_OF_COST = 1.0 / 106;

  private static final double NANOS_OF_STEP = 100;

  /** Branches of pieces that are ordered anew, one after the other: 121 pairs, and 1,093. */
  private static final int[] PIECES = {5, 7};

  /** The share of the effort that goes into more trees; the rest into large pieces of the best. */
  private static final double TREES = 0.4;

  /**
   * Pieces of each tree, not of the best alone, where that may take so much per operand: a share of
   * what is left.
   */
  private static final double PER_OPERAND = 2_000;

  private static final double PER_TREE = 0.25;

  private static final String ALL_ORDERS = "the cheapest of all orders";

  /** Nanoseconds per operand for making a tree better by another model. */
  private static final double AGAIN = 50;

  /** Nanoseconds of a pair of groups in {@link ConnectedSearch}, measured. */
  private static final double PAIR_OF_GROUPS = 40;

  private final Network network;
  private final PathCost model;
  private final long seed;
  private final boolean anneals;
  private final int n;
  private final Node root;
  private String origin;
  private double spent;

  /**
   * A search.
   *
   * @param known a tree found by another model, to begin with, or null
   * @param anneals whether long runs are worth annealing; not where that comes later
   */
  AutoPath(Network network, PathCost model, long seed, Node known, boolean anneals) {
    this.anneals = anneals;
    this.seed = seed;
    this.network = network;
    this.model = model;
    this.n = network.leaves.length;
    this.origin = "greedy, refined";
    if (n == 3) {
      root = three();
      origin = ALL_ORDERS;
    } else if (n <= SubsetSearch.ALL_ORDERS_UP_TO) {
      root = SubsetSearch.best(network, model, network.leaves, network.output);
      origin = ALL_ORDERS;
    } else {
      root = search(known);
    }
  }

  private Node three() {
    int[] users = network.users.clone();
    Node inner = network.contract(network.leaves[0], network.leaves[1], users, model);
    Node top = network.contract(inner, network.leaves[2], users, model);
    return Rotation.best(network, model, top, inner, network.leaves[2]);
  }

  Node root() {
    return root;
  }

  /** How it was found, in words. */
  String origin() {
    return origin;
  }

  /** Nanoseconds that the search may take as long as this is the best tree. */
  private double allowed(Node best, double least) {
    double run = best.costBy(PathCost.KERNELS) * NANOS_OF_COST + n * NANOS_OF_STEP;
    return Math.max(least, Math.min(SHARE * run, MOST_NANOS));
  }

  private Node search(Node known) {
    double least = 0;
    Node best;
    if (known != null) {
      best = refined(network.costed(known, model), n * AGAIN);
    } else {
      GreedyPath first = GreedyPath.asOptEinsum(network, model);
      least = LEAST * first.nanos();
      best = refined(first.root(), least);
    }
    double allowed = allowed(best, least);
    if (allowed > 2 * PAIR_OF_GROUPS * n * n * n / 6) {
      Node exact = ConnectedSearch.tree(network, model, (long) (allowed / 2 / PAIR_OF_GROUPS));
      if (exact != null) {
        origin = "the cheapest order without outer products, refined";
        best = cheaper(best, exact);
      }
      spent += allowed / 2;
    }
    if (allowed(best, 0) - spent > ANNEALED * n && OrderSearch.takes(network)) {
      return anneals ? annealed(best) : best;
    }
    for (int i = 0; spent < allowed * TREES; i++) {
      GreedyPath next = greedy(i);
      spent += next.nanos();
      best = cheaper(best, refined(next.root(), allowed - spent));
      allowed = allowed(best, least);
    }
    for (int piece : PIECES) {
      if (spent < allowed) {
        best = reordered(best, piece, allowed - spent);
        allowed = allowed(best, least);
      }
    }
    return best;
  }

  private Node annealed(Node known) {
    OrderSearch search = new OrderSearch(network, model, known, seed, false);
    double left = allowed(known, 0) - spent;
    while (left > 0) {
      search.step(left);
      left = allowed(search.root(), 0) - spent - search.spent();
    }
    spent += search.spent();
    origin = search.origin();
    return search.root();
  }

  /** Made better by rotations; by pieces too where there is time enough for many trees. */
  private Node refined(Node tree, double nanos) {
    double until = spent + nanos;
    Node better = reordered(tree, 3, nanos);
    double some = (until - spent) * PER_TREE;
    return some > n * PER_OPERAND ? reordered(better, PIECES[0], some) : better;
  }

  private Node reordered(Node tree, int branches, double nanos) {
    TreeRefinement refinement = new TreeRefinement(network, model, branches, nanos);
    Node better = refinement.refine(tree);
    spent += refinement.spent();
    return better;
  }

  private GreedyPath greedy(int i) {
    return i < WEIGHTS.length
        ? new GreedyPath(network, model, WEIGHTS[i], 0, 0)
        : GreedyPath.drawn(network, model, i);
  }

  static Node cheaper(Node a, Node b) {
    return b.cost < a.cost ? b : a;
  }
}
