// Planner, second stage: makes a contraction tree better by chance, pair by pair.
package io.github.einblas.internal.path;

import io.github.einblas.internal.path.Network.Node;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Simulated annealing of a contraction tree: turns (x y) z into (x z) y at each pair in turn, as in
 * TreeSA (Kalachev, Panteleev and Yung, 2021). A turn changes two pairs and nothing above them. It
 * is taken where these two get cheaper, and where they get dearer with probability {@code exp(-beta
 * log2(new / old))}: beta rises, and few dear turns are taken at the end. Used once, by one thread.
 */
final class Annealing {
  /** Sweeps over all pairs at one beta, after which the best tree is kept. */
  private static final int LEVEL = 5;

  /** Thresholds drawn from for each beta. */
  private static final int DRAWS = 256;

  /** No turn is taken that makes two pairs dearer by a greater power of two. */
  private static final double MOST_LOG = 60;

  private final Network network;
  private final PathCost model;
  private final int n;
  private final int words;
  private final boolean constants;

  /** Labels of each tensor as bits, {@link #words} words each; operands first, then pairs. */
  private final long[] sets;

  /** Which words have labels, a bit for {@link #wordsPerBit} of them. */
  private final long[] used;

  private final int wordsPerBit;

  private final double[] size;
  private final double[] own;
  private final boolean[] constant;
  private final int[] left;
  private final int[] right;

  /** The last of the pairs, whatever is turned below it. */
  private int root;

  /** Bits of labels; those of length 2 come first, and a word of nothing else is counted. */
  private final int[] bit;

  private final double[] length;
  private final boolean[] counted;

  private final double[] threshold = new double[DRAWS];
  private long random;
  private long turns;

  private final int[] bestLeft;
  private final int[] bestRight;
  private double best;

  /** Prepares; the tree is of the network and costed by the model. */
  Annealing(Network network, PathCost model, Node tree, long seed) {
    this.network = network;
    this.model = model;
    this.random = seed;
    n = network.leaves.length;
    int labels = network.lengths.length;
    words = Math.max(1, (labels + 63) / 64);
    bit = new int[labels];
    length = new double[64 * words];
    List<Node> nodes = tree.branchesFirst();
    Arrays.fill(bit, -1);
    int next = 0;
    for (int pass = 0; pass < 2; pass++) {
      for (Node node : nodes) {
        for (int l : node.isLeaf() ? node.set : new int[0]) {
          if (bit[l] < 0 && network.lengths[l] != 1 && (network.lengths[l] == 2) == (pass == 0)) {
            bit[l] = next;
            length[next++] = network.lengths[l];
          }
        }
      }
    }
    counted = new boolean[words];
    for (int w = 0; w < words; w++) {
      int to = Math.min(next, 64 * w + 64);
      counted[w] = Arrays.stream(length, 64 * w, Math.max(64 * w, to)).allMatch(x -> x == 2);
    }
    wordsPerBit = (words + 63) / 64;
    sets = new long[(2 * n - 1) * words];
    used = new long[2 * n - 1];
    size = new double[2 * n - 1];
    own = new double[2 * n - 1];
    constant = new boolean[2 * n - 1];
    left = new int[2 * n - 1];
    right = new int[2 * n - 1];
    load(nodes);
    constants = Arrays.stream(network.leaves).anyMatch(leaf -> leaf.constant);
    bestLeft = left.clone();
    bestRight = right.clone();
    best = sum();
  }

  private void load(List<Node> nodes) {
    Map<Node, Integer> number = new HashMap<>(4 * n);
    int next = n;
    for (Node node : nodes) {
      int i = node.isLeaf() ? node.leaf : next++;
      number.put(node, i);
      for (int l : node.set) {
        if (bit[l] >= 0) {
          sets[i * words + (bit[l] >> 6)] |= 1L << bit[l];
          used[i] |= 1L << ((bit[l] >> 6) / wordsPerBit);
        }
      }
      size[i] = node.size;
      constant[i] = node.constant;
      if (!node.isLeaf()) {
        left[i] = number.get(node.left);
        right[i] = number.get(node.right);
        own[i] = node.own;
      }
    }
    root = next - 1;
  }

  /** Elements of a tensor with these labels of word w. */
  private double size(long mask, int w) {
    if (counted[w]) {
      return Double.longBitsToDouble((long) (1023 + Long.bitCount(mask)) << 52);
    }
    double product = 1;
    for (long rest = mask; rest != 0; rest &= rest - 1) {
      product *= length[(w << 6) + Long.numberOfTrailingZeros(rest)];
    }
    return product;
  }

  /** Turns looked at. */
  long turns() {
    return turns;
  }

  /** Nanoseconds of looking at a turn, measured for tensors of one word of labels and more. */
  static double nanosOfTurn(Network network) {
    return 40 + 6.0 * network.lengths.length / 64;
  }

