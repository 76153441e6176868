// Planner, second stage: contraction trees by cutting the network in two, again and again.
package io.github.einblas.internal.path;

import io.github.einblas.internal.path.Network.Node;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/**
 * Cuts the operands in two parts of which few and short labels are in both, and each part again:
 * the loop nest that joins two parts has the labels that are cut beside those that others need. A
 * cut is found on a coarser hypergraph, from chance, and made better by moving single vertices
 * (Fiduccia and Mattheyses, DAC 1982) at each finer one (Hendrickson and Leland, SC 1995). Used
 * once.
 */
final class Bisection {
  /** Parts of so many operands are ordered in the cheapest way. */
  private static final int SMALL = SubsetSearch.ALL_ORDERS_UP_TO;

  /** Cuts drawn on the coarsest hypergraph, of so many vertices. */
  private static final int DRAWN = 8;

  private static final int COARSE = 40;

  private final Network network;
  private final PathCost model;
  private final SplittableRandom random;
  private final double imbalance;
  private final double[] logLength;
  private final int[] live;

  /**
   * Prepares.
   *
   * @param imbalance how far a part may be from a half of the operands, 0 to 0.5, as a share of all
   */
  Bisection(Network network, PathCost model, double imbalance, SplittableRandom random) {
    this.network = network;
    this.model = model;
    this.imbalance = imbalance;
    this.random = random;
    logLength = Arrays.stream(network.lengths).map(Math::log).toArray();
    live = network.users.clone();
  }

  /** The tree, or null when it is stopped. Not by recursion: parts may be far from halves. */
  Node tree(BooleanSupplier stop) {
    int[] join = new int[0];
    ArrayDeque<int[]> todo = new ArrayDeque<>();
    ArrayDeque<Node> made = new ArrayDeque<>();
    int[] all = new int[network.leaves.length];
    Arrays.setAll(all, i -> i);
    todo.push(all);
    while (!todo.isEmpty() && !stop.getAsBoolean()) {
      int[] part = todo.pop();
      if (part == join) {
        Node right = made.pop();
        made.push(network.contract(made.pop(), right, live, model));
      } else if (part.length <= SMALL) {
        made.push(small(part));
      } else {
        int[] side = split(part);
        todo.push(join);
        todo.push(of(part, side, 1));
        todo.push(of(part, side, 0));
      }
    }
    return todo.isEmpty() ? made.pop() : null;
  }

  private static int[] of(int[] part, int[] side, int which) {
    int[] result = new int[part.length];
    int count = 0;
    for (int i = 0; i < part.length; i++) {
      if (side[i] == which) {
        result[count++] = part[i];
      }
    }
    return Arrays.copyOf(result, count);
  }

  /** The cheapest order of a few operands, whose result has what others need. */
  private Node small(int[] part) {
    if (part.length == 1) {
      return network.leaves[part[0]];
    }
    Node[] tensors = Arrays.stream(part).mapToObj(i -> network.leaves[i]).toArray(Node[]::new);
    int[] all = new int[0];
    for (Node tensor : tensors) {
      all = Network.union(all, tensor.set);
      for (int l : tensor.set) {
        live[l]--;
      }
    }
    Node best =
        SubsetSearch.best(
            network, model, tensors, Arrays.stream(all).filter(l -> live[l] > 0).toArray());
    for (int l : best.set) {
      live[l]++;
    }
    return best;
  }

  /** 0 or 1 for each of a part; both occur. */
  private int[] split(int[] part) {
    List<Hypergraph> levels = new ArrayList<>();
    Hypergraph coarsest = Hypergraph.of(network, part, logLength);
    while (coarsest.vertices > COARSE) {
      Hypergraph next = coarsest.coarser(random);
      if (next.vertices > 0.95 * coarsest.vertices) {
        break;
      }
      levels.add(coarsest);
      coarsest = next;
    }
    int least = Math.max(1, (int) ((0.5 - imbalance) * part.length));
    Refinement refinement = new Refinement(coarsest, least);
    int[] best = null;
    double cut = Double.POSITIVE_INFINITY;
    for (int i = 0; i < DRAWN; i++) {
      int[] side = coarsest.grown(random);
      double next = refinement.refine(side);
      if (best == null || next < cut) {
        cut = next;
        best = side;
      }
    }
    for (int i = levels.size() - 1; i >= 0; i--) {
      Hypergraph finer = levels.get(i);
      int[] coarse = best;
      best = Arrays.stream(finer.coarse).map(v -> coarse[v]).toArray();
      new Refinement(finer, least).refine(best);
    }
    return best;
  }

