// Planner, second stage: the order in which operands are contracted in pairs, as the options ask.
package io.github.einblas.internal.path;

import io.github.einblas.PlanOptions;
import io.github.einblas.internal.equation.Labels;
import io.github.einblas.internal.path.Network.Node;
import java.time.Duration;
import java.util.Arrays;

/**
 * A contraction path: pairs of slots, operands being slots 0..n-1 and the result of pair i slot
 * n+i.
 *
 * @param pairs the pairs in order
 * @param origin who chose it, in words
 */
public record PathChoice(int[][] pairs, String origin) {
  /** Pairs that {@code DYNAMIC} looks at before it gives up: some seconds. */
  private static final long DYNAMIC_PAIRS = 50_000_000;

  private static final double[] WEIGHTS = {1, 0.5, 0.1, 0, 4};

  /** Branches of a piece of a tree that is ordered anew: 1,093 pairs. */
  private static final int PIECE = 7;

  /**
   * A run of less than this many operations (some 10 us) is mostly fixed cost: the kernel model has
   * nothing to say about it.
   */
  private static final double SMALL_RUN = 1e6;

  /** The share of a search's time that goes by operations, and that before labels are cut. */
  private static final double BY_OPERATIONS = 0.7;

  static final double UNCUT = 0.5;

  private static final Duration RANDOM_TIME = Duration.ofMillis(100);

  /** What the kernel model must gain over the path of fewest operations to be believed. */
  private static final double WORTH = 0.9;

  /** The path for an equation's labels. */
  public static PathChoice of(Labels labels, PlanOptions options) {
    return of(labels, options, new boolean[labels.operands.length]);
  }

  /** A path that was found earlier, for the same equation. */
  public static PathChoice known(Labels labels, PlanOptions options, int[][] pairs) {
    check(labels.operands.length, pairs);
    return new PathChoice(pairs, options.path() == null ? "as saved" : "as given");
  }

  /** The path for an equation's labels; what constant operands alone decide costs nothing. */
  public static PathChoice of(Labels labels, PlanOptions options, boolean[] constant) {
    int n = labels.operands.length;
    int[][] given = options.path();
    if (given != null) {
      check(n, given);
      return new PathChoice(given, "as given");
    }
    if (n <= 2) {
      return new PathChoice(leftToRight(n), "nothing to choose");
    }
    if (options.strategy() == PlanOptions.Strategy.LEFT_TO_RIGHT) {
      return new PathChoice(leftToRight(n), "from the left, as asked");
    }
    Network network = new Network(labels, constant);
    PathCost model = PathCost.of(options.costModel());
    return switch (options.strategy()) {
      case OPTIMAL -> optimal(network, model);
      case DYNAMIC -> dynamic(network, model);
      case GREEDY -> choice(network, greedy(network, model), "greedy");
      case BRANCH ->
          choice(
              network,
              new BranchPath(network, model, 3, greedy(network, model)).root(),
              "search in depth over the best pairs");
      case RANDOM_GREEDY -> random(network, model, options);
      default -> automatic(network, options);
    };
  }

  /** A path that avoids large results, whatever that costs. */
  public static PathChoice ofSmallIntermediates(Labels labels) {
    Network network = new Network(labels, new boolean[labels.operands.length]);
    PathCost written = (all, a, b, c) -> c + 0x1p-20 * all;
    return choice(
        network,
        refined(network, written, new GreedyPath(network, written, 0, 0, 0).root()),
        "small intermediates, for the memory limit");
  }

  private static PathChoice choice(Network network, Node root, String origin) {
    return new PathChoice(network.path(root), origin);
  }

  /** Pairs from the left. */
  private static int[][] leftToRight(int operands) {
    int[][] path = new int[operands - 1][];
    for (int i = 0; i < path.length; i++) {
      path[i] = new int[] {i == 0 ? 0 : operands + i - 1, i + 1};
    }
    return path;
  }

  private static PathChoice optimal(Network network, PathCost model) {
    int n = network.leaves.length;
    if (n > SubsetSearch.MOST) {
      throw new IllegalArgumentException(
          "an optimal path is searched for up to "
              + SubsetSearch.MOST
              + " operands, this equation has "
              + n
              + "; DYNAMIC leaves out outer products and takes "
              + ConnectedSearch.MOST);
    }
    Node root = SubsetSearch.best(network, model, network.leaves, network.output);
    return choice(network, root, "the cheapest of all orders");
  }

  private static PathChoice dynamic(Network network, PathCost model) {
    Node root = ConnectedSearch.tree(network, model, DYNAMIC_PAIRS);
    if (root == null) {
      throw new IllegalArgumentException(
          "dynamic programming takes up to "
              + ConnectedSearch.MOST
              + " operands connected by labels and "
              + DYNAMIC_PAIRS
              + " pairs of groups of them, this equation of "
              + network.leaves.length
              + " operands has more; AUTO and RANDOM_GREEDY take any");
    }
    return choice(network, root, "the cheapest order without outer products");
  }

