// Planner, second stage: search in depth over the pairs that look best.
package io.github.einblas.internal.path;

import io.github.einblas.internal.path.Network.Node;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Tries, at each point, the few pairs of neighbours that cost least or shrink the data most, and
 * gives up branches that already cost more than the best tree found. Used once.
 */
final class BranchPath {
  /** Pairs tried altogether: some 50 ms. */
  private static final int MOST_VISITS = 100_000;

  /** Pairs looked at altogether, times what one takes: some seconds. */
  private static final long MOST_LOOKS = 1_000_000_000;

  /** Of more, one level alone takes longer than that; the greedy tree is taken as it is. */
  private static final int MOST_OPERANDS = 256;

  private record Choice(int a, int b, Node pair, int[] users, double score) {}

  private final Network network;
  private final PathCost model;
  private final int width;
  private Node best;
  private int visits;
  private long looks;

  /** Searches for something better than a known tree. */
  BranchPath(Network network, PathCost model, int width, Node known) {
    this.network = network;
    this.model = model;
    this.width = width;
    this.best = known;
    if (network.leaves.length <= MOST_OPERANDS) {
      descend(List.of(network.leaves), network.users, 0);
    }
  }

  /** The best tree. */
  Node root() {
    return best;
  }

  private void descend(List<Node> live, int[] users, double spent) {
    if (live.size() == 1) {
      best = live.get(0).cost < best.cost ? live.get(0) : best;
      return;
    }
    List<Choice> choices = choices(live, users, true);
    if (choices.isEmpty()) {
      choices = choices(live, users, false);
    }
    choices.sort(Comparator.comparingDouble(Choice::score));
    for (int i = 0; i < Math.min(width, choices.size()) && isLeft(); i++) {
      Choice c = choices.get(i);
      double cost = spent + c.pair.own;
      if (cost < best.cost) {
        visits++;
        List<Node> next = new ArrayList<>(live);
        next.remove(c.b);
        next.set(c.a, c.pair);
        descend(next, c.users, cost);
      }
    }
  }

  private boolean isLeft() {
    return visits < MOST_VISITS && looks < MOST_LOOKS;
  }

  private List<Choice> choices(List<Node> live, int[] users, boolean neighbours) {
    List<Choice> choices = new ArrayList<>();
    for (int i = 0; i < live.size() && isLeft(); i++) {
      looks += (long) (live.size() - i) * (16 + users.length / 4);
      for (int j = i + 1; j < live.size(); j++) {
        Node a = live.get(i);
        Node b = live.get(j);
        if (neighbours && Network.union(a.set, b.set).length == a.set.length + b.set.length) {
          continue;
        }
        int[] left = users.clone();
        Node pair = network.contract(a, b, left, model);
        choices.add(new Choice(i, j, pair, left, pair.size - a.size - b.size));
      }
    }
    return choices;
  }
}
