// Planner, third stage: among paths of equal cost, the one whose steps read memory in its order.
package io.github.einblas.internal.plan;

import io.github.einblas.PlanOptions;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.equation.Labels;
import io.github.einblas.internal.path.Network;
import io.github.einblas.internal.path.Network.Node;
import io.github.einblas.internal.path.PathChoice;
import io.github.einblas.internal.path.PathCost;
import io.github.einblas.internal.path.Rotation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * The models of {@link PathCost} see sizes, not how axes lie. Of equal trees the one is taken whose
 * steps read the least data across their unit stride, among those that turning pairs leads to.
 * {@code ea,fb,abcd,gc,hd->efgh} has 24 equal orders: of length 30 those that begin with c are 1.1
 * (F64) and 1.2 times (F32) as slow as the best, of length 40 1.05 times.
 */
public final class PathTies {
  /** Shorter runs, in units of {@link PathCost#KERNELS} (a millisecond), are left as they are. */
  private static final double LEAST_RUN = 1e8;

  /** Orders looked at: one for so much of a run (0.4 ms), at 5 to 10 us each, at most these. */
  private static final double RUN_OF_ORDER = 4e7;

  private static final int MOST_ORDERS = 64;

  /** Looking at one turn costs as much as the tree is deep; of so many operands few tie. */
  private static final int MOST_OPERANDS = 256;

  /** Operands of fewer elements stay in L1 or L2 whatever the order in which they are read. */
  private static final double SMALL = 0x1p14;

  private final Network network;
  private final Labels labels;
  private final Equation equation;
  private final int[] result;

  private PathTies(Network network, Labels labels, Equation equation) {
    this.network = network;
    this.labels = labels;
    this.equation = equation;
    this.result =
        Arrays.stream(equation.output())
            .filter(id -> labels.lengths[Arrays.binarySearch(labels.ids, id)] != 1)
            .toArray();
  }

  /** The path itself, or one of the same cost that reads memory in a better order. */
  public static PathChoice settle(
      PathChoice chosen,
      Equation equation,
      Labels labels,
      PlanOptions options,
      boolean[] constant) {
    for (boolean fixed : constant) {
      if (fixed) {
        // What is computed once is worth more than the order of reading.
        return chosen;
      }
    }
    if (labels.operands.length < 3
        || labels.operands.length > MOST_OPERANDS
        || options.path() != null
        || options.strategy() != PlanOptions.Strategy.AUTO
        || options.costModel() == PlanOptions.CostModel.FLOPS) {
      return chosen;
    }
    Network network = new Network(labels);
    Node root = network.tree(chosen.pairs(), PathCost.KERNELS);
    if (!(root.cost >= LEAST_RUN) || root.cost == Double.POSITIVE_INFINITY) {
      return chosen;
    }
    int orders = (int) Math.min(MOST_ORDERS, 2 + root.cost / RUN_OF_ORDER);
    Node best = new PathTies(network, labels, equation).best(root, orders);
    return best == root ? chosen : new PathChoice(network.path(best), chosen.origin());
  }

  /** What a path loses by reading across unit strides, in operations at peak; for tests. */
  public static double lost(Equation equation, Labels labels, int[][] pairs) {
    Network network = new Network(labels);
    Node root = network.tree(pairs, PathCost.KERNELS);
    return new PathTies(network, labels, equation).across(root);
  }

  private record Order(Node tree, double lost) {}

  /** Looks at the neighbours of the best order first, and never at one twice. */
  private Node best(Node root, int orders) {
    double operations = root.costBy(PathCost.FLOPS) * (1 + 1e-9);
    double time = root.cost * (1 + 1e-9);
    Order best = new Order(root, across(root));
    Set<String> seen = new HashSet<>(Set.of(key(root)));
    var waiting = new PriorityQueue<Order>((a, b) -> Double.compare(a.lost, b.lost));
    waiting.add(best);
    while (!waiting.isEmpty() && best.lost > 0 && seen.size() < orders) {
      List<Node> turned = new ArrayList<>();
      turns(waiting.poll().tree, turned);
      for (Node tree : turned) {
        if (seen.size() < orders
            && tree.cost <= time
            && tree.costBy(PathCost.FLOPS) <= operations
            && seen.add(key(tree))) {
          Order order = new Order(tree, across(tree));
          waiting.add(order);
          best = order.lost < best.lost ? order : best;
        }
      }
    }
    return best.tree;
  }

  private String key(Node tree) {
    return Arrays.deepToString(network.path(tree));
  }

  /** All trees that differ by one rotation. */
  private void turns(Node node, List<Node> all) {
    if (node.isLeaf()) {
      return;
    }
    turn(node, node.left, node.right, all);
    turn(node, node.right, node.left, all);
    List<Node> below = new ArrayList<>();
    turns(node.left, below);
    below.forEach(left -> all.add(node.with(left, node.right)));
    below.clear();
    turns(node.right, below);
    below.forEach(right -> all.add(node.with(node.left, right)));
  }

  private void turn(Node top, Node inner, Node z, List<Node> all) {
    if (!inner.isLeaf()) {
      all.add(Rotation.turned(network, PathCost.KERNELS, top, inner.left, z, inner.right));
      all.add(Rotation.turned(network, PathCost.KERNELS, top, inner.right, z, inner.left));
    }
  }

  /** Operations at peak in the time that is lost by reading across unit strides. */
  private double across(Node tree) {
    Lowering lowering = new Lowering(labels, equation, result, null);
    lowering.run(network.path(tree), false);
    double lost = 0;
    for (Step step : lowering.steps()) {
      for (int slot : step.inputs()) {
        if (step.inputs().length == 2) {
          lost += across(lowering.slotLabels().get(slot), step.reduced());
        }
      }
    }
    return lost;
  }

  /**
   * Measured for tensors of 30^4 F64 and F32 times a matrix of 30 x 30: 0 where the closest axis is
   * summed, else by the length of what lies side by side: 30 elements cost 9 times the moving of
   * the tensor, 900 3 times, 27,000 2 times.
   */
  private double across(int[] axes, int[] reduced) {
    double elements = 1;
    double run = 1;
    boolean kept = true;
    for (int i = axes.length - 1; i >= 0; i--) {
      double length = labels.lengths[Arrays.binarySearch(labels.ids, axes[i])];
      elements *= length;
      kept &= Arrays.binarySearch(reduced, axes[i]) < 0;
      run *= kept ? length : 1;
    }
    if (kept || run == 1 || elements < SMALL) {
      return 0;
    }
    return PathCost.movedElement(elements) * elements * (run < 64 ? 9 : run < 4096 ? 3 : 2);
  }
}