  private static PathChoice automatic(Network network, PlanOptions options) {
    SearchLimit limit = isSearched(network, options) ? SearchLimit.of(options) : null;
    boolean both = options.costModel() != PlanOptions.CostModel.FLOPS;
    double share = isCut(options) ? UNCUT : 1;
    AutoPath auto = new AutoPath(network, PathCost.FLOPS, options.seed(), null, limit == null);
    Node few = auto.root();
    String origin = auto.origin();
    if (limit != null) {
      limit.upTo(share * (both ? BY_OPERATIONS : 1));
      OrderSearch search = searched(network, PathCost.FLOPS, few, options, limit);
      few = search.root();
      origin = search.origin();
    }
    double time = few.costBy(PathCost.KERNELS);
    if (both && time >= SMALL_RUN) {
      AutoPath again = new AutoPath(network, PathCost.KERNELS, options.seed(), few, limit == null);
      Node fast = again.root();
      String other = again.origin();
      if (limit != null) {
        OrderSearch search = searched(network, PathCost.KERNELS, fast, options, limit.upTo(share));
        fast = search.root();
        other = search.origin();
      }
      // The model is off by 1.5 times and more: more operations must gain as much time.
      double more = fast.costBy(PathCost.FLOPS) / few.costBy(PathCost.FLOPS);
      if (fast.cost < Math.min(WORTH, 1 / more) * time) {
        return choice(network, fast, other + ", by the kernels' speed");
      }
    }
    return choice(network, few, origin + ", by operations");
  }

  /** Whether the order is searched for as long as somebody asks. */
  private static boolean isSearched(Network network, PlanOptions options) {
    return (options.searchTime() != null || options.searchRounds() > 0)
        && network.leaves.length > SubsetSearch.ALL_ORDERS_UP_TO
        && OrderSearch.takes(network);
  }

  private static boolean isCut(PlanOptions options) {
    return options.memoryLimit() != Long.MAX_VALUE
        || options.sliceMemoryLimit() != Long.MAX_VALUE
        || options.slices() > 1;
  }

  private static OrderSearch searched(
      Network network, PathCost model, Node known, PlanOptions options, SearchLimit limit) {
    OrderSearch search =
        new OrderSearch(
            network,
            model,
            known,
            options.seed(),
            options.strategy() == PlanOptions.Strategy.RANDOM_GREEDY);
    int rounds = options.searchRounds() == 0 ? Integer.MAX_VALUE : options.searchRounds();
    search.run(rounds, threads(options), limit);
    return search;
  }

  /** Threads of a search. */
  static int threads(PlanOptions options) {
    int processors = Runtime.getRuntime().availableProcessors();
    return options.threads() == 0 ? processors : Math.min(options.threads(), processors);
  }

  /** The best of several opinions on what the operands' size counts against the result's. */
  private static Node greedy(Network network, PathCost model) {
    Node best = null;
    for (double weight : WEIGHTS) {
      Node root = new GreedyPath(network, model, weight, 0, 0).root();
      best = best == null ? root : AutoPath.cheaper(best, root);
    }
    return best;
  }

  private static PathChoice random(Network network, PathCost model, PlanOptions options) {
    boolean limited = options.searchTime() != null || options.searchRounds() > 0;
    PlanOptions own = limited ? options : options.withSearchTime(RANDOM_TIME);
    Node known = refined(network, model, greedy(network, model));
    if (!isSearched(network, own)) {
      return choice(network, known, "greedy, refined; random orders are for more operands");
    }
    OrderSearch search = searched(network, model, known, own, SearchLimit.of(own));
    return choice(network, search.root(), search.origin() + ", from random greedy ones");
  }

  private static Node refined(Network network, PathCost model, Node root) {
    return new TreeRefinement(network, model, PIECE, Double.POSITIVE_INFINITY).refine(root);
  }

  private static void check(int n, int[][] path) {
    if (path.length != n - 1) {
      throw new IllegalArgumentException(
          "a path for " + n + " operands needs " + (n - 1) + " pairs, got " + path.length);
    }
    boolean[] used = new boolean[2 * n];
    for (int i = 0; i < path.length; i++) {
      int[] pair = path[i];
      if (pair == null || pair.length != 2 || pair[0] == pair[1]) {
        throw new IllegalArgumentException(
            "path: pair " + i + " must be two different slots, got " + Arrays.toString(pair));
      }
      for (int slot : pair) {
        if (slot < 0 || slot >= n + i || used[slot]) {
          throw new IllegalArgumentException(
              "path: pair "
                  + i
                  + " names slot "
                  + slot
                  + (slot >= 0 && slot < n + i
                      ? ", which is used up"
                      : ", which does not exist yet"));
        }
        used[slot] = true;
      }
    }
  }
}
