// Planner, second stage: makes a contraction tree better, piece by piece.
package io.github.einblas.internal.path;

import io.github.einblas.internal.path.Network.Node;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Takes a pair and the dearest pairs below it, a piece with a few branches hanging on it, and
 * orders the branches anew in the cheapest of all ways; for every pair that counts, until nothing
 * gets cheaper. Pieces of three branches ({@link Rotation}) gain most of what there is to gain, at
 * a tenth of the price of larger ones.
 */
final class TreeRefinement {
  /** Nanoseconds of a pair of subsets, of a label in a piece's tables, and of the rest: warm. */
  private static final double PAIR = 4.5;

  private static final double LABEL = 25;
  private static final double PIECE = 300;

  /** A piece of less than this share of the tree's cost is left alone: rotations, larger ones. */
  private static final double TURNED = 1.0 / 256;

  private static final double ORDERED = 0.03;

  private final Network network;
  private final PathCost model;
  private final int branches;
  private final double allowed;
  private double spent;
  private double least;

  /** Pieces whose order is known to be the cheapest: by identity, a tree is never changed. */
  private final Set<Node> done = new HashSet<>();

  /**
   * Prepares.
   *
   * @param branches of a piece: 3^branches / 2 pairs are looked at for each
   * @param allowed nanoseconds, as estimated from the work, not as measured: the same tree comes
   *     out every time
   */
  TreeRefinement(Network network, PathCost model, int branches, double allowed) {
    this.network = network;
    this.model = model;
    this.branches = branches;
    this.allowed = allowed;
  }

  /** Nanoseconds that it took, estimated. */
  double spent() {
    return spent;
  }

  /** A tree that costs as much or less. */
  Node refine(Node root) {
    Node best = root;
    double before;
    do {
      before = best.cost;
      least = (branches == 3 ? TURNED : ORDERED) * best.cost;
      best = visit(best);
    } while (best.cost < before * (1 - 1e-9) && spent < allowed);
    return best;
  }

  /** Every pair that counts, after its branches. Not by recursion: trees may be very deep. */
  private Node visit(Node root) {
    List<Node> order = new ArrayList<>();
    ArrayDeque<Node> todo = new ArrayDeque<>();
    todo.push(root);
    while (!todo.isEmpty()) {
      Node node = todo.pop();
      order.add(node);
      if (!isLeft(node)) {
        todo.push(node.left);
        todo.push(node.right);
      }
    }
    for (int i = order.size() - 1; i >= 0; i--) {
      Node node = order.get(i);
      if (isLeft(node)) {
        todo.push(node);
      } else {
        Node right = todo.pop();
        todo.push(better(node.with(todo.pop(), right)));
      }
    }
    return todo.pop();
  }

  /** A branch that costs next to nothing cannot gain. */
  private boolean isLeft(Node node) {
    return node.isLeaf() || node.cost < least;
  }

  private Node better(Node own) {
    if (spent >= allowed || (own.left.isLeaf() && own.right.isLeaf())) {
      return own;
    }
    if (branches == 3) {
      return rotate(own);
    }
    return done.add(own) ? reorder(own) : own;
  }

  /** Turns a pair for as long as that gains, and then the pair that was made below it. */
  private Node rotate(Node top) {
    Node now = top;
    // Pairs that were turned and wait for the one below them.
    ArrayDeque<Node> above = null;
    while (true) {
      Node next = spent < allowed ? turned(now) : now;
      if (next != now) {
        above = above == null ? new ArrayDeque<>() : above;
        above.push(next);
        // Rotation puts the new pair on the left.
        now = next.left;
      } else if (above == null || above.isEmpty()) {
        return now;
      } else {
        Node waiting = above.pop();
        now = waiting.with(now, waiting.right);
      }
    }
  }

  /** The pair in a cheaper order, or itself. */
  private Node turned(Node now) {
    double left = now.left.isLeaf() ? 0 : now.own + now.left.own;
    double right = now.right.isLeaf() ? 0 : now.own + now.right.own;
    Node next = now;
    if (left >= least && left > 0) {
      spent += Rotation.nanos(now, now.left, now.right);
      next = Rotation.best(network, model, now, now.left, now.right);
    }
    if (next == now && right >= least && right > 0) {
      spent += Rotation.nanos(now, now.right, now.left);
      next = Rotation.best(network, model, now, now.right, now.left);
    }
    return next;
  }

  private Node reorder(Node top) {
    List<Node> piece = new ArrayList<>(branches);
    piece.add(top.left);
    piece.add(top.right);
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
    if (piece.size() < 3 || pairs < least) {
      return top;
    }
    Node[] tensors = piece.toArray(Node[]::new);
    double below = 0;
    int entries = 0;
    for (Node t : tensors) {
      below += t.cost;
      entries += t.set.length;
    }
    spent += PIECE + LABEL * entries + PAIR * Math.pow(3, tensors.length) / 2;
    Node found = SubsetSearch.best(network, model, tensors, top.set);
    return found.cost - below < pairs * (1 - 1e-9) ? found : top;
  }
}
