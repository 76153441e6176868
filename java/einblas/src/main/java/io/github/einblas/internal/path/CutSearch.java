// Planner, third stage: which labels to cut, together with the order.
package io.github.einblas.internal.path;

import io.github.einblas.PlanOptions;
import io.github.einblas.internal.equation.Labels;
import io.github.einblas.internal.path.Network.Node;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Cuts one label after the other until intermediates fit, each time the one that multiplies the
 * work least for what it takes off the large results; in between the tree is annealed for the
 * lengths that are left, results that are too large counting as dear as their cuts would be. Cuts
 * that are no longer needed are undone. Rounds begin with the best cuts found, some of them undone.
 */
public final class CutSearch {
  /** Rounds where nobody asks for more; the same on every machine. */
  private static final int ROUNDS = 4;

  /** Of a generation, by as many threads. */
  private static final int GENERATION = 4;

  /** Cuts after which the tree is annealed, and for how many sweeps; and in the end. */
  private static final int CUTS = 1;

  private static final int SWEEPS = 40;
  private static final int LAST_SWEEPS = 300;
  private static final double FIRST_BETA = 4;
  private static final double LAST_BETA = 20;

  /** Three tensors of a step are alive at a time: none should take more than this share. */
  private static final double SHARE = 1.0 / 3;

  /** Slices are numbered by a long. */
  private static final double MOST_SLICES = 0x1p62;

  /** What halving a label costs at least: of two that cost nothing the one that takes off more. */
  private static final double LEAST_COST = 0.01;

  /** What a step costs beside its work, in operations at peak: 100 ns; by operations nothing. */
  private static final double CALL_COST = 2e4;

  /** Labels whose last piece is shorter: each doubles the programs of a plan. */
  private final int mostRemainders;

  private final Labels labels;
  private final Network whole;
  private final Node[] parts;

  /** The parts' network, each label apart. */
  private final Network network;

  private final PathCost model;
  private final double call;
  private final boolean fixed;
  private final int[][] known;
  private final PathChoice given;
  private final PlanOptions options;

  /** The best so far, or null. */
  private State best;

  /** The order, the length of the pieces of each label that is cut, and what all slices cost. */
  public record Cuts(PathChoice choice, Map<Integer, Long> pieces, double cost) {}

  private record State(double[] piece, Network cut, Node tree) {}

  /**
   * Prepares.
   *
   * @param choice the order to begin with, or to keep where the options give one
   */
  public CutSearch(
      Labels labels,
      PlanOptions options,
      boolean[] constant,
      PathChoice choice,
      int mostRemainders) {
    this.labels = labels;
    this.options = options;
    this.mostRemainders = mostRemainders;
    model = PathCost.of(options.costModel());
    whole = Network.apart(labels, constant);
    Node tree = whole.tree(choice.pairs(), model);
    call = options.costModel() == PlanOptions.CostModel.FLOPS ? 0 : CALL_COST;
    fixed = options.path() != null || !OrderSearch.takes(whole);
    parts = fixed ? whole.leaves : OrderSearch.parts(whole, model, tree);
    network = fixed ? whole : whole.of(parts, false);
    known = network.path(fixed ? tree : Simplification.pruned(network, tree, parts, model));
    given = choice;
  }

  /**
   * A first answer, without much of a search.
   *
   * @param most elements of intermediates alive at a time
   * @param atLeast slices
   * @return null where labels cannot be cut so far
   */
  public Cuts first(double most, long atLeast) {
    State state = round(null, 0, most, atLeast);
    best = fits(state, most, atLeast) ? state : null;
    return best == null ? null : cuts(best);
  }

  /** The best found in the time or rounds of the options, beginning with the first answer. */
  public Cuts search(double most, long atLeast) {
    SearchLimit limit = SearchLimit.of(options).upTo(1 - PathChoice.UNCUT);
    boolean asked = options.searchTime() != null || options.searchRounds() > 0;
    int counted = options.searchRounds() > 0 ? options.searchRounds() : Integer.MAX_VALUE;
    int rounds = fixed ? 0 : asked ? counted : ROUNDS;
    int threads = asked ? PathChoice.threads(options) : 1;
    for (int done = 0; done < rounds && !limit.isOver(); done += GENERATION) {
      int from = done + 1;
      State begin = best;
      State[] found = new State[Math.min(GENERATION, rounds - done)];
      Workers.each(
          threads,
          found.length,
          i -> {
            if (!limit.isOver()) {
              found[i] = round(begin, from + i, most, atLeast);
            }
          });
      for (State state : found) {
        boolean fits = state != null && fits(state, most, atLeast);
        if (fits && (best == null || cost(state, model, call) < cost(best, model, call))) {
          best = state;
        }
      }
      if (best != null) {
        limit.found(told(best, done + found.length));
      }
    }
    return best == null ? null : cuts(best);
  }

