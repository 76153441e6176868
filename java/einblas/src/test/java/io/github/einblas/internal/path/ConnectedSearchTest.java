// The search of orders without outer products: the cheapest of all where everything is connected.
package io.github.einblas.internal.path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.equation.Labels;
import io.github.einblas.internal.path.Network.Node;
import io.github.einblas.reference.Seeds;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ConnectedSearchTest {
  private static final long ENOUGH = 1L << 40;

  /** Numbers of labels with their lengths; the result has none. */
  private static Network network(int[][] operands, long[] lengths) {
    long[][] shapes =
        Arrays.stream(operands)
            .map(o -> Arrays.stream(o).mapToLong(l -> lengths[l]).toArray())
            .toArray(long[][]::new);
    Equation e =
        new Equation.Numbers(operands, new int[0])
            .parse(Arrays.stream(operands).mapToInt(o -> o.length).toArray());
    return new Network(new Labels(e, e.lengths(shapes), shapes));
  }

  /** Nine operands of which any two have a label: 511 groups, all connected. */
  private static Network complete(Random random) {
    int n = 9;
    int[][] operands = new int[n][n - 1];
    long[] lengths = new long[n * n];
    for (int i = 0; i < n; i++) {
      int at = 0;
      for (int j = 0; j < n; j++) {
        if (i != j) {
          operands[i][at++] = Math.min(i, j) * n + Math.max(i, j);
          lengths[i * n + j] = 2L + random.nextInt(3);
        }
      }
    }
    return network(operands, lengths);
  }

  @Test
  void whereAllIsConnectedTheCheapestOfAllOrdersIsFound() {
    for (long seed : Seeds.upTo(5)) {
      Network network = complete(new Random(seed));
      Node all = SubsetSearch.best(network, PathCost.FLOPS, network.leaves, network.output);
      Node found = ConnectedSearch.tree(network, PathCost.FLOPS, ENOUGH);
      assertEquals(all.cost, found.cost, 1e-9 * all.cost, "seed " + seed);
    }
  }

  @Test
  void tooManyPairsOfGroupsAreLeft() {
    for (long pairs : new long[] {1, 100, 1000}) {
      assertNull(
          ConnectedSearch.tree(complete(new Random(1)), PathCost.FLOPS, pairs), pairs + " pairs");
    }
  }

  /** Ten pairs without a common label: each is summed before they meet, the smallest first. */
  @Test
  void partsMeetWhenTheyAreWhole() {
    int parts = 10;
    int[][] operands = new int[2 * parts][];
    long[] lengths = new long[parts];
    for (int p = 0; p < parts; p++) {
      operands[2 * p] = new int[] {p};
      operands[2 * p + 1] = new int[] {p};
      lengths[p] = 100L + p;
    }
    Network network = network(operands, lengths);
    Node found = ConnectedSearch.tree(network, PathCost.FLOPS, ENOUGH);
    // A dot product has as many multiplications as elements; then nine of single numbers.
    double dots = Arrays.stream(lengths).sum();
    assertTrue(found.cost >= dots && found.cost <= 2 * (dots + parts), "cost " + found.cost);
  }
}
