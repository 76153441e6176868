// Planner, second stage: makes a contraction tree better, piece by piece.
package io.github.einblas.internal;

import io.github.einblas.internal.Network.Node;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Takes a pair and the dearest pairs below it, a piece with a few branches hanging on it, and
 * orders the branches anew in the cheapest of all ways; for every pair, until nothing gets cheaper.
 */
final class TreeRefinement {
  private final Network network;
  private final PathCost model;
  private final int branches;
  private final long workOfPiece;
  private long work;

  /** Pieces whose order is known to be the cheapest: by identity, a tree is never changed. */
  private final Set<Node> done = new HashSet<>();

  /**
   * Prepares.
   *
   * @param branches of a piece: 3^branches / 2 pairs are looked at for each
   * @param work pairs to look at altogether, at most
   */
  TreeRefinement(Network network, PathCost model, int branches, long work) {
    this.network = network;
    this.model = model;
    this.branches = branches;
    this.work = work;
    long pairs = 1;
    for (int i = 0; i < branches; i++) {
      pairs *= 3;
    }
    this.workOfPiece = pairs / 2;
  }

  /** A tree that costs as much or less. */
  Node refine(Node root) {
    Node best = root;
    double before;
    do {
      before = best.cost;
      best = visit(best);
    } while (best.cost < before * (1 - 1e-9) && work > 0);
    return best;
  }

  private Node visit(Node node) {
    if (node.isLeaf()) {
      return node;
    }
    Node left = visit(node.left);
    Node right = visit(node.right);
    Node own =
        left == node.left && right == node.right
            ? node
            : network.pair(left, right, node.set, model);
    if (work <= 0 || (left.isLeaf() && right.isLeaf()) || !done.add(own)) {
      return own;
    }
    return reorder(own);
  }

  private Node reorder(Node top) {
    List<Node> piece = new ArrayList<>(List.of(top.left, top.right));
    double pairs = top.own;
    while (piece.size() < branches) {
      int dearest = -1;
      for (int i = 0; i < piece.size(); i++) {
        Node n = piece.get(i);
        if (!n.isLeaf() && (dearest < 0 || n.own > piece.get(dearest).own)) {
          dearest = i;
        }
      }
      if (dearest < 0) {
        break;
      }
      Node opened = piece.remove(dearest);
      pairs += opened.own;
      piece.add(opened.left);
      piece.add(opened.right);
    }
    if (piece.size() < 3) {
      return top;
    }
    Node[] tensors = piece.toArray(Node[]::new);
    work -= tensors.length == branches ? workOfPiece : 1L << (tensors.length + tensors.length / 2);
    Node found = SubsetSearch.best(network, model, tensors, top.set);
    double below = Arrays.stream(tensors).mapToDouble(t -> t.cost).sum();
    return found.cost - below < pairs * (1 - 1e-9) ? found : top;
  }
}