  /**
   * Anneals, and lets the tree cool down at the end.
   *
   * @param from the first beta; dearer pairs are more likely the smaller it is
   * @param to the last one
   * @param sweeps over all pairs
   * @param stop asked now and then, whether to end early
   */
  void run(double from, double to, int sweeps, BooleanSupplier stop) {
    int levels = Math.max(1, sweeps / LEVEL);
    for (int k = 0; k < levels && !stop.getAsBoolean(); k++) {
      beta(from + (to - from) * k / levels);
      for (int i = 0; i < LEVEL; i++) {
        sweep();
      }
      keep();
    }
    Arrays.fill(threshold, 1);
    double before;
    do {
      before = best;
      for (int i = 0; i < LEVEL; i++) {
        sweep();
      }
      keep();
    } while (best < before * (1 - 1e-3) && !stop.getAsBoolean());
  }

  /** Factors by which two pairs may get dearer, as likely as each other. */
  private void beta(double beta) {
    double offset = (next() >>> 11) * 0x1p-53;
    for (int i = 0; i < DRAWS; i++) {
      double log = -Math.log((i + offset) / DRAWS) / beta;
      threshold[i] = Math.pow(2, Math.min(MOST_LOG, log));
    }
  }

  private long next() {
    random += 0x9E3779B97F4A7C15L;
    return Network.mixed(random);
  }

  private void sweep() {
    for (int p = n; p < 2 * n - 1; p++) {
      boolean leftTurns = left[p] >= n;
      boolean rightTurns = right[p] >= n;
      if (leftTurns || rightTurns) {
        long chance = next();
        boolean onLeft = leftTurns && (!rightTurns || (chance & 1) != 0);
        int c = onLeft ? left[p] : right[p];
        int z = onLeft ? right[p] : left[p];
        boolean swap = (chance & 2) != 0;
        turn(p, c, z, swap ? right[c] : left[c], swap ? left[c] : right[c], chance);
      }
    }
    turns += n;
  }

  /** From (x y) z to (x z) y where that is cheap enough. */
  private void turn(int p, int c, int z, int x, int y, long chance) {
    double most = (own[p] + own[c]) * threshold[(int) (chance >>> 40) & (DRAWS - 1)];
    double all = network.scale;
    double made = network.scale;
    double top = network.scale;
    long touched = used[x] | used[y] | used[z];
    for (long rest = touched; rest != 0; rest &= rest - 1) {
      int w = Long.numberOfTrailingZeros(rest) * wordsPerBit;
      for (int to = Math.min(words, w + wordsPerBit); w < to; w++) {
        long other = sets[y * words + w];
        long both = sets[x * words + w] | sets[z * words + w];
        long kept = both & (other | sets[p * words + w]);
        all *= size(both, w);
        made *= size(kept, w);
        top *= size(kept | other, w);
      }
    }
    boolean fixed = constants && constant[x] && constant[z];
    double below = model.pair(all, size[x], size[z], made);
    below = fixed ? Network.CONSTANT_COST * below : below;
    if (!(below < most)) {
      return;
    }
    double above = model.pair(top, made, size[y], size[p]);
    above = constant[p] ? Network.CONSTANT_COST * above : above;
    if (!(below + above < most)) {
      return;
    }
    left[c] = x;
    right[c] = z;
    left[p] = c;
    right[p] = y;
    for (long rest = used[c] | used[x] | used[z]; rest != 0; rest &= rest - 1) {
      int bits = Long.numberOfTrailingZeros(rest);
      int w = bits * wordsPerBit;
      long any = 0;
      for (int to = Math.min(words, w + wordsPerBit); w < to; w++) {
        long both = sets[x * words + w] | sets[z * words + w];
        sets[c * words + w] = both & (sets[y * words + w] | sets[p * words + w]);
        any |= sets[c * words + w];
      }
      used[c] = any == 0 ? used[c] & ~(1L << bits) : used[c] | 1L << bits;
    }
    size[c] = made;
    constant[c] = fixed;
    own[c] = below;
    own[p] = above;
  }

  private double sum() {
    double sum = 0;
    for (int p = n; p < 2 * n - 1; p++) {
      sum += own[p];
    }
    return sum;
  }

  private void keep() {
    double now = sum();
    if (now < best) {
      best = now;
      System.arraycopy(left, n, bestLeft, n, n - 1);
      System.arraycopy(right, n, bestRight, n, n - 1);
    }
  }

  /** The best tree met. */
  Node tree() {
    int[] order = new int[n - 1];
    int[] todo = new int[2 * n];
    int count = 0;
    int waiting = 0;
    todo[waiting++] = root;
    while (waiting > 0) {
      int i = todo[--waiting];
      if (i >= n) {
        order[count++] = i;
        todo[waiting++] = bestLeft[i];
        todo[waiting++] = bestRight[i];
      }
    }
    Node[] made = Arrays.copyOf(network.leaves, 2 * n - 1);
    int[] live = network.users.clone();
    for (int k = count - 1; k >= 0; k--) {
      int i = order[k];
      made[i] = network.contract(made[bestLeft[i]], made[bestRight[i]], live, model);
    }
    return made[root];
  }
}
