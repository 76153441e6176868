// Planner, second stage: tensors as vertices, their labels as edges.
package io.github.einblas.internal.path;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** Some operands of a network and the labels that two or more of them have, or a coarser one. */
final class Hypergraph {
  /** Labels of more tensors say nothing about which belong together. */
  private static final int MOST_PINS = 200;

  /** Vertices of a coarser graph weigh at most this share of all. */
  private static final int SHARE = 12;

  final int vertices;
  final int edges;

  /** Operands in each vertex. */
  final int[] weight;

  /** Logarithm of the length of each edge's labels. */
  final double[] length;

  /** The vertices of edge e: {@code pin[firstPin[e]]} and on. */
  final int[] firstPin;

  final int[] pin;

  /** The edges of vertex v: {@code edge[firstEdge[v]]} and on. */
  final int[] firstEdge;

  final int[] edge;

  /** The vertex of {@link #coarser} that holds each vertex. */
  int[] coarse;

  private Hypergraph(int[] weight, double[] length, int[] firstPin, int[] pin) {
    this.vertices = weight.length;
    this.edges = length.length;
    this.weight = weight;
    this.length = length;
    this.firstPin = firstPin;
    this.pin = pin;
    firstEdge = new int[vertices + 1];
    for (int v : pin) {
      firstEdge[v + 1]++;
    }
    for (int v = 0; v < vertices; v++) {
      firstEdge[v + 1] += firstEdge[v];
    }
    edge = new int[pin.length];
    int[] at = firstEdge.clone();
    for (int e = 0; e < edges; e++) {
      for (int k = firstPin[e]; k < firstPin[e + 1]; k++) {
        edge[at[pin[k]]++] = e;
      }
    }
  }

  /** The graph of some operands. */
  static Hypergraph of(Network network, int[] part, double[] logLength) {
    int[] number = new int[logLength.length];
    for (int i : part) {
      for (int l : network.leaves[i].set) {
        number[l]++;
      }
    }
    int edges = 0;
    int pins = 0;
    for (int count : number) {
      edges += count > 1 ? 1 : 0;
      pins += count > 1 ? count : 0;
    }
    double[] length = new double[edges];
    int[] first = new int[edges + 1];
    int next = 0;
    for (int l = 0; l < number.length; l++) {
      if (number[l] > 1) {
        length[next] = logLength[l];
        first[next + 1] = first[next] + number[l];
        number[l] = ++next;
      } else {
        number[l] = 0;
      }
    }
    int[] pin = new int[pins];
    int[] at = first.clone();
    for (int v = 0; v < part.length; v++) {
      for (int l : network.leaves[part[v]].set) {
        if (number[l] > 0) {
          pin[at[number[l] - 1]++] = v;
        }
      }
    }
    int[] ones = new int[part.length];
    Arrays.fill(ones, 1);
    return new Hypergraph(ones, length, first, pin);
  }

  /** Pairs of vertices that much connects as one; the rest as they are. */
  Hypergraph coarser(SplittableRandom random) {
    int[] order = new int[vertices];
    for (int i = 0; i < vertices; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    int most = Math.max(2, Arrays.stream(weight).sum() / SHARE);
    coarse = new int[vertices];
    Arrays.fill(coarse, -1);
    double[] common = new double[vertices];
    int[] met = new int[vertices];
    int count = 0;
    for (int v : order) {
      if (coarse[v] < 0) {
        int mate = mate(v, most, common, met);
        coarse[v] = count;
        if (mate >= 0) {
          coarse[mate] = count;
        }
        count++;
      }
    }
    return merged(count);
  }

  private int mate(int v, int most, double[] common, int[] met) {
    int count = 0;
    for (int i = firstEdge[v]; i < firstEdge[v + 1]; i++) {
      int e = edge[i];
      int pins = firstPin[e + 1] - firstPin[e];
      double share = length[e] / (pins - 1);
      for (int k = firstPin[e]; k < firstPin[e + 1] && pins <= MOST_PINS; k++) {
        int u = pin[k];
        if (u != v && coarse[u] < 0) {
          if (common[u] == 0) {
            met[count++] = u;
          }
          common[u] += share;
        }
      }
    }
    int best = -1;
    double highest = 0;
    for (int i = 0; i < count; i++) {
      int u = met[i];
      double score = common[u] / ((double) weight[u] * weight[v]);
      common[u] = 0;
      if (score > highest && weight[u] + weight[v] <= most) {
        highest = score;
        best = u;
      }
    }
    return best;
  }

  private Hypergraph merged(int count) {
    int[] newWeight = new int[count];
    for (int v = 0; v < vertices; v++) {
      newWeight[coarse[v]] += weight[v];
    }
    double[] newLength = new double[edges];
    int[] first = new int[edges + 1];
    int[] pins = new int[pin.length];
    int[] seen = new int[count];
    // Edges of the same vertices are one: found by a sum of random words.
    Map<Long, Integer> same = new HashMap<>();
    int next = 0;
    for (int e = 0; e < edges; e++) {
      int to = first[next];
      long sum = 0;
      for (int k = firstPin[e]; k < firstPin[e + 1]; k++) {
        int v = coarse[pin[k]];
        if (seen[v] != e + 1) {
          seen[v] = e + 1;
          pins[to++] = v;
          sum += Network.mixed(v + 1L);
        }
      }
      if (to - first[next] > 1) {
        Integer known = same.putIfAbsent(sum, next);
        if (known != null) {
          newLength[known] += length[e];
        } else {
          newLength[next++] = length[e];
          first[next] = to;
        }
      }
    }
    return new Hypergraph(
        newWeight,
        Arrays.copyOf(newLength, next),
        Arrays.copyOf(first, next + 1),
        Arrays.copyOf(pins, first[next]));
  }

  /** About half of all as part 1, grown from one vertex to its neighbours. */
  int[] grown(SplittableRandom random) {
    int[] side = new int[vertices];
    boolean[] met = new boolean[vertices];
    int[] queue = new int[vertices];
    int from = 0;
    int to = 0;
    int taken = 0;
    int half = Arrays.stream(weight).sum() / 2;
    int next = random.nextInt(vertices);
    while (taken < half || taken == 0) {
      if (from == to) {
        while (met[next]) {
          next = (next + 1) % vertices;
        }
        met[next] = true;
        queue[to++] = next;
      }
      int v = queue[from++];
      side[v] = 1;
      taken += weight[v];
      for (int i = firstEdge[v]; i < firstEdge[v + 1]; i++) {
        for (int k = firstPin[edge[i]]; k < firstPin[edge[i] + 1]; k++) {
          int u = pin[k];
          if (!met[u]) {
            met[u] = true;
            queue[to++] = u;
          }
        }
      }
    }
    return side;
  }
}