  /** Moves single vertices from part to part where that cuts less. */
  private static final class Refinement {
    /** Passes over all vertices. */
    private static final int PASSES = 8;

    /** Moves since the best cut, after which a pass ends. */
    private static final int MOST_FRUITLESS = 300;

    private final Hypergraph graph;
    private final double least;
    private final IndexedHeap gains;
    private final int[] moved;
    private final int[][] pins;
    private final int[] weight = new int[2];

    Refinement(Hypergraph graph, double least) {
      this.graph = graph;
      this.least = least;
      gains = new IndexedHeap(graph.vertices);
      moved = new int[graph.vertices];
      pins = new int[2][graph.edges];
    }

    /** The weight that is cut at the end. */
    double refine(int[] side) {
      Arrays.fill(pins[0], 0);
      Arrays.fill(pins[1], 0);
      Arrays.fill(weight, 0);
      for (int v = 0; v < graph.vertices; v++) {
        weight[side[v]] += graph.weight[v];
      }
      double cut = 0;
      for (int e = 0; e < graph.edges; e++) {
        for (int k = graph.firstPin[e]; k < graph.firstPin[e + 1]; k++) {
          pins[side[graph.pin[k]]][e]++;
        }
        cut += pins[0][e] > 0 && pins[1][e] > 0 ? graph.length[e] : 0;
      }
      for (int i = 0; i < PASSES; i++) {
        double next = pass(side, cut);
        if (!(next < cut * (1 - 1e-9))) {
          break;
        }
        cut = next;
      }
      return cut;
    }

    private double pass(int[] side, double cut) {
      gains.clear();
      for (int v = 0; v < graph.vertices; v++) {
        double gain = 0;
        for (int i = graph.firstEdge[v]; i < graph.firstEdge[v + 1]; i++) {
          int e = graph.edge[i];
          gain += pins[side[v]][e] == 1 ? graph.length[e] : 0;
          gain -= pins[1 - side[v]][e] == 0 ? graph.length[e] : 0;
        }
        gains.put(v, -gain);
      }
      double now = cut;
      double best = cut;
      int kept = 0;
      int count = 0;
      int balance = Math.abs(weight[0] - weight[1]);
      int fruitless = Math.min(MOST_FRUITLESS, 50 + graph.vertices / 4);
      while (gains.size() > 0 && count - kept < fruitless) {
        int v = gains.poll();
        if (weight[side[v]] - graph.weight[v] >= least) {
          now += gains.score(v);
          move(v, side);
          moved[count++] = v;
          int off = Math.abs(weight[0] - weight[1]);
          if (now < best - 1e-9 || (now < best + 1e-9 && off < balance)) {
            best = Math.min(best, now);
            kept = count;
            balance = off;
          }
        }
      }
      while (count > kept) {
        int v = moved[--count];
        gains.clear();
        move(v, side);
      }
      return best;
    }

    private void move(int v, int[] side) {
      int from = side[v];
      int to = 1 - from;
      side[v] = to;
      weight[from] -= graph.weight[v];
      weight[to] += graph.weight[v];
      for (int i = graph.firstEdge[v]; i < graph.firstEdge[v + 1]; i++) {
        int e = graph.edge[i];
        double length = graph.length[e];
        if (pins[to][e] <= 1) {
          // Others would cut it; now they do not. Who was alone there would have saved it.
          gain(e, pins[to][e] == 0 ? -1 : to, pins[to][e] == 0 ? length : -length, v, side);
        }
        pins[from][e]--;
        pins[to][e]++;
        if (pins[from][e] <= 1) {
          gain(e, pins[from][e] == 0 ? -1 : from, pins[from][e] == 0 ? -length : length, v, side);
        }
      }
    }

    /** What vertices of an edge gain more: all of them, or those of one part. */
    private void gain(int e, int part, double gain, int but, int[] side) {
      for (int k = graph.firstPin[e]; k < graph.firstPin[e + 1]; k++) {
        int u = graph.pin[k];
        if (u != but && gains.contains(u) && (part < 0 || side[u] == part)) {
          gains.put(u, gains.score(u) - gain);
        }
      }
    }
  }
}