  private SearchLimit.Found told(State state, int round) {
    double operations = cost(state, PathCost.FLOPS, 0);
    return new SearchLimit.Found(operations, state.tree.largest(), slices(state.piece), round);
  }

  private Cuts cuts(State state) {
    Map<Integer, Long> pieces = new LinkedHashMap<>();
    for (int l = 0; l < network.lengths.length; l++) {
      if (state.piece[l] < network.lengths[l]) {
        int label = fixed ? network.first[l] : whole.first[network.first[l]];
        pieces.put(labels.ids[label], (long) state.piece[l]);
      }
    }
    double cost = cost(state, model, call);
    if (fixed) {
      return new Cuts(given, pieces, cost);
    }
    Node tree = Simplification.expanded(whole, state.tree, parts, model);
    PathChoice choice = new PathChoice(whole.path(tree), "annealed with the cuts");
    return new Cuts(choice, pieces, cost);
  }

  private State state(double[] piece, int[][] path) {
    Network cut = network.with(piece);
    return new State(piece, cut, cut.tree(path, PathCost.FLOPS));
  }

  private State round(State begin, int number, double most, long atLeast) {
    var random = new SplittableRandom(Network.mixed(options.seed() ^ Network.mixed(number + 1L)));
    State state = begin == null ? state(network.lengths.clone(), known) : begin;
    double target = SHARE * most;
    if (begin == null && !fixed) {
      state = state(state.piece, cut(state, LAST_SWEEPS, target, random, FIRST_BETA));
    }
    if (begin != null && !fixed) {
      double[] piece = state.piece.clone();
      double undone = random.nextDouble(0.1, 1);
      for (int l = 0; l < piece.length; l++) {
        piece[l] = random.nextDouble() < undone ? network.lengths[l] : piece[l];
      }
      state = state(piece, cut(state, SWEEPS, target, random, FIRST_BETA / 2));
    }
    for (int pass = 0; pass < 2; pass++) {
      for (int cuts = 1;
          !fits(state, most, atLeast) && slices(state.piece) <= MOST_SLICES;
          cuts++) {
        int label = cheapest(state, target, atLeast);
        if (label < 0) {
          return state;
        }
        double[] piece = state.piece.clone();
        piece[label] = smaller(label, piece);
        state = state(piece, network.path(state.tree));
        if (cuts % CUTS == 0 && !fixed) {
          state = state(piece, cut(state, SWEEPS, target, random, FIRST_BETA));
        }
      }
      if (pass == 0 && !fixed) {
        state = undone(state, most, atLeast, random);
        state = state(state.piece, cut(state, LAST_SWEEPS, target, random, FIRST_BETA));
      }
    }
    return undone(state, most, atLeast, random);
  }

  /** The order after some annealing for the pieces' lengths. */
  private int[][] cut(
      State state, int sweeps, double target, SplittableRandom random, double from) {
    PathCost dear = (all, a, b, c) -> model.pair(all, a, b, c) * Math.max(1, c / target) + call;
    Node tree = state.cut.costed(state.tree, dear);
    Annealing annealing = new Annealing(state.cut, dear, tree, random.nextLong());
    annealing.run(from, LAST_BETA, sweeps, () -> false);
    return network.path(annealing.tree());
  }

  /** Takes back cuts that are not needed, in an order by chance. */
  private State undone(State state, double most, long atLeast, SplittableRandom random) {
    List<Integer> cut = new ArrayList<>();
    for (int l = 0; l < state.piece.length; l++) {
      if (state.piece[l] < network.lengths[l]) {
        cut.add(random.nextInt(cut.size() + 1), l);
      }
    }
    State now = state;
    int[][] path = network.path(state.tree);
    for (int label : cut) {
      double[] piece = now.piece.clone();
      piece[label] = network.lengths[label];
      State next = state(piece, path);
      now = fits(next, most, atLeast) ? next : now;
    }
    return now;
  }

  private boolean fits(State state, double most, long atLeast) {
    double slices = slices(state.piece);
    return state.tree.peak() <= most && slices >= atLeast && slices <= MOST_SLICES;
  }

  private double slices(double[] piece) {
    double slices = 1;
    for (int l = 0; l < piece.length; l++) {
      slices *= Math.ceil(network.lengths[l] / piece[l]);
    }
    return slices;
  }

  /** What all slices cost; what no cut touches is computed once. */
  private double cost(State state, PathCost by, double callCost) {
    double once = 0;
    double each = 0;
    List<Node> nodes = state.tree.branchesFirst();
    Set<Node> touched = touched(state, nodes);
    for (Node node : nodes) {
      if (!node.isLeaf()) {
        double own = own(node, by, callCost);
        each += touched.contains(node) ? own : 0;
        once += touched.contains(node) ? 0 : own;
      }
    }
    return once + each * slices(state.piece);
  }

  private static double own(Node node, PathCost by, double callCost) {
    double own = by.pair(node.all, node.left.size, node.right.size, node.size);
    return (node.constant ? Network.CONSTANT_COST * own : own) + callCost;
  }

  /** Tensors that depend on a cut label. */
  private Set<Node> touched(State state, List<Node> branchesFirst) {
    Set<Node> touched = new HashSet<>(2 * branchesFirst.size());
    for (Node node : branchesFirst) {
      if (node.isLeaf()
          ? Arrays.stream(node.set).anyMatch(l -> state.piece[l] < network.lengths[l])
          : touched.contains(node.left) || touched.contains(node.right)) {
        touched.add(node);
      }
    }
    return touched;
  }

  /** The label whose next cut multiplies the work least for what it takes off; -1 for none. */
  private int cheapest(State state, double target, long atLeast) {
    int count = network.lengths.length;
    List<Node> nodes = state.tree.branchesFirst();
    Set<Node> touched = touched(state, nodes);
    double slices = slices(state.piece);
    double over = Math.min(target, state.tree.largest() / 2);
    // What is run for each slice, and what is run once: all, with each label, above its last step.
    double each = 0;
    double once = 0;
    double[] eachWith = new double[count];
    double[] onceWith = new double[count];
    double[] onceAbove = new double[count];
    double[] gain = new double[count];
    Map<Node, Double> above = new HashMap<>(2 * nodes.size());
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node node = nodes.get(i);
      if (node.isLeaf()) {
        continue;
      }
      double own = Math.min(own(node, model, call), Double.MAX_VALUE / nodes.size());
      boolean cut = touched.contains(node);
      each += cut ? own * slices : 0;
      once += cut ? 0 : own;
      double higher = above.getOrDefault(node, 0.0);
      for (Node branch : List.of(node.left, node.right)) {
        above.put(branch, higher + (cut ? 0 : own));
      }
      double excess = Math.log(Math.max(1, node.size / over));
      for (int l : Network.union(node.left.set, node.right.set)) {
        if (eachWith[l] + onceWith[l] == 0) {
          // The first that is met, from above, is where the label ends.
          onceAbove[l] = higher;
        }
        eachWith[l] += cut ? own * slices : 0;
        onceWith[l] += cut ? 0 : own;
      }
      for (int l : node.set) {
        gain[l] += excess;
      }
    }
    int best = -1;
    double least = Double.POSITIVE_INFINITY;
    boolean few = slices < atLeast;
    for (int l = 0; l < count; l++) {
      if (state.piece[l] > 1 && (gain[l] > 0 || few)) {
        double factor = state.piece[l] / smaller(l, state.piece);
        double then =
            factor * (each - eachWith[l])
                + eachWith[l]
                + slices * (onceWith[l] + factor * onceAbove[l])
                + (once - onceWith[l] - onceAbove[l]);
        double more = Math.max(0, Math.log(then / (each + once)));
        double worth = (gain[l] + (few ? 1 : 0)) * Math.log(factor);
        double score = (more + LEAST_COST * Math.log(factor)) / worth;
        if (score < least) {
          least = score;
          best = l;
        }
      }
    }
    return best;
  }

  /** The next smaller length of a label's pieces: half, or what divides its length near a half. */
  private double smaller(int label, double[] piece) {
    long length = (long) network.lengths[label];
    long half = ((long) piece[label] + 1) / 2;
    for (long next = half; next >= Math.max(1, half / 2); next--) {
      if (length % next == 0) {
        return next;
      }
    }
    int remainders = 0;
    for (int l = 0; l < piece.length; l++) {
      remainders += l != label && (long) network.lengths[l] % (long) piece[l] != 0 ? 1 : 0;
    }
    long next = half;
    while (remainders >= mostRemainders && length % next != 0) {
      next--;
    }
    return next;
  }
}
